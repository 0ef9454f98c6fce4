//! Whose an inbound message is, on a real store.

use std::time::Duration;

use super::*;
use crate::clock::Timestamp;
use crate::domain::tenant::{Account, MaybeSent};
use crate::simulation::process::{Process, START, World, account, now, tenant};

const MID: Mid = Mid::new(1);

fn with_senders(label: &str, sms: &[&str], viber: &[&str]) -> Account {
    let mut account = account(label, MaybeSent::Repeat);
    account.senders.sms = sms.iter().map(|&sender| sender.to_owned()).collect();
    account.senders.viber = viber.iter().map(|&sender| sender.to_owned()).collect();
    account
}

/// Two business units; `+385 91 555 0000` is a number of both.
fn start() -> Process {
    let main = with_senders("main", &["Waypost", "WAYPOST", "+385 91 555 0000", "385915550001"], &["Brand"]);
    let second = with_senders("second", &["Brand"], &[]);
    let others = with_senders("others", &["385915550000"], &[]);
    World::new(9, vec![tenant(1, vec![main, second]), tenant(2, vec![others])]).start(START)
}

fn inbox(process: &Process, unassigned_max: usize) -> Inbox {
    let Process { store, tenants, book, recorder, .. } = process;
    Inbox::new(store.clone(), tenants.clone(), Arc::clone(book), Arc::clone(recorder), unassigned_max)
}

fn heard(id: &str, channel: InboundChannel, destination: &str) -> HeardInbound {
    let message = InboundMessage {
        message_id: id.to_owned(),
        channel,
        sender: "385911234567".into(),
        destination: destination.to_owned(),
        content_type: "TEXT".into(),
        text: "YES".into(),
        clean_text: None,
        keyword: None,
        received_at: Timestamp::from_secs(1_790_000_000),
        message_count: None,
        paired_message_id: None,
        callback_data: None,
        entity_id: None,
        application_id: None,
        campaign_reference_id: None,
    };
    HeardInbound { message, button: None }
}

fn button(id: &str, destination: &str) -> HeardInbound {
    let mut heard = heard(id, InboundChannel::Sms, destination);
    heard.message.text.clear();
    heard.message.content_type = "BUTTON_REPLY".into();
    HeardInbound { button: Some("Yes".into()), ..heard }
}

fn nothing_shown(_: &WebhookAuth) -> Authenticity {
    Authenticity::NotShown
}

/// Takes a message on the bare path.
fn take(inbox: &Inbox, heard: HeardInbound) -> Result<(), InboxError> {
    now(inbox.record(inbox.by_destination(vec![heard], &nothing_shown).unwrap()))
}

/// Whose a message is that came to `destination`.
#[track_caller]
fn owner(channel: InboundChannel, destination: &str) -> Option<(u64, String)> {
    let process = start();
    let mut found = inbox(&process, 1).by_destination(vec![heard("mo", channel, destination)], &nothing_shown).unwrap();
    assert_eq!(found.len(), 1);
    let to = found.remove(0).to?;
    assert!(!to.may_fire);
    Some((to.mid.get(), to.account.to_string()))
}

#[test]
fn the_destination_finds_the_one_account_that_has_it_on_that_channel() {
    use InboundChannel::{Mms, Sms, Viber, WhatsApp};
    let is = |mid, label: &str| Some((mid, label.to_owned()));
    assert_eq!(owner(Sms, "waypost "), is(1, "main"), "spelt twice is no two accounts");
    assert_eq!(owner(Mms, "+385915550001"), is(1, "main"), "MMS has the senders of SMS");
    assert_eq!(owner(Sms, "BRAND"), is(1, "second"));
    assert_eq!(owner(Viber, "Brand"), is(1, "main"));
    for (channel, destination) in [(Sms, "385915550000"), (WhatsApp, "385915550001"), (Sms, "else"), (Sms, "")] {
        assert_eq!(owner(channel, destination), None, "{destination}");
    }
}

#[test]
fn proof_for_one_account_is_none_for_another() {
    let mut main = with_senders("main", &["Waypost"], &[]);
    main.webhook_auth.hmac_key = Some(crate::domain::secret::Secret::new("key"));
    let process = World::new(9, vec![tenant(1, vec![main, with_senders("second", &["Brand"], &[])])]).start(START);
    let inbox = inbox(&process, 1);
    let both = || vec![heard("a", InboundChannel::Sms, "Waypost"), heard("b", InboundChannel::Sms, "Brand")];
    let judge = |of_main, of_second| {
        let judge = move |auth: &WebhookAuth| if auth.hmac_key.is_some() { of_main } else { of_second };
        let found = inbox.by_destination(both(), &judge)?;
        Ok(found.into_iter().map(|addressed| addressed.to.unwrap().may_fire).collect::<Vec<_>>())
    };
    use Authenticity::{NotShown, Proven, Wrong};
    assert_eq!(judge(Proven, Wrong), Ok(vec![true, false]));
    assert_eq!(judge(Proven, NotShown), Ok(vec![true, false]));
    assert_eq!(judge(NotShown, NotShown), Ok(vec![false, false]));
    assert_eq!(judge(Wrong, NotShown), Err(WrongCredentials));
}

