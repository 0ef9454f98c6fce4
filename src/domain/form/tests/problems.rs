//! Which field a problem is told of.

use proptest::prelude::*;

use super::samples::*;
use crate::domain::form::problems::*;
use crate::domain::form::*;
use crate::domain::message::check_configured;

fn named(sample: &Sample) -> Vec<(Option<String>, String)> {
    problems(&sample.context()).into_iter().map(|problem| (problem.argument, problem.message)).collect()
}

#[track_caller]
fn names(sample: &Sample, expected: &[&str]) {
    let found = named(sample);
    let arguments: Vec<_> = found.iter().map(|(argument, _)| argument.as_deref().unwrap_or("null")).collect();
    assert_eq!(arguments, expected, "{found:?}");
}

#[test]
fn what_works_has_no_problem() {
    for sample in samples() {
        names(&sample, &[]);
    }
}

/// Each limit at one more than it takes names its field and no other.
#[test]
fn one_too_many_is_told_of_its_field() {
    for sample in samples() {
        let form = message_step(&sample.context(), sample.channel);
        for field in form.fields() {
            let over = match field.limit {
                Limit::Characters { max, .. } => "x".repeat(max + 1),
                Limit::Address { max } => format!("{:x<width$}", "https://a.example/", width = max + 1),
                Limit::Sms => "x".repeat(25 * 153 + 1),
                Limit::Whole { max, .. } => (u64::from(max) + 1).to_string(),
                Limit::Digits { max } => "1".repeat(max + 1),
                Limit::Degrees { most } => (most + 1.0).to_string(),
                Limit::Moment => "tomorrow".to_owned(),
                Limit::Domain => "no domain".to_owned(),
                Limit::Words(_) => "\"\\ é".repeat(200),
                Limit::None => continue,
            };
            // An address of a preview alone would want what it is a preview of.
            if field.value.contains("{{") || field.value.is_empty() {
                continue;
            }
            let wrong = copy(&sample).with(&field.argument, over);
            let found = named(&wrong);
            let [(argument, message)] = found.as_slice() else {
                panic!("{} of {}: {found:?}", field.argument, sample.channel.name())
            };
            assert_eq!(argument.as_deref(), Some(field.argument.as_str()), "{message}");
            assert!(message.starts_with(&field.label), "{message}");
        }
    }
}

/// What is marked as mandatory is what the validation misses, and nothing else.
#[test]
fn the_marks_tell_what_the_validation_misses() {
    for sample in samples() {
        let form = message_step(&sample.context(), sample.channel);
        for field in form.fields() {
            if field.control == Control::Hidden || field.value.is_empty() {
                continue;
            }
            let without = copy(&sample).with(&field.argument, "");
            let found = named(&without);
            if field.argument == "speedLimitCount" {
                // Without a count there is no limit, which only the page can tell from a forgotten one.
                assert!(found.is_empty() && half_filled(&without.context()).is_some());
                continue;
            }
            // A row's type says which of its other fields there are.
            if field.is_required && !field.rerenders && !field.argument.starts_with("callbackName") {
                let [(argument, message)] = found.as_slice() else {
                    panic!("{} of {}: {found:?}", field.argument, sample.channel.name())
                };
                assert_eq!(argument.as_deref(), Some(field.argument.as_str()));
                let says = message.starts_with("Enter the ") || message.starts_with("Choose the ");
                assert!(says, "{message}");
            }
            for (argument, _) in &found {
                assert!(argument.is_some(), "{found:?}");
            }
        }
    }
}

#[test]
fn several_problems_are_told_at_once_in_the_forms_order() {
    let sample = viber("IMAGE")
        .with("sender", "A")
        .with("imageUrl", "s.jpg")
        .with("buttonUrl", "")
        .with("fallbackSender", "")
        .with("validityMinutes", "0")
        .with("latestSendAt", "tomorrow");
    names(&sample, &["sender", "imageUrl", "buttonUrl", "fallbackSender", "validityMinutes", "latestSendAt"]);
    let kakao = alim().with("buttonName1", "").with("buttonName2", "x".repeat(29)).with("buttonName4", "");
    names(&kakao, &["buttonName1", "buttonName2", "buttonName4"]);
    let rcs = rcs("CAROUSEL").with("card2SuggestionText1", "").with("suggestionText1", "x".repeat(26));
    names(&rcs, &["card2SuggestionText1", "suggestionText1"]);
    let empty = sms().with("sender", "").with("text", "").with("dltPrincipalEntityId", "");
    names(&empty, &["sender", "text", "dltPrincipalEntityId"]);
    let mms = mms().with("segmentText1", "").with("segmentUrl2", "x").with("title", "x".repeat(67));
    names(&mms, &["title", "segmentText1", "segmentUrl2"]);
}

