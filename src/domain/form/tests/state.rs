//! What edits do, and what is saved.

use proptest::prelude::*;

use super::samples::*;
use crate::domain::channel::Channel;
use crate::domain::form::edits::{Direction, Edit, edited, settled};
use crate::domain::form::*;
use crate::domain::message::check_configured;

fn add(rows: &str) -> Edit {
    Edit::Add { add: rows.to_owned() }
}

fn remove(rows: &str, number: usize) -> Edit {
    Edit::Remove { remove: rows.to_owned(), number }
}

fn pairs(arguments: &Arguments) -> Vec<(&str, &str)> {
    arguments.iter().collect()
}

const SETS: &[&str] = &["callback", "segments", "buttons", "placeholders", "suggestions", "cards", "card1Suggestions"];

fn any_sample() -> impl Strategy<Value = usize> {
    0..samples().len()
}

proptest! {
    #[test]
    fn adding_and_removing_is_the_identity(at in any_sample(), set in 0..SETS.len()) {
        let sample = samples().swap_remove(at);
        let start = normalised(sample.channel, &sample.arguments);
        let more = edited(sample.channel, &start, &add(SETS[set]));
        if more != start {
            let kind = super::super::rows::RowSet::by_name(SETS[set]).unwrap();
            let last = *kind.numbers(&more).last().unwrap();
            prop_assert_eq!(edited(sample.channel, &more, &remove(SETS[set], last)), start);
        }
    }

    #[test]
    fn saving_twice_changes_nothing_more(
        at in any_sample(),
        given in crate::domain::message::given::arguments(),
        unknown in ".{0,20}",
    ) {
        let sample = samples().swap_remove(at);
        let mut arguments = sample.arguments.clone();
        for (name, value) in given {
            arguments.set(&name, value);
        }
        arguments.set("someNewName", unknown.clone());
        let once = normalised(sample.channel, &arguments);
        prop_assert_eq!(&normalised(sample.channel, &once), &once);
        prop_assert_eq!(once.raw("someNewName"), unknown);
    }

    #[test]
    fn what_is_saved_works_as_well_as_what_is_shown(
        at in any_sample(),
        given in crate::domain::message::given::arguments(),
    ) {
        let sample = samples().swap_remove(at);
        let mut arguments = sample.arguments.clone();
        given.into_iter().for_each(|(name, value)| arguments.set(&name, value));
        let judge = |arguments: &Arguments| check_configured(arguments.iter(), Mid::new(1), &sample.accounts, None);
        arguments.set("channel", sample.channel.name());
        arguments.set("account", "");
        if judge(&arguments).is_ok() {
            let saved = normalised(sample.channel, &arguments);
            prop_assert_eq!(judge(&saved), Ok(()), "{:?}", saved);
        }
    }
}

#[test]
fn opening_and_saving_changes_nothing() {
    for sample in samples() {
        let saved = normalised(sample.channel, &sample.arguments);
        assert_eq!(saved.iter().count(), sample.arguments.iter().count());
        let opened = Sample { arguments: saved.clone(), ..sample };
        let settled = settled(&opened.context(), opened.channel);
        assert_eq!(settled, saved, "{}", opened.channel.name());
        assert_eq!(normalised(opened.channel, &settled), saved);
    }
}

#[test]
fn what_the_kind_does_not_show_is_not_saved() {
    let image = viber("IMAGE").with("contentType", "TEXT");
    let saved = normalised(Channel::Viber, &image.arguments);
    assert!(!saved.has("imageUrl") && saved.has("text"));
    let link = mms().with("segmentText2", "left over").with("segmentUrl1", URL).with("title", " ");
    let saved = normalised(Channel::Mms, &link.arguments);
    assert!(!saved.has("segmentText2") && !saved.has("segmentUrl1") && saved.has("segmentUrl2") && !saved.has("title"));
    let other = normalised(Channel::Lms, &mms().arguments);
    assert!(!other.has("segmentType1") && other.has("title") && other.has("phone1") && other.has("contactKey"));
}

#[test]
fn removing_a_row_moves_those_behind_it_up() {
    let carousel = rcs("CAROUSEL").with("card3Title", "Three").arguments;
    let less = edited(Channel::Rcs, &carousel, &remove("cards", 1));
    assert_eq!(less.raw("card1Title"), "Two");
    assert_eq!(less.raw("card2Title"), "Three");
    assert_eq!(less.raw("card1SuggestionText2"), "No");
    assert!(!less.has("card3Title") && !less.has("card2SuggestionText1"));
    let inner = edited(Channel::Rcs, &carousel, &remove("card2Suggestions", 1));
    assert_eq!(inner.raw("card2SuggestionText1"), "No");
    assert!(!inner.has("card2SuggestionText2") && inner.raw("suggestionText1") == "Yes");
    assert_eq!(edited(Channel::Rcs, &carousel, &remove("cards", 9)), carousel);
    assert_eq!(edited(Channel::Rcs, &carousel, &remove("nothing", 1)), carousel);
    let fewer = edited(Channel::WhatsApp, &whatsapp().arguments, &remove("placeholders", 1));
    assert_eq!((fewer.raw("placeholder1"), fewer.raw("placeholderCount")), ("A-1001", "1"));
}

