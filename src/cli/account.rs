//! `waypost account`.

use super::{CliError, Session, read_answer};
use crate::control::ControlRequest;
use crate::control::account::{AccountName, AccountRequest, TemplateView, TemplatesPage, TemplatesRequest};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::scenario::{ScenarioCheck, ScenarioKey};
use crate::domain::sender::{OfferedSender, SenderListing, SenderSource, SenderState};
use crate::domain::whatsapp_template::{ButtonParameter, HeaderWant, Wanted};

/// Answers that are put together into one list of templates: more than a list can have.
const PAGES_MAX: usize = 1_000;

#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// MID of the business unit
    #[arg(long)]
    mid: Mid,
    /// Label of the Infobip account; not needed when the business unit has one
    #[arg(long, value_name = "LABEL", value_parser = AccountId::new)]
    account: Option<AccountId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum AccountCommand {
    /// List the senders of each channel: the typed ones, then the account's own
    ///
    /// Exit code 1 when a source could not be read; what the others gave is printed all the same.
    Senders {
        #[command(flatten)]
        which: Which,
    },
    /// List the WhatsApp templates that an activity is offered, with what a message must fill in
    Templates {
        #[command(flatten)]
        which: Which,
        /// The WhatsApp sender, a number
        #[arg(long, value_name = "NUMBER")]
        sender: String,
        /// Show also the templates that are not offered, and why
        #[arg(long)]
        all: bool,
        /// Ask Infobip anew; without it a list of the last ten minutes will do
        #[arg(long)]
        refresh: bool,
    },
    /// Verify a scenario key of OMNI failover
    ///
    /// Exit code 1 when it does not exist or nobody can tell.
    Scenario {
        #[command(flatten)]
        which: Which,
        /// The scenario key: letters and digits
        #[arg(long)]
        key: ScenarioKey,
    },
}

impl Which {
    fn asking(self, request: AccountRequest) -> ControlRequest {
        ControlRequest::Account { of: AccountName { mid: self.mid, account: self.account }, request }
    }
}

pub(super) fn run(session: &mut Session<'_>, command: AccountCommand) -> Result<(), CliError> {
    match command {
        AccountCommand::Senders { which } => senders(session, which),
        AccountCommand::Templates { which, sender, all, refresh } => {
            templates(session, which, TemplatesRequest { sender, all, refresh, from: 0 })
        }
        AccountCommand::Scenario { which, key } => scenario(session, which, key),
    }
}

fn senders(session: &mut Session<'_>, which: Which) -> Result<(), CliError> {
    let json = which.json;
    let listing: SenderListing = read_answer(session.ask(which.asking(AccountRequest::Senders))?)?;
    if json {
        session.print_json(&listing)?;
    } else {
        for list in &listing.channels {
            for sender in &list.senders {
                session.print(&sender_line(list.channel.name(), sender))?;
            }
        }
        if listing.channels.iter().all(|list| list.senders.is_empty()) {
            session.print("no sender yet: the account has none, and none is typed")?;
        }
        for problem in &listing.problems {
            session.print(&format!("NOT READ\t{}: {}", problem.source, problem.problem))?;
        }
    }
    if listing.problems.is_empty() { Ok(()) } else { Err(CliError::CheckFailed) }
}

fn sender_line(channel: &str, sender: &OfferedSender) -> String {
    let state = match sender.state {
        SenderState::Usable => "usable",
        SenderState::Unusable => "NOT USABLE",
        SenderState::Unknown => "unknown",
    };
    let sources: Vec<_> = sender.sources.iter().copied().map(SenderSource::name).collect();
    let line = format!("{channel}\t{}\t{state}\t{}\t{}", sender.sender, sources.join(", "), sender.detail);
    line.trim_end().to_owned()
}

