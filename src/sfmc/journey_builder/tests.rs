use serde_json::json;

use super::*;

fn sources() -> Value {
    json!([{
        "id": "Event", "name": "Entry: Spring", "eventDefinitionKey": "DEAudience-1c2d", "keyPrefix": "Event.DEAudience-1c2d.",
        "deSchema": { "fields": [
            { "name": "SubscriberKey", "type": "Text" },
            { "name": "Mobile", "type": "Phone" },
            { "name": "Secret", "type": "Text", "isHidden": true },
            { "name": "Age", "type": "Number" },
        ] }
    }])
}

fn names_of(journey: &Journey) -> Vec<(&str, FieldKind)> {
    journey.entry.iter().flat_map(|entry| &entry.fields).map(|field| (field.name.as_str(), field.kind)).collect()
}

#[test]
fn the_entry_source_is_found_wrapped_or_bare() {
    let bare = json!({ "eventDefinitionKey": "DEAudience-1c2d", "name": "Spring" });
    for trigger in [bare.clone(), json!({ "eventDefinition": bare })] {
        let answers = Answers { trigger, data_sources: sources(), ..Answers::default() };
        let journey = answers.journey();
        assert_eq!(journey.entry.as_ref().unwrap().key, "DEAudience-1c2d");
        assert_eq!(journey.entry.as_ref().unwrap().name, "Spring");
        let expected = [("SubscriberKey", FieldKind::Text), ("Mobile", FieldKind::Phone), ("Age", FieldKind::Other)];
        assert_eq!(names_of(&journey), expected);
    }
}

#[test]
fn the_schema_stands_in_for_data_sources() {
    let rows = json!([
        { "key": "Event.DEAudience-1c2d.\"First Name\"", "type": "Text" },
        { "key": "Event.DEAudience-1c2d.Mobile", "type": "Phone" },
        { "key": "Event.APIEvent-9.Other", "type": "Text" },
    ]);
    for schema in [rows.clone(), json!({ "schema": rows })] {
        let journey = Answers { schema, ..Answers::default() }.journey();
        assert_eq!(journey.entry.as_ref().unwrap().key, "DEAudience-1c2d");
        assert_eq!(names_of(&journey), [("First Name", FieldKind::Text), ("Mobile", FieldKind::Phone)]);
    }
}

#[test]
fn nothing_is_demanded() {
    for odd in
        [json!(null), json!(""), json!(7), json!([]), json!({}), json!([null, 1, {}]), json!({ "activities": 1 })]
    {
        let answers = Answers {
            interaction: odd.clone(),
            trigger: odd.clone(),
            schema: odd.clone(),
            data_sources: odd.clone(),
            defaults: odd,
            activity_key: json!("REST-1"),
        };
        let journey = answers.journey();
        assert_eq!(journey.entry, None);
        assert!(!journey.is_read_only());
    }
}

#[test]
fn activities_are_known_by_what_they_call_and_how_they_wait() {
    let interaction = json!({
        "id": "v", "definitionId": "d", "name": "Spring", "status": "Published",
        "defaults": { "mobileNumber": ["{{Event.DEAudience-1c2d.Mobile}}"] },
        "activities": [
            { "key": "REST-1", "name": "Hello", "type": "REST", "outcomes": [{ "next": "WAIT-1" }],
              "arguments": { "execute": { "url": "https://wp.example/activities/messaging/execute?c=x",
                  "inArguments": [{ "configurationId": "abc" }, { "mid": 5 }], "outArguments": [{ "messageId": "" }] } } },
            { "key": "WAIT-1", "type": "WAIT", "configurationArguments": { "waitDuration": 2, "waitUnit": "HOURS" },
              "outcomes": [{ "next": "EVENT-1" }] },
            { "key": "EVENT-1", "type": "WAITUNTILAPIEVENT", "configurationArguments": { "eventDefinitionKey": "APIEvent-1" } },
            { "key": "REST-2", "type": "Rest",
              "schema": { "arguments": { "execute": { "outArguments": [
                  { "statusName": { "access": "Visible" } }, { "hidden": { "access": "hidden" } }] } } },
              "arguments": { "execute": { "url": "https://wp.example/activities/reports/execute",
                  "inArguments": [{ "messageId": "{{Interaction.REST-1.messageId}}" }] } } },
            { "type": "no key" },
        ],
    });
    let journey = Answers { interaction, activity_key: json!("REST-1"), ..Answers::default() }.journey();
    let kinds: Vec<_> = journey.activities.iter().map(|activity| activity.kind).collect();
    use ActivityKind::{Messaging, Reports, Wait, WaitUntilEvent};
    assert_eq!(kinds, [Messaging, Wait, WaitUntilEvent, Reports]);
    assert_eq!(journey.activities[0].configuration_id.as_deref(), Some("abc"));
    assert_eq!(journey.activities[0].out_arguments, ["messageId"]);
    assert_eq!(journey.activities[1].wait_secs, Some(7_200));
    assert_eq!(journey.activities[2].event_definition_key.as_deref(), Some("APIEvent-1"));
    assert_eq!(journey.activities[3].reports_on.as_deref(), Some("REST-1"));
    assert_eq!(journey.activities[3].out_arguments, ["statusName"]);
    assert!(journey.default_mobile_number && journey.is_read_only());
}

#[test]
fn a_saved_activity_gives_its_arguments_in_order() {
    let activity = json!({
        "id": null, "key": "REST-1", "name": "Hello", "editable": false,
        "arguments": { "execute": { "inArguments": [{ "b": "1", "a": 2 }, { "c": { "x": [] } }, { "b": "3" }, 7] } },
        "metaData": { "isConfigured": true, "waypost": { "audience": 5 } },
    });
    let saved = SavedActivity::read(&activity);
    let pairs: Vec<_> = saved.arguments.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(pairs.iter().find(|(name, _)| *name == "b"), Some(&("b", "3")));
    assert_eq!(pairs.last(), Some(&("c", r#"{"x":[]}"#)));
    assert!(saved.is_configured && !saved.is_editable);
    assert_eq!(saved.settings, json!({ "audience": 5 }));
    assert_eq!(saved.id, None);
}
