use proptest::prelude::*;

use super::super::given::{Given, ODD_TEXT, address, arguments, given, letters, text};
use super::super::{Content, Rejection, check_configured};
use super::*;
use crate::domain::channel::Channel;
use crate::domain::ids::Mid;
use crate::domain::tenant::{Account, KakaoWay};
use crate::store::samples;

const URL: &str = "https://m.example/1";

fn direct() -> Given {
    given(Channel::KakaoChingu, &[("sender", "profile"), ("text", "Sale")])
}

fn over_omni() -> Given {
    given(Channel::KakaoChinguOmni, &[("scenarioKey", "CC9F01A5DC7BEE2C"), ("text", "Sale")])
}

fn button(start: &Given, kind: &str, fields: &[(&str, &str)]) -> Given {
    start.with_all(&[("buttonType1", kind), ("buttonName1", "Open")]).with_all(fields)
}

#[track_caller]
fn content(given: &Given) -> ChinguContent {
    match given.is_valid() {
        Content::KakaoChingu(content) => content,
        other => panic!("{other:?}"),
    }
}

#[test]
fn limits_by_both_ways() {
    direct().limits("sender", letters, 64, Rejection::From);
    direct().needs("sender", Rejection::From);
    over_omni().limits("scenarioKey", letters, 64, Rejection::ScenarioKey);
    over_omni().needs("scenarioKey", Rejection::ScenarioKey);
    for (start, name_max) in [(direct(), 14), (over_omni(), 28)] {
        start.limits("text", text, 1_300, Rejection::TextLength);
        start.needs("text", Rejection::TextLength);
        start.limits("imageUrl", address, 250, Rejection::ImageUrlLength);
        start.with("imageUrl", URL).limits("imageLink", address, 250, Rejection::ImageUrlLength);

        let web = button(&start, "WEB_LINK", &[("buttonUrlMobile1", URL)]);
        web.limits("buttonName1", text, name_max, Rejection::ButtonTextLength);
        web.needs("buttonName1", Rejection::ButtonTextLength);
        web.needs("buttonType1", Rejection::ButtonType);
        web.limits("buttonUrlMobile1", address, 500, Rejection::ButtonUrlLength);
        web.needs("buttonUrlMobile1", Rejection::ButtonUrlLength);
        web.limits("buttonUrlPc1", address, 500, Rejection::ButtonUrlLength);
        let schemes = [("buttonAndroidScheme1", "a://x"), ("buttonIosScheme1", "i://x")];
        let app = button(&start, "APP_LINK", &schemes);
        app.limits("buttonAndroidScheme1", text, 500, Rejection::SchemesLength);
        app.limits("buttonIosScheme1", text, 500, Rejection::SchemesLength);
        app.limits("buttonUrlMobile1", address, 500, Rejection::SchemesLength);
        app.limits("buttonUrlPc1", address, 500, Rejection::SchemesLength);
    }
    over_omni().limits("fallbackText", |parts| "x".repeat(153 * parts), 25, Rejection::FallbackText);
}

