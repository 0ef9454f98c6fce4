use proptest::prelude::*;

use super::super::given::{Given, ODD_TEXT, address, arguments, given, letters, text};
use super::super::{Content, InArguments, Rejection, check_configured};
use super::*;
use crate::domain::channel::Channel;
use crate::domain::ids::{ActivityId, Mid};
use crate::domain::tenant::{Account, KakaoWay};
use crate::store::samples;

const TEMPLATE: [(&str, &str); 2] = [("templateName", "order01"), ("text", "On its way")];
const URL: &str = "https://m.example/1";

fn direct() -> Given {
    given(Channel::KakaoAlim, &[("sender", "profile")]).with_all(&TEMPLATE)
}

fn over_omni() -> Given {
    given(Channel::KakaoAlimOmni, &[("scenarioKey", "CC9F01A5DC7BEE2C")]).with_all(&TEMPLATE)
}

fn button(start: &Given, kind: &str, fields: &[(&str, &str)]) -> Given {
    start.with_all(&[("buttonType1", kind), ("buttonName1", "Track")]).with_all(fields)
}

#[track_caller]
fn content(given: &Given) -> AlimContent {
    match given.is_valid() {
        Content::KakaoAlim(content) => content,
        other => panic!("{other:?}"),
    }
}

fn action(given: &Given) -> AlimAction {
    content(given).buttons[0].action.clone()
}

#[test]
fn limits_by_both_ways() {
    direct().limits("sender", letters, 64, Rejection::From);
    direct().needs("sender", Rejection::From);
    over_omni().limits("scenarioKey", letters, 64, Rejection::ScenarioKey);
    over_omni().needs("scenarioKey", Rejection::ScenarioKey);
    for key in ["a-b", "ключ", "a b", "{{x}}"] {
        over_omni().with("scenarioKey", key).is_refused(Rejection::ScenarioKey);
    }
    for start in [direct(), over_omni()] {
        start.limits("templateName", letters, 30, Rejection::TemplateName);
        start.needs("templateName", Rejection::TemplateName);
        start.limits("text", text, 1_000, Rejection::TextLength);
        start.needs("text", Rejection::TextLength);
        start.limits("title", text, 50, Rejection::TitleLength);
        start.limits("imageUrl", address, 2_048, Rejection::ImageUrlLength);
        start.with("imageUrl", "cdn.example/1.jpg").is_refused(Rejection::ImageUrlLength);

        let reply = button(&start, "BOT_KEYWORD", &[]);
        reply.limits("buttonName1", text, 28, Rejection::ButtonTextLength);
        reply.needs("buttonName1", Rejection::ButtonTextLength);
        reply.needs("buttonType1", Rejection::ButtonType);
        let web = button(&start, "WEB_LINK", &[("buttonUrlMobile1", URL)]);
        web.limits("buttonUrlMobile1", address, 500, Rejection::ButtonUrlLength);
        web.needs("buttonUrlMobile1", Rejection::ButtonUrlLength);
        web.limits("buttonUrlPc1", address, 500, Rejection::ButtonUrlLength);
        web.with("buttonTarget1", "in").is_refused(Rejection::ButtonOptions);
        let schemes = [("buttonAndroidScheme1", "a://x"), ("buttonIosScheme1", "i://x")];
        let app = button(&start, "APP_LINK", &schemes);
        app.limits("buttonAndroidScheme1", text, 500, Rejection::SchemesLength);
        app.limits("buttonIosScheme1", text, 500, Rejection::SchemesLength);
        app.limits("buttonUrlMobile1", address, 500, Rejection::SchemesLength);
        app.limits("buttonUrlPc1", address, 500, Rejection::SchemesLength);
        let chat = button(&start, "CHATBOT_SWITCH", &[]);
        chat.limits("buttonChatExtra1", text, 50, Rejection::ButtonOptions);
        chat.limits("buttonChatEvent1", text, 50, Rejection::ButtonOptions);
    }
}

#[test]
fn five_buttons_keep_the_order_of_their_numbers() {
    for start in [direct(), over_omni()] {
        let some = |count: usize| {
            (1..=count).fold(start.clone(), |given, number| {
                let name = |field: &str| format!("{field}{}", number * 4);
                given.with(&name("buttonType"), "ADD_CHANNEL").with(&name("buttonName"), &number.to_string())
            })
        };
        for count in [0, 1, 4, 5] {
            let names: Vec<_> = content(&some(count)).buttons.into_iter().map(|button| button.name).collect();
            assert_eq!(names, (1..=count).map(|number| number.to_string()).collect::<Vec<_>>());
        }
        some(6).is_refused(Rejection::ButtonsLength);
    }
}

