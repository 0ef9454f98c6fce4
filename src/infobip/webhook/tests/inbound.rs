//! Inbound messages, by the format of each channel (infobip.md 9.5, 9.6).

use super::*;
use crate::domain::inbound::{InboundChannel, InboundMessage};
use crate::domain::tenant::ReplyPolicy;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
/// As ids of our messages are.
const OURS: &str = "00000003000000000001000000000abc";

const MESSAGES_API: &str = r#"{ "results": [ {
  "event": "MO", "channel": "SMS", "sender": "385911234567", "destination": "385915550000",
  "content": [ { "type": "TEXT", "text": "YES please", "cleanText": "please", "keyword": "YES" } ],
  "receivedAt": "2026-03-03T15:00:00.000+0000", "messageId": "mo-1", "pairedMessageId": "0198f1f2",
  "callbackData": "x", "messageCount": 1, "platform": { "entityId": "e", "applicationId": "a" },
  "campaignReferenceId": "c", "metadata": { "correlationData": "k" } } ] }"#;

fn message() -> InboundMessage {
    InboundMessage {
        message_id: "mo-1".into(),
        channel: InboundChannel::Sms,
        sender: "385911234567".into(),
        destination: "385915550000".into(),
        content_type: "TEXT".into(),
        text: "YES please".into(),
        clean_text: Some("please".into()),
        keyword: Some("YES".into()),
        received_at: Timestamp::parse("2026-03-03T15:00:00Z").unwrap(),
        message_count: Some(1),
        paired_message_id: Some("0198f1f2".into()),
        callback_data: Some("x".into()),
        entity_id: Some("e".into()),
        application_id: Some("a".into()),
        campaign_reference_id: Some("c".into()),
    }
}

/// The one entry of a body.
#[track_caller]
fn heard(body: &str) -> Option<HeardInbound> {
    let mut entries = super::super::inbound(NOW, body.as_bytes()).unwrap();
    assert_eq!(entries.len(), 1, "{body}");
    entries.remove(0).unwrap()
}

/// The reply that it is to a business unit that takes no buttons.
#[track_caller]
fn reply(body: &str) -> Option<InboundMessage> {
    heard(body)?.reply(&ReplyPolicy::default())
}

/// A message of the Messages API with this channel and content.
fn with_content(channel: &str, content: &str) -> String {
    format!(
        r#"[{{"event":"MO","channel":"{channel}","sender":"385911234567","destination":"385915550000",
        "receivedAt":"2026-03-03T15:00:00Z","messageId":"mo-1","messageCount":1,"content":{content}}}]"#
    )
}

#[test]
fn the_messages_apis_format_is_read_whole() {
    assert_eq!(reply(MESSAGES_API), Some(message()));
    for (name, channel) in [
        ("SMS", InboundChannel::Sms),
        ("MMS", InboundChannel::Mms),
        ("RCS", InboundChannel::Rcs),
        ("WHATSAPP", InboundChannel::WhatsApp),
        ("VIBER_BM", InboundChannel::Viber),
        ("VIBER_BOT", InboundChannel::Viber),
    ] {
        let body = MESSAGES_API.replace("\"SMS\"", &format!("{name:?}"));
        assert_eq!(reply(&body), Some(InboundMessage { channel, ..message() }), "{name}");
    }
}

#[test]
fn what_is_no_message_of_a_channel_with_replies_is_passed_over() {
    for event in ["TYPING_STARTED", "TYPING_STOPPED", "NOVEL"] {
        assert_eq!(heard(&MESSAGES_API.replace("\"MO\"", &format!("{event:?}"))), None, "{event}");
    }
    for channel in ["APPLE_MB", "INSTAGRAM_DM", "MESSENGER"] {
        assert_eq!(heard(&MESSAGES_API.replace("\"SMS\"", &format!("{channel:?}"))), None, "{channel}");
    }
}

#[test]
fn text_parts_are_lines_and_a_subject_stands_in_for_them() {
    let text = |content: &str| {
        let message = reply(&with_content("MMS", content))?;
        Some((message.content_type, message.text))
    };
    let is = |kind: &str, text: &str| Some((kind.to_owned(), text.to_owned()));
    let picture = r#"[{"type":"SUBJECT","text":"Re:"},{"type":"IMAGE","url":"https://a.example/1","text":"caption"},
        {"type":"TEXT","text":"one"},{"type":"TEXT","text":"two","keyword":"TWO"},7,{"type":"TEXT","text":" "}]"#;
    assert_eq!(text(picture), is("SUBJECT", "one\ntwo"));
    assert_eq!(reply(&with_content("MMS", picture)).unwrap().keyword.as_deref(), Some("TWO"));
    let subject = r#"[{"type":"SUBJECT","text":"YES"},{"type":"IMAGE","url":"https://a.example/1"}]"#;
    assert_eq!(text(subject), is("SUBJECT", "YES"));
    for none in [
        r#"[{"type":"IMAGE","url":"https://a.example/1","text":"caption"}]"#,
        r#"[{"type":"LOCATION","latitude":1,"longitude":2}]"#,
        r#"[{"type":"REACTION","emoji":"x","action":"SENT"}]"#,
        r#"[{"type":"TEXT"}]"#,
        r#"[{"type":"TEXT","text":"  "}]"#,
        "[]",
        "7",
    ] {
        assert_eq!(text(none), None, "{none}");
    }
}

