//! Reports that go to the customer's own URLs.

use super::*;
use crate::domain::tenant::{NotificationUrls, Tracking};

fn external(clicks: bool) -> (World, Process) {
    let mut own = account("main", MaybeSent::Repeat);
    own.tracking = Tracking::External(NotificationUrls {
        sms_url: "https://sms".into(),
        omni_url: "https://omni".into(),
        clicks_url: clicks.then(|| "https://clicks".into()),
        inbound_url: None,
        signing_key: None,
    });
    let world = World::new(9, vec![tenant(1, vec![own])]);
    let process = world.start(START);
    (world, process)
}

fn posts(world: &World) -> Vec<(String, String)> {
    world.target.table().posts.clone()
}

fn post(url: &str, said: &str) -> (String, String) {
    (url.to_owned(), said.to_owned())
}

#[test]
fn deliveries_and_seen_reports_are_posts_of_their_own_each_taken_once() {
    let (world, process) = external(true);
    let arrived = vec![whatsapp("m", 3, "DELIVERED", 1).into(), seen("m", 9).into(), whatsapp("n", 2, "NOT", 1).into()];
    record_of(&process, Channel::WhatsApp, arrived);
    process.forward();
    process.forward();
    let mut said = posts(&world);
    assert_eq!(said.pop(), Some(post("https://omni", "seen 1")));
    assert!(
        said == [post("https://omni", "deliveries DELIVERED NOT")]
            || said == [post("https://omni", "deliveries NOT DELIVERED")]
    );
    // What comes later goes alone.
    record_of(&process, Channel::WhatsApp, vec![seen("n", 99).into()]);
    process.forward();
    assert_eq!(posts(&world)[2..], [post("https://omni", "seen 1")]);
    assert_eq!(waiting_in(&process, OutboxTarget::OMNI_REPORTS), 0);
}

#[test]
fn what_was_taken_is_not_posted_again_when_the_rest_was_not() {
    let (world, process) = external(true);
    record_clicks(&process, vec![click("m", "a", 1), click("m", "b", 2), click("m", "c", 3)]);
    world.target.table().refused_posts = 2;
    process.forward();
    assert_eq!((posts(&world).len(), waiting_in(&process, OutboxTarget::CLICKS)), (1, 2));
    process.advance(&world, Duration::from_secs(10));
    process.forward();
    let mut said: Vec<_> = posts(&world).into_iter().map(|(_, said)| said).collect();
    said.sort();
    assert_eq!(said, ["click a", "click b", "click c"]);
    assert_eq!(waiting_in(&process, OutboxTarget::CLICKS), 0);
}

#[test]
fn without_a_url_they_are_kept_here_only() {
    let (world, process) = external(false);
    record_clicks(&process, vec![click("m", "a", 1)]);
    process.forward();
    assert_eq!((posts(&world).len(), waiting_in(&process, OutboxTarget::CLICKS)), (0, 0));
    let report = process.store.reports().stray(MID, "m").unwrap();
    let clicks = process.store.reports().clicks_of(MID, report, 10).unwrap();
    assert!(clicks.len() == 1 && clicks[0].taken_at.is_some());
}

fn refused_in(process: &Process, lane: OutboxTarget) -> Vec<PlacedEntry> {
    process.store.reports().refused(MID, lane, None, 1_000).unwrap()
}

fn problem(process: &Process) -> Option<String> {
    process.forwarder.problem(MID, &main_account())
}

#[test]
fn a_report_that_the_page_refuses_is_found_by_halves_and_set_aside() {
    let (world, process) = external(true);
    let names = ["A", "B", "C", "BAD", "E", "F", "G", "H", "I"];
    let arrived = names.iter().map(|name| whatsapp(name, 2, name, 1).into());
    record_of(&process, Channel::WhatsApp, arrived.collect());
    world.target.table().refused_results = vec!["BAD"];
    process.forward();
    let mut taken: Vec<_> = posts(&world).iter().flat_map(|(_, said)| said.split(' ')).map(str::to_owned).collect();
    taken.retain(|name| name != "deliveries");
    taken.sort();
    assert_eq!(taken, ["A", "B", "C", "E", "F", "G", "H", "I"]);
    let refused = refused_in(&process, OutboxTarget::OMNI_REPORTS);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].entry.problem.as_deref(), Some("the page says no"));
    assert_eq!((waiting_in(&process, OutboxTarget::OMNI_REPORTS), problem(&process)), (0, None));
    assert!(world.target.table().posts_tried < 10);
}

#[test]
fn a_page_that_refuses_everything_costs_few_posts_and_loses_nothing() {
    let (world, process) = external(true);
    let arrived = (0..1_000).map(|number| whatsapp(&format!("m-{number}"), 3, "DELIVERED", 1).into());
    record_of(&process, Channel::WhatsApp, arrived.collect());
    world.target.table().refused_results = vec!["*"];
    for most in [40, 20, 20] {
        process.forward();
        let tried = std::mem::take(&mut world.target.table().posts_tried);
        assert!(tried <= most, "{tried} posts");
        assert!(problem(&process).unwrap().ends_with("the page says no"));
        process.advance(&world, Duration::from_secs(60));
    }
    assert_eq!(refused_in(&process, OutboxTarget::OMNI_REPORTS).len(), 0);
    assert_eq!(waiting_in(&process, OutboxTarget::OMNI_REPORTS), 1_000);
    world.target.table().refused_results.clear();
    process.forward();
    let taken: usize = posts(&world).iter().map(|(_, said)| said.split(' ').count() - 1).sum();
    assert_eq!((taken, waiting_in(&process, OutboxTarget::OMNI_REPORTS), problem(&process)), (1_000, 0, None));
}