#[test]
fn an_app_link_needs_two_links_or_over_omni_one() {
    let links = [("buttonAndroidScheme1", "a://x"), ("buttonIosScheme1", "i://x"), ("buttonUrlMobile1", URL)];
    for given in 0..8_usize {
        let chosen: Vec<_> = (0..3).filter(|bit| given >> bit & 1 == 1).map(|bit| links[bit]).collect();
        for (start, min) in [(direct(), 2), (over_omni(), 1)] {
            let app = button(&start, "APP_LINK", &chosen).with("buttonUrlPc1", URL);
            if chosen.len() < min {
                app.is_refused(Rejection::SchemesLength);
            } else {
                app.is_valid();
            }
        }
    }
}

#[test]
fn buttons_are_of_the_manuals_seven_types() {
    let web = [("buttonUrlMobile1", " https://m.example/1 "), ("buttonUrlPc1", URL)];
    let links = Links { url_mobile: Some(URL.into()), url_pc: Some(URL.into()), ..Links::default() };
    let inside = button(&direct(), "web_link", &web);
    assert_eq!(action(&inside), AlimAction::WebLink { links: links.clone(), opens_outside: false });
    let outside = inside.with("buttonTarget1", "out");
    assert_eq!(action(&outside), AlimAction::WebLink { links, opens_outside: true });

    let chat = button(&direct(), "CHATBOT_SWITCH", &[("buttonChatExtra1", " e "), ("buttonChatEvent1", "")]);
    assert_eq!(action(&chat), AlimAction::ChatbotSwitch { extra: Some(" e ".into()), event: None });
    let plain = [
        ("DELIVERY_TRACKING", AlimAction::DeliveryTracking),
        ("BOT_KEYWORD", AlimAction::BotKeyword),
        ("MESSAGE_DELIVERY", AlimAction::MessageDelivery),
        ("ADD_CHANNEL", AlimAction::AddChannel),
    ];
    for (kind, expected) in plain {
        assert_eq!(action(&button(&direct(), kind, &[])), expected);
    }
    for kind in ["URL", "QUICK_REPLY", "1"] {
        button(&direct(), kind, &[]).is_refused(Rejection::ButtonType);
    }
    for field in ["Name", "UrlMobile", "UrlPc", "AndroidScheme", "IosScheme", "Target", "ChatExtra", "ChatEvent"] {
        direct().with(&format!("button{field}3"), "x").is_refused(Rejection::ButtonType);
    }
}

#[test]
fn checks_have_their_order() {
    let fixes: &[(&str, &str, Rejection)] = &[
        ("templateName", "order01", Rejection::TemplateName),
        ("text", "Hi", Rejection::TextLength),
        ("imageUrl", URL, Rejection::ImageUrlLength),
        ("buttonName6", "", Rejection::ButtonsLength),
        ("buttonType1", "WEB_LINK", Rejection::ButtonType),
        ("buttonName1", "Track", Rejection::ButtonTextLength),
        ("buttonUrlMobile1", URL, Rejection::ButtonUrlLength),
        ("title", "", Rejection::TitleLength),
    ];
    let long = letters(51);
    let mut wrong = vec![("imageUrl", "x"), ("buttonType1", "x"), ("buttonUrlMobile1", "x"), ("title", &long)];
    wrong.extend(["buttonName2", "buttonName3", "buttonName4", "buttonName5", "buttonName6"].map(|name| (name, "x")));
    for (channel, way) in [
        (Channel::KakaoAlim, ("sender", "profile", Rejection::From)),
        (Channel::KakaoAlimOmni, ("scenarioKey", "1", Rejection::ScenarioKey)),
    ] {
        let mut now = given(channel, &wrong);
        for (name, value, rejection) in std::iter::once(&way).chain(fixes) {
            now.is_refused(*rejection);
            now = now.with(name, value);
            if *rejection == Rejection::ButtonsLength {
                now = ["buttonName2", "buttonName3", "buttonName4", "buttonName5"]
                    .into_iter()
                    .fold(now, |given, name| given.with(name, ""));
            }
        }
        now.is_valid();
    }
}

#[test]
fn texts_stay_as_they_came() {
    let read = content(&direct().with_all(&[("text", ODD_TEXT), ("title", " T "), ("templateName", " order01 ")]));
    assert_eq!((read.text.as_str(), read.title.as_deref()), (ODD_TEXT, Some(" T ")));
    assert_eq!(read.template_code, "order01");
    assert_eq!(content(&direct().with("title", "  ")).title, None);
}

#[test]
fn a_scenario_has_the_fallbacks_sender() {
    let sms = [("fallbackText", " Hi ")];
    direct().with_all(&sms).is_refused(Rejection::FallbackSender);
    let fallback = |sender: &str| Some(SmsFallback { sender: sender.into(), text: " Hi ".into() });
    assert_eq!(content(&direct().with_all(&sms).with("fallbackSender", "Waypost")).fallback, fallback("Waypost"));
    assert_eq!(content(&over_omni().with_all(&sms)).fallback, fallback(""));
    assert_eq!(content(&over_omni()).fallback, None);
    over_omni().limits("fallbackText", |parts| "x".repeat(153 * parts), 25, Rejection::FallbackText);
}