#[test]
fn a_sentence_names_the_field_the_problem_and_what_is_allowed() {
    let message = |sample: Sample| named(&sample).swap_remove(0).1;
    for (sample, expected) in [
        (sms().with("text", ""), "Enter the text."),
        (
            viber("TEXT").with("text", "x".repeat(1_012)),
            "Text has 1,012 characters, 12 more than the 1,000 that are allowed.",
        ),
        (
            sms().with("text", "я".repeat(1_700)),
            "Text takes 26 parts and 3,400 bytes; an SMS has at most 25 parts and 4,000 bytes.",
        ),
        (
            viber("IMAGE").with("imageUrl", "s.jpg"),
            "Image URL must be a web address that begins with https:// or http:// and has no spaces.",
        ),
        (viber("TEXT").with("sender", "A"), "Sender has 1 characters; at least 2 are needed."),
        (sms().with("speedLimitCount", "0"), "Messages must be a whole number from 1 to 100,000."),
        (sms().with("speedLimitUnit", "WEEK"), "Per is not one of the choices."),
        (viber_omni().with("scenarioKey", "a-b"), "Scenario key: 1 to 64 letters and digits."),
        (sms().with("callbackName1", "MID"), "“MID” is one of Waypost's own names: choose another."),
        (rcs("TEXT").with("suggestionEndsAt5", "2030-01-31T17:00:00Z"), "End of the event must be after the start."),
        (rcs("TEXT").with("suggestionLatitude4", "91"), "Latitude must be a number from -90 to 90."),
        (sms().with("text", "a\u{7}b"), "Text holds a control character, which can't be sent."),
    ] {
        assert_eq!(message(sample), expected);
    }
}

#[test]
fn what_no_field_explains_is_told_without_one() {
    names(&sms().without("phone1").without("phoneChoice"), &["null"]);
    let both = sms().with("phone1", "none").with("text", "");
    names(&both, &["text", "null"]);
}

#[test]
fn without_channel_or_account_the_first_step_is_told() {
    let problem = |sample: Sample| problems(&sample.context()).swap_remove(0);
    let channel = problem(sms().with("channel", "Email"));
    assert_eq!((channel.argument.as_deref(), channel.step), (Some("channel"), Step::Channel));
    let other = problem(sms().with("account", "other"));
    assert_eq!((other.argument.as_deref(), other.step), (Some("account"), Step::Channel));
    let none = problem(Sample { accounts: Vec::new(), ..sms() });
    assert_eq!((none.argument, none.step), (None, Step::Channel));
}

#[test]
fn too_many_rows_are_told_of_the_first_one_too_many() {
    let mut sample = chingu();
    for number in 3..=7 {
        sample = sample.with(&format!("buttonType{number}"), "WEB_LINK").with(&format!("buttonName{number}"), "x");
        sample = sample.with(&format!("buttonUrlMobile{number}"), URL);
    }
    assert_eq!(
        named(&sample),
        [(Some("buttonType6".to_owned()), "Buttons: at most 5 are allowed, remove 2.".to_owned())]
    );
    let urls = whatsapp().with("buttonType4", "COPY_CODE").with("buttonParameter4", "A");
    names(&urls, &["buttonType4"]);
}

#[test]
fn the_page_sees_what_the_journey_and_the_lists_have() {
    let foreign = sms().with("text", "Hi {{Event.DEOld-1.Name}}");
    let found = wrong_expressions(&foreign.context());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].argument.as_deref(), Some("text"));
    assert_eq!(found[0].message, "Text uses {{Event.DEOld-1.Name}}, which the entry source does not have.");
    assert_eq!(
        wrong_expressions(&sms().with("text", "{{Event.\"DEAudience-1\".FirstName}} {{Contact.Key}}").context()),
        []
    );

    assert_eq!(unknown_event(&sms().context()), None);
    assert!(unknown_event(&sms().with("eventDefinitionKey", "other").context()).is_some());
    assert_eq!(unknown_event(&lms().with("eventDefinitionKey", "other").context()), None);

    assert_eq!(unknown_template(&whatsapp_with_list().context()), None);
    assert_eq!(unknown_template(&whatsapp().with("templateName", "gone").context()), None);
    let gone = unknown_template(&whatsapp_with_list().with("templateName", "gone").context()).unwrap();
    assert_eq!(gone.argument.as_deref(), Some("templateName"));
    assert!(unknown_template(&whatsapp_with_list().with("templateName", "pending").context()).is_some());

    assert_eq!(half_filled(&sms().context()), None);
    assert!(half_filled(&sms().with("speedLimitCount", "").context()).is_some());
}

proptest! {
    #[test]
    fn there_are_problems_exactly_when_the_validation_refuses(
        at in 0..samples().len(),
        given in crate::domain::message::given::arguments(),
    ) {
        let mut sample = samples().swap_remove(at);
        given.into_iter().for_each(|(name, value)| sample.arguments.set(&name, value));
        let judged = check_configured(sample.arguments.iter(), Mid::new(510_001_234), &sample.accounts, None);
        prop_assert_eq!(problems(&sample.context()).is_empty(), judged.is_ok(), "{:?}", judged);
    }
}

#[test]
fn a_callback_field_s_name_is_told_why_it_is_refused() {
    for (name, expected) in [
        ("MID", "“MID” is one of Waypost's own names: choose another."),
        ("a\"b", "Field name has characters in it that are not allowed: the double quotation mark."),
        ("a\\b\"\"", "Field name has characters in it that are not allowed: the backslash, the double quotation mark."),
        ("a\tb", "Field name has characters in it that are not allowed: a control character such as a line break."),
    ] {
        let found = named(&sms().with("callbackName1", name).with("callbackValue1", "x"));
        assert_eq!(found, [(Some("callbackName1".to_owned()), expected.to_owned())], "{name:?}");
    }
}
