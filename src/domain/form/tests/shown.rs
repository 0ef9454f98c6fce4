//! What the forms show.

use super::samples::*;
use crate::domain::channel::Channel;
use crate::domain::form::normalised::NOT_IN_THE_MESSAGE_FORM;
use crate::domain::form::texts::{LANGUAGES, row_of};
use crate::domain::form::*;
use crate::domain::message::contract::{ARGUMENTS, Form as Written, ReadBy};
use crate::domain::tenant::Senders;

#[test]
fn each_in_argument_of_a_marketer_is_shown_by_some_form() {
    let samples = samples();
    let forms: Vec<_> = samples.iter().map(|sample| message_step(&sample.context(), sample.channel)).collect();
    for row in ARGUMENTS.iter().filter(|row| row.read_by != ReadBy::Reports) {
        let is_shown = forms
            .iter()
            .any(|form| form.shows(row.name) || form.fields().iter().any(|field| row.names(&field.argument)));
        let is_kept = NOT_IN_THE_MESSAGE_FORM.contains(&row.name);
        assert_ne!(is_shown, is_kept, "{}", row.name);
        assert!(is_shown || row.form == Written::Own || is_kept);
    }
}

#[test]
fn each_form_shows_all_of_its_sample_and_each_field_has_its_words() {
    for sample in samples() {
        let form = message_step(&sample.context(), sample.channel);
        for (name, value) in sample.arguments.iter() {
            let is_kept = NOT_IN_THE_MESSAGE_FORM.contains(&row_of(name));
            assert!(is_kept || form.shows(name), "{name} of {}", sample.channel.name());
            for field in form.fields().iter().filter(|field| field.argument == name) {
                assert_eq!(field.value, value);
            }
        }
        for field in form.fields() {
            let is_hidden = field.control == Control::Hidden;
            assert!(is_hidden || !field.label.is_empty(), "{} of {}", field.argument, sample.channel.name());
            if let Control::Select(choices) = &field.control {
                assert_eq!(choices.iter().filter(|choice| choice.is_selected).count(), 1, "{}", field.argument);
                assert!(choices.iter().all(|choice| !choice.label.is_empty()), "{}", field.argument);
            }
        }
        let names: Vec<_> = form.fields().iter().map(|field| field.argument.clone()).collect();
        let once: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(once.len(), names.len(), "a name has two controls: {names:?}");
    }
}

#[test]
fn each_language_has_words_for_each_field_and_choice() {
    for texts in LANGUAGES {
        for sample in samples() {
            let form = message_step(&Context { texts, ..sample.context() }, sample.channel);
            for field in form.fields().into_iter().filter(|field| field.control != Control::Hidden) {
                assert!(!texts.field(Some(sample.channel), row_of(&field.argument)).0.is_empty(), "{}", field.argument);
            }
        }
    }
}

#[test]
fn the_deprecated_channel_is_offered_to_who_has_it() {
    let channels = |sample: &Sample| {
        let form = channel_step(&sample.context());
        let field = form.fields().into_iter().find(|field| field.argument == "channel").cloned().unwrap();
        let Control::Select(choices) = field.control else { panic!("no select") };
        choices.into_iter().map(|choice| choice.value).collect::<Vec<_>>()
    };
    let manual = ["SMS", "LMS", "MMS", "WhatsApp", "Viber", "KakaoChinguTalk", "Kakao Alim", "RCS"];
    assert_eq!(channels(&sms()), manual);
    let with_deprecated = channels(&viber_omni());
    assert_eq!(with_deprecated.len(), 9);
    assert_eq!(with_deprecated[5], "Viber (deprecated)");
    let new = sms().without("channel");
    assert_eq!(channels(&new)[0], "", "nothing is chosen for a new activity");
}

