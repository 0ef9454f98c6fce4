//! Every key's layout, and with it every record family: the one table.
//!
//! A key is a family byte followed by fields of fixed width, big-endian, so that the order of keys is the order in
//! which they are scanned. Only a last field may be text. The order of [`Key`] itself is the order of its bytes:
//! variants stand in the order of their family bytes, fields in the order in which they are written.
//!
//! | byte | family | then | value |
//! |---|---|---|---|
//! | `01` | Meta | name | format version, time of creation, machine, removals under way, when accounts were heard |
//! | `02` | TenantKey | mid | data key, wrapped by the master key; mid 0 is the system's own |
//! | `03` | Tenant | mid | `Tenant` |
//! | `10` | Queue | mid, queue | `QueueRecord` |
//! | `11` | Waiting | mid, queue, sequence | `QueuedMessage`: the queue itself |
//! | `12` | Sent | mid, queue, sequence | `SentMessage` |
//! | `13` | InFlight | mid, queue, first sequence | `InFlight` |
//! | `14` | DeadLetter | mid, queue, sequence | `DeadLetter` |
//! | `15` | TakenOut | mid, queue, sequence | `TakenOut`: that a message was erased while it waited |
//! | `20` | Answer | day, mid, hash | `FirstAnswer`; a day's are removed together |
//! | `30` | Report | mid, queue, sequence | `ReportRecord` |
//! | `31` | StrayReport | mid, hash | `ReportRecord` of a message that is not here |
//! | `32` | Click | mid, report, hash | `ClickRecord`; a message's lie together |
//! | `33` | Inbound | mid, hash | `InboundRecord`; mid 0 has those whose account is not known |
//! | `34` | ReplyOf | mid, queue, sequence, hash | `ReplyOf`: which inbound messages answer a message |
//! | `35` | LastSent | mid, hash | `LastSent`: the newest message of a sender to a recipient on a channel |
//! | `40` | Outbox | mid, target, order, subject | `OutboxEntry`; in the order of when it may go |
//! | `41` | Refused | mid, target, order, subject | `OutboxEntry` that its target refused |
//! | `50` | AccountState | mid, account | `AccountState` |
//! | `60` | Configuration | mid, id | `ConfigurationRecord` |
//! | `61` | Erasure | mid, time | `ErasureRecord`: that a person was erased, without naming them |
//! | `62` | ConfigurationQueue | mid, id, queue | `ConfigurationQueue`: which queues an activity of this configuration has |
//! | `7f` | Quarantine | the original key | a value that would not open, as it was found |

use crate::domain::ids::{AccountId, Mid, QueueId};
use crate::domain::timestamp::Timestamp;

/// The system's own data key.
pub(crate) const SYSTEM: Mid = Mid::new(0);

/// A keyed hash that stands for a text in a key.
pub(crate) type Hash = [u8; 16];

/// Day since 1970 in UTC: the bucket of first answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Day(pub(crate) u32);

impl Day {
    pub(crate) fn of(at: Timestamp) -> Self {
        Self(u32::try_from(at.as_secs() / 86_400).unwrap_or(u32::MAX))
    }

    pub(crate) fn minus(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }
}

/// What an outbox entry is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum OutboxSubject {
    /// The delivery and seen reports of one message.
    Report(ReportRef),
    /// A click, by its message and identity.
    Click(ReportRef, Hash),
    /// An inbound message, by the hash of its id.
    Inbound(Hash),
}

/// Which message a report is about, as part of a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum ReportRef {
    /// A message of this store.
    Known(QueueId, u64),
    /// A message id that is not in this store, by its keyed hash.
    Stray(Hash),
}

/// Where outbox entries go: what the forwarder has one lane for, per business unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct OutboxTarget(pub(crate) u8);

impl OutboxTarget {
    /// Delivery reports of the SMS family.
    pub(crate) const SMS_REPORTS: Self = Self(0);
    /// Delivery reports of the Omni family, and MMS whatever its account chose.
    pub(crate) const OMNI_REPORTS: Self = Self(1);
    pub(crate) const CLICKS: Self = Self(2);
    pub(crate) const INBOUND: Self = Self(3);

