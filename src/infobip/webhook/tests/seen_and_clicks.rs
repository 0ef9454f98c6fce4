//! Seen reports and clicks (infobip.md 9.3, 9.4).

use super::*;
use crate::domain::click::{Click, HeardClick};
use crate::domain::report::SeenReport;

const SEEN: &str = r#"{"messageId":"m1","from":"385911234567","to":"ACME","sentAt":"2026-03-03T14:22:30.000+0100",
    "seenAt":"2026-03-03T14:30:00.000+0100","applicationId":"a","entityId":"e","campaignReferenceId":"c"}"#;

fn seen() -> SeenReport {
    SeenReport {
        seen_at: Timestamp::parse("2026-03-03T13:30:00Z").unwrap(),
        sent_at: Timestamp::parse("2026-03-03T13:22:30Z"),
        message_id: "m1".into(),
        recipient: Some("385911234567".into()),
        sender: Some("ACME".into()),
    }
}

#[test]
fn seen_reports_of_every_shape_say_the_same() {
    let omni = SEEN.replace("sentAt", "sendAt");
    let event = r#"{"event":"SEEN","channel":"VIBER_BM","sender":"ACME","destination":"385911234567","messageId":"m1",
        "sentAt":"2026-03-03T14:22:30.000+0100","seenAt":"2026-03-03T14:30:00.000+0100","bulkId":"b"}"#;
    for entry in [SEEN, &omni, event] {
        for body in [entry.to_owned(), format!("[{entry}]"), format!(r#"{{"results":[{entry}]}}"#)] {
            assert_eq!(reports(Channel::Viber, NOW, body.as_bytes()), Ok(vec![Ok(Arrived::Seen(seen()))]), "{body}");
        }
    }
}

#[test]
fn both_kinds_of_reports_are_told_apart_in_one_body() {
    let body = format!(
        r#"[{SEEN},{{"messageId":"m2","status":{{"groupId":3}}}},{{"messageId":"m3","seenAt":null}},
        {{"seenAt":"2026-03-03T14:30:00Z"}},{{"messageId":"m4","seenAt":"soon"}},
        {{"messageId":"m5","seenAt":"2026-03-03T14:30:00Z","status":{{"groupId":3}}}},
        {{"event":"SEEN","messageId":"m6"}},7]"#
    );
    let reports = reports(Channel::WhatsApp, NOW, body.as_bytes()).unwrap();
    let kinds = reports.into_iter().map(|entry| {
        entry.map(|arrived| match arrived {
            Arrived::Delivery(report) => ("delivery", report.message_id),
            Arrived::Seen(report) => ("seen", report.message_id),
        })
    });
    use Malformed::{MessageId, NoStatus, NotAnObject};
    let expected = [
        Ok(("seen", "m1".to_owned())),
        Ok(("delivery", "m2".to_owned())),
        Err(NoStatus),
        Err(MessageId),
        Ok(("seen", "m4".to_owned())),
        // What has a status is a delivery report.
        Ok(("delivery", "m5".to_owned())),
        Ok(("seen", "m6".to_owned())),
        Err(NotAnObject),
    ];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
}

const CLICK: &str = r#"{ "notificationType": "CLICKED", "recipient": "385911234567", "url": "https://shop.example/1",
  "sendDateTime": 1772544150000, "messageId": "0198f1f2", "bulkId": "Infobip SMS", "callbackData": "x",
  "recipientInfo": { "deviceType": "Phone", "os": "iOS 12", "deviceName": "Apple" },
  "geoLocationInfo": { "countryName": "Croatia", "city": "Zagreb" }, "applicationId": "a", "entityId": "e" }"#;

fn clicked() -> Click {
    Click {
        notification_type: "CLICKED".into(),
        message_id: "0198f1f2".into(),
        bulk_id: Some("Infobip SMS".into()),
        channel: "SMS".into(),
        recipient: Some("385911234567".into()),
        url: Some("https://shop.example/1".into()),
        clicked_at: Timestamp::from_millis(1_772_544_150_000),
        device_type: Some("Phone".into()),
        os: Some("iOS 12".into()),
        device_name: Some("Apple".into()),
        callback_data: Some("x".into()),
    }
}

#[test]
fn clicks_of_every_shape_say_the_same() {
    let at_top =
        CLICK.replace(r#""recipientInfo": {"#, "").replace(r#""deviceName": "Apple" }"#, r#""deviceName": "Apple""#);
    let moments = ["\"1772544150000\"", "1772544150000.0", "\"2026-03-03T14:22:30.000+0100\""];
    let moments = moments.map(|moment| CLICK.replace("1772544150000", moment));
    for entry in moments.iter().chain([&CLICK.to_owned(), &at_top]) {
        for body in [entry.clone(), format!("[{entry}]"), format!(r#"{{"results":[{entry}]}}"#)] {
            assert_eq!(
                clicks(Channel::Sms, NOW, body.as_bytes()),
                Ok(vec![Ok(HeardClick { click: clicked(), says_when: true })]),
                "{body}"
            );
        }
    }
}

#[test]
fn a_click_needs_its_message_and_without_a_moment_counts_from_its_arrival() {
    let body = r#"[{"messageId":"m","sendDateTime":0},{"sendDateTime":1},{"messageId":"m","sendDateTime":-1},
        {"messageId":"m","sendDateTime":"soon"},{"messageId":"m","recipientInfo":"phone"},"x"]"#;
    let read = clicks(Channel::Rcs, NOW, body.as_bytes()).unwrap();
    let sparse = |clicked_at, says_when| {
        let click = Click {
            notification_type: "CLICKED".into(),
            message_id: "m".into(),
            bulk_id: None,
            channel: "RCS".into(),
            recipient: None,
            url: None,
            clicked_at,
            device_type: None,
            os: None,
            device_name: None,
            callback_data: None,
        };
        Ok(HeardClick { click, says_when })
    };
    use Malformed::{MessageId, NotAnObject};
    let of_arrival = || sparse(NOW, false);
    let expected =
        [sparse(Timestamp::ZERO, true), Err(MessageId), of_arrival(), of_arrival(), of_arrival(), Err(NotAnObject)];
    assert_eq!(read, expected);
}

#[test]
fn a_repeat_of_a_click_without_a_moment_is_the_same_click() {
    let body = |device: &str| format!(r#"{{"messageId":"m","url":"https://a","deviceType":"{device}"}}"#);
    let heard = |now: u64, device: &str| {
        let mut clicks = clicks(Channel::Sms, Timestamp::from_secs(now), body(device).as_bytes()).unwrap();
        clicks.remove(0).unwrap().identity()
    };
    assert_eq!(heard(1, "Phone"), heard(2, "Phone"));
    assert_ne!(heard(1, "Phone"), heard(1, "Tablet"));
}
