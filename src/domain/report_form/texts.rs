//! Every word of the reports activity's page, a file per language.
//!
//! Another language is another file beside `en.rs` that fills a [`Texts`], and a row in [`LANGUAGES`]. What is compared
//! to the letter (names of out-arguments, values) is the same in all: it comes from [`super::super::report_answer`].

mod en;

use crate::domain::report_answer::{AskedKind, OutArgumentRow};

/// The languages, the one that stands in for unknown ones first.
pub(crate) const LANGUAGES: &[&Texts] = &[&en::TEXTS];

/// The words of one language.
pub(crate) struct Texts {
    /// As `config.json` names it.
    pub(crate) language: &'static str,
    pub(crate) message_label: &'static str,
    pub(crate) message_help: &'static str,
    pub(crate) no_messages: &'static str,
    /// Name of a message activity that nobody has given one.
    pub(crate) unnamed_message: &'static str,
    pub(crate) kind_label: &'static str,
    pub(crate) account_label: &'static str,
    pub(crate) account_help: &'static str,
    pub(crate) choose: &'static str,
    /// Of something that is chosen and not there.
    pub(crate) not_offered: fn(&str) -> String,
    pub(crate) target_label: &'static str,
    pub(crate) to_extension: fn(&[&str]) -> String,
    pub(crate) to_url: fn(&[&str]) -> String,
    pub(crate) to_nowhere: &'static str,
    pub(crate) out_arguments_title: &'static str,
    pub(crate) out_arguments_help: &'static str,
    pub(crate) name_column: &'static str,
    pub(crate) meaning_column: &'static str,
    pub(crate) split_title: &'static str,
    /// In their order.
    pub(crate) split_steps: &'static [&'static str],
    pub(crate) when_column: &'static str,
    pub(crate) attribute_column: &'static str,
    pub(crate) operator_column: &'static str,
    pub(crate) value_column: &'static str,
    pub(crate) wait_title: &'static str,
    pub(crate) wait_help: &'static [&'static str],
    pub(crate) summary_title: &'static str,
    pub(crate) nothing_chosen: &'static str,
    delivery: KindTexts,
    click: KindTexts,
    reply: KindTexts,
    /// Of an out-argument; the contract's own where there is none.
    out_argument: fn(&OutArgumentRow) -> &'static str,
    pub(crate) problems: ProblemTexts,
}

/// The words of a kind of report.
pub(crate) struct KindTexts {
    pub(crate) label: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) needs: &'static str,
    pub(crate) branches: &'static [Branch],
}

/// A path of a decision split.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Branch {
    pub(crate) when: &'static str,
    /// An out-argument.
    pub(crate) attribute: &'static str,
    pub(crate) operator: &'static str,
    /// To the letter.
    pub(crate) value: &'static str,
}

/// What is wrong, or may be.
pub(crate) struct ProblemTexts {
    pub(crate) no_messages: &'static str,
    pub(crate) no_message: &'static str,
    pub(crate) no_expression: &'static str,
    pub(crate) message_gone: fn(&str) -> String,
    pub(crate) no_message_activity: fn(&str) -> String,
    pub(crate) not_earlier: fn(&str) -> String,
    pub(crate) unknown_kind: &'static str,
    pub(crate) no_account: &'static str,
    pub(crate) unknown_account: fn(&str) -> String,
    pub(crate) journey_unknown: &'static str,
    pub(crate) not_configured: fn(&str) -> String,
    pub(crate) other_account: fn(&str, &str) -> String,
    pub(crate) no_replies: fn(&str) -> String,
    pub(crate) cannot_track: fn(&str) -> String,
    pub(crate) not_shortened: fn(&str) -> String,
    pub(crate) not_tracked: fn(&str) -> String,
    pub(crate) no_wait: fn(&str) -> String,
    /// By seconds.
    pub(crate) waits: fn(u64) -> String,
    /// Messages, unit of the speed limit, the wait in seconds if there is one, and how many are sent by then.
    pub(crate) paced: fn(u32, &str, Option<(u64, u64)>) -> String,
    /// Contacts, and the time they take in seconds.
    pub(crate) paced_audience: fn(u64, u64) -> String,
}

impl Texts {
    pub(crate) fn kind(&self, kind: AskedKind) -> &KindTexts {
        match kind {
            AskedKind::Delivery => &self.delivery,
            AskedKind::Click => &self.click,
            AskedKind::Reply => &self.reply,
        }
    }

    pub(crate) fn out_argument(&self, row: &OutArgumentRow) -> &'static str {
        (self.out_argument)(row)
    }
}

/// The words of a language by its code, such as `en-US`; English where there are none.
pub(crate) fn of_language(code: &str) -> &'static Texts {
    let primary = |code: &str| code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let found = LANGUAGES.iter().find(|texts| primary(texts.language) == primary(code));
    found.copied().unwrap_or(&en::TEXTS)
}
