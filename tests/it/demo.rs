//! The demonstration, as somebody who tries Waypost runs it.

use std::process::Command;

use serde_json::Value;

fn demo(args: &[&str]) -> Value {
    let ran = Command::new(env!("CARGO_BIN_EXE_waypost")).arg("demo").arg("--json").args(args).output().unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{out}\n{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_str(&out).unwrap()
}

fn counts(figures: &Value) -> [u64; 4] {
    ["accepted", "sent", "rows", "ejected"].map(|name| figures[name].as_u64().unwrap())
}

/// Each of these is counted twice: as the stand-in of Infobip sent it, and as it arrived with SFMC's.
fn assert_what_came_back_is_there(figures: &Value) {
    let count = |pointer: &str| figures.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    assert_eq!(count("/rows_seen"), count("/seen"), "{figures:#}");
    assert_eq!(count("/rows_by_extension/Unified URL Tracking"), count("/clicks"), "{figures:#}");
    assert_eq!(count("/click_branches/Clicked"), count("/clicks"), "{figures:#}");
    assert_eq!(count("/rows_by_extension/Inbound Messages"), count("/replies"), "{figures:#}");
    // Viber (deprecated) is answered as Viber is, but there is no event to fire.
    let asking = if figures["channel"] == "Viber (deprecated)" { 0 } else { count("/replies") };
    assert!(figures["channel"].is_null() || count("/events") == asking, "{figures:#}");
    assert_eq!((count("/event_branches/event"), count("/events_lost")), (count("/events"), 0), "{figures:#}");
    let of = |branches: &Value| branches.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>();
    assert_eq!(of(&figures["reply_branches"]), count("/events"), "{figures:#}");
    assert_eq!(of(&figures["branches"]), count("/contacts"), "{figures:#}");
}

#[test]
fn a_demonstration_of_every_channel_accounts_for_each_contact() {
    let summary = demo(&["--channel", "all", "--contacts", "120", "--speed-limit", "6000/MINUTE"]);
    let channels = summary["channels"].as_array().unwrap();
    let names: Vec<_> = channels.iter().map(|channel| channel["channel"].as_str().unwrap()).collect();
    let expected = [
        "SMS",
        "LMS",
        "MMS",
        "WhatsApp",
        "Viber",
        "Viber (deprecated)",
        "KakaoChinguTalk",
        "KakaoChinguTalk over OMNI failover",
        "Kakao Alim",
        "Kakao Alim over OMNI failover",
        "RCS",
    ];
    assert_eq!(names, expected);
    for part in channels.iter().chain([&summary]) {
        let [accepted, sent, rows, ejected] = counts(part);
        assert!(accepted > 0 && ejected == 0, "{part:#}");
        assert_eq!((sent, rows), (accepted, accepted), "{part:#}");
        assert_what_came_back_is_there(part);
    }
    // The numbers and the seed are always the same, so these are not by chance.
    for heard in ["seen", "clicks", "replies"] {
        assert!(summary[heard].as_u64().unwrap() > 0, "{heard}: {summary:#}");
    }
    let contents = channels.iter().flat_map(|channel| channel["contents"].as_array().unwrap());
    for content in contents {
        assert!(content["sent"].as_u64().unwrap() > 0, "{content:#}");
    }
    // Two in 120 made-up contacts have no number, and one a number that is none.
    assert_eq!(summary["refused"]["Error: Missing phone number in request"], 2);
    assert_eq!(counts(&summary)[0], 117);
}

#[test]
fn a_demonstration_of_one_channel_shows_no_other() {
    let summary = demo(&["--channel", "kakao_alim", "--contacts", "20", "--speed-limit", "6000/MINUTE"]);
    let channels = summary["channels"].as_array().unwrap();
    assert_eq!((channels.len(), &channels[0]["channel"]), (1, &Value::from("Kakao Alim")));
    assert_eq!(summary["rows_by_extension"], serde_json::json!({ "Omni Reports": 20 }));
}

#[test]
fn a_demonstration_of_sms_shows_replies_clicks_and_the_branch_of_each() {
    let summary = demo(&["--contacts", "90", "--speed-limit", "6000/MINUTE"]);
    assert_eq!(summary["passed"], true);
    assert_what_came_back_is_there(&summary);
    let texts: Vec<_> = summary["reply_branches"].as_object().unwrap().keys().collect();
    assert!(texts.len() > 1, "{texts:?}");
    let contents = summary["channels"][0]["contents"].as_array().unwrap();
    let of = |content: &str, name: &str| {
        contents.iter().find(|it| it["content"] == content).unwrap()[name].as_u64().unwrap()
    };
    assert!(of("tracked URL", "clicks") > 0 && of("tracked URL", "replies") > 0, "{summary:#}");
    assert!(of("plain text", "clicks") == 0 && of("plain text", "replies") > 0, "{summary:#}");
    // To a name nobody replies.
    assert_eq!(of("India DLT", "replies"), 0);
}

#[test]
fn an_audience_with_a_contact_twice_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "SubscriberKey,MobilePhone\nC-1,+385911234567\nC-1,+385911234568\n").unwrap();
    let args = ["demo", "--json", "--audience", file.path().to_str().unwrap()];
    let ran = Command::new(env!("CARGO_BIN_EXE_waypost")).args(args).output().unwrap();
    let error = String::from_utf8(ran.stderr).unwrap();
    assert!(!ran.status.success() && error.contains("have the same SubscriberKey"), "{error}");
}
