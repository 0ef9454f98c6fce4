//! Every limit, one below, at and one beyond it.

use super::*;

/// A value of `n` units.
type Of = fn(usize) -> String;

const X: Of = |n| "x".repeat(n);
const DIGITS: Of = |n| "7".repeat(n);
/// Two UTF-16 units each: half as many characters as units.
const EMOJI: Of = |n| format!("{}{}", "😀".repeat(n / 2), "x".repeat(n % 2));
const URL: Of = |n| format!("https://a.example/{}", "x".repeat(n - 18));
const TEL: Of = |n| format!("tel:{}", "1".repeat(n - 4));
const PDF: Of = |n| format!("{}.pdf", "x".repeat(n - 4));
const MIME: Of = |n| format!("image/{}", "x".repeat(n));
/// UCS-2, one unit and two bytes each: 67 in a part.
const CYRILLIC: Of = |n| "я".repeat(n);
/// UCS-2, one unit and three bytes each.
const KANA: Of = |n| "あ".repeat(n);

#[track_caller]
fn most(form: &Form, name: &str, of: Of, most: usize, beyond: Rejection) {
    for n in [most - 1, most] {
        let taken = form.clone().set(name, of(n)).validate();
        assert!(taken.is_ok(), "{} {name} of {n}: {taken:?}", form.0["channel"]);
    }
    let refused = form.clone().set(name, of(most + 1)).validate().map(|message| message.content);
    assert_eq!(refused, Err(beyond), "{} {name} of {}", form.0["channel"], most + 1);
}

#[track_caller]
fn least(form: &Form, name: &str, of: Of, least: usize, below: Rejection) {
    for n in [least, least + 1] {
        let taken = form.clone().set(name, of(n)).validate();
        assert!(taken.is_ok(), "{} {name} of {n}: {taken:?}", form.0["channel"]);
    }
    let refused = form.clone().set(name, of(least - 1)).validate().map(|message| message.content);
    assert_eq!(refused, Err(below), "{} {name} of {}", form.0["channel"], least - 1);
}

