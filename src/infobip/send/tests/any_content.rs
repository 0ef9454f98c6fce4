//! Whatever a valid content says arrives unchanged, with what the endpoint demands.

use super::*;
use crate::domain::message::ContentFacts;
use crate::domain::message::SmsFallback;
use crate::domain::message::kakao_alim::{AlimAction, AlimButton, AlimContent, KakaoRoute, Links};
use crate::domain::message::kakao_chingu::{ChinguButton, ChinguButtonKind, ChinguContent, ChinguImage};
use crate::domain::message::lms::LmsContent;
use crate::domain::message::mms::{MmsContent, Segment};
use crate::domain::message::rcs::{
    Alignment, Card, CardMedia, CardWidth, MediaHeight, OpensIn, Orientation, RcsBody, RcsContent, Suggestion,
    SuggestionAction, WebviewMode,
};
use crate::domain::message::sms::{IndiaDlt, SmsContent};
use crate::domain::message::viber::{Label, OmniButton, ViberBody, ViberButton, ViberContent, ViberOmniContent};
use crate::domain::message::whatsapp::{Button, Header, WhatsAppContent};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

/// 1 to 12 characters of any script, quotes and line ends among them: fits every field.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9 \"\\\\{}]{1,12}", "\\PC{1,12}", "[a-z\\n\\t가-힣]{1,12}"]
}

fn url() -> impl Strategy<Value = String> {
    "https?://[a-z]{1,8}\\.example/[a-z0-9?&=%]{0,12}"
}

fn sender() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Z][A-Za-z]{1,10}", "[1-9][0-9]{4,11}"]
}

fn fallback() -> impl Strategy<Value = Option<SmsFallback>> {
    of((sender(), text()).prop_map(|(sender, text)| SmsFallback { sender, text }))
}

fn sms() -> impl Strategy<Value = Content> {
    (sender(), text(), of(("[0-9]{1,19}", of("[0-9]{1,19}")))).prop_map(|(sender, text, dlt)| {
        let india_dlt =
            dlt.map(|(principal_entity_id, content_template_id)| IndiaDlt { principal_entity_id, content_template_id });
        Content::Sms(SmsContent { sender, text, india_dlt })
    })
}

fn lms() -> impl Strategy<Value = Content> {
    (sender(), text(), text(), 0..1_000_000_000_u32).prop_map(|(sender, title, text, reseller_code)| {
        Content::Lms(LmsContent { sender, title, text, reseller_code })
    })
}

fn mms() -> impl Strategy<Value = Content> {
    let segment = prop_oneof![
        text().prop_map(|text| Segment::Text { text }),
        (url(), of("image/(png|jpeg)")).prop_map(|(url, media_type)| Segment::Link { url, media_type }),
        text().prop_map(|smil| Segment::Smil { smil }),
    ];
    (sender(), of(text()), vec(segment, 1..30), fallback())
        .prop_map(|(sender, title, segments, fallback)| Content::Mms(MmsContent { sender, title, segments, fallback }))
}

fn whatsapp() -> impl Strategy<Value = Content> {
    let header = prop_oneof![
        text().prop_map(|placeholder| Header::Text { placeholder }),
        url().prop_map(|media_url| Header::Image { media_url }),
        url().prop_map(|media_url| Header::Video { media_url }),
        url().prop_map(|media_url| Header::Gif { media_url }),
        (url(), text()).prop_map(|(media_url, filename)| Header::Document { media_url, filename }),
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(latitude, longitude)| Header::Location { latitude, longitude }),
    ];
    let button = (text(), 0..3).prop_map(|(parameter, kind)| match kind {
        0 => Button::QuickReply { parameter },
        1 => Button::Url { parameter },
        _ => Button::CopyCode { parameter },
    });
    let languages = prop_oneof!["en_GB", "hr"];
    let parts = (sender(), "[a-z0-9_]{1,20}", languages, vec(text(), 0..5), of(header), vec(button, 0..4), fallback());
    parts.prop_map(|(sender, template_name, language, placeholders, header, buttons, fallback)| {
        Content::WhatsApp(WhatsAppContent { sender, template_name, language, placeholders, header, buttons, fallback })
    })
}

