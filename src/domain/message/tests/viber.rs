use super::super::viber::{Label, OmniButton, ViberBody, ViberButton, ViberContent, ViberOmniContent};
use super::*;

fn read(form: &Form) -> ViberContent {
    match form.content() {
        Content::Viber(content) => content,
        other => panic!("{other:?}"),
    }
}

fn read_omni(form: &Form) -> ViberOmniContent {
    match form.content() {
        Content::ViberOmni(content) => content,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_alone_is_promotional() {
    let text = " \"<i>{{x}}</i>\" שלום 😀\n";
    let expected = ViberContent {
        sender: "ACME".into(),
        body: ViberBody::Text { text: text.into(), button: None },
        label: Label::Promotional,
        fallback: None,
    };
    assert_eq!(read(&Form::new("Viber").set("text", text).set("buttonText", " ")), expected);
    assert_eq!(read(&viber("TEXT")).label, Label::Transactional);
    Form::new("Viber").is_refused(Rejection::TextLength);
    viber("CAROUSEL").is_refused(Rejection::ContentType);
}

#[test]
fn an_image_may_stand_alone_but_its_button_may_not() {
    let image = Form::new("Viber").set("contentType", "image").set("imageUrl", "https://cdn.example/s?w=300");
    let body = ViberBody::Image { media_url: "https://cdn.example/s?w=300".into(), text: None, button: None };
    assert_eq!(read(&image).body, body);
    let with_button = image.set("buttonText", " Open ").set("buttonUrl", " https://shop.example ");
    with_button.is_refused(Rejection::TextLength);
    let button = ViberButton { title: " Open ".into(), action: Some("https://shop.example".into()) };
    let body = ViberBody::Image {
        media_url: "https://cdn.example/s?w=300".into(),
        text: Some("Sale".into()),
        button: Some(button),
    };
    assert_eq!(read(&with_button.set("text", "Sale")).body, body);
}

#[test]
fn a_button_has_text_and_address() {
    for kind in ["TEXT", "IMAGE"] {
        viber(kind).unset("buttonText").is_refused(Rejection::ButtonTextLength);
        viber(kind).unset("buttonUrl").is_refused(Rejection::ButtonUrlLength);
        viber(kind).set("buttonUrl", "tel:1").is_refused(Rejection::ButtonUrlLength);
    }
}

#[test]
fn a_videos_button_may_do_without_an_address() {
    let button = |form: &Form| match read(form).body {
        ViberBody::Video { button, duration_secs: 5, .. } => button,
        other => panic!("{other:?}"),
    };
    let title = || "Open".to_owned();
    let address = Some("https://shop.example".to_owned());
    assert_eq!(button(&viber("VIDEO")), Some(ViberButton { title: title(), action: address }));
    assert_eq!(button(&viber("VIDEO").unset("buttonUrl")), Some(ViberButton { title: title(), action: None }));
    assert_eq!(button(&viber("VIDEO").unset("buttonUrl").unset("buttonText").unset("text")), None);
    viber("VIDEO").unset("buttonText").is_refused(Rejection::ButtonTextLength);
    viber("VIDEO").set("buttonUrl", "shop").is_refused(Rejection::ButtonUrlLength);
    viber("VIDEO").unset("videoUrl").is_refused(Rejection::MediaUrl);
    viber("VIDEO").unset("thumbnailUrl").is_refused(Rejection::Video);
    for wrong in ["", "0", "-1", "1.5", "PT5S", "4294967296"] {
        viber("VIDEO").set("videoSeconds", wrong).is_refused(Rejection::Video);
    }
    viber("VIDEO").set("videoSeconds", "4294967295").content();
}

#[test]
fn a_file_ends_as_the_platforms_pattern_wants() {
    let endings = "doc docx dot dotx rtf odt odf fodt txt info pdf xps pdax eps xls xlsx xlsm xltx ods fods csv";
    for ending in endings.split(' ') {
        let body = ViberBody::File {
            media_url: "https://cdn.example/s.pdf".into(),
            file_name: format!("Prices 1.2.{ending}"),
        };
        assert_eq!(read(&viber("FILE").set("fileName", format!(" Prices 1.2.{ending} "))).body, body);
    }
    for wrong in ["", "pdf", ".pdf", "a.PDF", "a.exe", "a.pdf.", "a\n.pdf", "a.pdf.zip"] {
        viber("FILE").set("fileName", wrong).is_refused(Rejection::File);
    }
    viber("FILE").unset("fileUrl").is_refused(Rejection::MediaUrl);
}

#[test]
fn omni_takes_what_the_scenario_sends() {
    let expected = ViberOmniContent {
        scenario_key: "CC9F01A5DC7BEE2C2B829D203482A654".into(),
        text: Some("Sale".into()),
        image_url: Some("https://cdn.example/s.jpg".into()),
        button: Some(OmniButton { text: "Call".into(), url: "tel:+385-1-234".into() }),
        label: Label::Promotional,
        sms_text: Some("Sale by SMS".into()),
    };
    assert_eq!(read_omni(&omni()), expected);
    let no_button = || omni().unset("buttonText").unset("buttonUrl");
    assert_eq!(read_omni(&no_button().unset("imageUrl").unset("fallbackText")).image_url, None);
    assert_eq!(read_omni(&no_button().set("text", " ")).text, None);
    no_button().unset("text").unset("imageUrl").is_refused(Rejection::TextLength);
    omni().unset("text").is_refused(Rejection::TextLength);
    assert_eq!(read_omni(&omni().set("promotional", "No")).label, Label::Transactional);
}

#[test]
fn a_scenario_key_is_letters_and_digits_and_omni_buttons_may_dial() {
    for wrong in ["a-b", "a b", "ключ", "a/b"] {
        omni().set("scenarioKey", wrong).is_refused(Rejection::ScenarioKey);
    }
    for right in ["tel:123", "TEL:+1(23)4.5-6", "https://shop.example"] {
        omni().set("buttonUrl", right).content();
    }
    for wrong in ["tel:", "tel:+", "tel:call", "tel:1 2", "mailto:a@b.example", "shop.example"] {
        omni().set("buttonUrl", wrong).is_refused(Rejection::ButtonUrlLength);
    }
}

#[test]
fn what_only_another_kind_shows_is_not_dropped_in_silence() {
    for (kind, foreign) in [
        ("TEXT", &["imageUrl", "videoUrl", "videoSeconds", "thumbnailUrl", "fileUrl", "fileName"][..]),
        ("IMAGE", &["videoUrl", "thumbnailUrl", "fileUrl", "fileName"]),
        ("VIDEO", &["imageUrl", "fileUrl", "fileName"]),
        ("FILE", &["text", "buttonText", "buttonUrl", "imageUrl", "videoUrl"]),
    ] {
        for name in foreign {
            viber(kind).set(name, "x").is_refused(Rejection::ContentType);
            viber(kind).set(name, " ").content();
        }
        // What Viber has no kind for is not looked at.
        viber(kind).set("card1Title", "x").set("imageLink", "x").content();
    }
    viber("TEXT").unset("contentType").set("imageUrl", "https://cdn.example/s.jpg").is_refused(Rejection::ContentType);
}
