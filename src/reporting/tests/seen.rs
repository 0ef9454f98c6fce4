//! Seen reports: before, after and without their delivery report; extensions with and without a key.

use super::*;
use crate::domain::extension::OMNI_REPORTS;
use crate::domain::ids::MessageId;
use crate::simulation::target::{as_provisioned, unkeyed};
use crate::store::Trace;

const MINUTE: Duration = Duration::from_secs(60);

fn told(process: &Process, arrived: impl Into<Arrived>) {
    record_of(process, Channel::WhatsApp, vec![arrived.into()]);
}

fn statuses(world: &World) -> Vec<(String, bool)> {
    let rows = world.target.table().kept(OMNI);
    rows.iter().map(|row| (row["statusName"].clone(), row.contains_key("seenAt"))).collect()
}

fn is(name: &str, is_seen: bool) -> Vec<(String, bool)> {
    vec![(name.to_owned(), is_seen)]
}

#[test]
fn a_seen_report_after_its_delivery_report_completes_the_row() {
    let (world, process) = keeping();
    told(&process, whatsapp("m", 3, "DELIVERED", 1));
    process.forward();
    assert_eq!(statuses(&world), is("DELIVERED", false));
    told(&process, seen("m", 9));
    process.forward();
    assert_eq!(statuses(&world), is("DELIVERED", true));
}

#[test]
fn a_seen_report_waits_for_its_delivery_report() {
    let (world, process) = keeping();
    told(&process, seen("m", 9));
    process.advance(&world, 14 * MINUTE);
    process.forward();
    assert!(statuses(&world).is_empty());
    told(&process, whatsapp("m", 3, "DELIVERED", 1));
    process.forward();
    assert_eq!(statuses(&world), is("DELIVERED", true));
    assert_eq!(waiting_in(&process, OutboxTarget::OMNI_REPORTS), 0);
}

#[test]
fn a_seen_report_without_delivery_report_gets_the_status_that_is_known() {
    let (world, process) = keeping();
    told(&process, seen("m", 9));
    told(&process, seen("n", 9));
    let mut pending = whatsapp("n", 1, "PENDING_ENROUTE", 1);
    pending.status.group_name = "PENDING".into();
    pending.to = None;
    told(&process, pending);
    process.advance(&world, 15 * MINUTE);
    process.forward();
    let mut rows = world.target.table().kept(OMNI);
    rows.sort_by_key(|row| row["messageId"].clone());
    assert_eq!(
        rows[0],
        row(&[
            ("messageId", "m"),
            ("messageCount", "1"),
            ("to", "385911234500"),
            ("from", "385990000000"),
            ("statusGroupId", "1"),
            ("statusGroupName", "PENDING"),
            ("statusId", "26"),
            ("statusName", "PENDING_ACCEPTED"),
            ("statusDescription", "Message sent to next instance"),
            ("sentAt", "2027-01-15T08:00:00Z"),
            ("doneAt", "2027-01-15T08:00:00Z"),
            ("seenAt", "2027-01-15T08:00:09Z"),
            ("channel", "WhatsApp"),
        ])
    );
    assert_eq!((&*rows[1]["statusName"], &*rows[1]["to"]), ("PENDING_ENROUTE", "385911234500"));
    assert_eq!(waiting_in(&process, OutboxTarget::OMNI_REPORTS), 0);
    // Its delivery report comes after all, and takes the row over.
    told(&process, whatsapp("m", 3, "DELIVERED", 1));
    process.forward();
    let rows = world.target.table().kept(OMNI);
    assert_eq!(rows.iter().find(|row| row["messageId"] == "m").unwrap()["statusName"], "DELIVERED");
    assert_eq!(rows.len(), 2);
}

#[test]
fn without_a_key_a_delivery_row_waits_for_its_seen_report_and_is_inserted_once() {
    let (world, process) = keeping();
    world.target.table().columns.insert(OMNI.into(), unkeyed(as_provisioned(&OMNI_REPORTS)));
    for id in ["seen", "unseen"] {
        told(&process, whatsapp(id, 3, "DELIVERED", 1));
    }
    process.forward();
    assert!(statuses(&world).is_empty(), "both wait");
    process.advance(&world, MINUTE);
    told(&process, seen("seen", 30));
    process.forward();
    assert_eq!(statuses(&world), is("DELIVERED", true), "nothing is left to wait for");
    process.advance(&world, 4 * MINUTE);
    process.forward();
    assert_eq!(statuses(&world), [is("DELIVERED", true), is("DELIVERED", false)].concat());
    told(&process, seen("unseen", 600));
    told(&process, whatsapp("seen", 3, "DELIVERED", 99));
    process.advance(&world, 20 * MINUTE);
    process.forward();
    assert_eq!(statuses(&world).len(), 2, "later changes make no second row");
    assert_eq!(waiting_in(&process, OutboxTarget::OMNI_REPORTS), 0);
}