fn label() -> impl Strategy<Value = Label> {
    prop_oneof![Just(Label::Promotional), Just(Label::Transactional)]
}

fn viber() -> impl Strategy<Value = Content> {
    let button = || (text(), url()).prop_map(|(title, url)| ViberButton { title, action: Some(url) });
    let any_button = (text(), of(url())).prop_map(|(title, action)| ViberButton { title, action });
    let body = prop_oneof![
        (text(), of(button())).prop_map(|(text, button)| ViberBody::Text { text, button }),
        (url(), of((text(), of(button())))).prop_map(|(media_url, text)| {
            let (text, button) = text.map_or((None, None), |(text, button)| (Some(text), button));
            ViberBody::Image { media_url, text, button }
        }),
        (url(), url(), 1..600_u32, of(text()), of(any_button)).prop_map(
            |(media_url, thumbnail_url, duration_secs, text, button)| ViberBody::Video {
                media_url,
                thumbnail_url,
                duration_secs,
                text,
                button,
            }
        ),
        (url(), "[a-z]{1,9}\\.(pdf|docx|csv)")
            .prop_map(|(media_url, file_name)| ViberBody::File { media_url, file_name }),
    ];
    (sender(), body, label(), fallback())
        .prop_map(|(sender, body, label, fallback)| Content::Viber(ViberContent { sender, body, label, fallback }))
}

fn suggestion() -> impl Strategy<Value = Suggestion> {
    let modes = [
        None,
        Some(OpensIn::Browser),
        Some(OpensIn::Webview(WebviewMode::Full)),
        Some(OpensIn::Webview(WebviewMode::Half)),
        Some(OpensIn::Webview(WebviewMode::Tall)),
    ];
    let moment = || (0..4_000_000_000_000_u64).prop_map(Timestamp::from_millis);
    let action = prop_oneof![
        Just(SuggestionAction::Reply),
        (url(), prop::sample::select(modes.to_vec()))
            .prop_map(|(url, opens_in)| SuggestionAction::OpenUrl { url, opens_in }),
        "\\+?[0-9]{7,15}".prop_map(|phone| SuggestionAction::DialPhone { phone }),
        (-90.0..=90.0, -180.0..=180.0, of(text()))
            .prop_map(|(latitude, longitude, label)| { SuggestionAction::ShowLocation { latitude, longitude, label } }),
        Just(SuggestionAction::RequestLocation),
        (moment(), moment(), text(), of(text())).prop_map(|(starts_at, ends_at, title, description)| {
            SuggestionAction::CreateCalendarEvent { starts_at, ends_at, title, description }
        }),
    ];
    (text(), text(), action).prop_map(|(text, postback, action)| Suggestion { text, postback, action })
}

fn card() -> impl Strategy<Value = Card> {
    let heights = [MediaHeight::Short, MediaHeight::Medium, MediaHeight::Tall];
    let media = (url(), of(url()), prop::sample::select(heights.to_vec()))
        .prop_map(|(url, thumbnail_url, height)| CardMedia { url, thumbnail_url, height });
    (text(), of(text()), of(media), vec(suggestion(), 0..=4), any::<bool>()).prop_map(
        |(title, description, media, suggestions, has_title)| Card {
            title: (has_title || media.is_none()).then_some(title),
            description,
            media,
            suggestions,
        },
    )
}

