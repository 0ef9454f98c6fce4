//! From a webhook to the exact row, of each channel and kind of report (spec R1, R2, T4; infobip.md 12). The expected
//! columns are written out here: the product's own table would prove itself.

mod clicks;
mod delivery;
mod external;
mod inbound;
mod order;
mod seen;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use waypost::sandbox::{WebhookFaults, sample};

use crate::support::{
    AccountFile, CLICKS_KEY, INBOUND_KEY, TenantFile, TestApp, inbound_messages, older_url_tracking, spawn_app, tenant,
    unified_url_tracking,
};

type Row = BTreeMap<String, String>;

/// The person of all messages.
const PERSON: &str = "385911234567";
/// Account whose MMS count among the SMS reports, whose Kakao goes over OMNI, and whose clicks go to the older extension.
const OLDER: &str = "older";
const OLDER_CLICKS_KEY: &str = "SMS URL Tracking";

fn unit() -> TenantFile {
    let mut unit = tenant();
    let main = unit.accounts[0].clone();
    unit.accounts.push(AccountFile {
        label: OLDER.to_owned(),
        api_key: format!("{}-{OLDER}", main.api_key),
        mms_reports: "sms",
        kakao: "omni",
        senders: "tracking = { native = { url_tracking = \"SMS URL Tracking\" } }\n",
        ..main
    });
    unit
}

/// With all data extensions, and webhooks that only the test brings.
async fn prepare(app: &TestApp) {
    for extension in [unified_url_tracking(), older_url_tracking(OLDER_CLICKS_KEY), inbound_messages(INBOUND_KEY)] {
        app.sfmc().create_data_extension(app.tenant.mid, extension).unwrap();
    }
    for account in &app.tenant.accounts {
        app.infobip().change_account(&account.api_key, |account| account.scopes.push("omni-failover:manage".into()));
    }
    app.infobip().set_webhook_faults(WebhookFaults { off: true, ..WebhookFaults::default() });
}

async fn app() -> TestApp {
    let app = spawn_app().with_tenant(unit()).await;
    prepare(&app).await;
    app
}

/// A way to send, and what its rows say of it.
struct Way {
    channel: &'static str,
    account: &'static str,
    arguments: &'static [(&'static str, &'static str)],
    reported_as: &'static str,
    /// The `from` column where the report names no sender.
    sender: &'static str,
}

const SMS: Way = Way { channel: "SMS", account: "main", arguments: &[], reported_as: "SMS", sender: "Waypost" };
const LMS: Way =
    Way { channel: "LMS", arguments: &[("title", "Sale"), ("resellerCode", "302190001")], reported_as: "LMS", ..SMS };
const MMS: Way = Way {
    channel: "MMS",
    arguments: &[("sender", sample::NUMBER), ("segmentType1", "TEXT"), ("segmentText1", "Hi")],
    reported_as: "MMS",
    sender: sample::NUMBER,
    ..SMS
};
const MMS_AS_SMS: Way = Way { account: OLDER, ..MMS };
const WHATSAPP: Way = Way {
    channel: "WhatsApp",
    arguments: &[
        ("sender", sample::NUMBER),
        ("templateName", sample::TEXT_TEMPLATE),
        ("templateLanguage", sample::TEMPLATE_LANGUAGE),
        ("placeholderCount", "2"),
        ("placeholder1", "Ana"),
        ("placeholder2", "1001"),
    ],
    reported_as: "WhatsApp",
    sender: sample::NUMBER,
    ..SMS
};
const VIBER: Way = Way {
    channel: "Viber",
    arguments: &[("sender", sample::VIBER_SENDER)],
    reported_as: "Viber",
    sender: sample::VIBER_SENDER,
    ..SMS
};
const VIBER_OMNI: Way = Way {
    channel: "Viber (deprecated)",
    arguments: &[("scenarioKey", sample::VIBER_SCENARIO), ("promotional", "false")],
    reported_as: "Viber",
    // The scenario has the sender, and nobody tells it.
    sender: "",
    ..SMS
};
const RCS: Way = Way {
    channel: "RCS",
    arguments: &[("sender", sample::RCS_SENDER)],
    reported_as: "RCS",
    sender: sample::RCS_SENDER,
    ..SMS
};
const CHINGU: Way = Way {
    channel: "KakaoChinguTalk",
    arguments: &[("sender", sample::KAKAO_PROFILE_KEY)],
    reported_as: "KakaoChinguTalk",
    sender: sample::KAKAO_PROFILE_KEY,
    ..SMS
};
const ALIM: Way = Way {
    channel: "Kakao Alim",
    arguments: &[("sender", sample::KAKAO_PROFILE_KEY), ("templateName", "welcome")],
    reported_as: "Kakao Alim",
    ..CHINGU
};

