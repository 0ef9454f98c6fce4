//! What the configuration pages know of the journey that their activity stands in: its entry source, its other
//! activities, and what merge fields these give.
//!
//! It is read from Journey Builder's answers once (`sfmc::journey_builder`), travels to the page and back with every
//! call, and is therefore the browser's word: nothing here decides what a user may see.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

/// The journey, as its page sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Journey {
    pub(crate) name: String,
    /// Id of this version; a journey that was never saved has none.
    pub(crate) version_id: Option<String>,
    /// The id that all versions share (`originalDefinitionId` of the lifecycle calls).
    pub(crate) definition_id: Option<String>,
    /// `Draft`, `Published`, … as Journey Builder says.
    pub(crate) status: Option<String>,
    /// Key of the activity whose page is open, such as `REST-1`.
    pub(crate) activity_key: String,
    pub(crate) entry: Option<EntrySource>,
    /// Whether the journey has a default mobile number.
    pub(crate) default_mobile_number: bool,
    pub(crate) activities: Vec<JourneyActivity>,
}

/// Where contacts come from.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EntrySource {
    /// Key of its event definition.
    pub(crate) key: String,
    pub(crate) name: String,
    /// In the data extension's order.
    pub(crate) fields: Vec<EntryField>,
}

/// A field of the entry source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryField {
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
}

/// The types of a data extension's columns that matter here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FieldKind {
    Phone,
    Text,
    #[default]
    Other,
}

/// Another activity of the journey, or this one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct JourneyActivity {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) kind: ActivityKind,
    /// Of our own activities.
    pub(crate) configuration_id: Option<String>,
    /// Of a Wait Until Event.
    pub(crate) event_definition_key: Option<String>,
    /// Of our reports activity: key of the messaging activity that it reports on.
    pub(crate) reports_on: Option<String>,
    /// Of our messaging activity, once it is configured.
    pub(crate) message: Option<MessageSettings>,
    /// Of a wait of fixed length.
    pub(crate) wait_secs: Option<u64>,
    /// What later activities may use of its answers.
    pub(crate) out_arguments: Vec<String>,
    /// Keys of the activities that follow.
    pub(crate) next: Vec<String>,
}

/// What other pages have to know of a messaging activity: its in-arguments as they are, empty where it has none.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MessageSettings {
    pub(crate) channel: String,
    pub(crate) account: String,
    pub(crate) shortens_urls: bool,
    pub(crate) tracks_clicks: bool,
    pub(crate) event_definition_key: String,
    pub(crate) speed_limit_count: String,
    pub(crate) speed_limit_unit: String,
    /// Contacts that the marketer expects.
    pub(crate) audience: Option<u64>,
}

/// What an activity does, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ActivityKind {
    Messaging,
    Reports,
    Wait,
    WaitUntilEvent,
    #[default]
    Other,
}

/// Why a field can't be a merge field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NoMergeField {
    /// The manual: Infobip Message can't process such names.
    #[error("its name has a space in it: rename the attribute, for example to FirstName")]
    Space,
    #[error("its name has a quotation mark, a brace or a control character in it: rename the attribute")]
    Character,
}

impl EntryField {
    /// The expression that stands for the field's value (sfmc.md 1.5).
    pub(crate) fn expression(&self, entry_key: &str) -> Result<String, NoMergeField> {
        if self.name.contains(char::is_whitespace) {
            return Err(NoMergeField::Space);
        }
        if self.name.is_empty() || self.name.chars().any(|c| matches!(c, '"' | '{' | '}') || c.is_control()) {
            return Err(NoMergeField::Character);
        }
        let is_plain = self.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let name = if is_plain { self.name.clone() } else { format!("\"{}\"", self.name) };
        Ok(format!("{{{{Event.{entry_key}.{name}}}}}"))
    }
}

