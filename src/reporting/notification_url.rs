//! Posts reports to the customer's own URL, in Infobip's own form, which existing cloud pages read (spec R2).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Posting, ReportPost, RowSinkError};
use crate::clock::{Clock, Timestamp};
use crate::domain::click::Click;
use crate::domain::inbound::{InboundChannel, InboundRow};
use crate::domain::report::{DeliveryReport, SeenReport};
use crate::domain::secret::Secret;
use crate::outbound::{self, ClientSetup};

/// A page that stores rows may take its time.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// More than this of an answer is not even read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// `sha256=` and the signature in hexadecimal digits.
const SIGNATURE_HEADER: &str = "X-Waypost-Signature";
/// When it was signed, in seconds since 1970.
const TIMESTAMP_HEADER: &str = "X-Waypost-Timestamp";

/// See the module's documentation.
pub(crate) struct NotificationUrls {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
}

impl NotificationUrls {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Result<Self, ClientSetup> {
        Ok(Self { http: outbound::client(TOTAL_TIMEOUT)?, clock })
    }

    async fn send(&self, url: &str, signing_key: Option<&Secret>, body: Value) -> Result<(), RowSinkError> {
        let mut secrets = Vec::new();
        collect_texts("", &body, &mut secrets);
        let body = body.to_string();
        let mut request = self.http.post(url).header("Content-Type", "application/json");
        if let Some(key) = signing_key {
            let at = self.clock.now().as_secs().to_string();
            request = request.header(SIGNATURE_HEADER, signature(key, &at, &body)).header(TIMESTAMP_HEADER, at);
        }
        let answer = outbound::exchange(request.body(body), ANSWER_BYTES_MAX, self.clock.now()).await;
        match answer {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) if refuses_content(answer.status) => {
                let said = String::from_utf8_lossy(&answer.body);
                let said = outbound::masked_words(&said, secrets.iter().map(String::as_str));
                let of = if said.is_empty() { String::new() } else { format!(": {said}") };
                Err(RowSinkError::SomeRefused {
                    problem: format!("the notification URL answered {}{of}", answer.status),
                })
            }
            Ok(answer) => Err(RowSinkError::Later {
                retry_after: answer.retry_after,
                problem: format!("the notification URL answered {}", answer.status),
            }),
            Err(error) => Err(RowSinkError::Later {
                retry_after: None,
                problem: format!("the notification URL could not be called: {error}"),
            }),
        }
    }
}

impl ReportPost for NotificationUrls {
    fn post<'a>(
        &'a self,
        url: &'a str,
        signing_key: Option<&'a Secret>,
        posting: Posting<'a>,
    ) -> BoxFuture<'a, Result<(), RowSinkError>> {
        Box::pin(self.send(url, signing_key, body(&posting)))
    }
}

/// Whether an answer says that the page does not take what was posted, rather than that it takes nothing now. The one
/// place where this is decided:
///
/// * 401, 403, 404, 405, 407, 410, 421, 426, 451 and redirects are about the URL or its key: whatever is posted there would
///   end the same way, until somebody repairs it.
/// * 408, 423, 425, 429, 5xx, and no answer at all pass by themselves.
/// * Every other 4xx (400, 409, 413, 422 …) is about the content: the same post would be refused for ever, so its guilty
///   results are looked for. A page that answers so to everything is found out (`forwarder/isolation.rs`).
const fn refuses_content(status: u16) -> bool {
    matches!(status, 400..=499)
        && !matches!(status, 401 | 403 | 404 | 405 | 407 | 408 | 410 | 421 | 423 | 425 | 426 | 429 | 451)
}

/// Fields whose texts name nobody and may stand in a page's words.
const HARMLESS: [&str; 12] = [
    "messageId",
    "bulkId",
    "sentAt",
    "doneAt",
    "seenAt",
    "receivedAt",
    "name",
    "groupName",
    "description",
    "channel",
    "event",
    "type",
];

/// What in a body may be about a person.
fn collect_texts(field: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if !HARMLESS.contains(&field) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect_texts(field, value, found)),
        Value::Object(fields) => fields.iter().for_each(|(field, value)| collect_texts(field, value, found)),
        _ => {}
    }
}

/// The HMAC over timestamp, point and body: who repeats an old post with a new timestamp can't sign it.
fn signature(key: &Secret, timestamp: &str, body: &str) -> String {
    let mut mac = match Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()) {
        Ok(mac) => mac,
        // HMAC takes keys of any length.
        Err(_) => return String::new(),
    };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

