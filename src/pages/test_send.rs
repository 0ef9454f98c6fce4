//! A test message from the form, before the journey runs (spec M7).
//!
//! It is validated and sent as any contact's is, at once and outside the queues. What is its own:
//!
//! * Its message id names a queue that exists nowhere, so no queue, count or figure knows it. Its delivery report is one of
//!   a message that we don't know, and becomes a row like those (spec R1): the marketer sees that reports arrive. The row
//!   is told from contacts' by the contact key and activity id in its callback data.
//! * Its bulk id is the activity's with ` (test)` behind it, so that Infobip's own figures keep it apart, too.
//! * A reply to it is kept and forwarded, but answers no message and fires no event.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::configuration::{ARGUMENT_BYTES_MAX, ARGUMENTS_MAX, Arguments, cut, filled};
use super::session::Session;
use crate::clock::{Clock, Timestamp};
use crate::dispatch::book::{QueueBook, account_key};
use crate::dispatch::{Gateway, SendRequest};
use crate::domain::delivery::{Judgement, MessageAnswer, SendFailure, judge};
use crate::domain::form::problems::problems;
use crate::domain::form::texts::of_language;
use crate::domain::form::{self, Context, JourneyFacts, Lists};
use crate::domain::ids::{ActivityId, JourneyId, MessageId, Mid};
use crate::domain::journey::Journey;
use crate::domain::merge_field::{NotFilled, VALUE_BYTES_MAX, Values, label};
use crate::domain::message::contract::ARGUMENTS;
use crate::domain::message::{
    BULK_ID_UNITS_MAX, Draft, InArguments, Message, Progress, QueuedMessage, Rejection, chosen_channel, names, nth,
};
use crate::domain::pace::{grouped, words};
use crate::domain::report::StatusInfo;
use crate::random::Random;
use crate::sfmc::activity::Kind;
use crate::store::{LastSent, Store, StoreError};

/// A business unit's test messages in [`WINDOW`]: enough to try a form, too few to reach an audience with.
const TESTS_MAX: usize = 10;
const WINDOW: Duration = Duration::from_secs(600);
/// Behind the bulk id of test messages.
const BULK_ID_MARK: &str = " (test)";
/// Contact key of test messages, where no other is typed.
const CONTACT_KEY: &str = "Waypost test";

/// What is asked for: with the `+`, a number is one whatever the account's default country.
const A_NUMBER: &str = "a phone number with its country code, such as +385911234567.";
/// Where the form has no sentence of its own.
const NOT_YET: &str = "The message can't be sent yet: correct the fields that need attention.";

/// What is tested.
pub(crate) struct ToTest {
    pub(crate) arguments: Arguments,
    pub(crate) journey: Journey,
    pub(crate) activity_name: String,
    /// The phone number, as it was typed.
    pub(crate) to: String,
    /// What was typed for the merge fields.
    pub(crate) values: Vec<(String, String)>,
}

/// What came of it: one sentence for the marketer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tested {
    /// Infobip has taken it.
    pub(crate) is_sent: bool,
    pub(crate) sentence: String,
    /// Also of one that was perhaps sent.
    pub(crate) message_id: Option<MessageId>,
}

/// Why nothing was tried.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum TestError {
    #[error("{TESTS_MAX} test messages were sent in ten minutes: the next one can go in {0}")]
    TooMany(String),
    #[error("the activity has more settings than Waypost takes")]
    TooLarge,
}

/// What [`TestSends`] works with.
pub(crate) struct TestSendParts {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) gateway: Arc<dyn Gateway>,
    pub(crate) book: Arc<QueueBook>,
}

/// See the module's documentation.
pub(crate) struct TestSends {
    parts: TestSendParts,
    /// When each business unit sent its last ones, on the steady clock.
    sent: Mutex<HashMap<Mid, VecDeque<Timestamp>>>,
}

/// How a send ended, for the log and the marketer.
struct Outcome {
    word: &'static str,
    is_sent: bool,
    /// Whether Infobip may know its id.
    is_known: bool,
    sentence: String,
}

impl TestSends {
    pub(crate) fn new(parts: TestSendParts) -> Self {
        Self { parts, sent: Mutex::default() }
    }

