//! The activities' pages.

pub(crate) mod form;