impl EntrySource {
    /// The fields that a phone number is taken from, in order: those of type Phone; without any, those of type Text
    /// (spec M2).
    pub(crate) fn phone_fields(&self) -> PhoneFields<'_> {
        let of = |kind| -> Vec<&EntryField> {
            let usable = |field: &&EntryField| field.kind == kind && field.expression(&self.key).is_ok();
            self.fields.iter().filter(usable).collect()
        };
        let phones = of(FieldKind::Phone);
        if phones.is_empty() { PhoneFields::Text(of(FieldKind::Text)) } else { PhoneFields::Phone(phones) }
    }
}

/// See [`EntrySource::phone_fields`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PhoneFields<'a> {
    Phone(Vec<&'a EntryField>),
    /// There is no Phone field: whether these hold numbers is the marketer's to know.
    Text(Vec<&'a EntryField>),
}

impl Journey {
    /// Whether the page may only be looked at: a version that is not a draft can't be changed. A journey whose state is
    /// not told counts as a draft.
    pub(crate) fn is_read_only(&self) -> bool {
        self.status.as_deref().is_some_and(|status| !status.eq_ignore_ascii_case("Draft"))
    }

    pub(crate) fn activity(&self, key: &str) -> Option<&JourneyActivity> {
        self.activities.iter().find(|activity| activity.key == key)
    }

    /// The activities that a contact may have passed before this one; all others where the page's own is not in the
    /// journey yet.
    pub(crate) fn earlier(&self) -> Vec<&JourneyActivity> {
        let graph = self.graph();
        let others = self.activities.iter().enumerate().filter(|(_, activity)| activity.key != self.activity_key);
        let Some(own) = graph.place(&self.activity_key) else { return others.map(|(_, activity)| activity).collect() };
        let leading = reached(&graph.reversed(), own);
        others.filter(|(place, _)| leading.contains(place)).map(|(_, activity)| activity).collect()
    }

    fn graph(&self) -> Graph<'_> {
        let mut places = HashMap::new();
        for (place, activity) in self.activities.iter().enumerate() {
            places.entry(activity.key.as_str()).or_insert(place);
        }
        let next = |activity: &JourneyActivity| {
            activity.next.iter().filter_map(|key| places.get(key.as_str()).copied()).collect()
        };
        let next = self.activities.iter().map(next).collect();
        Graph { places, next }
    }

    /// The least time, in seconds, between this activity and a reports activity on it, when there is one downstream
    /// (spec M3). Waits for an event count as nothing: the event may come at once.
    pub(crate) fn wait_before_reports(&self) -> Option<u64> {
        let is_on_this = |activity: &JourneyActivity| {
            activity.kind == ActivityKind::Reports && activity.reports_on.as_deref() == Some(&self.activity_key)
        };
        self.least_wait(&self.activity_key, is_on_this)
    }

    /// The least time, in seconds, that a contact waits between two activities; `None` when no path leads from one to the
    /// other. Waits for an event count as nothing.
    pub(crate) fn wait_between(&self, from: &str, to: &str) -> Option<u64> {
        self.least_wait(from, |activity| activity.key == to)
    }

    /// Whether a Wait Until Event stands on a path between two activities.
    pub(crate) fn waits_for_event_between(&self, from: &str, to: &str) -> bool {
        let graph = self.graph();
        let (Some(from), Some(to)) = (graph.place(from), graph.place(to)) else { return false };
        let (behind, leading) = (reached(&graph.next, from), reached(&graph.reversed(), to));
        self.activities.iter().enumerate().any(|(place, activity)| {
            activity.kind == ActivityKind::WaitUntilEvent && behind.contains(&place) && leading.contains(&place)
        })
    }

    fn least_wait(&self, from: &str, is_wanted: impl Fn(&JourneyActivity) -> bool) -> Option<u64> {
        let graph = self.graph();
        let mut done = HashSet::new();
        // The shortest wait first, so that each place is gone through once.
        let mut open = BinaryHeap::from([Reverse((0_u64, graph.place(from)?))]);
        while let Some(Reverse((waited, place))) = open.pop() {
            let Some(activity) = self.activities.get(place).filter(|_| done.insert(place)) else { continue };
            if is_wanted(activity) {
                return Some(waited);
            }
            let after = waited.saturating_add(activity.wait_secs.unwrap_or_default());
            open.extend(graph.next.get(place).into_iter().flatten().map(|next| Reverse((after, *next))));
        }
        None
    }

    /// Entry sources that merge expressions name and that are not this journey's: it was given another one since.
    pub(crate) fn foreign_entries<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let own = self.entry.as_ref().map(|entry| entry.key.as_str());
        let mut foreign = BTreeSet::new();
        for value in values {
            for key in expressions(value).filter_map(entry_key) {
                if Some(key) != own {
                    foreign.insert(key.to_owned());
                }
            }
        }
        foreign.into_iter().collect()
    }
}

