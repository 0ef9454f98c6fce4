use proptest::prelude::*;

use super::super::message::contract::{ARGUMENTS, Form};
use super::super::whatsapp_template::{Button as RegisteredButton, Header, Structure};
use super::*;

fn arguments(pairs: &[(&str, &str)]) -> InArguments {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn values(pairs: &[(&str, &str)]) -> Values {
    Values::new(pairs.iter().map(|(expression, value)| ((*expression).to_owned(), (*value).to_owned())))
}

fn of(channel: Channel, pairs: &[(&str, &str)]) -> Preview {
    let (arguments, values) = (arguments(pairs), Values::default());
    Preview::of(&PreviewContext { channel: Some(channel), arguments: &arguments, template: None, values: &values })
}

/// A text as a person reads it.
fn read(text: &Text) -> String {
    let piece = |piece: &TextPiece| match piece {
        TextPiece::Plain(text) => text.clone(),
        TextPiece::Field(label) => format!("‹{label}›"),
        TextPiece::Link(link) => format!("<{link}>"),
        TextPiece::Shortened(how) => format!("({how})"),
    };
    text.0.iter().map(piece).collect()
}

fn lines(bubble: &Bubble) -> Vec<String> {
    let line = |part: &Part| match part {
        Part::Title(text) => format!("title {}", read(text)),
        Part::Text(text) => read(text),
        Part::Footer(text) => format!("footer {}", read(text)),
        Part::Media(media) => {
            let parts = [&media.name, &media.address, &media.link].map(read);
            [media.kind.to_owned(), parts.join(" ").trim().to_owned()].join(" ")
        }
        Part::Button(button) => button_line(button),
    };
    bubble.parts.iter().map(line).collect()
}

fn button_line(button: &Button) -> String {
    format!("[{}] {} {}", read(&button.text), button.does, read(&button.target)).trim().to_owned()
}

#[track_caller]
fn check(channel: Channel, pairs: &[(&str, &str)], expected: &[&str]) {
    let preview = of(channel, pairs);
    let lines: Vec<_> = preview.bubbles.iter().flat_map(lines).collect();
    assert_eq!(lines, expected);
}

#[test]
fn merge_fields_and_links_are_shown_as_what_they_are() {
    let text = "Hi {{Event.E.Name}}, see https://a.example/{{Event.E.Id}} or http://b.example";
    check(Channel::Sms, &[("text", text)], &["Hi ‹Name›, see <https://a.example/>‹Id› or <http://b.example>"]);
    let shortened = [("text", text), ("shortenUrl", "true"), ("customDomain", "go.example"), ("removeProtocol", "1")];
    let how = "(shortened to go.example/…)";
    let expected = format!("Hi ‹Name›, see <https://a.example/>‹Id›{how} or <http://b.example>{how}");
    check(Channel::Sms, &shortened, &[&expected]);
    // Kakao Alim can't shorten.
    let plain = of(Channel::KakaoAlim, &shortened);
    assert!(!lines(&plain.bubbles[0])[0].contains("shortened"));
}

#[test]
fn typed_values_take_the_place_of_merge_fields() {
    let arguments = arguments(&[("text", "{{Event.E.Name}}: {{Event.E.Link}}")]);
    let values = values(&[("{{Event.E.Name}}", "Ann"), ("{{Event.E.Link}}", "https://a.example/1 now")]);
    let context =
        PreviewContext { channel: Some(Channel::Sms), arguments: &arguments, template: None, values: &values };
    assert_eq!(lines(&Preview::of(&context).bubbles[0]), ["Ann: <https://a.example/1> now"]);
}

#[test]
fn each_channel_is_shown_with_what_it_has() {
    check(Channel::Lms, &[("title", "Sale"), ("text", "Hi\nthere")], &["title Sale", "Hi\nthere"]);
    let mms = [
        ("title", "Sale"),
        ("segmentType2", "LINK"),
        ("segmentUrl2", "https://cdn.example/a.PNG?x"),
        ("segmentType3", "LINK"),
        ("segmentUrl3", "https://cdn.example/b"),
        ("segmentMediaType3", "video/mp4"),
        ("segmentType5", "TEXT"),
        ("segmentText5", "Hi"),
    ];
    let expected = ["title Sale", "Picture <https://cdn.example/a.PNG?x>", "Video <https://cdn.example/b>", "Hi"];
    check(Channel::Mms, &mms, &expected);
    let viber = [
        ("contentType", "VIDEO"),
        ("videoUrl", "https://cdn.example/a.mp4"),
        ("videoSeconds", "12"),
        ("text", "Hi"),
        ("buttonText", "Watch"),
    ];
    let expected = ["Video 12 s <https://cdn.example/a.mp4>", "Hi", "[Watch] Opens the video"];
    check(Channel::Viber, &viber, &expected);
    let file = [("contentType", "FILE"), ("fileUrl", "https://cdn.example/a"), ("fileName", "a.pdf")];
    check(Channel::Viber, &file, &["File a.pdf <https://cdn.example/a>"]);
    let omni =
        [("imageUrl", "https://cdn.example/a.png"), ("text", "Hi"), ("buttonText", "Call"), ("buttonUrl", "tel:1")];
    check(Channel::ViberOmni, &omni, &["Picture <https://cdn.example/a.png>", "Hi", "[Call] Calls tel:1"]);
    let kakao = [
        ("text", "Hi"),
        ("imageUrl", "https://cdn.example/a.png"),
        ("imageLink", "https://shop.example"),
        ("buttonType1", "WEB_LINK"),
        ("buttonName1", "Shop"),
        ("buttonUrlMobile1", "https://m.example"),
        ("buttonType3", "APP_LINK"),
        ("buttonName3", "App"),
        ("buttonAndroidScheme3", "shop://a"),
    ];
    let expected = [
        "Picture <https://cdn.example/a.png> <https://shop.example>".replace("Picture <", "Picture  <"),
        "Hi".to_owned(),
        "[Shop] Opens <https://m.example>".to_owned(),
        "[App] Opens the app shop://a".to_owned(),
    ]
    .map(|line| line.replace("  ", " "));
    check(Channel::KakaoChingu, &kakao, &expected.each_ref().map(String::as_str));
    let alim = [("title", "Order"), ("text", "Hi"), ("buttonType1", "ADD_CHANNEL"), ("buttonName1", "Add")];
    check(Channel::KakaoAlimOmni, &alim, &["title Order", "Hi", "[Add] Adds the channel"]);
    check(Channel::Sms, &[("text", " ")], &[]);
}

#[test]
fn rcs_cards_and_suggestions_are_shown_in_their_places() {
    let carousel = [
        ("contentType", "CAROUSEL"),
        ("card1Title", "One"),
        ("card1MediaUrl", "https://cdn.example/1.jpg"),
        ("card3Description", "Three"),
        ("card3SuggestionType1", "DIAL_PHONE"),
        ("card3SuggestionText1", "Call"),
        ("card3SuggestionPhone1", "+12025550123"),
        ("suggestionType1", "OPEN_URL"),
        ("suggestionText1", "Shop"),
        ("suggestionUrl1", "https://shop.example"),
    ];
    let preview = of(Channel::Rcs, &carousel);
    assert!(preview.is_carousel);
    let cards: Vec<_> = preview.bubbles.iter().map(lines).collect();
    let expected =
        [vec!["Picture <https://cdn.example/1.jpg>", "title One"], vec!["Three", "[Call] Calls +12025550123"]];
    assert_eq!(cards, expected);
    assert_eq!(
        preview.suggestions.iter().map(button_line).collect::<Vec<_>>(),
        ["[Shop] Opens <https://shop.example>"]
    );
    let card = of(
        Channel::Rcs,
        &[
            ("contentType", "card"),
            ("card1Title", "One"),
            ("cardOrientation", "horizontal"),
            ("cardAlignment", "RIGHT"),
        ],
    );
    assert_eq!(card.bubbles[0].arrangement, Arrangement::MediaRight);
}

#[test]
fn a_whatsapp_template_is_filled_as_it_is_registered() {
    let button = |kind: &str, url: Option<&str>| RegisteredButton {
        kind: kind.to_owned(),
        text: kind.to_owned(),
        url: url.map(str::to_owned),
    };
    let structure = Structure {
        kind: "TEXT".to_owned(),
        header: Some(Header { format: "TEXT".to_owned(), text: Some("Order {{1}}".to_owned()) }),
        body: Some("Hi {{1}}, {{2}} and {{1}}".to_owned()),
        footer: Some("Bye".to_owned()),
        buttons: vec![
            button("PHONE_NUMBER", None),
            button("URL", Some("https://shop.example/{{1}}")),
            button("COPY_CODE", None),
        ],
        ..Structure::default()
    };
    let template = Template {
        name: "order".to_owned(),
        language: "en".to_owned(),
        status: "APPROVED".to_owned(),
        category: "UTILITY".to_owned(),
        structure,
    };
    let arguments = arguments(&[
        ("templateName", "order"),
        ("headerType", "TEXT"),
        ("headerText", "{{Event.E.Order}}"),
        ("placeholder1", "{{Event.E.Name}}"),
        ("buttonType1", "URL"),
        ("buttonParameter1", "a"),
        ("buttonType2", "COPY_CODE"),
        ("buttonParameter2", "SALE"),
    ]);
    let values = values(&[("{{Event.E.Name}}", "Ann")]);
    let context = PreviewContext {
        channel: Some(Channel::WhatsApp),
        arguments: &arguments,
        template: Some(&template),
        values: &values,
    };
    let expected = [
        "title Order ‹Order›",
        "Hi Ann, ‹2› and Ann",
        "footer Bye",
        "[PHONE_NUMBER] Calls",
        "[URL] Opens https://shop.example/a",
        "[COPY_CODE] Copies SALE",
    ];
    assert_eq!(lines(&Preview::of(&context).bubbles[0]), expected);
    let unknown = Preview::of(&PreviewContext { template: None, ..context });
    assert_eq!(lines(&unknown.bubbles[0])[..2], ["title order", "title ‹Order›"]);
    assert!(unknown.remarks[0].contains("not known here"));
}

#[test]
fn the_fallback_is_an_sms_of_its_own() {
    let pairs = [("text", "Hi"), ("fallbackText", "Hi by SMS"), ("fallbackSender", "Waypost"), ("sender", "Shop")];
    let fallback = of(Channel::Viber, &pairs).fallback.unwrap();
    assert_eq!((read(&fallback.sender), read(&fallback.text)), ("Waypost".to_owned(), "Hi by SMS".to_owned()));
    assert!(of(Channel::Sms, &pairs).fallback.is_none());
    let omni = of(Channel::ViberOmni, &pairs);
    assert!(omni.fallback.unwrap().sender.is_empty() && omni.sender.is_empty());
}

fn any_arguments() -> impl Strategy<Value = InArguments> {
    let names: Vec<String> = ARGUMENTS
        .iter()
        .flat_map(|row| match row.form {
            Form::Single | Form::Own => vec![row.name.to_owned()],
            Form::Numbered => vec![nth(row.name, 1), nth(row.name, 50), card_argument(2, &nth(row.name, 1))],
            Form::PerCard => vec![card_argument(1, row.name), card_argument(10, row.name)],
        })
        .collect();
    let value = prop_oneof![
        "\\PC{0,40}",
        "([{}]{1,3}[a-z.1-9\"]{0,4}|https?://| |\n|[<>&\"'])*".prop_map(|text: String| text),
        prop::sample::select(vec!["TEXT", "FILE", "CARD", "CAROUSEL", "VIDEO", "LINK", "SMIL", "true", "URL", "REPLY"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec((prop::sample::select(names), value), 0..40).prop_map(|pairs| pairs.into_iter().collect())
}

proptest! {
    #[test]
    fn anything_has_a_preview(arguments in any_arguments(), values in prop::collection::vec(("[{}a-z.]{0,8}", "\\PC{0,8}"), 0..4)) {
        let values = Values::new(values);
        for channel in Channel::all() {
            let context = PreviewContext { channel: Some(channel), arguments: &arguments, template: None, values: &values };
            let preview = Preview::of(&context);
            prop_assert!(preview.bubbles.iter().all(|bubble| !bubble.parts.is_empty()));
        }
    }

    #[test]
    fn a_text_is_shown_whole_and_not_beyond_its_limit(text in "[a-z:/ \n]{0,80}", times in 1..200_usize) {
        let text = text.repeat(times);
        let preview = of(Channel::Sms, &[("text", &text)]);
        let shown: String = preview.bubbles.iter().flat_map(|bubble| &bubble.parts).map(|part| match part {
            Part::Text(Text(pieces)) => pieces.iter().map(|piece| match piece {
                TextPiece::Plain(text) | TextPiece::Link(text) => text.as_str(),
                _ => panic!("neither text nor link"),
            }).collect::<String>(),
            _ => panic!("not a text"),
        }).collect();
        match text.chars().count() {
            _ if text.trim().is_empty() => prop_assert_eq!(shown, ""),
            0..=5_000 => prop_assert_eq!(shown, text),
            _ => {
                let head: String = text.chars().take(5_000).collect();
                prop_assert_eq!(shown, head + "…");
            }
        }
    }
}
