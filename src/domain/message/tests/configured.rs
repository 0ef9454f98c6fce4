//! An activity judged before it runs: expressions pass, wrong constants don't.

use super::*;

const EXPRESSION: &str = "Hi {{Event.DEAudience-1.\"First Name\"}}";

#[test]
fn each_in_argument_may_be_an_expression() {
    for form in forms() {
        assert_eq!(form.configured(), Ok(()), "{form:?}");
        for name in form.0.keys() {
            assert_eq!(form.clone().set(name, EXPRESSION).configured(), Ok(()), "{name} of {form:?}");
        }
    }
}

#[test]
fn all_of_them_may() {
    for form in forms() {
        let names: Vec<_> = form.0.keys().cloned().collect();
        let all = names.iter().fold(form, |form, name| form.set(name, EXPRESSION));
        assert_eq!(all.configured(), Ok(()), "{all:?}");
    }
}

#[test]
fn a_wrong_constant_is_refused_among_expressions() {
    // Its channel says which in-arguments are wrong.
    let wrong = |form: Form, kept: &[&str], name: &str, value: &str, rejection: Rejection| {
        let names: Vec<_> = form.0.keys().cloned().collect();
        let others = names.iter().filter(|name| *name != names::CHANNEL && !kept.contains(&name.as_str()));
        let form = others.fold(form, |form, name| form.set(name, EXPRESSION)).set(name, value);
        assert_eq!(form.configured(), Err(rejection), "{form:?}");
    };
    wrong(lms(), &[], "resellerCode", "0", Rejection::ResellerCode);
    wrong(lms(), &[], "title", "", Rejection::TitleLength);
    wrong(mms(), &[], "segmentType1", "AUDIO", Rejection::Segments);
    wrong(mms(), &[], "segmentUrl2", "a.jpg", Rejection::MediaUrl);
    wrong(mms(), &[], "segmentMediaType2", "jpg", Rejection::Segments);
    wrong(whatsapp(), &[], "templateName", "Order", Rejection::TemplateName);
    wrong(whatsapp(), &[], "templateLanguage", "?", Rejection::TemplateLanguage);
    wrong(whatsapp(), &[], "placeholderCount", "3", Rejection::Placeholders);
    wrong(whatsapp(), &[], "headerType", "AUDIO", Rejection::Header);
    wrong(whatsapp(), &[], "headerMediaUrl", "h.jpg", Rejection::ImageUrlLength);
    wrong(whatsapp(), &[], "buttonType1", "FLOW", Rejection::ButtonType);
    wrong(whatsapp(), &["buttonType3"], "buttonParameter3", "A code that is too long", Rejection::ButtonTextLength);
    wrong(whatsapp(), &[], "fallbackSender", "SenderOfSeventeen", Rejection::FallbackSender);
    wrong(viber("TEXT"), &[], "sender", "A", Rejection::From);
    wrong(viber("TEXT"), &[], "promotional", "so-so", Rejection::PromotionalFlag);
    wrong(viber("TEXT"), &["contentType"], "contentType", "LIST", Rejection::ContentType);
    wrong(viber("IMAGE"), &["contentType"], "imageUrl", "s.jpg", Rejection::ImageUrlLength);
    wrong(viber("IMAGE"), &["contentType"], "buttonUrl", "shop", Rejection::ButtonUrlLength);
    wrong(viber("VIDEO"), &["contentType"], "videoSeconds", "0", Rejection::Video);
    wrong(viber("FILE"), &["contentType"], "fileName", "a.exe", Rejection::File);
    wrong(omni(), &[], "scenarioKey", "a-b", Rejection::ScenarioKey);
    wrong(omni(), &[], "buttonUrl", "mailto:a@b.example", Rejection::ButtonUrlLength);
}

