//! Bodies of every shape: delivery reports here, what else comes in files of their own.

mod inbound;
mod seen_and_clicks;

use super::entries::ENTRIES_MAX;
use super::*;
use crate::domain::report::{DeliveryReport, ErrorInfo, Origin, StatusInfo};
use proptest::prelude::*;

const UNIFIED: &str = r#"{ "results": [ {
      "bulkId": "Infobip SMS", "messageId": "0198f1f2", "to": "385911234567", "sender": "ACME",
      "sentAt": "2026-03-03T14:22:30.000+0100", "doneAt": "2026-03-03T14:22:35.000+0100",
      "messageCount": 2, "mccMnc": "21910", "price": { "pricePerMessage": 0.01, "currency": "EUR" },
      "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET", "description": "Message delivered to handset" },
      "error": { "groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "description": "No Error", "permanent": false },
      "callbackData": "x", "platform": { "entityId": "e", "applicationId": "a" }, "campaignReferenceId": "c" } ] }"#;

/// When it all comes.
const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

/// The delivery reports of a body that has no others.
fn delivery_reports(channel: Channel, body: &[u8]) -> Entries<DeliveryReport> {
    let delivery = |arrived| match arrived {
        Arrived::Delivery(report) => *report,
        Arrived::Seen(seen) => panic!("{seen:?}"),
    };
    Ok(reports(channel, NOW, body)?.into_iter().map(|entry| entry.map(delivery)).collect())
}

