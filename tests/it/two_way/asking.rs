//! The reports activity's kinds (spec R4): what decision splits compare, to the letter.

use super::*;
use crate::support::{Answered, TenantFile};

struct Asking {
    two_way: TwoWay,
    activities: [(&'static str, Activity); 3],
}

async fn asking(unit: TenantFile) -> Asking {
    let two_way = two_way(unit).await;
    let mid = two_way.app.tenant.mid;
    let of =
        async |kind: &'static str| (kind, two_way.app.new_activity_of(mid, "reports", &[("reportKind", kind)]).await);
    let activities = [of("DELIVERY").await, of("CLICK").await, of("REPLY").await];
    Asking { two_way, activities }
}

impl Asking {
    async fn ask(&self, kind: &str, message_id: &str) -> Answered {
        let activity = &self.activities.iter().find(|(own, _)| *own == kind).unwrap().1;
        let call = self.two_way.app.call_of(activity, "C-1").set("messageId", message_id);
        let answer = self.two_way.app.execute(&call).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    /// All out-arguments: those named, and the others empty.
    async fn expect(&self, kind: &str, message_id: &str, expected: &[(&str, &str)]) {
        let answer = self.ask(kind, message_id).await.json();
        let given: BTreeMap<_, _> =
            answer.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        assert_eq!(given.len(), 12);
        let given: BTreeMap<_, _> = given.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        assert_eq!(given, expected.iter().copied().collect(), "{kind}");
    }

    async fn bring(&self, kind: &str, body: &Value) {
        let url = self.two_way.inbound_url.replace("inboundMessage", kind);
        bring(&self.two_way.app, &url, body).await;
    }
}

const NOTHING: &[(&str, &[(&str, &str)])] = &[
    ("DELIVERY", &[("statusName", "NOT_AVAILABLE"), ("statusGroupName", "NOT_AVAILABLE"), ("seenAt", "NOT_SEEN")]),
    ("CLICK", &[("url", "NOT_CLICKED"), ("notificationType", "NOT_CLICKED")]),
    ("REPLY", &[("responseText", "NO_RESPONSE")]),
];

async fn expect_nothing(asking: &Asking, message_id: &str, queue_status: &str) {
    for (kind, sentinels) in NOTHING {
        let expected: Vec<_> = sentinels.iter().copied().chain([("queueStatus", queue_status)]).collect();
        asking.expect(kind, message_id, &expected).await;
    }
}

#[tokio::test]
async fn each_kind_tells_its_own_and_its_sentinels_before_that() {
    let in_zagreb =
        TenantFile { lines: "time_zone = \"Europe/Zagreb\"\nreplies = { event_delay_secs = 0 }\n", ..tenant() };
    for (unit, local) in [(unit(), false), (in_zagreb, true)] {
        let asking = asking(unit).await;
        let written = |utc: &str, zagreb: &str| if local { zagreb.to_owned() } else { utc.to_owned() };
        expect_nothing(&asking, "", "NOT_SENT").await;
        let id = asking.two_way.send("C-1", PERSON).await;
        expect_nothing(&asking, &id, "SENT").await;

        let click = |at: u64, url: &str| json!({ "messageId": id, "sendDateTime": at, "url": url });
        asking.bring("urlTracking/sms", &click(1_790_000_001_000, "https://shop.example/newest")).await;
        asking.bring("urlTracking/sms", &click(1_790_000_000_000, "https://shop.example/older")).await;
        asking.two_way.bring(&reply("mo-1", Some(&id), "YES")).await;
        let seen = json!({ "messageId": id, "from": PERSON, "to": "Waypost", "seenAt": "2026-11-24T09:00:00Z" });
        asking.bring("seenReport/sms", &seen).await;
        let seen_at = written("2026-11-24T09:00:00Z", "2026-11-24T10:00:00");
        let expected = [
            ("statusName", "NOT_AVAILABLE"),
            ("statusGroupName", "NOT_AVAILABLE"),
            ("seenAt", "SEEN"),
            ("seenTime", &*seen_at),
            ("queueStatus", "SENT"),
        ];
        asking.expect("DELIVERY", &id, &expected).await;
        let delivered = json!({ "messageId": id, "sentAt": "2026-07-24T08:00:00Z", "doneAt": "2026-11-24T08:00:05Z",
            "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET" },
            "error": { "groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR" } });
        asking.bring("deliveryReport/sms", &delivered).await;
        // The zone's summer time counts for a summer day.
        let sent_at = written("2026-07-24T08:00:00Z", "2026-07-24T10:00:00");
        let done_at = written("2026-11-24T08:00:05Z", "2026-11-24T09:00:05");
        let expected = [
            ("statusName", "DELIVERED_TO_HANDSET"),
            ("statusGroupName", "DELIVERED"),
            ("errorName", "NO_ERROR"),
            ("sentAt", &*sent_at),
            ("doneAt", &*done_at),
            ("seenAt", "SEEN"),
            ("seenTime", &*seen_at),
            ("queueStatus", "SENT"),
        ];
        asking.expect("DELIVERY", &id, &expected).await;
        let expected =
            [("url", "https://shop.example/newest"), ("notificationType", "CLICKED"), ("queueStatus", "SENT")];
        asking.expect("CLICK", &id, &expected).await;
        let expected = [("responseText", "YES"), ("responseTime", &*seen_at), ("queueStatus", "SENT")];
        asking.expect("REPLY", &id, &expected).await;

        asking.two_way.settled().await;
        let row = &asking.two_way.app.rows()[0];
        assert_eq!((&row["sentAt"], &row["doneAt"]), (&sent_at, &done_at));
        asking.two_way.app.finish().await;
    }
}

#[tokio::test]
async fn a_message_that_waits_is_queued_for_every_kind() {
    let asking = asking(unit()).await;
    let app = &asking.two_way.app;
    let paced = app.new_activity(&[("speedLimitCount", "1"), ("speedLimitUnit", "DAY")]).await;
    app.execute(&app.call_of(&paced, "C-1")).await.message_id();
    let waiting = app.execute(&app.call_of(&paced, "C-2")).await.message_id();
    expect_nothing(&asking, &waiting, "QUEUED").await;
    asking.two_way.app.finish_with_work_left().await;
}
