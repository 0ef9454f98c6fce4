//! `POST /kakao-chingu/1/messages` (infobip.md 7.2).

use serde_json::Value;

use super::channel::{BODY_BYTES_MAX, Channel, Envelope, Verdict, items};
use super::errors::Violation;
use super::schema::{ANY, Field, Kind, optional, required};
use super::status::ENROUTE;
use super::unified::{
    CAMPAIGN_OPTION, DESTINATIONS, FAILOVER_WEBHOOKS, PLATFORM_OPTION, REQUEST_OPTIONS, SMS_FAILOVER, VALIDITY_OPTION,
    WINDOW_OPTION,
};
use crate::sandbox::fields::Fields as _;

/// Buttons of a text or image, and what a coupon takes of them.
const BUTTONS_MAX: usize = 5;

pub(super) const CHANNEL: &Channel = &Channel {
    path: "/kakao-chingu/1/messages",
    name: "KAKAO_CHINGU",
    envelope: Envelope::Unified,
    request: &REQUEST,
    body_bytes_max: BODY_BYTES_MAX,
    accepted: ENROUTE,
    text: |_, message| {
        let content = message.at("content");
        let texts = ["text", "content", "header"].map(|name| content.at(name).as_str());
        texts.into_iter().flatten().next().unwrap_or_default().to_owned()
    },
    judge: |account, message| {
        Verdict::of_sender(message.at("sender"), &account.kakao_profile_keys, |known, sender| known == sender)
    },
};

const LINK: Kind = Kind::Sized { min: 1, max: 500 };
const ANDROID: Field = optional("schemeAndroid", LINK);
const IOS: Field = optional("schemeIos", LINK);
const URL_PC: Field = optional("urlPc", LINK);
const TARGET: Field = optional("target", Kind::OneOf(&["OUT"]));
const FORM_KEY: Field = required("businessFormKey", ANY);

/// Names of buttons are longer below a text or an image than elsewhere.
const NAME: Field = required("name", Kind::Sized { min: 1, max: 14 });
const SHORT_NAME: Field = required("name", Kind::Sized { min: 1, max: 8 });
const BUTTON: Kind = Kind::Tagged(&[
    ("URL", &[NAME, required("urlMobile", LINK), URL_PC, TARGET]),
    ("APP_LINK", &[NAME, ANDROID, IOS, optional("urlMobile", LINK), URL_PC]),
    ("BOT_KEYWORD", &[NAME]),
    ("MESSAGE_DELIVERY", &[NAME]),
    ("BUSINESS_FORM", &[NAME, FORM_KEY]),
    ("ADD_CHANNEL", &[]),
]);
const SHORT_BUTTON: Kind = Kind::Tagged(&[
    ("URL", &[SHORT_NAME, required("urlMobile", LINK), URL_PC, TARGET]),
    ("APP_LINK", &[SHORT_NAME, ANDROID, IOS, optional("urlMobile", LINK), URL_PC]),
    ("BOT_KEYWORD", &[SHORT_NAME]),
    ("MESSAGE_DELIVERY", &[SHORT_NAME]),
    ("BUSINESS_FORM", &[SHORT_NAME, FORM_KEY]),
    ("ADD_CHANNEL", &[]),
]);
const SHORT_BUTTONS: Kind = Kind::List { of: &SHORT_BUTTON, min: 1, max: 2 };

const IMAGE: Field = required(
    "image",
    Kind::Object(&[required("url", Kind::Link { max: 250 }), optional("link", Kind::Text { max: 250 })]),
);
const COUPON_TITLE: Field = required(
    "title",
    Kind::Tagged(&[
        ("PRICE_DISCOUNT_COUPON", &[required("couponTitleParameter", Kind::Int { min: 1, max: 99_999_999 })]),
        ("PERCENTAGE_DISCOUNT_COUPON", &[required("couponTitleParameter", Kind::Int { min: 1, max: 100 })]),
        ("SHIPPING_DISCOUNT_COUPON", &[]),
        ("FREE_COUPON", &[required("couponTitleParameter", Kind::Sized { min: 1, max: 7 })]),
        ("UP_COUPON", &[required("couponTitleParameter", Kind::Sized { min: 1, max: 7 })]),
    ]),
);
const URL_MOBILE: Field = required("urlMobile", ANY);
/// As a coupon and an item spell them.
const ITEM_URL_PC: Field = optional("urlPC", ANY);
const ITEM_ANDROID: Field = optional("schemeAndroid", ANY);
const ITEM_IOS: Field = optional("schemeIOS", ANY);
const COUPON: Field =
    coupon(&[COUPON_TITLE, required("description", ANY), URL_MOBILE, ITEM_URL_PC, ITEM_ANDROID, ITEM_IOS]);