    /// Sends one test message. Once begun it must be let run to its end, so that it stands in the log.
    pub(crate) async fn send(&self, session: &Session, to_test: ToTest) -> Result<Tested, TestError> {
        let tenant = &session.tenant;
        let not_sent = |sentence: String| Ok(Tested { is_sent: false, sentence, message_id: None });
        let journey_id = to_test.journey.version_id.as_deref().and_then(|id| JourneyId::new(id).ok());
        if to_test.to.trim().is_empty() {
            return not_sent(format!("Enter {A_NUMBER}"));
        }
        if let Some(sentence) = too_long(&to_test.values) {
            return not_sent(sentence);
        }
        let journey = to_test.journey.clone();
        let mut arguments = match contact(to_test)? {
            Ok(arguments) => arguments,
            Err(label) => return not_sent(format!("Type a value for {label} first.")),
        };
        mark_bulk_id(&mut arguments, session);
        let draft = Draft {
            arguments: &arguments,
            mid: tenant.mid,
            activity_id: &ActivityId::placeholder(),
            journey_id: journey_id.as_ref(),
            key_value: CONTACT_KEY,
            accounts: &tenant.accounts,
            default_country: tenant.country(),
        };
        let message = match draft.validate() {
            Ok((message, _)) => message,
            Err(Rejection::PhoneNumber) => {
                return not_sent(format!("This is not a phone number: enter {A_NUMBER}"));
            }
            Err(_) => {
                let problem = first_problem(session, &arguments, &journey);
                return not_sent(problem.unwrap_or_else(|| NOT_YET.to_owned()));
            }
        };
        let held = self.parts.book.pacer().held(&account_key(tenant.mid, &message.account));
        if let Some(reason) = held {
            let sentence = format!("Not sent: the account {} is held, because {}.", message.account, reason.sentence());
            self.audit(session, &message, "held", None);
            return not_sent(sentence);
        }
        self.take_turn(tenant.mid)?;
        let random = &self.parts.random;
        let id = MessageId::of_test(random.number(), random.number());
        let now = self.parts.clock.now();
        let queued = QueuedMessage { id, message, accepted_at: now, progress: Progress::default() };
        let outcome = self.ask(session, &queued, now).await;
        let message = &queued.message;
        let message_id = outcome.is_known.then_some(id);
        self.audit(session, message, outcome.word, message_id);
        if outcome.is_known
            && let Err(error) = self.note_last_sent(tenant.mid, &queued, now).await
        {
            tracing::warn!(%error, message.id = %id,
                "A test message was sent, but not noted: a reply to it may be taken for one to an earlier message");
        }
        Ok(Tested { is_sent: outcome.is_sent, sentence: outcome.sentence, message_id })
    }

    async fn ask(&self, session: &Session, queued: &QueuedMessage, now: Timestamp) -> Outcome {
        let message = &queued.message;
        // The draft was validated with this very list of accounts.
        let Some(account) = session.tenant.account(&message.account) else {
            return Outcome::not_sent("not sent", "Not sent: the account is gone.".to_owned());
        };
        let messages = std::slice::from_ref(queued);
        let request = SendRequest { account, channel: message.channel, messages, now };
        match self.parts.gateway.send(request).await {
            Ok(answers) => judged(&queued.id, &answers),
            Err(SendFailure::Refused { problem }) => {
                Outcome::not_sent("refused", format!("Infobip refused the message ({problem})."))
            }
            Err(SendFailure::Hold { reason, .. }) => {
                Outcome::not_sent("account refused", format!("Not sent: {}.", reason.sentence()))
            }
            Err(SendFailure::NotSent { problem, .. }) => {
                Outcome::not_sent("not sent", format!("Infobip took no messages just now ({problem}): try again."))
            }
            Err(SendFailure::MaybeSent { problem }) => Outcome {
                word: "maybe sent",
                is_sent: false,
                is_known: true,
                sentence: format!("Infobip did not answer ({problem}): the message may arrive or not."),
            },
        }
    }

    /// Takes one of the business unit's turns.
    fn take_turn(&self, mid: Mid) -> Result<(), TestError> {
        let now = self.parts.clock.steady();
        // Nothing is left half done under this lock.
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = sent.entry(mid).or_default();
        while sent.front().is_some_and(|at| now.since(*at) >= WINDOW) {
            sent.pop_front();
        }
        if let Some(first) = sent.front().filter(|_| sent.len() >= TESTS_MAX) {
            return Err(TestError::TooMany(words(WINDOW.saturating_sub(now.since(*first)))));
        }
        sent.push_back(now);
        Ok(())
    }

    /// Who tried what, and what came of it: neither number nor text.
    fn audit(&self, session: &Session, message: &Message, outcome: &'static str, id: Option<MessageId>) {
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        tracing::info!(tenant.mid = %session.tenant.mid, user.id = session.user, channel = message.channel.name(),
            account = %message.account, message.id = id, outcome, "A test message was ordered from an activity's page");
    }

    /// A reply that names no message is one to the newest: to this one, and not to what a journey sent before.
    async fn note_last_sent(&self, mid: Mid, queued: &QueuedMessage, sent_at: Timestamp) -> Result<(), StoreError> {
        let (store, message) = (&self.parts.store, &queued.message);
        let (sender, recipient) = (message.content.sender(), message.recipient.expose());
        let Some(place) = store.reports().last_sent_place(mid, message.channel, sender, recipient)? else {
            return Ok(());
        };
        let mut batch = store.batch();
        batch.put_last_sent(mid, place, &LastSent { message_id: queued.id, sent_at })?;
        let _receipt = store.commit(batch).await?;
        Ok(())
    }
}

impl Outcome {
    fn not_sent(word: &'static str, sentence: String) -> Self {
        Self { word, is_sent: false, is_known: false, sentence }
    }
}

