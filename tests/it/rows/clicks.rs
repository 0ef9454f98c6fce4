//! Clicks: rows of *Unified URL Tracking*, or of the older extension that the account names (infobip.md 9.4, 12.3, 12.4).

use super::*;

/// Path segment of each channel's clicks, and how the `channel` column spells it.
const PATHS: &[(&str, &str)] = &[
    ("sms", "SMS"),
    ("lms", "LMS"),
    ("mms", "MMS"),
    ("whatsapp", "WhatsApp"),
    ("viber", "Viber"),
    ("viber-omni", "Viber"),
    ("rcs", "RCS"),
    ("kakao-chingu", "KakaoChinguTalk"),
    ("kakao-chingu-omni", "KakaoChinguTalk"),
];

fn click(message_id: &str) -> Value {
    json!({ "notificationType": "CLICKED", "recipient": PERSON, "url": "https://shop.example/1",
        "sendDateTime": 1_790_000_000_123_u64, "messageId": message_id, "bulkId": "Infobip SMS", "callbackData": "theirs",
        "recipientInfo": { "deviceType": "Phone", "os": "iOS 12", "deviceName": "Apple" },
        "geoLocationInfo": { "countryName": "Croatia", "city": "Zagreb" }, "applicationId": "a", "entityId": "e" })
}

fn expected(message_id: &str, channel: &str) -> Row {
    row(&[
        ("notificationType", "CLICKED"),
        ("messageId", message_id),
        ("recipient", PERSON),
        ("url", "https://shop.example/1"),
        ("sendDateTime", "2026-09-21T14:13:20Z"),
        ("deviceType", "Phone"),
        ("os", "iOS 12"),
        ("deviceName", "Apple"),
        ("callbackData", "theirs"),
        ("channel", channel),
    ])
}

#[tokio::test]
async fn each_channels_clicks_become_exact_rows_once_in_every_form_of_the_body() {
    let app = app().await;
    let mut expected_rows = Vec::new();
    for _ in 0..2 {
        expected_rows.clear();
        for (path, channel) in PATHS {
            let url = address(&app, "main", &format!("urlTracking/{path}")).await;
            let id = |form: &str| format!("m-{path}-{form}");
            let [object, array, listed] = ["object", "array", "results"].map(id);
            // Accepted at top level too.
            let mut flat = click(&array);
            flat.as_object_mut().unwrap().remove("recipientInfo");
            flat["deviceType"] = "Phone".into();
            flat["os"] = "iOS 12".into();
            flat["deviceName"] = "Apple".into();
            bring(&app, &url, &click(&object)).await;
            bring(&app, &url, &json!([flat])).await;
            bring(&app, &url, &results(&[click(&listed), click(&listed)])).await;
            expected_rows.extend([object, array, listed].map(|id| expected(&id, channel)));
        }
        settled(&app).await;
    }
    let mut rows = app.sfmc().rows(app.tenant.mid, CLICKS_KEY);
    rows.sort();
    expected_rows.sort();
    assert_eq!(rows, expected_rows);
    app.finish().await;
}

#[tokio::test]
async fn a_click_is_filled_from_its_message_and_cut_to_its_columns() {
    let app = app().await;
    let sent = send(&app, &VIBER).await;
    let url = address(&app, "main", "urlTracking/sms").await;
    let mut sparse = json!({ "messageId": sent.id, "sendDateTime": 1_790_000_000_123_u64 });
    sparse["url"] = format!("https://shop.example/{}", "x".repeat(1000)).into();
    sparse["recipientInfo"] = json!({ "deviceType": "y".repeat(51), "os": format!("{}😀", "z".repeat(49)) });
    bring(&app, &url, &sparse).await;
    // Another moment is another click.
    sparse["sendDateTime"] = 1_790_000_001_000_u64.into();
    bring(&app, &url, &sparse).await;
    settled(&app).await;
    let long = "https://shop.example/".to_owned() + &"x".repeat(1000 - "https://shop.example/".len());
    let (kind, os) = ("y".repeat(50), "z".repeat(49));
    let changes = [
        ("url", &*long),
        ("deviceType", &*kind),
        ("os", &*os),
        ("deviceName", ""),
        ("callbackData", &*sent.callback_data),
    ];
    let first = with(expected(&sent.id, "Viber"), &changes);
    let second = with(first.clone(), &[("sendDateTime", "2026-09-21T14:13:21Z")]);
    let mut rows = rows_of(&app, CLICKS_KEY, &sent.id);
    rows.sort();
    assert_eq!(rows, [first, second]);
    app.finish().await;
}

#[tokio::test]
async fn an_account_that_names_the_older_extension_gets_epoch_milliseconds() {
    let app = app().await;
    let url = address(&app, OLDER, "urlTracking/sms").await;
    bring(&app, &url, &click("m-1")).await;
    settled(&app).await;
    let older = with(expected("m-1", ""), &[("channel", ""), ("sendDateTime", "1790000000123")]);
    assert_eq!(app.sfmc().rows(app.tenant.mid, OLDER_CLICKS_KEY), [older]);
    assert_eq!(app.sfmc().rows(app.tenant.mid, CLICKS_KEY), []);
    app.finish().await;
}

#[tokio::test]
async fn the_same_click_many_times_at_once_is_one_row() {
    let app = app().await;
    let url = address(&app, "main", "urlTracking/sms").await;
    let body = click("m-1");
    let all = (0..40).map(|_| bring(&app, &url, &body));
    futures_util::future::join_all(all).await;
    settled(&app).await;
    assert_eq!(app.sfmc().rows(app.tenant.mid, CLICKS_KEY), [expected("m-1", "SMS")]);
    app.finish().await;
}

#[tokio::test]
async fn a_click_that_does_not_say_when_is_one_of_its_arrival() {
    let app = app().await;
    let url = address(&app, "main", "urlTracking/sms").await;
    let mut body = click("m-1");
    body.as_object_mut().unwrap().remove("sendDateTime");
    for _ in 0..2 {
        bring(&app, &url, &body).await;
    }
    settled(&app).await;
    let rows = app.sfmc().rows(app.tenant.mid, CLICKS_KEY);
    assert_eq!(rows.len(), 1);
    let when = rows[0]["sendDateTime"].clone();
    assert!(when.starts_with("20") && when.ends_with('Z'), "{when}");
    assert_eq!(rows, [with(expected("m-1", "SMS"), &[("sendDateTime", &*when)])]);
    app.finish().await;
}