#[test]
fn five_buttons_keep_the_order_of_their_numbers() {
    for start in [direct(), over_omni()] {
        let some = |count: usize| {
            (1..=count).fold(start.clone(), |given, number| {
                let name = |field: &str| format!("{field}{}", number * 4);
                let given = given.with(&name("buttonType"), "web_link").with(&name("buttonUrlMobile"), URL);
                given.with(&name("buttonName"), &number.to_string())
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
fn an_app_link_needs_a_link_or_over_omni_both_schemes() {
    let links = [("buttonAndroidScheme1", "a://x"), ("buttonIosScheme1", "i://x"), ("buttonUrlMobile1", URL)];
    for given in 0..8_usize {
        let chosen: Vec<_> = (0..3).filter(|bit| given >> bit & 1 == 1).map(|bit| links[bit]).collect();
        for (start, enough) in [(direct(), given != 0), (over_omni(), given & 3 == 3)] {
            let app = button(&start, "APP_LINK", &chosen).with("buttonUrlPc1", URL);
            if enough {
                app.is_valid();
            } else {
                app.is_refused(Rejection::SchemesLength);
            }
        }
    }
}

#[test]
fn a_scheme_is_unbroken() {
    for start in [direct(), over_omni()] {
        let app = button(&start, "APP_LINK", &[("buttonAndroidScheme1", "a://x"), ("buttonIosScheme1", " i://x ")]);
        app.is_valid();
        for broken in ["a://x y", "a://x\ny", "a://\u{7}"] {
            app.with("buttonAndroidScheme1", broken).is_refused(Rejection::SchemesLength);
            app.with("buttonIosScheme1", broken).is_refused(Rejection::SchemesLength);
        }
    }
}

#[test]
fn buttons_are_of_the_manuals_two_types() {
    for kind in ["URL", "BOT_KEYWORD", "ADD_CHANNEL", "MESSAGE_DELIVERY", "1"] {
        button(&direct(), kind, &[]).is_refused(Rejection::ButtonType);
        button(&over_omni(), kind, &[]).is_refused(Rejection::ButtonType);
    }
    for field in ["Name", "UrlMobile", "UrlPc", "AndroidScheme", "IosScheme"] {
        direct().with(&format!("button{field}3"), "x").is_refused(Rejection::ButtonType);
    }
}

#[test]
fn a_link_needs_an_image() {
    assert_eq!(content(&direct().with("imageUrl", " ")).image, None);
    let image = |link: Option<&str>| Some(ChinguImage { url: URL.into(), link: link.map(str::to_owned) });
    assert_eq!(content(&direct().with("imageUrl", URL)).image, image(None));
    assert_eq!(content(&direct().with_all(&[("imageUrl", URL), ("imageLink", URL)])).image, image(Some(URL)));
    direct().with("imageLink", URL).is_refused(Rejection::ImageUrlLength);
    direct().with_all(&[("imageUrl", URL), ("imageLink", "x")]).is_refused(Rejection::ImageUrlLength);
}

#[test]
fn omni_asks_whether_it_is_promotional() {
    let flags = [("", Some(true)), ("TRUE", Some(true)), ("1", Some(true)), ("no", Some(false)), ("0", Some(false))];
    for (flag, expected) in flags {
        assert_eq!(content(&over_omni().with("promotional", flag)).is_promotional, expected);
        assert_eq!(content(&direct().with("promotional", flag)).is_promotional, None);
    }
    for junk in ["maybe", "2", "yes please"] {
        over_omni().with("promotional", junk).is_refused(Rejection::PromotionalFlag);
        direct().with("promotional", junk).is_valid();
    }
}

#[test]
fn checks_have_their_order() {
    let fixes: &[(&str, &str, Rejection)] = &[
        ("text", "Hi", Rejection::TextLength),
        ("imageUrl", URL, Rejection::ImageUrlLength),
        ("buttonType1", "WEB_LINK", Rejection::ButtonType),
        ("buttonName1", "Open", Rejection::ButtonTextLength),
        ("buttonUrlMobile1", URL, Rejection::ButtonUrlLength),
    ];
    let direct = ("sender", "profile", Rejection::From);
    let omni = ("scenarioKey", "1", Rejection::ScenarioKey);
    let sender = ("fallbackSender", "Waypost", Rejection::FallbackSender);
    let flag = ("promotional", "no", Rejection::PromotionalFlag);
    for (channel, first, last) in [(Channel::KakaoChingu, direct, sender), (Channel::KakaoChinguOmni, omni, flag)] {
        let mut now = given(
            channel,
            &[("imageUrl", "x"), ("buttonUrlMobile1", "x"), ("promotional", "x"), ("fallbackText", "Hi")],
        );
        for (name, value, rejection) in std::iter::once(&first).chain(fixes).chain([&last]) {
            now.is_refused(*rejection);
            now = now.with(name, value);
        }
        let fallback = content(&now).fallback.unwrap();
        let expected = if channel == Channel::KakaoChingu { "Waypost" } else { "" };
        assert_eq!((fallback.sender.as_str(), fallback.text.as_str()), (expected, "Hi"));
    }
}

#[test]
fn texts_stay_as_they_came() {
    assert_eq!(content(&direct().with("text", ODD_TEXT)).text, ODD_TEXT);
    let named = button(&direct(), "WEB_LINK", &[("buttonUrlMobile1", URL), ("buttonName1", " <Go>😀 ")]);
    assert_eq!(content(&named).buttons[0].name, " <Go>😀 ");
}

#[test]
fn an_activity_of_expressions_can_be_published() {
    let accounts = |way| {
        samples::tenant(Mid::new(1)).accounts.into_iter().map(move |account| Account { kakao_way: way, ..account })
    };
    for (kind, way) in ["WEB_LINK", "APP_LINK", "{{Event.Type}}"]
        .into_iter()
        .flat_map(|kind| [(kind, KakaoWay::Direct), (kind, KakaoWay::Omni)])
    {
        let expressions = [
            "sender",
            "scenarioKey",
            "text",
            "imageUrl",
            "imageLink",
            "promotional",
            "phone1",
            "buttonName1",
            "buttonUrlMobile1",
            "buttonUrlPc1",
            "buttonAndroidScheme1",
            "buttonIosScheme1",
        ];
        let pairs = expressions.map(|name| (name, "{{Event.Field}}")).into_iter();
        let pairs = pairs.chain([("channel", "KakaoChinguTalk"), ("buttonType1", kind)]);
        let accounts: Vec<_> = accounts(way).collect();
        assert_eq!(check_configured(pairs, Mid::new(1), &accounts, None), Ok(()), "{kind}");
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
