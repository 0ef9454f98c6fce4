//! A click on a shortened link of a message (infobip.md 9.4).

use serde::{Deserialize, Serialize};

use super::timestamp::Timestamp;

/// A click, completed from its message where that is known. One person can click many times: each is one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Click {
    /// `CLICKED`, as far as is known.
    pub(crate) notification_type: String,
    /// `messageId` as it came.
    pub(crate) message_id: String,
    pub(crate) bulk_id: Option<String>,
    /// The channel, as the `channel` column of all extensions spells it.
    pub(crate) channel: String,
    /// Who clicked; personal data.
    pub(crate) recipient: Option<String>,
    /// The long URL that was in the message.
    pub(crate) url: Option<String>,
    pub(crate) clicked_at: Timestamp,
    pub(crate) device_type: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) device_name: Option<String>,
    pub(crate) callback_data: Option<String>,
}

impl Click {
    /// What makes a repeat of a webhook the same click: the message, the moment and the URL.
    pub(crate) fn identity(&self) -> String {
        format!("{}\n{}\n{}", self.message_id, self.clicked_at.as_nanos(), self.url.as_deref().unwrap_or_default())
    }
}

/// A click as it was heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HeardClick {
    /// Where nobody says when it was, that is when it was heard.
    pub(crate) click: Click,
    pub(crate) says_when: bool,
}

impl HeardClick {
    /// What makes a repeat of a webhook the same click. Nothing tells a repeat of one that does not say when it was from
    /// another click of the same device on the same URL, so all of these are one.
    pub(crate) fn identity(&self) -> String {
        let click = &self.click;
        if self.says_when {
            return click.identity();
        }
        let parts = [&click.url, &click.device_type, &click.os, &click.device_name];
        let parts = parts.map(|part| part.as_deref().unwrap_or_default());
        format!("{}\n-\n{}", click.message_id, parts.join("\n"))
    }
}