#[test]
fn without_a_key_a_report_that_changes_under_way_makes_no_second_row() {
    let (world, process) = keeping();
    world.target.table().columns.insert(OMNI.into(), unkeyed(as_provisioned(&OMNI_REPORTS)));
    told(&process, whatsapp("m", 3, "DELIVERED", 1));
    told(&process, seen("m", 30));
    world.target.table().is_slow = true;
    let tenant = process.tenants.get(MID).unwrap();
    let mut forwarding = std::pin::pin!(process.forwarder.forward_tenant(&tenant, &process.running.1));
    assert!(poll(forwarding.as_mut()).is_pending());
    told(&process, whatsapp("m", 3, "DELIVERED", 99));
    world.target.table().is_slow = false;
    while poll(forwarding.as_mut()).is_pending() {}
    process.forward();
    assert_eq!(statuses(&world).len(), 1);
    assert_eq!(waiting_in(&process, OutboxTarget::OMNI_REPORTS), 0);
}

#[test]
fn a_channel_without_seen_reports_waits_for_none() {
    let (world, process) = keeping();
    world.target.table().columns.insert(OMNI.into(), unkeyed(as_provisioned(&OMNI_REPORTS)));
    record_of(&process, Channel::KakaoAlim, vec![whatsapp("m", 3, "DELIVERED", 1).into()]);
    process.forward();
    assert_eq!(statuses(&world), is("DELIVERED", false));
}

#[test]
fn a_clock_that_was_set_back_makes_no_report_wait() {
    let (world, process) = keeping();
    told(&process, whatsapp("m", 3, "DELIVERED", 1));
    process.clock.jump_wall(-3_600_000_000_000);
    process.forward();
    assert_eq!(statuses(&world), is("DELIVERED", false));
}

/// Its message went by its retention time, its reports are still kept.
#[test]
fn a_seen_report_joins_the_reports_that_outlived_their_message() {
    let (world, process) = keeping();
    let id = sent(&process, 1, None).remove(0);
    told(&process, whatsapp(&id, 3, "DELIVERED", 1));
    process.forward();
    let place: MessageId = id.parse().unwrap();
    let mut batch = process.store.batch();
    batch.remove_trace(MID, Trace::Sent(place.queue, place.sequence));
    drop(now(process.store.commit(batch)).unwrap());
    assert!(process.store.messages().find(MID, place).unwrap().is_none());
    told(&process, seen(&id, 9));
    process.advance(&world, 20 * MINUTE);
    process.forward();
    let kept = process.store.reports().get(MID, ReportRef::of(place.queue, place.sequence)).unwrap().unwrap();
    assert!(kept.reports.seen.is_some() && kept.reports.final_delivery().is_some());
    assert_eq!(world.target.table().rows.get(&id).map(String::as_str), Some("DELIVERED"));
    let all: Vec<_> = [SMS, OMNI].iter().flat_map(|extension| world.target.table().kept(extension)).collect();
    assert_eq!(all.len(), 1, "{all:?}");
}

/// Nothing is known of the message here, but its row is in the extension: from before a restore, say.
#[test]
fn a_seen_report_of_nobodys_message_changes_no_status_of_a_row_that_is_there() {
    let (world, process) = keeping();
    let old = [("messageId", "m"), ("statusName", "DELIVERED"), ("doneAt", "2027-01-15T07:00:00Z")];
    world.target.table().kept.as_mut().unwrap().insert(OMNI.into(), vec![row(&old)]);
    world.target.table().rows.insert("m".into(), "DELIVERED".into());
    told(&process, seen("m", 9));
    process.advance(&world, 15 * MINUTE);
    process.forward();
    let expected = [&old[..], &[("seenAt", "2027-01-15T08:00:09Z")]].concat();
    assert_eq!(world.target.table().kept(OMNI), [row(&expected)]);
    assert_eq!(waiting_in(&process, OutboxTarget::OMNI_REPORTS), 0);
}
