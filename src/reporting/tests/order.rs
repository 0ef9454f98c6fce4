//! Any order and any repeats of what is said about a message end in the same rows.

use proptest::prelude::*;
use rand::seq::SliceRandom as _;
use rand::{SeedableRng, rngs::StdRng};

use super::*;
use crate::domain::ids::MessageId;

/// What may be said about a message.
#[derive(Clone, Debug)]
enum Said {
    Delivery(i32, u64),
    Seen(u64),
    Click(u8, u64),
}

fn any_said() -> impl Strategy<Value = Said> {
    prop_oneof![
        3 => (1i32..6, 0u64..4).prop_map(|(group, secs)| Said::Delivery(group, secs)),
        2 => (0u64..9).prop_map(Said::Seen),
        2 => (0u8..2, 0u64..4).prop_map(|(url, secs)| Said::Click(url, secs)),
    ]
}

fn say(process: &Process, id: &str, said: &Said) {
    let whatsapp = |arrived: Arrived| record_of(process, Channel::WhatsApp, vec![arrived]);
    match said {
        Said::Delivery(group, secs) => {
            let names = ["", "PENDING", "UNDELIVERABLE", "DELIVERED", "EXPIRED", "REJECTED"];
            let mut report = super::whatsapp(id, *group, names[usize::try_from(*group).unwrap()], *secs);
            names[usize::try_from(*group).unwrap()].clone_into(&mut report.status.group_name);
            whatsapp(report.into());
        }
        Said::Seen(secs) => whatsapp(seen(id, *secs).into()),
        Said::Click(url, secs) => record_clicks(process, vec![click(id, &format!("https://shop/{url}"), *secs)]),
    }
}

/// The rows of a message in an extension, without its id, in some order.
fn rows_of(world: &World, extension: &str, id: &str) -> Vec<SeenRow> {
    let mut rows = world.target.table().kept(extension);
    rows.retain_mut(|row| row.remove("messageId").as_deref() == Some(id));
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_repeats_end_in_the_same_rows(
        said in proptest::collection::vec(any_said(), 1..7),
        repeats in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        pauses in proptest::collection::vec(proptest::option::of(0u64..1_200), 12),
        seed in any::<u64>(),
    ) {
        let (world, process) = keeping();
        let mut shuffled = said.clone();
        shuffled.extend(repeats.iter().map(|index| index.get(&said).clone()));
        shuffled.shuffle(&mut StdRng::seed_from_u64(seed));
        said.iter().for_each(|said| say(&process, "one", said));
        for (said, pause) in shuffled.iter().zip(pauses) {
            say(&process, "other", said);
            if let Some(secs) = pause {
                process.advance(&world, Duration::from_secs(secs));
                process.forward();
            }
        }
        process.advance(&world, Duration::from_secs(1_000));
        process.forward();
        for lane in OutboxTarget::ALL {
            prop_assert_eq!(waiting_in(&process, lane), 0);
        }
        prop_assert_eq!(rows_of(&world, OMNI, "one"), rows_of(&world, OMNI, "other"));
        prop_assert_eq!(rows_of(&world, CLICKS, "one"), rows_of(&world, CLICKS, "other"));
        let is_told = said.iter().any(|said| matches!(said, Said::Seen(_) | Said::Delivery(2..=5, _)));
        prop_assert_eq!(rows_of(&world, OMNI, "other").len(), usize::from(is_told));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Reports of one message, told in any order, any of them again, in one call or several, end in the same record.
    #[test]
    fn any_order_and_any_repeats_end_in_the_same_report(
        kinds in proptest::collection::vec((1i32..6, 0u64..4), 1..5),
        repeats in proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..8),
        forwarded_between: bool,
        seed in any::<u64>(),
    ) {
        use rand::seq::SliceRandom as _;
        use rand::{SeedableRng, rngs::StdRng};

        let (world, process) = start();
        let ids = sent(&process, 2, None);
        let all = |id: &str| -> Vec<DeliveryReport> {
            kinds.iter().map(|(group, secs)| {
                report(id, *group, 100 + *group, "ANY", START.plus(Duration::from_secs(*secs)))
            }).collect()
        };
        for report in all(&ids[0]) {
            record(&process, vec![report]);
        }
        let mut reports = all(&ids[1]);
        for (index, _) in &repeats {
            reports.push(index.get(&all(&ids[1])).clone());
        }
        reports.shuffle(&mut StdRng::seed_from_u64(seed));
        let mut call = Vec::new();
        for (index, report) in reports.into_iter().enumerate() {
            call.push(report);
            if repeats.get(index).is_none_or(|(_, ends)| *ends) {
                record(&process, std::mem::take(&mut call));
                if forwarded_between {
                    process.forward();
                }
            }
        }
        record(&process, call);
        let stands = |id: &str| {
            let id: MessageId = id.parse().unwrap();
            let record = process.store.reports().get(MID, ReportRef::of(id.queue, id.sequence)).unwrap();
            record.unwrap().reports.delivery.unwrap()
        };
        let (one, other) = (stands(&ids[0]), stands(&ids[1]));
        prop_assert_eq!((one.status, one.done_at, one.is_final), (other.status.clone(), other.done_at, other.is_final));
        process.forward();
        prop_assert_eq!(waiting(&process), 0);
        let table = world.target.table();
        prop_assert_eq!(table.rows.contains_key(&ids[1]), other.is_final);
    }
}
