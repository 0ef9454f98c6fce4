//! `waypost tenant`.

use std::path::PathBuf;

use super::{CliError, Session, read_answer};
use crate::control::{CheckOutcome, CheckReport, ControlRequest};
use crate::domain::ids::Mid;
use crate::onboarding::{TenantSummary, TenantView, read_tenant_file};

#[derive(Debug, clap::Subcommand)]
pub(super) enum TenantCommand {
    /// Add a business unit, or change one, from its tenant file
    Add {
        /// The tenant file (TOML); packaging/tenant.example.toml shows all of it
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Change the business unit of that MID; addresses of reports on their way stay valid
        #[arg(long)]
        replace: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the business units
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a business unit, its secrets masked
    Show {
        /// MID of the business unit
        mid: Mid,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask both platforms whether a business unit's credentials and data extensions work
    Check {
        /// MID of the business unit
        mid: Mid,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Create the data extensions that reports go to, where they are missing; what exists is never changed
    Provision {
        /// MID of the business unit
        mid: Mid,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a business unit and destroy its data key: its messages and reports can't be read any more
    Remove {
        /// MID of the business unit
        mid: Mid,
        /// Yes, remove it
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(session: &mut Session<'_>, command: TenantCommand) -> Result<(), CliError> {
    match command {
        TenantCommand::Add { file, replace, json } => {
            let tenant = Box::new(read_tenant_file(&file, session.process.env)?);
            let summary = TenantSummary::from(&*tenant);
            let answer = session.ask(ControlRequest::TenantAdd { tenant, replace })?;
            if json {
                return session.print_json(&answer);
            }
            let done = if replace { "changed" } else { "added" };
            session.print(&format!(
                "{} (MID {}) is {done}; waypost tenant check {} tries it",
                summary.name, summary.mid, summary.mid
            ))
        }
        TenantCommand::List { json } => {
            let answer = session.ask(ControlRequest::TenantList)?;
            if json { session.print_json(&answer) } else { print_list(session, &read_answer::<Vec<_>>(answer)?) }
        }
        TenantCommand::Show { mid, json } => {
            let answer = session.ask(ControlRequest::TenantShow { mid })?;
            if json {
                return session.print_json(&answer);
            }
            let view: TenantView = read_answer(answer)?;
            session.print(view.to_string().trim_end())
        }
        TenantCommand::Check { mid, json } => report_on(session, ControlRequest::TenantCheck { mid }, json),
        TenantCommand::Provision { mid, json } => report_on(session, ControlRequest::TenantProvision { mid }, json),
        TenantCommand::Remove { mid, yes: false } => Err(CliError::Usage(format!(
            "removing {mid} destroys its data key, and with it its messages and reports; add --yes to do it"
        ))),
        TenantCommand::Remove { mid, yes: true } => {
            session.ask(ControlRequest::TenantRemove { mid })?;
            session.print(&format!("{mid} is removed"))
        }
    }
}

fn report_on(session: &mut Session<'_>, request: ControlRequest, json: bool) -> Result<(), CliError> {
    let report: CheckReport = read_answer(session.ask(request)?)?;
    if json {
        session.print_json(&report)?
    } else {
        print_report(session, &report)?
    }
    if report.passed() { Ok(()) } else { Err(CliError::CheckFailed) }
}

fn print_list(session: &mut Session<'_>, tenants: &[TenantSummary]) -> Result<(), CliError> {
    if tenants.is_empty() {
        return session.print("no business unit yet; waypost tenant add --file FILE adds one");
    }
    for tenant in tenants {
        session.print(&format!("{}\t{}\t{}", tenant.mid, tenant.name, tenant.accounts.join(", ")))?;
    }
    Ok(())
}

fn print_report(session: &mut Session<'_>, report: &CheckReport) -> Result<(), CliError> {
    for check in &report.checks {
        let outcome = match check.outcome {
            CheckOutcome::Ok => "ok",
            CheckOutcome::Failed => "FAILED",
            CheckOutcome::Unknown => "unknown",
            CheckOutcome::NotNeeded => "not needed",
        };
        let line = format!("{outcome:<10} {}: {}", check.name, check.detail);
        session.print(line.trim_end_matches([':', ' ']))?;
    }
    session.print(if report.passed() { "everything needed works" } else { "something must be done" })
}
