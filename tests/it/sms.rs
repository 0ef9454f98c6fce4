//! From a signed execute to the request that Infobip gets (infobip.md 2.1).

use serde_json::{Value, json};

use crate::support::{spawn_app, tenant};

/// The path that brings reports back, up to the account's token.
const REPORTS_PATH: &str = "/infobip/webhooks/deliveryReport/sms/";

/// The account's webhook token, as it stands in a request.
fn token_in(request: &Value) -> String {
    let url = request.pointer("/messages/0/webhooks/delivery/url").and_then(Value::as_str).unwrap();
    let token = url.split(REPORTS_PATH).nth(1).unwrap();
    assert!(token.len() >= 32, "the token can be guessed: {token}");
    token.to_owned()
}

#[tokio::test]
async fn a_signed_execute_becomes_exactly_one_request_with_everything_in_it() {
    let app = spawn_app().await;
    let activity = app
        .new_activity(&[
            ("bulkId", "Spring sale"),
            ("journeyName", "Spring"),
            ("shortenUrl", "true"),
            ("customDomain", "go.example.com"),
            ("removeProtocol", "true"),
            ("dlt", "true"),
            ("dltPrincipalEntityId", "1234567890123456789"),
            ("dltContentTemplateId", "9876543210987654321"),
            ("validityMinutes", "120"),
            ("callbackName1", "Segment"),
            ("callbackValue1", "gold"),
            ("callbackName2", "Store"),
            ("callbackValue2", "Zagreb \"1\""),
        ])
        .await;
    let text = "Dear नमस्ते, see https://shop.example/sale?a=1&b=2";
    let call = app.call_of(&activity, "C-1").to("+385 91 123-4567").text(text);
    let id = app.execute(&call).await.message_id();
    app.drain().await;

    let requests = app.requests_to("/sms/3/messages");
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!(request.headers["authorization"], format!("App {}", app.tenant.api_key()));
    assert_eq!(request.headers["accept"], "application/json");
    let token = token_in(&request.body);
    let (mid, activity_id, journey_id) = (app.tenant.mid, &activity.id, &activity.journey_id);
    let message = serde_json::to_string(text).unwrap();
    let callback_data = format!(
        r#"{{"ActivityId":"{activity_id}","BulkId":"Spring sale","From":"Waypost","Message":{message},"JourneyName":"Spring","ContactKey":"C-1","MID":"{mid}","VersionId":"{journey_id}","VersionNumber":"1","Segment":"gold","Store":"Zagreb \"1\""}}"#
    );
    let expected = json!({
        "messages": [{
            "sender": "Waypost",
            "destinations": [{ "to": "385911234567", "messageId": id }],
            "content": { "text": text },
            "options": {
                "validityPeriod": { "amount": 120, "timeUnit": "MINUTES" },
                "regional": { "indiaDlt": {
                    "principalEntityId": "1234567890123456789", "contentTemplateId": "9876543210987654321" } },
            },
            "webhooks": {
                "delivery": { "url": app.url(&format!("{REPORTS_PATH}{token}")) },
                "contentType": "application/json",
                "callbackData": callback_data,
            },
        }],
        "options": {
            "schedule": { "bulkId": "Spring sale" },
            "tracking": {
                "shortenUrl": true, "trackClicks": true, "removeProtocol": true, "customDomain": "go.example.com",
                "trackingUrl": app.url(&format!("/infobip/webhooks/urlTracking/sms/{token}")),
            },
        },
    });
    assert_eq!(request.body, expected);
    app.finish().await;
}

#[tokio::test]
async fn a_plain_message_asks_for_nothing_that_was_not_chosen() {
    let app = spawn_app().await;
    app.execute(&app.call("C-1").to("385911234567")).await.message_id();
    app.drain().await;
    let request = &app.requests_to("/sms/3/messages")[0].body;
    assert_eq!(
        request["options"],
        json!({
            "schedule": { "bulkId": "Infobip SMS" },
            "tracking": { "shortenUrl": false, "trackClicks": false },
        })
    );
    assert_eq!(request.pointer("/messages/0/options"), None);
    app.finish().await;
}

#[tokio::test]
async fn the_first_populated_phone_field_is_used_unless_one_was_chosen() {
    let app = spawn_app().await;
    let call =
        |contact| app.call(contact).set("phone1", "").set("phone2", "385912222222").set("phone3", "385913333333");
    app.execute(&call("C-1")).await.message_id();
    app.execute(&call("C-2").set("phoneChoice", "3")).await.message_id();
    app.execute(&call("C-3").set("phone2", Value::Null).set("phone3", " ").set("phoneDefault", "385914444444"))
        .await
        .message_id();
    app.drain().await;
    let mut to: Vec<_> = app.infobip().received().into_iter().map(|message| message.to).collect();
    to.sort();
    assert_eq!(to, ["385912222222", "385913333333", "385914444444"]);
    app.finish().await;
}

#[tokio::test]
async fn national_numbers_need_the_units_country() {
    let mut app = spawn_app().await;
    let national = app.execute(&app.call("C-1").to("091 123 4567")).await;
    assert_eq!(national.out("messageStatus"), "Error: Invalid phone number");
    let croatian = crate::support::TenantFile { default_country: Some("HR"), ..tenant() };
    app.add_tenant(&croatian).await;
    let activity = app
        .new_activity_of(croatian.mid, "messaging", &[("channel", "SMS"), ("sender", "Waypost"), ("text", "Hi")])
        .await;
    let call = app.call_of(&activity, "C-1").signed_with(&croatian.signing_secret).to("091 123 4567");
    app.execute(&call).await.message_id();
    app.drain().await;
    assert_eq!(app.infobip().received()[0].to, "385911234567");
    app.finish().await;
}

#[tokio::test]
async fn hostile_merge_values_arrive_as_they_were_written() {
    let app = spawn_app().await;
    let texts = [
        "<script>alert(1)</script> & \"quotes\" 'single'",
        "{{Contact.Key}} ${x} %%[SET @a=1]%% {{#if}}",
        "back\\slash \\u0041 \\\"",
        "line\nbreak\ttab",
        "🦀 ﷽ \u{200f}rtl",
        "'; DROP TABLE messages; --",
    ];
    for (index, text) in texts.iter().enumerate() {
        app.execute(&app.call(&format!("C-{index}")).text(text)).await.message_id();
    }
    app.drain().await;
    for message in app.infobip().received() {
        assert!(texts.contains(&message.text.as_str()), "{:?} was not sent like this", message.text);
        let callback: Value = serde_json::from_str(&message.callback_data.unwrap()).unwrap();
        assert_eq!(callback["Message"], message.text.as_str());
    }
    app.finish().await;
}

#[tokio::test]
async fn a_salt_key_signs_in_place_of_the_packages_secret() {
    let salted =
        crate::support::TenantFile { salt: Some(("waypost-salt".into(), "a-salt-of-some-length".into())), ..tenant() };
    let app = spawn_app().with_tenant(salted).await;
    let saved = &app.activity.saved;
    assert_eq!(saved.pointer("/arguments/execute/customerKey"), Some(&json!("waypost-salt")));
    app.execute(&app.call("C-1").signed_with("a-salt-of-some-length")).await.message_id();
    app.execute(&app.call("C-2")).await.message_id();
    assert_eq!(app.execute(&app.call("C-3").signed_with("another-salt")).await.status, 401);
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 2);
    app.finish().await;
}
