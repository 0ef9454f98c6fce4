//! What the stand-ins know of each message: what was sent, what came back, and what SFMC has of it.

use std::collections::{HashMap, HashSet};

use crate::demo::setting::{MID, Setting};
use crate::demo::show::{self, Show};
use crate::domain::extension::{INBOUND_MESSAGES, OMNI_REPORTS, SMS_DELIVERY_REPORTS, UNIFIED_URL_TRACKING};
use crate::sandbox::{ReceivedEvent, ReceivedMessage, SentClick, SentReply, SentReport};

/// The data extensions of delivery reports.
pub(super) const REPORT_EXTENSIONS: [&str; 2] = [SMS_DELIVERY_REPORTS.external_key, OMNI_REPORTS.external_key];

/// By message id, unless said otherwise.
#[derive(Default)]
pub(super) struct Known {
    pub(super) received: HashMap<String, Vec<ReceivedMessage>>,
    pub(super) reports: HashMap<String, SentReport>,
    pub(super) seen: HashSet<String>,
    pub(super) clicks: HashMap<String, Vec<SentClick>>,
    /// By the message that they answer.
    pub(super) replies: HashMap<String, Vec<SentReply>>,
    /// Of each of [`REPORT_EXTENSIONS`].
    pub(super) rows: [HashMap<String, Vec<ReportRow>>; 2],
    /// Of *Unified URL Tracking*.
    pub(super) click_rows: HashMap<String, Vec<ClickRow>>,
    /// Of *Inbound Messages*, by the reply's own id.
    pub(super) inbound_rows: HashMap<String, Vec<InboundRow>>,
    /// By the id of the reply that fired them.
    pub(super) events: HashMap<String, Vec<ReceivedEvent>>,
}

pub(super) struct ReportRow {
    status: String,
    channel: String,
    pub(super) is_seen: bool,
}

#[derive(PartialEq, Eq)]
pub(super) struct ClickRow {
    url: String,
    recipient: String,
    channel: String,
}

#[derive(PartialEq, Eq)]
pub(super) struct InboundRow {
    paired_message_id: String,
    contact_key: String,
    message: String,
    channel: String,
}

fn grouped<K: std::hash::Hash + Eq, T>(items: impl IntoIterator<Item = (K, T)>) -> HashMap<K, Vec<T>> {
    let mut groups: HashMap<K, Vec<T>> = HashMap::new();
    for (key, item) in items {
        groups.entry(key).or_default().push(item);
    }
    groups
}

impl Known {
    pub(super) fn of(setting: &Setting) -> Self {
        let (infobip, sfmc) = (setting.sandbox.infobip(), setting.sandbox.sfmc());
        // Rows of an extension by message id; the function takes the columns it needs.
        fn rows<T>(
            rows: Vec<std::collections::BTreeMap<String, String>>,
            read: impl Fn(&mut dyn FnMut(&str) -> String) -> T,
        ) -> HashMap<String, Vec<T>> {
            grouped(rows.into_iter().map(|mut row| {
                let mut value = |name: &str| row.remove(name).unwrap_or_default();
                (value("messageId"), read(&mut value))
            }))
        }
        Self {
            received: grouped(infobip.received().into_iter().map(|it| (it.message_id.clone(), it))),
            reports: infobip.reports().into_iter().map(|it| (it.message_id.clone(), it)).collect(),
            seen: infobip.seen_reports().into_iter().map(|it| it.message_id).collect(),
            clicks: grouped(infobip.clicks().into_iter().map(|it| (it.message_id.clone(), it))),
            replies: grouped(infobip.replies().into_iter().map(|it| (it.answers.clone(), it))),
            rows: REPORT_EXTENSIONS.map(|key| {
                rows(sfmc.rows(MID, key), |value| ReportRow {
                    status: value("statusName"),
                    channel: value("channel"),
                    is_seen: !value("seenAt").is_empty(),
                })
            }),
            click_rows: rows(sfmc.rows(MID, UNIFIED_URL_TRACKING.external_key), |value| ClickRow {
                url: value("url"),
                recipient: value("recipient"),
                channel: value("channel"),
            }),
            inbound_rows: rows(sfmc.rows(MID, INBOUND_MESSAGES.external_key), |value| InboundRow {
                paired_message_id: value("pairedMessageId"),
                contact_key: value("contactKey"),
                message: value("message"),
                channel: value("channel"),
            }),
            events: grouped(sfmc.events().into_iter().map(|event| {
                let id = event.data.get("messageId").and_then(serde_json::Value::as_str).unwrap_or_default();
                (id.to_owned(), event)
            })),
        }
    }

