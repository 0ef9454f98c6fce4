//! The encrypted store on disk.
