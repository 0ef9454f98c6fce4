//! Everything that is said besides fields and choices.

use super::super::Phrase;

pub(super) const fn of(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::OverAlready => {
            "{label}: this moment is over, so no message could be sent any more; choose a later one."
        }
        Phrase::NamedPhone => "The Phone field {field} can't be used: {why}.",
        Phrase::ChoosePhone => "{label}: choose the field that holds phone numbers.",
        Phrase::NoExpression => "{label}: {expression} is no merge field; choose one from the list.",
        Phrase::OpenExpression => "{label}: each {{ needs its }}; choose merge fields from the list.",
        Phrase::EntryFields => "Entry source",
        Phrase::ContactFields => "Contact",
        Phrase::JourneyFields => "Journey data: {activity}",
        Phrase::ContactKey => "Contact key",
        Phrase::TextPhone => {
            "The entry source has no field of type Phone. Choose the Text field that holds phone numbers with their country code; better give that field the type Phone."
        }
        Phrase::SummaryTitle => "Summary",
        Phrase::SummaryNote => {
            "Choose Done to save these settings in the journey. They take effect when the journey is activated."
        }
        Phrase::ChannelSection => "Business unit and channel",
        Phrase::Recipient => "Recipient",
        Phrase::Message => "Message",
        Phrase::Failover => "SMS failover",
        Phrase::Links => "Links",
        Phrase::Replies => "Two-way communication",
        Phrase::RepliesHelp => {
            "Replies are kept in the Inbound Messages data extension. Add the Wait Until Event activity to the journey first."
        }
        Phrase::Speed => "Sending speed limit",
        Phrase::SpeedHelp => {
            "Counts for this activity in this version of the journey. Pausing or stopping the journey doesn't stop messages that already wait, unless you choose so below."
        }
        Phrase::Callback => "Custom callback data",
        Phrase::CallbackHelp => {
            "Fields that come back with each report, next to Waypost's own; 4,000 characters in all."
        }
        Phrase::Dlt => "India",
        Phrase::Advanced => "Advanced",
        Phrase::Template => "Template",
        Phrase::Suggestions => "Suggestions",
        Phrase::CallbackRow => "Field",
        Phrase::AddCallback => "Add custom callback data",
        Phrase::Segments => "Segments",
        Phrase::SegmentsHelp => {
            "Text and media in their order. All operators take up to 300 KB of media, most in the US and Canada up to 1 MB."
        }
        Phrase::Segment => "Segment",
        Phrase::AddSegment => "Add segment",
        Phrase::Buttons => "Buttons",
        Phrase::Button => "Button",
        Phrase::AddButton => "Add button",
        Phrase::Placeholders => "Placeholders",
        Phrase::Placeholder => "Placeholder",
        Phrase::AddPlaceholder => "Add placeholder",
        Phrase::Cards => "Cards",
        Phrase::Card => "Card",
        Phrase::AddCard => "Add card",
        Phrase::Suggestion => "Suggestion",
        Phrase::AddSuggestion => "Add suggestion",
        Phrase::CardSuggestions => "Suggestions of this card",
        Phrase::Choose => "Choose …",
        Phrase::Saved => "{value} (saved)",
        Phrase::Remove => "Remove",
        Phrase::MoveUp => "Move up",
        Phrase::MoveDown => "Move down",
        Phrase::InsertMergeField => "Insert merge field",
        Phrase::On => "On",
        Phrase::Off => "Off",
        Phrase::SpeedToggle => "Limit the sending speed",
        Phrase::SpeedToggleHelp => {
            "Better left off above a couple of hundred messages per second: both platforms have limits of their own."
        }
        Phrase::DltToggle => "DLT Template (India local traffic only)",
        Phrase::DltToggleHelp => "Registration of the text with India's Distributed Ledger Technology.",
        Phrase::RefreshTemplates => "Read the templates again",
        Phrase::VerifyScenario => "Verify Scenario Key",
        Phrase::Audience => "Expected contacts",
        Phrase::AudienceHelp => "To see how long sending takes.",
        Phrase::Mid => "MID",
        Phrase::FirstPopulated => "The first one that is filled",
        Phrase::DefaultNumber => "The journey's default mobile number",
        Phrase::ElseDefaultNumber => "{fields}; else the journey's default mobile number",
        Phrase::SpeedLimit => "{count} per {unit}",
        Phrase::DefaultDomain => "Default domain",
        Phrase::NoEvent => "No event",
        Phrase::SuggestedBySenders => "{channel} (the account has senders)",
        Phrase::PlaceholderLabel => "Value of {{{number}}}",
        Phrase::ButtonParameterLabel => "Value of the button “{text}”",
        Phrase::ImageOfTemplate => {
            "The image is part of the registered template: its address is kept here, but not sent."
        }
        Phrase::NoTemplatesYet => "Choose the sender to see its templates.",
        Phrase::TemplatesFailed => {
            "The templates could not be read: {why}. You can type the template's name and language."
        }
        Phrase::SendersFailed => "Some of the account's senders could not be read ({source}: {why}).",
        Phrase::NoEntrySource => {
            "Define the journey's entry source first: its attributes are the merge fields, and its Phone fields say where messages go."
        }
        Phrase::NoEventDefinitions => "The journey has no Wait Until Event activity yet.",
        Phrase::NoAccount => "This business unit has no Infobip account: ask your administrator to connect one.",
        Phrase::Deprecated => "Do not use this deprecated channel for new activities. Use Viber instead.",
        Phrase::AllowedCharacters => "At most {max} characters.",
        Phrase::AllowedCharactersBetween => "{min} to {max} characters.",
        Phrase::AllowedSms => "At most {parts} parts and {bytes} bytes.",
        Phrase::AllowedAddress => "A web address of at most {max} characters.",
        Phrase::AllowedWhole => "A whole number from {min} to {max}.",
        Phrase::AllowedDigits => "A number of at most {max} digits.",
        Phrase::AllowedDegrees => "Degrees from -{most} to {most}.",
        Phrase::AllowedMoment => "Date and time with their offset, such as 2027-01-31T18:00:00Z.",
        Phrase::AllowedDomain => "A domain name such as go.example.com.",
        Phrase::AllowedScenarioKey => "1 to 64 letters and digits.",
        Phrase::AllowedTemplateName => "Lower case letters, digits and underscores.",
        Phrase::AllowedLanguage => "A code such as en_GB.",
        Phrase::AllowedFile => "A name with an ending such as .pdf, .docx or .xlsx, in lower case.",
        Phrase::AllowedDial => "2 to 15 digits, with + before them if you like.",
        Phrase::AllowedAddressOrTel => "A web address, or tel: and a number.",
        Phrase::AllowedScheme => "At most 500 characters, without white space.",
        Phrase::AllowedMediaType => "A type such as image/png.",
        Phrase::AllowedCallbackName => {
            "Not one of Waypost's own names, without double quotation marks, backslashes and control characters."
        }
        Phrase::TooLong => "has {is} characters, {over} more than the {max} that are allowed",
        Phrase::TooShort => "has {is} characters; at least {min} are needed",
        Phrase::TooLongForSms => {
            "takes {parts} parts and {bytes} bytes; an SMS has at most {partsMax} parts and {bytesMax} bytes"
        }
        Phrase::NoAddress => "must be a web address that begins with https:// or http:// and has no spaces",
        Phrase::NoWhole => "must be a whole number from {min} to {max}",
        Phrase::NoDigits => "must be a number of at most {max} digits, and not zero",
        Phrase::NoDegrees => "must be a number from -{most} to {most}",
        Phrase::NoMoment => "must be a date and time with their offset, such as 2027-01-31T18:00:00Z",
        Phrase::NoDomain => "must be a domain name such as go.example.com",
        Phrase::HasControl => "holds a control character, which can't be sent",
        Phrase::NotOffered => "is not one of the choices",
        Phrase::TogetherTooLong => "makes the message too long: all its texts together may have 40,960 bytes",
        Phrase::CallbackTooLong => {
            "makes the callback data too long, of which it is a part: 4,000 characters are allowed in all"
        }
        Phrase::EndsBeforeStart => "must be after the start",
        Phrase::HasForbidden => "has characters in it that are not allowed: {characters}",
        Phrase::QuotationMark => "the double quotation mark",
        Phrase::Backslash => "the backslash",
        Phrase::ControlCharacter => "a control character such as a line break",
        Phrase::Enter => "Enter the {label}.",
        Phrase::ChooseOne => "Choose the {label}.",
        Phrase::TooMany => "{rows}: at most {max} are allowed, remove {over}.",
        Phrase::ChooseChannel => "Choose the communication channel.",
        Phrase::UnknownAccount => "Choose an Infobip account that the business unit has.",
        Phrase::UnknownMergeField => "{label} uses {expression}, which the entry source does not have.",
        Phrase::UnknownEvent => "{label}: the journey has no Wait Until Event for this event definition any more.",
        Phrase::NoPhone => "There is no phone number to send to: the entry source needs a Phone field.",
        Phrase::OwnCallbackName => "“{name}” is one of Waypost's own names: choose another.",
        Phrase::NoSpeedCount => "Enter how many messages are sent, or turn the sending speed limit off.",
    }
}
