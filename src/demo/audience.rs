//! Who walks through the journey.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppError;
use crate::cli::options::DemoOptions;
use crate::sandbox::journey::audience_from_csv;

/// A few hundred contacts, with empty, malformed and duplicate numbers among them.
const SAMPLE: &str = include_str!("../../assets/demo/audience.csv");

/// Other scripts and directions, quotes and emoji among them: what a merged value may hold.
const FIRST_NAMES: [&str; 13] = [
    "Ana",
    "Marko",
    "Ji-woo",
    "Zoë",
    "Arjun",
    "José",
    "D'Arcy",
    "Yusuf",
    "Dwayne \"The Rock\"",
    "Joy 🎉",
    "محمد",
    "נועה",
    "Łukasz & Søn <3",
];
/// Every so many made-up contacts one has no number, and one a number that is none.
const EMPTY_EVERY: u32 = 50;
const MALFORMED_EVERY: u32 = 90;

pub(super) fn load(options: &DemoOptions) -> Result<Vec<BTreeMap<String, String>>, AppError> {
    let wrong = |error: &dyn std::fmt::Display| AppError::Demo(format!("the audience can't be used: {error}"));
    if let Some(count) = options.contacts {
        return Ok((1..=count).map(made_up).collect());
    }
    let audience = match &options.audience {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| wrong(&format!("{}: {error}", path.display())))?;
            let header = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
            if !header.split(',').any(|column| column.trim().trim_matches('"') == "SubscriberKey") {
                return Err(wrong(
                    &"its first line must name its columns, SubscriberKey among them, with commas between",
                ));
            }
            audience_from_csv(text.as_bytes()).map_err(|error| wrong(&error))?
        }
        None => audience_from_csv(SAMPLE.as_bytes()).map_err(|error| wrong(&error))?,
    };
    // An event releases a contact wherever it waits, and the sample audience's data extension has it as its key.
    let keys: BTreeSet<_> = audience.iter().filter_map(|contact| contact.get("SubscriberKey")).collect();
    if keys.len() < audience.len() {
        return Err(wrong(&"two of its contacts have the same SubscriberKey"));
    }
    if audience.is_empty() {
        return Err(wrong(&"it has no contacts"));
    }
    Ok(audience)
}

fn made_up(number: u32) -> BTreeMap<String, String> {
    let phone = if number.is_multiple_of(EMPTY_EVERY) {
        String::new()
    } else if number.is_multiple_of(MALFORMED_EVERY) {
        "call me".to_owned()
    } else {
        // Spread over the numbers of one prefix, so that fates differ; 7 does not divide 10 000 000.
        format!("+38591{:07}", u64::from(number) * 7_654_321 % 10_000_000)
    };
    let name = FIRST_NAMES.iter().cycle().nth(number as usize % FIRST_NAMES.len()).copied().unwrap_or("Ana");
    [
        ("SubscriberKey", format!("DEMO-{number:07}")),
        ("FirstName", name.to_owned()),
        ("LastName", "Example".to_owned()),
        ("MobilePhone", phone),
        ("EmailAddress", format!("contact{number}@example.com")),
        ("Locale", "hr-HR".to_owned()),
    ]
    .map(|(column, value)| (column.to_owned(), value))
    .into()
}
