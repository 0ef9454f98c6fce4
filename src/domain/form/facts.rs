//! What the forms show of a journey.

use super::texts::{Phrase, Texts, fill};
use super::{EventDefinition, JourneyFacts, MergeField, MergeGroup, TextPhone};
use crate::domain::journey::{ActivityKind, EntryField, FieldKind, Journey, JourneyActivity, PhoneFields};

impl JourneyFacts {
    /// `activity_name` is what somebody called the activity on the canvas, if somebody has.
    pub(crate) fn of(journey: &Journey, activity_name: Option<&str>, texts: &Texts) -> Self {
        let phones = journey.entry.as_ref().map(|entry| (entry, entry.phone_fields()));
        let (phone_fields, text_phones) = match phones {
            Some((_, PhoneFields::Phone(fields))) => (names(&fields), Vec::new()),
            Some((entry, PhoneFields::Text(fields))) => {
                let choice = |field: &&EntryField| {
                    let expression = field.expression(&entry.key).ok()?;
                    Some(TextPhone { name: field.name.clone(), expression })
                };
                (Vec::new(), fields.iter().filter_map(choice).collect())
            }
            None => Default::default(),
        };
        let unusable = journey.entry.iter().flat_map(|entry| {
            let phones = entry.fields.iter().filter(|field| field.kind == FieldKind::Phone);
            phones.filter_map(|field| Some((field, field.expression(&entry.key).err()?)))
        });
        let unusable = unusable.map(|(field, why)| {
            let values = [("field", field.name.clone()), ("why", why.to_string())];
            fill(texts.phrase(Phrase::NamedPhone), &values)
        });
        let unusable_phones = unusable.collect();
        let waits = journey.activities.iter().filter(|activity| activity.kind == ActivityKind::WaitUntilEvent);
        let event = |activity: &JourneyActivity| {
            Some(EventDefinition { key: activity.event_definition_key.clone()?, name: shown(activity).to_owned() })
        };
        Self {
            merge_groups: groups(journey, texts),
            phone_fields,
            text_phones,
            unusable_phones,
            event_definitions: waits.filter_map(event).collect(),
            activity_name: activity_name.map(str::to_owned),
        }
    }
}

fn names(fields: &[&EntryField]) -> Vec<String> {
    fields.iter().map(|field| field.name.clone()).collect()
}

/// What an activity is called on the canvas.
fn shown(activity: &JourneyActivity) -> &str {
    if activity.name.trim().is_empty() { &activity.key } else { &activity.name }
}

/// Merge fields by where they come from; a group without any is left out.
fn groups(journey: &Journey, texts: &Texts) -> Vec<MergeGroup> {
    let mut groups = Vec::new();
    if let Some(entry) = &journey.entry {
        let fields = entry.fields.iter().map(|field| MergeField {
            label: field.name.clone(),
            expression: field.expression(&entry.key).map_err(|why| why.to_string()),
        });
        groups.push(MergeGroup { label: texts.phrase(Phrase::EntryFields).to_owned(), fields: fields.collect() });
    }
    let contact = [("{{Contact.Key}}", Phrase::ContactKey)];
    let contact = contact.map(|(expression, phrase)| MergeField {
        label: texts.phrase(phrase).to_owned(),
        expression: Ok(expression.to_owned()),
    });
    groups.push(MergeGroup { label: texts.phrase(Phrase::ContactFields).to_owned(), fields: contact.into() });
    for activity in journey.earlier() {
        let fields = activity.out_arguments.iter().map(|name| MergeField {
            label: name.clone(),
            expression: Ok(format!("{{{{Interaction.{}.{name}}}}}", activity.key)),
        });
        let label = fill(texts.phrase(Phrase::JourneyFields), &[("activity", shown(activity).to_owned())]);
        groups.push(MergeGroup { label, fields: fields.collect() });
    }
    groups.retain(|group| !group.fields.is_empty());
    groups
}

#[cfg(test)]
mod tests {
    use super::super::texts::LANGUAGES;
    use super::*;
    use crate::domain::journey::EntrySource;

    #[test]
    fn names_with_a_space_are_shown_with_the_reason() {
        let field = |name: &str, kind| EntryField { name: name.to_owned(), kind };
        let entry = EntrySource {
            key: "DEAudience-1".to_owned(),
            name: "Audience".to_owned(),
            fields: vec![field("FirstName", FieldKind::Text), field("Home Phone", FieldKind::Phone)],
        };
        let waits = JourneyActivity {
            key: "EVENT-1".to_owned(),
            name: "SMS Response".to_owned(),
            kind: ActivityKind::WaitUntilEvent,
            event_definition_key: Some("APIEvent-1".to_owned()),
            ..JourneyActivity::default()
        };
        let earlier = JourneyActivity {
            key: "REST-1".to_owned(),
            out_arguments: vec!["messageStatus".to_owned()],
            next: vec!["REST-2".to_owned()],
            ..JourneyActivity::default()
        };
        let own = JourneyActivity { key: "REST-2".to_owned(), ..JourneyActivity::default() };
        let journey = Journey {
            entry: Some(entry),
            activity_key: "REST-2".to_owned(),
            activities: vec![earlier, own, waits],
            ..Journey::default()
        };
        let facts = JourneyFacts::of(&journey, None, LANGUAGES[0]);
        let fields: Vec<_> = facts.merge_groups.iter().flat_map(|group| &group.fields).collect();
        assert_eq!(fields[0].expression.as_deref(), Ok("{{Event.DEAudience-1.FirstName}}"));
        assert!(fields[1].expression.as_ref().unwrap_err().contains("space"));
        assert!(fields.iter().any(|field| field.expression.as_deref() == Ok("{{Interaction.REST-1.messageStatus}}")));
        assert_eq!(facts.event_definitions[0].name, "SMS Response");
        // A Phone field that can't be used leaves the Text fields to choose from.
        assert_eq!(facts.phone_fields, [""; 0]);
        assert_eq!(facts.text_phones[0].expression, "{{Event.DEAudience-1.FirstName}}");
    }
}
