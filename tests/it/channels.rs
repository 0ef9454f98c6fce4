//! Every channel and its kinds of content, from the signed execute to the request that Infobip gets, and from its report
//! to the row (spec M1, M5, R1, T3).

pub(crate) mod contents;

use std::collections::BTreeMap;

use serde_json::Value;
use waypost::sandbox::{Fault, FaultKind, ReceivedMessage, WebhookFaults, sample};

use self::contents::{CASES, Case};
use crate::support::{AccountFile, Activity, OMNI_KEY, REPORTS_KEY, TestApp, spawn_app, tenant};

/// Account that sends Kakao over OMNI failover.
const OMNI: &str = "omni";
/// Account whose MMS count among the SMS reports.
const MMS_AS_SMS: &str = "mms-as-sms";

/// A unit with an account for each setting.
pub(crate) async fn app() -> TestApp {
    let mut unit = tenant();
    let main = unit.accounts[0].clone();
    let second = |label: &str| AccountFile {
        label: label.to_owned(),
        api_key: format!("{}-{label}", main.api_key),
        ..main.clone()
    };
    unit.accounts.push(AccountFile { kakao: "omni", ..second(OMNI) });
    unit.accounts.push(AccountFile { mms_reports: "sms", ..second(MMS_AS_SMS) });
    let app = spawn_app().with_tenant(unit).await;
    for account in &app.tenant.accounts {
        app.infobip().change_account(&account.api_key, |account| account.scopes.push("omni-failover:manage".into()));
    }
    app
}

async fn activity(app: &TestApp, case: &Case) -> Activity {
    let set = [("channel", case.channel), ("account", case.account)];
    let arguments: Vec<_> = set.into_iter().chain(case.arguments.iter().copied()).collect();
    app.new_activity(&arguments).await
}

fn received(app: &TestApp) -> BTreeMap<String, ReceivedMessage> {
    let messages = app.infobip().received();
    let count = messages.len();
    let by_id: BTreeMap<_, _> = messages.into_iter().map(|message| (message.message_id.clone(), message)).collect();
    assert_eq!(by_id.len(), count, "a message was sent twice");
    by_id
}

/// What a request says besides what all have.
pub(crate) fn content_of(message: &ReceivedMessage) -> Value {
    match message.path.as_str() {
        "/omni/1/advanced" => {
            let mut content = message.raw.clone();
            let fields = content.as_object_mut().unwrap();
            for common in ["bulkId", "destinations", "notifyUrl", "notifyContentType", "callbackData"] {
                assert!(fields.remove(common).is_some(), "{common} is missing in {fields:?}");
            }
            for step in fields.values_mut().filter_map(Value::as_object_mut) {
                for common in ["validityPeriod", "validityPeriodTimeUnit"] {
                    assert!(step.remove(common).is_some(), "{common} is missing in {step:?}");
                }
                step.remove("trackingData");
            }
            content
        }
        _ => message.raw["content"].clone(),
    }
}

