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
    CHANNEL = "channel", Messaging, Single, "`SMS`";
    BULK_ID = "bulkId", Messaging, Single, "Bulk id, at most 100 characters; the channel's default without it";
    PHONE_PREFIX = "phone", Messaging, Numbered, "One for each Phone field, in the data extension's order; the first populated one counts";
    PHONE_CHOICE = "phoneChoice", Messaging, Single, "Number of the one phone field to use instead";
    PHONE_DEFAULT = "phoneDefault", Messaging, Single, "`{{InteractionDefaults.MobileNumber}}`: the last resort";
    SENDER = "sender", Messaging, Single, "Sender, at most 16 characters";
    TEXT = "text", Messaging, Single, "Text, at most 25 parts and 4000 bytes";
    SHORTEN_URL = "shortenUrl", Messaging, Single, "Flag: URLs are shortened and tracked";
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
    MESSAGE_ID = "messageId", Reports, Single, "`{{Interaction.<activity key>.messageId}}` of the messaging activity";
    REPORT_KIND = "reportKind", Reports, Single, "`DELIVERY`";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_has_two_meanings() {
        for row in ARGUMENTS {
            assert_eq!(ARGUMENTS.iter().filter(|other| other.name == row.name).count(), 1, "{}", row.name);
        }
    }
}
