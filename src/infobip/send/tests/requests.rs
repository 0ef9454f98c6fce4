//! One request per channel and kind of content, as it goes over the wire.

use std::time::Duration;

use super::*;
use crate::domain::message::kakao_alim::{AlimAction, AlimButton, AlimContent, KakaoRoute, Links};
use crate::domain::message::kakao_chingu::{ChinguButton, ChinguButtonKind, ChinguContent, ChinguImage};
use crate::domain::message::lms::LmsContent;
use crate::domain::message::mms::{MmsContent, Segment};
use crate::domain::message::rcs::{
    Alignment, Card, CardMedia, CardWidth, MediaHeight, OpensIn, Orientation, RcsBody, RcsContent, Suggestion,
    SuggestionAction, WebviewMode,
};
use crate::domain::message::viber::{Label, OmniButton, ViberBody, ViberButton, ViberContent, ViberOmniContent};
use crate::domain::message::whatsapp::{Button, Header, WhatsAppContent};
use crate::domain::message::{LinkTracking, SmsFallback};
use crate::infobip::client::tests::queued;
use insta::assert_json_snapshot;

fn fallback() -> Option<SmsFallback> {
    Some(SmsFallback { sender: "ACMESMS".into(), text: "By SMS".into() })
}

/// With everything that a request can have besides its content: tracking, and a validity of which some is spent.
fn with_options(channel: Channel, content: Content) -> Value {
    let mut message = queued_with(1, channel, content);
    message.message.options.tracking =
        Some(LinkTracking { track_clicks: true, custom_domain: Some("go.example.com".into()), remove_protocol: true });
    message.message.validity_minutes = 120;
    message.progress.first_attempt_at = Some(NOW.minus(Duration::from_secs(600)));
    encoded_all(channel, &[message]).unwrap()
}

#[test]
fn lms() {
    let content = LmsContent {
        sender: "0212345678".into(),
        title: "봄 세일".into(),
        text: "A long text for Korea".into(),
        reseller_code: 123_456_789,
    };
    assert_json_snapshot!("lms", with_options(Channel::Lms, Content::Lms(content)));
}

#[test]
fn mms() {
    let content = MmsContent {
        sender: "385915550000".into(),
        title: Some("Hello".into()),
        segments: vec![
            Segment::Text { text: "Hi Ana".into() },
            Segment::Link { url: "https://cdn.example/a.jpg".into(), media_type: Some("image/jpeg".into()) },
            Segment::Link { url: "https://cdn.example/b".into(), media_type: None },
            Segment::Smil { smil: "<smil><body/></smil>".into() },
        ],
        fallback: fallback(),
    };
    assert_json_snapshot!("mms", with_options(Channel::Mms, Content::Mms(content)));
    let plain = MmsContent {
        sender: "385915550000".into(),
        title: None,
        segments: vec![Segment::Text { text: "Hi".into() }],
        fallback: None,
    };
    assert_json_snapshot!("mms_plain", encoded(Channel::Mms, Content::Mms(plain)));
}

fn whatsapp(header: Option<Header>, buttons: Vec<Button>, fallback: Option<SmsFallback>) -> Content {
    Content::WhatsApp(WhatsAppContent {
        sender: "385915550000".into(),
        template_name: "order_update".into(),
        language: "en_GB".into(),
        placeholders: if header.is_some() { vec!["Ana".into(), "A-1001".into()] } else { Vec::new() },
        header,
        buttons,
        fallback,
    })
}

#[test]
fn whatsapp_plain() {
    assert_json_snapshot!("whatsapp_plain", encoded(Channel::WhatsApp, whatsapp(None, Vec::new(), None)));
}

#[test]
fn whatsapp_with_everything() {
    let buttons = vec![
        Button::QuickReply { parameter: "yes".into() },
        Button::Url { parameter: "A-1001".into() },
        Button::CopyCode { parameter: "SALE20".into() },
    ];
    let header = Header::Document { media_url: "https://cdn.example/h.pdf".into(), filename: "Order.pdf".into() };
    let content = whatsapp(Some(header), buttons, fallback());
    assert_json_snapshot!("whatsapp_everything", with_options(Channel::WhatsApp, content));
}

#[test]
fn whatsapp_headers() {
    let media_url = || "https://cdn.example/h".to_owned();
    let headers = [
        Header::Text { placeholder: "Ana".into() },
        Header::Image { media_url: media_url() },
        Header::Video { media_url: media_url() },
        Header::Gif { media_url: media_url() },
        Header::Location { latitude: 45.813, longitude: -15.977 },
    ];
    let messages: Vec<_> = headers
        .into_iter()
        .zip(1..)
        .map(|(header, n)| queued_with(n, Channel::WhatsApp, whatsapp(Some(header), Vec::new(), None)))
        .collect();
    assert_json_snapshot!("whatsapp_headers", encoded_all(Channel::WhatsApp, &messages).unwrap());
}

fn viber(body: ViberBody, label: Label, fallback: Option<SmsFallback>) -> Content {
    Content::Viber(ViberContent { sender: "ACME".into(), body, label, fallback })
}

