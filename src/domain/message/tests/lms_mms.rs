use super::super::mms::{MmsContent, Segment};
use super::*;

#[test]
fn an_lms_is_what_was_given() {
    let form =
        lms().set("title", " 「Sale」 ").set("text", "<b>{{x}}</b> \"שלום\"\n😀 ").set("resellerCode", " 012345678 ");
    let expected = lms::LmsContent {
        sender: "ACME".into(),
        title: " 「Sale」 ".into(),
        text: "<b>{{x}}</b> \"שלום\"\n😀 ".into(),
        reseller_code: 12_345_678,
    };
    assert_eq!(form.content(), Content::Lms(expected));
}

#[test]
fn a_reseller_code_is_a_number_above_zero() {
    for wrong in ["0", "000000000", "-1", "+1", "1.0", "1e3", "12 34", "x", "１２"] {
        lms().set("resellerCode", wrong).is_refused(Rejection::ResellerCode);
    }
}

#[test]
fn segments_keep_their_order_over_gaps() {
    let form = Form::new("MMS")
        .set("segmentType10", "text")
        .set("segmentText10", " last ")
        .set("segmentType2", "LINK")
        .set("segmentUrl2", " https://cdn.example/a.jpg ");
    let expected = MmsContent {
        sender: "ACME".into(),
        title: None,
        segments: vec![
            Segment::Link { url: "https://cdn.example/a.jpg".into(), media_type: None },
            Segment::Text { text: " last ".into() },
        ],
        fallback: None,
    };
    assert_eq!(form.content(), Content::Mms(expected));
}

#[test]
fn a_segment_has_a_type_and_what_the_type_needs() {
    mms().unset("segmentType1").is_refused(Rejection::Segments);
    mms().unset("segmentType2").is_refused(Rejection::Segments);
    mms().set("segmentMediaType4", "image/png").is_refused(Rejection::Segments);
    mms().set("segmentType1", "UPLOADED_REFERENCE").is_refused(Rejection::Segments);
    mms().set("segmentText1", " \n").is_refused(Rejection::TextLength);
    mms().set("segmentText3", " \n").is_refused(Rejection::Segments);
    mms().unset("segmentUrl2").is_refused(Rejection::MediaUrl);
    mms().set("segmentUrl2", "ftp://cdn.example/a.jpg").is_refused(Rejection::MediaUrl);
    // A row of nothing but blanks is none.
    assert_eq!(mms().set("segmentType4", " ").set("segmentText4", "").content(), mms().content());
}

#[test]
fn a_media_type_is_type_and_subtype() {
    for right in ["image/png", "application/vnd.ms-excel", "image/svg+xml", "video/3gpp"] {
        mms().set("segmentMediaType2", right).content();
    }
    for wrong in ["png", "/png", "image/", "image/png; q=1", "image/png/x", "im age/png", ".a/b"] {
        mms().set("segmentMediaType2", wrong).is_refused(Rejection::Segments);
    }
}

#[test]
fn texts_are_checked_before_all_else_in_the_segments() {
    let form = Form::new("MMS").set("segmentType1", "LINK").set("segmentUrl1", "x").set("segmentType2", "TEXT");
    form.is_refused(Rejection::TextLength);
    let form = form.set("segmentText2", "Hi");
    form.is_refused(Rejection::MediaUrl);
    form.set("segmentUrl1", "https://cdn.example/a.jpg").content();
}
