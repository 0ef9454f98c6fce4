//! SMS, LMS, MMS and WhatsApp.

use super::Show;
use crate::domain::channel::Channel;
use crate::sandbox::sample;

const SMS_SENDER: &str = super::SMS_NAME;
const IMAGE: &str = "https://cdn.example.com/spring.png";
const SMIL: &str = r#"<smil><head><layout><region id="Image" top="0" height="70%"/><region id="Text" top="70%" height="30%"/></layout></head><body><par dur="8s"><img src="spring.png" region="Image"/><text src="text.txt" region="Text"/></par></body></smil>"#;

pub(super) const SHOWS: &[Show] = &[
    Show {
        channel: Channel::Sms,
        content: "tracked URL",
        arguments: &[
            ("sender", sample::NUMBER),
            ("text", concat!("Hi ", event!("FirstName"), ", your parcel is on its way: https://www.example.com/track")),
            ("shortenUrl", "true"),
            ("trackClicks", "true"),
        ],
    },
    Show {
        channel: Channel::Sms,
        content: "plain text",
        arguments: &[
            ("sender", sample::NUMBER),
            ("text", concat!("Hi ", event!("FirstName"), " ", event!("LastName"), ", your parcel is here.")),
        ],
    },
    Show {
        channel: Channel::Sms,
        content: "India DLT",
        arguments: &[
            ("sender", SMS_SENDER),
            ("text", concat!("नमस्ते ", event!("FirstName"), ", your order has left us.")),
            ("dlt", "true"),
            ("dltPrincipalEntityId", "1101234560000012345"),
            ("dltContentTemplateId", "1107161234567890123"),
        ],
    },
    Show {
        channel: Channel::Lms,
        content: "text with a title",
        arguments: &[
            ("sender", SMS_SENDER),
            ("title", "봄 세일"),
            ("text", concat!(event!("FirstName"), "님, 봄 세일이 시작되었습니다. 많은 이용 바랍니다.")),
            ("resellerCode", "302190001"),
        ],
    },
    Show {
        channel: Channel::Mms,
        content: "text",
        arguments: &[
            ("sender", sample::NUMBER),
            ("segmentType1", "TEXT"),
            ("segmentText1", concat!("Hi ", event!("FirstName"), ", our spring sale has begun.")),
        ],
    },
    Show {
        channel: Channel::Mms,
        content: "text, image and SMIL",
        arguments: &[
            ("sender", sample::NUMBER),
            ("title", "Spring sale"),
            ("segmentType1", "SMIL"),
            ("segmentText1", SMIL),
            ("segmentType2", "LINK"),
            ("segmentUrl2", IMAGE),
            ("segmentMediaType2", "image/png"),
            ("segmentType3", "TEXT"),
            ("segmentText3", concat!("Hi ", event!("FirstName"), ", our spring sale has begun.")),
            ("fallbackSender", SMS_SENDER),
            ("fallbackText", "Our spring sale has begun: https://www.example.com/sale"),
        ],
    },
    Show {
        channel: Channel::WhatsApp,
        content: "text template",
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::TEXT_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "2"),
            ("placeholder1", event!("FirstName")),
            ("placeholder2", concat!(event!("SubscriberKey"), ": https://www.example.com/track")),
            ("shortenUrl", "true"),
            ("fallbackSender", SMS_SENDER),
            ("fallbackText", concat!("Hello ", event!("FirstName"), ", your order is on its way.")),
        ],
    },
    Show {
        channel: Channel::WhatsApp,
        content: "template without placeholders",
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::PLAIN_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "0"),
        ],
    },
    Show {
        channel: Channel::WhatsApp,
        content: "image template",
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::IMAGE_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "1"),
            ("placeholder1", event!("FirstName")),
            ("headerType", "IMAGE"),
            ("headerMediaUrl", IMAGE),
            ("buttonType1", "QUICK_REPLY"),
            ("buttonParameter1", "TELL-ME-MORE"),
        ],
    },
    Show {
        channel: Channel::WhatsApp,
        content: "video template",
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::VIDEO_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "0"),
            ("headerType", "VIDEO"),
            ("headerMediaUrl", "https://cdn.example.com/how-it-works.mp4"),
        ],
    },
    Show {
        channel: Channel::WhatsApp,
        content: "document template",
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::DOCUMENT_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "1"),
            ("placeholder1", event!("FirstName")),
            ("headerType", "DOCUMENT"),
            ("headerMediaUrl", "https://cdn.example.com/invoice.pdf"),
            ("headerFilename", concat!("Invoice ", event!("SubscriberKey"), ".pdf")),
        ],
    },
    Show {
        channel: Channel::WhatsApp,
        content: "location template",
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::LOCATION_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "0"),
            ("headerType", "LOCATION"),
            ("headerLatitude", "45.8153"),
            ("headerLongitude", "15.9665"),
        ],
    },
    Show {
        channel: Channel::WhatsApp,
        content: "template with buttons",
        arguments: &[
            ("sender", sample::NUMBER),
            ("templateName", sample::BUTTON_TEMPLATE),
            ("templateLanguage", sample::TEMPLATE_LANGUAGE),
            ("placeholderCount", "1"),
            ("placeholder1", "25 %"),
            ("headerType", "TEXT"),
            ("headerText", event!("FirstName")),
            ("buttonType1", "QUICK_REPLY"),
            ("buttonParameter1", "TELL-ME-MORE"),
            ("buttonType2", "URL"),
            ("buttonParameter2", concat!("spring?contact=", event!("SubscriberKey"))),
            ("buttonType3", "COPY_CODE"),
            ("buttonParameter3", "SPRING-25"),
            ("shortenUrl", "true"),
        ],
    },
];