    /// All lanes, in the order in which they are served: replies first, because a journey waits for them.
    pub(crate) const ALL: [Self; 4] = [Self::INBOUND, Self::SMS_REPORTS, Self::OMNI_REPORTS, Self::CLICKS];
}

/// A key of the store.
#[expect(clippy::enum_variant_names, reason = "the family of business units' data keys is called that")]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Key {
    Meta(Box<str>),
    TenantKey(Mid),
    Tenant(Mid),
    Queue(Mid, QueueId),
    Waiting(Mid, QueueId, u64),
    Sent(Mid, QueueId, u64),
    InFlight(Mid, QueueId, u64),
    DeadLetter(Mid, QueueId, u64),
    TakenOut(Mid, QueueId, u64),
    Answer(Day, Mid, Hash),
    Report(Mid, QueueId, u64),
    StrayReport(Mid, Hash),
    Click(Mid, ReportRef, Hash),
    Inbound(Mid, Hash),
    ReplyOf(Mid, QueueId, u64, Hash),
    LastSent(Mid, Hash),
    Outbox(Mid, OutboxTarget, u64, OutboxSubject),
    Refused(Mid, OutboxTarget, u64, OutboxSubject),
    AccountState(Mid, AccountId),
    Configuration(Mid, Hash),
    Erasure(Mid, u64),
    ConfigurationQueue(Mid, Hash, QueueId),
    Quarantine(Vec<u8>),
}

/// A record family, by its prefix byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub(crate) enum Family {
    Meta = 0x01,
    TenantKey = 0x02,
    Tenant = 0x03,
    Queue = 0x10,
    Waiting = 0x11,
    Sent = 0x12,
    InFlight = 0x13,
    DeadLetter = 0x14,
    TakenOut = 0x15,
    Answer = 0x20,
    Report = 0x30,
    StrayReport = 0x31,
    Click = 0x32,
    Inbound = 0x33,
    ReplyOf = 0x34,
    LastSent = 0x35,
    Outbox = 0x40,
    Refused = 0x41,
    AccountState = 0x50,
    Configuration = 0x60,
    Erasure = 0x61,
    ConfigurationQueue = 0x62,
    Quarantine = 0x7f,
}

impl Family {
    /// Families of which a business unit's records lie together: the mid follows the prefix byte.
    pub(crate) const OF_TENANT: [Self; 20] = [
        Self::TenantKey,
        Self::Tenant,
        Self::Queue,
        Self::Waiting,
        Self::Sent,
        Self::InFlight,
        Self::DeadLetter,
        Self::TakenOut,
        Self::Report,
        Self::StrayReport,
        Self::Click,
        Self::Inbound,
        Self::ReplyOf,
        Self::LastSent,
        Self::Outbox,
        Self::Refused,
        Self::AccountState,
        Self::Configuration,
        Self::Erasure,
        Self::ConfigurationQueue,
    ];

    const ALL: [Self; 23] = [
        Self::Meta,
        Self::TenantKey,
        Self::Tenant,
        Self::Queue,
        Self::Waiting,
        Self::Sent,
        Self::InFlight,
        Self::DeadLetter,
        Self::TakenOut,
        Self::Answer,
        Self::Report,
        Self::StrayReport,
        Self::Click,
        Self::Inbound,
        Self::ReplyOf,
        Self::LastSent,
        Self::Outbox,
        Self::Refused,
        Self::AccountState,
        Self::Configuration,
        Self::Erasure,
        Self::ConfigurationQueue,
        Self::Quarantine,
    ];

    pub(crate) const fn byte(self) -> u8 {
        self as u8
    }

    fn by_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.byte() == byte)
    }
}

