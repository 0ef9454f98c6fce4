//! The provider as a script: what it answers, what it really takes, what its log and its reports say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::clock::Timestamp;
use crate::dispatch::{Gateway, LookupFailure, SendRequest};
use crate::domain::channel::Channel;
use crate::domain::delivery::{HoldReason, LogEntry, MessageAnswer, SendFailure};
use crate::domain::ids::{AccountId, MessageId, QueueId};
use crate::domain::message::Content;
use crate::domain::report::{DeliveryReport, Origin, StatusInfo, is_final_group};
use crate::domain::tenant::Account;

/// A text with this in it has its whole request refused (400).
pub(crate) const POISON: &str = "poison";
/// A text with this in it is refused inside a 200.
pub(crate) const REFUSED: &str = "refused";

/// How one request ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reply {
    /// Taken and answered.
    Taken,
    /// Taken; every second message gets no answer.
    TakenHalfAnswered,
    /// Not taken: every message is short of credit.
    NoCredit,
    NotSent(Option<Duration>),
    Hold(HoldReason),
    TakenUnanswered,
    LostUnanswered,
}

/// What a lookup in the log brings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Log {
    Truth,
    /// The log is behind.
    Nothing,
    Failure,
}

/// How the provider feels while no reply is ordered: chances out of 100.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) not_sent: u32,
    pub(crate) unanswered: u32,
    pub(crate) half_answered: u32,
    pub(crate) no_credit: u32,
    pub(crate) slow: u32,
    pub(crate) log_fails: u32,
    pub(crate) log_lies: u32,
}

impl Weather {
    pub(crate) const CALM: Self =
        Self { not_sent: 0, unanswered: 0, half_answered: 0, no_credit: 0, slow: 0, log_fails: 0, log_lies: 0 };
}

/// A request as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) at: Timestamp,
    pub(crate) queue: QueueId,
    pub(crate) ids: Vec<MessageId>,
}

/// The provider; its clones are the same one, and it outlives a crash of ours.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Mutex<Desk>>);

pub(crate) struct Desk {
    /// Real time: it never jumps.
    pub(crate) now: Timestamp,
    rng: StdRng,
    pub(crate) weather: Weather,
    pub(crate) replies: VecDeque<Reply>,
    pub(crate) logs: VecDeque<Log>,
    /// Accounts whose key is refused until someone repairs it.
    pub(crate) refused_keys: BTreeMap<AccountId, HoldReason>,
    pub(crate) written: Vec<Written>,
    /// When each message was taken; more than once is what must not be.
    pub(crate) taken: BTreeMap<MessageId, Vec<Timestamp>>,
    /// Whose log, and of which channel, knows each message that reached the provider.
    pub(crate) logged: BTreeMap<MessageId, (AccountId, Channel)>,
    /// Messages whose text the provider refuses.
    pub(crate) turned_down: BTreeSet<MessageId>,
    /// Messages of requests that were left without an answer, by the provider or by our crash.
    pub(crate) unanswered: BTreeSet<MessageId>,
    /// Messages that the log failed to tell about, or was wrong about.
    pub(crate) log_unreliable: BTreeSet<MessageId>,
    pub(crate) lookups: Vec<(Timestamp, Vec<MessageId>)>,
    /// Taken for the first time since this was last looked at.
    pub(crate) newly_taken: Vec<(AccountId, MessageId)>,
}

pub(crate) fn status(group_id: i32, id: i32, name: &str) -> StatusInfo {
    let group_name = ["", "PENDING", "UNDELIVERABLE", "DELIVERED", "EXPIRED", "REJECTED"];
    let group_name = group_name[usize::try_from(group_id).unwrap()].to_owned();
    StatusInfo { group_id, group_name, id, name: name.to_owned(), description: name.to_owned() }
}