fn one(body: &str) -> Result<DeliveryReport, Malformed> {
    let mut reports = delivery_reports(Channel::Sms, body.as_bytes()).unwrap();
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

#[test]
fn the_unified_shape_is_read_whole() {
    let report = one(UNIFIED).unwrap();
    let at = |text| Timestamp::parse(text);
    let expected = DeliveryReport {
        origin: Origin::Infobip,
        is_final: true,
        done_at: at("2026-03-03T13:22:35Z"),
        sent_at: at("2026-03-03T13:22:30Z"),
        status: StatusInfo {
            group_id: 3,
            group_name: "DELIVERED".into(),
            id: 5,
            name: "DELIVERED_TO_HANDSET".into(),
            description: "Message delivered to handset".into(),
        },
        error: Some(ErrorInfo {
            group_id: Some(0),
            group_name: Some("OK".into()),
            id: Some(0),
            name: Some("NO_ERROR".into()),
            description: Some("No Error".into()),
            permanent: Some(false),
        }),
        message_id: "0198f1f2".into(),
        bulk_id: Some("Infobip SMS".into()),
        channel: String::new(),
        to: Some("385911234567".into()),
        sender: Some("ACME".into()),
        message_count: Some(2),
        price_per_message: Some("0.01".into()),
        price_currency: Some("EUR".into()),
        callback_data: Some("x".into()),
        mcc_mnc: Some("21910".into()),
    };
    assert_eq!(report, expected);
    let single = UNIFIED.trim_start_matches("{ \"results\": [ ").trim_end_matches(" ] }");
    assert_eq!(one(single).as_ref(), Ok(&report));
    assert_eq!(one(&format!("[{single}]")), Ok(report));
}

#[test]
fn the_legacy_shape_and_loose_types_are_read() {
    let legacy = UNIFIED
        .replace("\"sender\"", "\"from\"")
        .replace("\"messageCount\": 2", "\"smsCount\": \"2\"")
        .replace("\"21910\"", "21910")
        .replace("\"id\": 5", "\"id\": \"5\"")
        .replace("0.01", "\"0.010\"");
    let report = one(&legacy).unwrap();
    assert_eq!(report, DeliveryReport { price_per_message: Some("0.010".into()), ..one(UNIFIED).unwrap() });
}

#[test]
fn what_is_missing_is_none_and_what_is_unknown_is_kept() {
    let report = one(r#"{"results":[{"messageId":7,"status":{"groupId":77,"id":4711,"name":"NEW","groupName":"NOVEL"},
            "error":{},"bulkId":"","price":"none","mccMnc":"x","sentAt":"soon","to":["1"]}]}"#)
    .unwrap();
    assert_eq!((report.status.group_id, report.status.id, &*report.status.name), (77, 4711, "NEW"));
    assert!(!report.is_final);
    assert_eq!((report.error, report.bulk_id, report.to, report.mcc_mnc), (None, None, None, None));
    assert_eq!((report.price_per_message, report.sent_at, &*report.message_id), (None, None, "7"));
    assert_eq!(one(r#"[{"messageId":"m","status":{"groupName":"Delivered"}}]"#).unwrap().status.group_id, 3);
}

#[test]
fn a_status_without_a_group_is_of_the_one_that_its_name_begins_with() {
    let status =
        |fields: &str| one(&format!(r#"[{{"messageId":"m","status":{{{fields}}}}}]"#)).map(|report| report.status);
    let delivered = status(r#""id":5,"name":"DELIVERED_TO_HANDSET""#).unwrap();
    assert_eq!((delivered.group_id, &*delivered.group_name), (3, "DELIVERED"));
    let novel = status(r#""groupName":"NOVEL","name":"EXPIRED_SOMEHOW""#).unwrap();
    assert_eq!((novel.group_id, &*novel.group_name), (4, "NOVEL"));
    for unknown in ["", r#""name":"DELIVERED""#, r#""name":"NOVEL_NAME""#, r#""id":5"#] {
        assert_eq!(status(unknown), Err(Malformed::NoStatus), "{unknown}");
    }
}

#[test]
fn a_byte_order_mark_a_key_twice_and_huge_numbers_are_survived() {
    let entry = r#"{"messageId":"m","status":{"groupId":3}}"#;
    assert_eq!(one(&format!("\u{feff}[{entry}]")).unwrap().message_id, "m");
    assert_eq!(one(r#"[{"messageId":"a","messageId":"m","status":{"groupId":3}}]"#).unwrap().message_id, "m");
    for huge in ["1e400", "-1e400", "99999999999999999999999999", "1e308", "-0.0"] {
        let body = format!(
            r#"{{"results":[{entry},{{"messageId":"n","status":{{"groupId":3,"id":{huge}}},"messageCount":{huge},
               "price":{{"pricePerMessage":{huge}}},"doneAt":{huge}}}]}}"#
        );
        let reports = delivery_reports(Channel::Sms, body.as_bytes()).unwrap();
        assert_eq!(reports[0].as_ref().map(|report| &*report.message_id), Ok("m"), "{huge}");
        assert_eq!(reports.len(), 2);
    }
    for nothing in ["{\"results\":null}", "{\"results\":[]}", "[]"] {
        assert_eq!(delivery_reports(Channel::Sms, nothing.as_bytes()), Ok(Vec::new()), "{nothing}");
    }
}

#[test]
fn a_malformed_entry_does_not_cost_the_others() {
    let body = r#"{"results":[7, {"messageId":"a"}, {"status":{"groupId":3}}, {"messageId":"b","status":{"groupId":3}}, null]}"#;
    let reports = delivery_reports(Channel::Sms, body.as_bytes()).unwrap();
    let kinds = reports.into_iter().map(|report| report.map(|r| r.message_id)).collect::<Vec<_>>();
    use Malformed::{MessageId, NoStatus, NotAnObject};
    assert_eq!(kinds, [Err(NotAnObject), Err(NoStatus), Err(MessageId), Ok("b".into()), Err(NotAnObject)]);
}

#[test]
fn bodies_that_are_none_are_refused() {
    for body in ["", "<html>", "{"] {
        assert_eq!(delivery_reports(Channel::Sms, body.as_bytes()), Err(Malformed::NotJson), "{body}");
    }
    assert_eq!(delivery_reports(Channel::Sms, b"{\"results\":[]}"), Ok(Vec::new()));
    let many = format!("[{}1]", "1,".repeat(ENTRIES_MAX));
    assert_eq!(delivery_reports(Channel::Sms, many.as_bytes()), Err(Malformed::TooMany));
}

#[test]
fn prices_have_a_point_and_no_exponent() {
    let price = |text: &str| {
        let body = format!(r#"[{{"messageId":"m","status":{{"groupId":3}},"price":{{"pricePerMessage":{text}}}}}]"#);
        one(&body).unwrap().price_per_message
    };
    for (given, expected) in [("0", "0"), ("1e-7", "0.0000001"), ("\"1e-2\"", "0.01"), ("12.5", "12.5")] {
        assert_eq!(price(given).as_deref(), Some(expected), "{given}");
    }
    for given in ["1e300", "\"1,5\"", "\"NaN\"", "\"inf\"", "true", "null", "[]", "\"\""] {
        assert_eq!(price(given), None, "{given}");
    }
}

#[test]
fn long_texts_are_cut_between_characters() {
    let body = serde_json::json!([{"messageId": "m", "status": {"groupId": 3}, "sender": "é".repeat(300)}]);
    assert_eq!(one(&body.to_string()).unwrap().sender.unwrap().chars().count(), SHORT_CHARS_MAX);
    let body = serde_json::json!([{"messageId": "m".repeat(201), "status": {"groupId": 3}}]);
    assert_eq!(one(&body.to_string()), Err(Malformed::MessageId));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,10}".prop_map(Value::from),
        prop::sample::select(vec!["MO", "SEEN", "SMS", "VIBER", "TEXT", "BUTTON", "text/plain", "1772544150000"])
            .prop_map(Value::from),
    ];
    // What the readers look for comes up often enough to be read.
    let name = prop_oneof![
        "results|messageId|status|groupId|error|price|pricePerMessage|sentAt|mccMnc|to|from|sender",
        "seenAt|event|sendDateTime|recipientInfo|os|content|message|type|contentType|text|value|title|channel",
        "[a-z]{1,3}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..9).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

#[test]
fn what_cant_be_held_costs_neither_its_entry_nor_the_others() {
    let good = r#"{"messageId":"m1","status":{"groupId":3,"id":5}}"#;
    let surrogate =
        r#"{"messageId":"m2","callbackData":"cut \\ud83d","status":{"groupId":3,"id":5}}"#.replace("\\\\", "\\");
    let number = r#"{"messageId":"m3","price":{"pricePerMessage":1e999},"status":{"groupId":3,"id":5}}"#;
    for body in [format!(r#"{{"results":[{surrogate},{good},{number}]}}"#), format!("[{surrogate},{good},{number}]")] {
        let read = reports(Channel::Sms, NOW, body.as_bytes()).unwrap();
        let ids: Vec<_> = read.iter().flatten().map(|arrived| arrived.message_id()).collect();
        assert_eq!((read.len(), ids), (3, vec!["m2", "m1", "m3"]), "{body}");
    }
    let alone = reports(Channel::Sms, NOW, surrogate.as_bytes()).unwrap();
    assert_eq!(alone[0].as_ref().map(|arrived| arrived.message_id()), Ok("m2"));
    let mut bytes = format!(r#"{{"results":[{good},{{"messageId":"m?","status":{{"groupId":3}}}}]}}"#).into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[at] = 0xff;
    assert_eq!(reports(Channel::Sms, NOW, &bytes).unwrap().len(), 2);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body: Vec<u8>) {
        for read in [reports(Channel::Sms, NOW, &body).map(|r| r.len()), clicks(Channel::Sms, NOW, &body).map(|r| r.len()),
            inbound(Timestamp::ZERO, &body).map(|r| r.len())] {
            prop_assert!(read.is_err() || read.is_ok_and(|length| length <= ENTRIES_MAX));
        }
    }

    #[test]
    fn arbitrary_json_never_panics(body in any_json()) {
        let body = body.to_string();
        prop_assert!(reports(Channel::Sms, NOW, body.as_bytes()).is_ok());
        prop_assert!(clicks(Channel::Sms, NOW, body.as_bytes()).is_ok());
        prop_assert!(inbound(Timestamp::ZERO, body.as_bytes()).is_ok());
    }
}

#[track_caller]
fn check(channel: Channel, body: &str, expected: DeliveryReport) {
    assert_eq!(delivery_reports(channel, body.as_bytes()), Ok(vec![Ok(expected)]), "{body}");
}

#[test]
fn a_whatsapp_report_has_neither_sender_nor_callback_data() {
    let body = r#"{"results":[{"bulkId":"","price":{"pricePerMessage":0.02,"currency":"EUR"},
        "status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET","description":"d"},
        "error":{"groupId":0,"groupName":"Ok","id":0,"name":"NO_ERROR","description":"No Error","permanent":false},
        "messageId":"m1","sentAt":"2026-03-03T14:22:30.000+0100","doneAt":"2026-03-03T14:22:35.000+0100",
        "messageCount":1,"to":"385911234567","contact":{"name":"Ann","phoneNumber":"385911234567"}}]}"#;
    let expected = DeliveryReport {
        message_id: "m1".into(),
        channel: String::new(),
        bulk_id: None,
        sender: None,
        callback_data: None,
        mcc_mnc: None,
        message_count: Some(1),
        price_per_message: Some("0.02".into()),
        status: StatusInfo { description: "d".into(), ..one(UNIFIED).unwrap().status },
        error: one(UNIFIED).unwrap().error.map(|error| ErrorInfo { group_name: Some("Ok".into()), ..error }),
        ..one(UNIFIED).unwrap()
    };
    check(Channel::WhatsApp, body, expected);
}

