//! The provider's log, asked for messages of which nobody knows whether they were sent (infobip.md 1.6; spec Q6b).
//!
//! It reaches back 48 hours and takes 120 requests a minute: the caller has the budget, this only packs the ids.

use std::str::FromStr as _;

use serde::Deserialize;
use serde_json::Value;

use super::client::{BODY_BYTES_MAX, InfobipClient};
use super::{problem, send, webhook};
use crate::clock::Timestamp;
use crate::dispatch::LookupFailure;
use crate::domain::channel::Channel;
use crate::domain::delivery::LogEntry;
use crate::domain::ids::MessageId;
use crate::domain::tenant::Account;
use crate::outbound;

/// Ids in one request: 43 bytes each keep the URL near 2 kB, which every proxy takes. `limit` is the same number, far
/// below Infobip's 1000 rows.
const IDS_MAX: usize = 50;

/// Rows are delivery reports in all but name: each family's log has the fields of its webhook, `destination` for `to`.
#[derive(Deserialize)]
struct WireLogs {
    #[serde(default)]
    results: Vec<Value>,
}

pub(super) async fn look_up(
    client: &InfobipClient,
    account: &Account,
    channel: Channel,
    ids: &[MessageId],
) -> Result<Vec<LogEntry>, LookupFailure> {
    let Some(path) = send::endpoint(channel).logs_path else {
        return Err(LookupFailure { problem: format!("{} has no log at Infobip", channel.name()) });
    };
    let mut found = Vec::with_capacity(ids.len());
    for asked in ids.chunks(IDS_MAX) {
        let ids = asked.iter().map(|id| format!("&messageId={id}")).collect::<String>();
        let target = format!("{path}?limit={}{ids}", asked.len());
        let request = client.get(account, &target).map_err(|error| LookupFailure { problem: error.to_string() })?;
        // Nothing here is retried by date, so the time of the call does not matter.
        let answer = outbound::exchange(request, BODY_BYTES_MAX, Timestamp::ZERO).await;
        let answer = answer.map_err(|error| LookupFailure { problem: error.to_string() })?;
        if answer.status != 200 {
            return Err(LookupFailure { problem: problem::of(answer.status, &answer.body) });
        }
        let wire: WireLogs = serde_json::from_slice(&answer.body)
            .map_err(|_| LookupFailure { problem: "the log's answer could not be read".into() })?;
        found.extend(
            wire.results
                .into_iter()
                .filter_map(|row| entry(channel, row))
                .filter(|entry| asked.contains(&entry.message_id)),
        );
    }
    Ok(found)
}

