//! config.json and the saved activity (sfmc.md 1.2–1.4, 3.5).

use serde_json::{Value, json};

use super::languages::CULTURES;
use crate::domain::message::names;

/// Which of our two activities.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    Messaging,
    Reports,
}

/// What the documents take from the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ActivitySettings {
    /// Origin under which SFMC and browsers reach us, without trailing slash.
    pub(crate) public_base_url: String,
    /// 1000 to 100000 (sfmc.md 1.3).
    pub(crate) timeout_ms: u32,
    /// 0 to 5.
    pub(crate) retry_count: u32,
    /// 0 to 10000.
    pub(crate) retry_delay_ms: u32,
    /// 1 to 50; above 10 an account may need Salesforce's consent.
    pub(crate) concurrent_requests: u32,
    /// The tenant's salt key (spec T8); the package's signing secret signs without one.
    pub(crate) customer_key: Option<String>,
    /// What the operator calls the activities.
    pub(crate) messaging: GivenWords,
    pub(crate) reports: GivenWords,
}

/// What an operator calls an activity, in all languages; ours where nothing is given.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct GivenWords {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
}

impl ActivitySettings {
    /// The settings that outlive a restart of ours (spec M10): five retries ten seconds apart.
    pub(crate) fn new(public_base_url: impl Into<String>) -> Self {
        Self {
            public_base_url: public_base_url.into().trim_end_matches('/').to_owned(),
            timeout_ms: 20_000,
            retry_count: 5,
            retry_delay_ms: 10_000,
            concurrent_requests: 5,
            customer_key: None,
            messaging: GivenWords::default(),
            reports: GivenWords::default(),
        }
    }

    fn given(&self, kind: Kind) -> &GivenWords {
        match kind {
            Kind::Messaging => &self.messaging,
            Kind::Reports => &self.reports,
        }
    }

    /// Whether this is what Journey Builder calls the activity until a marketer names it, in whatever language.
    pub(crate) fn is_given_name(&self, kind: Kind, name: &str) -> bool {
        let own = CULTURES.iter().map(|culture| culture.words(kind).name);
        own.chain(self.given(kind).name.as_deref()).any(|own| own == name)
    }
}

struct Row {
    path: &'static str,
    key: &'static str,
    category: &'static str,
    prefix: &'static str,
    /// All are text and never null (spec M9, R4).
    out_arguments: &'static [&'static str],
    /// Keys of the page's steps; what they are called is the languages' matter.
    steps: &'static [&'static str],
}

const MESSAGING: Row = Row {
    path: "messaging",
    key: "infobip-messaging",
    category: "message",
    prefix: "Infobip Messaging",
    out_arguments: &["messageStatus", "messageId", "statusDetail"],
    steps: &["channel", "message", "summary"],
};

const REPORTS: Row = Row {
    path: "reports",
    key: "infobip-reports",
    category: "message",
    prefix: "Infobip Reports",
    out_arguments: &[
        "statusName",
        "statusGroupName",
        "errorName",
        "doneAt",
        "sentAt",
        "seenAt",
        "seenTime",
        "notificationType",
        "url",
        "responseText",
        "responseTime",
        "queueStatus",
    ],
    steps: &["report", "summary"],
};

/// The pictures on the canvas, below the endpoint.
const ICON: &str = "icon.svg";
const ICON_SMALL: &str = "icon-small.svg";

/// The lifecycle calls, each also the last part of its URL.
const LIFECYCLE: [&str; 5] = ["save", "validate", "publish", "unpublish", "stop"];

impl Kind {
    fn row(self) -> &'static Row {
        match self {
            Self::Messaging => &MESSAGING,
            Self::Reports => &REPORTS,
        }
    }

    /// What Journey Builder calls it until the marketer names it, where the operator has not.
    pub(crate) fn name(self) -> &'static str {
        CULTURES.first().map_or("", |culture| culture.words(self).name)
    }

    /// Path segment of the activity's endpoint, `/activities/{path}`.
    pub(crate) fn path(self) -> &'static str {
        self.row().path
    }
}

/// Keys of an activity's steps.
#[cfg(test)]
pub(super) fn steps(kind: Kind) -> &'static [&'static str] {
    kind.row().steps
}