const SHORT_COUPON: Field = coupon(&[
    COUPON_TITLE,
    required("description", Kind::Sized { min: 1, max: 12 }),
    URL_MOBILE,
    ITEM_URL_PC,
    ITEM_ANDROID,
    ITEM_IOS,
]);
const LONG_COUPON: Field = coupon(&[
    COUPON_TITLE,
    required("description", Kind::Sized { min: 1, max: 18 }),
    URL_MOBILE,
    ITEM_URL_PC,
    ITEM_ANDROID,
    ITEM_IOS,
]);

const PRICE: Kind = Kind::Int { min: 0, max: 99_999_999 };
const COMMERCE: Kind = Kind::Object(&[
    required("title", Kind::Sized { min: 1, max: 30 }),
    required("regularPrice", PRICE),
    optional("discountPrice", PRICE),
    optional("discountRate", Kind::Int { min: 0, max: 100 }),
    optional("discountFixed", Kind::Int { min: 0, max: 999_999 }),
]);
const ITEM: Kind = Kind::Object(&[
    required("title", ANY),
    required("url", Kind::Text { max: 250 }),
    URL_MOBILE,
    ITEM_URL_PC,
    ITEM_ANDROID,
    ITEM_IOS,
]);
const ADDITIONAL: Field = optional("additionalContent", Kind::Text { max: 34 });
/// As the ends of a carousel spell them.
const END_URL_PC: Field = optional("urlPc", ANY);
const END_IOS: Field = optional("schemeIos", ANY);
const TAIL: Field = optional("tail", Kind::Object(&[URL_MOBILE, END_URL_PC, ITEM_ANDROID, END_IOS]));
const CAROUSEL: &[Field] = &[
    required(
        "elements",
        Kind::List {
            of: &Kind::Object(&[
                required("header", Kind::Text { max: 20 }),
                required("message", Kind::Text { max: 180 }),
                required("attachment", Kind::Object(&[required("buttons", SHORT_BUTTONS), IMAGE, SHORT_COUPON])),
            ]),
            min: 2,
            max: 6,
        },
    ),
    optional(
        "head",
        Kind::Object(&[
            required("header", Kind::Text { max: 20 }),
            required("content", Kind::Text { max: 50 }),
            IMAGE,
            optional("urlMobile", ANY),
            END_URL_PC,
            ITEM_ANDROID,
            END_IOS,
        ]),
    ),
    TAIL,
];
const CAROUSEL_COMMERCE: &[Field] = &[
    required(
        "elements",
        Kind::List {
            of: &Kind::Object(&[
                ADDITIONAL,
                required(
                    "attachment",
                    Kind::Object(&[
                        required("buttons", SHORT_BUTTONS),
                        IMAGE,
                        SHORT_COUPON,
                        optional("commerce", COMMERCE),
                    ]),
                ),
            ]),
            min: 0,
            max: 6,
        },
    ),
    optional(
        "head",
        Kind::Object(&[
            required("header", ANY),
            required("content", ANY),
            optional("imageUrl", ANY),
            optional("urlMobile", ANY),
            END_URL_PC,
            ITEM_ANDROID,
            END_IOS,
        ]),
    ),
    TAIL,
];

