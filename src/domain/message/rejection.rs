//! The `messageStatus` table: the manual's texts and ours, each in one place.

/// `messageStatus` of an accepted message.
const SUCCESS: &str = "Success";

/// A mistake in one contact's message. Its text is the contract: marketers compare it in decision splits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[error("{}", self.message_status())]
pub(crate) enum Rejection {
    MissingPhone,
    TextLength,
    TemplateName,
    ScenarioKey,
    PromotionalFlag,
    ImageUrlLength,
    From,
    ButtonsLength,
    ButtonUrlLength,
    ButtonTextLength,
    SchemesLength,
    PhoneNumber,
    Channel,
    Account,
    SpeedLimit,
    PrincipalEntityId,
    ContentTemplateId,
    CustomDomain,
    BulkIdLength,
    CallbackDataName,
    CallbackDataLength,
    Validity,
    LatestSendTime,
    PhoneChoice,
    Characters,
    ContactKey,
    EventDefinition,
    MessageSize,
    TitleLength,
    ResellerCode,
    ContentType,
    Segments,
    MediaUrl,
    TemplateLanguage,
    Placeholders,
    Header,
    ButtonType,
    ButtonOptions,
    File,
    Video,
    Cards,
    Suggestions,
    FallbackSender,
    FallbackText,
}

/// A row of the documented table.
pub(crate) struct StatusRow {
    #[cfg(test)]
    rejection: Rejection,
    pub(crate) message_status: &'static str,
    /// Whether the text is the manual's; the others are Waypost's additions in the same form.
    pub(crate) from_manual: bool,
    pub(crate) meaning: &'static str,
}

macro_rules! table {
    ($($rejection:ident, $manual:literal, $text:literal, $meaning:literal;)*) => {
        /// Every `messageStatus` besides `Success`.
        pub(crate) const STATUS_TABLE: &[StatusRow] = &[$(StatusRow {
            #[cfg(test)]
            rejection: Rejection::$rejection,
            message_status: $text, from_manual: $manual, meaning: $meaning,
        }),*];

        impl Rejection {
            /// The out-argument's text.
            pub(crate) const fn message_status(self) -> &'static str {
                match self { $(Self::$rejection => $text),* }
            }
        }
    };
}

