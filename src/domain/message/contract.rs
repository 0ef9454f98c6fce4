//! The in-arguments of both activities, version 1: what the activity page writes into a journey and execute reads.
//!
//! **This is a public contract**: journeys saved in SFMC keep their shape for years, so names and meanings here are
//! never changed or reused; a new version adds names. `waypost activity contract` prints the table, and README.md
//! repeats it, compared by a test.
//!
//! Every value that may be personalised is an in-argument of its own, because SFMC resolves an expression only as the
//! whole or a part of a string value (sfmc.md 1.5). Fields that resolve to nothing may arrive empty, null or not at
//! all: the three are the same. Unknown names are kept and ignored. Flags are `true` or `false` (also `1`, `0`, `yes`,
//! `no`), in any case.

use super::numbered_fields::{is_card_spelling, split_card, split_number};

/// Which activity reads an in-argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReadBy {
    Both,
    Messaging,
    Reports,
}

/// How an in-argument is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// By whoever configures the activity.
    Single,
    /// Likewise, with a number from 1 behind the name: `phone1`, `phone2`, …
    Numbered,
    /// Likewise, for each card of an RCS message, numbered from 1: `card1Title`, `card2Title`, …
    PerCard,
    /// By Waypost itself.
    Own,
}

/// One row of the contract.
pub(crate) struct ArgumentRow {
    pub(crate) name: &'static str,
    pub(crate) read_by: ReadBy,
    pub(crate) form: Form,
    pub(crate) meaning: &'static str,
}

/// Largest number of a numbered in-argument that is looked at; the page offers fewer.
pub(crate) const NUMBERED_MAX: usize = 50;

/// Cards of an RCS carousel (infobip.md 6).
pub(crate) const CARDS_MAX: usize = 10;

/// What in-arguments of a card begin with; its number and the field follow.
pub(crate) const CARD_PREFIX: &str = "card";
/// What a card's own suggestions are called after its number: the numbered names of the message's, as
/// `card1SuggestionType1`.
const CARD_SUGGESTION: &str = "Suggestion";

impl ArgumentRow {
    /// Whether an in-argument of this name is one of the row's.
    pub(crate) fn names(&self, name: &str) -> bool {
        match self.form {
            Form::Single | Form::Own => self.name == name,
            Form::PerCard => split_card(name).is_some_and(|(_, field)| field == self.name),
            Form::Numbered => {
                let of_card = || {
                    let (base, _) = split_number(split_card(name)?.1)?;
                    Some(base.starts_with(CARD_SUGGESTION) && is_card_spelling(base, self.name))
                };
                split_number(name).is_some_and(|(base, _)| base == self.name) || of_card().unwrap_or_default()
            }
        }
    }
}