/// A message that Infobip has accepted.
struct Sent {
    id: String,
    /// Where its delivery reports go.
    url: String,
    callback_data: String,
}

async fn send(app: &TestApp, way: &Way) -> Sent {
    let set = [("channel", way.channel), ("account", way.account)];
    let arguments: Vec<_> = set.into_iter().chain(way.arguments.iter().copied()).collect();
    let activity = app.new_activity(&arguments).await;
    let answer = app.execute(&app.call_of(&activity, "C-1").to(PERSON)).await;
    assert_eq!(answer.out("messageStatus"), "Success", "{}: {answer:?}", way.channel);
    let id = answer.message_id();
    let message = app
        .until("the message at Infobip", async || app.infobip().received().into_iter().find(|it| it.message_id == id))
        .await;
    app.until("it to be sent", async || (app.unit_status().await["queued"] == 0).then_some(())).await;
    let url = report_url(&message.raw).unwrap_or_else(|| panic!("{} names no address of reports", way.channel));
    Sent { id, url, callback_data: message.callback_data.unwrap() }
}

/// The address of delivery reports, wherever the channel's request has it.
fn report_url(request: &Value) -> Option<String> {
    match request {
        Value::String(text) => text.contains("/deliveryReport/").then(|| text.clone()),
        Value::Array(entries) => entries.iter().find_map(report_url),
        Value::Object(fields) => fields.values().find_map(report_url),
        _ => None,
    }
}

/// An account's address of a kind: `deliveryReport`, `urlTracking` or `inboundMessage`.
async fn address(app: &TestApp, account: &str, kind: &str) -> String {
    let mid = app.tenant.mid.to_string();
    let mut args = vec!["inbound", "address", "--mid", &mid];
    // A unit with one account needs no label.
    if app.tenant.accounts.len() > 1 {
        args.extend(["--account", account]);
    }
    let address = app.cli(&args).await.succeeded().out.trim().to_owned();
    address.replace("/inboundMessage/", &format!("/{kind}/"))
}

async fn bring(app: &TestApp, url: &str, body: &Value) {
    let answer = app.post(url, body.to_string()).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{body}");
}

fn results(entries: &[Value]) -> Value {
    json!({ "results": entries })
}

async fn settled(app: &TestApp) {
    app.until("the reports to be forwarded", async || (app.unit_status().await["reports_waiting"] == 0).then_some(()))
        .await;
    assert_eq!(app.unit_status().await["reports_refused"], 0);
}

fn rows_of(app: &TestApp, key: &str, message_id: &str) -> Vec<Row> {
    let rows = app.sfmc().rows(app.tenant.mid, key);
    rows.into_iter().filter(|row| row["messageId"] == message_id).collect()
}

fn row(columns: &[(&str, &str)]) -> Row {
    columns.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
}

/// The row with other values; an empty one is null.
fn with(mut row: Row, changes: &[(&str, &str)]) -> Row {
    for (column, value) in changes {
        if value.is_empty() {
            row.remove(*column);
        } else {
            row.insert((*column).to_owned(), (*value).to_owned());
        }
    }
    row
}