#[test]
fn an_omni_report_names_its_recipient_plainly_or_in_an_object() {
    let body = r#"{"results":[{"bulkId":"b","messageId":"m1","to":"41793026731","messageCount":1,"channel":"VIBER",
        "sentAt":"2026-03-03T14:22:30.000+0100","doneAt":"2026-03-03T14:22:35.000+0100","callbackData":"x",
        "status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET","description":"d"}}]}"#;
    let expected = DeliveryReport {
        message_id: "m1".into(),
        bulk_id: Some("b".into()),
        // As the data extensions spell it.
        channel: "Viber".into(),
        to: Some("41793026731".into()),
        sender: None,
        error: None,
        mcc_mnc: None,
        message_count: Some(1),
        price_per_message: None,
        price_currency: None,
        status: StatusInfo { description: "d".into(), ..one(UNIFIED).unwrap().status },
        ..one(UNIFIED).unwrap()
    };
    check(Channel::ViberOmni, body, expected.clone());
    let wrapped = body.replace(r#""41793026731""#, r#"{"phoneNumber":"41793026731","emailAddress":null}"#);
    check(Channel::ViberOmni, &wrapped, expected);
    let without_number = body.replace(r#""41793026731""#, r#"{"emailAddress":"a@b.example"}"#);
    let reports = delivery_reports(Channel::ViberOmni, without_number.as_bytes()).unwrap();
    assert_eq!(reports[0].as_ref().map(|report| report.to.clone()), Ok(None));
}

#[test]
fn an_mms_report_may_have_neither_recipient_nor_error() {
    let body = r#"{"results":[{"bulkId":"b","messageId":"m1","sender":"385915550000","messageCount":3,"mccMnc":"22801",
        "price":{"pricePerMessage":1,"currency":"EUR"},
        "status":{"groupId":2,"groupName":"UNDELIVERABLE","id":4,"name":"UNDELIVERABLE_REJECTED_OPERATOR"}}]}"#;
    let reports = delivery_reports(Channel::Mms, body.as_bytes()).unwrap();
    let report = reports[0].as_ref().unwrap();
    assert_eq!((&*report.channel, report.is_final, report.message_count), ("", true, Some(3)));
    assert_eq!((&report.to, &report.error, report.price_per_message.as_deref()), (&None, &None, Some("1")));
}

