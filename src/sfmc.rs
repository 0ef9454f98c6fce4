//! Everything that SFMC says and hears: the activity contract, tokens, SOAP, REST, data extension rows.
//!
//! Wire structs have no behaviour and become domain types by one fallible conversion. Nothing in an error, a `Debug`
//! or a checklist holds a secret or a value of a row.

pub(crate) mod activity;
mod check;
pub(crate) mod client;
pub(crate) mod data_extension;
mod event;
pub(crate) mod journey_builder;
pub(crate) mod jwt;
pub(crate) mod rest;
mod soap;
pub(crate) mod token;
mod user;
