//! What the summary says.

use super::samples::*;
use crate::domain::form::*;
use crate::domain::journey::Journey;
use crate::domain::preview::TextPiece;

/// Rows as `label: value`, merge fields as chips.
fn told(sample: &Sample, journey: &Journey, audience: Option<u64>) -> Vec<String> {
    let context = Context { audience, ..sample.context() };
    let parts = summary(&context, sample.channel, journey).parts;
    let said = |piece: &TextPiece| match piece {
        TextPiece::Field(label) => format!("‹{label}›"),
        TextPiece::Plain(text) | TextPiece::Link(text) | TextPiece::Shortened(text) => text.clone(),
    };
    let rows = parts.iter().flat_map(|part| &part.rows);
    rows.map(|(label, value)| format!("{label}: {}", value.0.iter().map(said).collect::<String>())).collect()
}

#[track_caller]
fn says(sample: &Sample, expected: &str) {
    let told = told(sample, &Journey::default(), Some(12_000));
    assert!(told.iter().any(|row| row == expected), "{expected}: {told:#?}");
}

#[test]
fn merge_fields_choices_and_numbers_are_said_as_people_read_them() {
    let sample = sms().with("text", "Hi {{Event.DEAudience-1.FirstName}}!").with("validityMinutes", "2000");
    says(&sample, "Text: Hi ‹FirstName›!");
    says(&sample, "Communication channel: SMS");
    says(&sample, "Validity in minutes: 2,000");
    says(&sample.with("account", "{{Event.E.Account}}"), "Infobip account: ‹Account›");
}

#[test]
fn a_speed_limit_is_one_line() {
    let limited = || sms().with("speedLimitCount", "500").with("speedLimitUnit", "hour");
    let said = "Messages: 500 per hour: one message about every 7.2 s";
    says(&limited(), &format!("{said}; 12,000 contacts take about 24 hours"));
    assert!(told(&limited(), &Journey::default(), None).contains(&said.to_owned()));
    says(&limited().with("speedLimitCount", "{{Event.DEAudience-1.Limit}}"), "Messages: ‹Limit› per hour");
    let fast = told(&limited().with("speedLimitCount", "100000"), &Journey::default(), None);
    assert!(fast.contains(&"Messages: 100,000 per hour: about 27.8 messages a second".to_owned()), "{fast:?}");
}

#[test]
fn who_gets_the_message_is_always_said() {
    let mut sample = sms().without("phoneChoice");
    says(&sample, "Phone field: The first one that is filled: MobilePhone, HomePhone");
    says(&copy(&sample).with("phoneChoice", "2"), "Phone field: HomePhone");
    sample.journey.phone_fields.truncate(1);
    says(&sample, "Phone field: MobilePhone");
    let journey = Journey { default_mobile_number: true, ..Journey::default() };
    let with_default = "Phone field: MobilePhone; else the journey's default mobile number".to_owned();
    assert!(told(&sample, &journey, None).contains(&with_default));
    sample.journey.phone_fields.clear();
    let expression = "{{Event.DEAudience-1.Phone}}".to_owned();
    sample.journey.text_phones = vec![TextPhone { name: "Phone".to_owned(), expression: expression.clone() }];
    says(&copy(&sample).with("phone1", expression), "Phone field: Phone");
    sample.journey.text_phones.clear();
    for name in ["phone1", "phone2", "phone3"] {
        sample = sample.without(name);
    }
    says(&sample, "Phone field: There is no phone number to send to: the entry source needs a Phone field.");
}

/// Words for who chooses are none for who reads.
#[test]
fn nothing_unchosen_is_said() {
    for sample in samples() {
        let told = told(&sample, &Journey::default(), Some(1_200_000));
        assert!(
            !told.iter().any(|row| row.contains("Choose") || row.contains("(saved)") || row.contains("{{Event")),
            "{told:#?}"
        );
    }
}