impl Provider {
    pub(crate) fn new(seed: u64, now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Desk {
            now,
            rng: StdRng::seed_from_u64(seed),
            weather: Weather::CALM,
            replies: VecDeque::new(),
            logs: VecDeque::new(),
            refused_keys: BTreeMap::new(),
            written: Vec::new(),
            taken: BTreeMap::new(),
            logged: BTreeMap::new(),
            turned_down: BTreeSet::new(),
            unanswered: BTreeSet::new(),
            log_unreliable: BTreeSet::new(),
            lookups: Vec::new(),
            newly_taken: Vec::new(),
        })))
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap()
    }

    /// Orders how the next requests end.
    pub(crate) fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        self.desk().replies.extend(replies);
    }

    /// Orders what the next lookups bring.
    pub(crate) fn log_will(&self, logs: impl IntoIterator<Item = Log>) {
        self.desk().logs.extend(logs);
    }

    pub(crate) fn times_taken(&self, id: &str) -> usize {
        let id: MessageId = id.parse().unwrap();
        self.desk().taken.get(&id).map_or(0, Vec::len)
    }
}

impl Desk {
    fn chance(&mut self, of_100: u32) -> bool {
        of_100 > 0 && self.rng.random_range(0..100) < of_100
    }

    fn reply(&mut self, account: &AccountId) -> Reply {
        if let Some(reply) = self.replies.pop_front() {
            return reply;
        }
        if let Some(reason) = self.refused_keys.get(account) {
            return Reply::Hold(*reason);
        }
        let weather = self.weather;
        if self.chance(weather.not_sent) {
            let asked = self.rng.random_bool(0.3).then(|| Duration::from_secs(self.rng.random_range(1..90)));
            return Reply::NotSent(asked);
        }
        if self.chance(weather.unanswered) {
            return if self.rng.random_bool(0.5) { Reply::TakenUnanswered } else { Reply::LostUnanswered };
        }
        if self.chance(weather.no_credit) {
            return Reply::NoCredit;
        }
        if self.chance(weather.half_answered) { Reply::TakenHalfAnswered } else { Reply::Taken }
    }

    fn take(&mut self, account: &AccountId, id: MessageId) -> StatusInfo {
        let now = self.now;
        let again = self.rng.random_bool(0.5);
        let taken = self.taken.entry(id).or_default();
        match taken.len() {
            0 => {
                taken.push(now);
                self.newly_taken.push((account.clone(), id));
            }
            // It finds some duplicates, not all.
            _ if again => taken.push(now),
            _ => return status(5, 23, "REJECTED_DUPLICATE_MESSAGE_ID"),
        }
        status(1, 26, "PENDING_ACCEPTED")
    }

    /// Carries out a request that reached the provider; `None` when it leaves it without an answer.
    fn serve(&mut self, account: &AccountId, messages: &[(MessageId, String)]) -> Served {
        let reply = self.reply(account);
        let poisoned = messages.iter().any(|(_, text)| text.contains(POISON));
        let failure = match reply {
            Reply::NotSent(retry_after) => {
                let problem = "it said that it can't".to_owned();
                Some(SendFailure::NotSent { retry_after, problem })
            }
            Reply::Hold(reason) => Some(SendFailure::Hold { reason, problem: "the key is refused".into() }),
            Reply::LostUnanswered => Some(SendFailure::MaybeSent { problem: "no answer".into() }),
            _ if poisoned => {
                if let [(id, _)] = messages {
                    self.turned_down.insert(*id);
                }
                Some(SendFailure::Refused { problem: "the request is malformed".into() })
            }
            _ => None,
        };
        if let Some(failure) = failure {
            return Err(failure);
        }
        let mut answers = Vec::with_capacity(messages.len());
        for (id, text) in messages {
            let status = if reply == Reply::NoCredit {
                status(5, 12, "REJECTED_NOT_ENOUGH_CREDITS")
            } else if text.contains(REFUSED) {
                self.turned_down.insert(*id);
                status(5, 8, "REJECTED_PREFIX_MISSING")
            } else {
                self.take(account, *id)
            };
            answers.push(MessageAnswer { message_id: id.to_string(), status });
        }
        match reply {
            Reply::TakenUnanswered => Err(SendFailure::MaybeSent { problem: "no answer".into() }),
            Reply::TakenHalfAnswered => {
                let mut index = 0;
                answers.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                Ok(answers)
            }
            _ => {
                // In an order of its own.
                answers.reverse();
                Ok(answers)
            }
        }
    }
}

type Served = Result<Vec<MessageAnswer>, SendFailure>;

