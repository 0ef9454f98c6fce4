//! Viber, and *Viber (deprecated)* over OMNI failover.

use super::super::builder::{Builder, also, default_choice};
use super::super::texts::Phrase;
use super::super::{Action, Field, Item, Keyboard, Limit, Section, common};
use super::content_type;
use crate::domain::message::fields::URL_UNITS_MAX;
use crate::domain::message::{names, viber};

pub(super) fn content(builder: &Builder<'_>) -> Vec<Section> {
    let (choice, kind) = content_type(builder);
    let limit = Limit::Characters { min: viber::SENDER_CHARS_MIN, max: viber::SENDER_CHARS_MAX };
    let mut items = vec![builder.sender(limit).into(), choice];
    let is = |name: &str| kind.is_none_or(|kind| kind == name);
    if is("IMAGE") {
        items.push(builder.address(names::IMAGE_URL, viber::ADDRESS_UNITS_MAX).required().into());
    }
    if is("VIDEO") {
        let seconds = builder.line(names::VIDEO_SECONDS).keyboard(Keyboard::Digits);
        items.extend([
            builder.address(names::VIDEO_URL, viber::ADDRESS_UNITS_MAX).required().into(),
            builder.address(names::THUMBNAIL_URL, viber::ADDRESS_UNITS_MAX).required().into(),
            seconds.limit(Limit::Whole { min: 1, max: u32::MAX }).required().with_merge_fields().into(),
        ]);
    }
    if is("FILE") {
        let name = builder.line(names::FILE_NAME).limit(Limit::Words(Phrase::AllowedFile));
        items.extend([
            builder.address(names::FILE_URL, URL_UNITS_MAX).required().into(),
            name.required().with_merge_fields().into(),
        ]);
    }
    if kind != Some("FILE") {
        let text = builder.area(names::TEXT, 5).limit(Limit::at_most(viber::TEXT_UNITS_MAX));
        items.push(if kind == Some("TEXT") { text.required() } else { text }.into());
        items.push(button_text(builder).into());
        items.push(builder.address(names::BUTTON_URL, viber::ADDRESS_UNITS_MAX).into());
    }
    items.push(purpose(builder));
    vec![builder.section("content", Phrase::Message, items), common::failover(builder)]
}

pub(super) fn over_omni(builder: &Builder<'_>) -> Vec<Section> {
    let text = builder.area(names::TEXT, 5).limit(Limit::at_most(viber::TEXT_UNITS_MAX));
    let button_url = builder.line(names::BUTTON_URL).keyboard(Keyboard::Url);
    let mut items = scenario(builder);
    items.extend([
        text.into(),
        builder.address(names::IMAGE_URL, viber::ADDRESS_UNITS_MAX).into(),
        button_text(builder).into(),
        button_url.limit(Limit::Words(Phrase::AllowedAddressOrTel)).with_merge_fields().into(),
        purpose(builder),
    ]);
    vec![builder.section("content", Phrase::Message, items), common::failover_of_scenario(builder)]
}

fn button_text(builder: &Builder<'_>) -> Field {
    builder.line(names::BUTTON_TEXT).limit(Limit::at_most(viber::BUTTON_UNITS_MAX)).with_merge_fields()
}

/// Promotional or transactional.
pub(super) fn purpose(builder: &Builder<'_>) -> Item {
    let choices = [default_choice(&["true", "1", "yes"]), also("false", &["0", "no"])];
    builder.select(names::PROMOTIONAL, &choices).into()
}

/// The scenario's key, and the button that verifies it.
pub(super) fn scenario(builder: &Builder<'_>) -> Vec<Item> {
    let key = builder.line(names::SCENARIO_KEY).limit(Limit::Words(Phrase::AllowedScenarioKey)).required();
    vec![key.into(), Item::Action(Action::VerifyScenario)]
}
