//! What becomes of a message: chosen from the seed and the number, or by a magic number.

use super::status::{DELIVERED, Status};
use crate::sandbox::DeliveryScript;

/// Numbers of this unassigned country code carry their fate.
const MAGIC_PREFIX: &str = "999";
const MAGIC_DIGITS: usize = 4;

/// The fate that a number asks for: `999SSSS…`, `SSSS` a known status id.
pub(super) fn magic(to: &str) -> Option<Status> {
    let digits = to.strip_prefix(MAGIC_PREFIX)?.get(..MAGIC_DIGITS)?;
    digits.parse().ok().and_then(Status::by_id)
}

/// The final status of an accepted message. Depends on nothing but its arguments, so that runs can be repeated.
pub(super) fn choose(seed: u64, to: &str, script: &DeliveryScript) -> Status {
    if let Some(status) = magic(to).filter(|status| status.group != 5) {
        return status;
    }
    let mut rest = draw(seed, to, "outcome");
    for (share, id) in
        [(script.undeliverable_per_mille, 9), (script.rejected_per_mille, 6), (script.expired_per_mille, 15)]
    {
        if rest < share {
            return Status::of(id);
        }
        rest -= share;
    }
    DELIVERED
}

/// Whether a delivered message's link is clicked.
pub(super) fn is_clicked(seed: u64, to: &str, script: &DeliveryScript) -> bool {
    draw(seed, to, "click") < script.clicked_per_mille
}

/// Whether a delivered message is seen.
pub(super) fn is_seen(seed: u64, to: &str, script: &DeliveryScript) -> bool {
    draw(seed, to, "seen") < script.seen_per_mille
}

/// An even draw from 0 to 999.
pub(super) fn draw(seed: u64, to: &str, purpose: &str) -> u16 {
    u16::try_from(hash(seed, to, purpose) % 1_000).unwrap_or(0)
}

/// One of several, each as likely as the other.
pub(super) fn pick<'a, T>(seed: u64, to: &str, purpose: &str, several: &'a [T]) -> Option<&'a T> {
    let count = u64::try_from(several.len()).unwrap_or(u64::MAX).max(1);
    several.get(usize::try_from(hash(seed, to, purpose) % count).unwrap_or(0))
}

fn hash(seed: u64, to: &str, purpose: &str) -> u64 {
    // FNV-1a, finished as splitmix64 does, so that neighbouring numbers fall far apart.
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in purpose.bytes().chain(to.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_met_and_the_seed_decides() {
        let script = DeliveryScript {
            undeliverable_per_mille: 100,
            rejected_per_mille: 50,
            expired_per_mille: 50,
            ..DeliveryScript::default()
        };
        let fates = |seed: u64| -> Vec<u32> {
            (0..10_000).map(|n| choose(seed, &format!("38591{n:07}"), &script).id).collect()
        };
        let first = fates(1);
        let count = |id: u32| first.iter().filter(|fate| **fate == id).count();
        assert!((850..1150).contains(&count(9)), "{}", count(9));
        assert!((400..600).contains(&count(6)), "{}", count(6));
        assert!((400..600).contains(&count(15)), "{}", count(15));
        assert_eq!(first, fates(1));
        assert_ne!(first, fates(2));
    }

    #[test]
    fn magic_numbers_have_their_way() {
        let script = DeliveryScript::default();
        assert_eq!(choose(0, "99900150001", &script).name, "EXPIRED_EXPIRED");
        assert_eq!(magic("99900080001").map(|status| status.id), Some(8));
        assert_eq!(magic("99977770001"), None);
        assert_eq!(magic("999"), None);
        assert_eq!(magic("38591000"), None);
    }
}
