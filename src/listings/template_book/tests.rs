use std::collections::VecDeque;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::Semaphore;

use super::*;
use crate::clock::VirtualClock;
use crate::domain::scenario::{ScenarioCheck, ScenarioKey};
use crate::domain::secret::Secret;
use crate::domain::sender::SenderListing;
use crate::domain::tenant::{KakaoWay, MaybeSent, MmsReports, ReportExtensions, Senders, Tracking, WebhookAuth};
use crate::domain::whatsapp_template::Structure;
use crate::listings::TypedSenders;

const MID: Mid = Mid::new(7);
const SENDER: &str = "385915550000";

/// Answers with `script` in order, each after a permit.
struct Script {
    answers: Mutex<VecDeque<Result<Vec<Template>, ListingFailure>>>,
    asked: Mutex<Vec<String>>,
    permits: Semaphore,
}

impl AccountListings for Script {
    fn templates<'a>(
        &'a self,
        account: &'a Account,
        sender: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Template>, ListingFailure>> {
        async move {
            locked(&self.asked).push(format!("{} {sender}", account.id));
            self.permits.acquire().await.unwrap().forget();
            locked(&self.answers).pop_front().unwrap_or_else(|| Ok(vec![template("spare")]))
        }
        .boxed()
    }

    fn senders<'a>(&'a self, _: &'a Account, _: &'a TypedSenders) -> BoxFuture<'a, SenderListing> {
        std::future::ready(SenderListing::default()).boxed()
    }

    fn scenario<'a>(&'a self, _: &'a Account, _: &'a ScenarioKey) -> BoxFuture<'a, ScenarioCheck> {
        std::future::ready(ScenarioCheck::DoesNotExist).boxed()
    }
}

struct Scene {
    book: TemplateBook,
    script: Arc<Script>,
    clock: Arc<VirtualClock>,
}

impl Scene {
    fn new(answers: Vec<Result<Vec<Template>, ListingFailure>>) -> Self {
        let script = Arc::new(Script {
            answers: Mutex::new(answers.into()),
            asked: Mutex::default(),
            permits: Semaphore::new(1_000),
        });
        let clock = Arc::new(VirtualClock::starting_at(Timestamp::from_secs(1_790_000_000)));
        Self { book: TemplateBook::new(script.clone(), clock.clone()), script, clock }
    }

    async fn get(&self, freshness: Freshness) -> Result<Listed, ListingFailure> {
        self.book.get(MID, &account("main"), SENDER, freshness).await
    }

    /// The names on the list.
    async fn names(&self) -> Vec<String> {
        let listed = self.get(Freshness::Kept).await.unwrap();
        listed.templates.list.iter().map(|template| template.name.clone()).collect()
    }

    fn asked(&self) -> usize {
        locked(&self.script.asked).len()
    }

