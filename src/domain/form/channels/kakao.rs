//! KakaoChinguTalk and Kakao Alim, by their own endpoints and over OMNI failover.

use super::super::builder::{Builder, Offered, RowWords, default_choice, offered};
use super::super::rows::RowSet;
use super::super::texts::Phrase;
use super::super::{Item, Limit, Section, common};
use super::viber::{purpose, scenario};
use crate::domain::channel::Channel;
use crate::domain::message::fields::URL_UNITS_MAX;
use crate::domain::message::{kakao, kakao_alim, kakao_chingu, names};

const BUTTONS: RowWords =
    RowWords { legend: Phrase::Buttons, row: Phrase::Button, add: Phrase::AddButton, is_ordered: true };
const CHINGU_BUTTONS: &[Offered] = &[offered("WEB_LINK"), offered("APP_LINK")];
/// In the manual's order.
const ALIM_BUTTONS: &[Offered] = &[
    offered("APP_LINK"),
    offered("DELIVERY_TRACKING"),
    offered("WEB_LINK"),
    offered("CHATBOT_SWITCH"),
    offered("BOT_KEYWORD"),
    offered("MESSAGE_DELIVERY"),
    offered("ADD_CHANNEL"),
];

pub(super) fn chingu(builder: &Builder<'_>) -> Vec<Section> {
    let mut items = vec![sender(builder)];
    items.extend(chingu_content(builder));
    vec![builder.section("content", Phrase::Message, items), common::failover(builder)]
}

pub(super) fn chingu_over_omni(builder: &Builder<'_>) -> Vec<Section> {
    let mut items = scenario(builder);
    items.extend(chingu_content(builder));
    items.push(purpose(builder));
    vec![builder.section("content", Phrase::Message, items), common::failover_of_scenario(builder)]
}

pub(super) fn alim(builder: &Builder<'_>) -> Vec<Section> {
    let mut items = vec![sender(builder)];
    items.extend(alim_content(builder));
    vec![builder.section("content", Phrase::Message, items), common::failover(builder)]
}

pub(super) fn alim_over_omni(builder: &Builder<'_>) -> Vec<Section> {
    let mut items = scenario(builder);
    items.extend(alim_content(builder));
    vec![builder.section("content", Phrase::Message, items), common::failover_of_scenario(builder)]
}

fn sender(builder: &Builder<'_>) -> Item {
    builder.sender(Limit::at_most(kakao_alim::SENDER_CHARS_MAX)).into()
}

fn chingu_content(builder: &Builder<'_>) -> Vec<Item> {
    let text = builder.area(names::TEXT, 5).limit(Limit::at_most(kakao_chingu::TEXT_UNITS_MAX));
    vec![
        text.required().into(),
        builder.address(names::IMAGE_URL, kakao_chingu::IMAGE_URL_UNITS_MAX).into(),
        builder.address(names::IMAGE_LINK, kakao_chingu::IMAGE_URL_UNITS_MAX).into(),
        Item::Rows(builder.rows(RowSet::Buttons, 0, BUTTONS, |number| button(builder, number, CHINGU_BUTTONS))),
    ]
}

fn alim_content(builder: &Builder<'_>) -> Vec<Item> {
    let code = builder.line(names::TEMPLATE_NAME).limit(Limit::at_most(kakao_alim::TEMPLATE_CODE_UNITS_MAX));
    let text = builder.area(names::TEXT, 6).limit(Limit::at_most(kakao_alim::TEXT_UNITS_MAX));
    let title = builder.line(names::TITLE).limit(Limit::at_most(kakao_alim::TITLE_UNITS_MAX)).with_merge_fields();
    vec![
        code.required().into(),
        text.required().into(),
        title.into(),
        builder.address(names::IMAGE_URL, URL_UNITS_MAX).into(),
        Item::Note(builder.phrase(Phrase::ImageOfTemplate).to_owned()),
        Item::Rows(builder.rows(RowSet::Buttons, 0, BUTTONS, |number| button(builder, number, ALIM_BUTTONS))),
    ]
}

fn button(builder: &Builder<'_>, number: usize, kinds: &[Offered]) -> Vec<Item> {
    let argument = |field| RowSet::Buttons.argument(field, number);
    let kind = argument(names::BUTTON_TYPE_PREFIX);
    let named = builder.given(&kind).unwrap_or_default().to_ascii_uppercase();
    let name_max = match builder.channel {
        Channel::KakaoChingu => kakao_chingu::BUTTON_NAME_UNITS_MAX,
        Channel::KakaoChinguOmni => kakao_chingu::BUTTON_NAME_OMNI_UNITS_MAX,
        _ => kakao_alim::BUTTON_NAME_UNITS_MAX,
    };
    let name = builder.line(&argument(names::BUTTON_NAME_PREFIX)).limit(Limit::at_most(name_max));
    let mut items =
        vec![builder.select(&kind, kinds).required().rerenders().into(), name.required().with_merge_fields().into()];
    // Only a contact has an expression's kind: it can be any.
    let is_known = kinds.iter().any(|kind| kind.value == named);
    let is = |kind: &str| !is_known || named == kind;
    let over_omni = builder.channel == Channel::KakaoChinguOmni;
    if is("APP_LINK") {
        for scheme in [names::BUTTON_ANDROID_SCHEME_PREFIX, names::BUTTON_IOS_SCHEME_PREFIX] {
            let field = builder.line(&argument(scheme)).limit(Limit::Words(Phrase::AllowedScheme)).with_merge_fields();
            items.push(if is_known && over_omni { field.required() } else { field }.into());
        }
    }
    // Over OMNI failover a KakaoChinguTalk button takes what its kind needs and nothing else.
    if is("WEB_LINK") || (is("APP_LINK") && !over_omni) {
        let mobile = builder.address(&argument(names::BUTTON_URL_MOBILE_PREFIX), kakao::LINK_UNITS_MAX);
        items.push(if is_known && named == "WEB_LINK" { mobile.required() } else { mobile }.into());
        if !over_omni {
            items.push(builder.address(&argument(names::BUTTON_URL_PC_PREFIX), kakao::LINK_UNITS_MAX).into());
        }
    }
    let is_alim = kinds.len() == ALIM_BUTTONS.len();
    if is_alim && is("WEB_LINK") {
        let target = [default_choice(&[]), offered("out")];
        items.push(builder.select(&argument(names::BUTTON_TARGET_PREFIX), &target).into());
    }
    if is_alim && is("CHATBOT_SWITCH") {
        for chat in [names::BUTTON_CHAT_EXTRA_PREFIX, names::BUTTON_CHAT_EVENT_PREFIX] {
            let field = builder.line(&argument(chat)).limit(Limit::at_most(kakao_alim::CHAT_UNITS_MAX));
            items.push(field.with_merge_fields().into());
        }
    }
    items
}
