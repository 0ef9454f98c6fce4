//! A whole Waypost for a test, and the people around it: SFMC, Infobip, an operator at the command line.

mod activity;
mod app;
mod call;
mod cli;
mod errors;
mod page;
mod process;
mod tenant;
mod wait;

pub(crate) use activity::Activity;
pub(crate) use app::{Answered, TestApp, phone_of, spawn_app};
pub(crate) use call::{Call, jws};
pub(crate) use cli::{Ran, run_cli};
pub(crate) use page::{Page, Posted};
pub(crate) use process::{Served, Server, serve};
pub(crate) use tenant::{
    AccountFile, CLICKS_KEY, INBOUND_KEY, MASTER_KEY_HEX, OMNI_KEY, REPORTS_KEY, TenantFile, inbound_messages,
    older_url_tracking, tenant, unified_url_tracking,
};
pub(crate) use wait::eventually;
