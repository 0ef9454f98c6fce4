//! Everything that Infobip says and hears: sends, answers, logs, account checks, webhooks.
//!
//! Wire structs have no behaviour and become domain types by one fallible conversion. Nothing in an error or a `Debug`
//! holds an API key, a phone number or a text.

pub(crate) mod account;
pub(crate) mod client;
mod logs;
mod problem;
mod send;
pub(crate) mod webhook;
