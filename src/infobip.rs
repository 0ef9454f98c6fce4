//! Everything that Infobip says and hears: sends, answers, logs, account checks, webhooks.