#[test]
fn buttons_are_replies_where_the_business_unit_takes_them() {
    let takes_buttons = ReplyPolicy { takes_buttons: true, ..ReplyPolicy::default() };
    let own = |from: &str, integration: &str, message: &str| {
        format!(
            r#"{{"results":[{{"{from}":"385911234567","to":"385915550000","integrationType":"{integration}",
            "receivedAt":"2026-03-03T15:00:00Z","messageId":"mo-1","message":{message}}}]}}"#
        )
    };
    let button = r#"{"type":"BUTTON","text":"Yes","payload":"p"}"#;
    let interactive = r#"{"type":"INTERACTIVE_BUTTON_REPLY","id":"1","title":"Yes"}"#;
    let list = r#"{"type":"INTERACTIVE_LIST_REPLY","id":"1","title":"Yes","description":"d"}"#;
    let suggestion = r#"{"type":"SUGGESTION","text":"Yes","postbackData":"p"}"#;
    for (body, kind) in [
        (with_content("WHATSAPP", r#"[{"type":"BUTTON_REPLY","text":"Yes","payload":"p","id":"1"}]"#), "BUTTON_REPLY"),
        (with_content("WHATSAPP", r#"[{"type":"LIST_REPLY","text":"Yes","id":"1"}]"#), "LIST_REPLY"),
        (own("from", "WHATSAPP", button), "BUTTON"),
        (own("from", "WHATSAPP", interactive), "INTERACTIVE_BUTTON_REPLY"),
        (own("from", "WHATSAPP", list), "INTERACTIVE_LIST_REPLY"),
        (own("sender", "RCS", suggestion), "SUGGESTION"),
    ] {
        assert_eq!(reply(&body), None, "{kind}");
        let taken = heard(&body).unwrap().reply(&takes_buttons).unwrap();
        assert_eq!((&*taken.content_type, &*taken.text), (kind, "Yes"));
        assert!(taken.is_reply(&takes_buttons) && !taken.is_reply(&ReplyPolicy::default()));
        assert_eq!(heard(&body).unwrap().possible_reply(), Some(taken));
    }
    assert!(message().is_reply(&ReplyPolicy::default()));
}

#[test]
fn each_channels_own_format_is_read() {
    let sms = r#"{"results":[{"messageId":"mo-1","from":"385911234567","to":"385915550000","text":"YES please",
        "cleanText":"please","keyword":"YES","receivedAt":"2026-03-03T15:00:00.000+0000","smsCount":1,
        "price":{"pricePerMessage":0,"currency":"EUR"},"callbackData":"x","applicationId":"a","entityId":"e",
        "campaignReferenceId":"c"}],"messageCount":1,"pendingMessageCount":0}"#;
    assert_eq!(reply(sms), Some(InboundMessage { paired_message_id: None, ..message() }));

    let mms = r#"{"results":[{"from":"385911234567","to":"385915550000","receivedAt":"2026-03-03T15:00:00.000+0000",
        "messageId":"mo-1","pairedMessageId":"0198f1f2","callbackData":"x","userAgent":"u","group":[],
        "message":[{"contentType":"application/smil","value":"<smil/>"},
        {"contentType":"text/plain; charset=utf-8","value":"YES please"},
        {"contentType":"image/jpeg","url":"https://a.example/1"}],"price":{}}]}"#;
    let from_mms = InboundMessage {
        channel: InboundChannel::Mms,
        content_type: "FILE".into(),
        clean_text: None,
        keyword: None,
        message_count: None,
        entity_id: None,
        application_id: None,
        campaign_reference_id: None,
        ..message()
    };
    assert_eq!(reply(mms), Some(from_mms.clone()));

    let whatsapp = format!(
        r#"{{"results":[{{"from":"385911234567","to":"385915550000","integrationType":"WHATSAPP",
        "receivedAt":"2026-03-03T15:00:00.000+0000","keyword":"YES","messageId":"mo-1","pairedMessageId":null,
        "callbackData":"x","message":{{"type":"TEXT","text":"YES please","context":{{"id":"{OURS}","from":"1"}}}},
        "price":{{}},"contact":{{"name":"Ann"}},"identity":null}}]}}"#
    );
    let from_whatsapp = InboundMessage {
        channel: InboundChannel::WhatsApp,
        content_type: "TEXT".into(),
        keyword: Some("YES".into()),
        paired_message_id: Some(OURS.into()),
        ..from_mms
    };
    assert_eq!(reply(&whatsapp), Some(from_whatsapp.clone()));
    let of_another = InboundMessage { paired_message_id: None, ..from_whatsapp.clone() };
    assert_eq!(reply(&whatsapp.replace(OURS, "wamid.HBgM")), Some(of_another));

    let viber = format!(
        r#"{{"results":[{{"sender":"385911234567","to":"385915550000","integrationType":"VIBER",
        "receivedAt":"2026-03-03T15:00:00.000+0000","keyword":"YES","messageId":"mo-1","callbackData":"x",
        "message":{{"type":"TEXT","text":"YES please","trackingData":"{OURS}"}},"price":{{}}}}]}}"#
    );
    let from_viber = InboundMessage { channel: InboundChannel::Viber, ..from_whatsapp };
    assert_eq!(reply(&viber), Some(from_viber.clone()));
    let paired = viber.replace("\"callbackData\"", "\"pairedMessageId\":\"0198f1f2\",\"callbackData\"");
    let by_its_own_word = InboundMessage { paired_message_id: Some("0198f1f2".into()), ..from_viber.clone() };
    assert_eq!(reply(&paired), Some(by_its_own_word));
    let text = r#""type":"TEXT","text":"YES please""#;
    let file = r#""type":"FILE","url":"https://a.example/1","fileName":"f""#;
    assert_eq!(reply(&viber.replace(text, file)), None);

    let bot = r#"{"from":"385911234567","to":"385915550000","messageId":"mo-1","keyword":"YES","callbackData":"x",
        "receivedAt":"2026-03-03T15:00:00.000+0000","message":{"text":"YES please"}}"#;
    assert_eq!(reply(bot), Some(InboundMessage { paired_message_id: None, ..from_viber.clone() }));

    let rcs = r#"{"results":[{"sender":"385911234567","to":"385915550000","integrationType":"RCS","keyword":"YES",
        "receivedAt":"2026-03-03T15:00:00.000+0000","messageId":"mo-1","message":{"type":"TEXT","text":"YES please"},
        "interactionType":"CONVERSATIONAL","rcsCount":2,"conversation":{"id":"1"},"callbackData":"x",
        "platform":{"entityId":"e"}}]}"#;
    let from_rcs = InboundMessage {
        channel: InboundChannel::Rcs,
        message_count: Some(2),
        paired_message_id: None,
        entity_id: Some("e".into()),
        ..from_viber
    };
    assert_eq!(reply(rcs), Some(from_rcs));
}

