//! Records as tests like to have them.

use std::num::NonZeroU32;

use super::*;
use crate::domain::channel::Channel;
use crate::domain::click::Click;
use crate::domain::delivery::{HoldReason, LocalEnd};
use crate::domain::ids::{AccountId, ActivityId, DefinitionInstanceId, JourneyId, MessageId, QueueId};
use crate::domain::inbound::{InboundChannel, InboundMessage, Pairing};
use crate::domain::message::{
    Content, LinkTracking, Message, OnStop, Progress, QueuePolicy, QueuedMessage, RequestOptions, sms,
};
use crate::domain::person::NamedBy;
use crate::domain::phone::Phone;
use crate::domain::report::{DeliveryReport, ErrorInfo, MessageReports, Origin, SeenReport, StatusInfo};
use crate::domain::secret::Secret;
use crate::domain::speed_limit::{Schedule, SpeedLimit, SpeedUnit};
use crate::domain::tenant::{
    Account, BasicAuth, KakaoWay, MaybeSent, MmsReports, ReplyPolicy, ReportExtensions, Retention, Salt, Senders,
    SfmcAccess, Tenant, Tracking, Verification, WebhookAuth,
};

pub(crate) const MID: Mid = Mid::new(510_001_234);
pub(crate) const QUEUE: QueueId = QueueId(7);
/// Of which no test may find anything readable on disk.
pub(crate) const TEXT: &str = "Hello Ada, your parcel waits";
pub(crate) const PHONE: &str = "491511234567";
pub(crate) const API_KEY: &str = "api-key-0123456789abcdef";

pub(crate) fn master() -> MasterKey {
    MasterKey::from_bytes([0x42; 32])
}

pub(crate) fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_772_000_000 + secs)
}

pub(crate) fn account() -> AccountId {
    AccountId::new("main").unwrap()
}

pub(crate) fn activity() -> ActivityId {
    ActivityId::new("0a1b2c3d-1111-2222-3333-444455556666").unwrap()
}

pub(crate) fn instance(number: u64) -> DefinitionInstanceId {
    DefinitionInstanceId::new(&format!("11111111-2222-3333-4444-{number:012}")).unwrap()
}

pub(crate) fn tenant(mid: Mid) -> Tenant {
    Tenant {
        mid,
        name: "Parcels".into(),
        sfmc: SfmcAccess {
            client_id: "client".into(),
            client_secret: Secret::new("client-secret"),
            auth_origin: "https://x.auth.marketingcloudapis.com".into(),
            soap_origin: "https://x.soap.marketingcloudapis.com".into(),
            rest_origin: None,
        },
        verification: Verification {
            signing_secret: Some(Secret::new("signing-secret")),
            salt: Some(Salt { customer_key: "salt".into(), value: Secret::new("salt-value") }),
        },
        default_country: Some("DE".into()),
        send_in_test_mode: false,
        replies: ReplyPolicy { takes_buttons: true, event_delay_secs: 20, pairing_days: 7 },
        retention: Retention { messages_days: 30, reports_days: 60 },
        time_zone: Some("Europe/Berlin".into()),
        accounts: vec![Account {
            id: account(),
            base_url: "https://xxxxx.api.infobip.com".into(),
            api_key: Secret::new(API_KEY),
            senders: Senders { sms: vec!["Waypost".into()], kakao: vec!["profile".into()], ..Senders::default() },
            custom_domains: vec!["go.example.com".into()],
            channels: vec![Channel::Mms, Channel::Rcs],
            tracking: Tracking::Native(ReportExtensions {
                sms_reports: "sms-delivery-reports".into(),
                omni_reports: "omni-reports".into(),
                ..ReportExtensions::default()
            }),
            mms_reports: MmsReports::Sms,
            kakao_way: KakaoWay::Omni,
            maybe_sent: MaybeSent::Repeat,
            webhook_auth: WebhookAuth {
                basic: Some(BasicAuth { user: "infobip".into(), password: Secret::new("basic-password") }),
                hmac_key: Some(Secret::new("hmac-key")),
            },
            webhook_tokens: vec![Secret::new("token-1"), Secret::new("token-2")],
        }],
    }
}