    fn pass(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}

fn account(label: &str) -> Account {
    Account {
        id: AccountId::new(label).unwrap(),
        base_url: "https://x.api.infobip.com".into(),
        api_key: Secret::new("k"),
        senders: Senders::default(),
        custom_domains: Vec::new(),
        channels: Vec::new(),
        tracking: Tracking::Native(ReportExtensions {
            sms_reports: "SMS Delivery Reports".into(),
            ..ReportExtensions::default()
        }),
        mms_reports: MmsReports::Omni,
        kakao_way: KakaoWay::Direct,
        maybe_sent: MaybeSent::Repeat,
        webhook_auth: WebhookAuth::default(),
        webhook_tokens: Vec::new(),
    }
}

fn template(name: &str) -> Template {
    Template {
        name: name.into(),
        language: "en".into(),
        status: "APPROVED".into(),
        category: "UTILITY".into(),
        structure: Structure::default(),
    }
}

fn no_answer() -> Result<Vec<Template>, ListingFailure> {
    Err(ListingFailure::NoAnswer { problem: "HTTP 500".into() })
}

#[tokio::test]
async fn a_list_is_kept_for_ten_minutes_and_renewed_when_wanted() {
    let scene = Scene::new(["one", "two", "three"].map(|name| Ok(vec![template(name)])).to_vec());
    assert_eq!(scene.names().await, ["one"]);
    scene.pass(599);
    assert_eq!((scene.names().await, scene.asked()), (vec!["one".to_owned()], 1));
    assert_eq!(scene.get(Freshness::Kept).await.unwrap().age, Duration::from_secs(599));
    scene.pass(1);
    assert_eq!((scene.names().await, scene.asked()), (vec!["two".to_owned()], 2));
    let renewed = scene.get(Freshness::New).await.unwrap();
    assert_eq!((&*renewed.templates.list[0].name, renewed.age, scene.asked()), ("three", Duration::ZERO, 3));
}

#[tokio::test]
async fn callers_at_the_same_time_share_one_reading() {
    for freshness in [Freshness::Kept, Freshness::New] {
        for answer in [Ok(vec![template("one")]), no_answer(), Err(ListingFailure::NotFound)] {
            let scene = Scene::new(vec![answer.clone()]);
            scene.script.permits.forget_permits(1_000);
            // All of them ask before the first is answered.
            let answering = async { scene.script.permits.add_permits(1_000) };
            let (answers, ()) = tokio::join!(join_all((0..20).map(|_| scene.get(freshness))), answering);
            assert_eq!(scene.asked(), 1, "{freshness:?}");
            assert!(answers.iter().all(|given| given.is_ok() == answer.is_ok()), "{answers:?}");
        }
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_next_one_to_read() {
    let scene = Scene::new(vec![Ok(vec![template("one")])]);
    scene.script.permits.forget_permits(1_000);
    {
        let mut reading = std::pin::pin!(scene.get(Freshness::Kept));
        assert!((&mut reading).now_or_never().is_none());
    }
    scene.script.permits.add_permits(1);
    assert_eq!((scene.names().await, scene.asked()), (vec!["one".to_owned()], 2));
}

#[tokio::test]
async fn a_failure_is_remembered_for_half_a_minute() {
    let scene = Scene::new(vec![no_answer(), Ok(vec![template("one")])]);
    for _ in 0..3 {
        assert!(scene.get(Freshness::Kept).await.is_err());
        scene.pass(9);
    }
    assert_eq!(scene.asked(), 1);
    scene.pass(3);
    assert_eq!((scene.names().await, scene.asked()), (vec!["one".to_owned()], 2));

    // Whoever has mended something and asks for a new list gets one.
    let scene = Scene::new(vec![Err(ListingFailure::KeyRefused), Ok(vec![template("one")])]);
    assert_eq!(scene.get(Freshness::Kept).await.unwrap_err(), ListingFailure::KeyRefused);
    assert!(scene.get(Freshness::New).await.is_ok());
    assert_eq!(scene.names().await, ["one"]);
}

#[tokio::test]
async fn an_old_list_stands_in_for_a_day_when_infobip_does_not_answer() {
    let scene = Scene::new(vec![Ok(vec![template("one")]), no_answer(), no_answer(), no_answer()]);
    scene.names().await;
    scene.pass(700);
    for _ in 0..2 {
        let listed = scene.get(Freshness::Kept).await.unwrap();
        assert_eq!(listed.age, Duration::from_secs(700));
        assert!(matches!(listed.stale, Some(ListingFailure::NoAnswer { .. })), "{listed:?}");
        assert_eq!((&*listed.templates.list[0].name, scene.asked()), ("one", 2));
    }
    assert_eq!(scene.book.known(MID, &account("main").id, SENDER), None);
    scene.pass(24 * 3_600 - 701);
    assert!(scene.get(Freshness::Kept).await.unwrap().stale.is_some());
    scene.pass(30);
    assert!(scene.get(Freshness::Kept).await.is_err());
    scene.pass(30);
    assert_eq!(scene.names().await, ["spare"]);
}

#[tokio::test]
async fn a_refusal_takes_the_old_list_away() {
    for refusal in [ListingFailure::KeyRefused, ListingFailure::ScopeMissing { scope: "s" }, ListingFailure::NotFound] {
        let scene = Scene::new(vec![Ok(vec![template("one")]), Err(refusal.clone())]);
        scene.names().await;
        assert_eq!(scene.get(Freshness::New).await.unwrap_err(), refusal);
        assert_eq!(scene.book.known(MID, &account("main").id, SENDER), None);
        assert_eq!(scene.get(Freshness::Kept).await.unwrap_err(), refusal);
    }
}

#[tokio::test]
async fn what_is_known_is_told_without_asking() {
    let scene = Scene::new(vec![Ok(vec![template("one")])]);
    let known = |mid, label: &str, sender| scene.book.known(mid, &account(label).id, sender);
    assert_eq!(known(MID, "main", SENDER), None);
    assert_eq!(scene.asked(), 0);
    scene.names().await;
    assert_eq!(known(MID, "main", SENDER).unwrap().list[0].name, "one");
    assert_eq!(known(Mid::new(8), "main", SENDER), None);
    assert_eq!(known(MID, "second", SENDER), None);
    assert_eq!(known(MID, "main", "1"), None);
    scene.pass(600);
    assert_eq!(known(MID, "main", SENDER), None);
    assert_eq!(scene.asked(), 1);
}

#[tokio::test]
async fn a_changed_unit_leaves_nothing_behind_not_even_what_is_being_read() {
    let scene = Scene::new(vec![Ok(vec![template("old key's")]), Ok(vec![template("new key's")])]);
    let other = Mid::new(8);
    scene.book.get(other, &account("main"), SENDER, Freshness::Kept).await.unwrap();
    scene.script.permits.forget_permits(1_000);
    let mut reading = std::pin::pin!(scene.get(Freshness::Kept));
    assert!((&mut reading).now_or_never().is_none());
    scene.book.forget(MID);
    scene.script.permits.add_permits(10);
    assert_eq!(reading.await.unwrap().templates.list[0].name, "new key's");
    assert_eq!(scene.book.known(MID, &account("main").id, SENDER), None);
    assert_eq!(scene.names().await, ["spare"]);
    assert!(scene.book.known(other, &account("main").id, SENDER).is_some());
}

#[tokio::test]
async fn the_book_is_bounded_and_drops_what_was_not_used_for_longest() {
    let scene = Scene::new(Vec::new());
    let account = account("main");
    let sender = |n: usize| format!("{n}");
    for n in 0..LISTS_MAX {
        scene.book.get(MID, &account, &sender(n), Freshness::Kept).await.unwrap();
    }
    scene.book.get(MID, &account, &sender(0), Freshness::Kept).await.unwrap();
    for n in LISTS_MAX..LISTS_MAX + 10 {
        scene.book.get(MID, &account, &sender(n), Freshness::Kept).await.unwrap();
    }
    assert_eq!(locked(&scene.book.entries).by_key.len(), LISTS_MAX);
    let known = |n| scene.book.known(MID, &account.id, &sender(n)).is_some();
    assert!(known(0) && !(1..=10).any(known) && (11..LISTS_MAX + 10).all(known));
}
