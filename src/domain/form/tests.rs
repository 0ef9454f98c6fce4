//! The forms as a whole: what they show, what is saved, and which field a problem is told of.

mod problems;
pub(crate) mod samples;
mod shown;
mod state;
mod summary;