impl Key {
    pub(crate) fn family(&self) -> Family {
        match self {
            Self::Meta(_) => Family::Meta,
            Self::TenantKey(_) => Family::TenantKey,
            Self::Tenant(_) => Family::Tenant,
            Self::Queue(..) => Family::Queue,
            Self::Waiting(..) => Family::Waiting,
            Self::Sent(..) => Family::Sent,
            Self::InFlight(..) => Family::InFlight,
            Self::DeadLetter(..) => Family::DeadLetter,
            Self::TakenOut(..) => Family::TakenOut,
            Self::Answer(..) => Family::Answer,
            Self::Report(..) => Family::Report,
            Self::StrayReport(..) => Family::StrayReport,
            Self::Click(..) => Family::Click,
            Self::Inbound(..) => Family::Inbound,
            Self::ReplyOf(..) => Family::ReplyOf,
            Self::LastSent(..) => Family::LastSent,
            Self::Outbox(..) => Family::Outbox,
            Self::Refused(..) => Family::Refused,
            Self::AccountState(..) => Family::AccountState,
            Self::Configuration(..) => Family::Configuration,
            Self::Erasure(..) => Family::Erasure,
            Self::ConfigurationQueue(..) => Family::ConfigurationQueue,
            Self::Quarantine(_) => Family::Quarantine,
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let out = Layout::family(self.family());
        let out = match self {
            Self::Meta(name) => out.bytes(name.as_bytes()),
            Self::TenantKey(mid) | Self::Tenant(mid) => out.mid(*mid),
            Self::Queue(mid, queue) => out.mid(*mid).queue(*queue),
            Self::Waiting(mid, queue, sequence)
            | Self::Sent(mid, queue, sequence)
            | Self::InFlight(mid, queue, sequence)
            | Self::DeadLetter(mid, queue, sequence)
            | Self::TakenOut(mid, queue, sequence)
            | Self::Report(mid, queue, sequence) => out.mid(*mid).queue(*queue).u64(*sequence),
            Self::Answer(day, mid, hash) => out.bytes(&day.0.to_be_bytes()).mid(*mid).bytes(hash),
            Self::StrayReport(mid, hash)
            | Self::Inbound(mid, hash)
            | Self::LastSent(mid, hash)
            | Self::Configuration(mid, hash) => out.mid(*mid).bytes(hash),
            Self::Click(mid, report, hash) => out.mid(*mid).report(*report).bytes(hash),
            Self::ReplyOf(mid, queue, sequence, hash) => out.mid(*mid).queue(*queue).u64(*sequence).bytes(hash),
            Self::Outbox(mid, target, order, subject) | Self::Refused(mid, target, order, subject) => {
                out.mid(*mid).bytes(&[target.0]).u64(*order).subject(*subject)
            }
            Self::Erasure(mid, at) => out.mid(*mid).u64(*at),
            Self::ConfigurationQueue(mid, hash, queue) => out.mid(*mid).bytes(hash).queue(*queue),
            Self::AccountState(mid, account) => out.mid(*mid).bytes(account.as_str().as_bytes()),
            Self::Quarantine(original) => out.bytes(original),
        };
        out.0
    }

    /// Reads what [`Key::to_bytes`] wrote; `None` for anything else.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (family, rest) = bytes.split_first()?;
        let mut rest = Fields(rest);
        let key = match Family::by_byte(*family)? {
            Family::Meta => return std::str::from_utf8(rest.0).ok().map(|name| Self::Meta(name.into())),
            Family::Quarantine => return Some(Self::Quarantine(rest.0.to_vec())),
            Family::AccountState => {
                let mid = rest.mid()?;
                let label = std::str::from_utf8(rest.0).ok()?;
                return AccountId::new(label)
                    .ok()
                    .filter(|account| account.as_str() == label)
                    .map(|account| Self::AccountState(mid, account));
            }
            Family::TenantKey => Self::TenantKey(rest.mid()?),
            Family::Tenant => Self::Tenant(rest.mid()?),
            Family::Queue => Self::Queue(rest.mid()?, rest.queue()?),
            Family::Waiting => Self::Waiting(rest.mid()?, rest.queue()?, rest.u64()?),
            Family::Sent => Self::Sent(rest.mid()?, rest.queue()?, rest.u64()?),
            Family::InFlight => Self::InFlight(rest.mid()?, rest.queue()?, rest.u64()?),
            Family::DeadLetter => Self::DeadLetter(rest.mid()?, rest.queue()?, rest.u64()?),
            Family::TakenOut => Self::TakenOut(rest.mid()?, rest.queue()?, rest.u64()?),
            Family::Report => Self::Report(rest.mid()?, rest.queue()?, rest.u64()?),
            Family::Answer => Self::Answer(Day(rest.u32()?), rest.mid()?, rest.take()?),
            Family::StrayReport => Self::StrayReport(rest.mid()?, rest.take()?),
            Family::Click => Self::Click(rest.mid()?, rest.report()?, rest.take()?),
            Family::Inbound => Self::Inbound(rest.mid()?, rest.take()?),
            Family::ReplyOf => Self::ReplyOf(rest.mid()?, rest.queue()?, rest.u64()?, rest.take()?),
            Family::LastSent => Self::LastSent(rest.mid()?, rest.take()?),
            Family::Erasure => Self::Erasure(rest.mid()?, rest.u64()?),
            Family::Configuration => Self::Configuration(rest.mid()?, rest.take()?),
            Family::ConfigurationQueue => Self::ConfigurationQueue(rest.mid()?, rest.take()?, rest.queue()?),
            Family::Outbox => Self::Outbox(rest.mid()?, rest.target()?, rest.u64()?, rest.subject()?),
            Family::Refused => Self::Refused(rest.mid()?, rest.target()?, rest.u64()?, rest.subject()?),
        };
        rest.0.is_empty().then_some(key)
    }
}