fn rcs() -> impl Strategy<Value = Content> {
    let orientation = prop::sample::select(vec![Orientation::Horizontal, Orientation::Vertical]);
    let alignment = prop::sample::select(vec![Alignment::Left, Alignment::Right]);
    let width = prop::sample::select(vec![CardWidth::Small, CardWidth::Medium]);
    let body = prop_oneof![
        text().prop_map(|text| RcsBody::Text { text }),
        (url(), of(url())).prop_map(|(url, thumbnail_url)| RcsBody::File { url, thumbnail_url }),
        (orientation, alignment, card()).prop_map(|(orientation, alignment, card)| RcsBody::Card {
            orientation,
            alignment,
            card: Box::new(card),
        }),
        (width, vec(card(), 2..=10)).prop_map(|(width, cards)| RcsBody::Carousel { width, cards }),
    ];
    (sender(), body, vec(suggestion(), 0..=11), fallback()).prop_map(|(sender, body, suggestions, fallback)| {
        Content::Rcs(RcsContent { sender, body, suggestions, fallback })
    })
}

/// The SMS of a scenario is sent under the scenario's sender.
fn for_omni(fallback: Option<SmsFallback>) -> Option<SmsFallback> {
    fallback.map(|fallback| SmsFallback { sender: String::new(), ..fallback })
}

fn app_links() -> impl Strategy<Value = Links> {
    (url(), url(), of(url()), of(url())).prop_map(|(android, ios, url_mobile, url_pc)| Links {
        android_scheme: Some(android),
        ios_scheme: Some(ios),
        url_mobile,
        url_pc,
    })
}

fn web_links() -> impl Strategy<Value = Links> {
    (url(), of(url())).prop_map(|(url, url_pc)| Links { url_mobile: Some(url), url_pc, ..Links::default() })
}

fn route(is_direct: bool, key: String) -> KakaoRoute {
    if is_direct { KakaoRoute::Direct { sender: key } } else { KakaoRoute::Omni { scenario_key: key } }
}

/// Without the image, which is never sent.
fn alim(is_direct: bool) -> impl Strategy<Value = Content> {
    let action = prop_oneof![
        app_links().prop_map(AlimAction::AppLink),
        Just(AlimAction::DeliveryTracking),
        (web_links(), any::<bool>()).prop_map(|(links, opens_outside)| AlimAction::WebLink { links, opens_outside }),
        (of(text()), of(text())).prop_map(|(extra, event)| AlimAction::ChatbotSwitch { extra, event }),
        Just(AlimAction::BotKeyword),
        Just(AlimAction::MessageDelivery),
        Just(AlimAction::AddChannel),
    ];
    let button = (text(), action).prop_map(|(name, action)| AlimButton { name, action });
    let parts = ("[0-9a-f]{32}", "[a-z0-9]{1,30}", text(), of(text()), vec(button, 0..=5), fallback());
    parts.prop_map(move |(key, template_code, text, title, buttons, fallback)| {
        Content::KakaoAlim(AlimContent {
            route: route(is_direct, key),
            template_code,
            text,
            title,
            image_url: None,
            buttons,
            fallback: if is_direct { fallback } else { for_omni(fallback) },
        })
    })
}

/// Over OMNI failover only with the links that have a place there.
fn chingu(is_direct: bool) -> impl Strategy<Value = Content> {
    let kept = move |links: Links, is_app: bool| match (is_direct, is_app) {
        (true, _) => links,
        (false, true) => Links { url_mobile: None, url_pc: None, ..links },
        (false, false) => Links { url_pc: None, ..links },
    };
    let kind = prop_oneof![
        web_links().prop_map(move |links| ChinguButtonKind::WebLink(kept(links, false))),
        app_links().prop_map(move |links| ChinguButtonKind::AppLink(kept(links, true))),
    ];
    let button = (text(), kind).prop_map(|(name, kind)| ChinguButton { name, kind });
    let image = (url(), of(url())).prop_map(|(url, link)| ChinguImage { url, link });
    let parts = ("[0-9a-f]{32}", text(), of(image), vec(button, 0..=5), of(any::<bool>()), fallback());
    parts.prop_map(move |(key, text, image, buttons, is_promotional, fallback)| {
        Content::KakaoChingu(ChinguContent {
            route: route(is_direct, key),
            text,
            image,
            buttons,
            is_promotional,
            fallback: if is_direct { fallback } else { for_omni(fallback) },
        })
    })
}

