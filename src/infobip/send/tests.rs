//! Requests of every channel, and answers.

mod any_content;
mod requests;

use serde_json::Value;

use super::*;
use crate::clock::Timestamp;
use crate::domain::message::{Content, QueuedMessage};
use crate::infobip::client::tests::{account, queued_with};

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

fn encoded_all(channel: Channel, messages: &[QueuedMessage]) -> Result<Value, EncodeError> {
    let account = account("https://x1.api.infobip.com");
    let request = SendRequest { account: &account, channel, messages, now: NOW };
    let body = (endpoint(channel).encode)(&request, &Webhooks::new("https://wp.example", channel, &account))?;
    Ok(serde_json::from_slice(&body)?)
}

fn encoded(channel: Channel, content: Content) -> Value {
    encoded_all(channel, &[queued_with(1, channel, content)]).unwrap()
}

#[test]
fn unified_and_legacy_answers_are_read() {
    let unified = r#"{"bulkId":"b","messages":[{"messageId":"m1","destination":"385911234567","details":{"messageCount":1},
        "status":{"groupId":1,"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED","description":"d","action":"a"}}]}"#;
    let legacy = unified.replace(r#""destination":"385911234567""#, r#""to":{"phoneNumber":"385911234567"}"#);
    for body in [unified, &legacy] {
        let answers = answers(body.as_bytes()).unwrap();
        assert_eq!(answers.len(), 1);
        assert_eq!((&*answers[0].message_id, answers[0].status.group_id, answers[0].status.id), ("m1", 1, 26));
    }
}

#[test]
fn an_entry_that_says_nothing_does_not_cost_the_others() {
    let body = r#"{"messages":[{"messageId":"m1"},{"status":{"groupId":1}},{"messageId":"m2","status":{"groupId":5,"id":"8"}}]}"#;
    let answers = answers(body.as_bytes()).unwrap();
    assert_eq!(answers.iter().map(|a| (&*a.message_id, a.status.id)).collect::<Vec<_>>(), [("m2", 8)]);
}

#[test]
fn what_is_no_answer_is_none() {
    for body in ["", "<html>", "{}", "[]", r#"{"messages":{}}"#] {
        assert_eq!(answers(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn the_answers_of_whatsapp_and_omni_are_read() {
    let whatsapp = r#"{"messages":[{"to":"385911234567","messageCount":1,"messageId":"m1",
        "status":{"groupId":1,"groupName":"PENDING","id":7,"name":"PENDING_ENROUTE","description":"Message sent to next instance"}}],"bulkId":"b"}"#;
    let omni = r#"{"bulkId":"b","messages":[{"to":{"phoneNumber":"385911234567","emailAddress":null},"messageId":"m1",
        "status":{"groupId":1,"groupName":"PENDING","id":7,"name":"PENDING_ENROUTE","description":"d"}}]}"#;
    for body in [whatsapp, omni] {
        let answers = answers(body.as_bytes()).unwrap();
        assert_eq!(answers.len(), 1);
        assert_eq!((&*answers[0].message_id, &*answers[0].status.name), ("m1", "PENDING_ENROUTE"));
    }
}
