//! The messaging activity's steps: what they show, what is wrong in them, and what of them is saved (spec M1 to M6).

use std::sync::Arc;
use std::time::Duration;

use super::configuration::{self, ARGUMENT_BYTES_MAX, ARGUMENTS_MAX, filled, with_phones};
use super::session::Session;
use crate::clock::Clock;
use crate::domain::channel::Channel;
use crate::domain::form::edits::{Edit, edited, settled};
use crate::domain::form::problems::{
    Problem, half_filled, no_phone_field, over_already, problems, unknown_event, unknown_template, wrong_expressions,
};
use crate::domain::form::texts::{Texts, of_language};
use crate::domain::form::{
    Arguments, Context, Form, JourneyFacts, List, Lists, Summary, channel_of, channel_step, message_step, normalised,
    summary,
};
use crate::domain::journey::Journey;
use crate::domain::message::names;
use crate::domain::scenario::{ScenarioCheck, ScenarioKey};
use crate::domain::tenant::Tenant;
use crate::listings::AccountListings;
use crate::listings::sender_book::SenderBook;
use crate::listings::template_book::{Freshness, TemplateBook};
use crate::sfmc::activity::{ActivitySettings, Kind};

/// A form waits so long for an account's lists; without them it can be filled in all the same.
const LISTS_WAITED_FOR: Duration = Duration::from_secs(3);

/// Where the wizard stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum At {
    Channel,
    Message,
    Summary,
}

/// The page's state.
pub(crate) struct State {
    pub(crate) arguments: configuration::Arguments,
    pub(crate) journey: Journey,
    /// The activity's name on the canvas.
    pub(crate) activity_name: String,
    pub(crate) audience: Option<u64>,
    /// Language of the texts, such as `en-US`.
    pub(crate) culture: String,
}

/// A step to be shown, with the in-arguments as they are now.
pub(crate) struct StepShown {
    pub(crate) step: Shown,
    pub(crate) arguments: configuration::Arguments,
}

/// See [`StepShown`].
pub(crate) enum Shown {
    Form(Form),
    Summary(Summary),
}

/// Judging ended without an answer, which is a defect.
#[derive(Debug, thiserror::Error)]
#[error("what is wrong could not be found out")]
pub(crate) struct NotJudged;

/// See the module's documentation.
pub(crate) struct MessageForms {
    listings: Arc<dyn AccountListings>,
    senders: Arc<SenderBook>,
    templates: Arc<TemplateBook>,
    clock: Arc<dyn Clock>,
    settings: ActivitySettings,
}

/// What a context borrows from.
struct Facts {
    journey: JourneyFacts,
    lists: Lists,
    texts: &'static Texts,
}

impl MessageForms {
    pub(crate) fn new(
        listings: Arc<dyn AccountListings>,
        senders: Arc<SenderBook>,
        templates: Arc<TemplateBook>,
        clock: Arc<dyn Clock>,
        settings: ActivitySettings,
    ) -> Self {
        Self { listings, senders, templates, clock, settings }
    }

    /// A step after an edit of it.
    pub(crate) async fn step(&self, session: &Session, at: At, state: State, edit: Option<Edit>) -> StepShown {
        let accounts = &session.tenant.accounts;
        // What a choice of a phone field means depends on which there are.
        let mut arguments = Arguments::from(with_phones(state.arguments.clone(), &state.journey));
        if let (Some(edit), Some(channel)) = (&edit, channel_of(accounts, &arguments)) {
            arguments = edited(channel, &arguments, edit);
        }
        let is_refreshed = matches!(&edit, Some(Edit::Refresh { .. }));
        let freshness = if is_refreshed { Freshness::New } else { Freshness::Kept };
        let facts = self.facts(session, &state, &arguments, freshness).await;
        // A channel may have been chosen that this version does not know.
        let channel = channel_of(accounts, &arguments);
        if let Some(channel) = channel.filter(|_| at != At::Channel) {
            arguments = settled(&context(&session.tenant, state.audience, &facts, &arguments), channel);
        }
        let context = context(&session.tenant, state.audience, &facts, &arguments);
        let step = match (at, channel) {
            (At::Message, Some(channel)) => Shown::Form(message_step(&context, channel)),
            (At::Summary, Some(channel)) => Shown::Summary(summary(&context, channel, &state.journey)),
            (At::Channel, _) | (_, None) => Shown::Form(channel_step(&context)),
        };
        StepShown { step, arguments: arguments.into_pairs() }
    }

    /// What is wrong, field by field; empty exactly when the activity can be saved.
    pub(crate) async fn problems(&self, session: &Session, state: &State) -> Result<Vec<Problem>, NotJudged> {
        let arguments = self.to_judge(session, state);
        let facts = self.facts(session, state, &arguments, Freshness::Kept).await;
        let (tenant, audience, now) = (Arc::clone(&session.tenant), state.audience, self.clock.now());
        // A form may take many validations, and the workers of HTTP have contacts to answer.
        let judging = tokio::task::spawn_blocking(move || {
            let context = context(&tenant, audience, &facts, &arguments);
            let mut found = problems(&context);
            let on_page = wrong_expressions(&context)
                .into_iter()
                .chain(unknown_template(&context))
                .chain(unknown_event(&context))
                .chain(half_filled(&context))
                .chain(no_phone_field(&context))
                .chain(over_already(&context, now));
            for problem in on_page {
                if !found.iter().any(|known| known.argument == problem.argument) {
                    found.push(problem);
                }
            }
            found
        });
        // An activity that could not be judged is not one without problems.
        judging.await.map_err(|_| NotJudged)
    }