    /// The reply to a message. Nobody in the demonstration writes two.
    pub(super) fn reply_to(&self, id: &str) -> Option<&SentReply> {
        self.replies.get(id)?.first()
    }

    /// What is wrong with what became of an accepted message.
    pub(super) fn problem_of(&self, id: &str, contact_key: &str, show: &Show) -> Option<String> {
        let times = self.received.get(id).map_or(0, Vec::len);
        if times != 1 {
            return Some(format!("was sent {times} times"));
        }
        self.report_problem(id, show)
            .or_else(|| self.click_problem(id, show))
            .or_else(|| self.replies.get(id)?.iter().find_map(|reply| self.reply_problem(reply, contact_key, show)))
    }

    fn report_problem(&self, id: &str, show: &Show) -> Option<String> {
        let Some(report) = self.reports.get(id) else { return Some("was never reported".to_owned()) };
        let extension = show::extension_of(show.channel);
        for (key, rows) in REPORT_EXTENSIONS.iter().zip(&self.rows) {
            let found = rows.get(id).map(Vec::as_slice).unwrap_or_default();
            let is_right = match found {
                [] => *key != extension,
                [row] => {
                    *key == extension
                        && row.status == report.status_name
                        && row.channel == show.channel.capability().reported_as
                        && row.is_seen == self.seen.contains(id)
                }
                _ => false,
            };
            if !is_right {
                return Some(format!("has {} rows in {key}, or one that is not as it was reported", found.len()));
            }
        }
        None
    }

    /// Every click is one row.
    fn click_problem(&self, id: &str, show: &Show) -> Option<String> {
        let clicks = self.clicks.get(id).map(Vec::as_slice).unwrap_or_default();
        let rows = self.click_rows.get(id).map(Vec::as_slice).unwrap_or_default();
        let is_of = |row: &ClickRow, click: &SentClick| {
            row.url == click.url && row.recipient == click.to && row.channel == show.channel.capability().reported_as
        };
        let is_right = clicks.len() == rows.len() && clicks.iter().zip(rows).all(|(click, row)| is_of(row, click));
        let (clicks, rows) = (clicks.len(), rows.len());
        (!is_right).then(|| {
            format!("was clicked {clicks} times and has {rows} rows of clicks, or one that is not as it was reported")
        })
    }

    /// Every reply is one row, with its contact and the message it answers, and has fired one event where its journey
    /// waits for one.
    fn reply_problem(&self, reply: &SentReply, contact_key: &str, show: &Show) -> Option<String> {
        let expected = InboundRow {
            paired_message_id: reply.answers.clone(),
            contact_key: contact_key.to_owned(),
            message: reply.text.clone(),
            channel: show.channel.capability().reported_as.to_owned(),
        };
        let rows = self.inbound_rows.get(&reply.message_id).map(Vec::as_slice).unwrap_or_default();
        if rows != [expected] {
            return Some(format!("was answered, and the reply has {} rows, or one that is not right", rows.len()));
        }
        let events = self.events.get(&reply.message_id).map(Vec::as_slice).unwrap_or_default();
        let fired = if show.is_two_way() { 1 } else { 0 };
        if events.len() != fired || events.iter().any(|event| event.contact_key != contact_key) {
            return Some(format!(
                "was answered, and the reply fired {} events, or one of another contact",
                events.len()
            ));
        }
        let is_lost = events.iter().any(|event| event.released == 0);
        is_lost.then(|| "was answered, and the event found nobody who waited for it".to_owned())
    }

