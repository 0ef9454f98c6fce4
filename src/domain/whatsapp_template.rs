//! WhatsApp templates as they are registered, and what a message by one must fill in (infobip.md 4.1, 4.2).

use serde::{Deserialize, Serialize};

/// Highest placeholder number that is one: a body has at most 1024 characters, and `{{n}}` takes five of them.
const PLACEHOLDER_MAX: u32 = 250;

/// A registered template. Values that we don't know are kept as they came: Infobip may add some at any time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Template {
    pub(crate) name: String,
    /// The code exactly as registered, such as `en_GB`: a message must repeat it.
    pub(crate) language: String,
    /// `APPROVED`, `PENDING`, `REJECTED` …
    pub(crate) status: String,
    /// `MARKETING`, `UTILITY`, `AUTHENTICATION` …
    pub(crate) category: String,
    pub(crate) structure: Structure,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Structure {
    /// `TEXT`, `MEDIA`, `UNSUPPORTED` …
    pub(crate) kind: String,
    pub(crate) header: Option<Header>,
    /// None for AUTHENTICATION templates, whose text is WhatsApp's own.
    pub(crate) body: Option<String>,
    pub(crate) footer: Option<String>,
    /// In registered order.
    pub(crate) buttons: Vec<Button>,
    pub(crate) has_carousel: bool,
    pub(crate) has_limited_time_offer: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    /// `TEXT`, `IMAGE`, `VIDEO`, `GIF`, `DOCUMENT`, `LOCATION` …
    pub(crate) format: String,
    /// Of a text header.
    pub(crate) text: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Button {
    /// `QUICK_REPLY`, `URL`, `PHONE_NUMBER`, `COPY_CODE`, `FLOW` …
    pub(crate) kind: String,
    pub(crate) text: String,
    /// Of a URL button; ends in `{{1}}` when a message completes it.
    pub(crate) url: Option<String>,
}

/// Why a template can't be chosen.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NotOffered {
    #[error("its status is {0}: only APPROVED templates can be sent")]
    Status(String),
    #[error("its structure is {0}: only TEXT and MEDIA are supported")]
    Structure(String),
    #[error("it has a {0}, which can't be filled in")]
    Part(&'static str),
    #[error("its header is of the unknown format {0}")]
    Header(String),
}

/// What a message by a template has to fill in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// Values for `{{1}}`, `{{2}}` … of the body, none of them empty.
    pub(crate) body_placeholders: u32,
    pub(crate) header: HeaderWant,
    /// The buttons that take a parameter, in registered order.
    pub(crate) buttons: Vec<ButtonWant>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeaderWant {
    Nothing,
    /// The value of the one placeholder.
    Placeholder,
    Image,
    Video,
    Gif,
    /// A file and its name.
    Document,
    /// Latitude and longitude.
    Location,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ButtonWant {
    /// Its place among all of the template's buttons, from 0.
    pub(crate) index: usize,
    pub(crate) parameter: ButtonParameter,
    /// What stands on the button.
    pub(crate) text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ButtonParameter {
    /// The payload that comes back, 1 to 128 characters.
    QuickReply,
    /// What completes the registered URL.
    UrlSuffix,
    /// The code to copy, 1 to 15 characters.
    CopyCode,
}

impl Template {
    /// Whether an activity may choose it.
    pub(crate) fn is_offered(&self) -> bool {
        self.not_offered().is_none()
    }

    pub(crate) fn not_offered(&self) -> Option<NotOffered> {
        let Structure { kind, header, buttons, has_carousel, has_limited_time_offer, .. } = &self.structure;
        if self.status != "APPROVED" {
            return Some(NotOffered::Status(named(&self.status)));
        }
        if !["TEXT", "MEDIA"].contains(&kind.as_str()) {
            return Some(NotOffered::Structure(named(kind)));
        }
        // These need more than body, header and buttons: a message without it would be refused.
        if *has_carousel {
            return Some(NotOffered::Part("carousel"));
        }
        if *has_limited_time_offer {
            return Some(NotOffered::Part("limited-time offer"));
        }
        if let Some(button) = buttons.iter().find_map(unsupported) {
            return Some(NotOffered::Part(button));
        }
        match header {
            Some(header) if header_want(header).is_none() => Some(NotOffered::Header(named(&header.format))),
            _ => None,
        }
    }

    /// What a message must fill in.
    pub(crate) fn wanted(&self) -> Wanted {
        let Structure { header, body, buttons, .. } = &self.structure;
        let wants = buttons.iter().enumerate().filter_map(|(index, button)| {
            Some(ButtonWant { index, parameter: button_parameter(button)?, text: button.text.clone() })
        });
        Wanted {
            body_placeholders: body.as_deref().map_or(0, placeholders),
            header: header.as_ref().and_then(header_want).unwrap_or(HeaderWant::Nothing),
            buttons: wants.collect(),
        }
    }
}

fn named(value: &str) -> String {
    if value.is_empty() { "not given".to_owned() } else { value.to_owned() }
}

/// `None` for a format that we don't know.
fn header_want(header: &Header) -> Option<HeaderWant> {
    Some(match header.format.as_str() {
        "TEXT" if header.text.as_deref().is_some_and(|text| placeholders(text) > 0) => HeaderWant::Placeholder,
        "TEXT" => HeaderWant::Nothing,
        "IMAGE" => HeaderWant::Image,
        "VIDEO" => HeaderWant::Video,
        "GIF" => HeaderWant::Gif,
        "DOCUMENT" => HeaderWant::Document,
        "LOCATION" => HeaderWant::Location,
        _ => return None,
    })
}

/// What a button is called that takes more than a text of the activity's; `None` for the others.
fn unsupported(button: &Button) -> Option<&'static str> {
    match button.kind.as_str() {
        "FLOW" => Some("flow button"),
        "CATALOG" => Some("catalog button"),
        "MULTI_PRODUCT" => Some("multi-product button"),
        "ORDER_DETAILS" => Some("order details button"),
        _ => None,
    }
}

/// `None` for a button that is sent as it is registered.
fn button_parameter(button: &Button) -> Option<ButtonParameter> {
    match button.kind.as_str() {
        "QUICK_REPLY" => Some(ButtonParameter::QuickReply),
        "URL" if button.url.as_deref().is_some_and(|url| url.contains("{{")) => Some(ButtonParameter::UrlSuffix),
        "COPY_CODE" => Some(ButtonParameter::CopyCode),
        _ => None,
    }
}

/// The highest n of the `{{n}}` in a text; 0 without any.
fn placeholders(text: &str) -> u32 {
    let after = text.split("{{").skip(1);
    let numbers = after.filter_map(|rest| rest.split_once("}}")?.0.trim().parse::<u32>().ok());
    numbers.filter(|number| *number <= PLACEHOLDER_MAX).max().unwrap_or(0)
}

/// Why a template can't be sent as an activity chooses it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum WrongTemplate {
    #[error("the sender has no template {name} in the language {language}")]
    Unknown { name: String, language: String },
    #[error("the template {name} can't be sent: {why}")]
    NotOffered { name: String, why: NotOffered },
    #[error("the template {name} takes {wanted} placeholders, and the activity fills {given}")]
    Placeholders { name: String, wanted: u32, given: u32 },
}

/// Whether a template of this list can be sent. `placeholders`: how many the activity fills, when it is known.
pub(crate) fn check_choice(
    list: &[Template],
    name: &str,
    language: &str,
    placeholders: Option<u32>,
) -> Result<(), WrongTemplate> {
    let name = name.to_owned();
    let chosen = list.iter().find(|template| template.name == name && template.language == language);
    let Some(template) = chosen else { return Err(WrongTemplate::Unknown { name, language: language.to_owned() }) };
    if let Some(why) = template.not_offered() {
        return Err(WrongTemplate::NotOffered { name, why });
    }
    let wanted = template.wanted().body_placeholders;
    match placeholders.filter(|given| *given != wanted) {
        Some(given) => Err(WrongTemplate::Placeholders { name, wanted, given }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn template(structure: Structure) -> Template {
        Template {
            name: "order_update".into(),
            language: "en_GB".into(),
            status: "APPROVED".into(),
            category: "UTILITY".into(),
            structure: Structure { kind: "TEXT".into(), ..structure },
        }
    }

    fn header(format: &str, text: Option<&str>) -> Option<Header> {
        Some(Header { format: format.into(), text: text.map(str::to_owned) })
    }

    fn button(kind: &str, url: Option<&str>) -> Button {
        Button { kind: kind.into(), text: format!("press {kind}"), url: url.map(str::to_owned) }
    }

    #[test]
    fn the_highest_placeholder_of_the_body_counts() {
        for (body, expected) in [
            ("", 0),
            ("Hi", 0),
            ("Hi {{1}}", 1),
            ("{{2}} and {{1}}", 2),
            ("{{3}} alone", 3),
            ("{{ 2 }}", 2),
            ("{{10}}{{9}}", 10),
            ("{{0}}", 0),
            ("{{name}}", 0),
            ("{{1", 0),
            ("1}} {{", 0),
            ("{{{1}}}", 0),
            ("{{-1}} {{99999999999}} {{251}}", 0),
        ] {
            let wanted = template(Structure { body: Some(body.into()), ..Structure::default() }).wanted();
            assert_eq!(wanted.body_placeholders, expected, "{body}");
        }
        // AUTHENTICATION bodies have no text.
        assert_eq!(template(Structure::default()).wanted().body_placeholders, 0);
    }

    #[test]
    fn each_header_wants_its_own() {
        for (given, expected) in [
            (None, HeaderWant::Nothing),
            (header("TEXT", Some("Your order")), HeaderWant::Nothing),
            (header("TEXT", None), HeaderWant::Nothing),
            (header("TEXT", Some("Order {{1}}")), HeaderWant::Placeholder),
            (header("IMAGE", None), HeaderWant::Image),
            (header("VIDEO", None), HeaderWant::Video),
            (header("GIF", None), HeaderWant::Gif),
            (header("DOCUMENT", None), HeaderWant::Document),
            (header("LOCATION", None), HeaderWant::Location),
        ] {
            let template = template(Structure { header: given.clone(), ..Structure::default() });
            assert_eq!(template.wanted().header, expected, "{given:?}");
            assert!(template.is_offered(), "{given:?}");
        }
    }

    #[test]
    fn only_buttons_with_a_parameter_are_wanted_in_their_order() {
        let buttons = vec![
            button("PHONE_NUMBER", None),
            button("URL", Some("https://shop.example/")),
            button("URL", Some("https://shop.example/{{1}}")),
            button("QUICK_REPLY", None),
            button("CATALOG", None),
            button("COPY_CODE", None),
            button("SOMETHING_NEW", None),
            button("FLOW", None),
            button("URL", None),
        ];
        let wanted = template(Structure { buttons, ..Structure::default() }).wanted().buttons;
        let wanted: Vec<_> = wanted.iter().map(|want| (want.index, want.parameter, want.text.as_str())).collect();
        let expected = [
            (2, ButtonParameter::UrlSuffix, "press URL"),
            (3, ButtonParameter::QuickReply, "press QUICK_REPLY"),
            (5, ButtonParameter::CopyCode, "press COPY_CODE"),
        ];
        assert_eq!(wanted, expected);
    }

    #[test]
    fn a_choice_is_judged_by_the_list() {
        let body = Structure { body: Some("Hi {{1}}, {{2}}".into()), ..Structure::default() };
        let good = template(Structure { kind: "TEXT".into(), ..body });
        let list = [Template { status: "PENDING".into(), name: "late".into(), ..good.clone() }, good.clone()];
        let check = |name: &str, language: &str, given| check_choice(&list, name, language, given);
        assert_eq!(check(&good.name, &good.language, Some(2)), Ok(()));
        assert_eq!(check(&good.name, &good.language, None), Ok(()));
        let wrong = check(&good.name, &good.language, Some(1)).unwrap_err();
        assert_eq!(wrong, WrongTemplate::Placeholders { name: good.name.clone(), wanted: 2, given: 1 });
        assert!(matches!(check(&good.name, "xx", None), Err(WrongTemplate::Unknown { .. })));
        assert!(matches!(check("late", &good.language, None), Err(WrongTemplate::NotOffered { .. })));
    }

    #[test]
    fn what_is_not_offered_says_why() {
        let plain = template(Structure::default());
        let of_kind = |kind: &str| Template {
            structure: Structure { kind: kind.into(), ..Structure::default() },
            ..plain.clone()
        };
        assert!(plain.is_offered() && of_kind("MEDIA").is_offered());
        for status in ["PENDING", "REJECTED", "FIRST_PAUSED", "DISABLED", "SOMETHING_NEW", ""] {
            let template = Template { status: status.into(), ..plain.clone() };
            assert!(!template.is_offered());
            assert_eq!(template.not_offered(), Some(NotOffered::Status(named(status))));
        }
        for kind in ["UNSUPPORTED", "SOMETHING_NEW"] {
            assert_eq!(of_kind(kind).not_offered(), Some(NotOffered::Structure(kind.into())));
        }
        assert_eq!(
            of_kind("").not_offered().unwrap().to_string(),
            "its structure is not given: only TEXT and MEDIA are supported"
        );
        let carousel = template(Structure { has_carousel: true, ..Structure::default() });
        assert_eq!(carousel.not_offered(), Some(NotOffered::Part("carousel")));
        let offer = template(Structure { has_limited_time_offer: true, ..Structure::default() });
        assert_eq!(offer.not_offered(), Some(NotOffered::Part("limited-time offer")));
        let hologram = template(Structure { header: header("HOLOGRAM", None), ..Structure::default() });
        assert_eq!(hologram.not_offered(), Some(NotOffered::Header("HOLOGRAM".into())));
    }

    proptest! {
        #[test]
        fn a_body_with_n_numbered_placeholders_wants_n(count in 0u32..40, between in "[a-z {}]{0,5}") {
            let body: String = (1..=count).map(|n| format!("x{between}x{{{{{n}}}}}")).collect();
            let wanted = placeholders(&body);
            // Braces of the text may spoil a placeholder, never add one.
            prop_assert!(wanted <= count);
            if !between.contains(['{', '}']) {
                prop_assert_eq!(wanted, count);
            }
        }
    }
}
