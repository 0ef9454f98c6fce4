//! `POST /sms/3/messages` (infobip.md 2.1).

use serde::Serialize;

use super::unified::{self, Part, WireRegional};
use super::{EncodeError, Endpoint, Webhooks};
use crate::dispatch::SendRequest;
use crate::domain::message::Content;

pub(super) const ENDPOINT: Endpoint = Endpoint { path: "/sms/3/messages", logs_path: Some("/sms/3/logs"), encode };

#[derive(Serialize)]
pub(super) struct WireContent<'a> {
    pub(super) text: &'a str,
}

fn encode(request: &SendRequest<'_>, webhooks: &Webhooks<'_>) -> Result<Vec<u8>, EncodeError> {
    unified::encode(request, webhooks, |queued| {
        let Content::Sms(content) = &queued.message.content else { return None };
        let regional = content.india_dlt.as_ref().map(WireRegional::from);
        Some(Part { regional, ..Part::new(WireContent { text: &content.text }) })
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Timestamp;
    use crate::domain::channel::Channel;
    use crate::domain::message::sms::IndiaDlt;
    use crate::domain::message::{LinkTracking, QueuedMessage};
    use crate::infobip::client::tests::{account, queued};
    use proptest::prelude::*;
    use serde_json::Value;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn encoded(messages: &[QueuedMessage]) -> Value {
        let account = account("https://x1.api.infobip.com");
        let request = SendRequest { account: &account, channel: Channel::Sms, messages, now: NOW };
        let webhooks = Webhooks::new("https://wp.example", Channel::Sms, &account);
        serde_json::from_slice(&encode(&request, &webhooks).unwrap()).unwrap()
    }

    #[test]
    fn a_plain_sms() {
        insta::assert_json_snapshot!(encoded(&[queued(1, "Hello {{name}}, https://shop.example/a?b=1")]));
    }

    #[test]
    fn a_bulk_with_everything() {
        let mut first = queued(1, "नमस्ते");
        let Content::Sms(content) = &mut first.message.content else { panic!("an SMS") };
        content.india_dlt = Some(IndiaDlt {
            principal_entity_id: "1234567890123456789".into(),
            content_template_id: Some("9876543210987654321".into()),
        });
        first.message.options.tracking = Some(LinkTracking {
            track_clicks: true,
            custom_domain: Some("go.example.com".into()),
            remove_protocol: true,
        });
        first.message.validity_minutes = 120;
        first.progress.first_attempt_at = Some(NOW.minus(Duration::from_secs(600)));
        let mut second = queued(2, "Second");
        second.message.options = first.message.options.clone();
        insta::assert_json_snapshot!(encoded(&[first, second]));
    }

    #[test]
    fn an_account_without_webhook_token_asks_for_no_report() {
        let account = crate::domain::tenant::Account { webhook_tokens: Vec::new(), ..account("https://x") };
        let messages = [queued(1, "x")];
        let request = SendRequest { account: &account, channel: Channel::Sms, messages: &messages, now: NOW };
        let body = encode(&request, &Webhooks::new("https://wp.example", Channel::Sms, &account)).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["messages"][0]["webhooks"].get("delivery"), None);
    }

    proptest! {
        #[test]
        fn any_text_arrives_unchanged(text in any::<String>(), callback in any::<String>(), bulk in any::<String>()) {
            let mut message = queued(7, &text);
            message.message.callback_data = callback.clone();
            message.message.options.bulk_id = bulk.clone();
            let body = encoded(&[message]);
            prop_assert_eq!(&body["messages"][0]["content"]["text"], &Value::from(text));
            prop_assert_eq!(&body["messages"][0]["webhooks"]["callbackData"], &Value::from(callback));
            prop_assert_eq!(&body["options"]["schedule"]["bulkId"], &Value::from(bulk));
        }
    }
}