table! {
    MissingPhone, true, "Error: Missing phone number in request", "none of the chosen phone fields holds anything";
    TextLength, true, "Error: Invalid text length", "the text, that of an MMS segment or a card's title or description is longer than the channel takes, or a text is empty";
    TemplateName, true, "Error: Invalid template name", "the template's name is empty, too long, or not written as the channel's template names are";
    ScenarioKey, true, "Error: Invalid scenario key", "the OMNI scenario key is missing or not 1 to 64 letters and digits";
    PromotionalFlag, true, "Error: Invalid promotional flag", "the promotional flag is neither true nor false";
    ImageUrlLength, true, "Error: Invalid image url length", "an image's URL is missing, longer than the channel takes, or not a web address; or its link is, or has no image";
    From, true, "Error: Invalid from field", "the sender is empty or longer than the channel takes";
    ButtonsLength, true, "Error: Invalid buttons field length", "there are more buttons or suggestions than the channel takes";
    ButtonUrlLength, true, "Error: Invalid button url length", "a button's or suggestion's URL is missing, longer than the channel takes, or not an address";
    ButtonTextLength, true, "Error: Invalid button text length", "a button's or suggestion's text is missing or longer than the channel takes";
    SchemesLength, true, "Error: Invalid androidScheme and iosScheme length", "an app link button has too few schemes or addresses, one that is longer than 500 characters or has white space in it, or an address that is not a web address";
    PhoneNumber, false, "Error: Invalid phone number", "the first populated phone field is not a phone number";
    Channel, false, "Error: Invalid channel", "the activity names a channel that this version does not send";
    Account, false, "Error: Unknown account", "the activity names an Infobip account that the business unit does not have";
    SpeedLimit, false, "Error: Invalid sending speed limit", "the count is not 1 to 100000 or the unit not MINUTE, HOUR or DAY";
    PrincipalEntityId, false, "Error: Invalid principal entity id", "India DLT is chosen without a principal entity id, or it is longer than 50 characters";
    ContentTemplateId, false, "Error: Invalid content template id", "the India DLT content template id is longer than 50 characters";
    CustomDomain, false, "Error: Invalid custom domain", "the custom domain is not a domain name";
    BulkIdLength, false, "Error: Invalid bulk id length", "the bulk id is longer than 100 characters";
    CallbackDataName, false, "Error: Invalid callback data field name", "a custom callback data field has a restricted name or a forbidden character in it";
    CallbackDataLength, false, "Error: Invalid callback data length", "the callback data is longer than 4000 characters";
    Validity, false, "Error: Invalid validity period", "the validity is not 1 to 2880 minutes";
    LatestSendTime, false, "Error: Invalid latest send time", "the latest send time is not an ISO 8601 date and time";
    PhoneChoice, false, "Error: Invalid phone field choice", "the activity chooses a phone field that it does not send";
    Characters, false, "Error: Invalid characters in request", "a text, the bulk id or the journey name holds control characters that can't be sent";
    ContactKey, false, "Error: Invalid contact key", "the call carries no contact key, or one that is longer than 254 characters or holds control characters";
    EventDefinition, false, "Error: Invalid event definition", "the key of the event definition has more than 200 characters or a period in it";
    MessageSize, false, "Error: Invalid message size", "all texts of the message together have more than 40960 bytes";
    TitleLength, false, "Error: Invalid title length", "the title is missing where the channel needs one, or longer than the channel takes";
    ResellerCode, false, "Error: Invalid reseller code", "the reseller code is missing or not a number of at most nine digits";
    ContentType, false, "Error: Invalid content type", "the activity names a kind of content that the channel does not have, or fills what only another kind has";
    Segments, false, "Error: Invalid segments", "an MMS has no segment or more than 20, or one whose type or MIME type is not one, or a SMIL document that is empty or too long";
    MediaUrl, false, "Error: Invalid media url", "the address of a medium is missing, too long, or not a web address";
    TemplateLanguage, false, "Error: Invalid template language", "the template's language code is missing or not a code such as en_GB";
    Placeholders, false, "Error: Invalid placeholders", "a placeholder of the template is empty, or holds a line break, a tab or more than four spaces in a row, or their count is not 0 to 50";
    Header, false, "Error: Invalid header", "what fills the template's header is missing, too long, or out of range";
    ButtonType, false, "Error: Invalid button type", "a button has no type, or one that the channel does not have";
    ButtonOptions, false, "Error: Invalid button options", "a button's target is not out, or its chat extra or event is longer than 50 characters";
    File, false, "Error: Invalid file", "a file's name is missing, too long, or of a kind that the channel does not take";
    Video, false, "Error: Invalid video", "a video's duration or thumbnail is missing or out of range";
    Cards, false, "Error: Invalid cards", "there are too few or too many cards, or one has neither media nor title, or a choice that does not exist";
    Suggestions, false, "Error: Invalid suggestions", "a suggestion has no type, or a field of its type other than text and address is missing, too long or out of range";
    FallbackSender, false, "Error: Invalid fallback sender", "there is a fallback text without a sender, or with one longer than 16 characters";
    FallbackText, false, "Error: Invalid fallback text length", "the fallback text is longer than an SMS can be";
}

impl Rejection {
    /// What is wrong, in words for whoever configures the activity.
    pub(crate) fn meaning(self) -> &'static str {
        let row = STATUS_TABLE.iter().find(|row| row.message_status == self.message_status());
        row.map_or("", |row| row.meaning)
    }

    /// `statusDetail` of every soft error (the manual).
    pub(crate) const STATUS_DETAIL: &'static str = "BadRequest";

    /// `messageStatus` of an accepted message.
    pub(crate) const fn success() -> &'static str {
        SUCCESS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_gives_each_rejection_one_text_of_its_own() {
        for row in STATUS_TABLE {
            assert_eq!(row.rejection.message_status(), row.message_status);
            assert!(row.message_status.starts_with("Error: "), "{}", row.message_status);
            assert!(!row.meaning.is_empty());
            assert_eq!(STATUS_TABLE.iter().filter(|other| other.message_status == row.message_status).count(), 1);
        }
    }
}
