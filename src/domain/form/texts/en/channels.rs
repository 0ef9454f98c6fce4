//! What fields are called on the channels that have them.

use super::super::FieldText;
use crate::domain::channel::Channel;
use crate::domain::message::names;

pub(super) fn of(channel: Channel) -> &'static [FieldText] {
    match channel {
        Channel::Sms => SMS,
        Channel::Lms => LMS,
        Channel::Mms => MMS,
        Channel::WhatsApp => WHATSAPP,
        Channel::Viber | Channel::ViberOmni => VIBER,
        Channel::KakaoChingu | Channel::KakaoChinguOmni => KAKAO_CHINGU,
        Channel::KakaoAlim | Channel::KakaoAlimOmni => KAKAO_ALIM,
        Channel::Rcs => RCS,
    }
}

const SMS: &[FieldText] = &[(names::TEXT, "Text", "Links in it can be shortened and tracked, see below.")];

const LMS: &[FieldText] = &[
    (names::TITLE, "Title", "Shown above the text."),
    (names::RESELLER_CODE, "Reseller code", "Mandatory for phone numbers registered in South Korea."),
];

const MMS: &[FieldText] = &[
    (names::TITLE, "Title", "Subject of the message."),
    (names::SEGMENT_TYPE_PREFIX, "Segment type", ""),
    (names::SEGMENT_TEXT_PREFIX, "Segment text", ""),
    (names::SEGMENT_URL_PREFIX, "Media URL", "Public address of an image, a video, a sound or a document."),
    (names::SEGMENT_MEDIA_TYPE_PREFIX, "Media type", "Such as image/png; Infobip finds out while it is empty."),
];

const WHATSAPP: &[FieldText] = &[
    (names::SENDER, "Sender", "A WhatsApp number of the account; its templates are offered below."),
    (names::TEMPLATE_NAME, "Template", "Approved text and media templates of the sender."),
    (names::TEMPLATE_LANGUAGE, "Template language", "As the template is registered."),
    (names::PLACEHOLDER_PREFIX, "Placeholder", "Without line breaks, tabs and more than four spaces in a row."),
    (names::HEADER_TYPE, "Header", "What the template's header takes."),
    (names::HEADER_TEXT, "Header text", "Value of the placeholder in the template's header."),
    (names::HEADER_MEDIA_URL, "Header media URL", "Public address of the image, video or document."),
    (names::HEADER_FILENAME, "Document name", "What the document is shown as."),
    (names::HEADER_LATITUDE, "Latitude", ""),
    (names::HEADER_LONGITUDE, "Longitude", ""),
    (names::BUTTON_TYPE_PREFIX, "Button type", ""),
    (names::BUTTON_PARAMETER_PREFIX, "Button value", "What completes the button of the template."),
    (
        names::SHORTEN_URL,
        "URL Shortening & Tracking",
        "Applies to URLs in the template's body. A URL in the header is shortened but not tracked, one of a button is neither.",
    ),
];

const VIBER: &[FieldText] = &[
    (names::CONTENT_TYPE, "Message type", ""),
    (names::PROMOTIONAL, "Purpose", "Promotional messages are advertisements and have a price of their own."),
    (names::IMAGE_URL, "Image URL", "Public address of a JPG or PNG image."),
    (names::VIDEO_URL, "Video URL", "Public address of the video."),
    (names::VIDEO_SECONDS, "Length in seconds", "Length of the video."),
    (names::THUMBNAIL_URL, "Preview image URL", "Shown before the video plays."),
    (names::FILE_URL, "File URL", "Public address of the file."),
    (names::FILE_NAME, "File name", "What the file is shown as, with its ending."),
    (names::BUTTON_TEXT, "Button name", "Text on the button below the message; no button without it."),
    (names::BUTTON_URL, "Button URL", "What the button opens."),
    (
        names::FALLBACK_TEXT,
        "Failover text",
        "Sent as an SMS when Viber can't deliver the message; none without a text.",
    ),
];

