use super::*;
use crate::domain::whatsapp_template::ButtonWant;

fn wanted(header: HeaderWant, body_placeholders: u32, buttons: Vec<ButtonWant>) -> Wanted {
    Wanted { body_placeholders, header, buttons }
}

#[test]
fn what_a_message_must_fill_in_is_said_in_words() {
    let button = |index, parameter, text: &str| ButtonWant { index, parameter, text: text.into() };
    for (wanted, expected) in [
        (wanted(HeaderWant::Nothing, 0, Vec::new()), "nothing to fill in"),
        (wanted(HeaderWant::Nothing, 1, Vec::new()), "1 body placeholder"),
        (wanted(HeaderWant::Document, 2, Vec::new()), "header document; 2 body placeholders"),
        (
            wanted(
                HeaderWant::Placeholder,
                0,
                vec![
                    button(1, ButtonParameter::UrlSuffix, "Track"),
                    button(2, ButtonParameter::CopyCode, "Copy"),
                    button(3, ButtonParameter::QuickReply, "Yes"),
                ],
            ),
            "header placeholder; button 2 \"Track\": URL suffix; button 3 \"Copy\": code to copy; \
             button 4 \"Yes\": quick reply payload",
        ),
    ] {
        assert_eq!(wants(&wanted), expected);
    }
}

#[test]
fn a_template_line_has_the_wants_or_the_reason() {
    let view = TemplateView {
        name: "order".into(),
        language: "en_GB".into(),
        category: "UTILITY".into(),
        status: "APPROVED".into(),
        offered: true,
        why_not: None,
        body: Some("Hi {{1}}".into()),
        footer: None,
        wanted: wanted(HeaderWant::Image, 1, Vec::new()),
    };
    assert_eq!(template_line(&view), "order\ten_GB\tUTILITY\tAPPROVED\theader image; 1 body placeholder");
    let refused = TemplateView { why_not: Some("its status is PENDING".into()), status: "PENDING".into(), ..view };
    assert_eq!(template_line(&refused), "order\ten_GB\tUTILITY\tPENDING\tNOT OFFERED: its status is PENDING");
}

#[test]
fn a_sender_line_has_state_and_sources() {
    let sender = OfferedSender {
        sender: "ACME".into(),
        state: SenderState::Unknown,
        detail: String::new(),
        sources: vec![SenderSource::Typed, SenderSource::Resource],
    };
    assert_eq!(sender_line("RCS", &sender), "RCS\tACME\tunknown\ttyped, named sender");
    let draft = OfferedSender { state: SenderState::Unusable, detail: "DRAFT".into(), ..sender };
    assert_eq!(sender_line("RCS", &draft), "RCS\tACME\tNOT USABLE\ttyped, named sender\tDRAFT");
}