/// The endpoint's config.json.
pub(crate) fn config_json(kind: Kind, settings: &ActivitySettings) -> Value {
    let row = kind.row();
    let endpoint = Endpoint { row, settings, query: "" };
    let in_arguments = json!([{ names::CONTACT_KEY: "{{Contact.Key}}" }]);
    let label_key = |step: &str| format!("{step}Label");
    let steps = row.steps.iter().map(|step| json!({ "key": step, "label": label_key(step), "active": true }));
    let given = settings.given(kind);
    let mut lang = serde_json::Map::new();
    for culture in CULTURES {
        let words = culture.words(kind);
        let mut own = serde_json::Map::new();
        own.insert("name".to_owned(), json!(given.name.as_deref().unwrap_or(words.name)));
        own.insert("description".to_owned(), json!(given.description.as_deref().unwrap_or(words.description)));
        own.extend(row.steps.iter().map(|step| (label_key(step), json!(culture.step(step)))));
        own.insert("runningHoverButtonLabel".to_owned(), json!(culture.running_hover_button));
        lang.insert(culture.code.to_owned(), Value::Object(own));
    }
    json!({
        "workflowApiVersion": "1.1",
        "key": row.key,
        "type": "REST",
        "metaData": {
            "icon": ICON,
            "iconSmall": ICON_SMALL,
            "category": row.category,
            "expressionBuilderPrefix": row.prefix,
            "isConfigured": false,
            "configOnDrop": true,
        },
        "lang": lang,
        "arguments": { "execute": endpoint.execute(in_arguments) },
        "configurationArguments": endpoint.lifecycle(),
        "wizardSteps": steps.collect::<Vec<_>>(),
        "userInterfaces": {
            "configurationSupportsReadOnlyMode": true,
            "configModal": { "url": endpoint.url("index.html"), "height": 720, "width": 1_000, "fullscreen": false },
            // 200 by 243 pixels (sfmc.md 1.3).
            "runningHover": { "url": endpoint.url("hover.html") },
        },
        "outcomes": [],
        "copySettings": { "allowCopy": true, "displayCopyNotification": true },
        "schema": schema(row, &[names::CONTACT_KEY]),
    })
}

/// What the page was filled in with.
pub(crate) struct Filled<'a> {
    /// In order; each becomes an object of its own.
    pub(crate) in_arguments: Vec<(String, String)>,
    /// Our signed configuration id (spec M12) as it goes on the execute and lifecycle URLs.
    pub(crate) query: &'a str,
    /// What is no in-argument; kept in `metaData.waypost`.
    pub(crate) settings: Value,
}

/// An activity that Journey Builder handed over, filled in: what it does not know of is left as it came (sfmc.md 3.5).
/// Filled in a second time with the same, it is the same.
pub(crate) fn configured(kind: Kind, settings: &ActivitySettings, activity: &Value, filled: Filled<'_>) -> Value {
    let row = kind.row();
    let Filled { in_arguments, query, settings: own } = filled;
    let endpoint = Endpoint { row, settings, query };
    let argument_names = in_arguments.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    let schema = schema(row, &argument_names);
    let in_arguments = in_arguments.iter().map(|(name, value)| json!({ name: value })).collect::<Value>();
    let mut activity = activity.clone();
    merge(&mut activity, json!({ "arguments": { "execute": endpoint.execute(in_arguments) } }));
    merge(&mut activity, json!({ "configurationArguments": endpoint.lifecycle() }));
    merge(&mut activity, json!({ "metaData": { "isConfigured": true, "waypost": null } }));
    if let Some(metadata) = activity.get_mut("metaData") {
        metadata.as_object_mut().map(|metadata| metadata.insert("waypost".to_owned(), own));
    }
    // Journey Builder spells the values its own way and adds to them; what says the same is left alone.
    if !says(activity.get("schema").unwrap_or(&Value::Null), &schema) {
        merge(&mut activity, json!({ "schema": schema }));
    }
    activity
}

/// Puts `new` into `old`, object by object; anything else replaces what was there.
fn merge(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in new {
                merge(old.entry(name).or_insert(Value::Null), value);
            }
        }
        (old, new) => *old = new,
    }
}

/// Whether `there` holds all that `wanted` says, texts in whatever case; lists must be as long.
fn says(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            wanted.iter().all(|(name, value)| there.get(name).is_some_and(|own| says(own, value)))
        }
        (Value::Array(there), Value::Array(wanted)) => {
            there.len() == wanted.len() && there.iter().zip(wanted).all(|(there, wanted)| says(there, wanted))
        }
        (Value::String(there), Value::String(wanted)) => there.eq_ignore_ascii_case(wanted),
        // It fills in false, whatever we say: only out-arguments must not be null.
        (Value::Bool(_), Value::Bool(_)) => true,
        (there, wanted) => there == wanted,
    }
}