#[test]
fn rows_change_places_over_gaps() {
    let gap = mms().without("segmentType2").without("segmentUrl2").without("segmentMediaType2").arguments;
    let up = Edit::Move { rows: "segments".into(), number: 3, to: Direction::Up };
    let moved = edited(Channel::Mms, &gap, &up);
    assert_eq!((moved.raw("segmentType1"), moved.raw("segmentType3")), ("SMIL", "TEXT"));
    let first = Edit::Move { rows: "segments".into(), number: 1, to: Direction::Up };
    assert_eq!(edited(Channel::Mms, &gap, &first), gap);
    let down = Edit::Move { rows: "segments".into(), number: 1, to: Direction::Down };
    assert_eq!(edited(Channel::Mms, &moved, &down), gap);
}

#[test]
fn rows_end_at_the_channels_limit() {
    let mut arguments = chingu().arguments;
    for _ in 0..9 {
        arguments = edited(Channel::KakaoChingu, &arguments, &add("buttons"));
    }
    assert!(arguments.has("buttonType5") && !arguments.has("buttonType6"));
}

#[test]
fn switches_set_and_remove_what_they_stand_for() {
    let bare = lms().without("speedLimitCount").without("speedLimitUnit").arguments;
    let on = edited(Channel::Lms, &bare, &add("speedLimit"));
    assert_eq!(on.raw("speedLimitUnit"), "HOUR");
    assert_eq!(edited(Channel::Lms, &on, &remove("speedLimit", 0)), bare);
    let off = edited(Channel::Sms, &sms().arguments, &remove("dlt", 0));
    assert!(!off.has("dlt") && !off.has("dltPrincipalEntityId") && !off.has("dltContentTemplateId"));
    assert_eq!(edited(Channel::Sms, &off, &add("dlt")).raw("dlt"), "true");
}

#[test]
fn a_chosen_template_prepares_what_it_wants() {
    let start = [("channel", "WhatsApp"), ("sender", "447860099299"), ("headerText", "of another one")];
    let mut sample = Sample {
        arguments: start.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..whatsapp_with_list()
    };
    let choose = Edit::Choose { choose: "templateName".into(), value: "order_update".into() };
    sample.arguments = edited(Channel::WhatsApp, &sample.arguments, &choose);
    let settled = settled(&sample.context(), Channel::WhatsApp);
    for (name, value) in [
        ("templateLanguage", "en_GB"),
        ("placeholderCount", "2"),
        ("headerType", "DOCUMENT"),
        ("headerText", ""),
        ("buttonType1", "QUICK_REPLY"),
        ("buttonType2", "URL"),
        ("buttonType3", "COPY_CODE"),
    ] {
        assert_eq!(settled.raw(name), value, "{name}");
    }
    let sample = Sample { arguments: settled, ..sample };
    let form = message_step(&sample.context(), sample.channel);
    for name in ["placeholder1", "placeholder2", "headerMediaUrl", "headerFilename", "buttonParameter3"] {
        assert!(form.shows(name), "{name}");
    }
    let label = |name: &str| form.fields().into_iter().find(|field| field.argument == name).unwrap().label.clone();
    assert_eq!(label("buttonParameter2"), "Value of the button “press URL”");
    assert_eq!(label("placeholder1"), "Value of {{1}}");
}

#[test]
fn a_kind_begins_with_the_rows_that_it_needs() {
    let carousel = rcs("TEXT").with("contentType", "CAROUSEL");
    let settled = settled(&carousel.context(), Channel::Rcs);
    assert!(settled.has("card1Title") && settled.has("card2Title") && !settled.has("card3Title"));
}

#[test]
fn edits_are_read_as_the_page_sends_them() {
    let read = |json: &str| serde_json::from_str::<Edit>(json).unwrap();
    assert_eq!(read(r#"{"add":"cards"}"#), add("cards"));
    assert_eq!(read(r#"{"remove":"cards","number":2}"#), remove("cards", 2));
    assert_eq!(read(r#"{"remove":"dlt"}"#), remove("dlt", 0));
    let up = Edit::Move { rows: "cards".into(), number: 2, to: Direction::Up };
    assert_eq!(read(r#"{"move":"cards","number":2,"to":"up"}"#), up);
    assert_eq!(read(r#"{"move":"cards","number":2,"direction":"up"}"#), up);
    let choose = Edit::Choose { choose: "templateName".into(), value: "a".into() };
    assert_eq!(read(r#"{"choose":"templateName","value":"a"}"#), choose);
    assert_eq!(read(r#"{"refresh":"templates"}"#), Edit::Refresh { refresh: "templates".into() });
    assert!(serde_json::from_str::<Edit>(r#"{"explode":"cards"}"#).is_err());
}

#[test]
fn the_page_sends_pairs() {
    let arguments: Arguments = serde_json::from_str(r#"[["b","1"],["a","2"],["b","3"]]"#).unwrap();
    assert_eq!(pairs(&arguments), [("b", "1"), ("a", "2"), ("b", "3")]);
    assert_eq!(arguments.raw("b"), "3");
    assert_eq!(pairs(&normalised(Channel::Sms, &arguments)), [("b", "1"), ("a", "2"), ("b", "3")]);
}