pub(crate) fn message(sequence: u64) -> QueuedMessage {
    QueuedMessage {
        id: MessageId::new(QUEUE, sequence, sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        message: Message {
            account: account(),
            channel: Channel::Sms,
            recipient: Phone::parse(PHONE, None).unwrap(),
            content: Content::Sms(sms::SmsContent {
                sender: "Waypost".into(),
                text: TEXT.into(),
                india_dlt: Some(sms::IndiaDlt {
                    principal_entity_id: "1234567890123456789".into(),
                    content_template_id: None,
                }),
            }),
            options: RequestOptions {
                bulk_id: "Infobip SMS".into(),
                tracking: Some(LinkTracking { track_clicks: true, custom_domain: None, remove_protocol: true }),
            },
            callback_data: r#"{"ActivityId":"0a1b2c3d","ContactKey":"C-1"}"#.into(),
            contact_key: "C-1".into(),
            validity_minutes: 2_880,
            reply_event: Some("APIEvent-1".into()),
            latest_send_at: Some(at(86_400)),
        },
        accepted_at: at(1),
        progress: Progress {
            attempts: 2,
            first_attempt_at: Some(at(2)),
            last_attempt_at: Some(at(3)),
            not_before: Some(at(4)),
            last_problem: Some("429".into()),
        },
    }
}

pub(crate) fn status() -> StatusInfo {
    StatusInfo {
        group_id: 1,
        group_name: "PENDING".into(),
        id: 26,
        name: "PENDING_ACCEPTED".into(),
        description: "Message accepted".into(),
    }
}

pub(crate) fn sent(sequence: u64) -> SentMessage {
    SentMessage {
        message: message(sequence),
        outcome: SentOutcome::Sent { at: at(5), status: status() },
        ended_at: at(6),
    }
}

pub(crate) fn queue(id: QueueId) -> QueueRecord {
    let limit = SpeedLimit::new(NonZeroU32::new(500).unwrap().get(), SpeedUnit::Hour).unwrap();
    QueueRecord {
        id,
        activity_id: activity(),
        journey_id: Some(JourneyId::new("journey-1").unwrap()),
        original_definition_id: Some("definition-1".into()),
        interaction_id: Some("interaction-1".into()),
        channel: Channel::Sms,
        account: account(),
        policy: QueuePolicy { speed_limit: Some(limit), on_stop: OnStop::Hold },
        schedule: Some(Schedule::started(limit, at(7))),
        done: 3,
        erased_to: 2,
        mark: QueueMark::Paused,
        released_at: None,
        created_at: at(0),
    }
}

pub(crate) fn in_flight(sequences: &[u64]) -> InFlight {
    InFlight { sequences: sequences.to_vec(), started_at: at(8), lookups: 1, last_lookup_at: Some(at(9)) }
}

pub(crate) fn dead_letter() -> DeadLetter {
    DeadLetter { end: LocalEnd::RequestRefused { problem: "400 BAD_REQUEST".into() }, at: at(10) }
}

pub(crate) fn taken_out() -> TakenOut {
    TakenOut { nonce: 5, at: at(11) }
}

pub(crate) fn answer(number: u64, at: Timestamp) -> FirstAnswer {
    FirstAnswer {
        message_id: MessageId::new(QUEUE, number, 5).to_string(),
        message_status: "Success".into(),
        status_detail: "Ok".into(),
        at,
    }
}

pub(crate) fn report(number: u64) -> ReportRecord {
    ReportRecord {
        reports: MessageReports { delivery: Some(delivery(number)), seen: Some(seen(number)) },
        channel: "SMS".into(),
        stored_at: at(12),
        waits_at: Some((0, at(12))),
        taken: Some(Taken { first_at: at(14), delivery: true, seen: false }),
    }
}

pub(crate) fn seen(number: u64) -> SeenReport {
    SeenReport {
        seen_at: at(13),
        sent_at: Some(at(5)),
        message_id: MessageId::new(QUEUE, number, 5).to_string(),
        recipient: Some(PHONE.into()),
        sender: Some("Waypost".into()),
    }
}

pub(crate) fn delivery(number: u64) -> DeliveryReport {
    DeliveryReport {
        origin: Origin::Infobip,
        is_final: true,
        done_at: Some(at(11)),
        sent_at: Some(at(5)),
        status: StatusInfo { group_id: 3, id: 5, name: "DELIVERED_TO_HANDSET".into(), ..status() },
        error: Some(ErrorInfo { id: Some(0), name: Some("NO_ERROR".into()), ..ErrorInfo::default() }),
        message_id: MessageId::new(QUEUE, number, 5).to_string(),
        bulk_id: Some("Infobip SMS".into()),
        channel: "SMS".into(),
        to: Some(PHONE.into()),
        sender: Some("Waypost".into()),
        message_count: Some(1),
        price_per_message: Some("0.0125".into()),
        price_currency: Some("EUR".into()),
        callback_data: None,
        mcc_mnc: Some("26201".into()),
    }
}

pub(crate) fn click() -> ClickRecord {
    ClickRecord {
        click: Click {
            notification_type: "CLICKED".into(),
            message_id: MessageId::new(QUEUE, 3, 5).to_string(),
            bulk_id: Some("Infobip SMS".into()),
            channel: "SMS".into(),
            recipient: Some(PHONE.into()),
            url: Some("https://shop.example.com/1".into()),
            clicked_at: at(20),
            device_type: Some("Phone".into()),
            os: Some("iOS 12".into()),
            device_name: Some("Apple".into()),
            callback_data: Some("{}".into()),
        },
        account: account(),
        stored_at: at(21),
        taken_at: Some(at(22)),
    }
}

pub(crate) fn inbound() -> InboundRecord {
    InboundRecord {
        inbound: InboundMessage {
            message_id: "mo-1".into(),
            channel: InboundChannel::WhatsApp,
            sender: PHONE.into(),
            destination: "385915550000".into(),
            content_type: "TEXT".into(),
            text: TEXT.into(),
            clean_text: Some("Ada".into()),
            keyword: Some("HELLO".into()),
            received_at: at(30),
            message_count: Some(1),
            paired_message_id: Some("m".into()),
            callback_data: Some("{}".into()),
            entity_id: Some("e".into()),
            application_id: Some("a".into()),
            campaign_reference_id: Some("c".into()),
        },
        account: Some(account()),
        pairing: Some(Pairing {
            message_id: MessageId::new(QUEUE, 3, 5),
            contact_key: "C-3".into(),
            callback_data: "{}".into(),
        }),
        event: Some(ReplyEvent {
            event_definition_key: "APIEvent-1".into(),
            due_at: at(31),
            fired_at: Some(at(32)),
            refused: Some("no".into()),
        }),
        stored_at: at(31),
        taken_at: Some(at(33)),
    }
}

pub(crate) fn reply_of() -> ReplyOf {
    ReplyOf { received_at: at(30) }
}

pub(crate) fn last_sent() -> LastSent {
    LastSent { message_id: MessageId::new(QUEUE, 3, 5), sent_at: at(5) }
}

pub(crate) fn outbox_entry() -> OutboxEntry {
    OutboxEntry { account: account(), attempts: 1, problem: Some("busy".into()) }
}

pub(crate) fn account_state() -> AccountState {
    AccountState {
        held: HoldReason::NoCredit,
        problem: "REJECTED_NOT_ENOUGH_CREDITS".into(),
        since: at(13),
        released_at: None,
    }
}

pub(crate) fn configuration() -> ConfigurationRecord {
    ConfigurationRecord {
        original_definition_id: Some("definition-1".into()),
        last_interaction_id: Some("interaction-1".into()),
        last_version: Some(4),
        created_at: at(14),
        arguments: vec![("channel".into(), "SMS".into()), ("text".into(), "Hi {{Event.E.Name}}".into())],
    }
}

pub(crate) fn erasure() -> ErasureRecord {
    let counts = ErasureCounts { waiting: 1, sent: 300, reports: 299, clicks: 4, inbound: 5, rows: 6 };
    ErasureRecord { at: at(9), by: NamedBy::ContactKey, person: [0xe5; 16], counts }
}

pub(crate) fn configuration_queue() -> ConfigurationQueue {
    ConfigurationQueue { since: at(15) }
}
