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
