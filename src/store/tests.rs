//! The store as its callers see it, against a naive map, over crashes, damage and removals.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::samples::*;
use super::*;
use crate::domain::ids::QueueId;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn memory() -> (MemoryKv, Store) {
    let kv = MemoryKv::default();
    let store = Store::in_memory(kv.clone(), master()).unwrap();
    let _receipt = block_on(store.create_tenant(&tenant(MID))).unwrap();
    (kv, store)
}

fn on_disk(dir: &Path) -> Result<Store, OpenError> {
    Store::open(StoreOptions { dir: dir.to_owned(), master: master(), cache_bytes: 8 * 1024 * 1024 }, at(0))
}

fn commit(store: &Store, fill: impl FnOnce(&mut StoreBatch) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let mut batch = store.batch();
    fill(&mut batch)?;
    store.commit_blocking(batch).map(drop)
}

fn place(number: u64) -> OutboxPlace {
    OutboxPlace {
        target: OutboxTarget::SMS_REPORTS,
        due_at: at(number),
        subject: OutboxSubject::Report(ReportRef::of(QUEUE, number)),
    }
}

/// Opening that must fail, and what it says.
#[track_caller]
fn sentence(opened: Result<Store, OpenError>) -> String {
    match opened {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_written_is_read() {
    let (_, store) = memory();
    commit(&store, |batch| {
        batch.put_queue(MID, &queue(QUEUE))?;
        (1..=5).try_for_each(|sequence| batch.put_waiting(MID, &message(sequence)))?;
        batch.finish(MID, &sent(2))?;
        batch.put_in_flight(MID, QUEUE, &in_flight(&[3, 4]))?;
        batch.put_dead_letter(MID, message(2).id, &dead_letter())?;
        batch.put_answer(MID, &instance(1), &activity(), &answer(1, at(0)))?;
        batch.put_report(MID, ReportRef::of(QUEUE, 2), &report(2))?;
        batch.put_outbox(MID, place(2), &outbox_entry())?;
        batch.put_account_state(MID, &account(), &account_state())?;
        batch.put_configuration(MID, ConfigurationId([9; 16]), &configuration())
    })
    .unwrap();

    assert_eq!(store.tenants().all().unwrap(), [tenant(MID)]);
    assert_eq!(store.tenants().get(MID).unwrap(), Some(tenant(MID)));
    assert_eq!(store.queues().all(MID).unwrap(), [queue(QUEUE)]);
    let messages = store.messages();
    let waiting = messages.waiting(MID, QUEUE, 3, 2).unwrap();
    assert_eq!(waiting, [Opened::Record(message(3)), Opened::Record(message(4))]);
    assert_eq!(messages.frontier(MID, QUEUE, 1, 5).unwrap().next, 5);
    assert_eq!(messages.last_sequence(MID, QUEUE).unwrap(), 5);
    assert_eq!(messages.find(MID, message(1).id).unwrap(), Some(Found::Waiting(message(1))));
    assert_eq!(messages.find(MID, message(2).id).unwrap(), Some(Found::Sent(sent(2))));
    let other = crate::domain::ids::MessageId { nonce: 1, ..message(2).id };
    assert_eq!(messages.find(MID, other).unwrap(), None);
    assert_eq!(messages.in_flight(MID, QUEUE).unwrap(), [in_flight(&[3, 4])]);
    assert_eq!(messages.dead_letters(MID, QUEUE, 0, 9).unwrap(), [(2, dead_letter())]);
    assert_eq!(store.reports().get(MID, ReportRef::of(QUEUE, 2)).unwrap(), Some(report(2)));
    let placed = PlacedEntry { place: place(2), entry: outbox_entry() };
    let lane = |after| store.reports().outbox(MID, OutboxTarget::SMS_REPORTS, after, 9).unwrap();
    assert_eq!(lane(None), [placed]);
    assert_eq!(lane(Some(place(2))), []);
    assert_eq!(store.accounts().held(MID).unwrap(), [(account(), account_state())]);
    assert_eq!(store.configurations().get(MID, ConfigurationId([9; 16])).unwrap(), Some(configuration()));
}

#[test]
fn numbers_of_messages_go_on_behind_what_was_removed() {
    let (_, store) = memory();
    commit(&store, |batch| batch.finish(MID, &sent(41))).unwrap();
    assert_eq!(store.messages().last_sequence(MID, QUEUE).unwrap(), 41);
    commit(&store, |batch| {
        batch.delete(&Key::Sent(MID, QUEUE, 41));
        batch.put_queue(MID, &QueueRecord { done: 3, erased_to: 41, ..queue(QUEUE) })
    })
    .unwrap();
    assert_eq!(store.messages().last_sequence(MID, QUEUE).unwrap(), 41);
}

#[test]
fn queue_numbers_are_not_given_twice() {
    let (kv, store) = memory();
    let first = store.queues().allocate();
    assert_ne!(first, store.queues().allocate());
    commit(&store, |batch| batch.put_queue(MID, &queue(QueueId(77)))).unwrap();
    drop(store);
    let store = Store::in_memory(kv, master()).unwrap();
    assert_eq!(store.queues().allocate(), QueueId(78));
}

#[test]
fn an_answer_is_given_again_for_72_hours() {
    let (kv, store) = memory();
    let given = at(3_600);
    commit(&store, |batch| batch.put_answer(MID, &instance(1), &activity(), &answer(1, given))).unwrap();
    let get = |now| store.answers().get(MID, &instance(1), &activity(), now).unwrap();
    let end = given.plus(ANSWER_KEPT);
    assert_eq!(get(given), Some(answer(1, given)));
    assert_eq!(get(end.minus(std::time::Duration::from_nanos(1))), Some(answer(1, given)));
    assert_eq!(get(end), None);
    assert_eq!(store.answers().get(MID, &instance(2), &activity(), given).unwrap(), None);

    let answers = || kv.entries().iter().filter(|(key, _)| key[0] == Family::Answer.byte()).count();
    assert_eq!(block_on(store.answers().sweep(end)).unwrap(), 0);
    assert_eq!(block_on(store.answers().sweep(end.plus(ANSWER_KEPT))).unwrap(), 1);
    assert_eq!(answers(), 0);
}

#[test]
fn an_all_zero_instance_is_never_a_repeat() {
    let (_, store) = memory();
    commit(&store, |batch| batch.put_answer(MID, &instance(0), &activity(), &answer(1, at(0)))).unwrap();
    let zero = crate::domain::ids::DefinitionInstanceId::new("00000000-0000-0000-0000-000000000000").unwrap();
    commit(&store, |batch| batch.put_answer(MID, &zero, &activity(), &answer(1, at(0)))).unwrap();
    assert_eq!(store.answers().get(MID, &zero, &activity(), at(0)).unwrap(), None);
}

#[test]
fn a_refused_entry_leaves_the_way_free_and_can_be_replayed() {
    let (_, store) = memory();
    commit(&store, |batch| (1..=2).try_for_each(|n| batch.put_outbox(MID, place(n), &outbox_entry()))).unwrap();
    commit(&store, |batch| batch.refuse_outbox(MID, place(1), &outbox_entry())).unwrap();
    let places = |entries: Vec<PlacedEntry>| entries.into_iter().map(|entry| entry.place).collect::<Vec<_>>();
    let waiting = || places(store.reports().outbox(MID, OutboxTarget::SMS_REPORTS, None, 9).unwrap());
    let refused = || places(store.reports().refused(MID, OutboxTarget::SMS_REPORTS, None, 9).unwrap());
    assert_eq!((waiting(), refused()), (vec![place(2)], vec![place(1)]));
    commit(&store, |batch| batch.replay_outbox(MID, place(1), &outbox_entry())).unwrap();
    assert_eq!((waiting(), refused()), (vec![place(1), place(2)], vec![]));
}

#[test]
fn a_damaged_record_is_quarantined_once() {
    let (kv, store) = memory();
    commit(&store, |batch| (1..=3).try_for_each(|sequence| batch.put_waiting(MID, &message(sequence)))).unwrap();
    let key = Key::Waiting(MID, QUEUE, 3);
    assert!(kv.flip_bit(&key.to_bytes(), 12_345));
    let damaged = kv.get(&key.to_bytes()).unwrap().unwrap();

    let waiting = store.messages().waiting(MID, QUEUE, 0, 9).unwrap();
    let expected = [Opened::Record(message(1)), Opened::Record(message(2)), Opened::Quarantined(key.clone())];
    assert_eq!(waiting, expected);
    assert_eq!(store.messages().waiting(MID, QUEUE, 0, 9).unwrap(), expected[..2]);
    assert_eq!(store.quarantined(), 1);
    assert_eq!(kv.get(&Key::Quarantine(key.to_bytes()).to_bytes()).unwrap(), Some(damaged));
    assert_eq!(store.messages().last_sequence(MID, QUEUE).unwrap(), 3, "its number is not given again");
}

#[test]
fn a_record_moved_to_another_place_does_not_open() {
    let (kv, store) = memory();
    commit(&store, |batch| batch.put_waiting(MID, &message(1))).unwrap();
    let value = kv.get(&Key::Waiting(MID, QUEUE, 1).to_bytes()).unwrap().unwrap();
    let mut batch = Batch::default();
    batch.put(Key::Waiting(MID, QUEUE, 2).to_bytes(), value);
    kv.apply(&batch).unwrap();
    assert_eq!(store.messages().waiting_at(MID, QUEUE, 2).unwrap(), None);
    assert_eq!(store.quarantined(), 1);
}

#[test]
fn a_value_written_anew_meanwhile_is_not_quarantined() {
    let (kv, store) = memory();
    let key = Key::Queue(MID, QUEUE).to_bytes();
    commit(&store, |batch| batch.put_queue(MID, &queue(QUEUE))).unwrap();
    let seen = kv.get(&key).unwrap().unwrap();
    commit(&store, |batch| batch.put_queue(MID, &QueueRecord { done: 4, ..queue(QUEUE) })).unwrap();
    let error = StoreError::Seal(SealError::Damaged);
    store.quarantine::<QueueRecord>(MID, key, seen, &error);
    assert_eq!(store.queues().get(MID, QUEUE).unwrap().unwrap().done, 4);
}

#[test]
fn a_record_of_a_newer_version_is_an_error_and_stays() {
    let (kv, store) = memory();
    let key = Key::Queue(MID, QUEUE).to_bytes();
    let sealed = store.sealer(MID).unwrap().seal(&key, &[9, 1, 2, 3]).unwrap();
    let mut batch = Batch::default();
    batch.put(key.clone(), sealed.clone());
    kv.apply(&batch).unwrap();
    let error = store.queues().get(MID, QUEUE).unwrap_err();
    assert!(error.to_string().contains("queue record has version 9"), "{error}");
    assert!(error.to_string().contains("the store is newer"), "{error}");
    assert_eq!(kv.get(&key).unwrap(), Some(sealed));
}

#[test]
fn a_value_too_large_fails_alone_and_leaves_the_gate_open() {
    let (_, store) = memory();
    let mut large = message(1);
    large.message.callback_data = "x".repeat(kv::VALUE_BYTES_MAX);
    assert!(matches!(store.batch().put_waiting(MID, &large), Err(StoreError::Kv(KvError::ValueTooLarge { .. }))));
    assert!(store.is_open());
}

#[test]
fn the_wrong_master_key_is_said() {
    let (kv, store) = memory();
    drop(store);
    let text = sentence(Store::in_memory(kv, MasterKey::from_bytes([1; 32])));
    assert!(text.contains("master key does not fit this store"), "{text}");
}

#[test]
fn a_store_of_a_newer_format_is_not_touched() {
    let (kv, store) = memory();
    drop(store);
    let mut batch = Batch::default();
    batch.put(Key::Meta(META_FORMAT.into()).to_bytes(), vec![FORMAT + 1]);
    kv.apply(&batch).unwrap();
    let text = sentence(Store::in_memory(kv, master()));
    assert!(text.contains("has format 2") && text.contains("install the newer Waypost"), "{text}");
}

#[test]
fn a_foreign_database_is_not_a_store() {
    let kv = MemoryKv::default();
    let mut batch = Batch::default();
    batch.put(b"hello".to_vec(), b"world".to_vec());
    kv.apply(&batch).unwrap();
    assert!(sentence(Store::in_memory(kv, master())).contains("not a Waypost store"));
}

#[test]
fn a_damaged_tenant_key_stops_only_that_tenant() {
    let (kv, store) = memory();
    let other = Mid::new(2);
    let _receipt = block_on(store.create_tenant(&tenant(other))).unwrap();
    drop(store);
    assert!(kv.flip_bit(&Key::TenantKey(MID).to_bytes(), 300));
    let store = Store::in_memory(kv, master()).unwrap();
    assert_eq!(store.tenants().get(MID), Err(StoreError::NoSuchTenant { mid: MID }));
    assert_eq!(store.tenants().all().unwrap(), [tenant(other)]);
    let again = block_on(store.create_tenant(&tenant(MID)));
    assert!(again.is_err(), "a new key would make its records unreadable for good");
}

#[test]
fn a_removed_tenant_leaves_nothing_even_over_a_crash() {
    let other = Mid::new(2);
    // At each commit of the removal the process may stop.
    for commits in 0..8 {
        let (kv, store) = memory();
        let _receipt = block_on(store.create_tenant(&tenant(other))).unwrap();
        for mid in [MID, other] {
            commit(&store, |batch| {
                batch.put_queue(mid, &queue(QUEUE))?;
                (1..=100).try_for_each(|sequence| batch.put_waiting(mid, &message(sequence)))?;
                batch.put_answer(mid, &instance(1), &activity(), &answer(1, at(0)))?;
                batch.put_answer(mid, &instance(1), &activity(), &answer(1, at(100_000)))?;
                batch.put_report(mid, ReportRef::of(QUEUE, 2), &report(2))
            })
            .unwrap();
        }
        assert!(kv.flip_bit(&Key::Waiting(MID, QUEUE, 1).to_bytes(), 300));
        store.messages().waiting(MID, QUEUE, 0, 1).unwrap();

        kv.fail_after_applies(commits);
        let removed = block_on(store.remove_tenant(MID));
        drop(store);
        kv.crash();
        let store = Store::in_memory(kv.clone(), master()).unwrap();
        if removed.is_err() && commits == 0 {
            assert!(store.tenants().get(MID).unwrap().is_some(), "nothing was removed yet");
            continue;
        }
        assert_eq!(store.tenants().get(MID), Ok(None));
        let read = store.messages().waiting(MID, QUEUE, 0, 1);
        assert!(removed.is_ok() || commits > 2 || read == Err(StoreError::NoSuchTenant { mid: MID }), "{read:?}");
        block_on(store.resume_removals()).unwrap();
        let needle = MID.get().to_be_bytes();
        let left = kv.entries().into_iter().filter(|(key, _)| key.windows(8).any(|part| part == needle)).count();
        assert_eq!(left, 0, "stopped after {commits} commits");
        assert_eq!(store.messages().waiting(other, QUEUE, 0, 200).unwrap().len(), 100);
        assert!(block_on(store.create_tenant(&tenant(MID))).is_ok(), "it can be connected again");
    }
}

#[test]
fn nothing_readable_reaches_the_disk() {
    let (kv, store) = memory();
    commit(&store, |batch| {
        batch.put_waiting(MID, &message(1))?;
        batch.finish(MID, &sent(2))?;
        batch.put_report(MID, ReportRef::of(QUEUE, 2), &report(2))?;
        batch.put_answer(MID, &instance(1), &activity(), &answer(1, at(0)))
    })
    .unwrap();
    let needles = [TEXT, PHONE, API_KEY, "client-secret", "C-1", "Parcels", &instance(1).to_string()];
    for (key, value) in kv.entries() {
        for needle in needles {
            let found =
                [&key, &value].into_iter().any(|b| b.windows(needle.len()).any(|part| part == needle.as_bytes()));
            assert!(!found, "{needle} under {key:02x?}");
        }
    }
}

#[test]
fn a_store_on_disk_opens_again_with_all_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let store = on_disk(dir.path()).unwrap();
    let _receipt = block_on(store.create_tenant(&tenant(MID))).unwrap();
    commit(&store, |batch| batch.put_waiting(MID, &message(1))).unwrap();
    assert!(sentence(on_disk(dir.path())).contains("locked by another process"));
    store.close();
    assert_eq!(commit(&store, |batch| batch.put_waiting(MID, &message(2))), Err(StoreError::Closed));
    drop(store);

    let store = on_disk(dir.path()).unwrap();
    assert_eq!(store.messages().waiting(MID, QUEUE, 0, 9).unwrap(), [Opened::Record(message(1))]);
    drop(store);
    let wrong =
        StoreOptions { dir: dir.path().to_owned(), master: MasterKey::from_bytes([0; 32]), cache_bytes: 1 << 20 };
    assert!(sentence(Store::open(wrong, at(0))).contains("master key does not fit"));
}

/// What a caller of the store does.
#[derive(Clone, Debug)]
enum Action {
    Put(u64),
    Finish(u64),
    StartRequest(u64),
    EndRequest(u64),
    Answer(u64),
    Report(u64),
    Forward(u64),
    /// The next commit fails at its sync; then the process dies, and what was applied is on the disk or not.
    FailThenCrash {
        number: u64,
        reached_disk: bool,
    },
    Crash,
}

fn any_action() -> impl Strategy<Value = Action> {
    let number = || 1..20u64;
    prop_oneof![
        4 => number().prop_map(Action::Put),
        3 => number().prop_map(Action::Finish),
        2 => number().prop_map(Action::StartRequest),
        2 => number().prop_map(Action::EndRequest),
        2 => number().prop_map(Action::Answer),
        2 => number().prop_map(Action::Report),
        2 => number().prop_map(Action::Forward),
        1 => (number(), any::<bool>()).prop_map(|(number, reached_disk)| Action::FailThenCrash { number, reached_disk }),
        1 => Just(Action::Crash),
    ]
}

/// What the store should hold, by family and number.
#[derive(Clone, Default, PartialEq, Debug)]
struct Model(BTreeMap<(&'static str, u64), ()>);

impl Model {
    fn set(&mut self, what: &'static str, number: u64) {
        self.0.insert((what, number), ());
    }

    fn unset(&mut self, what: &'static str, number: u64) {
        self.0.remove(&(what, number));
    }

    fn of(store: &Store) -> Self {
        let mut model = Self::default();
        let messages = store.messages();
        for message in messages.waiting(MID, QUEUE, 0, 100).unwrap() {
            model.set("waiting", message.record().unwrap().id.sequence);
        }
        for request in messages.in_flight(MID, QUEUE).unwrap() {
            model.set("in flight", request.sequences[0]);
        }
        for number in 1..20 {
            if messages.sent(MID, QUEUE, number).unwrap().is_some() {
                model.set("sent", number);
            }
            if store.answers().get(MID, &instance(number), &activity(), at(0)).unwrap().is_some() {
                model.set("answer", number);
            }
            if store.reports().get(MID, ReportRef::of(QUEUE, number)).unwrap().is_some() {
                model.set("report", number);
            }
        }
        for placed in store.reports().outbox(MID, OutboxTarget::SMS_REPORTS, None, 100).unwrap() {
            let OutboxSubject::Report(ReportRef::Known(_, number)) = placed.place.subject else {
                panic!("no stray reports here")
            };
            model.set("outbox", number);
        }
        model
    }

    /// The same action on the model and in a batch.
    fn act(&mut self, action: &Action, batch: &mut StoreBatch) -> Result<(), StoreError> {
        match *action {
            Action::Put(number) | Action::FailThenCrash { number, .. } => {
                self.set("waiting", number);
                batch.put_waiting(MID, &message(number))
            }
            Action::Finish(number) => {
                self.set("sent", number);
                self.unset("waiting", number);
                batch.finish(MID, &sent(number))
            }
            Action::StartRequest(number) => {
                self.set("in flight", number);
                batch.put_in_flight(MID, QUEUE, &in_flight(&[number, number + 1]))
            }
            Action::EndRequest(number) => {
                self.unset("in flight", number);
                batch.delete_in_flight(MID, QUEUE, number);
                Ok(())
            }
            Action::Answer(number) => {
                self.set("answer", number);
                batch.put_answer(MID, &instance(number), &activity(), &answer(number, at(0)))
            }
            Action::Report(number) => {
                self.set("report", number);
                self.set("outbox", number);
                batch.put_report(MID, ReportRef::of(QUEUE, number), &report(number))?;
                batch.put_outbox(MID, place(number), &outbox_entry())
            }
            Action::Forward(number) => {
                self.unset("outbox", number);
                batch.delete_outbox(MID, place(number));
                Ok(())
            }
            Action::Crash => Ok(()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_store_agrees_with_a_map_over_crashes(actions in proptest::collection::vec(any_action(), 1..60)) {
        let (kv, mut store) = memory();
        let mut model = Model::default();
        for action in actions {
            let mut after = model.clone();
            let mut batch = store.batch();
            after.act(&action, &mut batch).unwrap();
            match action {
                Action::FailThenCrash { reached_disk, .. } => {
                    kv.fail_next_sync();
                    prop_assert!(store.commit_blocking(batch).is_err());
                    prop_assert!(!store.is_open());
                    kv.crash_losing(if reached_disk { 0 } else { 1 });
                    model = if reached_disk { after } else { model };
                    store = Store::in_memory(kv.clone(), master()).unwrap();
                }
                Action::Crash => {
                    kv.crash();
                    store = Store::in_memory(kv.clone(), master()).unwrap();
                }
                _ => {
                    let _receipt = store.commit_blocking(batch).unwrap();
                    model = after;
                }
            }
            prop_assert_eq!(&Model::of(&store), &model);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_store_on_disk_agrees_with_a_map_over_reopening(actions in proptest::collection::vec(any_action(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = on_disk(dir.path()).unwrap();
        let _receipt = block_on(store.create_tenant(&tenant(MID))).unwrap();
        let mut model = Model::default();
        for action in actions {
            let mut batch = store.batch();
            model.act(&action, &mut batch).unwrap();
            let _receipt = store.commit_blocking(batch).unwrap();
            if matches!(action, Action::Crash | Action::FailThenCrash { .. }) {
                drop(store);
                store = on_disk(dir.path()).unwrap();
            }
            prop_assert_eq!(&Model::of(&store), &model);
        }
    }
}

/// What can be asked of a [`Kv`].
#[derive(Clone, Debug)]
enum KvAction {
    Apply(Vec<(u8, Option<u8>)>),
    Sync,
    Range(u8, u8, usize),
    Last(Option<u8>),
    /// Dies with this many unsynced batches lost, or all where only that can be had.
    Reopen(usize),
}

fn any_kv_action() -> impl Strategy<Value = KvAction> {
    let writes = proptest::collection::vec((any::<u8>(), proptest::option::of(any::<u8>())), 0..6);
    prop_oneof![
        4 => writes.prop_map(KvAction::Apply),
        1 => Just(KvAction::Sync),
        2 => (any::<u8>(), any::<u8>(), 0..9usize).prop_map(|(from, to, limit)| KvAction::Range(from, to, limit)),
        1 => proptest::option::of(any::<u8>()).prop_map(KvAction::Last),
        1 => (0..4usize).prop_map(KvAction::Reopen),
    ]
}

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Runs `actions`; `reopen` may lose the given number of unsynced batches, and says how many it did lose.
fn agree<K: Kv>(mut kv: K, actions: Vec<KvAction>, mut reopen: impl FnMut(K, usize) -> (K, usize)) {
    let mut map = Map::new();
    let mut unsynced: Vec<Map> = Vec::new();
    for action in actions {
        match action {
            KvAction::Apply(writes) => {
                unsynced.push(map.clone());
                let mut batch = Batch::default();
                for (key, value) in writes {
                    match value {
                        Some(value) => {
                            map.insert(vec![key], vec![value; 3]);
                            batch.put(vec![key], vec![value; 3]);
                        }
                        None => {
                            map.remove([key].as_slice());
                            batch.delete(vec![key]);
                        }
                    }
                }
                kv.apply(&batch).unwrap();
            }
            KvAction::Sync => {
                kv.sync().unwrap();
                unsynced.clear();
            }
            KvAction::Range(from, to, limit) => {
                let expected: Vec<Entry> = map
                    .iter()
                    .filter(|(key, _)| key.as_slice() >= [from].as_slice() && key.as_slice() < [to].as_slice())
                    .take(limit)
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                assert_eq!(kv.range(&[from], &[to], limit).unwrap(), expected);
            }
            KvAction::Last(prefix) => {
                let prefix = prefix.map_or(vec![], |byte| vec![byte]);
                let expected = map.iter().rfind(|(key, _)| key.starts_with(&prefix));
                let expected = expected.map(|(key, value)| (key.clone(), value.clone()));
                assert_eq!(kv.last(&prefix).unwrap(), expected);
            }
            KvAction::Reopen(lost) => {
                let (reopened, lost) = reopen(kv, lost);
                kv = reopened;
                if let Some(before) = unsynced.len().checked_sub(lost).and_then(|at| unsynced.get(at)) {
                    map = before.clone();
                }
                unsynced.clear();
            }
        }
        for key in 0..=u8::MAX {
            assert_eq!(kv.get(&[key]).unwrap(), map.get([key].as_slice()).cloned());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_kv_agrees_with_a_map(actions in proptest::collection::vec(any_kv_action(), 1..60)) {
        agree(MemoryKv::default(), actions, |kv, lost| {
            let lost = lost.min(kv.unsynced());
            kv.crash_losing(lost);
            (kv, lost)
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn sled_agrees_with_a_map(actions in proptest::collection::vec(any_kv_action(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        agree(SledKv::open(dir.path(), 1 << 20).unwrap(), actions, |kv, _| {
            kv.sync().unwrap();
            drop(kv);
            (SledKv::open(dir.path(), 1 << 20).unwrap(), 0)
        });
    }
}

#[tokio::test]
async fn the_master_key_is_changed_without_loss_and_the_old_one_opens_nothing() {
    let kv = MemoryKv::default();
    let (old, new) = (MasterKey::from_bytes([1; 32]), MasterKey::from_bytes([2; 32]));
    let store = Store::in_memory(kv.clone(), old.clone()).unwrap();
    let _receipt = store.create_tenant(&tenant(MID)).await.unwrap();
    assert_eq!(store.rotate_master_key(&new).await.unwrap(), 2, "the system's key and the business unit's");
    let other = crate::domain::ids::Mid::new(MID.get() + 1);
    let _receipt = store.create_tenant(&tenant(other)).await.unwrap();
    kv.crash();
    assert!(matches!(Store::in_memory(kv.clone(), old), Err(OpenError::WrongMasterKey)));
    let store = Store::in_memory(kv, new).unwrap();
    assert_eq!(store.tenants().all().unwrap(), [tenant(MID), tenant(other)]);
}