fn body(posting: &Posting<'_>) -> Value {
    let results = |entries: Vec<Value>| json!({ "results": entries });
    match posting {
        Posting::Deliveries(reports) => results(reports.iter().map(|report| delivery(report)).collect()),
        Posting::Seen(reports) => results(reports.iter().map(|report| seen(report)).collect()),
        Posting::Click(report) => click(report),
        Posting::Inbound(rows) => results(rows.iter().map(inbound).collect()),
    }
}

fn moment(at: Timestamp) -> String {
    at.to_iso_millis()
}

/// Leaves out what is not known, as Infobip does.
fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

/// A message over OMNI failover has a scenario instead of a sender; an empty text is none.
fn said(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

/// One entry of `results`, as in Infobip's unified delivery report (infobip.md 9.1).
fn delivery(report: &DeliveryReport) -> Value {
    let price = report.price_per_message.as_deref().and_then(|price| price.parse::<serde_json::Number>().ok());
    let error = report.error.as_ref().map(|error| {
        json!({
            "groupId": error.group_id, "groupName": error.group_name, "id": error.id, "name": error.name,
            "description": error.description, "permanent": error.permanent,
        })
    });
    without_nulls(json!({
        "bulkId": report.bulk_id, "messageId": report.message_id, "to": report.to, "sender": said(report.sender.as_ref()),
        "sentAt": report.sent_at.map(moment), "doneAt": report.done_at.map(moment),
        "messageCount": report.message_count, "mccMnc": report.mcc_mnc, "channel": report.channel,
        "price": price.map(|price| json!({ "pricePerMessage": price, "currency": report.price_currency })),
        "status": {
            "groupId": report.status.group_id, "groupName": report.status.group_name, "id": report.status.id,
            "name": report.status.name, "description": report.status.description,
        },
        "error": error.map(without_nulls), "callbackData": report.callback_data,
    }))
}

/// One entry of a seen report's `results`, with the sides as Infobip has them: `from` is the person (infobip.md 9.3).
fn seen(report: &SeenReport) -> Value {
    without_nulls(json!({
        "messageId": report.message_id, "from": report.recipient, "to": said(report.sender.as_ref()),
        "sentAt": report.sent_at.map(moment), "seenAt": moment(report.seen_at),
    }))
}

/// A click, an object of its own (infobip.md 9.4). Infobip's has no channel: its URL says it.
fn click(click: &Click) -> Value {
    let info = json!({ "deviceType": click.device_type, "os": click.os, "deviceName": click.device_name });
    without_nulls(json!({
        "notificationType": click.notification_type, "recipient": click.recipient, "url": click.url,
        "sendDateTime": click.clicked_at.as_millis(), "messageId": click.message_id, "bulkId": click.bulk_id,
        "callbackData": click.callback_data, "recipientInfo": without_nulls(info), "channel": click.channel,
    }))
}

/// One entry of `results`, as in `MO_MESSAGES_API_JSON` (infobip.md 9.5), with the message that it was paired with.
fn inbound(row: &InboundRow) -> Value {
    let InboundRow { inbound, pairing } = row;
    let channel = match inbound.channel {
        InboundChannel::Sms => "SMS",
        InboundChannel::Mms => "MMS",
        InboundChannel::WhatsApp => "WHATSAPP",
        InboundChannel::Viber => "VIBER_BM",
        InboundChannel::Rcs => "RCS",
    };
    let content = json!({
        "type": inbound.content_type, "text": inbound.text, "cleanText": inbound.clean_text,
        "keyword": inbound.keyword,
    });
    let paired = pairing.as_ref().map(|pairing| pairing.message_id.to_string());
    let their_data = || pairing.as_ref().map(|pairing| pairing.callback_data.clone());
    let has_platform = inbound.entity_id.is_some() || inbound.application_id.is_some();
    let platform = has_platform
        .then(|| without_nulls(json!({ "entityId": inbound.entity_id, "applicationId": inbound.application_id })));
    without_nulls(json!({
        "event": "MO", "channel": channel, "sender": inbound.sender, "destination": inbound.destination,
        "content": [without_nulls(content)], "receivedAt": moment(inbound.received_at),
        "messageId": inbound.message_id, "pairedMessageId": paired.or_else(|| inbound.paired_message_id.clone()),
        "callbackData": inbound.callback_data.clone().or_else(their_data),
        // Required there.
        "messageCount": inbound.message_count.unwrap_or(1),
        "platform": platform, "campaignReferenceId": inbound.campaign_reference_id,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_hmac_of_timestamp_point_and_body() {
        // By `printf '1790000000.{"results":[]}' | openssl dgst -sha256 -hmac key`.
        let expected = "sha256=7cff17e60e67646f8913d0a1e175f5aff1dc062960eec2ae6e72ec2410703bcc";
        assert_eq!(signature(&Secret::new("key"), "1790000000", r#"{"results":[]}"#), expected);
    }

    #[tokio::test]
    async fn a_pages_words_hold_nothing_that_it_was_posted_in_whatever_form() {
        use crate::clock::SystemClock;
        use crate::outbound::stub::{Reply, Stub};
        rustls::crypto::ring::default_provider().install_default().ok();
        let clicked = json!({ "text": "my \"real\" name" });
        let said = format!("can't store {clicked}");
        let stub = Stub::start(vec![Reply::json(400, &said)]).await;
        let urls = NotificationUrls::new(Arc::new(SystemClock::new())).unwrap();
        let refused = urls.send(&stub.origin(), None, clicked).await;
        let Err(RowSinkError::SomeRefused { problem }) = refused else { panic!("{refused:?}") };
        assert!(problem.ends_with(r#"can't store {"text":"…"}"#), "{problem}");
    }

    #[test]
    fn a_scenario_is_no_sender() {
        let mut seen = SeenReport {
            seen_at: Timestamp::from_secs(1),
            sent_at: None,
            message_id: "m".into(),
            recipient: None,
            sender: Some(String::new()),
        };
        let mut report = DeliveryReport::standing_in(&seen, "Kakao Alim", crate::domain::report::pending_accepted());
        assert_eq!(delivery(&report).get("sender"), None);
        assert_eq!(super::seen(&seen).get("to"), None);
        report.sender = Some("ACME".into());
        seen.sender = Some("ACME".into());
        assert_eq!(delivery(&report)["sender"], "ACME");
        assert_eq!(super::seen(&seen)["to"], "ACME");
    }

    #[test]
    fn each_kind_has_infobips_own_body() {
        let at = Timestamp::from_millis(1_772_544_150_250);
        let seen = SeenReport {
            seen_at: at,
            sent_at: None,
            message_id: "m".into(),
            recipient: Some("385911234567".into()),
            sender: Some("ACME".into()),
        };
        assert_eq!(
            body(&Posting::Seen(vec![&seen])),
            json!({ "results": [{ "messageId": "m", "from": "385911234567", "to": "ACME",
                "seenAt": "2026-03-03T13:22:30.250Z" }] })
        );
        let clicked = Click {
            notification_type: "CLICKED".into(),
            message_id: "m".into(),
            bulk_id: None,
            channel: "SMS".into(),
            recipient: Some("385911234567".into()),
            url: Some("https://shop.example/1".into()),
            clicked_at: at,
            device_type: Some("Phone".into()),
            os: None,
            device_name: None,
            callback_data: Some("x".into()),
        };
        assert_eq!(
            body(&Posting::Click(&clicked)),
            json!({ "notificationType": "CLICKED", "recipient": "385911234567", "url": "https://shop.example/1",
                "sendDateTime": 1_772_544_150_250_u64, "messageId": "m", "callbackData": "x",
                "recipientInfo": { "deviceType": "Phone" }, "channel": "SMS" })
        );
        let message = crate::domain::inbound::InboundMessage {
            message_id: "mo-1".into(),
            channel: InboundChannel::Viber,
            sender: "385911234567".into(),
            destination: "ACME".into(),
            content_type: "TEXT".into(),
            text: "YES please".into(),
            clean_text: Some("please".into()),
            keyword: Some("YES".into()),
            received_at: at,
            message_count: None,
            paired_message_id: Some("theirs".into()),
            callback_data: None,
            entity_id: Some("e".into()),
            application_id: None,
            campaign_reference_id: Some("c".into()),
        };
        assert_eq!(
            body(&Posting::Inbound(vec![InboundRow { inbound: message, pairing: None }])),
            json!({ "results": [{ "event": "MO", "channel": "VIBER_BM", "sender": "385911234567",
                "destination": "ACME", "content": [{ "type": "TEXT", "text": "YES please", "cleanText": "please",
                "keyword": "YES" }], "receivedAt": "2026-03-03T13:22:30.250Z", "messageId": "mo-1",
                "pairedMessageId": "theirs", "messageCount": 1, "platform": { "entityId": "e" },
                "campaignReferenceId": "c" }] })
        );
    }
}
