//! How forms look.
