//! The kinds of content: what an activity says, and what Infobip gets of it (infobip.md 2 to 7).

use serde_json::{Value, json};
use waypost::sandbox::sample;

use super::{MMS_AS_SMS, OMNI};
use crate::support::{OMNI_KEY, REPORTS_KEY};

/// One content of one channel by one account.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) channel: &'static str,
    pub(crate) account: &'static str,
    pub(crate) arguments: &'static [(&'static str, &'static str)],
    pub(crate) path: &'static str,
    pub(crate) bulk_id: &'static str,
    pub(crate) content: fn() -> Value,
    /// Whose row its report becomes, and how the `channel` column spells it.
    pub(crate) extension: &'static str,
    pub(crate) reported_as: &'static str,
}

impl Case {
    pub(crate) fn name(&self) -> String {
        format!("{} by {} with {:?}", self.channel, self.account, self.arguments)
    }
}

const IMAGE: &str = "https://cdn.example/a.png";
const SHOP: &str = "https://shop.example/spring";
const SMIL: &str = "<smil><body><par dur=\"5s\"><text src=\"a.txt\"/></par></body></smil>";

const SMS: Case = Case {
    channel: "SMS",
    account: "main",
    arguments: &[],
    path: "/sms/3/messages",
    bulk_id: "Infobip SMS",
    content: || json!({ "text": "Hi" }),
    extension: REPORTS_KEY,
    reported_as: "SMS",
};
const MMS: Case = Case {
    channel: "MMS",
    path: "/mms/2/messages",
    bulk_id: "Infobip MMS",
    extension: OMNI_KEY,
    reported_as: "MMS",
    ..SMS
};
const WHATSAPP: Case = Case {
    channel: "WhatsApp",
    path: "/whatsapp/1/message/template",
    bulk_id: "Infobip WhatsApp",
    extension: OMNI_KEY,
    reported_as: "WhatsApp",
    ..SMS
};
const VIBER: Case = Case {
    channel: "Viber",
    path: "/viber/2/messages",
    bulk_id: "Infobip Viber",
    extension: OMNI_KEY,
    reported_as: "Viber",
    ..SMS
};
const VIBER_OMNI: Case = Case { channel: "Viber (deprecated)", path: "/omni/1/advanced", ..VIBER };
const CHINGU: Case = Case {
    channel: "KakaoChinguTalk",
    path: "/kakao-chingu/1/messages",
    bulk_id: "Infobip Kakao",
    extension: OMNI_KEY,
    reported_as: "KakaoChinguTalk",
    ..SMS
};
const ALIM: Case = Case { channel: "Kakao Alim", path: "/kakao-alim/1/messages", reported_as: "Kakao Alim", ..CHINGU };
const CHINGU_OMNI: Case = Case { account: OMNI, path: "/omni/1/advanced", ..CHINGU };
const ALIM_OMNI: Case = Case { account: OMNI, path: "/omni/1/advanced", ..ALIM };
const RCS: Case = Case {
    channel: "RCS",
    path: "/rcs/2/messages",
    bulk_id: "Infobip RCS",
    extension: OMNI_KEY,
    reported_as: "RCS",
    ..SMS
};

/// A template of a name, without anything to fill in.
fn template(name: &str, data: Value) -> Value {
    json!({ "templateName": name, "language": sample::TEMPLATE_LANGUAGE, "templateData": data })
}

