//! SMS and LMS.

use super::super::builder::Builder;
use super::super::texts::Phrase;
use super::super::{Keyboard, Limit, Section};
use crate::domain::message::{lms, names, sms};

pub(super) fn sms(builder: &Builder<'_>) -> Vec<Section> {
    let items = vec![
        builder.sender(Limit::at_most(sms::SENDER_CHARS_MAX)).into(),
        builder.area(names::TEXT, 5).limit(Limit::Sms).required().into(),
    ];
    vec![builder.section("content", Phrase::Message, items)]
}

pub(super) fn lms(builder: &Builder<'_>) -> Vec<Section> {
    let title = builder.line(names::TITLE).limit(Limit::at_most(lms::TITLE_UNITS_MAX)).with_merge_fields();
    let code = builder.line(names::RESELLER_CODE).keyboard(Keyboard::Digits);
    let items = vec![
        builder.sender(Limit::at_most(sms::SENDER_CHARS_MAX)).into(),
        title.required().into(),
        builder.area(names::TEXT, 8).limit(Limit::Sms).required().into(),
        code.limit(Limit::Digits { max: lms::RESELLER_CODE_DIGITS_MAX }).required().into(),
    ];
    vec![builder.section("content", Phrase::Message, items)]
}