/// The expression that stands for the message id of an activity; `None` for a key that none can name.
pub(crate) fn message_id_of(activity_key: &str) -> Option<String> {
    let is_named = !activity_key.is_empty()
        && !activity_key.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '{' | '}' | '.'));
    is_named.then(|| format!("{{{{Interaction.{activity_key}.messageId}}}}"))
}

/// `REST-1` of `{{Interaction.REST-1.messageId}}`: whose message id an in-argument is.
pub(crate) fn reported_activity(expression: &str) -> Option<&str> {
    let rest = expression.trim().strip_prefix("{{Interaction.")?.strip_suffix("}}")?;
    let key = rest.split('.').next().map(|key| key.trim_matches('"'))?;
    (!key.is_empty()).then_some(key)
}

/// The activities as places, and where each leads.
struct Graph<'a> {
    places: HashMap<&'a str, usize>,
    next: Vec<Vec<usize>>,
}

impl Graph<'_> {
    fn place(&self, key: &str) -> Option<usize> {
        self.places.get(key).copied()
    }

    fn reversed(&self) -> Vec<Vec<usize>> {
        let mut reversed = vec![Vec::new(); self.next.len()];
        for (from, next) in self.next.iter().enumerate() {
            for to in next {
                if let Some(sources) = reversed.get_mut(*to) {
                    sources.push(from);
                }
            }
        }
        reversed
    }
}

/// Every place that a way leads to, the start itself only by a way back.
fn reached(next: &[Vec<usize>], from: usize) -> HashSet<usize> {
    let mut seen = HashSet::new();
    let mut open = vec![from];
    while let Some(place) = open.pop() {
        for next in next.get(place).into_iter().flatten() {
            if seen.insert(*next) {
                open.push(*next);
            }
        }
    }
    seen
}

/// The expressions in a value, without their braces.
pub(crate) fn expressions(value: &str) -> impl Iterator<Item = &str> {
    value.split("{{").skip(1).filter_map(|rest| rest.split_once("}}").map(|(inner, _)| inner.trim()))
}