/// A page that knows no seen reports still gets every delivery report, each once.
#[test]
fn one_kind_that_is_refused_does_not_hold_up_the_other_and_is_replayed_alone() {
    let (world, process) = external(true);
    let arrived =
        vec![whatsapp("m", 3, "DELIVERED", 1).into(), seen("m", 9).into(), whatsapp("n", 3, "NEXT", 1).into()];
    record_of(&process, Channel::WhatsApp, arrived);
    world.target.table().refused_results = vec!["m"];
    process.forward();
    assert_eq!((posts(&world).len(), waiting_in(&process, OutboxTarget::OMNI_REPORTS)), (1, 0));
    let refused = refused_in(&process, OutboxTarget::OMNI_REPORTS).remove(0);
    world.target.table().refused_results.clear();
    let mut batch = process.store.batch();
    batch.replay_outbox(MID, refused.place, &refused.entry).unwrap();
    drop(now(process.store.commit(batch)).unwrap());
    process.forward();
    assert_eq!(posts(&world)[1..], [post("https://omni", "seen 1")]);
    assert_eq!(waiting_in(&process, OutboxTarget::OMNI_REPORTS), 0);
}

#[test]
fn a_click_that_is_refused_does_not_hold_up_the_others() {
    let (world, process) = external(true);
    record_clicks(&process, ["a", "b", "c", "d", "e", "f"].map(|url| click("m", url, 1)).to_vec());
    world.target.table().refused_results = vec!["a", "d"];
    process.forward();
    assert_eq!((posts(&world).len(), refused_in(&process, OutboxTarget::CLICKS).len()), (4, 2));
    assert_eq!(waiting_in(&process, OutboxTarget::CLICKS), 0);
}

/// An operator who has repaired the URL need not wait for the end of the pause.
#[test]
fn a_target_that_was_changed_is_tried_at_once() {
    let (world, process) = external(true);
    record_clicks(&process, vec![click("m", "a", 1)]);
    world.target.table().refused_posts = 1;
    process.forward();
    process.forward();
    assert_eq!(posts(&world).len(), 0);
    process.forwarder.forget(MID);
    process.forward();
    assert_eq!((posts(&world).len(), problem(&process)), (1, None));
}

/// A refusal of one part of a message's reports says nothing about the other.
#[test]
fn a_seen_report_is_posted_after_its_delivery_report_was_refused() {
    let (world, process) = external(true);
    record_of(&process, Channel::WhatsApp, vec![whatsapp("m", 3, "BAD", 1).into(), seen("m", 9).into()]);
    world.target.table().refused_results = vec!["BAD"];
    world.target.table().trouble_at = Some(1);
    process.forward();
    let in_lane = || {
        let refused = refused_in(&process, OutboxTarget::OMNI_REPORTS).len();
        (posts(&world).len(), refused, waiting_in(&process, OutboxTarget::OMNI_REPORTS))
    };
    assert_eq!(in_lane(), (0, 0, 1), "the seen report waits");
    process.advance(&world, Duration::from_secs(60));
    process.forward();
    assert_eq!(in_lane(), (1, 1, 0));
}

#[test]
fn a_refused_seen_report_takes_no_delivery_report_aside() {
    let (world, process) = external(true);
    let arrived = (0..20).map(|number| whatsapp(&format!("m-{number}"), 3, "DELIVERED", 1).into());
    record_of(&process, Channel::WhatsApp, arrived.chain([seen("m-0", 9).into()]).collect());
    // It takes no delivery reports now, and never this seen report.
    world.target.table().refused_results = vec!["DELIVERED", "m-0"];
    process.forward();
    let in_lane = || {
        let refused = refused_in(&process, OutboxTarget::OMNI_REPORTS).len();
        (refused, waiting_in(&process, OutboxTarget::OMNI_REPORTS))
    };
    assert_eq!(in_lane(), (0, 20), "all delivery reports wait");
    world.target.table().refused_results = vec!["m-0"];
    process.advance(&world, Duration::from_secs(60));
    process.forward();
    assert_eq!(in_lane(), (1, 0));
    let taken: usize = posts(&world).iter().map(|(_, said)| said.split(' ').count() - 1).sum();
    assert_eq!(taken, 20);
}

#[test]
fn an_entry_is_set_aside_once_when_both_its_parts_are_refused() {
    let (world, process) = external(true);
    let arrived = vec![whatsapp("m", 3, "DELIVERED", 1).into(), seen("m", 9).into()];
    record_of(&process, Channel::WhatsApp, arrived);
    world.target.table().refused_results = vec!["DELIVERED", "m"];
    process.forward();
    let refused = refused_in(&process, OutboxTarget::OMNI_REPORTS);
    assert_eq!((refused.len(), waiting_in(&process, OutboxTarget::OMNI_REPORTS)), (1, 0));
    assert_eq!(refused[0].entry.problem.as_deref(), Some("the page says no"));
}