/// The activity as Journey Builder stores it, without a page having been open: each in-argument an object of its own,
/// and `query` (our signed configuration id, spec M12) on the execute and lifecycle URLs.
pub(crate) fn saved_activity(
    kind: Kind,
    settings: &ActivitySettings,
    key: &str,
    in_arguments: Vec<(String, String)>,
    query: &str,
) -> Value {
    let row = kind.row();
    let endpoint = Endpoint { row, settings, query };
    let argument_names = in_arguments.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    let schema = schema(row, &argument_names);
    let in_arguments = in_arguments.into_iter().map(|(name, value)| json!({ name: value })).collect::<Value>();
    let mut configuration = endpoint.lifecycle();
    if let Some(configuration) = configuration.as_object_mut() {
        for name in ["testSave", "testPublish", "testUnpublish", "testStop", "testValidate", "partnerActivityId"] {
            configuration.insert(name.to_owned(), json!(""));
        }
        configuration.insert("outArgumentSchema".to_owned(), json!({}));
    }
    json!({
        "id": null,
        "key": key,
        "name": settings.given(kind).name.as_deref().unwrap_or(kind.name()),
        "type": "REST",
        "arguments": {
            "executionMode": "{{Context.ExecutionMode}}",
            "definitionId": "{{Context.DefinitionId}}",
            "activityId": "{{Activity.Id}}",
            "contactKey": "{{Context.ContactKey}}",
            "execute": endpoint.execute(in_arguments),
            "testExecute": "",
            "startActivityKey": "{{Context.StartActivityKey}}",
            "definitionInstanceId": "{{Context.DefinitionInstanceId}}",
            "requestObjectId": "{{Context.RequestObjectId}}",
        },
        "configurationArguments": configuration,
        "metaData": {
            "icon": endpoint.url(ICON),
            "original_icon": ICON,
            "iconSmall": endpoint.url(ICON_SMALL),
            "original_iconSmall": ICON_SMALL,
            "category": row.category,
            "expressionBuilderPrefix": row.prefix,
            "statsContactIcon": null,
            "isConfigured": true,
        },
        "schema": schema,
        "editable": true,
        "outcomes": [{ "arguments": {}, "metaData": { "invalid": false } }],
        "errors": null,
    })
}

/// The URLs of one activity and the calls that go there.
struct Endpoint<'a> {
    row: &'a Row,
    settings: &'a ActivitySettings,
    /// Without `?`; empty for none.
    query: &'a str,
}

impl Endpoint<'_> {
    fn url(&self, last: &str) -> String {
        format!("{}/activities/{}/{last}", self.settings.public_base_url, self.row.path)
    }

    fn call_url(&self, call: &str) -> String {
        let url = self.url(call);
        if self.query.is_empty() { url } else { format!("{url}?{}", self.query) }
    }

    fn execute(&self, in_arguments: Value) -> Value {
        let out_arguments = self.row.out_arguments.iter().map(|name| json!({ *name: "" })).collect::<Vec<_>>();
        let mut execute = json!({
            "inArguments": in_arguments,
            "outArguments": out_arguments,
            "url": self.call_url("execute"),
            "verb": "POST",
            "body": "",
            "header": "",
            "format": "json",
            "useJwt": true,
            "timeout": self.settings.timeout_ms,
            "retryCount": self.settings.retry_count,
            "retryDelay": self.settings.retry_delay_ms,
            "concurrentRequests": self.settings.concurrent_requests,
        });
        self.add_customer_key(&mut execute);
        execute
    }

    fn lifecycle(&self) -> Value {
        let mut calls = serde_json::Map::new();
        for call in LIFECYCLE {
            let mut described = json!({ "url": self.call_url(call), "verb": "POST", "useJwt": true });
            self.add_customer_key(&mut described);
            calls.insert(call.to_owned(), described);
        }
        Value::Object(calls)
    }

    fn add_customer_key(&self, call: &mut Value) {
        if let (Some(key), Some(call)) = (&self.settings.customer_key, call.as_object_mut()) {
            call.insert("customerKey".to_owned(), json!(key));
        }
    }
}