fn templates(session: &mut Session<'_>, which: Which, request: TemplatesRequest) -> Result<(), CliError> {
    let Which { mid, account, json } = which;
    let (sender, all) = (request.sender.clone(), request.all);
    let mut asked = request;
    let mut whole: Option<TemplatesPage> = None;
    for _ in 0..PAGES_MAX {
        let of = AccountName { mid, account: account.clone() };
        let request = ControlRequest::Account { of, request: AccountRequest::Templates(asked.clone()) };
        let page: TemplatesPage = read_answer(session.ask(request)?)?;
        let next = page.next;
        match &mut whole {
            Some(whole) => whole.templates.extend(page.templates),
            None => whole = Some(page),
        }
        // The following pages are of the list that was read for the first.
        let Some(from) = next else { break };
        asked = TemplatesRequest { refresh: false, from, ..asked };
    }
    let Some(mut listed) = whole else { return Ok(()) };
    listed.next = None;
    if json {
        return session.print_json(&listed);
    }
    if let Some(problem) = &listed.stale {
        session.print(&format!("This list is {} minutes old: {problem}", listed.age_secs / 60))?;
    }
    if listed.templates.is_empty() {
        let what = if all { "no template" } else { "no template that can be sent (--all shows the others)" };
        return session.print(&format!("{sender} has {what}"));
    }
    for template in &listed.templates {
        session.print(&template_line(template))?;
    }
    Ok(())
}

fn template_line(template: &TemplateView) -> String {
    let TemplateView { name, language, category, status, why_not, wanted, .. } = template;
    let end = match why_not {
        Some(why) => format!("NOT OFFERED: {why}"),
        None => wants(wanted),
    };
    format!("{name}\t{language}\t{category}\t{status}\t{end}")
}

/// What a message must fill in, in words.
fn wants(wanted: &Wanted) -> String {
    let mut parts = Vec::new();
    match wanted.header {
        HeaderWant::Nothing => {}
        HeaderWant::Placeholder => parts.push("header placeholder".to_owned()),
        HeaderWant::Image => parts.push("header image".to_owned()),
        HeaderWant::Video => parts.push("header video".to_owned()),
        HeaderWant::Gif => parts.push("header GIF".to_owned()),
        HeaderWant::Document => parts.push("header document".to_owned()),
        HeaderWant::Location => parts.push("header location".to_owned()),
    }
    match wanted.body_placeholders {
        0 => {}
        1 => parts.push("1 body placeholder".to_owned()),
        count => parts.push(format!("{count} body placeholders")),
    }
    for button in &wanted.buttons {
        let parameter = match button.parameter {
            ButtonParameter::QuickReply => "quick reply payload",
            ButtonParameter::UrlSuffix => "URL suffix",
            ButtonParameter::CopyCode => "code to copy",
        };
        parts.push(format!("button {} \"{}\": {parameter}", button.index + 1, button.text));
    }
    if parts.is_empty() { "nothing to fill in".to_owned() } else { parts.join("; ") }
}

fn scenario(session: &mut Session<'_>, which: Which, key: ScenarioKey) -> Result<(), CliError> {
    let json = which.json;
    let name = key.to_string();
    let checked: ScenarioCheck = read_answer(session.ask(which.asking(AccountRequest::Scenario { key }))?)?;
    if json {
        session.print_json(&checked)?;
    } else {
        match &checked {
            ScenarioCheck::Exists(scenario) => {
                session.print(format!("{name} exists: {}", scenario.name).trim_end_matches([':', ' ']))?;
                for step in &scenario.flow {
                    session.print(format!("{}\t{}", step.channel, step.sender).trim_end())?;
                }
                let used: Vec<_> =
                    ["VIBER", "KAKAO_CHINGU", "KAKAO_ALIM"].into_iter().filter(|own| scenario.has(own)).collect();
                session.print(&match used.as_slice() {
                    [] => "It has neither VIBER nor KAKAO_CHINGU nor KAKAO_ALIM: no channel can use it".to_owned(),
                    used => format!("It can be used for {}", used.join(", ")),
                })?;
            }
            ScenarioCheck::DoesNotExist => session.print(&format!("{name} does not exist in this account"))?,
            ScenarioCheck::CannotTell(why) => session.print(&format!("{name} could not be verified: {why}"))?,
        }
    }
    match checked {
        ScenarioCheck::Exists(_) => Ok(()),
        ScenarioCheck::DoesNotExist | ScenarioCheck::CannotTell(_) => Err(CliError::CheckFailed),
    }
}

#[cfg(test)]
mod tests;