#[test]
fn only_so_many_unassigned_messages_are_kept() {
    let process = start();
    let inbox = inbox(&process, 2);
    let to_nobody = |id: &str| heard(id, InboundChannel::Sms, "nobody");
    take(&inbox, to_nobody("a")).unwrap();
    take(&inbox, to_nobody("b")).unwrap();
    assert!(matches!(take(&inbox, to_nobody("c")), Err(InboxError::Full)));
    // Those that somebody is known for are kept all the same, also in the same call.
    let mixed = vec![to_nobody("d"), heard("e", InboundChannel::Sms, "Waypost")];
    let mixed = inbox.by_destination(mixed, &nothing_shown).unwrap();
    assert!(matches!(now(inbox.record(mixed)), Err(InboxError::Full)));
    assert_eq!(process.store.reports().all_inbound(MID, 10).unwrap().len(), 1);
    // Once some are given away there is room again.
    let unit = process.tenants.get(MID).unwrap();
    let given = now(inbox.assign(&unit, &unit.accounts[0].id, "NOBODY")).unwrap();
    assert_eq!(given, Assigned { given: 2, left: 0 });
    take(&inbox, to_nobody("c")).unwrap();
    assert_eq!(inbox.unassigned(10).unwrap().len(), 1);
}

#[test]
fn while_too_many_are_kept_they_are_counted_again_after_some_seconds() {
    let process = start();
    let inbox = inbox(&process, 2);
    let to_nobody = |id: &str| heard(id, InboundChannel::Sms, "nobody");
    // The repeat counts until the next count.
    for _ in 0..2 {
        take(&inbox, to_nobody("a")).unwrap();
    }
    assert!(matches!(take(&inbox, to_nobody("b")), Err(InboxError::Full)));
    process.clock.advance(Duration::from_secs(COUNTED_EVERY_SECS));
    take(&inbox, to_nobody("b")).unwrap();
    assert!(matches!(take(&inbox, to_nobody("c")), Err(InboxError::Full)));
    // What is removed elsewhere, of old age or for a person, makes room too.
    let hash = process.store.reports().inbound_hash(crate::store::UNASSIGNED, "a").unwrap();
    now(process.recorder.forget_unassigned(hash)).unwrap();
    process.clock.advance(Duration::from_secs(COUNTED_EVERY_SECS));
    take(&inbox, to_nobody("c")).unwrap();
    assert_eq!(inbox.unassigned(10).unwrap().len(), 2);
}

#[test]
fn an_assigned_button_stays_where_it_is_when_the_unit_takes_none() {
    let process = start();
    let inbox = inbox(&process, 10);
    take(&inbox, button("a", "nobody")).unwrap();
    take(&inbox, button("b", "Waypost")).unwrap();
    let mut unit = Tenant::clone(&process.tenants.get(MID).unwrap());
    let label = unit.accounts[0].id.clone();
    assert_eq!(now(inbox.assign(&unit, &label, "nobody")).unwrap(), Assigned { given: 0, left: 1 });
    unit.replies.takes_buttons = true;
    assert_eq!(now(inbox.assign(&unit, &label, "nobody")).unwrap(), Assigned { given: 1, left: 0 });
    let kept = process.store.reports().all_inbound(MID, 10).unwrap();
    assert_eq!(
        kept.iter().map(|record| (&*record.inbound.message_id, &*record.inbound.text)).collect::<Vec<_>>(),
        [("a", "Yes")]
    );
}

#[test]
fn more_than_a_page_is_listed_and_assigned() {
    let process = start();
    let inbox = inbox(&process, 1_000);
    let count = PAGE + 5;
    let many = (0..count).map(|n| heard(&format!("mo-{n}"), InboundChannel::Rcs, "agent")).collect();
    let repeated = inbox.by_destination(many, &nothing_shown).unwrap();
    now(inbox.record(repeated)).unwrap();
    assert_eq!((inbox.unassigned(10).unwrap().len(), inbox.unassigned(1_000).unwrap().len()), (10, count));
    let unit = process.tenants.get(MID).unwrap();
    assert_eq!(now(inbox.assign(&unit, &unit.accounts[0].id, "agent")).unwrap().given, count);
    assert_eq!(inbox.unassigned(10).unwrap().len(), 0);
}

#[test]
fn a_repeat_of_an_assigned_message_changes_nothing() {
    let process = start();
    let inbox = inbox(&process, 10);
    let first = || heard("a", InboundChannel::Sms, "nobody");
    take(&inbox, first()).unwrap();
    let unit = process.tenants.get(MID).unwrap();
    assert_eq!(now(inbox.assign(&unit, &unit.accounts[0].id, "nobody")).unwrap().given, 1);
    take(&inbox, first()).unwrap();
    take(&inbox, heard("b", InboundChannel::Sms, "nobody")).unwrap();
    let left: Vec<_> = inbox.unassigned(10).unwrap().into_iter().map(|record| record.inbound.message_id).collect();
    assert_eq!(left, ["b"]);
    assert_eq!(process.store.reports().all_inbound(MID, 10).unwrap().len(), 1);
}