/// All arguments are text: what a journey compares with them is what we answered, to the letter.
fn schema(row: &Row, in_arguments: &[&str]) -> Value {
    let inward = |name: &&str| json!({ *name: { "dataType": "Text", "isNullable": true, "direction": "in" } });
    let outward = |name: &&str| json!({ *name: { "dataType": "Text", "isNullable": false, "direction": "out", "access": "visible" } });
    json!({
        "arguments": {
            "execute": {
                "inArguments": in_arguments.iter().map(inward).collect::<Vec<_>>(),
                "outArguments": row.out_arguments.iter().map(outward).collect::<Vec<_>>(),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ActivitySettings {
        ActivitySettings { customer_key: Some("waypost-salt".into()), ..ActivitySettings::new("https://wp.example/") }
    }

    #[test]
    fn the_reports_activity_declares_what_it_answers() {
        assert_eq!(REPORTS.out_arguments, crate::domain::report_answer::OUT_ARGUMENTS.map(|row| row.name));
    }

    #[test]
    fn config_json_of_the_messaging_activity() {
        insta::assert_json_snapshot!(config_json(Kind::Messaging, &ActivitySettings::new("https://wp.example")));
    }

    #[test]
    fn config_json_of_the_reports_activity() {
        insta::assert_json_snapshot!(config_json(Kind::Reports, &settings()));
    }

    #[test]
    fn an_operator_s_names_are_told_in_every_language() {
        let words = |text: &str| GivenWords { name: Some(text.to_owned()), description: Some(format!("{text}!")) };
        let named = ActivitySettings { messaging: words("Texts"), reports: words("Answers"), ..settings() };
        for (kind, name) in [(Kind::Messaging, "Texts"), (Kind::Reports, "Answers")] {
            let document = config_json(kind, &named);
            for (code, lang) in document["lang"].as_object().unwrap() {
                assert_eq!(lang["name"], name, "{code}");
                assert_eq!(lang["description"], format!("{name}!"), "{code}");
                for step in document["wizardSteps"].as_array().unwrap() {
                    assert!(lang[step["label"].as_str().unwrap()].is_string(), "{code}: {step}");
                }
            }
            assert!(named.is_given_name(kind, name) && named.is_given_name(kind, kind.name()));
            assert!(!named.is_given_name(kind, "Spring sale"));
        }
    }

    /// As Journey Builder rewrites what a page saved (sfmc.md 1.3, 3.5).
    fn rewritten(activity: &Value) -> Value {
        let mut activity = activity.clone();
        merge(&mut activity, json!({ "id": "0d9b6d55", "metaData": { "statsContactIcon": null, "theirs": 1 } }));
        for direction in ["inArguments", "outArguments"] {
            let Some(Value::Array(rows)) = activity.pointer_mut(&format!("/schema/arguments/execute/{direction}"))
            else {
                continue;
            };
            for row in rows.iter_mut().filter_map(Value::as_object_mut).flat_map(|row| row.values_mut()) {
                let told = if direction == "inArguments" { "In" } else { "Out" };
                merge(row, json!({ "isNullable": false, "readOnly": false, "direction": told, "access": "Visible" }));
            }
        }
        activity
    }

    #[test]
    fn filling_in_what_was_filled_in_changes_nothing() {
        let blank = json!({
            "id": null, "key": "REST-1", "name": "Hello", "type": "REST", "theirs": [1],
            "arguments": { "executionMode": "{{Context.ExecutionMode}}", "execute": { "inArguments": [], "theirs": 1 } },
            "configurationArguments": { "testSave": "", "save": { "url": "https://wp.example/save", "theirs": 1 } },
            "metaData": { "isConfigured": false, "icon": "icon.svg" },
            "schema": { "arguments": { "execute": { "inArguments": [] } } },
        });
        let filled = |text: &str| Filled {
            in_arguments: vec![(names::TEXT.to_owned(), text.to_owned())],
            query: "c=abc",
            settings: json!({ "audience": 5 }),
        };
        let first = configured(Kind::Messaging, &settings(), &blank, filled("Hi"));
        assert_eq!(first["metaData"]["isConfigured"], true);
        assert_eq!(first["arguments"]["execute"]["theirs"], 1);
        assert_eq!(first["configurationArguments"]["save"]["theirs"], 1);
        assert_eq!(
            first["configurationArguments"]["save"]["url"],
            "https://wp.example/activities/messaging/save?c=abc"
        );
        let stored = rewritten(&first);
        assert_eq!(configured(Kind::Messaging, &settings(), &stored, filled("Hi")), stored);
        assert_ne!(configured(Kind::Messaging, &settings(), &stored, filled("Ho")), stored);
    }

    #[test]
    fn a_saved_activity_of_the_messaging_kind() {
        let arguments = vec![
            (names::MID.to_owned(), "510001234".to_owned()),
            (names::TEXT.to_owned(), r#"Hi {{Event.DEAudience-1."First Name"}}"#.to_owned()),
        ];
        let activity = saved_activity(Kind::Messaging, &settings(), "REST-1", arguments, "c=abc.def");
        insta::assert_json_snapshot!(activity);
    }
}