const TEXT: Field = required("text", Kind::Text { max: 1_300 });
const BUTTONS: Field = optional("buttons", Kind::List { of: &BUTTON, min: 0, max: BUTTONS_MAX });
const TEMPLATE_CODE: Field = required("templateCode", Kind::Text { max: 50 });
const MESSAGE_DATA: Field = optional("messageData", Kind::Texts);
const BUTTON_DATA: Field = optional("buttonData", Kind::Texts);
const COUPON_DATA: Field = optional("couponData", Kind::Texts);
const IMAGE_DATA: Field = optional("imageData", Kind::List { of: &Kind::Texts, min: 0, max: usize::MAX });
const TEXT_VARIABLE: &[Field] = &[TEMPLATE_CODE, MESSAGE_DATA, BUTTON_DATA, COUPON_DATA];
const IMAGE_VARIABLE: &[Field] = &[TEMPLATE_CODE, MESSAGE_DATA, BUTTON_DATA, COUPON_DATA, IMAGE_DATA];

const CONTENT: Kind = Kind::Ruled(
    &Kind::Tagged(&[
        ("TEXT_FREE_FORM", &[TEXT, BUTTONS, COUPON]),
        ("IMAGE_FREE_FORM", &[TEXT, IMAGE, BUTTONS, COUPON]),
        (
            "IMAGE_WIDE_FREE_FORM",
            &[required("text", Kind::Text { max: 76 }), IMAGE, optional("buttons", SHORT_BUTTONS), LONG_COUPON],
        ),
        (
            "ITEM_LIST_FREE_FORM",
            &[
                required("header", Kind::Sized { min: 1, max: 20 }),
                required("itemList", Kind::List { of: &ITEM, min: 3, max: 5 }),
                optional("buttons", SHORT_BUTTONS),
                LONG_COUPON,
            ],
        ),
        (
            "COMMERCE_FREE_FORM",
            &[required("buttons", SHORT_BUTTONS), required("commerce", COMMERCE), IMAGE, ADDITIONAL, SHORT_COUPON],
        ),
        ("CAROUSEL_FREE_FORM", CAROUSEL),
        ("CAROUSEL_COMMERCE_FREE_FORM", CAROUSEL_COMMERCE),
        (
            "PREMIUM_VIDEO_FREE_FORM",
            &[
                required(
                    "video",
                    Kind::Object(&[
                        required("videoUrl", Kind::Text { max: 500 }),
                        optional("thumbnailUrl", Kind::Text { max: 500 }),
                    ]),
                ),
                optional("header", Kind::Text { max: 20 }),
                optional("content", Kind::Text { max: 76 }),
                optional("button", SHORT_BUTTON),
                LONG_COUPON,
            ],
        ),
        ("TEXT_VARIABLE", TEXT_VARIABLE),
        ("IMAGE_VARIABLE", IMAGE_VARIABLE),
        ("IMAGE_WIDE_VARIABLE", IMAGE_VARIABLE),
        ("ITEM_LIST_VARIABLE", IMAGE_VARIABLE),
    ]),
    coupon_violation,
);
const MESSAGE: Kind = Kind::Object(&[
    required("sender", Kind::Filled { max: usize::MAX }),
    DESTINATIONS,
    required("content", CONTENT),
    optional(
        "options",
        Kind::Object(&[
            PLATFORM_OPTION,
            VALIDITY_OPTION,
            WINDOW_OPTION,
            CAMPAIGN_OPTION,
            SMS_FAILOVER,
            optional("targeting", Kind::OneOf(&["ALL_CONSENT", "NON_FRIENDS", "TARGETED_FRIENDS"])),
        ]),
    ),
    FAILOVER_WEBHOOKS,
]);
const REQUEST: Kind =
    Kind::Object(&[required("messages", Kind::List { of: &MESSAGE, min: 1, max: usize::MAX }), REQUEST_OPTIONS]);

const fn coupon(fields: &'static [Field]) -> Field {
    optional("coupon", Kind::Object(fields))
}

/// A coupon takes the place of one button.
fn coupon_violation(content: &Value) -> Option<Violation> {
    let is_violated = !content.at("coupon").is_null() && items(content.at("buttons")).len() >= BUTTONS_MAX;
    is_violated.then(|| ("buttons".to_owned(), format!("size must be between 0 and {} with a coupon", BUTTONS_MAX - 1)))
}
