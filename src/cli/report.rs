//! `waypost report`.

use super::{CliError, Session, read_answer};
use crate::control::{CatchUpOutcome, ControlRequest, RefusedReport};
use crate::domain::ids::Mid;

#[derive(Debug, clap::Subcommand)]
pub(super) enum ReportCommand {
    /// List the rows and events that SFMC refused, and the reports that your own URL refused, each with their words
    Refused {
        /// MID of the business unit
        mid: Mid,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Try again what was refused
    Replay {
        /// MID of the business unit
        mid: Mid,
    },
    /// Ask Infobip's log for the delivery reports of the last 48 hours that no webhook has brought
    CatchUp {
        /// MID of the business unit
        mid: Mid,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(session: &mut Session<'_>, command: &ReportCommand) -> Result<(), CliError> {
    match *command {
        ReportCommand::Refused { mid, json } => {
            let answer = session.ask(ControlRequest::ReportRefused { mid })?;
            if json {
                return session.print_json(&answer);
            }
            let reports: Vec<RefusedReport> = read_answer(answer)?;
            if reports.is_empty() {
                return session.print("nothing was refused");
            }
            for report in reports {
                session.print(&format!(
                    "{}\t{}\t{}\t{}\t{}",
                    report.stored_at, report.message_id, report.status_name, report.account, report.problem
                ))?;
            }
            Ok(())
        }
        ReportCommand::Replay { mid } => {
            let count: u64 = read_answer(session.ask(ControlRequest::ReportReplay { mid })?)?;
            session.print(&format!("{count} refused are tried again"))
        }
        ReportCommand::CatchUp { mid, json } => {
            let answer = session.ask(ControlRequest::ReportCatchUp { mid })?;
            if json {
                return session.print_json(&answer);
            }
            let CatchUpOutcome { asked, found, without_log, stopped_short, problem } = read_answer(answer)?;
            session.print(&format!("{asked} messages without a report were asked for, {found} have one now"))?;
            if without_log > 0 {
                session.print(&format!(
                    "{without_log} more can't be asked for: WhatsApp has no log at Infobip, only its webhooks tell"
                ))?;
            }
            if !problem.is_empty() {
                session.print(&format!("the log did not answer for all: {problem}"))?;
            }
            if stopped_short {
                session.print("this minute's lookups are used up before all were asked for: repeat it in a minute")?;
            }
            Ok(())
        }
    }
}