#[test]
fn a_messages_api_event_is_read() {
    let body = r#"{"results":[{"event":"DELIVERY","channel":"RCS","sender":"Agent","destination":"385911234567",
        "sentAt":"2026-03-03T14:22:30.000+0100","doneAt":"2026-03-03T14:22:35.000+0100","bulkId":"b","messageId":"m1",
        "callbackData":"x","messageCount":1,"mccMnc":21910,"platform":{},"deviceDetails":{"a":[1]},
        "status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET","description":"d"}}]}"#;
    let reports = delivery_reports(Channel::Rcs, body.as_bytes()).unwrap();
    let report = reports[0].as_ref().unwrap();
    assert_eq!((report.to.as_deref(), report.sender.as_deref()), (Some("385911234567"), Some("Agent")));
    assert_eq!((report.mcc_mnc.as_deref(), report.callback_data.as_deref()), (Some("21910"), Some("x")));
}

#[test]
fn a_report_names_the_channel_that_its_message_took_instead() {
    let body =
        |channel: &str| format!(r#"{{"results":[{{"messageId":"m","channel":{channel},"status":{{"groupId":3}}}}]}}"#);
    for (own, named, expected) in [
        (Channel::Rcs, r#""SMS""#, "SMS"),
        (Channel::Rcs, r#""MMS""#, "MMS"),
        (Channel::Rcs, r#""RCS""#, ""),
        (Channel::ViberOmni, r#""VIBER_BM""#, "Viber"),
        (Channel::KakaoAlimOmni, r#""KAKAO_ALIM""#, "Kakao Alim"),
        (Channel::KakaoChinguOmni, r#""KAKAO_CHINGU""#, "KakaoChinguTalk"),
        (Channel::KakaoChinguOmni, r#""KAKAO""#, ""),
        (Channel::ViberOmni, r#""whatsapp""#, "WhatsApp"),
        // Infobip has no LMS.
        (Channel::Lms, r#""SMS""#, ""),
        (Channel::Rcs, r#"{"name":"SMS"}"#, ""),
        (Channel::Rcs, "null", ""),
    ] {
        let reports = delivery_reports(own, body(named).as_bytes()).unwrap();
        assert_eq!(reports[0].as_ref().unwrap().channel, expected, "{own:?} {named}");
    }
}
