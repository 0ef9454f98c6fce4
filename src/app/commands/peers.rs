//! Who has called, for `waypost peers` and `waypost status`.

use serde_json::{Value, json};

use super::{Commands, ControlAnswer};
use crate::control::PeerView;
use crate::http::{SeenPeer, Surface};

impl Commands {
    /// The addresses that have called each surface, the last seen first.
    pub(super) fn peers(&self) -> ControlAnswer {
        let mut list = Vec::new();
        let Some(outside) = &self.outside else { return ControlAnswer::ok(&list) };
        for surface in Surface::ALL {
            list.extend(outside.gate.seen(surface).into_iter().map(|(address, peer)| {
                let SeenPeer { calls, succeeded, refused, last_seen, .. } = peer;
                PeerView {
                    surface: surface.name().to_owned(),
                    address: address.to_string(),
                    calls,
                    succeeded,
                    refused,
                    last_seen: last_seen.to_iso(),
                    allowed: outside.gate.lists(surface, address),
                }
            }));
        }
        ControlAnswer::ok(&list)
    }

    /// Calls that an allowlist has refused since the start.
    pub(super) fn callers_refused(&self) -> Value {
        let refused = |surface: Surface| self.outside.as_ref().map_or(0, |outside| outside.gate.refused(surface));
        Surface::ALL.into_iter().map(|surface| (surface.name().to_owned(), json!(refused(surface)))).collect()
    }

    /// Entries of webhooks that were left out since the start.
    pub(super) fn left_out(&self) -> Value {
        let left_out = self.outside.as_ref().map(|outside| outside.left_out.left_out());
        let [unreadable, other_events, no_replies] = left_out.unwrap_or_default();
        json!({ "unreadable": unreadable, "other_events": other_events, "no_replies": no_replies })
    }
}