#[test]
fn viber_bodies() {
    let button = |action: Option<&str>| Some(ViberButton { title: "Open".into(), action: action.map(str::to_owned) });
    let bodies = [
        ViberBody::Text { text: "Sale".into(), button: None },
        ViberBody::Text { text: "Sale".into(), button: button(Some("https://shop.example")) },
        ViberBody::Image { media_url: "https://cdn.example/s.jpg".into(), text: None, button: None },
        ViberBody::Image {
            media_url: "https://cdn.example/s.jpg".into(),
            text: Some("Sale".into()),
            button: button(Some("https://shop.example")),
        },
        ViberBody::Video {
            media_url: "https://cdn.example/s.mp4".into(),
            thumbnail_url: "https://cdn.example/t.jpg".into(),
            duration_secs: 75,
            text: Some("Watch".into()),
            button: button(None),
        },
        ViberBody::Video {
            media_url: "https://cdn.example/s.mp4".into(),
            thumbnail_url: "https://cdn.example/t.jpg".into(),
            duration_secs: 1,
            text: None,
            button: button(Some("https://shop.example")),
        },
        ViberBody::File { media_url: "https://cdn.example/s.pdf".into(), file_name: "s.pdf".into() },
    ];
    let messages: Vec<_> = bodies
        .into_iter()
        .zip(1..)
        .map(|(body, n)| queued_with(n, Channel::Viber, viber(body, Label::Transactional, None)))
        .collect();
    assert_json_snapshot!("viber_bodies", encoded_all(Channel::Viber, &messages).unwrap());
}

#[test]
fn viber_with_everything() {
    let body = ViberBody::Text { text: "Sale".into(), button: None };
    let content = viber(body, Label::Promotional, fallback());
    assert_json_snapshot!("viber_everything", with_options(Channel::Viber, content));
}

fn suggestions() -> Vec<Suggestion> {
    let url = || "https://shop.example/1".to_owned();
    let actions = [
        SuggestionAction::Reply,
        SuggestionAction::OpenUrl { url: url(), opens_in: None },
        SuggestionAction::OpenUrl { url: url(), opens_in: Some(OpensIn::Browser) },
        SuggestionAction::OpenUrl { url: url(), opens_in: Some(OpensIn::Webview(WebviewMode::Half)) },
        SuggestionAction::DialPhone { phone: "+385911234567".into() },
        SuggestionAction::ShowLocation { latitude: 45.813, longitude: 15.977, label: Some("Zagreb".into()) },
        SuggestionAction::RequestLocation,
        SuggestionAction::CreateCalendarEvent {
            starts_at: NOW,
            ends_at: NOW.plus(Duration::from_millis(3_600_250)),
            title: "Opening".into(),
            description: Some("Bring friends".into()),
        },
    ];
    let suggestion = |(action, n)| Suggestion { text: format!("s{n}"), postback: format!("p{n}"), action };
    actions.into_iter().zip(1..).map(suggestion).collect()
}

fn card(suggestions: Vec<Suggestion>) -> Card {
    Card {
        title: Some("One".into()),
        description: Some("First".into()),
        media: Some(CardMedia {
            url: "https://cdn.example/1.jpg".into(),
            thumbnail_url: Some("https://cdn.example/t.jpg".into()),
            height: MediaHeight::Tall,
        }),
        suggestions,
    }
}

fn rcs(body: RcsBody, suggestions: Vec<Suggestion>, fallback: Option<SmsFallback>) -> Content {
    Content::Rcs(RcsContent { sender: "AcmeAgent".into(), body, suggestions, fallback })
}

#[test]
fn rcs_text_and_file() {
    let text = rcs(RcsBody::Text { text: "Hi".into() }, suggestions(), fallback());
    assert_json_snapshot!("rcs_text", with_options(Channel::Rcs, text));
    let file = RcsBody::File {
        url: "https://cdn.example/f.pdf".into(),
        thumbnail_url: Some("https://cdn.example/t.jpg".into()),
    };
    assert_json_snapshot!("rcs_file", encoded(Channel::Rcs, rcs(file, Vec::new(), None)));
}

#[test]
fn rcs_card_and_carousel() {
    let all = suggestions();
    let (first, second) = all.split_at(4);
    let single = RcsBody::Card {
        orientation: Orientation::Horizontal,
        alignment: Alignment::Right,
        card: Box::new(card(first.to_vec())),
    };
    assert_json_snapshot!("rcs_card", encoded(Channel::Rcs, rcs(single, second.to_vec(), None)));
    let title_only = Card { title: Some("Two".into()), description: None, media: None, suggestions: Vec::new() };
    let carousel = RcsBody::Carousel { width: CardWidth::Medium, cards: vec![card(second.to_vec()), title_only] };
    assert_json_snapshot!("rcs_carousel", encoded(Channel::Rcs, rcs(carousel, suggestions(), None)));
}

fn links() -> Links {
    Links {
        android_scheme: Some("acme://a".into()),
        ios_scheme: Some("acme://i".into()),
        url_mobile: Some("https://m.example/1".into()),
        url_pc: Some("https://www.example/1".into()),
    }
}