    /// The in-arguments as they are saved.
    pub(crate) fn to_save(&self, session: &Session, arguments: &configuration::Arguments) -> configuration::Arguments {
        let arguments = Arguments::from(arguments.clone());
        match channel_of(&session.tenant.accounts, &arguments) {
            Some(channel) => normalised(channel, &arguments).into_pairs(),
            None => arguments.into_pairs(),
        }
    }

    /// Whether a page's state is more than any form fills.
    pub(crate) fn is_too_large(arguments: &configuration::Arguments) -> bool {
        let bytes: usize = arguments.iter().map(|(name, value)| name.len() + value.len()).sum();
        arguments.len() > ARGUMENTS_MAX || bytes > ARGUMENT_BYTES_MAX
    }

    /// *Verify Scenario Key*: whether the account has the scenario that the activity names, in a sentence.
    pub(crate) async fn verify_scenario(
        &self,
        session: &Session,
        arguments: &configuration::Arguments,
    ) -> (bool, String) {
        let arguments = Arguments::from(arguments.clone());
        let context_account = match arguments.given(names::ACCOUNT) {
            Some(label) => session.tenant.accounts.iter().find(|account| account.id.as_str() == label),
            None => session.tenant.accounts.first(),
        };
        let Some(account) = context_account else {
            return (false, "Choose the Infobip account first.".to_owned());
        };
        let Ok(key) = arguments.raw(names::SCENARIO_KEY).parse::<ScenarioKey>() else {
            return (false, "Enter the scenario key first: 1 to 64 letters and digits.".to_owned());
        };
        match self.listings.scenario(account, &key).await {
            ScenarioCheck::Exists(scenario) => (true, format!("The account has this scenario: {}.", scenario.name)),
            ScenarioCheck::DoesNotExist => (false, "The account has no scenario with this key.".to_owned()),
            ScenarioCheck::CannotTell(why) => {
                (false, format!("Whether the account has this scenario can't be told: {why}."))
            }
        }
    }

    /// As `validate` will judge them: what the form does not show is gone, what the journey gives is there.
    fn to_judge(&self, session: &Session, state: &State) -> Arguments {
        let shown = self.keeping_switches(session, &state.arguments);
        filled(Kind::Messaging, shown, &state.journey, self.own_name(&state.activity_name)).into()
    }

    /// The activity's name when a person gave it, else nothing.
    fn own_name<'a>(&self, name: &'a str) -> &'a str {
        if self.settings.is_given_name(Kind::Messaging, name.trim()) { "" } else { name.trim() }
    }

    /// Normalised, but a speed limit that is turned on and says nothing is still there to be complained of.
    fn keeping_switches(&self, session: &Session, arguments: &configuration::Arguments) -> configuration::Arguments {
        let mut kept = self.to_save(session, arguments);
        let is_switch = |name: &str| [names::SPEED_LIMIT_COUNT, names::SPEED_LIMIT_UNIT].contains(&name);
        let blank = arguments.iter().filter(|(name, value)| is_switch(name) && value.trim().is_empty());
        kept.extend(blank.cloned());
        kept
    }

    async fn facts(&self, session: &Session, state: &State, arguments: &Arguments, freshness: Freshness) -> Facts {
        let texts = of_language(&state.culture);
        let name = Some(self.own_name(&state.activity_name)).filter(|name| !name.is_empty());
        let journey = JourneyFacts::of(&state.journey, name, texts);
        let channel = channel_of(&session.tenant.accounts, arguments);
        let lists = match channel {
            Some(channel) => self.lists(session, channel, arguments, freshness).await,
            None => Lists::default(),
        };
        Facts { journey, lists, texts }
    }

    async fn lists(&self, session: &Session, channel: Channel, arguments: &Arguments, freshness: Freshness) -> Lists {
        let account = match arguments.given(names::ACCOUNT) {
            Some(label) => session.tenant.accounts.iter().find(|account| account.id.as_str() == label),
            None => session.tenant.accounts.first(),
        };
        let Some(account) = account else { return Lists::default() };
        let senders = self.senders.get(&session.tenant, &account.id, LISTS_WAITED_FOR);
        let templates = async {
            let sender = arguments.given(names::SENDER).filter(|sender| !sender.contains("{{"))?;
            if channel != Channel::WhatsApp {
                return None;
            }
            let sender = sender.trim_start_matches('+');
            tokio::select! {
                listed = self.templates.get(session.tenant.mid, account, sender, freshness) => Some(listed),
                () = self.clock.sleep(LISTS_WAITED_FOR) => None,
            }
        };
        let (senders, templates) = tokio::join!(senders, templates);
        Lists {
            senders: senders.map_or(List::NotAsked, |listing| List::Loaded(listing.as_ref().clone())),
            templates: match templates {
                Some(Ok(listed)) => List::Loaded(listed.templates.list.clone()),
                Some(Err(failure)) => List::Failed(failure.to_string()),
                None => List::NotAsked,
            },
        }
    }
}

fn context<'a>(tenant: &'a Tenant, audience: Option<u64>, facts: &'a Facts, arguments: &'a Arguments) -> Context<'a> {
    Context {
        texts: facts.texts,
        mid: tenant.mid,
        business_unit: &tenant.name,
        accounts: &tenant.accounts,
        default_country: tenant.country(),
        journey: &facts.journey,
        lists: &facts.lists,
        audience,
        arguments,
    }
}
