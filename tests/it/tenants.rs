//! Business units by the command line, beside a running server and without one (spec T1, T2).

use waypost::sandbox::{BusinessUnit, InfobipAccount, sample};

use crate::support::{Ran, TestApp, spawn_app, tenant};

#[tokio::test]
async fn a_unit_is_added_listed_shown_checked_and_removed() {
    let mut app = spawn_app().await;
    let unit = tenant();
    let mid = unit.mid.to_string();
    app.add_tenant(&unit).await;
    let list = app.cli(&["tenant", "list", "--json"]).await.json();
    let mids: Vec<_> = list.as_array().unwrap().iter().map(|unit| unit["mid"].as_u64().unwrap()).collect();
    assert_eq!(mids, [app.tenant.mid, unit.mid]);
    let again = app.cli(&["tenant", "add", "--file", &app.tenant_file(&unit)]).await;
    assert_eq!(again.code, 1);
    assert!(again.err.contains("there already"), "{again:?}");
    for shown in [app.cli(&["tenant", "show", &mid]).await, app.cli(&["tenant", "show", &mid, "--json"]).await] {
        shown.succeeded();
        assert!(shown.out.contains(&unit.client_id), "{shown:?}");
        for secret in [&unit.client_secret, &unit.signing_secret, &unit.accounts[0].api_key] {
            assert!(!shown.out.contains(secret.as_str()), "{secret} is shown");
        }
    }
    let checked = app.cli(&["tenant", "check", &mid]).await;
    assert!(checked.succeeded().out.contains("everything needed works"), "{checked:?}");

    let activity =
        app.new_activity_of(unit.mid, "messaging", &[("channel", "SMS"), ("sender", "Waypost"), ("text", "Hi")]).await;
    let call = app.call_of(&activity, "C-1").signed_with(&unit.signing_secret);
    app.execute(&call).await.message_id();
    app.drain().await;
    assert_eq!(app.cli(&["tenant", "remove", &mid]).await.code, 2, "without --yes");
    app.cli(&["tenant", "remove", &mid, "--yes"]).await.succeeded();
    assert_eq!(app.execute(&call).await.status, 401);
    assert_eq!(app.cli(&["tenant", "show", &mid]).await.code, 1);
    assert_eq!(app.cli(&["tenant", "remove", &mid, "--yes"]).await.code, 1);
    // The other unit is none the worse for it.
    app.execute(&app.call("C-2")).await.message_id();
    app.drain().await;
    app.finish().await;
}

#[tokio::test]
async fn a_removed_unit_comes_back_empty_when_it_is_added_again() {
    let mut app = spawn_app().await;
    let mid = app.tenant.mid.to_string();
    let paced = app.new_activity(&[("speedLimitCount", "1"), ("speedLimitUnit", "DAY")]).await;
    let call = app.call_of(&paced, "C-2").instance("one-pass");
    app.execute(&app.call_of(&paced, "C-1")).await.message_id();
    let before = app.execute(&call).await.message_id();
    app.until_rows(1).await;
    app.cli(&["tenant", "remove", &mid, "--yes"]).await.succeeded();
    app.stop().await;
    app.start().await;
    assert_eq!(app.execute(&call).await.status, 401);
    app.cli(&["tenant", "add", "--file", &app.tenant_file(&app.tenant)]).await.succeeded();
    assert_eq!(app.unit_status().await["queued"], 0);
    // Nothing is remembered: neither the first answer nor the pace.
    assert_ne!(app.execute(&call).await.message_id(), before);
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 2);
    app.finish().await;
}

/// The line of a check that is about `what`.
#[track_caller]
fn line<'a>(checked: &'a Ran, what: &str) -> &'a str {
    let found = checked.out.lines().find(|line| line.contains(what));
    found.unwrap_or_else(|| panic!("nothing about {what} in {}", checked.out))
}

async fn check(app: &TestApp) -> Ran {
    let checked = app.cli(&["tenant", "check", &app.tenant.mid.to_string()]).await;
    assert_eq!(checked.code, 1, "{checked:?}");
    for secret in [&app.tenant.client_secret, &app.tenant.signing_secret, &app.tenant.accounts[0].api_key] {
        assert!(!format!("{checked:?}").contains(secret.as_str()));
    }
    checked
}