#[test]
fn of_the_kinds_that_an_expression_can_name_one_has_to_work() {
    let file = viber("FILE").set("contentType", EXPRESSION);
    assert_eq!(file.configured(), Ok(()));
    assert_eq!(file.set("fileName", "a.exe").configured(), Err(Rejection::File));
    // Each kind's fields are empty where another one is named.
    let every = |form: Form| form.set("imageUrl", EXPRESSION).set("videoUrl", EXPRESSION).set("fileUrl", EXPRESSION);
    assert_eq!(every(viber("TEXT")).configured(), Ok(()));
    assert_eq!(every(viber("TEXT")).set("contentType", EXPRESSION).configured(), Ok(()));
    let both = viber("IMAGE").set("contentType", EXPRESSION).set("videoUrl", "https://cdn.example/s.mp4");
    assert_eq!(both.configured(), Err(Rejection::ContentType));
}

#[test]
fn of_the_channels_that_an_expression_can_name_one_has_to_work() {
    for form in forms() {
        assert_eq!(form.set("channel", EXPRESSION).configured(), Ok(()));
    }
    let none = sms().set("channel", EXPRESSION).set("text", "x".repeat(4_001));
    assert_eq!(none.configured(), Err(Rejection::TextLength));
    assert_eq!(sms().set("channel", EXPRESSION).set("phone1", "").configured(), Err(Rejection::MissingPhone));
}

#[test]
fn of_the_accounts_that_an_expression_can_name_one_has_to_work() {
    let judge = |form: &Form, ways: &[KakaoWay]| {
        let accounts: Vec<_> = ways.iter().map(|way| Account { kakao_way: *way, ..account() }).collect();
        let pairs = form.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        check_configured(pairs, Mid::new(1), &accounts, None)
    };
    let direct = Form::new("KakaoChinguTalk").set("text", "Hi").set("account", EXPRESSION);
    let omni = direct.clone().unset("sender").set("scenarioKey", "A1");
    let (one, other) = (KakaoWay::Direct, KakaoWay::Omni);
    for ways in [&[one, other][..], &[other, one]] {
        let accounts: Vec<_> = ways
            .iter()
            .zip(["a", "b"])
            .map(|(way, id)| Account { id: AccountId::new(id).unwrap(), kakao_way: *way, ..account() })
            .collect();
        for form in [&direct, &omni, &sms().set("account", EXPRESSION)] {
            let pairs = form.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            assert_eq!(check_configured(pairs, Mid::new(1), &accounts, None), Ok(()), "{form:?}");
        }
    }
    assert_eq!(judge(&direct, &[other]), Err(Rejection::ScenarioKey));
    assert_eq!(judge(&omni, &[one]), Err(Rejection::From));
    assert_eq!(judge(&sms().set("account", EXPRESSION), &[]), Err(Rejection::Account));
}

#[test]
fn a_buttons_type_may_be_any_with_which_its_other_fields_do() {
    let kakao =
        |channel: &str| Form::new(channel).set("text", "Hi").set("templateName", "a").set("buttonType1", EXPRESSION);
    let named = |channel: &str| kakao(channel).set("buttonName1", "Open");
    let schemes = |form: Form| form.set("buttonAndroidScheme1", "a://x").set("buttonIosScheme1", "i://x");
    for form in [
        schemes(named("KakaoChinguTalk")),
        schemes(named("Kakao Alim")),
        named("Kakao Alim").set("buttonChatExtra1", "x"),
        named("Kakao Alim"),
        named("Kakao Alim").set("buttonUrlMobile1", EXPRESSION),
        whatsapp()
            .set("buttonType1", EXPRESSION)
            .set("buttonParameter1", "x".repeat(129))
            .unset("buttonType2")
            .unset("buttonParameter2"),
        whatsapp().set("buttonType1", EXPRESSION).set("buttonParameter1", "x".repeat(128)),
    ] {
        assert_eq!(form.configured(), Ok(()), "{form:?}");
    }
    assert_eq!(kakao("Kakao Alim").configured(), Err(Rejection::ButtonTextLength));
    let long = whatsapp().set("buttonType1", EXPRESSION).set("buttonParameter1", "x".repeat(2_049));
    assert_eq!(long.configured(), Err(Rejection::ButtonTextLength));
    assert!(named("KakaoChinguTalk").configured().is_err());
}
