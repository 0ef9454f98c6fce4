//! From a message to the reply that moves its contact on, and what else is asked of or done to reports: the reports
//! activity, erasing, catching up (spec R3, R4).

mod asking;
mod erasing;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use waypost::sandbox::WebhookFaults;

use crate::support::{
    Activity, INBOUND_KEY, TenantFile, TestApp, inbound_messages, spawn_app, tenant, unified_url_tracking,
};

const PERSON: &str = "385911234567";
/// Extension of the event that contacts wait for.
const EVENT_EXTENSION: &str = "Replies of the journey";

/// A business unit whose events need not wait for the contact.
fn unit() -> TenantFile {
    TenantFile { lines: "replies = { event_delay_secs = 0 }\n", ..tenant() }
}

struct TwoWay {
    app: TestApp,
    /// A messaging activity whose replies fire the event.
    activity: Activity,
    event_key: String,
    inbound_url: String,
}

async fn two_way_by(app: TestApp) -> TwoWay {
    let mid = app.tenant.mid;
    for extension in [inbound_messages(INBOUND_KEY), inbound_messages(EVENT_EXTENSION), unified_url_tracking()] {
        app.sfmc().create_data_extension(mid, extension).unwrap();
    }
    let event_key = app.sfmc().add_api_event(mid, "Reply", EVENT_EXTENSION).unwrap().event_definition_key;
    app.infobip().set_webhook_faults(WebhookFaults { off: true, ..WebhookFaults::default() });
    let activity = app.new_activity(&[("eventDefinitionKey", &event_key)]).await;
    let address = app.cli(&["inbound", "address", "--mid", &mid.to_string()]).await;
    let inbound_url = address.succeeded().out.trim().to_owned();
    TwoWay { app, activity, event_key, inbound_url }
}

async fn two_way(unit: TenantFile) -> TwoWay {
    two_way_by(spawn_app().with_tenant(unit).await).await
}

impl TwoWay {
    /// A message that Infobip has.
    async fn send(&self, contact: &str, phone: &str) -> String {
        let id = self.app.execute(&self.app.call_of(&self.activity, contact).to(phone)).await.message_id();
        self.app
            .until("the message to be sent", async || (self.app.unit_status().await["queued"] == 0).then_some(()))
            .await;
        id
    }

    async fn bring(&self, reply: &Value) {
        bring(&self.app, &self.inbound_url, reply).await;
    }

    async fn settled(&self) {
        let forwarded = async || (self.app.unit_status().await["reports_waiting"] == 0).then_some(());
        self.app.until("the replies to be forwarded", forwarded).await;
    }

    /// Contact and message text of each event that was fired.
    fn fired(&self) -> Vec<(String, String)> {
        let events = self.app.sfmc().events();
        let all = events.into_iter().map(|event| {
            assert_eq!((event.mid, &event.event_definition_key), (self.app.tenant.mid, &self.event_key));
            (event.contact_key, event.data["message"].as_str().unwrap().to_owned())
        });
        all.collect()
    }

    /// Contact key and paired message of a reply's row.
    fn row(&self, reply: &str) -> (String, String) {
        let rows = self.app.sfmc().rows(self.app.tenant.mid, INBOUND_KEY);
        let found: Vec<_> = rows.iter().filter(|row| row["messageId"] == reply).collect();
        let [row] = found.as_slice() else { panic!("{reply} has {} rows", found.len()) };
        let cell = |column: &str| row.get(column).cloned().unwrap_or_default();
        (cell("contactKey"), cell("pairedMessageId"))
    }
}

async fn bring(app: &TestApp, url: &str, body: &Value) {
    let answer = app.post(url, body.to_string()).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{body}");
}

