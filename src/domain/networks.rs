//! Networks of addresses, for allowlists (spec T7), and whose address a call came from behind proxies.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Stands in a list for [`INFOBIP`].
const INFOBIP_NAME: &str = "infobip";
/// The ranges that Infobip publishes for its webhooks (infobip.md 9.7). Not complete: some of its public cloud ranges are
/// published nowhere, and it may add others any day.
const INFOBIP: [&str; 23] = [
    "193.105.74.0/24",
    "62.140.31.0/24",
    "83.166.64.0/19",
    "202.22.160.0/20",
    "81.23.248.0/21",
    "185.255.8.0/22",
    "208.93.48.0/22",
    "89.164.98.0/24",
    "149.5.186.0/24",
    "171.244.0.32/27",
    "203.223.163.32/28",
    "203.223.170.88/29",
    "119.30.69.0/28",
    "103.23.95.200/29",
    "13.87.78.119/32",
    "20.216.25.182/32",
    "20.173.68.171/32",
    "172.195.40.23/32",
    "34.166.0.168/32",
    "34.166.49.86/32",
    "20.233.44.67/32",
    "66.203.199.128/27",
    "20.108.54.3/32",
];
/// Networks of one list, the presets' own not counted.
const NETWORKS_MAX: usize = 1_000;
/// Addresses of a call's way that are looked at, from the nearest on.
const HOPS_MAX: usize = 32;
/// Bits of `::ffff:0:0/96`, behind which IPv6 writes IPv4 (RFC 4291 2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// A list of networks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks {
    /// As they were written.
    texts: Vec<String>,
    nets: Vec<IpNet>,
}

impl Networks {
    /// Reads networks in CIDR notation, single addresses and the name of a preset; `None` when one is neither.
    pub(crate) fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut networks = Self::default();
        for text in texts.into_iter().map(str::trim) {
            if networks.texts.len() == NETWORKS_MAX {
                return None;
            }
            if text == INFOBIP_NAME {
                networks.nets.extend(INFOBIP.iter().filter_map(|net| network(net)));
            } else {
                networks.nets.push(network(text)?);
            }
            networks.texts.push(text.to_owned());
        }
        Some(networks)
    }

    /// An IPv4 address written as IPv6 is the same address.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.nets.iter().any(|net| net.contains(&address))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// As they were written.
    pub(crate) fn texts(&self) -> &[String] {
        &self.texts
    }
}

fn network(text: &str) -> Option<IpNet> {
    let net = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    Some(canonical(net).trunc())
}

/// A network of IPv4 addresses that is written as IPv6 as the IPv4 network that it is.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    let v4 = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(MAPPED_BITS));
    let v4 = v4.and_then(|(address, bits)| Ipv4Net::new(address, bits).ok());
    v4.map_or(IpNet::V6(Ipv6Net::trunc(&v6)), IpNet::V4)
}

/// Who called, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Known(IpAddr),
    /// Whoever is behind this trusted proxy, which names it in no way that can be read.
    Behind(IpAddr),
}

/// Who called: `peer`, or where `peer` is one of the `proxies` the nearest of `forwarded`, the addresses of
/// `X-Forwarded-For` from the last on, that is none. What stands before that one anybody may have written. A proxy that
/// says nothing has called itself; one that says something unreadable has not.
pub(crate) fn caller<'a>(peer: IpAddr, forwarded: impl IntoIterator<Item = &'a [u8]>, proxies: &Networks) -> Caller {
    let mut caller = peer.to_canonical();
    for hop in forwarded.into_iter().take(HOPS_MAX) {
        if !proxies.contain(caller) {
            break;
        }
        let Some(before) = hop_address(hop) else { return Caller::Behind(caller) };
        caller = before.to_canonical();
    }
    Caller::Known(caller)
}