#[tokio::test]
async fn a_check_names_what_is_wrong_and_nothing_else() {
    let app = spawn_app().await;
    let right = BusinessUnit {
        mid: app.tenant.mid,
        client_id: app.tenant.client_id.clone(),
        client_secret: app.tenant.client_secret.clone(),
        scopes: ["data_extensions_read", "data_extensions_write", "journeys_read", "list_and_subscribers_read"]
            .map(str::to_owned)
            .to_vec(),
        ..BusinessUnit::default()
    };
    app.sfmc().add_business_unit(BusinessUnit { client_secret: "another".into(), ..right.clone() });
    let checked = check(&app).await;
    assert!(line(&checked, "Client id and client secret").starts_with("FAILED"), "{checked:?}");
    assert!(line(&checked, "API key").starts_with("ok"), "{checked:?}");

    let scopes = right.scopes.iter().filter(|scope| *scope != "data_extensions_write").cloned().collect();
    app.sfmc().add_business_unit(BusinessUnit { scopes, ..right.clone() });
    let checked = check(&app).await;
    assert!(line(&checked, "data_extensions_write").starts_with("FAILED"), "{checked:?}");
    for fine in ["Client id and client secret", "data_extensions_read", "journeys_read", "SOAP origin", "REST origin"] {
        assert!(line(&checked, fine).starts_with("ok"), "{checked:?}");
    }

    app.sfmc().add_business_unit(right);
    app.infobip().revoke_key(app.tenant.api_key());
    let checked = check(&app).await;
    assert!(line(&checked, "Infobip account main: API key").starts_with("FAILED"), "{checked:?}");
    assert!(line(&checked, "REST origin").starts_with("ok"), "{checked:?}");

    let scopes = ["account-management:manage", "numbers:manage", "sms:message:send", "sms:manage"].map(str::to_owned);
    app.infobip()
        .add_account(InfobipAccount { scopes: scopes[..3].to_vec(), ..InfobipAccount::new(app.tenant.api_key()) });
    let checked = check(&app).await;
    assert!(line(&checked, "sms:logs:read").starts_with("FAILED"), "{checked:?}");
    assert!(line(&checked, "sms:message:send").starts_with("ok"), "{checked:?}");
    app.finish().await;
}

/// A unit that has senders for every channel and has sent an MMS, so that it uses them all.
async fn with_every_channel(kakao: &'static str) -> TestApp {
    let mut unit = tenant();
    unit.accounts[0].kakao = kakao;
    unit.accounts[0].senders = "whatsapp_senders = [\"385915550000\"]\nviber_senders = [\"ACME\"]\n\
                                rcs_senders = [\"AcmeAgent\"]\nkakao_senders = [\"PROFILE-KEY\"]\n";
    let app = spawn_app().with_tenant(unit).await;
    let mms = [("channel", "MMS"), ("sender", sample::NUMBER), ("segmentType1", "TEXT"), ("segmentText1", "Hi")];
    let activity = app.new_activity(&mms).await;
    app.execute(&app.call_of(&activity, "C-1")).await.message_id();
    app.drain().await;
    app
}

#[tokio::test]
async fn a_check_has_the_manuals_scopes_of_every_channel() {
    let app = with_every_channel("direct").await;
    let checked = app.cli(&["tenant", "check", &app.tenant.mid.to_string()]).await;
    checked.succeeded();
    for present in ["mms:message:send", "whatsapp:manage", "viber-bm:logs:read", "rcs:manage", "kakao:message:send"] {
        assert!(line(&checked, present).starts_with("ok"), "{checked:?}");
    }
    assert!(line(&checked, "whatsapp:logs:read").starts_with("unknown"), "{checked:?}");
    assert!(line(&checked, "omni-failover:manage").starts_with("not needed"), "{checked:?}");
    let scopes = InfobipAccount::new(app.tenant.api_key()).scopes;
    let scopes = scopes.into_iter().filter(|scope| !scope.starts_with("rcs:")).collect();
    app.infobip().add_account(InfobipAccount { scopes, ..InfobipAccount::new(app.tenant.api_key()) });
    let checked = check(&app).await;
    for missing in ["rcs:message:send", "rcs:manage"] {
        assert!(line(&checked, missing).starts_with("FAILED"), "{checked:?}");
    }
    assert!(line(&checked, "viber-bm:message:send").starts_with("ok"), "{checked:?}");
    app.finish().await;
}

