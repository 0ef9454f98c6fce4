//! Persisted forms: a version byte, then bincode.
//!
//! What is written is a shape of this file, `…V1`, never whatever the domain looks like today. Types that only the store
//! has are their own first shape: on the day one changes, today's becomes a `…V1` here with an upgrade beside it. The
//! golden files under `tests/fixtures/records/` hold the bytes of every shape: a domain type inside a record that
//! changes by accident fails `golden_records_keep_decoding`.

mod message_v1;
mod report_v1;
mod tenant_v1;

use std::borrow::Cow;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use self::message_v1::{QueuedMessageV1, SentMessageV1};
use self::report_v1::ReportV1;
use self::tenant_v1::TenantV1;
use super::accounts::AccountState;
use super::answers::FirstAnswer;
use super::configurations::{ConfigurationQueue, ConfigurationRecord};
use super::erasures::ErasureRecord;
use super::messages::{DeadLetter, InFlight, SentMessage, SentOutcome, TakenOut};
use super::queues::QueueRecord;
use super::reports::{ClickRecord, InboundRecord, LastSent, OutboxEntry, ReplyOf, ReportRecord};
use crate::domain::ids::MessageId;
use crate::domain::message::{Message, Progress, QueuedMessage};
use crate::domain::tenant::Tenant;
use crate::domain::timestamp::Timestamp;

/// The most that decoding may claim, so that a length in a record can't ask for all memory.
const DECODE_BYTES_MAX: usize = super::kv::VALUE_BYTES_MAX;

/// Why a record could not be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecordError {
    #[error(
        "a {family} record has version {version}, which this Waypost does not know: the store is newer than the program"
    )]
    Newer { family: &'static str, version: u8 },
    #[error("a {family} record can't be read: {problem}")]
    Damaged { family: &'static str, problem: String },
    #[error("a {family} record can't be written: {problem}")]
    Unwritable { family: &'static str, problem: String },
}

/// Something with a persisted form.
pub(crate) trait Record: Sized {
    /// What errors and logs call it.
    const FAMILY: &'static str;

    /// Appends the newest form, version byte first.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError>;

    /// Reads any form that was ever written.
    fn decode(bytes: &[u8]) -> Result<Self, RecordError>;
}

fn config() -> Configuration<LittleEndian, Varint, Limit<DECODE_BYTES_MAX>> {
    bincode::config::standard().with_limit::<DECODE_BYTES_MAX>()
}

fn write<R: Record>(version: u8, form: &impl Serialize, out: &mut Vec<u8>) -> Result<(), RecordError> {
    out.push(version);
    bincode::serde::encode_into_std_write(form, out, config())
        .map(|_written| ())
        .map_err(|error| RecordError::Unwritable { family: R::FAMILY, problem: error.to_string() })
}

fn read<R: Record, F: DeserializeOwned>(body: &[u8]) -> Result<F, RecordError> {
    let damaged = |problem: String| RecordError::Damaged { family: R::FAMILY, problem };
    match bincode::serde::decode_from_slice(body, config()) {
        Ok((form, used)) if used == body.len() => Ok(form),
        Ok(_) => Err(damaged("there is something behind its end".into())),
        Err(error) => Err(damaged(error.to_string())),
    }
}

/// The version byte and what follows it.
fn split<R: Record>(bytes: &[u8]) -> Result<(u8, &[u8]), RecordError> {
    match bytes.split_first() {
        Some((version, body)) => Ok((*version, body)),
        None => Err(RecordError::Damaged { family: R::FAMILY, problem: "it is empty".into() }),
    }
}

fn newer<R: Record>(version: u8) -> RecordError {
    RecordError::Newer { family: R::FAMILY, version }
}

/// Records of the store's own types, which are their own first form.
macro_rules! own_form {
    ($($record:ty, $family:literal;)*) => {$(
        impl Record for $record {
            const FAMILY: &'static str = $family;

            fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
                write::<Self>(1, self, out)
            }

            fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
                match split::<Self>(bytes)? {
                    (1, body) => read::<Self, Self>(body),
                    (version, _) => Err(newer::<Self>(version)),
                }
            }
        }
    )*};
}

own_form! {
    QueueRecord, "queue";
    InFlight, "in-flight";
    DeadLetter, "dead letter";
    TakenOut, "taken out";
    FirstAnswer, "first answer";
    ClickRecord, "click";
    InboundRecord, "inbound message";
    ReplyOf, "reply";
    LastSent, "last sent";
    OutboxEntry, "outbox";
    AccountState, "account state";
    ConfigurationRecord, "configuration";
    ErasureRecord, "erasure";
    ConfigurationQueue, "queue of a configuration";
}