/// `None` for an entry that is about no message of ours.
fn entry(channel: Channel, row: Value) -> Option<LogEntry> {
    let report = webhook::log_row(channel, row)?;
    let message_id = MessageId::from_str(&report.message_id).ok()?;
    Some(LogEntry { message_id, report })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Gateway as _;
    use crate::domain::ids::QueueId;
    use crate::infobip::client::tests::{account, client};
    use crate::outbound::stub::{Reply, Stub};

    fn ids(count: u64) -> Vec<MessageId> {
        (0..count).map(|n| MessageId::new(QueueId(1), n, n)).collect()
    }

    #[tokio::test]
    async fn known_messages_are_found_and_foreign_ones_passed_over() {
        let ids = ids(2);
        let body = format!(
            r#"{{"results":[{{"messageId":"{}","to":"385911234567","sentAt":"2026-03-03T14:22:30.000+0100","status":{{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET"}}}},
               {{"messageId":"foreign","status":{{"groupId":3,"id":5}}}},{{"messageId":"{}"}}]}}"#,
            ids[0], ids[1]
        );
        let stub = Stub::start(vec![Reply::json(200, &body)]).await;
        let found = client().look_up(&account(&stub.origin()), Channel::Sms, &ids).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].message_id, found[0].report.status.group_id), (ids[0], 3));
        assert_eq!(found[0].report.sent_at, Timestamp::parse("2026-03-03T13:22:30Z"));
        let expected = format!("/sms/3/logs?limit=2&messageId={}&messageId={}", ids[0], ids[1]);
        assert_eq!(stub.requests()[0].target, expected);
    }

    #[tokio::test]
    async fn each_familys_rows_are_read_where_its_log_is() {
        let id = ids(1)[0];
        let status = r#""status":{"groupId":3,"groupName":"DELIVERED","id":5,"name":"DELIVERED_TO_HANDSET"}"#;
        let sent_at = r#""sentAt":"2026-03-03T14:22:30.000+0100""#;
        let unified = format!(
            r#"{{"sender":"ACME","destination":"385911234567","bulkId":"b","messageId":"{id}",{sent_at},"doneAt":"2026-03-03T14:22:35.000+0100",
               "messageCount":1,"price":{{"pricePerMessage":0.15}},{status},"error":{{"id":0}},"content":{{"text":"x","type":"TEXT"}}}}"#
        );
        let omni =
            format!(r#"{{"messageId":"{id}","to":{{"phoneNumber":"1"}},"from":"ACME","text":"x",{sent_at},{status}}}"#);
        for (channel, path, row) in [
            (Channel::Lms, "/sms/3/logs", &unified),
            (Channel::Mms, "/mms/2/logs", &unified),
            (Channel::Viber, "/viber/2/logs", &unified),
            (Channel::Rcs, "/rcs/2/logs", &unified),
            (Channel::KakaoAlim, "/kakao-alim/1/logs", &unified),
            (Channel::KakaoChingu, "/kakao-chingu/1/logs", &unified),
            (Channel::ViberOmni, "/omni/1/logs", &omni),
            (Channel::KakaoAlimOmni, "/omni/1/logs", &omni),
            (Channel::KakaoChinguOmni, "/omni/1/logs", &omni),
        ] {
            let stub = Stub::start(vec![Reply::json(200, &format!(r#"{{"results":[{row}]}}"#))]).await;
            let found = client().look_up(&account(&stub.origin()), channel, &[id]).await.unwrap();
            let found: Vec<_> =
                found.iter().map(|entry| (entry.message_id, entry.report.status.id, entry.report.sent_at)).collect();
            assert_eq!(found, [(id, 5, Timestamp::parse("2026-03-03T13:22:30Z"))], "{channel:?}");
            assert_eq!(stub.requests()[0].target, format!("{path}?limit=1&messageId={id}"));
        }
    }

    #[tokio::test]
    async fn a_row_tells_all_that_the_webhook_of_its_family_tells() {
        let id = ids(1)[0];
        let common = format!(
            r#""messageId":"{id}","bulkId":"b","sentAt":"2026-03-03T14:22:30.000+0100","doneAt":"2026-03-03T14:22:35.000+0100",
               "mccMnc":"21910","price":{{"pricePerMessage":0.15,"currency":"EUR"}},
               "status":{{"groupId":2,"groupName":"UNDELIVERABLE","id":9,"name":"UNDELIVERABLE_NOT_DELIVERED","description":"d"}},
               "error":{{"groupId":1,"groupName":"HANDSET_ERRORS","id":27,"name":"EC_ABSENT_SUBSCRIBER","description":"a","permanent":true}}"#
        );
        let unified = format!(
            r#"{{{common},"sender":"ACME","destination":"385911234567","messageCount":2,"content":{{"text":"x","type":"TEXT"}}}}"#
        );
        let legacy = format!(r#"{{{common},"from":"ACME","to":"385911234567","smsCount":2,"text":"x"}}"#);
        let omni =
            format!(r#"{{{common},"from":"ACME","to":{{"phoneNumber":"385911234567"}},"messageCount":2,"text":"x"}}"#);
        let webhook = format!(r#"{{{common},"sender":"ACME","to":"385911234567","messageCount":2}}"#);
        let expected = webhook::log_row(Channel::Sms, serde_json::from_str(&webhook).unwrap()).unwrap();
        assert_eq!((expected.message_count, expected.price_currency.as_deref()), (Some(2), Some("EUR")));
        assert!(expected.is_final && expected.done_at.is_some() && expected.error.is_some());
        for row in [unified, legacy, omni] {
            let stub = Stub::start(vec![Reply::json(200, &format!(r#"{{"results":[{row}]}}"#))]).await;
            let found = client().look_up(&account(&stub.origin()), Channel::Sms, &[id]).await.unwrap();
            assert_eq!(found, [LogEntry { message_id: id, report: expected.clone() }], "{row}");
        }
    }

    #[tokio::test]
    async fn a_channel_without_log_says_so() {
        for channel in Channel::all() {
            assert_eq!(send::endpoint(channel).logs_path.is_some(), channel.capability().has_log, "{channel:?}");
        }
        let failure = client().look_up(&account("http://127.0.0.1:1"), Channel::WhatsApp, &ids(1)).await.unwrap_err();
        assert_eq!(failure.problem, "WhatsApp has no log at Infobip");
    }

    #[tokio::test]
    async fn many_ids_take_several_requests_and_one_failure_fails_all() {
        let empty = || Reply::json(200, r#"{"results":[]}"#);
        let stub = Stub::start(vec![empty(), empty(), empty(), Reply::json(429, "")]).await;
        let account = account(&stub.origin());
        assert_eq!(client().look_up(&account, Channel::Sms, &ids(101)).await, Ok(Vec::new()));
        assert_eq!(stub.requests().len(), 3);
        assert!(client().look_up(&account, Channel::Sms, &ids(1)).await.is_err());
    }
}
