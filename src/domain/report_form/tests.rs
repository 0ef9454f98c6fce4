use super::problems::{Found, check};
use super::texts::LANGUAGES;
use super::*;
use crate::domain::journey::MessageSettings;
use crate::domain::report_answer::{QueueStatus, ReportAnswer};

const CHOSEN: &str = "{{Interaction.REST-1.messageId}}";

fn message(key: &str, next: &[&str], settings: MessageSettings) -> JourneyActivity {
    JourneyActivity {
        key: key.to_owned(),
        name: "Hello".to_owned(),
        kind: ActivityKind::Messaging,
        message: Some(settings),
        next: next.iter().map(|key| (*key).to_owned()).collect(),
        ..JourneyActivity::default()
    }
}

fn sms() -> MessageSettings {
    MessageSettings { channel: "SMS".to_owned(), ..MessageSettings::default() }
}

/// A message, a wait of an hour, and the reports activity.
fn journey(settings: MessageSettings) -> Journey {
    let wait = JourneyActivity {
        key: "WAIT-1".to_owned(),
        kind: ActivityKind::Wait,
        wait_secs: Some(3_600),
        next: vec!["REST-2".to_owned()],
        ..JourneyActivity::default()
    };
    let own = JourneyActivity { key: "REST-2".to_owned(), kind: ActivityKind::Reports, ..JourneyActivity::default() };
    Journey {
        activity_key: "REST-2".to_owned(),
        activities: vec![message("REST-1", &["WAIT-1"], settings), wait, own],
        ..Journey::default()
    }
}

