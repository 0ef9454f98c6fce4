//! Whose call is it, and is it one? 401 and 400, and nothing else (spec M10, T8, §10).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::support::{Call, TestApp, jws, spawn_app, tenant};

#[track_caller]
fn without_query(url: &str) -> String {
    url.split('?').next().unwrap().to_owned()
}

/// Posts raw bytes to the plain activity's execute.
async fn post(app: &TestApp, body: impl Into<reqwest::Body>) -> u16 {
    let answer = app.post(app.activity.execute_url(), body).await;
    let errors = answer.json();
    assert!(errors["errors"][0].is_string(), "{answer:?}");
    answer.status
}

/// Fails unless a rightful message is the only one that was sent.
async fn finish_with_nothing_sent(app: TestApp) {
    app.execute(&app.call("C-99").text("rightful")).await.message_id();
    app.drain().await;
    let texts: Vec<_> = app.infobip().received().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["rightful"]);
    app.finish().await;
}

#[tokio::test]
async fn a_call_that_is_not_signed_rightly_is_401() {
    let app = spawn_app().await;
    let call = app.call("C-1");
    let (payload, key) = (call.json().to_string(), call.key());
    let hs256 = r#"{"alg":"HS256","typ":"JWT"}"#;
    let rightful = jws(hs256, &payload, key);
    let [header, _, signature] = [0, 1, 2].map(|part| rightful.split('.').nth(part).unwrap());
    let tampered = URL_SAFE_NO_PAD.encode(call.clone().to("385919999999").json().to_string());
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let body = URL_SAFE_NO_PAD.encode(&payload);
    for (what, body) in [
        ("no signature", payload.clone()),
        ("another key", jws(hs256, &payload, b"another key")),
        ("an empty key", jws(hs256, &payload, b"")),
        ("a tampered payload", format!("{header}.{tampered}.{signature}")),
        ("alg none", format!("{none}.{body}.")),
        ("alg none with a signature", jws(r#"{"alg":"none"}"#, &payload, key)),
        ("alg HS512", jws(r#"{"alg":"HS512"}"#, &payload, key)),
        ("alg in other letters", jws(r#"{"alg":"hs256"}"#, &payload, key)),
        ("a critical extension", jws(r#"{"alg":"HS256","crit":["b64"]}"#, &payload, key)),
        ("a cut signature", rightful[..rightful.len() - 2].to_owned()),
        ("a token in JSON, another key", json!({ "jwt": jws(hs256, &payload, b"another key") }).to_string()),
    ] {
        assert_eq!(post(&app, body).await, 401, "{what}");
    }
    finish_with_nothing_sent(app).await;
}

#[tokio::test]
async fn an_expired_or_future_token_is_401() {
    let app = spawn_app().await;
    let now = app.clock.now().as_secs();
    for (claim, at, status) in
        [("exp", now - 301, 401), ("nbf", now + 330, 401), ("exp", now + 60, 200), ("nbf", now - 60, 200)]
    {
        let answer = app.execute(&app.call("C-1").text("rightful").field(claim, at)).await;
        assert_eq!(answer.status, status, "{claim} {at}: {answer:?}");
    }
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 2);
    app.finish().await;
}

#[tokio::test]
async fn a_call_signed_by_one_unit_never_speaks_for_another() {
    let mut app = spawn_app().await;
    let other = tenant();
    app.add_tenant(&other).await;
    let theirs =
        app.new_activity_of(other.mid, "messaging", &[("channel", "SMS"), ("sender", "Waypost"), ("text", "Hi")]).await;
    let bare = without_query(app.activity.execute_url());
    let (ours, their_key) = (app.call("C-1"), other.signing_secret.as_str());
    let as_theirs = app.call_of(&theirs, "C-1");
    for (what, call) in [
        ("our key, their MID, no token", ours.clone().set("mid", other.mid.to_string()).at(&bare)),
        ("our key, their MID, our token", ours.clone().set("mid", other.mid.to_string())),
        ("our key, our MID, their token", ours.clone().at(theirs.execute_url())),
        ("our key, no MID, their token", ours.clone().unset("mid").at(theirs.execute_url())),
        ("their key, our MID, no token", ours.clone().signed_with(their_key).at(&bare)),
        ("their key, our MID, our token", ours.clone().signed_with(their_key)),
        ("their key, their MID, our token", as_theirs.clone().signed_with(their_key).at(app.activity.execute_url())),
        ("our key, their activity", as_theirs.clone()),
        ("our key, unknown MID", ours.clone().set("mid", "999").at(&bare)),
        ("our key, unknown MID, our token", ours.clone().set("mid", "999")),
        ("our key, a MID that is none", ours.clone().set("mid", "all").at(&bare)),
        ("our key, no MID, no token", ours.clone().unset("mid").at(&bare)),
        ("our key, no MID, a forged token", ours.clone().unset("mid").at(format!("{bare}?c=AAAAAAAAAAAAAAAA"))),
    ] {
        let answer = app.execute(&call).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
    }
    for (what, call) in [
        ("in-arguments alone", ours.clone().at(&bare)),
        ("token alone", app.call("C-2").unset("mid")),
        ("a forged token beside the in-arguments", app.call("C-3").at(format!("{bare}?c=AAAA"))),
        ("theirs by them", as_theirs.signed_with(their_key)),
    ] {
        let answer = app.execute(&call.text("rightful")).await;
        assert_eq!(answer.status, 200, "{what}: {answer:?}");
    }
    app.drain().await;
    assert_eq!(app.infobip().received().iter().filter(|message| message.text == "rightful").count(), 4);
    assert_eq!(app.infobip().received_count(), 4);
    app.finish().await;
}

#[tokio::test]
async fn what_is_no_call_is_400() {
    let app = spawn_app().await;
    let key = app.call("C-1").key().to_vec();
    let header = r#"{"alg":"HS256"}"#;
    let mid = app.tenant.mid.to_string();
    let without_id = json!({ "inArguments": [{ "mid": mid }], "keyValue": "C-1" }).to_string();
    let many: Vec<_> = (0..1_001).map(|n| json!({ format!("a{n}"): "x" })).chain([json!({ "mid": mid })]).collect();
    let many = json!({ "activityId": "a", "inArguments": many }).to_string();
    let deep = format!(r#"{{"activityId":"a","inArguments":{}{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    for (what, body) in [
        ("nothing", Vec::new()),
        ("white space", b" \r\n".to_vec()),
        ("a page", b"<html></html>".to_vec()),
        ("a list", b"[1]".to_vec()),
        ("half of an object", b"{\"activityId\":".to_vec()),
        ("bytes that are no text", vec![0xff, 0xfe, 0x00]),
        ("no text within JSON", b"{\"activityId\":\"\xff\"}".to_vec()),
        ("no activity id", without_id.clone().into_bytes()),
        ("a signed call without activity id", jws(header, &without_id, &key).into_bytes()),
        ("a signed call with an activity id that is too long", {
            let body = json!({ "inArguments": [{ "mid": mid }], "activityId": "a".repeat(129) }).to_string();
            jws(header, &body, &key).into_bytes()
        }),
        ("too many in-arguments", jws(header, &many, &key).into_bytes()),
        ("deep JSON", deep.clone().into_bytes()),
    ] {
        assert_eq!(post(&app, body).await, 400, "{what}");
    }
    // Signed, but nothing in it says whose it is: the token in the URL does.
    assert_eq!(post(&app, jws(header, &deep, &key)).await, 400);
    finish_with_nothing_sent(app).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_one_at_it_is_read() {
    let app = spawn_app().with_config(|config| config.server.body_bytes_max = 16_384).await;
    let call = |bytes: usize| {
        let call = app.call("C-1").text("rightful").field("padding", "");
        let room = bytes - call.bytes().len();
        // Base64 turns three bytes into four characters.
        call.field("padding", "x".repeat(room * 3 / 4))
    };
    let fits = call(16_300);
    assert!(fits.bytes().len() <= 16_384);
    app.execute(&fits).await.message_id();
    let answer = app.execute(&call(16_500)).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 1);
    app.finish().await;
}

#[tokio::test]
async fn the_body_says_what_it_is_whatever_the_content_type_claims() {
    let app = spawn_app().await;
    let types = [
        Some("application/jwt"),
        Some("application/json"),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        None,
    ];
    for (index, content_type) in types.into_iter().enumerate() {
        app.execute(&app.call(&format!("C-{index}")).content_type(content_type)).await.message_id();
    }
    let token = |contact: &str| String::from_utf8(app.call(contact).bytes()).unwrap();
    for body in [
        json!(token("C-10")).to_string(),
        json!({ "jwt": token("C-11") }).to_string(),
        format!("\r\n{}\n", token("C-12")),
    ] {
        app.post(app.activity.execute_url(), body).await.message_id();
    }
    app.drain().await;
    assert_eq!(app.infobip().received_count(), 8);
    app.finish().await;
}

#[tokio::test]
async fn the_older_form_of_a_body_is_read_too() {
    let app = spawn_app().await;
    let call: Call = app.call("C-1");
    let wrapped = json!({ "contents": call.json() }).to_string();
    let body = jws(r#"{"alg":"HS256","typ":"JWT"}"#, &wrapped, call.key());
    let id = app.post(&call.url, body).await.message_id();
    app.drain().await;
    let received = app.infobip().received();
    assert_eq!((received.len(), received[0].message_id.as_str()), (1, id.as_str()));
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_repeats_nothing_of_what_it_refuses() {
    let app = spawn_app().await;
    let call = app.call("C-secret-contact").to("385917654321").text("a very private text").signed_with("a wrong key");
    let answer = app.execute(&call).await;
    assert_eq!(answer.status, 401);
    for planted in ["385917654321", "private text", "secret-contact", &app.tenant.signing_secret, "wrong key"] {
        assert!(!answer.body.contains(planted), "{planted}: {}", answer.body);
    }
    app.finish().await;
}
