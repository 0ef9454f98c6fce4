//! Every word of the forms, a file per language.
//!
//! Another language is another file beside `en.rs` that fills a [`Texts`] with the same rows, and a row in
//! [`LANGUAGES`]; the compiler asks for each phrase, and a test for each field's label and each choice.

mod en;

use crate::domain::channel::Channel;
use crate::domain::message::contract::ARGUMENTS;

/// The languages, the one that stands in for unknown ones first.
pub(crate) const LANGUAGES: &[&Texts] = &[&en::TEXTS];

/// The words of one language.
pub(crate) struct Texts {
    /// As `config.json` names it.
    pub(crate) language: &'static str,
    /// What fields are called on every channel that has no words of its own for them.
    fields: &'static [FieldText],
    /// A channel's own words.
    of_channel: fn(Channel) -> &'static [FieldText],
    choices: &'static [ChoiceText],
    phrase: fn(Phrase) -> &'static str,
}

/// In-argument by the contract, its label, and what it is for.
pub(crate) type FieldText = (&'static str, &'static str, &'static str);
/// In-argument, value, and what the value is called.
pub(crate) type ChoiceText = (&'static str, &'static str, &'static str);

/// What is said besides fields and choices. Words in braces are filled in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phrase {
    // Merge fields.
    EntryFields,
    NoExpression,
    ChoosePhone,
    OverAlready,
    NamedPhone,
    OpenExpression,
    ContactFields,
    JourneyFields,
    ContactKey,
    TextPhone,
    // The summary.
    SummaryTitle,
    SummaryNote,
    // Sections.
    ChannelSection,
    Recipient,
    Message,
    Failover,
    Links,
    Replies,
    RepliesHelp,
    Speed,
    SpeedHelp,
    Callback,
    CallbackHelp,
    Dlt,
    Advanced,
    Template,
    Suggestions,
    // Rows.
    CallbackRow,
    AddCallback,
    Segments,
    SegmentsHelp,
    Segment,
    AddSegment,
    Buttons,
    Button,
    AddButton,
    Placeholders,
    Placeholder,
    AddPlaceholder,
    Cards,
    Card,
    AddCard,
    Suggestion,
    AddSuggestion,
    CardSuggestions,
    // Controls.
    Choose,
    Saved,
    Remove,
    MoveUp,
    MoveDown,
    InsertMergeField,
    On,
    Off,
    SpeedToggle,
    SpeedToggleHelp,
    DltToggle,
    DltToggleHelp,
    RefreshTemplates,
    VerifyScenario,
    Audience,
    AudienceHelp,
    Mid,
    // Values.
    FirstPopulated,
    DefaultNumber,
    ElseDefaultNumber,
    SpeedLimit,
    DefaultDomain,
    NoEvent,
    SuggestedBySenders,
    PlaceholderLabel,
    ButtonParameterLabel,
    // Notes.
    ImageOfTemplate,
    NoTemplatesYet,
    TemplatesFailed,
    SendersFailed,
    NoEntrySource,
    NoEventDefinitions,
    NoAccount,
    Deprecated,
    // What is allowed.
    AllowedCharacters,
    AllowedCharactersBetween,
    AllowedSms,
    AllowedAddress,
    AllowedWhole,
    AllowedDigits,
    AllowedDegrees,
    AllowedMoment,
    AllowedDomain,
    AllowedScenarioKey,
    AllowedTemplateName,
    AllowedLanguage,
    AllowedFile,
    AllowedDial,
    AllowedAddressOrTel,
    AllowedScheme,
    AllowedMediaType,
    AllowedCallbackName,
    // What is wrong: what follows a field's name.
    TooLong,
    TooShort,
    TooLongForSms,
    NoAddress,
    NoWhole,
    NoDigits,
    NoDegrees,
    NoMoment,
    NoDomain,
    HasControl,
    NotOffered,
    TogetherTooLong,
    CallbackTooLong,
    EndsBeforeStart,
    HasForbidden,
    QuotationMark,
    Backslash,
    ControlCharacter,
    // Whole sentences.
    Enter,
    ChooseOne,
    TooMany,
    ChooseChannel,
    UnknownAccount,
    UnknownMergeField,
    UnknownEvent,
    NoPhone,
    NoSpeedCount,
    OwnCallbackName,
}

impl Texts {
    /// Label and help of an in-argument, by its row of the contract.
    pub(crate) fn field(&self, channel: Option<Channel>, row: &str) -> (&'static str, &'static str) {
        let own = channel.map(self.of_channel).unwrap_or_default();
        let found = own.iter().chain(self.fields).find(|(name, ..)| *name == row);
        found.map_or(("", ""), |(_, label, help)| (label, help))
    }

    /// What a value is called; the value itself where it has no name.
    pub(crate) fn choice<'a>(&self, row: &str, value: &'a str) -> &'a str
    where
        'static: 'a,
    {
        let named = self.choices.iter().find(|(name, own, _)| *name == row && *own == value);
        named.map_or(value, |(_, _, label)| label)
    }

    pub(crate) fn phrase(&self, phrase: Phrase) -> &'static str {
        (self.phrase)(phrase)
    }
}

/// The words of a language by its code, such as `en-US`; English where there are none.
pub(crate) fn of_language(code: &str) -> &'static Texts {
    let primary = |code: &str| code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let found = LANGUAGES.iter().find(|texts| primary(texts.language) == primary(code));
    found.copied().unwrap_or(&en::TEXTS)
}

/// Puts values into the braces of a phrase. A value's own braces stay as they are.
pub(crate) fn fill(phrase: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(phrase.len());
    let mut rest = phrase;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) if values.iter().any(|(own, _)| *own == name) => {
                values.iter().filter(|(own, _)| *own == name).for_each(|(_, value)| filled.push_str(value));
                rest = behind;
            }
            _ => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// Name of the contract's row that an in-argument is one of: `buttonName` for `buttonName3`.
pub(crate) fn row_of(argument: &str) -> &'static str {
    ARGUMENTS.iter().find(|row| row.names(argument)).map_or("", |row| row.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_filled_once() {
        let values = [("max", "10".to_owned()), ("label", "{max}".to_owned())];
        assert_eq!(fill("{label} takes {max}{other}{", &values), "{max} takes 10{other}{");
    }

    #[test]
    fn an_unknown_language_is_english() {
        assert_eq!(of_language("en-GB").language, "en-US");
        assert_eq!(of_language("xx").language, "en-US");
    }

    #[test]
    fn rows_are_found_by_their_arguments() {
        for (argument, row) in
            [("text", "text"), ("buttonName3", "buttonName"), ("card2SuggestionUrl1", "suggestionUrl"), ("x", "")]
        {
            assert_eq!(row_of(argument), row);
        }
    }
}