/// A request without an answer; what is in it is maybe sent, also when its sender died.
struct Open {
    provider: Provider,
    ids: Vec<MessageId>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.provider.desk().unanswered.extend(self.ids.drain(..));
    }
}

impl Open {
    fn answered(mut self, served: &Served) {
        match served {
            Ok(answers) => self.ids.retain(|id| answers.iter().all(|answer| answer.message_id != id.to_string())),
            Err(SendFailure::MaybeSent { .. }) => {}
            Err(_) => self.ids.clear(),
        }
    }
}

impl Gateway for Provider {
    fn send<'a>(&'a self, request: SendRequest<'a>) -> BoxFuture<'a, Served> {
        let text = |content: &Content| content.callback_subject().1.into_owned();
        let messages: Vec<(MessageId, String)> =
            request.messages.iter().map(|message| (message.id, text(&message.message.content))).collect();
        let (account, channel) = (request.account.id.clone(), request.channel);
        Box::pin(async move {
            let ids: Vec<MessageId> = messages.iter().map(|(id, _)| *id).collect();
            let open = Open { provider: self.clone(), ids: ids.clone() };
            let on_the_way = {
                let mut desk = self.desk();
                let written = Written { at: desk.now, queue: ids[0].queue, ids };
                desk.written.push(written);
                let slow = desk.weather.slow;
                desk.chance(slow)
            };
            if on_the_way {
                // A crash here loses what was written down, and not yet sent.
                yield_once().await;
            }
            let (served, answer_at) = {
                let mut desk = self.desk();
                let served = desk.serve(&account, &messages);
                desk.logged.extend(messages.iter().map(|(id, _)| (*id, (account.clone(), channel))));
                let slow = desk.weather.slow;
                let delay = if desk.chance(slow) { desk.rng.random_range(0..20_000) } else { 0 };
                (served, desk.now.plus(Duration::from_millis(delay)))
            };
            std::future::poll_fn(|_| if self.desk().now >= answer_at { Poll::Ready(()) } else { Poll::Pending }).await;
            open.answered(&served);
            served
        })
    }

    fn look_up<'a>(
        &'a self,
        account: &'a Account,
        channel: Channel,
        ids: &'a [MessageId],
    ) -> BoxFuture<'a, Result<Vec<LogEntry>, LookupFailure>> {
        Box::pin(async move {
            let is_slow = {
                let mut desk = self.desk();
                let slow = desk.weather.slow;
                desk.chance(slow)
            };
            if is_slow {
                yield_once().await;
            }
            let mut desk = self.desk();
            let now = desk.now;
            desk.lookups.push((now, ids.to_vec()));
            let Weather { log_fails, log_lies, .. } = desk.weather;
            let log = match desk.logs.pop_front() {
                Some(log) => log,
                None if desk.chance(log_fails) => Log::Failure,
                None if desk.chance(log_lies) => Log::Nothing,
                None => Log::Truth,
            };
            if log != Log::Truth {
                desk.log_unreliable.extend(ids);
            }
            match log {
                Log::Failure => Err(LookupFailure { problem: "the log is down".into() }),
                Log::Nothing => Ok(Vec::new()),
                Log::Truth => {
                    let log = (account.id.clone(), channel);
                    let known =
                        ids.iter().filter(|id| desk.taken.contains_key(id) && desk.logged.get(id) == Some(&log));
                    let entry = |id: &MessageId| logged(*id, status(3, 5, "DELIVERED_TO_HANDSET"), now);
                    Ok(known.map(entry).collect())
                }
            }
        })
    }
}

/// A row of the log.
pub(crate) fn logged(id: MessageId, status: StatusInfo, done_at: Timestamp) -> LogEntry {
    let report = DeliveryReport {
        origin: Origin::Infobip,
        is_final: is_final_group(status.group_id),
        done_at: Some(done_at),
        sent_at: None,
        status,
        error: None,
        message_id: id.to_string(),
        bulk_id: None,
        channel: String::new(),
        to: None,
        sender: None,
        message_count: Some(2),
        price_per_message: Some("0.15".into()),
        price_currency: Some("EUR".into()),
        callback_data: None,
        mcc_mnc: None,
    };
    LogEntry { message_id: id, report }
}

/// Lets whoever polls do something else in between.
pub(crate) async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