fn viber_omni() -> impl Strategy<Value = Content> {
    let button = (text(), url()).prop_map(|(text, url)| OmniButton { text, url });
    let parts = ("[0-9A-F]{32}", of(text()), of(url()), of(button), label(), of(text()));
    parts.prop_map(|(scenario_key, text, image_url, button, label, sms_text)| {
        Content::ViberOmni(ViberOmniContent { scenario_key, text, image_url, button, label, sms_text })
    })
}

/// A content of a channel, chosen among all of them.
fn any_content() -> impl Strategy<Value = (Channel, Content)> {
    let of = |channel: Channel, content: BoxedStrategy<Content>| content.prop_map(move |content| (channel, content));
    prop_oneof![
        of(Channel::Sms, sms().boxed()),
        of(Channel::Lms, lms().boxed()),
        of(Channel::Mms, mms().boxed()),
        of(Channel::WhatsApp, whatsapp().boxed()),
        of(Channel::Viber, viber().boxed()),
        of(Channel::ViberOmni, viber_omni().boxed()),
        of(Channel::KakaoChingu, chingu(true).boxed()),
        of(Channel::KakaoChinguOmni, chingu(false).boxed()),
        of(Channel::KakaoAlim, alim(true).boxed()),
        of(Channel::KakaoAlimOmni, alim(false).boxed()),
        of(Channel::Rcs, rcs().boxed()),
    ]
}

fn facts(content: &Content) -> &dyn ContentFacts {
    match content {
        Content::Sms(content) => content,
        Content::Lms(content) => content,
        Content::Mms(content) => content,
        Content::WhatsApp(content) => content,
        Content::Viber(content) => content,
        Content::ViberOmni(content) => content,
        Content::KakaoChingu(content) => content,
        Content::KakaoAlim(content) => content,
        Content::Rcs(content) => content,
    }
}

fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(fields) => fields.values().for_each(|item| strings(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// What no request of the channel's endpoint may lack, besides its texts.
fn mandatory(channel: Channel) -> &'static [&'static str] {
    match endpoint(channel).path {
        "/omni/1/advanced" => {
            &["/scenarioKey", "/bulkId", "/destinations/0/messageId", "/destinations/0/to/phoneNumber", "/notifyUrl"]
        }
        "/whatsapp/1/message/template" => &[
            "/bulkId",
            "/messages/0/to",
            "/messages/0/messageId",
            "/messages/0/notifyUrl",
            "/messages/0/content/templateData/body/placeholders",
            "/messages/0/urlOptions/shortenUrl",
        ],
        _ => &[
            "/options/schedule/bulkId",
            "/messages/0/content",
            "/messages/0/destinations/0/to",
            "/messages/0/destinations/0/messageId",
            "/messages/0/webhooks/delivery/url",
        ],
    }
}

proptest! {
    #[test]
    fn every_text_arrives_unchanged((channel, content) in any_content(), callback_data in text()) {
        let mut message = queued_with(1, channel, content.clone());
        message.message.callback_data.clone_from(&callback_data);
        let body = encoded_all(channel, &[message]).unwrap();
        let mut sent = Vec::new();
        strings(&body, &mut sent);
        prop_assert!(sent.contains(&callback_data.as_str()));
        let mut missing = Vec::new();
        facts(&content).each_text(&mut |text| if !text.is_empty() && !sent.contains(&text) { missing.push(text) });
        prop_assert!(missing.is_empty(), "{:?} lacks {:?}: {}", channel, missing, body);
        for pointer in mandatory(channel) {
            prop_assert!(body.pointer(pointer).is_some(), "{:?} lacks {}: {}", channel, pointer, body);
        }
        prop_assert_eq!(body.pointer("/options/tracking").is_some(), channel.capability().tracks_links && channel != Channel::WhatsApp);
        prop_assert!(!has_null(&body), "{}", body);
    }
}
