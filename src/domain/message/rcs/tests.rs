use proptest::prelude::*;

use super::super::given::{Given, ODD_TEXT, address, arguments, given, letters, text};
use super::super::{Content, Rejection, check_configured};
use super::*;
use crate::domain::channel::Channel;
use crate::domain::ids::Mid;
use crate::store::samples;

const URL: &str = "https://cdn.example/1.jpg";

fn text_message() -> Given {
    given(Channel::Rcs, &[("sender", "Waypost"), ("text", "Hi")])
}

fn file() -> Given {
    text_message().with_all(&[("contentType", "file"), ("text", ""), ("fileUrl", URL), ("thumbnailUrl", URL)])
}

fn card() -> Given {
    let card = [("card1Title", "One"), ("card1Description", "First"), ("card1MediaUrl", URL)];
    text_message().with_all(&[("contentType", "CARD"), ("text", ""), ("card1ThumbnailUrl", URL)]).with_all(&card)
}

fn carousel(numbers: impl IntoIterator<Item = usize>) -> Given {
    let start = text_message().with_all(&[("contentType", "CAROUSEL"), ("text", "")]);
    numbers
        .into_iter()
        .fold(start, |given, number| given.with(&format!("card{number}Title"), &format!("Card {number}")))
}

/// A message with one suggestion that has every field, and a card with the same.
fn suggestion(kind: &str, fields: &[(&str, &str)]) -> [(Given, &'static str); 2] {
    let rest = [("Type", kind), ("Text", "Tap")];
    let rest = || rest.iter().chain(fields);
    let of = |start: Given, prefix: &str| {
        rest().fold(start, |given, (name, value)| given.with(&format!("{prefix}{name}1"), value))
    };
    [(of(text_message(), "suggestion"), "suggestion"), (of(card(), "card1Suggestion"), "card1Suggestion")]
}

/// What a suggestion is refused with for the sake of a field.
fn wrong(field: &str) -> Rejection {
    match field {
        "Text" => Rejection::ButtonTextLength,
        "Url" => Rejection::ButtonUrlLength,
        _ => Rejection::Suggestions,
    }
}

fn body(given: &Given) -> RcsBody {
    content(given).body
}

#[track_caller]
fn content(given: &Given) -> RcsContent {
    match given.is_valid() {
        Content::Rcs(content) => content,
        other => panic!("{other:?}"),
    }
}

fn first_suggestion(given: &Given) -> Suggestion {
    let content = content(given);
    content.suggestions.first().or_else(|| content.body.cards()[0].suggestions.first()).unwrap().clone()
}

#[test]
fn limits_of_message_and_cards() {
    use Rejection::{From, MediaUrl, TextLength};
    text_message().limits("sender", letters, 100, From);
    text_message().limits("text", text, 3_072, TextLength);
    file().limits("fileUrl", address, 2_048, MediaUrl);
    file().limits("thumbnailUrl", address, 2_048, MediaUrl);
    card().limits("card1Title", text, 200, TextLength);
    card().limits("card1Description", text, 2_000, TextLength);
    card().limits("card1MediaUrl", address, 2_048, MediaUrl);
    card().limits("card1ThumbnailUrl", address, 2_048, MediaUrl);
    carousel([1, 2]).limits("card2Title", text, 200, TextLength);

    text_message().needs("sender", From);
    text_message().needs("text", TextLength);
    file().needs("fileUrl", MediaUrl);
    for (given, name) in [(file(), "fileUrl"), (file(), "thumbnailUrl"), (card(), "card1MediaUrl")] {
        given.with(name, "ftp://cdn.example/1.jpg").is_refused(MediaUrl);
    }
}

#[test]
fn limits_of_suggestions() {
    const EVENT: &[(&str, &str)] = &[
        ("StartsAt", "2026-11-24T08:00:00Z"),
        ("EndsAt", "2026-11-24T09:00:00.000+0000"),
        ("Title", "Talk"),
        ("Description", "About it"),
    ];
    const PLACE: &[(&str, &str)] = &[("Latitude", "45.8"), ("Longitude", "15.9"), ("Label", "Zagreb")];
    type Limit = (&'static str, &'static [(&'static str, &'static str)], &'static str, fn(usize) -> String, usize);
    let digits: fn(usize) -> String = |count| "1".repeat(count);
    let limits: [Limit; 9] = [
        ("REPLY", &[], "Text", text, 25),
        ("REPLY", &[], "Postback", text, 2_024),
        ("OPEN_URL", &[("Url", URL)], "Url", address, 2_048),
        ("DIAL_PHONE", &[("Phone", "+385911234567")], "Phone", digits, 15),
        ("DIAL_PHONE", &[("Phone", "385911234567")], "Phone", |count| format!("+{}", "1".repeat(count)), 15),
        ("SHOW_LOCATION", PLACE, "Label", text, 100),
        ("CREATE_CALENDAR_EVENT", EVENT, "Title", text, 100),
        ("CREATE_CALENDAR_EVENT", EVENT, "Description", text, 500),
        ("REQUEST_LOCATION", &[], "Postback", text, 2_024),
    ];
    for (kind, fields, field, filled, max) in limits {
        for (given, prefix) in suggestion(kind, fields) {
            given.limits(&format!("{prefix}{field}1"), filled, max, wrong(field));
        }
    }
    let needed = [
        ("REPLY", &[][..], "Text"),
        ("REPLY", &[], "Type"),
        ("OPEN_URL", &[("Url", URL)], "Url"),
        ("DIAL_PHONE", &[("Phone", "+385911234567")], "Phone"),
        ("SHOW_LOCATION", PLACE, "Latitude"),
        ("SHOW_LOCATION", PLACE, "Longitude"),
        ("CREATE_CALENDAR_EVENT", EVENT, "StartsAt"),
        ("CREATE_CALENDAR_EVENT", EVENT, "EndsAt"),
        ("CREATE_CALENDAR_EVENT", EVENT, "Title"),
    ];
    for (kind, fields, field) in needed {
        for (given, prefix) in suggestion(kind, fields) {
            given.needs(&format!("{prefix}{field}1"), wrong(field));
        }
    }
}

#[test]
fn suggestions_take_what_the_platform_takes() {
    let place = [("Latitude", "0"), ("Longitude", "0")];
    let event = [("StartsAt", "2026-11-24T08:00:00Z"), ("EndsAt", "2026-11-24T08:00:01Z"), ("Title", "Talk")];
    type Fields<'a> = &'a [(&'a str, &'a str)];
    type Values<'a> = &'a [&'a str];
    let values: &[(&str, Fields<'_>, &str, Values<'_>, Values<'_>)] = &[
        ("SHOW_LOCATION", &place, "Latitude", &["-90", "90", "89.999999"], &["-90.000001", "90.000001", "NaN", "x"]),
        ("SHOW_LOCATION", &place, "Longitude", &["-180", "180"], &["-180.000001", "180.000001", "inf", "-inf", "1,5"]),
        ("DIAL_PHONE", &[], "Phone", &["12", "+12", " +385911234567 "], &["1", "+1", "++12", "12a", "+1 2", "١٢"]),
        ("OPEN_URL", &[], "Url", &["http://a.example"], &["tel:123", "a.example", "https://"]),
        (
            "OPEN_URL",
            &[("Url", URL)],
            "OpensIn",
            &["browser", "WEBVIEW_FULL", "WEBVIEW_HALF", "WEBVIEW_TALL", ""],
            &["WEBVIEW", "x"],
        ),
        (
            "CREATE_CALENDAR_EVENT",
            &event,
            "EndsAt",
            &["2026-11-24T08:00:00.001Z"],
            &["2026-11-24T08:00:00Z", "2026-11-24T09:00:00+01:00", "2026-11-23T08:00:00Z", "later"],
        ),
        ("REPLY", &[], "Type", &["request_location"], &["CALL", "1"]),
    ];
    for (kind, fields, field, taken, refused) in values {
        for (given, prefix) in suggestion(kind, fields) {
            let name = format!("{prefix}{field}1");
            taken.iter().for_each(|value| drop(given.with(&name, value).is_valid()));
            refused.iter().for_each(|value| given.with(&name, value).is_refused(wrong(field)));
        }
    }
}

#[test]
fn counts_of_suggestions_and_cards() {
    let reply = |given: Given, prefix: &str, number: usize| {
        let name = |field: &str| format!("{prefix}{field}{number}");
        given.with(&name("Type"), "REPLY").with(&name("Text"), &number.to_string())
    };
    for (start, prefix, max) in [(text_message(), "suggestion", 11), (card(), "card1Suggestion", 4)] {
        // With gaps: every third number.
        let some = |count: usize| (1..=count).fold(start.clone(), |given, number| reply(given, prefix, number * 3));
        for count in [0, 1, max - 1, max] {
            some(count).is_valid();
        }
        some(max + 1).is_refused(Rejection::ButtonsLength);
    }
    for count in [2, 3, 9, 10] {
        carousel(1..=count).is_valid();
    }
    // The contract has no eleventh.
    carousel(1..=11).is_valid();
    for count in [0, 1] {
        carousel(1..=count).is_refused(Rejection::Cards);
    }
    carousel([]).with("contentType", "CARD").is_refused(Rejection::Cards);
    carousel([1, 2]).with("contentType", "CARD").is_refused(Rejection::Cards);
    let RcsBody::Carousel { cards, width: CardWidth::Medium } = body(&carousel([10, 2, 7])) else { panic!() };
    let titles: Vec<_> = cards.iter().filter_map(|card| card.title.as_deref()).collect();
    assert_eq!(titles, ["Card 2", "Card 7", "Card 10"]);
}

#[test]
fn a_card_has_media_or_a_title() {
    card().with("card1Title", " ").is_valid();
    card().with_all(&[("card1MediaUrl", ""), ("card1ThumbnailUrl", "")]).is_valid();
    card()
        .with_all(&[("card1Title", ""), ("card1MediaUrl", ""), ("card1ThumbnailUrl", "")])
        .is_refused(Rejection::Cards);
    card().with("card1MediaUrl", "").is_refused(Rejection::MediaUrl);
    carousel([1, 2]).with("card3Description", "Nothing else").is_refused(Rejection::Cards);
    carousel([1, 2]).with("card3SuggestionText1", "Nothing else").is_refused(Rejection::Cards);
    // The page writes a height for each card; one whose fields all came empty is a gap.
    let RcsBody::Carousel { cards, .. } = body(&carousel([1, 3]).with("card2MediaHeight", "TALL")) else { panic!() };
    assert_eq!(cards.len(), 2);
}

#[test]
fn choices_have_the_manuals_defaults() {
    assert_eq!(body(&text_message().with("contentType", "")), RcsBody::Text { text: "Hi".into() });
    let RcsBody::Card { orientation, alignment, card: read } = body(&card()) else { panic!() };
    assert_eq!((orientation, alignment), (Orientation::Vertical, Alignment::Left));
    assert_eq!(read.media.unwrap().height, MediaHeight::Medium);

    let chosen = [("cardOrientation", "horizontal"), ("cardAlignment", "Right"), ("card1MediaHeight", "short")];
    let RcsBody::Card { orientation, alignment, card: read } = body(&card().with_all(&chosen)) else { panic!() };
    assert_eq!((orientation, alignment), (Orientation::Horizontal, Alignment::Right));
    assert_eq!(read.media.unwrap().height, MediaHeight::Short);
    let RcsBody::Carousel { width, .. } = body(&carousel([1, 2]).with("cardWidth", "SMALL")) else { panic!() };
    assert_eq!(width, CardWidth::Small);

    for name in ["cardOrientation", "cardAlignment", "card1MediaHeight"] {
        card().with(name, "UP").is_refused(Rejection::Cards);
    }
    carousel([1, 2]).with("cardWidth", "LARGE").is_refused(Rejection::Cards);
    text_message().with("contentType", "PROVIDER_TEMPLATE").is_refused(Rejection::ContentType);
}

#[test]
fn a_suggestion_answers_with_its_text_unless_told_otherwise() {
    for (given, prefix) in suggestion("REPLY", &[]) {
        let plain = first_suggestion(&given);
        assert_eq!((plain.text.as_str(), plain.postback.as_str()), ("Tap", "Tap"));
        assert_eq!(first_suggestion(&given.with(&format!("{prefix}Postback1"), " p ")).postback, " p ");
    }
    for (given, prefix) in suggestion("OPEN_URL", &[("Url", URL)]) {
        let action = first_suggestion(&given.with(&format!("{prefix}OpensIn1"), "WEBVIEW_TALL")).action;
        let opens_in = Some(OpensIn::Webview(WebviewMode::Tall));
        assert_eq!(action, SuggestionAction::OpenUrl { url: URL.into(), opens_in });
        let SuggestionAction::OpenUrl { opens_in: None, .. } = first_suggestion(&given).action else { panic!() };
    }
}

#[test]
fn what_has_no_type_is_refused_and_not_dropped() {
    for field in
        ["Text", "Postback", "Url", "OpensIn", "Phone", "Latitude", "Label", "StartsAt", "Title", "Description"]
    {
        text_message().with(&format!("suggestion5{field}"), "1").is_valid();
        text_message().with(&format!("suggestion{field}5"), "1").is_refused(Rejection::Suggestions);
        card().with(&format!("card1Suggestion{field}5"), "1").is_refused(Rejection::Suggestions);
        card().with(&format!("card1suggestion{field}5"), "1").is_valid();
    }
}

#[test]
fn checks_have_their_order() {
    let fixes: &[(&[(&str, &str)], Rejection)] = &[
        (&[("sender", "Waypost")], Rejection::From),
        (&[("contentType", "CARD")], Rejection::ContentType),
        (&[("card1Title", "One")], Rejection::TextLength),
        (&[("card1MediaUrl", URL)], Rejection::MediaUrl),
        (&[("card1SuggestionType1", "REPLY")], Rejection::Suggestions),
        (&[("cardOrientation", "")], Rejection::Cards),
        (&[("suggestionType1", "REPLY")], Rejection::Suggestions),
        (&[("fallbackSender", "Waypost")], Rejection::FallbackSender),
    ];
    let mut now = given(
        Channel::Rcs,
        &[
            ("contentType", "x"),
            ("cardOrientation", "x"),
            ("card1Title", &letters(201)),
            ("card1MediaUrl", "x"),
            ("card1SuggestionText1", "Tap"),
            ("suggestionText1", "Tap"),
            ("fallbackText", "Hi"),
        ],
    );
    for (fix, rejection) in fixes {
        now.is_refused(*rejection);
        now = now.with_all(fix);
    }
    assert_eq!(content(&now).fallback, Some(SmsFallback { sender: "Waypost".into(), text: "Hi".into() }));
}

#[test]
fn the_texts_of_all_cards_come_before_their_media_and_those_before_suggestions() {
    let mut now = carousel([1, 2]).with_all(&[
        ("card1SuggestionText1", "Tap"),
        ("card1MediaUrl", "x"),
        ("card2MediaUrl", "x"),
        ("card2Title", &letters(201)),
    ]);
    for (name, value, rejection) in [
        ("card2Title", "Two", Rejection::TextLength),
        ("card1MediaUrl", URL, Rejection::MediaUrl),
        ("card2MediaUrl", URL, Rejection::MediaUrl),
        ("card1SuggestionType1", "REPLY", Rejection::Suggestions),
    ] {
        now.is_refused(rejection);
        now = now.with(name, value);
    }
    now.is_valid();
}

#[test]
fn what_only_another_kind_shows_is_not_dropped_in_silence() {
    for name in ["fileUrl", "thumbnailUrl", "card1Title", "card3MediaUrl", "card2SuggestionText1"] {
        text_message().with(name, "x").is_refused(Rejection::ContentType);
    }
    for name in ["text", "card1Title"] {
        file().with(name, "x").is_refused(Rejection::ContentType);
    }
    for name in ["text", "fileUrl", "thumbnailUrl"] {
        card().with(name, "x").is_refused(Rejection::ContentType);
        carousel([1, 2]).with(name, "x").is_refused(Rejection::ContentType);
    }
    // Choices show nothing, and Viber's fields are none of RCS.
    text_message().with_all(&[("card1MediaHeight", "TALL"), ("cardWidth", "SMALL"), ("imageUrl", "x")]).is_valid();
}

#[test]
fn texts_stay_as_they_came() {
    let RcsBody::Text { text } = body(&text_message().with("text", ODD_TEXT)) else { panic!() };
    assert_eq!(text, ODD_TEXT);
    let given = card().with_all(&[("card1Title", ODD_TEXT), ("card1Description", ODD_TEXT)]);
    let RcsBody::Card { card, .. } = body(&given) else { panic!() };
    assert_eq!((card.title.as_deref(), card.description.as_deref()), (Some(ODD_TEXT), Some(ODD_TEXT)));
    assert_eq!(given.is_valid().callback_subject().1, ODD_TEXT);
}

#[test]
fn an_activity_of_expressions_can_be_published() {
    let accounts = samples::tenant(Mid::new(1)).accounts;
    let mut activities = vec![text_message(), file(), card(), carousel([1, 2])];
    for kind in ["REPLY", "OPEN_URL", "DIAL_PHONE", "SHOW_LOCATION", "REQUEST_LOCATION", "CREATE_CALENDAR_EVENT"] {
        let fields = [
            "Postback",
            "Url",
            "OpensIn",
            "Phone",
            "Latitude",
            "Longitude",
            "Label",
            "StartsAt",
            "EndsAt",
            "Title",
            "Description",
        ];
        let fields = fields.map(|field| (field, "x"));
        activities.extend(suggestion(kind, &fields).map(|(given, _)| given));
    }
    let kept = |name: &str| name == "contentType" || name.contains("uggestionType");
    for given in activities {
        let own = [("channel", "RCS"), ("phone1", "{{Event.Phone}}")];
        let pairs = given.pairs().filter(|(_, value)| !value.is_empty());
        let pairs = pairs.map(|(name, value)| (name, if kept(name) { value } else { "{{Event.Field}}" })).chain(own);
        assert_eq!(check_configured(pairs, Mid::new(1), &accounts, None), Ok(()), "{given:?}");
    }
}

proptest! {
    #[test]
    fn arbitrary_in_arguments_never_panic_and_texts_stay(arguments in arguments(), kind in 0_usize..4) {
        let start = [text_message(), file(), card(), carousel([1, 2])][kind].clone();
        let given = arguments.iter().fold(start, |given, (name, value)| given.with(name, value));
        if let Ok(content) = given.validate() {
            prop_assert!(given.gave(&content), "{content:?}");
        }
    }
}
