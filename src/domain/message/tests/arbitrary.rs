//! Whatever comes: nothing panics, and what is taken is what was given.

use proptest::prelude::*;

use super::super::contract::{ARGUMENTS, Form as Written};
use super::super::mms::Segment;
use super::super::viber::{ViberBody, ViberContent};
use super::*;

/// An in-argument of the contract, with a number where it has one.
fn name() -> impl Strategy<Value = String> {
    (0..ARGUMENTS.len(), 0_usize..=60).prop_map(|(row, number)| match ARGUMENTS[row].form {
        Written::Single | Written::Own => ARGUMENTS[row].name.to_owned(),
        Written::Numbered => format!("{}{number}", ARGUMENTS[row].name),
        Written::PerCard => format!("card{number}{}", ARGUMENTS[row].name),
    })
}

fn value() -> impl Strategy<Value = String> {
    let choices = [
        "TEXT",
        "LINK",
        "SMIL",
        "IMAGE",
        "VIDEO",
        "FILE",
        "DOCUMENT",
        "LOCATION",
        "QUICK_REPLY",
        "URL",
        "COPY_CODE",
        "1",
        "2",
        "true",
        "HTTPS://A.example",
        " https://a.example/x ",
        "tel:1",
        "a.pdf",
        "image/png",
        "45.5",
        "{{x}}",
        "",
    ];
    prop_oneof![
        3 => prop::sample::select(choices.to_vec()).prop_map(str::to_owned),
        2 => any::<String>(),
        1 => "[a-z0-9_]{1,600}",
        1 => (1_usize..5_000).prop_map(|n| "я".repeat(n)),
    ]
}

fn form() -> impl Strategy<Value = Form> {
    let changes = prop::collection::vec((name(), value()), 0..12);
    (prop::sample::select(forms()), changes)
        .prop_map(|(form, changes)| changes.into_iter().fold(form, |form, (name, value)| form.set(&name, value)))
}

/// A text as people write them, which no channel may change.
fn text() -> impl Strategy<Value = String> {
    "[ \"'<>&{}\\\\a-zא-ת😀-😎]{0,40}"
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_is_made_up(form in form()) {
        // Without expressions there is nothing to guess.
        let judged = form.configured();
        if !form.0.values().any(|value| value.contains("{{")) {
            prop_assert_eq!(judged, form.validate().map(|_| ()));
        }
        if let Ok(message) = form.validate() {
            message.content.facts().each_text(&mut |text| {
                let is_given = |value: &String| {
                    let address = text.starts_with("http") || text.starts_with("tel:");
                    value == text || value.trim() == text || (address && value.trim().eq_ignore_ascii_case(text))
                };
                assert!(form.0.values().any(is_given), "{text:?} of {form:?}");
            });
        }
    }

    #[test]
    fn what_people_read_stays_as_it_was_given(given in text()) {
        let check = |form: Form, read: fn(Content) -> Option<String>| {
            if let Ok(message) = form.validate() {
                assert_eq!(read(message.content), Some(given.clone()));
            } else {
                assert!(given.trim().is_empty() || given.contains("     "), "{given:?}");
            }
        };
        check(lms().set("text", &*given), |content| match content {
            Content::Lms(content) => Some(content.text),
            _ => None,
        });
        check(lms().set("title", &*given), |content| match content {
            Content::Lms(content) => Some(content.title),
            _ => None,
        });
        check(mms().set("segmentText1", &*given), |content| match content {
            Content::Mms(content) => content.segments.into_iter().find_map(|segment| match segment {
                Segment::Text { text } => Some(text),
                _ => None,
            }),
            _ => None,
        });
        check(whatsapp().set("placeholder2", &*given), |content| match content {
            Content::WhatsApp(content) => content.placeholders.last().cloned(),
            _ => None,
        });
        check(viber("TEXT").set("text", &*given), |content| match content {
            Content::Viber(ViberContent { body: ViberBody::Text { text, .. }, .. }) => Some(text),
            _ => None,
        });
        check(omni().set("text", &*given), |content| match content {
            Content::ViberOmni(content) => content.text,
            _ => None,
        });
    }
}
