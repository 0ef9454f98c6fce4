//! Listings of what is registered on an account, and who may read them.

use super::*;
use crate::sandbox::{OwnNumber, Scenario, WhatsAppTemplate};

async fn caller() -> Caller {
    Caller::new(&open_sandbox(SandboxOptions::default(), frozen()).await).await
}

fn names(list: &Value, field: &str) -> Vec<String> {
    let items = list.as_array().unwrap_or_else(|| panic!("{list}"));
    items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn templates_are_listed_by_sender_and_in_pages() {
    let caller = caller().await;
    let get = async |path: String| caller.infobip("GET", &path, Value::Null).await;
    let (status, all) = get(format!("/whatsapp/2/senders/{}/templates", sample::NUMBER)).await;
    let names_of_all = names(&all["templates"], "name");
    assert_eq!((status, names_of_all.len()), (200, 9));
    let text = &all["templates"][0];
    assert_eq!((&text["name"], &text["status"]), (&json!(sample::TEXT_TEMPLATE), &json!("APPROVED")));
    assert_eq!(text["structure"]["body"]["text"], "Hello {{1}}, your order {{2}} is on its way.");
    let (status, none) = get(format!("/whatsapp/2/senders/{}/templates", sample::WHATSAPP_ONLY_NUMBER)).await;
    assert_eq!((status, &none), (200, &json!({ "templates": [] })));
    let (status, unknown) = get("/whatsapp/2/senders/1/templates".into()).await;
    assert_eq!((status, &unknown["requestError"]["serviceException"]["messageId"]), (404, &json!("NOT_FOUND")));

    let (_, page) = get("/whatsapp/1/templates?page=1&size=4".into()).await;
    assert_eq!(names(&page["results"], "name"), names_of_all[4..8]);
    assert_eq!(page["paging"], json!({ "page": 1, "size": 4, "totalPages": 3, "totalResults": 9 }));
    for (query, expected) in [
        ("status=PENDING", vec![sample::PENDING_TEMPLATE]),
        ("status=REJECTED&language=en_GB", vec![sample::REJECTED_TEMPLATE]),
        ("name=order_update", vec![sample::TEXT_TEMPLATE]),
        ("sender=385915550001", vec![]),
        ("category=MARKETING", vec![]),
        ("page=9", vec![]),
    ] {
        let (status, page) = get(format!("/whatsapp/1/templates?{query}")).await;
        assert_eq!(
            (status, names(&page["results"], "name")),
            (200, expected.iter().map(|it| (*it).to_owned()).collect())
        );
    }
    for (query, property) in [("size=0", "size"), ("size=101", "size"), ("size=x", "size"), ("page=-1", "page")] {
        let (status, refusal) = get(format!("/whatsapp/1/templates?{query}")).await;
        assert_eq!((status, violated(&refusal)), (400, vec![property.to_owned()]), "{query}");
    }
    let template = WhatsAppTemplate::text(sample::TEXT_TEMPLATE, "Replaced").status("DISABLED");
    let account = InfobipAccount::new(KEY).with_whatsapp_template(template);
    caller.sandbox.infobip().add_account(account);
    let (_, page) = get("/whatsapp/1/templates?name=order_update".into()).await;
    assert_eq!((&page["results"][0]["status"], &page["paging"]["totalResults"]), (&json!("DISABLED"), &json!(1)));
}

#[tokio::test]
async fn senders_and_numbers_are_listed() {
    let caller = caller().await;
    let get = async |path: &str| caller.infobip("GET", path, Value::Null).await;
    let (_, quality) = get("/whatsapp/1/senders/quality?senders=385915550000,1").await;
    assert_eq!(names(&quality["results"], "sender"), [sample::NUMBER]);
    assert_eq!(quality["results"][0]["qualityRating"], "HIGH");
    assert_eq!(quality["results"][0]["status"], "CONNECTED");
    let too_many = vec!["1"; 101].join(",");
    for query in ["", "?senders=", &format!("?senders={too_many}")] {
        assert_eq!(get(&format!("/whatsapp/1/senders/quality{query}")).await.0, 400, "{query}");
    }
    let (_, page) = get("/rcs/1/senders?size=1&page=1").await;
    assert_eq!(page["results"][0]["senderName"], sample::RCS_SENDER_NOT_LAUNCHED);
    assert_eq!(page["paging"], json!({ "page": 1, "size": 1, "totalPages": 2, "totalResults": 2 }));
    let (_, all) = get("/rcs/1/senders").await;
    assert_eq!(names(&all["results"], "senderStatus"), ["LAUNCHED", "PENDING"]);
    assert_eq!(get("/rcs/1/senders?size=101").await.0, 400);

    let (_, numbers) = get("/numbers/1/numbers").await;
    assert_eq!(names(&numbers["numbers"], "number"), [sample::NUMBER, sample::WHATSAPP_ONLY_NUMBER]);
    assert_eq!(numbers["numbers"][1]["type"], "WHATSAPP");
    let (_, one) = get("/numbers/1/numbers?number=385915550000&limit=1").await;
    assert_eq!((&one["numberCount"], &one["numbers"][0]["capabilities"][0]), (&json!(1), &json!("SMS")));
    caller.sandbox.infobip().change_account(KEY, |account| {
        account.numbers = vec![OwnNumber::new("55", "SHORT_CODE", &["SMS"])];
    });
    assert_eq!(names(&get("/numbers/1/numbers").await.1["numbers"], "number"), ["55"]);

    let resources = async |kind: &str| {
        caller.infobip("POST", "/resources/1/resources?page=0&size=20", json!({ "resourceType": kind })).await
    };
    for (kind, field, expected) in [
        ("ALPHANUMERIC", "senderName", vec!["ACME"]),
        ("NUMBER", "number", vec!["55"]),
        ("VIBER_RESOURCE", "resource", vec![sample::VIBER_SENDER, "AcmeViber"]),
        ("RCS_RESOURCE", "resource", vec![sample::RCS_SENDER, sample::RCS_SENDER_NOT_LAUNCHED]),
        ("APPLE_RESOURCE", "resource", vec![]),
    ] {
        let (status, page) = resources(kind).await;
        assert_eq!(
            (status, names(&page["results"], field)),
            (200, expected.iter().map(|it| (*it).to_owned()).collect())
        );
        assert_eq!(page["paging"]["totalResults"], expected.len());
    }
    let (status, refusal) = resources("KAKAO_RESOURCE").await;
    assert_eq!((status, violated(&refusal)), (400, vec!["resourceType".to_owned()]));
}

#[tokio::test]
async fn scenarios_are_listed_checked_and_made() {
    let caller = caller().await;
    let get = async |path: String| caller.infobip("GET", &path, Value::Null).await;
    let (_, all) = get("/omni/1/scenarios".into()).await;
    let keys = [sample::VIBER_SCENARIO, sample::KAKAO_SCENARIO, sample::KAKAO_CHINGU_SCENARIO];
    assert_eq!(names(&all["scenarios"], "key"), keys);
    let (status, viber) = get(format!("/omni/1/scenarios/{}", sample::VIBER_SCENARIO)).await;
    assert_eq!((status, &viber["default"]), (200, &json!(true)));
    assert_eq!(viber["flow"][0], json!({ "from": sample::VIBER_SENDER, "channel": "VIBER" }));
    assert_eq!(get("/omni/1/scenarios/0000".into()).await.0, 404);
    assert_eq!(names(&get("/omni/1/scenarios?isDefault=true".into()).await.1["scenarios"], "key"), keys[..1]);
    assert_eq!(names(&get("/omni/1/scenarios?limit=1&page=2".into()).await.1["scenarios"], "key"), keys[2..]);

    let body = json!({ "name": "n", "flow": [{ "from": "ACME", "channel": "VIBER" }], "default": true });
    let (status, made) = caller.infobip("POST", "/omni/1/scenarios", body.clone()).await;
    let key = made["key"].as_str().unwrap();
    assert_eq!((status, key.len(), key.bytes().all(|byte| byte.is_ascii_hexdigit())), (201, 32, true), "{made}");
    assert_eq!(get(format!("/omni/1/scenarios/{key}")).await.1, made);
    assert_eq!(names(&get("/omni/1/scenarios?isDefault=true".into()).await.1["scenarios"], "key"), [key]);
    for (at, value, property) in [
        ("/flow", json!([]), "flow"),
        ("/flow/0/channel", json!("PIGEON"), "flow[0].channel"),
        ("/default", json!("yes"), "default"),
    ] {
        let mut body = body.clone();
        *body.pointer_mut(at).unwrap() = value;
        let (status, refusal) = caller.infobip("POST", "/omni/1/scenarios", body).await;
        assert_eq!((status, violated(&refusal)), (400, vec![property.to_owned()]));
    }
    let scenario = Scenario::new("AB", "n", &[("SMS", "ACME")]);
    caller.sandbox.infobip().add_account(InfobipAccount::new(KEY).with_scope(OMNI_SCOPE).with_scenario(scenario));
    assert_eq!(get("/omni/1/scenarios/AB".into()).await.0, 200);
}

#[tokio::test]
async fn every_endpoint_needs_one_of_its_scopes() {
    let caller = caller().await;
    let infobip = caller.sandbox.infobip();
    let quality = "/whatsapp/1/senders/quality?senders=1";
    let rows: Vec<(&str, &str, &[&str])> = vec![
        ("POST", "/mms/2/messages", &["message:send", "mms:message:send", "mms:manage"]),
        ("GET", "/mms/2/reports", &["message:send", "mms:message:send", "mms:manage"]),
        ("GET", "/mms/2/logs", &["mms:logs:read", "mms:manage"]),
        ("POST", "/viber/2/messages", &["message:send", "viber-bm:message:send", "viber-bm:manage"]),
        ("GET", "/viber/2/reports", &["message:send", "viber-bm:message:send", "viber-bm:manage"]),
        ("GET", "/viber/2/logs", &["viber-bm:logs:read", "viber-bm:manage"]),
        ("POST", "/rcs/2/messages", &["message:send", "rcs:message:send", "rcs:manage"]),
        ("GET", "/rcs/2/logs", &["rcs:logs:read", "rcs:manage"]),
        ("GET", "/rcs/1/senders", &["rcs:manage", "rcs:provision"]),
        ("POST", "/whatsapp/1/message/template", &["message:send", "whatsapp:message:send", "whatsapp:manage"]),
        ("GET", "/whatsapp/2/senders/385915550000/templates", &["whatsapp:manage"]),
        ("GET", "/whatsapp/1/templates", &["whatsapp:manage"]),
        ("GET", quality, &["whatsapp:manage"]),
        ("POST", "/kakao-alim/1/messages", &["message:send", "kakao:message:send", "kakao:manage"]),
        ("POST", "/kakao-chingu/1/messages", &["message:send", "kakao:message:send", "kakao:manage"]),
        ("GET", "/kakao-alim/1/reports", &["message:send", "kakao:message:send", "kakao:manage"]),
        ("GET", "/kakao-chingu/1/logs", &["kakao:logs:read", "kakao:manage"]),
        ("POST", "/omni/1/advanced", &["message:send", "omni-failover:message:send", "omni-failover:manage"]),
        ("GET", "/omni/1/reports", &["message:send", "omni-failover:message:send", "omni-failover:manage"]),
        ("GET", "/omni/1/scenarios", &["omni-failover:manage"]),
        ("POST", "/omni/1/scenarios", &["omni-failover:manage"]),
        ("GET", "/numbers/1/numbers", &["numbers:manage"]),
        ("POST", "/resources/1/resources", &["numbers:manage"]),
    ];
    let every: Vec<&str> = rows.iter().flat_map(|(_, _, scopes)| scopes.iter().copied()).collect();
    for (method, path, scopes) in rows {
        // An empty body: valid for no endpoint, so a POST that may come this far is answered 400.
        let body = if method == "POST" { json!({ "messages": [] }) } else { Value::Null };
        let granted = if method == "POST" { 400 } else { 200 };
        let ask = async |scopes: Vec<&str>| {
            let scopes = scopes.into_iter().map(str::to_owned).collect();
            infobip.change_account(KEY, |account| account.scopes = scopes);
            caller.infobip(method, path, body.clone()).await
        };
        for scope in scopes {
            assert_eq!(ask(vec![scope]).await.0, granted, "{path} {scope}");
        }
        let others = every.iter().copied().filter(|scope| !scopes.contains(scope)).collect();
        let (status, refusal) = ask(others).await;
        assert_eq!(status, 403, "{path} {refusal}");
        let is_new = ["/mms", "/viber", "/rcs/2", "/kakao"].iter().any(|new| path.starts_with(new));
        assert_eq!(refusal.get("errorCode").is_some(), is_new, "{path} {refusal}");
    }
}
