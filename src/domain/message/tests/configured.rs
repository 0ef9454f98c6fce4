//! An activity judged before it runs: expressions pass, wrong constants don't.

use super::*;

const EXPRESSION: &str = "Hi {{Event.DEAudience-1.\"First Name\"}}";

#[test]
fn each_in_argument_may_be_an_expression() {
    for form in forms() {
        assert_eq!(form.configured(), Ok(()), "{form:?}");
        for name in form.0.keys().filter(|name| *name != names::CHANNEL) {
            assert_eq!(form.clone().set(name, EXPRESSION).configured(), Ok(()), "{name} of {form:?}");
        }
    }
}

#[test]
fn all_of_them_may() {
    for form in forms() {
        let names: Vec<_> = form.0.keys().filter(|name| *name != names::CHANNEL).cloned().collect();
        let all = names.iter().fold(form, |form, name| form.set(name, EXPRESSION));
        assert_eq!(all.configured(), Ok(()), "{all:?}");
    }
}

#[test]
fn a_wrong_constant_is_refused_among_expressions() {
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
    assert_eq!(file.set("fileName", "a.exe").configured(), Err(Rejection::TextLength));
}
