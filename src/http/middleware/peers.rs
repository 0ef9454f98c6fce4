//! Which addresses have called, so that an admin can build an allowlist from them (spec T7). In memory, since the start.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Timestamp;

/// Addresses of one surface that are remembered.
const PEERS_MAX: usize = 1_000;
/// That an address was refused is logged this often …
const REFUSAL_LOGGED_EVERY: Duration = Duration::from_hours(1);
/// … and so many addresses a minute, however many there are.
const REFUSALS_LOGGED_A_MINUTE: u32 = 30;
const MINUTE_SECS: u64 = 60;

/// What an address has done on one surface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SeenPeer {
    pub(crate) calls: u64,
    /// Calls that were answered 2xx: with them it had something to do here.
    pub(crate) succeeded: u64,
    /// Calls that were refused because it was not on the allowlist.
    pub(crate) refused: u64,
    pub(crate) last_seen: Timestamp,
    refusal_logged_at: Option<Timestamp>,
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    Succeeded,
    Failed,
    Refused,
}

/// The addresses of one surface.
#[derive(Default)]
pub(super) struct Peers {
    by_address: HashMap<IpAddr, SeenPeer>,
    /// The minute, and how many refusals were logged in it.
    logged: (u64, u32),
    refused: u64,
}

impl Peers {
    /// Counts a call; says whether its refusal is to be logged. Where there are too many addresses the one is forgotten
    /// that has achieved nothing, or else that was not seen for the longest.
    pub(super) fn count(&mut self, address: IpAddr, ended: Ended, now: Timestamp) -> bool {
        if self.by_address.len() >= PEERS_MAX && !self.by_address.contains_key(&address) {
            let least = self.by_address.iter().min_by_key(|(_, peer)| (peer.succeeded > 0, peer.last_seen));
            if let Some(least) = least.map(|(address, _)| *address) {
                self.by_address.remove(&least);
            }
        }
        let unseen = SeenPeer { calls: 0, succeeded: 0, refused: 0, last_seen: now, refusal_logged_at: None };
        let peer = self.by_address.entry(address).or_insert(unseen);
        peer.calls += 1;
        peer.last_seen = now;
        match ended {
            Ended::Succeeded => peer.succeeded += 1,
            Ended::Failed => {}
            Ended::Refused => peer.refused += 1,
        }
        if ended != Ended::Refused {
            return false;
        }
        self.refused += 1;
        let is_due = peer.refusal_logged_at.is_none_or(|at| now < at || now.since(at) >= REFUSAL_LOGGED_EVERY);
        let minute = now.as_secs() / MINUTE_SECS;
        if self.logged.0 != minute {
            self.logged = (minute, 0);
        }
        if !is_due || self.logged.1 >= REFUSALS_LOGGED_A_MINUTE {
            return false;
        }
        self.logged.1 += 1;
        peer.refusal_logged_at = Some(now);
        true
    }

    /// All that are remembered, the last seen first.
    pub(super) fn all(&self) -> Vec<(IpAddr, SeenPeer)> {
        let mut all: Vec<_> = self.by_address.iter().map(|(address, peer)| (*address, *peer)).collect();
        all.sort_by_key(|(address, peer)| (std::cmp::Reverse(peer.last_seen), *address));
        all
    }

    /// Refused calls since the start, also of addresses that were forgotten.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: usize) -> IpAddr {
        std::net::Ipv6Addr::from_bits(n as u128).into()
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn only_so_many_addresses_are_remembered_and_those_with_business_longest() {
        let mut peers = Peers::default();
        peers.count(address(0), Ended::Succeeded, at(1));
        for n in 1..5_000 {
            peers.count(address(n), Ended::Failed, at(2));
        }
        let all = peers.all();
        assert_eq!(all.len(), PEERS_MAX);
        assert!(all.iter().any(|(seen, _)| *seen == address(0)));
        assert!(all.iter().any(|(seen, _)| *seen == address(4_999)));
    }

    #[test]
    fn a_refusal_is_logged_once_an_hour_and_not_for_everybody() {
        let mut peers = Peers::default();
        let logged = [0, 1, 3_599, 3_600, 3_601].map(|secs| peers.count(address(7), Ended::Refused, at(10 + secs)));
        assert_eq!(logged, [true, false, false, true, false]);
        let flood = (100..1_100).filter(|n| peers.count(address(*n), Ended::Refused, at(9_000))).count();
        assert_eq!(flood, REFUSALS_LOGGED_A_MINUTE as usize);
        assert_eq!(peers.refused(), 1_005);
        assert!(!peers.count(address(8), Ended::Succeeded, at(9_999)));
    }
}