#[test]
fn nothing_is_longer_than_the_platform_takes() {
    let header = |kind: &str| whatsapp().set("headerType", kind).set("headerFilename", "a.pdf");
    for (form, name, of, max, beyond) in [
        (sms(), "sender", X, 16, Rejection::From),
        (sms(), "sender", EMOJI, 16, Rejection::From),
        (sms(), "text", CYRILLIC, 25 * 67, Rejection::TextLength),
        (sms(), "text", KANA, 1_333, Rejection::TextLength),
        (sms(), "bulkId", X, 100, Rejection::BulkIdLength),
        (sms(), "bulkId", EMOJI, 100, Rejection::BulkIdLength),
        (sms(), "contactKey", X, 254, Rejection::ContactKey),
        (sms(), "contactKey", EMOJI, 254, Rejection::ContactKey),
        (sms(), "dltPrincipalEntityId", X, 50, Rejection::PrincipalEntityId),
        (sms(), "dltPrincipalEntityId", EMOJI, 50, Rejection::PrincipalEntityId),
        (sms().set("dltPrincipalEntityId", "1"), "dltContentTemplateId", X, 50, Rejection::ContentTemplateId),
        (sms(), "eventDefinitionKey", EMOJI, 200, Rejection::EventDefinition),
        (mms(), "sender", EMOJI, 16, Rejection::From),
        (mms(), "fallbackSender", EMOJI, 16, Rejection::FallbackSender),
        (whatsapp(), "sender", EMOJI, 24, Rejection::From),
        (viber("TEXT"), "sender", EMOJI, 20, Rejection::From),
        (lms(), "sender", X, 16, Rejection::From),
        (lms(), "title", X, 66, Rejection::TitleLength),
        (lms(), "title", EMOJI, 66, Rejection::TitleLength),
        (lms(), "text", CYRILLIC, 25 * 67, Rejection::TextLength),
        (lms(), "text", KANA, 1_333, Rejection::TextLength),
        (lms(), "resellerCode", DIGITS, 9, Rejection::ResellerCode),
        (mms(), "sender", X, 16, Rejection::From),
        (mms(), "title", EMOJI, 66, Rejection::TitleLength),
        (mms(), "segmentText1", X, 1_600, Rejection::TextLength),
        (mms(), "segmentText1", EMOJI, 1_600, Rejection::TextLength),
        (mms(), "segmentUrl2", URL, 2_048, Rejection::MediaUrl),
        (mms(), "segmentMediaType2", MIME, 127, Rejection::Segments),
        (mms(), "segmentText3", X, 16_384, Rejection::Segments),
        (mms(), "fallbackText", CYRILLIC, 25 * 67, Rejection::FallbackText),
        (mms(), "fallbackSender", X, 16, Rejection::FallbackSender),
        (whatsapp(), "sender", X, 24, Rejection::From),
        (whatsapp(), "templateName", X, 512, Rejection::TemplateName),
        (whatsapp(), "templateLanguage", X, 20, Rejection::TemplateLanguage),
        (whatsapp(), "placeholder1", X, 1_024, Rejection::TextLength),
        (whatsapp(), "placeholder2", EMOJI, 1_024, Rejection::TextLength),
        (header("TEXT"), "headerText", EMOJI, 60, Rejection::Header),
        (header("IMAGE"), "headerMediaUrl", URL, 2_048, Rejection::ImageUrlLength),
        (header("VIDEO"), "headerMediaUrl", URL, 2_048, Rejection::MediaUrl),
        (header("GIF"), "headerMediaUrl", URL, 2_048, Rejection::MediaUrl),
        (header("DOCUMENT"), "headerMediaUrl", URL, 2_048, Rejection::MediaUrl),
        (header("DOCUMENT"), "headerFilename", X, 240, Rejection::Header),
        (whatsapp(), "buttonParameter1", EMOJI, 128, Rejection::ButtonTextLength),
        (whatsapp(), "buttonParameter2", X, 2_048, Rejection::ButtonUrlLength),
        (whatsapp(), "buttonParameter3", X, 15, Rejection::ButtonTextLength),
        (viber("TEXT"), "sender", X, 20, Rejection::From),
        (viber("TEXT"), "text", EMOJI, 1_000, Rejection::TextLength),
        (viber("TEXT"), "buttonText", EMOJI, 30, Rejection::ButtonTextLength),
        (viber("TEXT"), "buttonUrl", URL, 1_000, Rejection::ButtonUrlLength),
        (viber("IMAGE"), "text", X, 1_000, Rejection::TextLength),
        (viber("IMAGE"), "imageUrl", URL, 1_000, Rejection::ImageUrlLength),
        (viber("IMAGE"), "buttonUrl", URL, 1_000, Rejection::ButtonUrlLength),
        (viber("VIDEO"), "text", X, 1_000, Rejection::TextLength),
        (viber("VIDEO"), "videoUrl", URL, 1_000, Rejection::MediaUrl),
        (viber("VIDEO"), "thumbnailUrl", URL, 1_000, Rejection::Video),
        (viber("VIDEO"), "buttonText", X, 30, Rejection::ButtonTextLength),
        (viber("VIDEO"), "buttonUrl", URL, 1_000, Rejection::ButtonUrlLength),
        (viber("FILE"), "fileUrl", URL, 2_048, Rejection::MediaUrl),
        (viber("FILE"), "fileName", PDF, 255, Rejection::File),
        (omni(), "scenarioKey", X, 64, Rejection::ScenarioKey),
        (omni(), "text", EMOJI, 1_000, Rejection::TextLength),
        (omni(), "imageUrl", URL, 1_000, Rejection::ImageUrlLength),
        (omni(), "buttonText", X, 30, Rejection::ButtonTextLength),
        (omni(), "buttonUrl", URL, 1_000, Rejection::ButtonUrlLength),
        (omni(), "buttonUrl", TEL, 1_000, Rejection::ButtonUrlLength),
        (omni(), "fallbackText", CYRILLIC, 25 * 67, Rejection::FallbackText),
    ] {
        most(&form, name, of, max, beyond);
    }
}