/// Builds keys and their prefixes, field by field.
#[derive(Clone, Debug)]
pub(crate) struct Layout(pub(crate) Vec<u8>);

impl Layout {
    pub(crate) fn family(family: Family) -> Self {
        let mut out = Vec::with_capacity(48);
        out.push(family.byte());
        Self(out)
    }

    pub(crate) fn mid(self, mid: Mid) -> Self {
        self.u64(mid.get())
    }

    pub(crate) fn queue(self, queue: QueueId) -> Self {
        self.bytes(&queue.0.to_be_bytes())
    }

    pub(crate) fn day(self, day: Day) -> Self {
        self.bytes(&day.0.to_be_bytes())
    }

    pub(crate) fn hash(self, hash: &Hash) -> Self {
        self.bytes(hash)
    }

    pub(crate) fn target(self, target: OutboxTarget) -> Self {
        self.bytes(&[target.0])
    }

    pub(crate) fn u64(self, value: u64) -> Self {
        self.bytes(&value.to_be_bytes())
    }

    fn subject(self, subject: OutboxSubject) -> Self {
        match subject {
            // Its own first byte, 0 or 1, tells it from the others.
            OutboxSubject::Report(report) => self.report(report),
            OutboxSubject::Click(report, hash) => self.bytes(&[2]).report(report).bytes(&hash),
            OutboxSubject::Inbound(hash) => self.bytes(&[3]).bytes(&hash),
        }
    }