/// `DEAudience-1` of `Event.DEAudience-1.FirstName`.
fn entry_key(expression: &str) -> Option<&str> {
    let rest = expression.strip_prefix("Event.")?;
    let key = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split('.').next()?,
    };
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, kind: FieldKind) -> EntryField {
        EntryField { name: name.to_owned(), kind }
    }

    fn activity(key: &str, next: &[&str]) -> JourneyActivity {
        let next = next.iter().map(|key| (*key).to_owned()).collect();
        JourneyActivity { key: key.to_owned(), next, ..JourneyActivity::default() }
    }

    #[test]
    fn only_what_is_no_plain_word_is_quoted() {
        let expression = |name| field(name, FieldKind::Text).expression("DEAudience-1");
        assert_eq!(expression("FirstName").unwrap(), "{{Event.DEAudience-1.FirstName}}");
        assert_eq!(expression("Contact:Name").unwrap(), r#"{{Event.DEAudience-1."Contact:Name"}}"#);
        assert_eq!(expression("First Name"), Err(NoMergeField::Space));
        for name in ["", "a\"b", "a}}b", "a\u{1}b"] {
            assert_eq!(expression(name), Err(NoMergeField::Character), "{name:?}");
        }
    }

    #[test]
    fn numbers_come_from_phone_fields_in_order_and_else_from_texts() {
        let fields = vec![
            field("SubscriberKey", FieldKind::Text),
            field("Home", FieldKind::Phone),
            field("Work Phone", FieldKind::Phone),
            field("Mobile", FieldKind::Phone),
        ];
        let mut entry = EntrySource { key: "DEAudience-1".to_owned(), name: String::new(), fields };
        let names = |fields: &[&EntryField]| fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>();
        assert!(matches!(entry.phone_fields(), PhoneFields::Phone(fields) if names(&fields) == ["Home", "Mobile"]));
        entry.fields.truncate(1);
        assert!(matches!(entry.phone_fields(), PhoneFields::Text(fields) if names(&fields) == ["SubscriberKey"]));
    }

    #[test]
    fn the_shortest_way_to_a_reports_activity_counts() {
        let wait = |key, secs, next: &[&str]| JourneyActivity { wait_secs: Some(secs), ..activity(key, next) };
        let reports = |key, on: &str| JourneyActivity {
            kind: ActivityKind::Reports,
            reports_on: Some(on.to_owned()),
            ..activity(key, &["WAIT-1"])
        };
        let mut journey = Journey {
            activity_key: "REST-1".to_owned(),
            activities: vec![
                activity("REST-1", &["WAIT-1", "WAIT-2"]),
                wait("WAIT-1", 3_600, &["REST-2"]),
                wait("WAIT-2", 60, &["REST-2", "REST-1"]),
                reports("REST-2", "REST-1"),
            ],
            ..Journey::default()
        };
        assert_eq!(journey.wait_before_reports(), Some(60));
        assert_eq!(journey.wait_between("REST-1", "REST-2"), Some(60));
        assert_eq!(journey.wait_between("REST-2", "WAIT-2"), None, "no path leads there");
        journey.activities[3].reports_on = Some("REST-9".to_owned());
        assert_eq!(journey.wait_before_reports(), None, "it reports on another message");
    }

    #[test]
    fn an_expression_names_the_activity_that_it_was_made_for() {
        for key in ["REST-1", "0d9b6d55-6d0c", "A_b"] {
            assert_eq!(message_id_of(key).as_deref().and_then(reported_activity), Some(key));
        }
        for key in ["", "a b", "a.b", "a}}b", "a\"b"] {
            assert_eq!(message_id_of(key), None, "{key:?}");
        }
        assert_eq!(reported_activity("{{Interaction.\"REST-1\".messageId}}"), Some("REST-1"));
        for other in ["", "REST-1", "{{Event.X.messageId}}", "{{Interaction.}}", "{{Interaction.REST-1.messageId"] {
            assert_eq!(reported_activity(other), None, "{other}");
        }
    }

    #[test]
    fn earlier_activities_are_those_that_lead_here() {
        let mut journey = Journey {
            activity_key: "REST-2".to_owned(),
            activities: vec![activity("REST-1", &["REST-2"]), activity("REST-2", &["REST-3"]), activity("REST-3", &[])],
            ..Journey::default()
        };
        let keys = |journey: &Journey| journey.earlier().iter().map(|a| a.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&journey), ["REST-1"]);
        journey.activity_key = "REST-9".to_owned();
        assert_eq!(keys(&journey), ["REST-1", "REST-2", "REST-3"]);
    }

    #[test]
    fn another_entry_source_is_found_in_expressions() {
        let entry = EntrySource { key: "DEAudience-2".to_owned(), ..EntrySource::default() };
        let journey = Journey { entry: Some(entry), ..Journey::default() };
        let values =
            ["Hi {{Event.DEAudience-1.Name}} {{ Event.\"DEAudience-2\".X}}", "{{Contact.Key}}", "{{Event.", ""];
        assert_eq!(journey.foreign_entries(values), ["DEAudience-1"]);
    }
}
