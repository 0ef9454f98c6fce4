use super::super::whatsapp::{Button, Header, WhatsAppContent};
use super::*;

fn bare() -> Form {
    Form::new("WhatsApp").set("templateName", " order_2 ").set("templateLanguage", " en_GB ")
}

fn read(form: &Form) -> WhatsAppContent {
    match form.content() {
        Content::WhatsApp(content) => content,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_template_needs_its_name_and_language_alone() {
    let expected = WhatsAppContent {
        sender: "ACME".into(),
        template_name: "order_2".into(),
        language: "en_GB".into(),
        placeholders: Vec::new(),
        header: None,
        buttons: Vec::new(),
        fallback: None,
    };
    assert_eq!(read(&bare()), expected);
    for wrong in ["Order", "order-2", "order 2", "größe", " "] {
        bare().set("templateName", wrong).is_refused(Rejection::TemplateName);
    }
    for wrong in ["en GB", "en/GB", "é", " "] {
        bare().set("templateLanguage", wrong).is_refused(Rejection::TemplateLanguage);
    }
    bare().set("templateLanguage", "zh-CN").content();
}

#[test]
fn placeholders_are_as_many_as_the_template_has() {
    let filled = bare().set("placeholder1", " \"{{a}}\" ").set("placeholder2", "مرحبا").set("placeholder3", "");
    filled.is_refused(Rejection::Placeholders);
    assert_eq!(read(&filled.clone().unset("placeholder3")).placeholders, [" \"{{a}}\" ", "مرحبا"]);
    assert_eq!(read(&filled.clone().set("placeholderCount", "1")).placeholders, [" \"{{a}}\" "]);
    assert!(read(&filled.clone().set("placeholderCount", "0")).placeholders.is_empty());
    filled.clone().set("placeholderCount", "3").is_refused(Rejection::Placeholders);
    filled.clone().set("placeholder4", "gap").is_refused(Rejection::Placeholders);
    for wrong in ["-1", "two", "1.5", "99999999999999999999"] {
        filled.clone().set("placeholderCount", wrong).is_refused(Rejection::Placeholders);
    }
}

#[test]
fn a_placeholder_has_no_break_no_tab_and_no_wide_gap() {
    for wrong in ["a\nb", "a\rb", "a\tb", "a     b", "   "] {
        bare().set("placeholderCount", "1").set("placeholder1", wrong).is_refused(Rejection::Placeholders);
        bare().set("headerType", "TEXT").set("headerText", wrong).is_refused(Rejection::Header);
    }
    bare().set("placeholder1", "a    b").content();
}

#[test]
fn a_header_is_of_a_type_with_what_the_type_needs() {
    let url = "https://cdn.example/h";
    let media = |kind: &str| bare().set("headerType", kind).set("headerMediaUrl", url);
    let header = |form: Form| read(&form).header.unwrap();
    assert_eq!(header(media("image")), Header::Image { media_url: url.into() });
    assert_eq!(header(media("VIDEO")), Header::Video { media_url: url.into() });
    assert_eq!(header(media("GIF")), Header::Gif { media_url: url.into() });
    let document = media("DOCUMENT").set("headerFilename", " Bill 1.pdf ");
    assert_eq!(header(document), Header::Document { media_url: url.into(), filename: "Bill 1.pdf".into() });
    let text = bare().set("headerType", "TEXT").set("headerText", " Ana ");
    assert_eq!(header(text), Header::Text { placeholder: " Ana ".into() });

    media("AUDIO").is_refused(Rejection::Header);
    media("").is_refused(Rejection::Header);
    bare().set("headerType", "IMAGE").is_refused(Rejection::ImageUrlLength);
    for kind in ["VIDEO", "GIF", "DOCUMENT"] {
        bare().set("headerType", kind).is_refused(Rejection::MediaUrl);
    }
}

#[test]
fn a_place_lies_on_earth() {
    let place = |latitude: &str, longitude: &str| {
        bare().set("headerType", "LOCATION").set("headerLatitude", latitude).set("headerLongitude", longitude)
    };
    for (latitude, longitude) in [("-90", "-180"), ("90", "180"), ("45.8150", "15.9819"), ("89.9", "-179.9")] {
        let expected = Header::Location { latitude: latitude.parse().unwrap(), longitude: longitude.parse().unwrap() };
        assert_eq!(read(&place(latitude, longitude)).header, Some(expected));
    }
    for (latitude, longitude) in [
        ("90.1", "0"),
        ("-90.1", "0"),
        ("0", "180.1"),
        ("0", "-180.1"),
        ("NaN", "0"),
        ("0", "inf"),
        ("45,8", "0"),
        ("", "0"),
    ] {
        place(latitude, longitude).is_refused(Rejection::Header);
    }
}

#[test]
fn buttons_keep_their_order_and_have_what_their_type_needs() {
    let form = bare()
        .set("buttonType7", "copy_code")
        .set("buttonParameter7", " SPRING ")
        .set("buttonType3", "URL")
        .set("buttonParameter3", " a?b=c ")
        .set("buttonType5", "QUICK_REPLY")
        .set("buttonParameter5", " yes ");
    let expected = [
        Button::Url { parameter: "a?b=c".into() },
        Button::QuickReply { parameter: " yes ".into() },
        Button::CopyCode { parameter: "SPRING".into() },
    ];
    assert_eq!(read(&form).buttons, expected);
    form.clone().unset("buttonType7").is_refused(Rejection::ButtonType);
    form.clone().set("buttonType7", "FLOW").is_refused(Rejection::ButtonType);
    form.clone().unset("buttonParameter7").is_refused(Rejection::ButtonTextLength);
    form.clone().set("buttonParameter5", " ").is_refused(Rejection::ButtonTextLength);
    form.set("buttonParameter3", "a b").is_refused(Rejection::ButtonUrlLength);
}

#[test]
fn without_a_count_a_placeholder_that_came_empty_is_missed() {
    let some = bare().set("placeholder1", "Ana");
    some.content();
    some.clone().set("placeholder2", "").is_refused(Rejection::Placeholders);
    some.clone().set("placeholder2", "").set("placeholderCount", "1").content();
    // Beyond what the contract has.
    some.set("placeholder51", "").set("placeholder02", "").content();
}
