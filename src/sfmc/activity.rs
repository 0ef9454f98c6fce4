//! The activity contract: bodies that Journey Builder sends, and the documents that describe our activities to it.

mod call;
mod document;
mod languages;

pub(crate) use call::{ActivityError, ExecuteCall, LifecycleCall};
pub(crate) use document::{ActivitySettings, Filled, GivenWords, Kind, config_json, configured, saved_activity};
