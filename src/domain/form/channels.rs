//! The channels' own parts of the form, a file each.

mod kakao;
mod mms;
mod rcs;
mod sms;
mod viber;
mod whatsapp;

use super::builder::Builder;
use super::{Item, Section};
use crate::domain::channel::Channel;
use crate::domain::message::{kinds, names};

pub(super) use whatsapp::header_type;

/// What the message says, and what is sent instead where the channel has that.
pub(super) fn content(builder: &Builder<'_>) -> Vec<Section> {
    match builder.channel {
        Channel::Sms => sms::sms(builder),
        Channel::Lms => sms::lms(builder),
        Channel::Mms => mms::content(builder),
        Channel::WhatsApp => whatsapp::content(builder),
        Channel::Viber => viber::content(builder),
        Channel::ViberOmni => viber::over_omni(builder),
        Channel::KakaoChingu => kakao::chingu(builder),
        Channel::KakaoChinguOmni => kakao::chingu_over_omni(builder),
        Channel::KakaoAlim => kakao::alim(builder),
        Channel::KakaoAlimOmni => kakao::alim_over_omni(builder),
        Channel::Rcs => rcs::content(builder),
    }
}

/// The choice of what kind the content is, and the kind's name; no name where only a contact has it, or nobody.
fn content_type(builder: &Builder<'_>) -> (Item, Option<&'static str>) {
    let kinds = kinds::of(builder.channel);
    let label = |name| builder.context.texts.choice(names::CONTENT_TYPE, name);
    // The first one is meant while nothing is chosen.
    let spellings: Vec<_> = kinds.iter().map(|kind| [kind.name]).collect();
    let choices = kinds.iter().zip(&spellings).enumerate().map(|(at, (kind, spelling))| match at {
        0 => ("", &spelling[..], label(kind.name)),
        _ => (kind.name, &[][..], label(kind.name)),
    });
    let field = builder.select_of(names::CONTENT_TYPE, choices);
    let named = builder.given(names::CONTENT_TYPE);
    let kind = match named {
        None => kinds.first(),
        Some(named) => kinds.iter().find(|kind| kind.name.eq_ignore_ascii_case(named)),
    };
    (field.rerenders().into(), kind.map(|kind| kind.name))
}
