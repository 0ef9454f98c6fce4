//! What is asked and answered about an Infobip account's own things.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{AccountId, Mid};
use crate::domain::scenario::ScenarioKey;
use crate::domain::whatsapp_template::Wanted;

/// Which account: of a business unit with one, it need not be named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountName {
    pub(crate) mid: Mid,
    pub(crate) account: Option<AccountId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AccountRequest {
    /// Answered with a [`crate::domain::sender::SenderListing`].
    Senders,
    /// Answered with a [`TemplatesPage`].
    Templates(TemplatesRequest),
    /// Answered with a [`crate::domain::scenario::ScenarioCheck`].
    Scenario { key: ScenarioKey },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TemplatesRequest {
    /// A WhatsApp sender of the account.
    pub(crate) sender: String,
    /// Also those that an activity is not offered.
    pub(crate) all: bool,
    /// Not from the list that was kept.
    pub(crate) refresh: bool,
    /// How many of the list have been given already: one answer may be too small for all.
    pub(crate) from: usize,
}

/// As many templates as fit into one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TemplatesPage {
    pub(crate) templates: Vec<TemplateView>,
    /// Seconds since Infobip gave the list.
    pub(crate) age_secs: u64,
    /// Why an old list stands in.
    pub(crate) stale: Option<String>,
    /// Where the next page begins, when there is one.
    pub(crate) next: Option<usize>,
}

/// A WhatsApp template, for people and scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TemplateView {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) category: String,
    pub(crate) status: String,
    pub(crate) offered: bool,
    /// Why it is not offered.
    pub(crate) why_not: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) footer: Option<String>,
    pub(crate) wanted: Wanted,
}