/// A template has at most five buttons, so the eight kinds take two.
fn alim(route: KakaoRoute, actions: Vec<AlimAction>) -> Content {
    Content::KakaoAlim(AlimContent {
        route,
        template_code: "order01".into(),
        text: "Order 1001 is on its way".into(),
        title: Some("Shipping".into()),
        image_url: Some("https://cdn.example/never-sent.jpg".into()),
        buttons: actions.into_iter().zip(1..).map(|(action, n)| AlimButton { name: format!("b{n}"), action }).collect(),
        fallback: fallback(),
    })
}

fn links_actions() -> Vec<AlimAction> {
    let mobile = Links { url_mobile: Some("https://m.example/1".into()), ..Links::default() };
    vec![
        AlimAction::AppLink(links()),
        AlimAction::WebLink { links: links(), opens_outside: true },
        AlimAction::WebLink { links: mobile, opens_outside: false },
        AlimAction::ChatbotSwitch { extra: Some("x".into()), event: None },
    ]
}

fn plain_actions() -> Vec<AlimAction> {
    vec![AlimAction::DeliveryTracking, AlimAction::BotKeyword, AlimAction::MessageDelivery, AlimAction::AddChannel]
}

fn chingu(route: KakaoRoute, image: Option<ChinguImage>) -> Content {
    Content::KakaoChingu(ChinguContent {
        route,
        text: "Sale".into(),
        image,
        buttons: vec![
            ChinguButton { name: "Web".into(), kind: ChinguButtonKind::WebLink(links()) },
            ChinguButton { name: "App".into(), kind: ChinguButtonKind::AppLink(links()) },
        ],
        is_promotional: Some(true),
        fallback: fallback(),
    })
}

fn image() -> Option<ChinguImage> {
    Some(ChinguImage { url: "https://cdn.example/s.jpg".into(), link: Some("https://shop.example".into()) })
}

fn direct() -> KakaoRoute {
    KakaoRoute::Direct { sender: "PROFILE-KEY".into() }
}

fn over_omni() -> KakaoRoute {
    KakaoRoute::Omni { scenario_key: "CC9F01A5DC7BEE2C2B829D203482A654".into() }
}

#[test]
fn kakao_direct() {
    assert_json_snapshot!("kakao_alim_links", with_options(Channel::KakaoAlim, alim(direct(), links_actions())));
    assert_json_snapshot!("kakao_alim_plain", encoded(Channel::KakaoAlim, alim(direct(), plain_actions())));
    assert_json_snapshot!("kakao_chingu_text", encoded(Channel::KakaoChingu, chingu(direct(), None)));
    assert_json_snapshot!("kakao_chingu_image", with_options(Channel::KakaoChingu, chingu(direct(), image())));
}

#[test]
fn omni() {
    let viber = Content::ViberOmni(ViberOmniContent {
        scenario_key: "CC9F01A5DC7BEE2C2B829D203482A654".into(),
        text: Some("Sale".into()),
        image_url: Some("https://cdn.example/s.jpg".into()),
        button: Some(OmniButton { text: "Call".into(), url: "tel:385911234567".into() }),
        label: Label::Promotional,
        sms_text: Some("By SMS".into()),
    });
    assert_json_snapshot!("omni_viber", with_options(Channel::ViberOmni, viber));
    assert_json_snapshot!("omni_chingu", encoded(Channel::KakaoChinguOmni, chingu(over_omni(), image())));
    let alim_of = |actions| alim(over_omni(), actions);
    assert_json_snapshot!("omni_alim_links", with_options(Channel::KakaoAlimOmni, alim_of(links_actions())));
    assert_json_snapshot!("omni_alim_plain", encoded(Channel::KakaoAlimOmni, alim_of(plain_actions())));
}

#[test]
fn a_content_goes_only_to_its_own_endpoint() {
    for channel in Channel::all().filter(|channel| *channel != Channel::Sms) {
        let sent = encoded_all(channel, &[queued(1, "an SMS")]);
        assert!(matches!(sent, Err(EncodeError::OtherChannel)), "{channel:?}: {sent:?}");
    }
    for (channel, content) in [
        (Channel::KakaoAlim, alim(over_omni(), Vec::new())),
        (Channel::KakaoAlimOmni, alim(direct(), Vec::new())),
        (Channel::KakaoChingu, chingu(over_omni(), None)),
        (Channel::KakaoChinguOmni, chingu(direct(), None)),
    ] {
        let sent = encoded_all(channel, &[queued_with(1, channel, content)]);
        assert!(matches!(sent, Err(EncodeError::OtherChannel)), "{channel:?}: {sent:?}");
    }
}

#[test]
fn a_request_has_at_least_one_message_and_over_omni_only_one() {
    for channel in Channel::all() {
        assert!(matches!(encoded_all(channel, &[]), Err(EncodeError::Count)), "{channel:?}");
    }
    let two = [1, 2].map(|n| queued_with(n, Channel::KakaoAlimOmni, alim(over_omni(), Vec::new())));
    assert!(matches!(encoded_all(Channel::KakaoAlimOmni, &two), Err(EncodeError::Count)));
}