const KAKAO_CHINGU: &[FieldText] = &[
    (names::SENDER, "Sender", "Profile key of the Kakao channel."),
    (names::PROMOTIONAL, "Purpose", "Promotional messages are marked as advertisements."),
    (names::IMAGE_URL, "Image URL", "Public address of the image above the text."),
    (names::IMAGE_LINK, "Image link", "What opens when the image is tapped."),
    (names::BUTTON_TYPE_PREFIX, "Button type", ""),
    (names::BUTTON_NAME_PREFIX, "Button name", ""),
    (names::BUTTON_URL_MOBILE_PREFIX, "URL on phones", ""),
    (names::BUTTON_URL_PC_PREFIX, "URL on computers", ""),
    (names::BUTTON_ANDROID_SCHEME_PREFIX, "Android scheme", ""),
    (names::BUTTON_IOS_SCHEME_PREFIX, "iOS scheme", ""),
];

const KAKAO_ALIM: &[FieldText] = &[
    (names::SENDER, "Sender", "Profile key of the Kakao channel."),
    (names::TEMPLATE_NAME, "Template name", "Code of the registered template."),
    (
        names::TEXT,
        "Message body",
        "The registered template's whole text, with values or merge fields in the place of its variables.",
    ),
    (names::TITLE, "Template title", "Where the registered template has one."),
    (names::IMAGE_URL, "Image URL", ""),
    (names::BUTTON_TYPE_PREFIX, "Button type", "As the template is registered."),
    (names::BUTTON_NAME_PREFIX, "Button name", ""),
    (names::BUTTON_URL_MOBILE_PREFIX, "URL on phones", ""),
    (names::BUTTON_URL_PC_PREFIX, "URL on computers", ""),
    (names::BUTTON_ANDROID_SCHEME_PREFIX, "Android scheme", ""),
    (names::BUTTON_IOS_SCHEME_PREFIX, "iOS scheme", ""),
    (names::BUTTON_TARGET_PREFIX, "Opens", ""),
    (names::BUTTON_CHAT_EXTRA_PREFIX, "Chat extra", "Extra information for the chatbot."),
    (names::BUTTON_CHAT_EVENT_PREFIX, "Chat event", "Event that the chatbot gets."),
];

const RCS: &[FieldText] = &[
    (names::SENDER, "Sender", "A registered RCS sender of the account."),
    (names::CONTENT_TYPE, "Message type", ""),
    (names::FILE_URL, "File URL", "Public address of an image, a video or a document."),
    (names::THUMBNAIL_URL, "Preview image URL", ""),
    (names::CARD_ORIENTATION, "Orientation", ""),
    (names::CARD_ALIGNMENT, "Side of the picture", "Of horizontal cards."),
    (names::CARD_WIDTH, "Width of the cards", ""),
    (names::CARD_TITLE, "Card title", "A card has a title, media or both."),
    (names::CARD_DESCRIPTION, "Card description", ""),
    (names::CARD_MEDIA_URL, "Media URL", "Public address of an image or a video."),
    (names::CARD_THUMBNAIL_URL, "Preview image URL", ""),
    (names::CARD_MEDIA_HEIGHT, "Height of the media", ""),
    (names::SUGGESTION_TYPE_PREFIX, "Suggestion type", ""),
    (names::SUGGESTION_TEXT_PREFIX, "Suggestion text", ""),
    (
        names::SUGGESTION_POSTBACK_PREFIX,
        "Postback data",
        "What comes back when it is tapped; its text while it is empty.",
    ),
    (names::SUGGESTION_URL_PREFIX, "URL", "What opens."),
    (names::SUGGESTION_OPENS_IN_PREFIX, "Opens in", ""),
    (names::SUGGESTION_PHONE_PREFIX, "Phone number to dial", ""),
    (names::SUGGESTION_LATITUDE_PREFIX, "Latitude", ""),
    (names::SUGGESTION_LONGITUDE_PREFIX, "Longitude", ""),
    (names::SUGGESTION_LABEL_PREFIX, "Name of the place", ""),
    (names::SUGGESTION_STARTS_AT_PREFIX, "Start of the event", ""),
    (names::SUGGESTION_ENDS_AT_PREFIX, "End of the event", ""),
    (names::SUGGESTION_TITLE_PREFIX, "Title of the event", ""),
    (names::SUGGESTION_DESCRIPTION_PREFIX, "Description of the event", ""),
];
