use proptest::prelude::*;

use super::super::journey::{ActivityKind, JourneyActivity};
use super::super::message::sms;
use super::*;

fn arguments(pairs: &[(&str, &str)]) -> InArguments {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn of(channel: Channel, pairs: &[(&str, &str)]) -> Notes {
    let (arguments, values, journey) = (arguments(pairs), Values::default(), Journey::default());
    notes(&NotesContext {
        mid: Mid::new(510_001_234),
        channel: Some(channel),
        arguments: &arguments,
        values: &values,
        journey: &journey,
        audience: None,
    })
}

fn note(notes: &Notes, argument: &str) -> String {
    notes.notes.iter().find(|(own, _)| own == argument).map(|(_, text)| text.clone()).unwrap_or_default()
}

fn warnings(notes: &Notes, argument: &str) -> Vec<String> {
    let of_it = notes.warnings.iter().filter(|warning| warning.argument.as_deref() == Some(argument));
    of_it.map(|warning| warning.message.clone()).collect()
}

#[track_caller]
fn check_sms(text: &str, expected: &str) {
    assert_eq!(note(&of(Channel::Sms, &[("text", text)]), "text"), expected);
}

#[test]
fn an_sms_says_its_parts_and_what_makes_it_dear() {
    check_sms("Hi", "1 part, GSM-7: 2 characters, 158 left");
    check_sms(&"x".repeat(161), "2 parts, GSM-7: 161 characters, 145 left in the last");
    check_sms("5 €", "1 part, GSM-7: 4 characters, 156 left; “€” counts twice");
    check_sms("[5 €]", "1 part, GSM-7: 8 characters, 152 left; “[”, “€”, “]” count twice");
    check_sms(&"я".repeat(71), "2 parts, UCS-2: 71 characters, 63 left in the last; “я” is not in GSM-7");
    check_sms(
        "It’s\u{a0}me",
        "1 part, UCS-2: 7 characters, 63 left; the curly apostrophe (U+2019), the no-break space (U+00A0) are not in GSM-7",
    );
    check_sms("абвгд", "1 part, UCS-2: 5 characters, 65 left; “а”, “б”, “в” and 2 more are not in GSM-7");
    check_sms(&"x".repeat(3_826), "26 parts of at most 25, GSM-7: 3,826 characters, 152 left in the last");
    check_sms("Hi {{Event.E.Name}}", "1 part, GSM-7: 3 characters, 157 left; longer when Name is filled");
    check_sms(
        "{{Event.E.A}}{{Event.E.B}}{{Event.E.C}}",
        "1 part, GSM-7: 0 characters, 160 left; longer when A, B and 1 more are filled",
    );
    check_sms(" ", "");
    let shortened = of(Channel::Sms, &[("text", "https://a.example"), ("shortenUrl", "true")]);
    assert!(note(&shortened, "text").ends_with("links are counted as they are typed, and sent shorter"));
    let full = format!("{}{{{{Event.E.Name}}}}", "x".repeat(3_800));
    assert_eq!(warnings(&of(Channel::Sms, &[("text", &full)]), "text").len(), 1);
}

#[test]
fn other_texts_say_how_much_of_their_limit_they_take() {
    let viber = of(Channel::Viber, &[("text", "😀"), ("buttonText", &"x".repeat(28)), ("fallbackText", "Hi")]);
    assert_eq!(note(&viber, "text"), "2 of 1,000 characters");
    assert_eq!(note(&viber, "buttonText"), "28 of 30 characters");
    assert_eq!(note(&viber, "fallbackText"), "1 part, GSM-7: 2 characters, 158 left");
    let near = of(Channel::Viber, &[("text", "x"), ("buttonText", &format!("{}{{{{Event.E.A}}}}", "x".repeat(28)))]);
    let expected = "Only 2 characters are left for A: contacts whose values are longer are refused.";
    assert_eq!(warnings(&near, "buttonText"), [expected]);
    let whatsapp = of(
        Channel::WhatsApp,
        &[("placeholder2", "Ann"), ("buttonType1", "copy_code"), ("buttonParameter1", "SALE"), ("headerText", "7")],
    );
    assert_eq!(note(&whatsapp, "placeholder2"), "3 of 1,024 characters");
    assert_eq!(note(&whatsapp, "buttonParameter1"), "4 of 15 characters");
    let rcs = of(Channel::Rcs, &[("card2Title", "One"), ("card2SuggestionText3", "Go"), ("suggestionText11", "Stop")]);
    assert_eq!(note(&rcs, "card2Title"), "3 of 200 characters");
    assert_eq!(note(&rcs, "card2SuggestionText3"), "2 of 25 characters");
    assert_eq!(note(&rcs, "suggestionText11"), "4 of 25 characters");
    assert_eq!(note(&of(Channel::KakaoChinguOmni, &[("buttonName5", "Shop")]), "buttonName5"), "4 of 28 characters");
    assert_eq!(note(&of(Channel::KakaoChingu, &[("buttonName5", "Shop")]), "buttonName5"), "4 of 14 characters");
}

#[test]
fn an_mms_says_what_is_known_of_its_size() {
    let mms = of(
        Channel::Mms,
        &[
            ("segmentType1", "TEXT"),
            ("segmentText1", &"é".repeat(700)),
            ("segmentType2", "LINK"),
            ("segmentUrl2", "https://cdn.example/a.png"),
        ],
    );
    assert_eq!(note(&mms, "segmentText1"), "700 of 1,600 characters");
    let expected = "Texts take 1.4 KB in UTF-8; the media file at its address is not counted. Data size, media with it: all \
        operators take 300 KB, most in the US and Canada 1 MB.";
    assert_eq!(note(&mms, "segments"), expected);
    let text = of(Channel::Mms, &[("segmentType1", "TEXT"), ("segmentText1", "{{Event.E.A}} ¿5 €?")]);
    let text = note(&text, "segments");
    assert!(
        text.starts_with("Texts take 9 bytes in UTF-8, and more when merge fields are filled. Data size"),
        "{text}"
    );
    assert_eq!(note(&of(Channel::Mms, &[]), "segments"), "");
}

#[test]
fn callback_data_is_estimated_with_what_waypost_adds() {
    let small = of(Channel::Sms, &[("text", "Hi"), ("sender", "Waypost")]);
    let text = note(&small, "callback");
    assert!(text.starts_with("With what Waypost adds, such as the text, about 2"), "{text}");
    assert!(text.ends_with(" of 4,000 characters") && warnings(&small, "callback").is_empty(), "{text}");
    let filled = |value: usize| {
        of(
            Channel::Sms,
            &[("text", "{{Event.E.A}}"), ("callbackName1", "Segment"), ("callbackValue1", &"x".repeat(value))],
        )
    };
    assert!(note(&filled(10), "callback").ends_with(", and more when merge fields are filled"));
    assert!(warnings(&filled(3_000), "callback").is_empty());
    assert!(warnings(&filled(3_500), "callback")[0].contains("contacts whose values are long are refused"));
    assert!(warnings(&filled(4_000), "callback")[0].contains("messages are refused"));
    // Of a template only the name is sent along.
    let template = of(Channel::WhatsApp, &[("templateName", "order"), ("placeholder1", &"x".repeat(1_000))]);
    assert!(note(&template, "callback").contains("about 2"), "{}", note(&template, "callback"));
}

#[test]
fn a_speed_limit_is_held_against_audience_and_reports_activity() {
    let step = |key: &str, next: &[&str]| JourneyActivity {
        key: key.to_owned(),
        next: next.iter().map(|key| (*key).to_owned()).collect(),
        ..JourneyActivity::default()
    };
    let journey = Journey {
        activity_key: "REST-1".to_owned(),
        activities: vec![
            step("REST-1", &["WAIT-1"]),
            JourneyActivity { wait_secs: Some(3_600), ..step("WAIT-1", &["REST-2"]) },
            JourneyActivity {
                kind: ActivityKind::Reports,
                reports_on: Some("REST-1".to_owned()),
                ..step("REST-2", &[])
            },
        ],
        ..Journey::default()
    };
    let said = |count: &str, audience| {
        let arguments = arguments(&[("speedLimitCount", count), ("speedLimitUnit", "DAY")]);
        let values = Values::default();
        notes(&NotesContext {
            mid: Mid::new(1),
            channel: None,
            arguments: &arguments,
            values: &values,
            journey: &journey,
            audience,
        })
    };
    let slow = said("50000", Some(100_000));
    assert!(note(&slow, "speedLimitCount").contains("100,000 contacts take about 2 days"));
    assert!(warnings(&slow, "speedLimitCount")[0].contains("until their message is sent it finds NOT_AVAILABLE"));
    assert!(note(&said("50000", None), "speedLimitCount").contains("say how many contacts you expect"));
    assert!(warnings(&said("50000", Some(2_000)), "speedLimitCount").is_empty());
    assert!(note(&said("{{Event.E.Limit}}", None), "speedLimitCount").contains("when the journey runs"));
    assert_eq!(said("0", Some(1)), Notes::default());
    assert_eq!(said("", Some(1)), Notes::default());
}

proptest! {
    /// The note counts as the validation does: beyond the limit it says so, and within it never.
    #[test]
    fn parts_are_over_their_limit_where_validation_refuses(length in 3_700..4_000_usize, letter in "[xя€]") {
        let text = letter.repeat(length);
        let said = note(&of(Channel::Sms, &[("text", &text)]), "text").contains("of at most 25");
        // Bytes are the other limit, of which the parts say nothing.
        prop_assert!(!said || !sms::fits(&text));
        prop_assert!(said || sms::fits(&text) || text.len() > sms::TEXT_BYTES_MAX);
    }

    #[test]
    fn anything_has_notes_and_each_field_one(text in "\\PC{0,60}", merge in "([{}]{0,3}[a-z.]{0,4}){0,6}") {
        for channel in Channel::all() {
            let pairs = [("text", text.as_str()), ("title", merge.as_str()), ("fallbackText", merge.as_str()),
                ("segmentType1", "TEXT"), ("segmentText1", text.as_str()), ("callbackName1", merge.as_str()),
                ("callbackValue1", text.as_str()), ("card1Title", text.as_str()), ("placeholder1", merge.as_str()),
                ("buttonName1", text.as_str()), ("speedLimitCount", merge.as_str())];
            let notes = of(channel, &pairs);
            let mut names: Vec<_> = notes.notes.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            prop_assert_eq!(names.len(), count);
        }
    }
}