#[tokio::test]
async fn each_content_of_each_channel_is_sent_as_it_is_and_reported_in_one_row() {
    let app = app().await;
    let mut sent = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let activity = activity(&app, case).await;
        let call = app.call_of(&activity, &format!("C-{}", number + 1));
        let answer = app.execute(&call).await;
        assert_eq!(answer.out("messageStatus"), "Success", "{}: {answer:?}", case.name());
        sent.push((case, answer.message_id()));
    }
    app.drain().await;

    let received = received(&app);
    assert_eq!(received.len(), CASES.len());
    let extensions = [REPORTS_KEY, OMNI_KEY].map(|key| (key, app.sfmc().rows(app.tenant.mid, key)));
    let reports = app.new_activity_of(app.tenant.mid, "reports", &[("account", "main")]).await;
    for (number, (case, id)) in sent.iter().enumerate() {
        let name = case.name();
        let message = received.get(id).unwrap_or_else(|| panic!("{name} was not received"));
        assert_eq!(message.path, case.path, "{name}");
        assert_eq!(message.to, crate::support::phone_of(&format!("C-{}", number + 1)), "{name}");
        assert_eq!(content_of(message), (case.content)(), "{name}");
        assert_eq!(message.bulk_id.as_deref(), Some(case.bulk_id), "{name}");

        for (key, rows) in &extensions {
            let rows: Vec<_> = rows.iter().filter(|row| row["messageId"] == *id).collect();
            if *key != case.extension {
                assert!(rows.is_empty(), "{name} has a row in {key}");
                continue;
            }
            let [row] = rows.as_slice() else { panic!("{name} has {} rows in {key}", rows.len()) };
            let columns = ["channel", "statusName", "messageCount"].map(|column| row[column].as_str());
            assert_eq!(columns, [case.reported_as, "DELIVERED_TO_HANDSET", "1"], "{name}");
            assert!(row["callbackData"].contains(&format!("\"ContactKey\":\"C-{}\"", number + 1)), "{name}");
        }
        let answer = app.execute(&app.call_of(&reports, "C-1").set("messageId", id.as_str())).await;
        assert_eq!(
            ["statusName", "queueStatus"].map(|name| answer.out(name)),
            ["DELIVERED_TO_HANDSET", "SENT"],
            "{name}"
        );
    }
    assert_eq!(extensions.iter().map(|(_, rows)| rows.len()).sum::<usize>(), CASES.len());
    app.finish().await;
}

/// In-argument and where its value arrives, for each channel.
const MERGED: &[(&str, &str, &str)] = &[
    ("SMS", "text", "/content/text"),
    ("LMS", "text", "/content/text"),
    ("MMS", "segmentText1", "/content/messageSegments/0/text"),
    ("Viber", "text", "/content/text"),
    ("Viber (deprecated)", "text", "/viber/text"),
    ("KakaoChinguTalk", "text", "/content/text"),
    ("Kakao Alim", "text", "/content/text"),
    ("RCS", "text", "/content/text"),
    ("WhatsApp", "placeholder1", "/content/templateData/body/placeholders/0"),
];

#[tokio::test]
async fn merged_values_arrive_as_they_are() {
    let app = app().await;
    let one_line = "\"Quoted\" 'n' \\escaped\\ 😀👩‍👩‍👧 שלום مرحبا {{Contact.Key}} {1} <b>&amp;</b> %%x%%";
    let lines = format!("{one_line}\r\nsecond\n\tthird");
    let mut expected = Vec::new();
    for (number, (channel, name, pointer)) in MERGED.iter().enumerate() {
        let case = CASES.iter().find(|case| case.channel == *channel && case.account == "main").unwrap();
        let activity = activity(&app, case).await;
        let call = |value: &str| app.call_of(&activity, &format!("C-{}", number + 1)).set(name, value);
        let value = if *channel == "WhatsApp" { one_line } else { lines.as_str() };
        expected.push((channel, pointer, value, app.execute(&call(value)).await.message_id()));
        if *channel == "WhatsApp" {
            for refused in ["two\nlines", "a\ttab", "a     gap", " "] {
                let answer = app.execute(&call(refused)).await;
                assert_eq!(answer.out("messageStatus"), "Error: Invalid placeholders", "{refused:?}");
            }
        }
    }
    app.drain().await;
    let received = received(&app);
    assert_eq!(received.len(), expected.len());
    for (channel, pointer, value, id) in expected {
        assert_eq!(received[&id].raw.pointer(pointer), Some(&Value::from(value)), "{channel}");
        let callback_data = received[&id].callback_data.clone().unwrap();
        assert!(serde_json::from_str::<Value>(&callback_data).is_ok(), "{channel}: {callback_data}");
    }
    app.finish().await;
}