    pub(crate) fn report(self, report: ReportRef) -> Self {
        match report {
            ReportRef::Known(queue, sequence) => self.bytes(&[0]).queue(queue).u64(sequence),
            ReportRef::Stray(hash) => self.bytes(&[1]).bytes(&hash),
        }
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The keys that begin with this, as a half-open range. A prefix is never all 0xff: it begins with a family byte.
    pub(crate) fn range(self) -> (Vec<u8>, Vec<u8>) {
        let end = super::kv::prefix_end(&self.0).unwrap_or_else(|| self.0.clone());
        (self.0, end)
    }
}

/// Reads a key, field by field.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    fn mid(&mut self) -> Option<Mid> {
        self.u64().map(Mid::new)
    }

    fn queue(&mut self) -> Option<QueueId> {
        self.u32().map(QueueId)
    }

    fn target(&mut self) -> Option<OutboxTarget> {
        self.take::<1>().map(|[target]| OutboxTarget(target))
    }

    fn subject(&mut self) -> Option<OutboxSubject> {
        match self.0.first()? {
            2 => {
                let _tag = self.take::<1>()?;
                Some(OutboxSubject::Click(self.report()?, self.take()?))
            }
            3 => {
                let _tag = self.take::<1>()?;
                Some(OutboxSubject::Inbound(self.take()?))
            }
            _ => self.report().map(OutboxSubject::Report),
        }
    }

    fn report(&mut self) -> Option<ReportRef> {
        match self.take::<1>()? {
            [0] => Some(ReportRef::Known(self.queue()?, self.u64()?)),
            [1] => Some(ReportRef::Stray(self.take()?)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Small numbers meet often, so that later fields decide; large ones catch a wrong byte order.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![0..3u64, 250..260u64, any::<u64>()]
    }

    fn any_key() -> impl Strategy<Value = Key> {
        let mid = || number().prop_map(Mid::new);
        let queue = || prop_oneof![0..3u32, any::<u32>()].prop_map(QueueId);
        let place = || (mid(), queue(), number());
        let hash = || prop_oneof![Just([7; 16]), any::<Hash>()];
        let report = || {
            prop_oneof![
                (queue(), number()).prop_map(|(queue, sequence)| ReportRef::Known(queue, sequence)),
                hash().prop_map(ReportRef::Stray),
            ]
        };
        let subject = || {
            prop_oneof![
                report().prop_map(OutboxSubject::Report),
                (report(), hash()).prop_map(|(report, hash)| OutboxSubject::Click(report, hash)),
                hash().prop_map(OutboxSubject::Inbound),
            ]
        };
        let lane = || (mid(), (0..3u8).prop_map(OutboxTarget), number(), subject());
        prop_oneof![
            "[a-c/]{0,4}".prop_map(|name| Key::Meta(name.into())),
            mid().prop_map(Key::TenantKey),
            mid().prop_map(Key::Tenant),
            (mid(), queue()).prop_map(|(mid, queue)| Key::Queue(mid, queue)),
            place().prop_map(|(mid, queue, sequence)| Key::Waiting(mid, queue, sequence)),
            place().prop_map(|(mid, queue, sequence)| Key::Sent(mid, queue, sequence)),
            place().prop_map(|(mid, queue, sequence)| Key::InFlight(mid, queue, sequence)),
            place().prop_map(|(mid, queue, sequence)| Key::DeadLetter(mid, queue, sequence)),
            place().prop_map(|(mid, queue, sequence)| Key::TakenOut(mid, queue, sequence)),
            (any::<u32>(), mid(), hash()).prop_map(|(day, mid, hash)| Key::Answer(Day(day), mid, hash)),
            place().prop_map(|(mid, queue, sequence)| Key::Report(mid, queue, sequence)),
            (mid(), hash()).prop_map(|(mid, hash)| Key::StrayReport(mid, hash)),
            (mid(), report(), hash()).prop_map(|(mid, report, hash)| Key::Click(mid, report, hash)),
            (mid(), hash()).prop_map(|(mid, hash)| Key::Inbound(mid, hash)),
            (place(), hash()).prop_map(|((mid, queue, sequence), hash)| Key::ReplyOf(mid, queue, sequence, hash)),
            (mid(), hash()).prop_map(|(mid, hash)| Key::LastSent(mid, hash)),
            lane().prop_map(|(mid, target, order, subject)| Key::Outbox(mid, target, order, subject)),
            lane().prop_map(|(mid, target, order, subject)| Key::Refused(mid, target, order, subject)),
            (mid(), "[a-cé]{1,4}").prop_map(|(mid, label)| Key::AccountState(mid, AccountId::new(&label).unwrap())),
            (mid(), hash()).prop_map(|(mid, hash)| Key::Configuration(mid, hash)),
            (mid(), number()).prop_map(|(mid, at)| Key::Erasure(mid, at)),
            (mid(), hash(), queue()).prop_map(|(mid, hash, queue)| Key::ConfigurationQueue(mid, hash, queue)),
            proptest::collection::vec(any::<u8>(), 0..6).prop_map(Key::Quarantine),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn keys_sort_as_their_tuples(a in any_key(), b in any_key()) {
            prop_assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
        }

        #[test]
        fn keys_round_trip(key in any_key()) {
            prop_assert_eq!(Key::parse(&key.to_bytes()), Some(key));
        }

        #[test]
        fn any_bytes_are_a_key_or_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(key) = Key::parse(&bytes) {
                prop_assert_eq!(key.to_bytes(), bytes);
            }
        }

        #[test]
        fn a_range_holds_the_keys_of_its_prefix_and_no_others(a in any_key(), b in any_key(), cut in 1..8usize) {
            let bytes = a.to_bytes();
            let prefix = bytes[..cut.min(bytes.len())].to_vec();
            let (from, to) = Layout(prefix.clone()).range();
            let other = b.to_bytes();
            prop_assert_eq!(other.starts_with(&prefix), from <= other && other < to);
        }
    }

    #[test]
    fn each_family_has_a_byte_of_its_own_and_stands_in_order() {
        assert!(Family::ALL.windows(2).all(|pair| pair[0].byte() < pair[1].byte()));
    }
}
