//! Waypost connects Salesforce Marketing Cloud Journey Builder to the Infobip messaging platform.
//!
//! ```text
//! SFMC ─execute─▶ http ▶ intake: verify JWT ▶ parse ▶ validate per channel ▶ store commit (grouped, synced) ▶ 200
//!                                                         └▶ dispatch: pacer (next slot) ▶ sender ─▶ Infobip
//! Infobip ─webhook─▶ http ▶ reporting: recorder ▶ store commit ▶ 200 … forwarder ─▶ data extension rows | URL
//! SFMC ─execute─▶ http ▶ reporting: lookup (store, else data extension) ▶ out-arguments
//! ```
//!
//! The modules below are in reading order; ARCHITECTURE.md has the map and the invariants.

pub mod clock;
mod domain;

mod dispatch;
mod http;
mod infobip;
mod intake;
mod listings;
mod onboarding;
mod outbound;
mod pages;
mod random;
mod reporting;
mod sfmc;
mod store;
mod tenants;

pub mod app;
pub mod cli;
pub mod config;
mod control;
mod demo;
mod nearest;
pub mod sandbox;
#[cfg(test)]
mod simulation;
mod telemetry;