#[tokio::test]
async fn an_accounts_senders_are_listed_after_the_typed_ones() {
    let app = spawn_app().await;
    let mid = app.tenant.mid.to_string();
    let listed = app.cli(&["account", "senders", "--mid", &mid]).await;
    let listed = &listed.succeeded().out;
    assert!(listed.starts_with("SMS/LMS\tWaypost\tunknown\ttyped\n"), "{listed}");
    assert!(listed.contains("\tusable\town number"), "{listed}");
    let json = app.cli(&["account", "senders", "--mid", &mid, "--account", "main", "--json"]).await.json();
    let sms = json["channels"].as_array().unwrap().iter().find(|list| list["channel"] == "sms").unwrap();
    assert_eq!(sms["senders"][0]["sender"], "Waypost");
    assert!(sms["senders"].as_array().unwrap().len() >= 2, "{sms}");
    assert_eq!(json["problems"], serde_json::json!([]));

    // What a key may not read is named; the rest is there.
    let scopes = InfobipAccount::new(app.tenant.api_key()).scopes;
    let scopes = scopes.into_iter().filter(|scope| scope != "numbers:manage").collect();
    app.infobip().add_account(InfobipAccount { scopes, ..InfobipAccount::new(app.tenant.api_key()) });
    let partial = app.cli(&["account", "senders", "--mid", &mid]).await;
    assert_eq!(partial.code, 1, "{partial:?}");
    assert!(line(&partial, "NOT READ\town numbers").contains("numbers:manage"), "{partial:?}");
    assert!(partial.out.contains("Waypost"), "{partial:?}");
    assert!(!partial.out.contains("NOT READ\tRCS senders"), "{partial:?}");
    for wrong in [&["--mid", "1"][..], &["--mid", &mid, "--account", "other"]] {
        let refused = app.cli(&[&["account", "senders"][..], wrong].concat()).await;
        assert!(refused.code == 1 && refused.out.is_empty() && !refused.err.is_empty(), "{refused:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn templates_and_scenarios_are_asked_of_infobip() {
    let app = spawn_app().await;
    let mid = app.tenant.mid.to_string();
    let templates = ["account", "templates", "--mid", &mid, "--sender", "10000000001"];
    app.cli(&[&templates[..], &["--json"]].concat()).await.json()["templates"].as_array().unwrap();
    let refused = app.cli(&["account", "templates", "--mid", &mid, "--sender", "../1"]).await;
    assert!(refused.code == 1 && refused.err.contains("WhatsApp sender"), "{refused:?}");
    let scopes = InfobipAccount::new(app.tenant.api_key()).scopes.into_iter();
    let scopes =
        scopes.filter(|scope| !scope.starts_with("whatsapp")).chain(["omni-failover:manage".to_owned()]).collect();
    app.infobip().add_account(InfobipAccount { scopes, ..InfobipAccount::new(app.tenant.api_key()) });
    // A kept list will do, a new one is refused.
    app.cli(&templates).await.succeeded();
    let refused = app.cli(&[&templates[..], &["--refresh"]].concat()).await;
    assert!(refused.code == 1 && refused.err.contains("whatsapp:manage"), "{refused:?}");

    let unknown = app.cli(&["account", "scenario", "--mid", &mid, "--key", "0123456789ABCDEF"]).await;
    assert!(unknown.code == 1 && unknown.out.contains("does not exist"), "{unknown:?}");
    assert_eq!(app.cli(&["account", "scenario", "--mid", &mid, "--key", "a/b"]).await.code, 2);
    app.finish().await;
}

#[tokio::test]
async fn an_accounts_world_is_shown_as_it_is_registered() {
    let app = spawn_app().await;
    let mid = app.tenant.mid.to_string();
    app.infobip().change_account(app.tenant.api_key(), |account| account.scopes.push("omni-failover:manage".into()));

    let listed = app.cli(&["account", "senders", "--mid", &mid]).await;
    let senders = &listed.succeeded().out;
    for expected in [sample::NUMBER, sample::WHATSAPP_ONLY_NUMBER, sample::RCS_SENDER] {
        assert!(line(&listed, expected).contains("usable"), "{senders}");
    }
    assert!(line(&listed, sample::RCS_SENDER_NOT_LAUNCHED).contains("NOT USABLE"), "{senders}");

    let templates = ["account", "templates", "--mid", &mid, "--sender", sample::NUMBER];
    let offered = app.cli(&templates).await;
    assert!(line(&offered, sample::TEXT_TEMPLATE).ends_with("2 body placeholders"), "{offered:?}");
    assert!(line(&offered, sample::PLAIN_TEMPLATE).ends_with("nothing to fill in"), "{offered:?}");
    for part in ["header placeholder", "quick reply payload", "URL suffix", "code to copy"] {
        assert!(line(&offered, sample::BUTTON_TEMPLATE).contains(part), "{offered:?}");
    }
    assert!(!offered.out.contains(sample::PENDING_TEMPLATE), "{offered:?}");
    let all = app.cli(&[&templates[..], &["--all"]].concat()).await;
    assert!(line(&all, sample::PENDING_TEMPLATE).contains("NOT OFFERED"), "{all:?}");
    let none = ["account", "templates", "--mid", &mid, "--sender", sample::WHATSAPP_ONLY_NUMBER];
    assert!(app.cli(&none).await.succeeded().out.contains("no template"));

    for (key, usable) in [
        (sample::VIBER_SCENARIO, "It can be used for VIBER"),
        (sample::KAKAO_SCENARIO, "It can be used for KAKAO_ALIM"),
        (sample::KAKAO_CHINGU_SCENARIO, "It can be used for KAKAO_CHINGU"),
    ] {
        let found = app.cli(&["account", "scenario", "--mid", &mid, "--key", key]).await;
        assert!(found.succeeded().out.contains(usable), "{found:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_check_names_the_missing_scope_of_each_channels_family() {
    let app = with_every_channel("omni").await;
    let all: Vec<_> = InfobipAccount::new(app.tenant.api_key()).with_scope("omni-failover:manage").scopes;
    // One scope of a family may stand for another, so all of it is taken away.
    for family in ["sms:", "mms:", "whatsapp:", "viber-bm:", "rcs:", "kakao:", "omni-failover:"] {
        let scopes = all.iter().filter(|scope| !scope.starts_with(family)).cloned().collect();
        app.infobip().change_account(app.tenant.api_key(), |account| account.scopes = scopes);
        let checked = check(&app).await;
        let failed: Vec<_> = checked.out.lines().filter(|line| !line.starts_with("ok ")).collect();
        let of_family = |line: &str| line.starts_with("FAILED") && line.contains(&format!(": {family}"));
        assert!(failed.iter().any(|line| of_family(line)), "{family}: {checked:?}");
        let is_expected = |line: &&str| !line.starts_with("FAILED") || of_family(line);
        assert!(failed.iter().all(is_expected), "{family}: {checked:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn units_are_managed_without_a_server_too() {
    let mut app = spawn_app().await;
    app.stop().await;
    let unit = tenant();
    app.add_tenant(&unit).await;
    let mid = unit.mid.to_string();
    assert_eq!(app.cli(&["tenant", "list", "--json"]).await.json().as_array().unwrap().len(), 2);
    app.cli(&["tenant", "check", &mid]).await.succeeded();
    let set =
        ["--set", "channel=SMS", "--set", "sender=Waypost", "--set", "text=Hi", "--set", "phone1={{Event.E.Phone}}"];
    let arguments = [&["activity", "new", "--mid", &mid, "--kind", "messaging"], &set[..]].concat();
    let saved = app.cli(&arguments).await.json();
    let asked = app.cli(&["status"]).await;
    assert_eq!(asked.code, 3, "status is about a running server: {asked:?}");
    app.start().await;
    // What was done without it, the server knows.
    let url = app.url("/activities/messaging/validate");
    let query =
        saved.pointer("/configurationArguments/validate/url").unwrap().as_str().unwrap().split('?').nth(1).unwrap();
    let body = app.activity.lifecycle_body().to_string();
    assert_eq!(app.post(&format!("{url}?{query}"), body).await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn a_changed_unit_keeps_the_addresses_of_reports_on_their_way() {
    let app = spawn_app().await;
    app.infobip().set_webhook_faults(waypost::sandbox::WebhookFaults { off: true, ..Default::default() });
    app.execute(&app.call("C-1")).await.message_id();
    app.until_received(1).await;
    let changed = crate::support::TenantFile { signing_secret: "another-signing-secret".into(), ..app.tenant.clone() };
    app.cli(&["tenant", "add", "--replace", "--file", &app.tenant_file(&changed)]).await.succeeded();
    assert_eq!(app.execute(&app.call("C-2")).await.status, 401, "the old secret is good for nothing");
    app.execute(&app.call("C-2").signed_with("another-signing-secret")).await.message_id();
    app.infobip().clear_faults();
    app.drain().await;
    assert_eq!((app.rows().len(), app.infobip().webhooks_failed()), (2, 0));
    app.finish().await;
}