#[derive(Serialize, Deserialize)]
struct TenantV2<'a> {
    tenant: Cow<'a, Tenant>,
}

impl Record for Tenant {
    const FAMILY: &'static str = "tenant";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        write::<Self>(2, &TenantV2 { tenant: Cow::Borrowed(self) }, out)
    }

    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        match split::<Self>(bytes)? {
            (1, body) => Ok(read::<Self, TenantV1>(body)?.into()),
            (2, body) => Ok(read::<Self, TenantV2<'static>>(body)?.tenant.into_owned()),
            (version, _) => Err(newer::<Self>(version)),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct QueuedMessageV2<'a> {
    id: MessageId,
    message: Cow<'a, Message>,
    accepted_at: Timestamp,
    progress: Cow<'a, Progress>,
}

impl<'a> From<&'a QueuedMessage> for QueuedMessageV2<'a> {
    fn from(queued: &'a QueuedMessage) -> Self {
        Self {
            id: queued.id,
            message: Cow::Borrowed(&queued.message),
            accepted_at: queued.accepted_at,
            progress: Cow::Borrowed(&queued.progress),
        }
    }
}

impl From<QueuedMessageV2<'_>> for QueuedMessage {
    fn from(form: QueuedMessageV2<'_>) -> Self {
        Self {
            id: form.id,
            message: form.message.into_owned(),
            accepted_at: form.accepted_at,
            progress: form.progress.into_owned(),
        }
    }
}

impl Record for QueuedMessage {
    const FAMILY: &'static str = "waiting message";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        write::<Self>(2, &QueuedMessageV2::from(self), out)
    }

    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        match split::<Self>(bytes)? {
            (1, body) => Ok(read::<Self, QueuedMessageV1>(body)?.into()),
            (2, body) => Ok(read::<Self, QueuedMessageV2<'static>>(body)?.into()),
            (version, _) => Err(newer::<Self>(version)),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct SentMessageV2<'a> {
    message: QueuedMessageV2<'a>,
    outcome: Cow<'a, SentOutcome>,
    ended_at: Timestamp,
}

impl Record for SentMessage {
    const FAMILY: &'static str = "sent message";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let form = SentMessageV2 {
            message: (&self.message).into(),
            outcome: Cow::Borrowed(&self.outcome),
            ended_at: self.ended_at,
        };
        write::<Self>(2, &form, out)
    }

    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        match split::<Self>(bytes)? {
            (1, body) => Ok(read::<Self, SentMessageV1>(body)?.into()),
            (2, body) => {
                let form = read::<Self, SentMessageV2<'static>>(body)?;
                Ok(Self { message: form.message.into(), outcome: form.outcome.into_owned(), ended_at: form.ended_at })
            }
            (version, _) => Err(newer::<Self>(version)),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct ReportV2<'a> {
    record: Cow<'a, ReportRecord>,
}