macro_rules! contract {
    ($($constant:ident = $name:literal, $read_by:ident, $form:ident, $meaning:literal;)*) => {
        /// Names of the in-arguments.
        pub(crate) mod names {
            $(#[doc = $meaning] pub(crate) const $constant: &str = $name;)*
        }

        /// The whole contract, in the order of its documentation.
        pub(crate) const ARGUMENTS: &[ArgumentRow] = &[$(ArgumentRow {
            name: $name, read_by: ReadBy::$read_by, form: Form::$form, meaning: $meaning,
        }),*];
    };
}

contract! {
    CONTRACT = "contract", Both, Own, "Version of this contract: `1`";
    MID = "mid", Both, Own, "MID of the business unit, whose keys must have signed the call";
    CONFIGURATION_ID = "configurationId", Both, Own, "Signed id of the activity's configuration, also in the activity's URLs";
    CONTACT_KEY = "contactKey", Both, Single, "`{{Contact.Key}}`; the call's `keyValue` stands in for it";
    IS_TEST = "isTest", Both, Single, "`{{Context.IsTest}}`: flag; a test contact is not sent to unless the business unit allows it";
    VERSION_NUMBER = "versionNumber", Both, Single, "`{{Context.VersionNumber}}`";
    JOURNEY_NAME = "journeyName", Both, Single, "Name of the journey, for callback data";
    ACCOUNT = "account", Both, Single, "Label of the Infobip account; not needed when the business unit has one";
    CHANNEL = "channel", Messaging, Single, "`SMS`, `LMS`, `MMS`, `WhatsApp`, `Viber`, `Viber (deprecated)`, `KakaoChinguTalk`, `Kakao Alim` or `RCS`";
    BULK_ID = "bulkId", Messaging, Single, "Bulk id, at most 100 characters, no control characters; the channel's default without it";
    PHONE_PREFIX = "phone", Messaging, Numbered, "One for each Phone field, in the data extension's order; the first populated one counts";
    PHONE_CHOICE = "phoneChoice", Messaging, Single, "Number of the one phone field to use instead";
    PHONE_DEFAULT = "phoneDefault", Messaging, Single, "`{{InteractionDefaults.MobileNumber}}`: the last resort";
    SENDER = "sender", Messaging, Single, "Sender: SMS, LMS and MMS at most 16 characters, WhatsApp 24, Viber 2 to 20, RCS 100; for Kakao the channel's profile key, at most 64";
    SCENARIO_KEY = "scenarioKey", Messaging, Single, "Viber (deprecated), and Kakao where the account sends it over OMNI: the scenario's key, 1 to 64 letters and digits, instead of a sender";
    CONTENT_TYPE = "contentType", Messaging, Single, "Viber: `TEXT`, `IMAGE`, `VIDEO` or `FILE`; RCS: `TEXT`, `FILE`, `CARD` or `CAROUSEL`; `TEXT` without it. What only another kind has must be empty";
    TEXT = "text", Messaging, Single, "Text: SMS and LMS at most 25 parts and 4000 bytes, Viber 1000 characters, Kakao Alim 1000, KakaoChinguTalk 1300, RCS 3072";
    TITLE = "title", Messaging, Single, "LMS, MMS: title, at most 66 characters, mandatory for LMS; Kakao Alim: the template's title, at most 50";
    RESELLER_CODE = "resellerCode", Messaging, Single, "LMS: reseller code, a number of at most nine digits";
    PROMOTIONAL = "promotional", Messaging, Single, "Viber, KakaoChinguTalk over OMNI: `true` for promotional, `false` for transactional messages; promotional without it";
    SEGMENT_TYPE_PREFIX = "segmentType", Messaging, Numbered, "MMS segments in their order: `TEXT`, `LINK` or `SMIL`; at most 20";
    SEGMENT_TEXT_PREFIX = "segmentText", Messaging, Numbered, "Text of a `TEXT` segment, at most 1600 characters, or the document of a `SMIL` one";
    SEGMENT_URL_PREFIX = "segmentUrl", Messaging, Numbered, "Address of a `LINK` segment's media, at most 2048 characters; all operators take 300 KB of media in all, most of the US and Canada 1 MB";
    SEGMENT_MEDIA_TYPE_PREFIX = "segmentMediaType", Messaging, Numbered, "Its MIME type such as `image/png`, optional";
    TEMPLATE_NAME = "templateName", Messaging, Single, "WhatsApp: name of the template; Kakao Alim: its code, at most 30 characters";
    TEMPLATE_LANGUAGE = "templateLanguage", Messaging, Single, "WhatsApp: language code of the template, as it is registered";
    PLACEHOLDER_COUNT = "placeholderCount", Messaging, Single, "WhatsApp: how many placeholders the template's body has; needed so that a last value that is not sent at all is noticed";
    PLACEHOLDER_PREFIX = "placeholder", Messaging, Numbered, "Their values, at most 1024 characters each, without line breaks, tabs and more than four spaces in a row";
    HEADER_TYPE = "headerType", Messaging, Single, "WhatsApp: `TEXT`, `IMAGE`, `VIDEO`, `GIF`, `DOCUMENT` or `LOCATION`, where the template's header takes something";
    HEADER_TEXT = "headerText", Messaging, Single, "Value of the header's placeholder, at most 60 characters";
    HEADER_MEDIA_URL = "headerMediaUrl", Messaging, Single, "Address of the header's media, at most 2048 characters";
    HEADER_FILENAME = "headerFilename", Messaging, Single, "Name that a document is shown with, at most 240 characters";
    HEADER_LATITUDE = "headerLatitude", Messaging, Single, "Latitude, -90 to 90";
    HEADER_LONGITUDE = "headerLongitude", Messaging, Single, "Longitude, -180 to 180";
    IMAGE_URL = "imageUrl", Messaging, Single, "Address of the image: Viber at most 1000 characters, KakaoChinguTalk 250; Kakao Alim (2048) keeps it, as it is part of the template";
    IMAGE_LINK = "imageLink", Messaging, Single, "KakaoChinguTalk: what opens when the image is tapped, at most 250 characters; only with an image";
    FILE_URL = "fileUrl", Messaging, Single, "Viber, RCS (at most 2048 characters): address of the file";
    FILE_NAME = "fileName", Messaging, Single, "Viber: name of the file, with its ending";
    VIDEO_URL = "videoUrl", Messaging, Single, "Viber: address of the video, at most 1000 characters";
    VIDEO_SECONDS = "videoSeconds", Messaging, Single, "Viber: length of the video in whole seconds";
    THUMBNAIL_URL = "thumbnailUrl", Messaging, Single, "Viber videos and RCS files: address of the preview image";
    BUTTON_TEXT = "buttonText", Messaging, Single, "Viber: text of the button, at most 30 characters";
    BUTTON_URL = "buttonUrl", Messaging, Single, "Viber: address that the button opens, at most 1000 characters; over OMNI also `tel:`";
    BUTTON_TYPE_PREFIX = "buttonType", Messaging, Numbered, "WhatsApp: `QUICK_REPLY`, `URL` or `COPY_CODE`; KakaoChinguTalk: `WEB_LINK` or `APP_LINK`; Kakao Alim also `DELIVERY_TRACKING`, `CHATBOT_SWITCH`, `BOT_KEYWORD`, `MESSAGE_DELIVERY`, `ADD_CHANNEL`";
    BUTTON_PARAMETER_PREFIX = "buttonParameter", Messaging, Numbered, "WhatsApp: what fills the button: at most 128 characters for `QUICK_REPLY`, 15 for `COPY_CODE`, 2048 for `URL`. At most 10 buttons, 2 of them `URL`, 1 `COPY_CODE`";
    BUTTON_NAME_PREFIX = "buttonName", Messaging, Numbered, "Kakao: text of the button, at most 14 characters (Kakao Alim and over OMNI: 28)";
    BUTTON_URL_MOBILE_PREFIX = "buttonUrlMobile", Messaging, Numbered, "Kakao: address on phones, at most 500 characters; mandatory for `WEB_LINK`";
    BUTTON_URL_PC_PREFIX = "buttonUrlPc", Messaging, Numbered, "Kakao: address on computers, at most 500 characters";
    BUTTON_ANDROID_SCHEME_PREFIX = "buttonAndroidScheme", Messaging, Numbered, "Kakao, `APP_LINK`: Android scheme, at most 500 characters. Two of the schemes and the address on phones are mandatory for Kakao Alim, one for KakaoChinguTalk and for Kakao Alim over OMNI; KakaoChinguTalk over OMNI takes both schemes, and its `WEB_LINK` the address on phones only";
    BUTTON_IOS_SCHEME_PREFIX = "buttonIosScheme", Messaging, Numbered, "Kakao, `APP_LINK`: iOS scheme, at most 500 characters";
    BUTTON_TARGET_PREFIX = "buttonTarget", Messaging, Numbered, "Kakao Alim, `WEB_LINK`: `out` opens the external browser";
    BUTTON_CHAT_EXTRA_PREFIX = "buttonChatExtra", Messaging, Numbered, "Kakao Alim, `CHATBOT_SWITCH`: extra information, at most 50 characters";
    BUTTON_CHAT_EVENT_PREFIX = "buttonChatEvent", Messaging, Numbered, "Kakao Alim, `CHATBOT_SWITCH`: event, at most 50 characters";
    CARD_ORIENTATION = "cardOrientation", Messaging, Single, "RCS cards: `VERTICAL` (default) or `HORIZONTAL`";
    CARD_ALIGNMENT = "cardAlignment", Messaging, Single, "RCS cards: side of the picture, `LEFT` (default) or `RIGHT`";
    CARD_WIDTH = "cardWidth", Messaging, Single, "RCS carousels: `MEDIUM` (default) or `SMALL`";
    CARD_TITLE = "Title", Messaging, PerCard, "Title of the card, at most 200 characters; a card has media, a title or both; a carousel 2 to 10 cards";
    CARD_DESCRIPTION = "Description", Messaging, PerCard, "Description, at most 2000 characters";
    CARD_MEDIA_URL = "MediaUrl", Messaging, PerCard, "Address of its media, at most 2048 characters";
    CARD_THUMBNAIL_URL = "ThumbnailUrl", Messaging, PerCard, "Address of the preview image";
    CARD_MEDIA_HEIGHT = "MediaHeight", Messaging, PerCard, "`SHORT`, `MEDIUM` (default) or `TALL`";
    SUGGESTION_TYPE_PREFIX = "suggestionType", Messaging, Numbered, "RCS suggestions, at most 11, and `card1SuggestionType1`, … of a card, at most 4: `REPLY`, `OPEN_URL`, `DIAL_PHONE`, `SHOW_LOCATION`, `REQUEST_LOCATION` or `CREATE_CALENDAR_EVENT`";
    SUGGESTION_TEXT_PREFIX = "suggestionText", Messaging, Numbered, "Text, at most 25 characters; this and the following for cards likewise";
    SUGGESTION_POSTBACK_PREFIX = "suggestionPostback", Messaging, Numbered, "What comes back when it is tapped, at most 2024 characters; its text without it";
    SUGGESTION_URL_PREFIX = "suggestionUrl", Messaging, Numbered, "`OPEN_URL`: address, at most 2048 characters";
    SUGGESTION_OPENS_IN_PREFIX = "suggestionOpensIn", Messaging, Numbered, "`OPEN_URL`: `BROWSER`, `WEBVIEW_FULL`, `WEBVIEW_HALF` or `WEBVIEW_TALL`, optional";
    SUGGESTION_PHONE_PREFIX = "suggestionPhone", Messaging, Numbered, "`DIAL_PHONE`: number of 2 to 15 digits, with or without `+` before it";
    SUGGESTION_LATITUDE_PREFIX = "suggestionLatitude", Messaging, Numbered, "`SHOW_LOCATION`: latitude, -90 to 90";
    SUGGESTION_LONGITUDE_PREFIX = "suggestionLongitude", Messaging, Numbered, "`SHOW_LOCATION`: longitude, -180 to 180";
    SUGGESTION_LABEL_PREFIX = "suggestionLabel", Messaging, Numbered, "`SHOW_LOCATION`: name of the place, at most 100 characters, optional";
    SUGGESTION_STARTS_AT_PREFIX = "suggestionStartsAt", Messaging, Numbered, "`CREATE_CALENDAR_EVENT`: ISO 8601 moment of its start";
    SUGGESTION_ENDS_AT_PREFIX = "suggestionEndsAt", Messaging, Numbered, "`CREATE_CALENDAR_EVENT`: ISO 8601 moment of its end, after the start";
    SUGGESTION_TITLE_PREFIX = "suggestionTitle", Messaging, Numbered, "`CREATE_CALENDAR_EVENT`: title, at most 100 characters";
    SUGGESTION_DESCRIPTION_PREFIX = "suggestionDescription", Messaging, Numbered, "`CREATE_CALENDAR_EVENT`: description, at most 500 characters, optional";
    FALLBACK_TEXT = "fallbackText", Messaging, Single, "Text of the SMS that is sent when the channel could not deliver; none without it. Not SMS and LMS";
    FALLBACK_SENDER = "fallbackSender", Messaging, Single, "Sender of that SMS; over OMNI the scenario has it";
    SHORTEN_URL = "shortenUrl", Messaging, Single, "Flag: URLs are shortened and tracked; passed over where the channel can't: Kakao Alim and all over OMNI";
    TRACK_CLICKS = "trackClicks", Messaging, Single, "Flag: clicks are reported; on unless it says otherwise while `shortenUrl` is on";
    CUSTOM_DOMAIN = "customDomain", Messaging, Single, "Domain of shortened URLs, registered at Infobip";
    REMOVE_PROTOCOL = "removeProtocol", Messaging, Single, "Flag: *Remove https:// from domain*";
    DLT = "dlt", Messaging, Single, "Flag: *DLT Template (India local traffic only)*; then the principal entity id is mandatory";
    DLT_PRINCIPAL_ENTITY_ID = "dltPrincipalEntityId", Messaging, Single, "Principal entity id";
    DLT_CONTENT_TEMPLATE_ID = "dltContentTemplateId", Messaging, Single, "Content template id, optional";
    SPEED_LIMIT_COUNT = "speedLimitCount", Messaging, Single, "Sending speed limit: messages per unit, 1 to 100000; no limit without it";
    SPEED_LIMIT_UNIT = "speedLimitUnit", Messaging, Single, "`MINUTE`, `HOUR` or `DAY`";
    CALLBACK_NAME_PREFIX = "callbackName", Messaging, Numbered, "Names of the custom callback data fields";
    CALLBACK_VALUE_PREFIX = "callbackValue", Messaging, Numbered, "Their values";
    VALIDITY_MINUTES = "validityMinutes", Messaging, Single, "Validity from the first attempt on, 1 to 2880 minutes; 2880 without it";
    LATEST_SEND_AT = "latestSendAt", Messaging, Single, "ISO 8601 moment after which the message is not sent any more";
    ON_STOP = "onStop", Messaging, Single, "What stopping the journey version does to queued messages: `KEEP` (default), `HOLD` or `CANCEL`";
    EVENT_DEFINITION_KEY = "eventDefinitionKey", Messaging, Single, "*Trigger Event on Response*: key of the Wait Until Event's event definition, fired for the contact when a reply comes; SMS, MMS, WhatsApp, Viber and RCS";
    MESSAGE_ID = "messageId", Reports, Single, "`{{Interaction.<activity key>.messageId}}` of the messaging activity";
    MESSAGE_CONFIGURATION_ID = "messageConfigurationId", Reports, Own, "`configurationId` of that messaging activity: finds a contact's message for 72 hours where its id did not arrive, and the activity's figures";
    REPORT_KIND = "reportKind", Reports, Single, "`DELIVERY` (default), `CLICK` or `REPLY`";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_one_row_s() {
        let rows = |name: &str| ARGUMENTS.iter().filter(|row| row.names(name)).map(|row| row.name).collect::<Vec<_>>();
        assert_eq!(rows("text"), ["text"]);
        assert_eq!(rows("phone50"), ["phone"]);
        assert_eq!(rows("card10Title"), ["Title"]);
        assert_eq!(rows("card2SuggestionUrl4"), ["suggestionUrl"]);
        for name in
            ["phone", "phone0", "phone51", "phone01", "Title", "card0Title", "card11Title", "cardTitle", "card1"]
        {
            assert_eq!(rows(name), [""; 0], "{name}");
        }
    }

    #[test]
    fn no_name_has_two_meanings() {
        for row in ARGUMENTS {
            assert_eq!(ARGUMENTS.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
        }
    }
}
