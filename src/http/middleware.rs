//! What happens to requests before their handlers.

pub(super) mod allowlist;
mod peers;

pub(crate) use allowlist::{Allowlists, Gate, Surface};
pub(crate) use peers::SeenPeer;