/// An address as proxies write it: with or without a port, IPv6 in brackets or not.
fn hop_address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nets(texts: &[&str]) -> Networks {
        Networks::parse(texts.iter().copied()).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_list_has_its_networks_and_no_others() {
        let list = nets(&["10.1.2.3/8", "192.0.2.7", "2001:db8::/32", " ::1 ", "::ffff:198.51.100.0/120"]);
        for inside in ["10.255.0.1", "::ffff:10.0.0.1", "192.0.2.7", "2001:db8:ffff::1", "::1", "198.51.100.9"] {
            assert!(list.contain(ip(inside)), "{inside}");
        }
        for outside in ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::2", "::10.0.0.1", "198.51.101.9"] {
            assert!(!list.contain(ip(outside)), "{outside}");
        }
        assert!(!Networks::default().contain(ip("127.0.0.1")));
        for wrong in ["", "10.0.0.0/33", "10.0.0", "example.com", "::/129", "Infobip", "10.0.0.1-10.0.0.9"] {
            assert_eq!(Networks::parse([wrong]), None, "{wrong}");
        }
        assert_eq!(Networks::parse(std::iter::repeat_n("10.0.0.1", NETWORKS_MAX + 1)), None);
    }

    #[test]
    fn all_of_infobips_ranges_are_in_its_preset() {
        let list = nets(&["infobip", "192.0.2.7"]);
        assert_eq!(list.nets.len(), INFOBIP.len() + 1);
        for inside in ["193.105.74.255", "83.166.95.1", "20.233.44.67", "66.203.199.159", "192.0.2.7"] {
            assert!(list.contain(ip(inside)), "{inside}");
        }
        assert!(!list.contain(ip("20.233.44.68")));
        assert_eq!(list.texts(), ["infobip", "192.0.2.7"]);
    }

    #[test]
    fn only_proxies_are_believed() {
        let proxies = nets(&["10.0.0.0/8", "::1"]);
        for (peer, forwarded, expected) in [
            ("192.0.2.1", &["198.51.100.1"][..], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.1"], "198.51.100.1"),
            ("10.0.0.1", &["10.0.0.2", "198.51.100.1", "203.0.113.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("::1", &["[2001:db8::1]:443"], "2001:db8::1"),
            ("::1", &["\"[2001:db8::1]\""], "2001:db8::1"),
            ("::1", &[" 198.51.100.1:80 "], "198.51.100.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.2", "10.0.0.3"], "10.0.0.3"),
        ] {
            let hops = forwarded.iter().map(|hop| hop.as_bytes());
            assert_eq!(caller(ip(peer), hops, &proxies), Caller::Known(ip(expected)), "{peer} {forwarded:?}");
        }
        for (unreadable, proxy) in [
            (&[&b"unknown"[..], b"198.51.100.1"][..], "10.0.0.1"),
            (&[b""], "10.0.0.1"),
            (&[b"\xe9, 198.51.100.1"], "10.0.0.1"),
            (&[b"10.0.0.2", b"198.51.100.1\xff"], "10.0.0.2"),
        ] {
            let found = caller(ip("10.0.0.1"), unreadable.iter().copied(), &proxies);
            assert_eq!(found, Caller::Behind(ip(proxy)), "{unreadable:?}");
        }
        let beyond = caller(ip("10.0.0.1"), [&b"198.51.100.1"[..], b"\xff"], &proxies);
        assert_eq!(beyond, Caller::Known(ip("198.51.100.1")));
    }

    proptest! {
        #[test]
        fn a_stranger_stays_a_stranger_whatever_it_writes(forwarded in proptest::collection::vec(any::<Vec<u8>>(), 0..5)) {
            let stranger = ip("192.0.2.1");
            let texts = || forwarded.iter().map(Vec::as_slice);
            prop_assert_eq!(caller(stranger, texts(), &nets(&["10.0.0.0/8"])), Caller::Known(stranger));
            // Behind a proxy too, which adds the address that it sees.
            let written = std::iter::once(&b"192.0.2.1"[..]).chain(texts());
            prop_assert_eq!(caller(ip("10.0.0.1"), written, &nets(&["10.0.0.0/8"])), Caller::Known(stranger));
        }

        #[test]
        fn any_text_is_a_network_or_none(text in ".{0,30}") {
            Networks::parse([text.as_str()]);
        }
    }
}