#[test]
fn a_malformed_entry_does_not_cost_the_others() {
    let body = r#"[7,{"from":"1","text":"a"},{"messageId":"m","text":"a"},{"messageId":"m","from":"1"},
        {"messageId":"m","from":"1","text":"a"},
        {"channel":"SMS","messageId":"m","from":{"x":1},"content":[{"type":"TEXT","text":"a"}]}]"#;
    let read = super::super::inbound(NOW, body.as_bytes()).unwrap();
    let kinds = read.into_iter().map(|entry| entry.map(|heard| heard.map(|heard| heard.message.received_at)));
    use Malformed::{MessageId, NoChannel, NoSender, NotAnObject};
    let expected = [
        Err(NotAnObject),
        Err(MessageId),
        Err(NoSender),
        Err(NoChannel),
        // Without a moment of its own it is taken to have come just now.
        Ok(Some(NOW)),
        Err(NoSender),
    ];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_kept_has_a_length() {
    for (letter, chars) in [("a", 4_000), ("字", 4_000), ("😀", 3_000)] {
        let long = letter.repeat(4_100);
        let entry = serde_json::json!({
            "messageId": "m", "from": "1", "text": long, "cleanText": long, "callbackData": long,
        });
        let message = reply(&entry.to_string()).unwrap();
        for kept in [message.text, message.clean_text.unwrap(), message.callback_data.unwrap()] {
            assert_eq!((kept.chars().count(), kept.replace(letter, "")), (chars, String::new()));
        }
    }
    let parts = vec![serde_json::json!({"type": "TEXT", "text": "a"}); 60];
    let body = with_content("MMS", &Value::from(parts).to_string());
    assert_eq!(reply(&body).unwrap().text.lines().count(), 50);
}