#[test]
fn nothing_is_shorter_than_the_platform_takes() {
    for (form, name, of, min, below) in [
        (lms(), "sender", X, 1, Rejection::From),
        (lms(), "title", X, 1, Rejection::TitleLength),
        (lms(), "text", X, 1, Rejection::TextLength),
        (lms(), "resellerCode", DIGITS, 1, Rejection::ResellerCode),
        (mms(), "sender", X, 1, Rejection::From),
        (mms(), "segmentText1", X, 1, Rejection::TextLength),
        (mms(), "segmentText3", X, 1, Rejection::Segments),
        (whatsapp(), "sender", X, 1, Rejection::From),
        (whatsapp(), "templateName", X, 1, Rejection::TemplateName),
        (whatsapp(), "templateLanguage", X, 1, Rejection::TemplateLanguage),
        (whatsapp(), "placeholder2", X, 1, Rejection::Placeholders),
        (whatsapp().set("headerType", "TEXT"), "headerText", X, 1, Rejection::Header),
        (whatsapp().set("headerType", "DOCUMENT"), "headerFilename", X, 1, Rejection::Header),
        (whatsapp(), "buttonParameter1", X, 1, Rejection::ButtonTextLength),
        (whatsapp(), "buttonParameter2", X, 1, Rejection::ButtonUrlLength),
        (whatsapp(), "buttonParameter3", X, 1, Rejection::ButtonTextLength),
        (viber("TEXT"), "sender", X, 2, Rejection::From),
        (viber("TEXT"), "text", X, 1, Rejection::TextLength),
        (viber("TEXT"), "buttonText", X, 1, Rejection::ButtonTextLength),
        (viber("VIDEO"), "videoSeconds", DIGITS, 1, Rejection::Video),
        (omni(), "scenarioKey", X, 1, Rejection::ScenarioKey),
        (omni(), "buttonText", X, 1, Rejection::ButtonTextLength),
    ] {
        least(&form, name, of, min, below);
    }
}

#[test]
fn there_are_no_more_rows_than_the_platform_takes() {
    let many = |form: Form, kind: &str, value: &str, count: usize, kind_is: &str, value_is: &str| {
        let row = |form: Form, n: usize| form.set(&format!("{kind}{n}"), kind_is).set(&format!("{value}{n}"), value_is);
        // Every other number: gaps count for nothing.
        (1..=count).map(|n| n * 2).fold(form, row)
    };
    let segments = |count| many(Form::new("MMS"), "segmentType", "segmentText", count, "TEXT", "x");
    segments(0).is_refused(Rejection::Segments);
    for count in [1, 19, 20] {
        segments(count).content();
    }
    segments(21).is_refused(Rejection::Segments);

    let bare = || Form::new("WhatsApp").set("templateName", "a").set("templateLanguage", "en");
    let buttons = |count, kind| many(bare(), "buttonType", "buttonParameter", count, kind, "x");
    for (kind, max) in [("QUICK_REPLY", 10), ("URL", 2), ("COPY_CODE", 1)] {
        for count in [0, max - 1, max] {
            buttons(count, kind).content();
        }
        buttons(max + 1, kind).is_refused(Rejection::ButtonsLength);
    }

    let placeholders = |count: usize| {
        let form = bare().set("placeholderCount", count.to_string());
        (1..=count).fold(form, |form, n| form.set(&format!("placeholder{n}"), "x"))
    };
    for count in [0, 49, 50] {
        placeholders(count).content();
    }
    placeholders(51).is_refused(Rejection::Placeholders);
}

#[test]
fn an_sms_has_at_most_4000_bytes() {
    // Three bytes to a kana: 1333 of them leave one byte.
    let text = |rest: &str| sms().set("text", format!("{}{rest}", "あ".repeat(1_333)));
    text("").content();
    text("x").content();
    text("xx").is_refused(Rejection::TextLength);
}

#[test]
fn all_texts_together_have_a_limit() {
    // What arranges segments is no part of callback data, which is shorter; the sender counts too.
    let texts = |bytes: usize| {
        let segment = |form: Form, n: usize, bytes: usize| {
            form.set(&format!("segmentType{n}"), "SMIL").set(&format!("segmentText{n}"), X(bytes))
        };
        let full = segment(segment(Form::new("MMS"), 1, 16_384), 2, 16_384);
        segment(full, 3, bytes - 2 * 16_384 - "ACME".len())
    };
    for bytes in [CONTENT_BYTES_MAX - 1, CONTENT_BYTES_MAX] {
        assert_eq!(texts(bytes).content().bytes(), bytes);
    }
    texts(CONTENT_BYTES_MAX + 1).is_refused(Rejection::MessageSize);
}

#[test]
fn names_and_ids_hold_no_control_characters() {
    for control in ["a\nb", "a\tb", "a\u{7}b", "a\u{85}b"] {
        for (name, rejection) in [
            ("sender", Rejection::From),
            ("bulkId", Rejection::Characters),
            ("journeyName", Rejection::Characters),
            ("contactKey", Rejection::ContactKey),
            ("fallbackSender", Rejection::FallbackSender),
        ] {
            mms().set(name, control).is_refused(rejection);
        }
    }
    mms().set("fallbackText", "a\u{7}b").is_refused(Rejection::Characters);
    mms().set("fallbackText", "a\nb").content();
}
