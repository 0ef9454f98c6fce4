//! `POST /kakao-alim/1/messages` (infobip.md 7.1).

use serde_json::Value;

use super::InfobipAccount;
use super::channel::{BODY_BYTES_MAX, Channel, Envelope, Verdict};
use super::errors::Violation;
use super::schema::{ANY, Field, Kind, optional, required};
use super::status::{ENROUTE, INVALID_TEMPLATE, INVALID_TEMPLATE_ARGS};
use super::unified::{
    CAMPAIGN_OPTION, DESTINATIONS, PLATFORM_OPTION, SCHEDULE, SMS_FAILOVER, VALIDITY_OPTION, WEBHOOKS, WINDOW_OPTION,
};
use crate::sandbox::fields::Fields as _;

pub(super) const CHANNEL: &Channel = &Channel {
    path: "/kakao-alim/1/messages",
    name: "KAKAO_ALIM",
    envelope: Envelope::Unified,
    request: &REQUEST,
    body_bytes_max: BODY_BYTES_MAX,
    accepted: ENROUTE,
    text: |_, message| message.at("content").at("text").as_str().unwrap_or_default().to_owned(),
    judge: |account, message| {
        let sender = message.at("sender");
        Verdict::of_sender(sender, &account.kakao_profile_keys, |known, sender| known == sender)
            .or(|| template_verdict(account, sender, message.at("content")))
    },
};

/// Whether a content is of a registered template; the text must be the template's. Also for Alim through OMNI.
pub(super) fn template_verdict(account: &InfobipAccount, sender: &Value, content: &Value) -> Verdict {
    if account.kakao_templates.is_empty() {
        return Verdict::FINE;
    }
    let text = content.at("text").as_str().unwrap_or_default();
    let mut templates = account.kakao_templates.iter();
    let found = templates.find(|template| {
        *sender == *template.sender.as_str() && *content.at("templateCode") == *template.code.as_str()
    });
    match found {
        None => Verdict::failing(INVALID_TEMPLATE),
        Some(template) if !template.fits(text) => Verdict::failing(INVALID_TEMPLATE_ARGS),
        Some(_) => Verdict::FINE,
    }
}

const NAME: Field = required("name", Kind::Text { max: 28 });
const LINK: Kind = Kind::Sized { min: 1, max: 500 };
const BUTTON: Kind = Kind::Ruled(
    &Kind::Tagged(&[
        (
            "APP_LINK",
            &[
                NAME,
                optional("schemeAndroid", LINK),
                optional("schemeIos", LINK),
                optional("urlMobile", LINK),
                optional("urlPc", LINK),
            ],
        ),
        ("DELIVERY_TRACKING", &[NAME]),
        (
            "URL",
            &[
                NAME,
                required("urlMobile", Kind::Text { max: 500 }),
                optional("urlPc", LINK),
                optional("target", Kind::Text { max: 3 }),
            ],
        ),
        (
            "CHATBOT_SWITCH",
            &[NAME, optional("chatExtra", Kind::Text { max: 50 }), optional("chatEvent", Kind::Text { max: 50 })],
        ),
        ("BOT_KEYWORD", &[NAME]),
        ("MESSAGE_DELIVERY", &[NAME]),
        ("ADD_CHANNEL", &[NAME]),
    ]),
    app_link_violation,
);
const CONTENT: Kind = Kind::Tagged(&[(
    "TEMPLATE",
    &[
        required("templateCode", Kind::Text { max: 30 }),
        required("text", Kind::Text { max: 1_000 }),
        optional("title", Kind::Text { max: 50 }),
        optional("groupKey", ANY),
        optional("buttons", Kind::List { of: &BUTTON, min: 0, max: 5 }),
    ],
)]);
const MESSAGE: Kind = Kind::Object(&[
    required("sender", Kind::Filled { max: usize::MAX }),
    DESTINATIONS,
    required("content", CONTENT),
    optional(
        "options",
        Kind::Object(&[PLATFORM_OPTION, VALIDITY_OPTION, WINDOW_OPTION, CAMPAIGN_OPTION, SMS_FAILOVER]),
    ),
    WEBHOOKS,
]);
const REQUEST: Kind = Kind::Object(&[
    required("messages", Kind::List { of: &MESSAGE, min: 1, max: usize::MAX }),
    // No tracking here.
    optional("options", Kind::Object(&[SCHEDULE, optional("priority", Kind::OneOf(&["HIGH", "STANDARD", "LOW"]))])),
]);

/// An app link needs two of its three targets.
fn app_link_violation(button: &Value) -> Option<Violation> {
    let given = ["schemeAndroid", "schemeIos", "urlMobile"].iter().filter(|name| !button.at(name).is_null()).count();
    let is_violated = button.at("type") == "APP_LINK" && given < 2;
    is_violated.then(|| (String::new(), "needs two of schemeAndroid, schemeIos and urlMobile".to_owned()))
}