/// One after the other, each to a contact of its own.
pub(crate) const CASES: &[Case] = &[
    SMS,
    Case {
        channel: "LMS",
        arguments: &[("title", "Sale"), ("resellerCode", "302190001")],
        bulk_id: "Infobip LMS",
        reported_as: "LMS",
        ..SMS
    },
    Case {
        arguments: &[("sender", sample::NUMBER), ("segmentType1", "TEXT"), ("segmentText1", "Hi")],
        content: || json!({ "messageSegments": [{ "type": "TEXT", "contentId": "a", "text": "Hi" }] }),
        ..MMS
    },
    Case {
        account: MMS_AS_SMS,
        arguments: &[
            ("sender", sample::NUMBER),
            ("title", "Sale"),
            ("segmentType1", "SMIL"),
            ("segmentText1", SMIL),
            ("segmentType2", "LINK"),
            ("segmentUrl2", IMAGE),
            ("segmentMediaType2", "image/png"),
            ("segmentType3", "TEXT"),
            ("segmentText3", "Hi"),
        ],
        content: || {
            json!({ "title": "Sale", "messageSegments": [
                { "type": "SMIL", "contentId": "a", "contentType": "application/smil", "smil": SMIL },
                { "type": "LINK", "contentId": "b", "contentUrl": IMAGE, "contentType": "image/png" },
                { "type": "TEXT", "contentId": "c", "text": "Hi" },
            ] })
        },
        extension: REPORTS_KEY,
        ..MMS
    },
    Case {
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::TEXT_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "2"),
            ("placeholder1", "Ana"),
            ("placeholder2", "1001"),
        ],
        content: || template(sample::TEXT_TEMPLATE, json!({ "body": { "placeholders": ["Ana", "1001"] } })),
        ..WHATSAPP
    },
    Case {
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::IMAGE_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "1"),
            ("placeholder1", "Ana"),
            ("headerType", "IMAGE"),
            ("headerMediaUrl", IMAGE),
            ("buttonType1", "QUICK_REPLY"),
            ("buttonParameter1", "MORE"),
        ],
        content: || {
            let buttons = json!([{ "type": "QUICK_REPLY", "parameter": "MORE" }]);
            let header = json!({ "type": "IMAGE", "mediaUrl": IMAGE });
            let data = json!({ "body": { "placeholders": ["Ana"] }, "header": header, "buttons": buttons });
            template(sample::IMAGE_TEMPLATE, data)
        },
        ..WHATSAPP
    },
    Case {
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::DOCUMENT_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "1"),
            ("placeholder1", "Ana"),
            ("headerType", "DOCUMENT"),
            ("headerMediaUrl", "https://cdn.example/a.pdf"),
            ("headerFilename", "a.pdf"),
        ],
        content: || {
            let header = json!({ "type": "DOCUMENT", "mediaUrl": "https://cdn.example/a.pdf", "filename": "a.pdf" });
            template(sample::DOCUMENT_TEMPLATE, json!({ "body": { "placeholders": ["Ana"] }, "header": header }))
        },
        ..WHATSAPP
    },
    Case {
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::LOCATION_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "0"),
            ("headerType", "LOCATION"),
            ("headerLatitude", "45.5"),
            ("headerLongitude", "-15.25"),
        ],
        content: || {
            let header = json!({ "type": "LOCATION", "latitude": 45.5, "longitude": -15.25 });
            template(sample::LOCATION_TEMPLATE, json!({ "body": { "placeholders": [] }, "header": header }))
        },
        ..WHATSAPP
    },
    Case {
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::BUTTON_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "1"),
            ("placeholder1", "25 %"),
            ("headerType", "TEXT"),
            ("headerText", "Ana"),
            ("buttonType1", "QUICK_REPLY"),
            ("buttonParameter1", "MORE"),
            ("buttonType2", "URL"),
            ("buttonParameter2", "sale?a=1"),
            ("buttonType3", "COPY_CODE"),
            ("buttonParameter3", "SPRING-25"),
        ],
        content: || {
            let buttons = json!([
                { "type": "QUICK_REPLY", "parameter": "MORE" },
                { "type": "URL", "parameter": "sale?a=1" },
                { "type": "COPY_CODE", "parameter": "SPRING-25" },
            ]);
            let header = json!({ "type": "TEXT", "placeholder": "Ana" });
            let data = json!({ "body": { "placeholders": ["25 %"] }, "header": header, "buttons": buttons });
            template(sample::BUTTON_TEMPLATE, data)
        },
        ..WHATSAPP
    },
    Case {
        arguments: &[("sender", sample::VIBER_SENDER)],
        content: || json!({ "type": "TEXT", "text": "Hi" }),
        ..VIBER
    },
    Case {
        arguments: &[("sender", sample::VIBER_SENDER), ("contentType", "IMAGE"), ("imageUrl", IMAGE), ("text", "")],
        content: || json!({ "type": "IMAGE", "mediaUrl": IMAGE }),
        ..VIBER
    },
    Case {
        arguments: &[
            ("sender", sample::VIBER_SENDER),
            ("contentType", "IMAGE"),
            ("imageUrl", IMAGE),
            ("buttonText", "Shop"),
            ("buttonUrl", SHOP),
        ],
        content: || {
            let button = json!({ "title": "Shop", "action": SHOP });
            json!({ "type": "IMAGE", "mediaUrl": IMAGE, "text": "Hi", "button": button })
        },
        ..VIBER
    },
    Case {
        arguments: &[
            ("sender", sample::VIBER_SENDER),
            ("contentType", "VIDEO"),
            ("videoUrl", "https://cdn.example/a.mp4"),
            ("videoSeconds", "75"),
            ("thumbnailUrl", IMAGE),
        ],
        content: || {
            let video = "https://cdn.example/a.mp4";
            json!({ "type": "VIDEO", "mediaUrl": video, "mediaDuration": "PT75S", "thumbnailUrl": IMAGE, "text": "Hi" })
        },
        ..VIBER
    },
    Case {
        arguments: &[
            ("sender", sample::VIBER_SENDER),
            ("contentType", "FILE"),
            ("text", ""),
            ("fileUrl", "https://cdn.example/a.pdf"),
            ("fileName", "a.pdf"),
        ],
        content: || json!({ "type": "FILE", "mediaUrl": "https://cdn.example/a.pdf", "fileName": "a.pdf" }),
        ..VIBER
    },
    Case {
        arguments: &[
            ("scenarioKey", sample::VIBER_SCENARIO),
            ("imageUrl", IMAGE),
            ("buttonText", "Shop"),
            ("buttonUrl", SHOP),
            ("promotional", "false"),
        ],
        content: || {
            let viber = json!({ "text": "Hi", "imageURL": IMAGE, "buttonText": "Shop", "buttonURL": SHOP, "isPromotional": false });
            json!({ "scenarioKey": sample::VIBER_SCENARIO, "viber": viber })
        },
        ..VIBER_OMNI
    },
    Case {
        arguments: &[("sender", sample::KAKAO_PROFILE_KEY)],
        content: || json!({ "type": "TEXT_FREE_FORM", "text": "Hi" }),
        ..CHINGU
    },
    Case {
        arguments: &[
            ("sender", sample::KAKAO_PROFILE_KEY),
            ("imageUrl", IMAGE),
            ("imageLink", SHOP),
            ("buttonType1", "WEB_LINK"),
            ("buttonName1", "Shop"),
            ("buttonUrlMobile1", SHOP),
            ("buttonType2", "APP_LINK"),
            ("buttonName2", "App"),
            ("buttonAndroidScheme2", "shop://a"),
            ("buttonIosScheme2", "shop://i"),
        ],
        content: || {
            let buttons = json!([
                { "type": "URL", "name": "Shop", "urlMobile": SHOP },
                { "type": "APP_LINK", "name": "App", "schemeAndroid": "shop://a", "schemeIos": "shop://i" },
            ]);
            json!({ "type": "IMAGE_FREE_FORM", "text": "Hi", "image": { "url": IMAGE, "link": SHOP }, "buttons": buttons })
        },
        ..CHINGU
    },
    Case {
        arguments: &[
            ("scenarioKey", sample::KAKAO_CHINGU_SCENARIO),
            ("promotional", "true"),
            ("imageUrl", IMAGE),
            ("imageLink", SHOP),
            ("buttonType1", "WEB_LINK"),
            ("buttonName1", "Shop"),
            ("buttonUrlMobile1", SHOP),
            ("buttonType2", "APP_LINK"),
            ("buttonName2", "App"),
            ("buttonAndroidScheme2", "shop://a"),
            ("buttonIosScheme2", "shop://i"),
        ],
        content: || {
            let buttons = json!([
                { "type": "URL", "buttonText": "Shop", "buttonUrl": SHOP },
                { "type": "APP_LINK", "buttonText": "App", "androidScheme": "shop://a", "iosScheme": "shop://i" },
            ]);
            let chingu = json!({
                "text": "Hi", "imageUrl": IMAGE, "imageLink": SHOP, "isPromotional": true, "buttons": buttons });
            json!({ "scenarioKey": sample::KAKAO_CHINGU_SCENARIO, "kakaoChingu": chingu })
        },
        ..CHINGU_OMNI
    },
    Case {
        arguments: &[
            ("sender", sample::KAKAO_PROFILE_KEY),
            ("templateName", "order"),
            ("title", "Order"),
            ("buttonType1", "WEB_LINK"),
            ("buttonName1", "Shop"),
            ("buttonUrlMobile1", SHOP),
            ("buttonTarget1", "out"),
            ("buttonType2", "DELIVERY_TRACKING"),
            ("buttonName2", "Where"),
            ("buttonType3", "CHATBOT_SWITCH"),
            ("buttonName3", "Chat"),
            ("buttonChatExtra3", "x"),
            ("buttonChatEvent3", "y"),
        ],
        content: || {
            let buttons = json!([
                { "type": "URL", "name": "Shop", "urlMobile": SHOP, "target": "out" },
                { "type": "DELIVERY_TRACKING", "name": "Where" },
                { "type": "CHATBOT_SWITCH", "name": "Chat", "chatExtra": "x", "chatEvent": "y" },
            ]);
            json!({ "type": "TEMPLATE", "templateCode": "order", "text": "Hi", "title": "Order", "buttons": buttons })
        },
        ..ALIM
    },
    Case {
        arguments: &[
            ("sender", sample::KAKAO_PROFILE_KEY),
            ("templateName", "order"),
            ("buttonType1", "APP_LINK"),
            ("buttonName1", "App"),
            ("buttonAndroidScheme1", "shop://a"),
            ("buttonIosScheme1", "shop://i"),
            ("buttonType2", "BOT_KEYWORD"),
            ("buttonName2", "Help"),
            ("buttonType3", "MESSAGE_DELIVERY"),
            ("buttonName3", "Send"),
            ("buttonType4", "ADD_CHANNEL"),
            ("buttonName4", "Add"),
        ],
        content: || {
            let buttons = json!([
                { "type": "APP_LINK", "name": "App", "schemeAndroid": "shop://a", "schemeIos": "shop://i" },
                { "type": "BOT_KEYWORD", "name": "Help" },
                { "type": "MESSAGE_DELIVERY", "name": "Send" },
                { "type": "ADD_CHANNEL", "name": "Add" },
            ]);
            json!({ "type": "TEMPLATE", "templateCode": "order", "text": "Hi", "buttons": buttons })
        },
        ..ALIM
    },
    Case {
        arguments: &[
            ("scenarioKey", sample::KAKAO_SCENARIO),
            ("templateName", "order"),
            ("title", "Order"),
            ("buttonType1", "WEB_LINK"),
            ("buttonName1", "Shop"),
            ("buttonUrlMobile1", SHOP),
            ("buttonTarget1", "out"),
            ("buttonType2", "DELIVERY_TRACKING"),
            ("buttonName2", "Where"),
            ("buttonType3", "CHATBOT_SWITCH"),
            ("buttonName3", "Chat"),
            ("buttonChatExtra3", "x"),
            ("buttonChatEvent3", "y"),
            ("fallbackText", "By SMS"),
        ],
        content: || {
            let buttons = json!([
                { "type": "URL", "buttonText": "Shop", "buttonUrlMobile": SHOP, "target": "out" },
                { "type": "DELIVERY_TRACKING", "buttonText": "Where" },
                { "type": "CHATBOT_SWITCH", "buttonText": "Chat", "chatExtra": "x", "chatEvent": "y" },
            ]);
            let alim = json!({ "templateCode": "order", "text": "Hi", "title": "Order", "buttons": buttons });
            json!({ "scenarioKey": sample::KAKAO_SCENARIO, "kakaoAlim": alim, "sms": { "text": "By SMS" } })
        },
        ..ALIM_OMNI
    },
    Case {
        arguments: &[
            ("sender", sample::RCS_SENDER),
            ("suggestionType1", "REPLY"),
            ("suggestionText1", "Yes"),
            ("suggestionType2", "OPEN_URL"),
            ("suggestionText2", "Shop"),
            ("suggestionUrl2", SHOP),
            ("suggestionPostback2", "SHOP"),
            ("suggestionOpensIn2", "WEBVIEW_TALL"),
            ("suggestionType3", "DIAL_PHONE"),
            ("suggestionText3", "Call"),
            ("suggestionPhone3", "+385915550000"),
            ("suggestionType4", "SHOW_LOCATION"),
            ("suggestionText4", "Store"),
            ("suggestionLatitude4", "45.5"),
            ("suggestionLongitude4", "15.25"),
            ("suggestionLabel4", "Zagreb"),
            ("suggestionType5", "REQUEST_LOCATION"),
            ("suggestionText5", "Where?"),
            ("suggestionType6", "CREATE_CALENDAR_EVENT"),
            ("suggestionText6", "Save"),
            ("suggestionStartsAt6", "2030-05-01T10:00:00Z"),
            ("suggestionEndsAt6", "2030-05-01T12:00:00Z"),
            ("suggestionTitle6", "Sale"),
        ],
        content: || {
            let suggestions = json!([
                { "type": "REPLY", "text": "Yes", "postbackData": "Yes" },
                { "type": "OPEN_URL", "text": "Shop", "postbackData": "SHOP", "url": SHOP,
                    "application": "WEBVIEW", "webviewViewMode": "TALL" },
                { "type": "DIAL_PHONE", "text": "Call", "postbackData": "Call", "phoneNumber": "+385915550000" },
                { "type": "SHOW_LOCATION", "text": "Store", "postbackData": "Store",
                    "latitude": 45.5, "longitude": 15.25, "label": "Zagreb" },
                { "type": "REQUEST_LOCATION", "text": "Where?", "postbackData": "Where?" },
                { "type": "CREATE_CALENDAR_EVENT", "text": "Save", "postbackData": "Save", "title": "Sale",
                    "startTime": "2030-05-01T10:00:00.000+0000", "endTime": "2030-05-01T12:00:00.000+0000" },
            ]);
            json!({ "type": "TEXT", "text": "Hi", "suggestions": suggestions })
        },
        ..RCS
    },
    Case {
        arguments: &[
            ("sender", sample::RCS_SENDER),
            ("contentType", "FILE"),
            ("text", ""),
            ("fileUrl", "https://cdn.example/a.pdf"),
            ("thumbnailUrl", IMAGE),
        ],
        content: || json!({ "type": "FILE", "file": { "url": "https://cdn.example/a.pdf" }, "thumbnail": { "url": IMAGE } }),
        ..RCS
    },
    Case {
        arguments: &[
            ("sender", sample::RCS_SENDER),
            ("contentType", "CARD"),
            ("text", ""),
            ("cardOrientation", "HORIZONTAL"),
            ("cardAlignment", "RIGHT"),
            ("card1Title", "Sale"),
            ("card1Description", "Now"),
            ("card1MediaUrl", IMAGE),
            ("card1MediaHeight", "TALL"),
        ],
        content: || {
            let media = json!({ "file": { "url": IMAGE }, "height": "TALL" });
            let card = json!({ "title": "Sale", "description": "Now", "media": media });
            json!({ "type": "CARD", "orientation": "HORIZONTAL", "alignment": "RIGHT", "content": card })
        },
        ..RCS
    },
    Case {
        arguments: &[
            ("sender", sample::RCS_SENDER),
            ("contentType", "CAROUSEL"),
            ("text", ""),
            ("cardWidth", "SMALL"),
            ("card1Title", "One"),
            ("card2Title", "Two"),
            ("card2SuggestionType1", "REPLY"),
            ("card2SuggestionText1", "This"),
        ],
        content: || {
            let suggestions = json!([{ "type": "REPLY", "text": "This", "postbackData": "This" }]);
            let cards = json!([{ "title": "One" }, { "title": "Two", "suggestions": suggestions }]);
            json!({ "type": "CAROUSEL", "cardWidth": "SMALL", "contents": cards })
        },
        ..RCS
    },
];
