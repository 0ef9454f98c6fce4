//! Black-box tests: each starts a whole Waypost against the sandbox of both platforms, speaks HTTP and the command line
//! to it, and asserts on answers and on what the platforms received.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests: a failed assumption is a failed test"
)]

mod allowlists;
mod assets;
mod channels;
mod config_json;
mod crash;
mod demo;
mod designed;
mod dispatching;
mod hard_errors;
mod journey;
mod lifecycle;
mod pages;
mod pages_reports;
mod refused;
mod repeats;
mod reports;
mod reports_activity;
mod rows;
mod secrets;
mod sms;
mod soft_errors;
mod stopping;
mod support;
mod tenants;
mod tidy;
mod two_way;
mod webhooks;
