//! The activity contract: bodies that Journey Builder sends, and the documents that describe our activities to it.

mod call;
mod document;

pub(crate) use call::{ActivityError, ExecuteCall, LifecycleCall};
pub(crate) use document::{ActivitySettings, Filled, Kind, config_json, configured, saved_activity};
