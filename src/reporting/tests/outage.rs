//! Targets that are down, for long and next to others, and the call budget.

use super::*;

/// Reports of the outage's test; `WAYPOST_OUTAGE_REPORTS` says another number. Unoptimised, one report costs about 2 ms of
/// sealing, committing and filling its row: the 100 000 of a real outage would take minutes of each run of the tests.
const REPORTS: usize = 20_000;

#[test]
fn an_outage_of_six_hours_loses_nothing_and_repeats_nothing() {
    const MINUTES: usize = 360;
    let reports = std::env::var("WAYPOST_OUTAGE_REPORTS").ok().and_then(|n| n.parse().ok()).unwrap_or(REPORTS);
    let mut world = World::new(9, vec![tenant(1, vec![account("main", MaybeSent::Repeat)])]);
    world.rows_max = 2_000;
    let process = world.start(START);
    world.target.table().down.push(SMS.into());
    for minute in 0..MINUTES {
        let ids = (reports * minute / MINUTES)..(reports * (minute + 1) / MINUTES);
        let some = ids.map(|number| {
            let mut report = delivered(&format!("m-{number}"));
            report.to = Some("385911234500".into());
            report
        });
        record(&process, some.collect());
        process.forward();
        process.advance(&world, Duration::from_secs(60));
    }
    let tried = world.target.table().requests.len();
    assert!((5..200).contains(&tried), "{tried} attempts in six hours");
    assert_eq!(waiting(&process), reports);
    world.target.table().down.clear();
    process.advance(&world, Duration::from_secs(300));
    process.forward();
    assert_eq!(waiting(&process), 0);
    let table = world.target.table();
    assert_eq!((table.rows.len(), table.repeated), (reports, 0));
    assert!(table.requests.iter().all(|rows| *rows <= 2_000), "no request is larger");
    let held = process.forwarder.held_most();
    assert!((1..=2_000).contains(&held), "{held} reports were in memory: more than a page of the lane");
}

/// An outage with three times the reports holds no more of them in memory.
#[test]
fn what_is_in_memory_does_not_follow_what_waits() {
    let most = |reports: usize| {
        let world = World { rows_max: 50, ..start().0 };
        let process = world.start(START);
        world.target.table().down.push(SMS.into());
        let arrived = (0..reports).map(|number| whatsapp(&format!("m-{number}"), 3, "DELIVERED", 1)).collect();
        record(&process, arrived);
        process.forward();
        world.target.table().down.clear();
        process.advance(&world, Duration::from_secs(600));
        process.forward();
        assert_eq!((waiting(&process), world.target.table().rows.len()), (0, reports));
        process.forwarder.held_most()
    };
    assert_eq!((most(200), most(600)), (50, 50));
}

#[test]
fn a_target_that_is_down_holds_up_no_other() {
    let (world, process) = keeping();
    world.target.table().down.push(OMNI.into());
    record_of(&process, Channel::WhatsApp, vec![whatsapp("m", 3, "DELIVERED", 1).into()]);
    record_of(&process, Channel::Sms, vec![whatsapp("n", 3, "DELIVERED", 1).into()]);
    record_clicks(&process, vec![click("m", "https://a", 1)]);
    process.forward();
    let kept = |key: &str| world.target.table().kept(key).len();
    assert_eq!((kept(OMNI), kept(SMS), kept(CLICKS)), (0, 1, 1));
    let requests = world.target.table().requests.len();
    process.forward();
    assert_eq!(world.target.table().requests.len(), requests, "it is left alone for a while");
    world.target.table().down.clear();
    process.advance(&world, Duration::from_secs(10));
    process.forward();
    assert_eq!(kept(OMNI), 1);
}

#[test]
fn the_call_budget_spaces_the_rounds() {
    let mut world = World::new(9, vec![tenant(1, vec![account("main", MaybeSent::Repeat)])]);
    world.calls_per_minute = 6;
    let process = world.start(START);
    let tenant = process.tenants.get(MID).unwrap();
    let round = |id: &str| {
        record(&process, vec![whatsapp(id, 3, "DELIVERED", 1)]);
        now(process.forwarder.round(&tenant, &process.running.1)).unwrap();
        waiting(&process)
    };
    assert_eq!(round("a"), 0, "a write costs three calls");
    process.advance(&world, Duration::from_secs(29));
    assert_eq!(round("b"), 1);
    process.advance(&world, Duration::from_secs(1));
    assert_eq!(round("c"), 0);
}