fn reply(id: &str, paired: Option<&str>, text: &str) -> Value {
    let mut reply = json!({ "event": "MO", "channel": "SMS", "sender": PERSON, "destination": "Waypost", "messageId": id,
        "content": [{ "type": "TEXT", "text": text, "keyword": "YES" }], "receivedAt": "2026-11-24T09:00:00.000+0000",
        "messageCount": 1 });
    if let Some(paired) = paired {
        reply["pairedMessageId"] = paired.into();
    }
    reply
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

#[tokio::test]
async fn a_reply_fires_its_contacts_event_once_and_is_a_row_with_contact_and_message() {
    let two_way = two_way(unit()).await;
    let id = two_way.send("C-1", PERSON).await;
    let callback_data = two_way.app.infobip().received()[0].callback_data.clone().unwrap();
    for _ in 0..2 {
        two_way.bring(&json!({ "results": [reply("mo-1", Some(&id), "YES please")] })).await;
        two_way.settled().await;
    }
    let expected: BTreeMap<String, String> = [
        ("messageId", "mo-1"),
        ("pairedMessageId", &id),
        ("channel", "SMS"),
        ("sender", PERSON),
        ("destination", "Waypost"),
        ("contentType", "TEXT"),
        ("message", "YES please"),
        ("keyword", "YES"),
        ("receivedAt", "2026-11-24T09:00:00Z"),
        ("messageCount", "1"),
        ("callbackData", &callback_data),
        ("contactKey", "C-1"),
    ]
    .into_iter()
    .map(|(column, value)| (column.to_owned(), value.to_owned()))
    .collect();
    let mid = two_way.app.tenant.mid;
    assert_eq!(two_way.app.sfmc().rows(mid, INBOUND_KEY), std::slice::from_ref(&expected));
    // SFMC keeps the event's data in the definition's own extension.
    assert_eq!(two_way.app.sfmc().rows(mid, EVENT_EXTENSION), [expected]);
    assert_eq!(two_way.fired(), [pair("C-1", "YES please")]);
    two_way.app.finish().await;
}

#[tokio::test]
async fn a_reply_that_names_no_message_answers_the_newest_also_of_two_contacts_with_one_phone() {
    let two_way = two_way(unit()).await;
    two_way.send("C-1", PERSON).await;
    let second = two_way.send("C-2", PERSON).await;
    two_way.send("C-3", "385919999999").await;
    two_way.bring(&reply("mo-1", None, "second")).await;
    two_way.settled().await;
    let third = two_way.send("C-1", PERSON).await;
    two_way.bring(&reply("mo-2", None, "third")).await;
    // What names its message goes to its contact, whoever has the newest.
    two_way.bring(&reply("mo-3", Some(&second), "named")).await;
    two_way.settled().await;
    assert_eq!(two_way.row("mo-1"), pair("C-2", &second));
    assert_eq!(two_way.row("mo-2"), pair("C-1", &third));
    assert_eq!(two_way.row("mo-3"), pair("C-2", &second));
    let mut fired = two_way.fired();
    fired.sort();
    assert_eq!(fired, [pair("C-1", "third"), pair("C-2", "named"), pair("C-2", "second")]);
    two_way.app.finish().await;
}

#[tokio::test]
async fn an_event_waits_until_its_contact_can_be_waiting() {
    // The default delay is 30 seconds.
    let two_way = two_way_by(spawn_app().on_virtual_time().await).await;
    let id = two_way.send("C-1", PERSON).await;
    two_way.bring(&reply("mo-1", Some(&id), "quick")).await;
    two_way.app.pass(Duration::from_secs(20)).await;
    assert_eq!(two_way.fired(), []);
    two_way.settled().await;
    assert_eq!(two_way.fired(), [pair("C-1", "quick")]);
    let clock = two_way.app.clock.clone();
    let waited = clock.steady();
    // By now it waits: the next one goes at once.
    two_way.bring(&reply("mo-2", Some(&id), "later")).await;
    two_way.settled().await;
    assert!(clock.steady().since(waited) < Duration::from_secs(15));
    assert_eq!(two_way.fired().len(), 2);
    two_way.app.finish().await;
}

#[tokio::test]
async fn a_tapped_button_is_a_reply_only_where_the_unit_says_so() {
    let on = TenantFile { lines: "replies = { event_delay_secs = 0, takes_buttons = true }\n", ..tenant() };
    for (unit, expected) in [(unit(), vec![]), (on, vec![pair("C-1", "Yes, please")])] {
        let two_way = two_way(unit).await;
        let id = two_way.send("C-1", PERSON).await;
        let mut tapped = reply("mo-1", Some(&id), "");
        tapped["content"] = json!([{ "type": "BUTTON_REPLY", "text": "Yes, please", "payload": "Y", "id": "1" }]);
        two_way.bring(&tapped).await;
        two_way.settled().await;
        assert_eq!(two_way.fired(), expected);
        assert_eq!(two_way.app.sfmc().rows(two_way.app.tenant.mid, INBOUND_KEY).len(), expected.len());
        two_way.app.finish().await;
    }
}

#[tokio::test]
async fn what_comes_on_the_bare_path_without_proof_is_a_row_but_fires_nothing() {
    let two_way = two_way(unit()).await;
    let id = two_way.send("C-1", PERSON).await;
    let bare = two_way.app.url("/infobip/webhooks/inboundMessage");
    bring(&two_way.app, &bare, &reply("mo-1", Some(&id), "YES")).await;
    let mut to_nobody = reply("mo-2", Some(&id), "YES");
    to_nobody["destination"] = "385915559999".into();
    bring(&two_way.app, &bare, &to_nobody).await;
    two_way.settled().await;
    assert_eq!(two_way.row("mo-1"), pair("C-1", &id));
    assert_eq!(two_way.app.sfmc().rows(two_way.app.tenant.mid, INBOUND_KEY).len(), 1, "nobody's is nobody's row");
    let mid = two_way.app.tenant.mid.to_string();
    let assign = ["inbound", "assign", "--mid", &mid, "--destination", "385915559999"];
    two_way.app.cli(&assign).await.succeeded();
    two_way.settled().await;
    assert_eq!(two_way.row("mo-2"), pair("C-1", &id));
    assert_eq!(two_way.fired(), []);
    two_way.app.finish().await;
}