fn arguments(message_id: &str, kind: &str) -> Vec<(String, String)> {
    [(names::MESSAGE_ID, message_id), (names::REPORT_KIND, kind)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

fn context<'a>(journey: &'a Journey, arguments: &'a Arguments) -> Context<'a> {
    Context { texts: LANGUAGES[0], accounts: &[], journey, arguments }
}

fn found(journey: &Journey, message_id: &str, kind: &str) -> Found {
    check(&context(journey, &arguments(message_id, kind)))
}

#[track_caller]
fn warns(found: &Found, of: &str) {
    assert_eq!(found.problems, [], "{found:?}");
    assert!(found.warnings.iter().any(|warning| warning.message.contains(of)), "{of}: {found:?}");
}

#[track_caller]
fn refuses(found: &Found, with: &str) {
    assert!(found.problems.iter().any(|problem| problem.message.contains(with)), "{with}: {found:?}");
}

#[test]
fn the_only_message_is_chosen_in_a_new_activity_and_nothing_in_a_saved_one() {
    let journey = journey(sms());
    assert_eq!(context(&journey, &[]).settled(), arguments(CHOSEN, "DELIVERY"));
    for saved in [arguments(CHOSEN, "CLICK"), arguments("{{Interaction.X.messageId}}", ""), arguments("typed", "x")] {
        assert_eq!(context(&journey, &saved).settled(), saved);
    }
}

#[test]
fn a_message_is_chosen_from_those_before() {
    let mut journey = journey(sms());
    journey.activities.push(message("REST-3", &[], sms()));
    let own = arguments(CHOSEN, "DELIVERY");
    let form = context(&journey, &own).form();
    let values: Vec<_> = form.messages.iter().map(|choice| choice.value.as_str()).collect();
    assert_eq!(values, ["", CHOSEN]);
    assert_eq!(form.message, "Hello (REST-1)");
    assert_eq!(found(&journey, CHOSEN, "DELIVERY").problems, []);
    refuses(&found(&journey, "{{Interaction.REST-3.messageId}}", ""), "No path leads from Hello (REST-3)");
    refuses(&found(&journey, "{{Interaction.REST-9.messageId}}", ""), "REST-9 is not in this journey any more");
    refuses(&found(&journey, "{{Interaction.WAIT-1.messageId}}", ""), "WAIT-1 is no Infobip Messaging activity");
    refuses(&found(&journey, "{{Event.X.id}}", ""), "is not taken from a message activity");
    refuses(&found(&journey, "", ""), "Choose the message activity");
    refuses(&found(&journey, CHOSEN, "OPENED"), "Choose the kind");
    journey.activities.clear();
    refuses(&found(&journey, "", ""), "add and configure one first");
    warns(&found(&journey, CHOSEN, ""), "Journey Builder did not say");
}

#[test]
fn a_message_without_a_name_is_called_as_its_kind() {
    let mut journey = journey(sms());
    journey.activities[0].name = " ".to_owned();
    let own = arguments(CHOSEN, "CLICK");
    assert_eq!(context(&journey, &own).form().message, "Infobip Messaging (REST-1)");
    warns(&found(&journey, CHOSEN, "CLICK"), "is off in Infobip Messaging (REST-1)");
    // Other activities have no such name.
    refuses(&found(&journey, "{{Interaction.WAIT-1.messageId}}", ""), "WAIT-1 is no Infobip Messaging activity");
}

/// What is not offered stays chosen: who changes nothing saves the same.
#[test]
fn a_message_that_is_gone_stays_in_the_list() {
    let journey = journey(sms());
    let own = arguments("{{Interaction.REST-9.messageId}}", "");
    let form = context(&journey, &own).form();
    let last = form.messages.last().unwrap();
    assert_eq!((last.value.as_str(), last.is_chosen), ("{{Interaction.REST-9.messageId}}", true));
    // Likewise one that is spelt in another way.
    let own = arguments("{{Interaction.\"REST-1\".messageId}}", "");
    let form = context(&journey, &own).form();
    assert_eq!(form.messages.iter().filter(|choice| choice.is_chosen).count(), 1);
    assert_eq!(form.messages[1].value, "{{Interaction.\"REST-1\".messageId}}");
}

#[test]
fn what_the_message_must_have_set_is_asked_of_it() {
    warns(&found(&journey(sms()), CHOSEN, "CLICK"), "is off in Hello (REST-1)");
    let shortened = MessageSettings { shortens_urls: true, ..sms() };
    warns(&found(&journey(shortened.clone()), CHOSEN, "CLICK"), "Clicks are not reported");
    let tracked = MessageSettings { tracks_clicks: true, ..shortened };
    assert_eq!(found(&journey(tracked), CHOSEN, "CLICK").warnings, []);
    let kakao = MessageSettings { channel: "Kakao Alim".to_owned(), ..MessageSettings::default() };
    warns(&found(&journey(kakao.clone()), CHOSEN, "CLICK"), "not tracked on Kakao Alim");
    warns(&found(&journey(kakao), CHOSEN, "REPLY"), "Kakao Alim has no replies");
    assert_eq!(found(&journey(sms()), CHOSEN, "REPLY").warnings, []);
    // An expression may be any channel.
    let any = MessageSettings { channel: "{{Event.E.Channel}}".to_owned(), ..MessageSettings::default() };
    assert_eq!(found(&journey(any), CHOSEN, "REPLY").warnings, []);
}

#[test]
fn a_wait_that_is_missing_or_too_short_is_warned_of() {
    let mut unwaited = journey(sms());
    unwaited.activities[1].wait_secs = None;
    warns(&found(&unwaited, CHOSEN, "DELIVERY"), "There is no wait between");
    unwaited.activities[1].kind = ActivityKind::WaitUntilEvent;
    assert_eq!(found(&unwaited, CHOSEN, "REPLY").warnings, []);
    // The manual's example: 50 000 a day, an hour's wait, 100 000 contacts.
    let paced = MessageSettings {
        speed_limit_count: "50000".to_owned(),
        speed_limit_unit: "DAY".to_owned(),
        audience: Some(100_000),
        ..sms()
    };
    let found_paced = found(&journey(paced.clone()), CHOSEN, "DELIVERY");
    warns(&found_paced, "a sending speed limit of 50,000 per day");
    warns(&found_paced, "within the wait of 1 hour about 2,083 are sent");
    warns(&found_paced, "The 100,000 expected contacts take about 2 days.");
    let few = MessageSettings { audience: Some(2_000), ..paced };
    assert_eq!(found(&journey(few), CHOSEN, "DELIVERY").warnings, []);
}

#[test]
fn every_branch_compares_what_the_activity_answers() {
    for texts in LANGUAGES {
        for kind in AskedKind::ALL {
            for branch in texts.kind(kind).branches {
                let row = OUT_ARGUMENTS.iter().find(|row| row.name == branch.attribute).unwrap();
                assert!(row.kind.is_none_or(|own| own == kind), "{}", branch.attribute);
            }
            // What stands for nothing is one of the paths.
            let nothing = ReportAnswer::without(kind, QueueStatus::Sent);
            let own = OUT_ARGUMENTS.iter().filter(|row| row.kind == Some(kind));
            for (name, value) in own.map(|row| (row.name, (row.value)(&nothing))).filter(|(_, value)| !value.is_empty())
            {
                // Its group says the same, and one of the two click arguments is enough.
                let is_told = texts.kind(kind).branches.iter().any(|branch| branch.value == value);
                assert!(is_told, "{name} is {value}");
            }
        }
    }
}

#[test]
fn values_stand_out_in_sentences() {
    let piece = |text, is_value| Piece { text, is_value };
    assert_eq!(
        pieces("`A` or `B`, else"),
        [piece("A", true), piece(" or ", false), piece("B", true), piece(", else", false)]
    );
}