impl Record for ReportRecord {
    const FAMILY: &'static str = "report";

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        write::<Self>(2, &ReportV2 { record: Cow::Borrowed(self) }, out)
    }

    fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        match split::<Self>(bytes)? {
            (1, body) => Ok(read::<Self, ReportV1>(body)?.into()),
            (2, body) => Ok(read::<Self, ReportV2<'static>>(body)?.record.into_owned()),
            (version, _) => Err(newer::<Self>(version)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::report::MessageReports;
    use crate::domain::tenant::{
        KakaoWay, MmsReports, ReplyPolicy, ReportExtensions, Retention, Senders, Tracking, WebhookAuth,
    };
    use crate::store::samples;

    /// Every record in every form that was ever written. A form never leaves this list, and its bytes never change.
    macro_rules! golden {
        ($($file:literal, $record:ty, $sample:expr;)*) => {
            #[test]
            fn golden_records_keep_decoding() {
                $(check::<$record>($file, include_str!(concat!("../../tests/fixtures/records/", $file)), $sample);)*
            }

            proptest! {
                #[test]
                fn any_bytes_are_a_record_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
                    $(<$record>::decode(&bytes).ok();)*
                    $(<$record>::decode(&[&[1], bytes.as_slice()].concat()).ok();)*
                }

                #[test]
                fn a_record_cut_short_or_too_long_is_an_error(cut in 1..1_000usize) {
                    $(
                        let mut bytes = Vec::new();
                        $sample.encode(&mut bytes).unwrap();
                        let cut = 1 + cut % (bytes.len() - 1);
                        prop_assert!(<$record>::decode(&bytes[..bytes.len() - cut]).is_err());
                        bytes.push(0);
                        prop_assert!(<$record>::decode(&bytes).is_err());
                    )*
                }
            }

            #[test]
            fn a_newer_version_names_the_family() {
                $(
                    let error = <$record>::decode(&[200, 1, 2]).unwrap_err();
                    assert_eq!(error, RecordError::Newer { family: <$record>::FAMILY, version: 200 });
                    assert!(error.to_string().contains("the store is newer than the program"));
                )*
            }
        };
    }

    golden! {
        "tenant.v2.hex", Tenant, samples::tenant(samples::MID);
        "click.v1.hex", ClickRecord, samples::click();
        "inbound.v1.hex", InboundRecord, samples::inbound();
        "reply_of.v1.hex", ReplyOf, samples::reply_of();
        "last_sent.v1.hex", LastSent, samples::last_sent();
        "queue.v1.hex", QueueRecord, samples::queue(samples::QUEUE);
        "waiting.v2.hex", QueuedMessage, samples::message(3);
        "sent.v2.hex", SentMessage, samples::sent(3);
        "in_flight.v1.hex", InFlight, samples::in_flight(&[3, 4, 500]);
        "dead_letter.v1.hex", DeadLetter, samples::dead_letter();
        "taken_out.v1.hex", TakenOut, samples::taken_out();
        "answer.v1.hex", FirstAnswer, samples::answer(3, samples::at(3));
        "report.v2.hex", ReportRecord, samples::report(3);
        "outbox.v1.hex", OutboxEntry, samples::outbox_entry();
        "account_state.v1.hex", AccountState, samples::account_state();
        "configuration.v1.hex", ConfigurationRecord, samples::configuration();
        "erasure.v1.hex", ErasureRecord, samples::erasure();
        "configuration_queue.v1.hex", ConfigurationQueue, samples::configuration_queue();
    }

    #[track_caller]
    fn check<R: Record + PartialEq + std::fmt::Debug>(file: &str, golden: &str, sample: R) {
        let mut encoded = Vec::new();
        sample.encode(&mut encoded).unwrap();
        let golden: String = golden.split_whitespace().collect();
        let digits: Vec<char> = golden.chars().collect();
        let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
        let hex = crate::store::hex(&encoded);
        assert_eq!(R::decode(&bytes), Ok(sample), "{file} no longer decodes; today's bytes are {hex}");
        assert_eq!(golden, hex, "{file}: what is written has changed without a new version");
    }

    fn golden_bytes(text: &str) -> Vec<u8> {
        let digits: Vec<char> = text.split_whitespace().flat_map(str::chars).collect();
        digits.chunks(2).map(byte).collect()
    }

    /// What was written before accounts had senders of other channels than SMS.
    #[test]
    fn a_tenant_of_version_1_gets_the_defaults_of_what_it_did_not_have() {
        let bytes = golden_bytes(include_str!("../../tests/fixtures/records/tenant.v1.hex"));
        let mut expected = samples::tenant(samples::MID);
        expected.replies = ReplyPolicy::default();
        expected.retention = Retention::default();
        expected.time_zone = None;
        for account in &mut expected.accounts {
            account.senders = Senders { sms: std::mem::take(&mut account.senders.sms), ..Senders::default() };
            account.channels = Vec::new();
            account.mms_reports = MmsReports::Omni;
            account.kakao_way = KakaoWay::Direct;
            account.webhook_auth = WebhookAuth::default();
            let Tracking::Native(keys) = &mut account.tracking else { panic!("the sample is native") };
            *keys = ReportExtensions { sms_reports: keys.sms_reports.clone(), ..ReportExtensions::default() };
        }
        assert_eq!(Tenant::decode(&bytes), Ok(expected));
    }

    /// What was written before replies fired events.
    #[test]
    fn a_message_of_version_1_fires_no_event() {
        let mut expected = samples::message(3);
        expected.message.reply_event = None;
        let waiting = golden_bytes(include_str!("../../tests/fixtures/records/waiting.v1.hex"));
        assert_eq!(QueuedMessage::decode(&waiting), Ok(expected.clone()));
        let sent = golden_bytes(include_str!("../../tests/fixtures/records/sent.v1.hex"));
        assert_eq!(SentMessage::decode(&sent), Ok(SentMessage { message: expected, ..samples::sent(3) }));
    }

    /// What was written before there were seen reports.
    #[test]
    fn a_report_of_version_1_has_not_been_taken() {
        let bytes = golden_bytes(include_str!("../../tests/fixtures/records/report.v1.hex"));
        let record = ReportRecord::decode(&bytes).unwrap();
        assert_eq!(record.reports, MessageReports { delivery: Some(samples::delivery(3)), seen: None });
        assert_eq!((record.channel.as_str(), record.taken, record.waits_at), ("SMS", None, None));
    }

    fn byte(digits: &[char]) -> u8 {
        u8::from_str_radix(&digits.iter().collect::<String>(), 16).unwrap()
    }
}
