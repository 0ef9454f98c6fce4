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
