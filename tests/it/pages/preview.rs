//! The message as a phone shows it, notes and warnings (spec M3, M4, M8).

use serde_json::{Value, json};

use super::{Page, answers};
use crate::channels::app as app_of_all_channels;
use crate::channels::contents::CASES;
use crate::support::{Answered, spawn_app};

async fn show(page: &Page<'_>, arguments: &[(&str, &str)], values: &[(&str, &str)]) -> Value {
    let journey = page.journey(&answers("REST-1", None)).await;
    let body = json!({ "arguments": arguments, "journey": journey, "audience": 100_000, "values": values,
        "activity": { "name": "", "key": "REST-1" } });
    let answer = page.call("messaging/page/preview", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn every_content_of_every_channel_has_a_preview() {
    let app = app_of_all_channels().await;
    let page = Page::of(&app).await;
    for case in CASES {
        let mut arguments = vec![("channel", case.channel), ("account", case.account)];
        arguments.extend(case.arguments.iter().copied());
        for usual in [("sender", "Waypost"), ("text", "Hi")] {
            if !arguments.iter().any(|(name, _)| *name == usual.0) {
                arguments.push(usual);
            }
        }
        let html = show(&page, &arguments, &[]).await["preview"].as_str().unwrap().to_owned();
        assert!(html.contains("wp-phone__bubble"), "{}: {html}", case.name());
        assert!(html.contains(case.channel), "{}: {html}", case.name());
        for loading in ["<img", "src=", "href=", "style=", "<script", "url("] {
            assert!(!html.contains(loading), "{}: {html}", case.name());
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_registered_template_is_shown_with_what_fills_it() {
    let app = app_of_all_channels().await;
    let page = Page::of(&app).await;
    let case = CASES
        .iter()
        .find(|case| case.channel == "WhatsApp" && case.arguments.iter().any(|(name, _)| *name == "placeholder1"))
        .unwrap();
    let mut arguments = vec![("channel", case.channel), ("account", case.account)];
    arguments.extend(case.arguments.iter().copied().filter(|(name, _)| *name != "placeholder1"));
    arguments.push(("placeholder1", "{{Event.DEAudience-1.Name}}"));
    let shown = show(&page, &arguments, &[]).await;
    let html = shown["preview"].as_str().unwrap();
    assert!(html.contains("‹Name›") && !html.contains("not known here"), "{html}");
    let filled = show(&page, &arguments, &[("{{Event.DEAudience-1.Name}}", "Ann & Bo")]).await;
    let html = filled["preview"].as_str().unwrap();
    assert!(html.contains("Ann &#38; Bo") && !html.contains("‹Name›"), "{html}");
    app.finish().await;
}

#[tokio::test]
async fn texts_are_shown_as_they_are_and_never_as_html() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let evil = "<script>alert(1)</script>\"'&{{Event.E.\"<b>\"}}";
    let arguments = [
        ("channel", "RCS"),
        ("sender", evil),
        ("contentType", "CARD"),
        ("card1Title", evil),
        ("card1Description", evil),
        ("card1MediaUrl", evil),
        ("card1SuggestionType1", "OPEN_URL"),
        ("card1SuggestionText1", evil),
        ("card1SuggestionUrl1", evil),
        ("shortenUrl", "true"),
        ("customDomain", evil),
        ("fallbackText", evil),
        ("fallbackSender", evil),
    ];
    let html = show(&page, &arguments, &[]).await["preview"].as_str().unwrap().to_owned();
    for tag in ["<script", "<b>", "alert(1)</"] {
        assert!(!html.contains(tag), "{html}");
    }
    assert!(html.matches("&#60;script&#62;alert(1)").count() >= 7, "{html}");
    assert!(html.contains("dir=\"auto\""));
    app.finish().await;
}

#[tokio::test]
async fn notes_and_warnings_stand_by_their_fields() {
    let app = spawn_app().await;
    let page = Page::of(&app).await;
    let arguments = [
        ("channel", "SMS"),
        ("sender", "Waypost"),
        ("text", "Здравствуйте, {{Event.DEAudience-1.Name}}"),
        ("speedLimitCount", "30000"),
        ("speedLimitUnit", "MINUTE"),
    ];
    let shown = show(&page, &arguments, &[]).await;
    let text = shown["notes"]["text"].as_str().unwrap();
    assert!(text.starts_with("1 part, UCS-2: 14 characters, 56 left; “З”, “д”, “р” and "), "{text}");
    assert!(text.ends_with("longer when Name is filled"), "{text}");
    let pace = shown["notes"]["speedLimitCount"].as_str().unwrap();
    assert!(pace.starts_with("About 500 messages a second; 100,000 contacts take about 3 minutes."), "{pace}");
    assert_eq!(shown["warnings"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(shown["warnings"][0]["argument"], "speedLimitCount");
    assert!(shown["notes"]["callback"].as_str().unwrap().contains(" of 4,000 characters"));
    let nothing = show(&page, &[], &[]).await;
    assert!(nothing["preview"].as_str().unwrap().contains("Choose a channel"), "{nothing}");
    assert_eq!(nothing["notes"], json!({}));
    app.finish().await;
}

#[tokio::test]
async fn the_style_of_the_preview_is_served() {
    let app = spawn_app().await;
    let answer =
        Answered::read(app.http.get(app.url("/activities/assets/any/css/preview.css")).send().await.unwrap()).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/css; charset=utf-8"));
    assert!(answer.body.contains(".wp-phone {"));
    app.finish().await;
}