#[test]
fn channels_with_senders_are_told_apart_from_those_without() {
    let hinted = |sample: &Sample| {
        let form = channel_step(&sample.context());
        let field = form.fields().into_iter().find(|field| field.argument == "channel").cloned().unwrap();
        let Control::Select(choices) = field.control else { panic!("no select") };
        let choices =
            choices.into_iter().filter(|choice| choice.label == format!("{} (the account has senders)", choice.value));
        choices.map(|choice| choice.value).collect::<Vec<_>>()
    };
    let mut sample = sms();
    let typed = vec!["Waypost".to_owned()];
    sample.accounts[0].senders = Senders::default();
    assert!(hinted(&sample).is_empty());
    sample.accounts[0].senders.viber.clone_from(&typed);
    assert_eq!(hinted(&sample), ["Viber"]);
    sample.accounts[0].senders =
        Senders { sms: typed.clone(), whatsapp: typed.clone(), viber: typed.clone(), rcs: typed.clone(), kakao: typed };
    assert!(hinted(&sample).is_empty(), "all have some");
    let mut deprecated = viber_omni();
    deprecated.accounts.clone_from(&sample.accounts);
    assert!(hinted(&deprecated).is_empty(), "a deprecated channel has none by itself");
}

#[test]
fn the_account_is_asked_for_where_there_are_several() {
    let asks = |sample: &Sample| channel_step(&sample.context()).shows("account");
    assert!(!asks(&sms()));
    assert!(asks(&sms().with("account", "other")));
    let mut two = sms();
    two.accounts.push(Account { id: crate::domain::ids::AccountId::new("b").unwrap(), ..two.accounts[0].clone() });
    assert!(asks(&two));
}

#[test]
fn the_account_says_which_way_kakao_goes() {
    for (sample, channel) in [(chingu(), Channel::KakaoChingu), (chingu_omni(), Channel::KakaoChinguOmni)] {
        assert_eq!(channel_of(&sample.accounts, &sample.arguments), Some(channel));
    }
    assert_eq!(channel_of(&[], &sms().with("channel", "Email").arguments), None);
}

#[test]
fn the_phone_field_is_asked_for_where_there_are_several() {
    let mut sample = sms().without("phoneChoice");
    assert!(message_step(&sample.context(), sample.channel).shows("phoneChoice"));
    sample.journey.phone_fields.truncate(1);
    assert!(!message_step(&sample.context(), sample.channel).shows("phoneChoice"));
}

#[test]
fn an_unsaid_choice_is_the_default_and_a_saved_one_keeps_its_spelling() {
    let selected = |sample: &Sample, name: &str| {
        let form = message_step(&sample.context(), sample.channel);
        let field = form.fields().into_iter().find(|field| field.argument == name).cloned().unwrap();
        let Control::Select(choices) = field.control else { panic!("no select") };
        let choice = choices.into_iter().find(|choice| choice.is_selected).unwrap();
        (choice.value, choice.label)
    };
    let viber = viber("IMAGE");
    assert_eq!(selected(&viber, "contentType").0, "IMAGE");
    assert_eq!(selected(&viber.with("contentType", "image"), "contentType").0, "image");
    assert_eq!(selected(&rcs("TEXT").without("contentType"), "contentType"), (String::new(), "Text".to_owned()));
    assert_eq!(selected(&viber_omni().with("promotional", "YES"), "promotional").0, "YES");
    let (value, label) = selected(&sms().with("customDomain", "old.example"), "customDomain");
    assert_eq!((value.as_str(), label.as_str()), ("old.example", "old.example (saved)"));
}

#[test]
fn the_bulk_id_follows_the_activitys_name() {
    use crate::domain::form::common::default_bulk_id;
    assert_eq!(default_bulk_id(Channel::Sms, None), "Infobip SMS");
    assert_eq!(default_bulk_id(Channel::Sms, Some(" ")), "Infobip SMS");
    assert_eq!(default_bulk_id(Channel::Sms, Some(" Spring\nsale ")), "Spring sale");
    assert_eq!(default_bulk_id(Channel::Sms, Some(&"😀".repeat(60))).encode_utf16().count(), 100);
}