/// A WhatsApp message whose answer is lost: there is no log to ask.
async fn whatsapp_with_unknown_fate(maybe_sent: &'static str) -> (TestApp, String) {
    let mut unit = tenant();
    unit.accounts[0].maybe_sent = maybe_sent;
    let app = spawn_app().on_virtual_time().with_tenant(unit).await;
    let case = Case { account: "main", ..*CASES.iter().find(|case| case.channel == "WhatsApp").unwrap() };
    let activity = activity(&app, &case).await;
    app.infobip().set_webhook_faults(WebhookFaults { off: true, ..WebhookFaults::default() });
    app.infobip().add_fault(Fault::next(1, FaultKind::ResetMidway).on("/whatsapp/1/message/template"));
    let id = app.execute(&app.call_of(&activity, "C-1")).await.message_id();
    app.until("the message to be settled", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    (app, id)
}

#[tokio::test]
async fn without_a_log_the_account_says_what_becomes_of_a_message_that_was_perhaps_sent() {
    let (app, id) = whatsapp_with_unknown_fate("repeat").await;
    assert_eq!((app.infobip().attempts(&id), app.infobip().received_count()), (2, 1));
    app.infobip().clear_faults();
    app.drain().await;
    let rows = app.omni_rows();
    assert_eq!((rows.len(), rows[0]["statusName"].as_str()), (1, "DELIVERED_TO_HANDSET"));
    app.finish().await;

    let (app, id) = whatsapp_with_unknown_fate("report_unknown").await;
    assert_eq!((app.infobip().attempts(&id), app.infobip().received_count()), (1, 1));
    let is_reported_as = async |status: &str| {
        let rows = app.omni_rows();
        rows.first().is_some_and(|row| row["statusName"] == status).then_some(())
    };
    app.until("the unknown fate", async || is_reported_as("EXPIRED_DLR_UNKNOWN").await).await;
    app.infobip().clear_faults();
    app.until("Infobip's report", async || is_reported_as("DELIVERED_TO_HANDSET").await).await;
    app.drain().await;
    assert_eq!((app.omni_rows().len(), app.rows().len()), (1, 0));
    app.finish().await;
}

#[tokio::test]
async fn what_an_accounts_world_refuses_is_reported_like_any_other_fate() {
    let app = app().await;
    let case = |channel: &str| CASES.iter().find(|case| case.channel == channel && case.account == "main").unwrap();
    let wrong = [
        ("WhatsApp", "templateName", "no_such_template", "UNDELIVERABLE_NOT_DELIVERED"),
        ("WhatsApp", "templateName", sample::PENDING_TEMPLATE, "UNDELIVERABLE_NOT_DELIVERED"),
        ("WhatsApp", "sender", "385910000000", "REJECTED_SOURCE"),
        ("Viber", "sender", "Nobody", "REJECTED_SOURCE"),
        ("RCS", "sender", sample::RCS_SENDER_NOT_LAUNCHED, "REJECTED_SOURCE"),
        ("KakaoChinguTalk", "sender", "NOBODY", "REJECTED_SOURCE"),
    ];
    let mut expected = BTreeMap::new();
    for (number, (channel, name, value, status)) in wrong.into_iter().enumerate() {
        let activity = activity(&app, case(channel)).await;
        let call = app.call_of(&activity, &format!("C-{}", number + 1)).set(name, value);
        expected.insert(app.execute(&call).await.message_id(), status.to_owned());
    }
    app.drain().await;
    let rows: BTreeMap<_, _> =
        app.omni_rows().into_iter().map(|row| (row["messageId"].clone(), row["statusName"].clone())).collect();
    assert_eq!(rows, expected);
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_scenario_costs_its_message_alone() {
    let app = app().await;
    let case = CASES.iter().find(|case| case.channel == "Viber (deprecated)").unwrap();
    let activity = activity(&app, case).await;
    let unknown = app.call_of(&activity, "C-1").set("scenarioKey", "0123456789ABCDEF0123456789ABCDEF");
    let unknown = app.execute(&unknown).await.message_id();
    let known = app.execute(&app.call_of(&activity, "C-2")).await.message_id();
    app.drain().await;
    let rows: BTreeMap<_, _> =
        app.omni_rows().into_iter().map(|row| (row["messageId"].clone(), row["statusName"].clone())).collect();
    let expected = [(unknown, "REJECTED_REQUEST".to_owned()), (known, "DELIVERED_TO_HANDSET".to_owned())];
    assert_eq!(rows, BTreeMap::from(expected));
    app.finish().await;
}