    /// What was sent, written or fired that belongs to no contact's message.
    pub(super) fn strays(&self, owners: &HashMap<String, &str>) -> Vec<String> {
        let is_stray = |id: &String| !owners.contains_key(id);
        let strays = |ids: &mut dyn Iterator<Item = &String>| ids.filter(|id| is_stray(id)).count();
        let mut problems = Vec::new();
        let sent = strays(&mut self.received.keys());
        if sent > 0 {
            problems.push(format!("{sent} messages were sent that no contact was told of"));
        }
        let [sms, omni] = &self.rows;
        let written = [
            (REPORT_EXTENSIONS[0], strays(&mut sms.keys())),
            (REPORT_EXTENSIONS[1], strays(&mut omni.keys())),
            (UNIFIED_URL_TRACKING.external_key, strays(&mut self.click_rows.keys())),
        ];
        for (key, count) in written.into_iter().filter(|(_, count)| *count > 0) {
            problems.push(format!("{count} messages in {key} are of no contact"));
        }
        let replies: HashSet<_> = self.replies.values().flatten().map(|reply| &reply.message_id).collect();
        let of_none = |ids: &mut dyn Iterator<Item = &String>| ids.filter(|id| !replies.contains(id)).count();
        let (rows, events) = (of_none(&mut self.inbound_rows.keys()), of_none(&mut self.events.keys()));
        if rows + events > 0 {
            problems.push(format!("{rows} rows of {} and {events} events are of no reply", INBOUND_MESSAGES.name));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::options::DemoChannels;
    use crate::clock::Timestamp;
    use crate::domain::channel::Channel;
    use crate::sandbox::InboundKind;

    fn reply() -> SentReply {
        SentReply {
            message_id: "in-1".into(),
            channel: "SMS".into(),
            sender: "385911234567".into(),
            destination: "385915550000".into(),
            text: "YES".into(),
            kind: InboundKind::Text,
            answers: "m-1".into(),
            paired_message_id: Some("m-1".into()),
            callback_data: None,
            at: Timestamp::MAX,
        }
    }

    fn event(contact_key: &str, released: usize) -> ReceivedEvent {
        ReceivedEvent {
            mid: MID,
            contact_key: contact_key.into(),
            event_definition_key: "APIEvent-1".into(),
            data: serde_json::Value::Null,
            event_instance_id: "e-1".into(),
            at: Timestamp::MAX,
            released,
        }
    }

    fn row(contact_key: &str) -> InboundRow {
        let [paired_message_id, contact_key, message, channel] = ["m-1", contact_key, "YES", "SMS"].map(str::to_owned);
        InboundRow { paired_message_id, contact_key, message, channel }
    }

    #[test]
    fn a_reply_is_right_with_one_row_and_one_event_of_its_contact_that_found_it() {
        let shows = show::chosen(DemoChannels::One(Channel::Sms));
        let problem = |rows: Vec<InboundRow>, events: Vec<ReceivedEvent>, is_two_way: bool| {
            let known = Known {
                inbound_rows: HashMap::from([("in-1".to_owned(), rows)]),
                events: HashMap::from([("in-1".to_owned(), events)]),
                ..Known::default()
            };
            let show = shows.iter().find(|show| show.is_two_way() == is_two_way).unwrap();
            known.reply_problem(&reply(), "C-1", show)
        };
        assert_eq!(problem(vec![row("C-1")], vec![event("C-1", 1)], true), None);
        assert_eq!(problem(vec![row("C-1")], Vec::new(), false), None);
        for (rows, events, is_two_way) in [
            (Vec::new(), vec![event("C-1", 1)], true),
            (vec![row("C-1"), row("C-1")], vec![event("C-1", 1)], true),
            (vec![row("C-2")], vec![event("C-1", 1)], true),
            (vec![row("C-1")], Vec::new(), true),
            (vec![row("C-1")], vec![event("C-1", 1), event("C-1", 1)], true),
            (vec![row("C-1")], vec![event("C-2", 1)], true),
            (vec![row("C-1")], vec![event("C-1", 0)], true),
            (vec![row("C-1")], vec![event("C-1", 1)], false),
        ] {
            let told = format!("{} rows, {} events, two-way {is_two_way}", rows.len(), events.len());
            assert!(problem(rows, events, is_two_way).is_some(), "{told}");
        }
    }

    #[test]
    fn clicks_and_their_rows_are_compared_one_by_one() {
        let show = show::chosen(DemoChannels::One(Channel::Sms))[0];
        let click = || SentClick {
            message_id: "m-1".into(),
            to: "385911234567".into(),
            url: "https://a.example".into(),
            at: Timestamp::MAX,
        };
        let row = |url: &str| ClickRow { url: url.into(), recipient: "385911234567".into(), channel: "SMS".into() };
        let problem = |clicks: Vec<SentClick>, rows: Vec<ClickRow>| {
            let known = Known {
                clicks: HashMap::from([("m-1".to_owned(), clicks)]),
                click_rows: HashMap::from([("m-1".to_owned(), rows)]),
                ..Known::default()
            };
            known.click_problem("m-1", show)
        };
        assert_eq!(problem(vec![click()], vec![row("https://a.example")]), None);
        assert!(problem(vec![click()], Vec::new()).is_some());
        assert!(problem(Vec::new(), vec![row("https://a.example")]).is_some());
        assert!(problem(vec![click()], vec![row("https://b.example")]).is_some());
    }
}