/// What Infobip's answer means for the message.
fn judged(id: &MessageId, answers: &[MessageAnswer]) -> Outcome {
    let text = id.to_string();
    let Some(answer) = answers.iter().find(|answer| answer.message_id == text).or_else(|| answers.first()) else {
        return Outcome {
            word: "maybe sent",
            is_sent: false,
            is_known: true,
            sentence: "Infobip answered, but not for this message: it may arrive or not.".to_owned(),
        };
    };
    let status = in_words(&answer.status);
    match judge(&answer.status, false) {
        Judgement::Accepted => Outcome {
            word: "accepted",
            is_sent: true,
            is_known: true,
            sentence: format!("Infobip took the message: {status}. Its message id is {text}."),
        },
        Judgement::Refused => Outcome {
            word: "refused",
            is_sent: false,
            // A report may come of it, but nobody can reply to it.
            is_known: false,
            sentence: format!("Infobip refused the message: {status}."),
        },
        Judgement::Hold(reason) => Outcome::not_sent("account refused", format!("Not sent: {}.", reason.sentence())),
    }
}

/// `PENDING_ACCEPTED (Message sent to next instance)`.
fn in_words(status: &StatusInfo) -> String {
    let description = status.description.trim().trim_end_matches('.');
    match description {
        "" => status.name.clone(),
        description => format!("{} ({description})", status.name),
    }
}

/// Which merge field has a value that is longer than any text.
fn too_long(values: &[(String, String)]) -> Option<String> {
    let (expression, _) = values.iter().find(|(_, value)| value.len() > VALUE_BYTES_MAX)?;
    let label = label(expression.trim().trim_start_matches("{{").trim_end_matches("}}").trim());
    let most = grouped(VALUE_BYTES_MAX as u64);
    Some(format!("The value for {label} is too long: at most {most} bytes are taken. Shorten it."))
}

/// What the form says of the first field that is wrong, with the values that were typed.
fn first_problem(session: &Session, arguments: &InArguments, journey: &Journey) -> Option<String> {
    let tenant = &session.tenant;
    let texts = of_language("");
    let filled: form::Arguments = arguments.filled().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let context = Context {
        texts,
        mid: tenant.mid,
        business_unit: &tenant.name,
        accounts: &tenant.accounts,
        default_country: tenant.country(),
        journey: &JourneyFacts::of(journey, None, texts),
        lists: &Lists::default(),
        audience: None,
        arguments: &filled,
    };
    problems(&context).into_iter().next().map(|problem| problem.message)
}

/// The in-arguments as they would be of a contact with this number and these values; else the name of the field that
/// has none.
fn contact(to_test: ToTest) -> Result<Result<InArguments, String>, TestError> {
    let ToTest { arguments, journey, activity_name, to, values } = to_test;
    let bytes: usize = arguments.iter().map(|(name, value)| name.len() + value.len()).sum();
    if arguments.len() > ARGUMENTS_MAX || values.len() > ARGUMENTS_MAX || bytes > ARGUMENT_BYTES_MAX {
        return Err(TestError::TooLarge);
    }
    let values = Values::new(values);
    let mut left = ARGUMENT_BYTES_MAX;
    let mut whole = InArguments::default();
    for (name, value) in filled(Kind::Messaging, arguments, &journey, &activity_name) {
        if is_phone(&name) {
            continue;
        }
        let value = match (values.fill(&value, left), own(&name)) {
            (Ok(value), _) => value,
            (Err(NotFilled::TooLong), _) => return Err(TestError::TooLarge),
            (Err(NotFilled::Missing { .. }), Some(own)) => own.to_owned(),
            (Err(NotFilled::Missing { label }), None) => return Ok(Err(label)),
        };
        left = left.saturating_sub(value.len());
        whole.insert(name, value);
    }
    whole.insert(nth(names::PHONE_PREFIX, 1), to);
    Ok(Ok(whole))
}

fn is_phone(name: &str) -> bool {
    let is_numbered = || ARGUMENTS.iter().any(|row| row.name == names::PHONE_PREFIX && row.names(name));
    [names::PHONE_CHOICE, names::PHONE_DEFAULT].contains(&name) || is_numbered()
}

/// What stands in where nobody is asked: the in-arguments that Waypost itself fills with expressions.
fn own(name: &str) -> Option<&'static str> {
    match name {
        names::CONTACT_KEY => Some(CONTACT_KEY),
        names::IS_TEST => Some("true"),
        names::VERSION_NUMBER | names::JOURNEY_NAME => Some(""),
        _ => None,
    }
}

/// One that is too long is left for the validation to refuse.
fn mark_bulk_id(arguments: &mut InArguments, session: &Session) {
    let Ok(channel) = chosen_channel(arguments, &session.tenant.accounts) else { return };
    let bulk_id = arguments.get(names::BULK_ID).unwrap_or(channel.capability().bulk_id);
    if cut(bulk_id, BULK_ID_UNITS_MAX) == bulk_id {
        let marked = format!("{}{BULK_ID_MARK}", cut(bulk_id, BULK_ID_UNITS_MAX - BULK_ID_MARK.len()));
        arguments.insert(names::BULK_ID.to_owned(), marked);
    }
}