fn accounts(way: KakaoWay) -> Vec<Account> {
    samples::tenant(Mid::new(1)).accounts.into_iter().map(|account| Account { kakao_way: way, ..account }).collect()
}

fn status(way: KakaoWay, pairs: &[(&str, &str)]) -> &'static str {
    let arguments: InArguments = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let draft = Draft {
        arguments: &arguments,
        mid: Mid::new(1),
        activity_id: &ActivityId::placeholder(),
        journey_id: None,
        key_value: "contact",
        accounts: &accounts(way),
        default_country: None,
    };
    draft.validate().map_or_else(Rejection::message_status, |_| Rejection::success())
}

/// The manual's table, where it names Kakao. Each activity has also what is checked next wrong.
#[test]
fn kakao_gives_every_message_status_of_the_manual() {
    let long = letters(501);
    for channel in ["Kakao Alim", "KakaoChinguTalk"] {
        for (way, sender) in [(KakaoWay::Direct, ("sender", "profile")), (KakaoWay::Omni, ("scenarioKey", "1"))] {
            let mut now = vec![("channel", channel), ("templateName", "order01"), ("text", "Hi")];
            let mut give = |pairs: &[(&'static str, &'static str)]| {
                now.retain(|(name, _)| pairs.iter().all(|(changed, _)| name != changed));
                now.extend(pairs);
                status(way, &now)
            };
            let app: [(&str, &str); 3] = [("buttonType1", "APP_LINK"), ("buttonAndroidScheme1", ""), ("imageUrl", "x")];
            assert_eq!(give(&app), "Error: Missing phone number in request");
            if way == KakaoWay::Direct {
                assert_eq!(give(&[("phone1", "+821012345678")]), "Error: Invalid from field");
            } else {
                assert_eq!(give(&[("phone1", "+821012345678")]), "Error: Invalid scenario key");
            }
            assert_eq!(give(&[sender]), "Error: Invalid image url length");
            let more = [
                ("imageUrl", URL),
                ("buttonName2", "x"),
                ("buttonName3", "x"),
                ("buttonName4", "x"),
                ("buttonName5", "x"),
                ("buttonName6", "x"),
            ];
            assert_eq!(give(&more), "Error: Invalid buttons field length");
            let fewer = [
                ("buttonName2", ""),
                ("buttonName3", ""),
                ("buttonName4", ""),
                ("buttonName5", ""),
                ("buttonName6", ""),
            ];
            assert_eq!(give(&fewer), "Error: Invalid button text length");
            assert_eq!(give(&[("buttonName1", "Open")]), "Error: Invalid androidScheme and iosScheme length");
            let schemes = [("buttonAndroidScheme1", "a://x"), ("buttonIosScheme1", "i://x")];
            assert_eq!(give(&schemes), "Success");
            now.push(("buttonIosScheme1", &long));
            assert_eq!(status(way, &now), "Error: Invalid androidScheme and iosScheme length");
        }
    }
}

#[test]
fn an_activity_of_expressions_can_be_published() {
    let fields = ["Name", "UrlMobile", "UrlPc", "AndroidScheme", "IosScheme", "Target", "ChatExtra", "ChatEvent"]
        .map(|field| format!("button{field}1"));
    let kinds = BUTTON_TYPES.iter().map(|(kind, _)| *kind).chain(["{{Event.Type}}"]);
    for (kind, way) in kinds.flat_map(|kind| [(kind, KakaoWay::Direct), (kind, KakaoWay::Omni)]) {
        let singles = ["sender", "scenarioKey", "templateName", "text", "title", "imageUrl", "fallbackText"];
        let expressions =
            singles.into_iter().chain(fields.iter().map(String::as_str)).chain(["phone1", "fallbackSender"]);
        let pairs = expressions.map(|name| (name, "{{Event.Field}}"));
        let pairs = pairs.chain([("channel", "Kakao Alim"), ("buttonType1", kind)]);
        assert_eq!(check_configured(pairs, Mid::new(1), &accounts(way), None), Ok(()), "{kind}");
    }
}

proptest! {
    #[test]
    fn arbitrary_in_arguments_never_panic_and_texts_stay(arguments in arguments(), omni in any::<bool>()) {
        let start = if omni { over_omni() } else { direct() };
        let given = arguments.iter().fold(start, |given, (name, value)| given.with(name, value));
        if let Ok(content) = given.validate() {
            prop_assert!(given.gave(&content), "{content:?}");
        }
    }
}
