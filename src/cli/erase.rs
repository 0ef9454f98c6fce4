//! `waypost erase`.

use super::{CliError, Session, read_answer};
use crate::control::{ControlRequest, ErasureOutcome, ErasureSummary, PersonName, RemovedRecords};
use crate::domain::ids::Mid;
use crate::domain::secret::Secret;

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("person").args(["phone", "contact_key"])))]
pub(super) struct EraseArgs {
    /// MID of the business unit
    #[arg(long, value_name = "MID")]
    mid: Mid,

    /// The person's phone number, as it stands in a Phone field
    #[arg(long, value_name = "PHONE")]
    phone: Option<String>,

    /// The person's contact key
    #[arg(long, value_name = "KEY")]
    contact_key: Option<String>,

    /// Erase nothing: list the erasures that were made
    #[arg(long, conflicts_with_all = ["person", "check"])]
    list: bool,

    /// Erase nothing: tell whether this person was erased, and when; fails when not
    #[arg(long, requires = "person")]
    check: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &mut Session<'_>, args: EraseArgs) -> Result<(), CliError> {
    let EraseArgs { mid, phone, contact_key, list, check, json } = args;
    let person = match (phone, contact_key) {
        (Some(phone), _) => Some(PersonName::Phone(Secret::new(phone))),
        (None, key) => key.map(|key| PersonName::ContactKey(Secret::new(key))),
    };
    match person {
        None if list => {
            let answer = session.ask(ControlRequest::ErasureList { mid })?;
            if json {
                return session.print_json(&answer);
            }
            let erasures: Vec<ErasureSummary> = read_answer(answer)?;
            if erasures.is_empty() {
                return session.print("nobody was erased");
            }
            erasures.iter().try_for_each(|erasure| session.print(&line(erasure)))
        }
        None => Err(CliError::Usage("name the person with --phone or --contact-key, or use --list".to_owned())),
        Some(person) if check => {
            let answer = session.ask(ControlRequest::ErasureCheck { mid, person })?;
            let erasures: Vec<ErasureSummary> = read_answer(answer.clone())?;
            if json {
                session.print_json(&answer)?;
            } else {
                erasures.iter().try_for_each(|erasure| session.print(&line(erasure)))?;
            }
            if erasures.is_empty() {
                return Err(CliError::Refused("no erasure of this person is on record".to_owned()));
            }
            Ok(())
        }
        Some(person) => {
            let answer = session.ask(ControlRequest::Erase { mid, person })?;
            let outcome: ErasureOutcome = read_answer(answer.clone())?;
            if json {
                session.print_json(&answer)?;
            } else {
                session.print(&format!("removed: {}", counted(outcome.removed)))?;
                session.print("what this does not reach:")?;
                outcome.remains.iter().try_for_each(|what| session.print(&format!("  {what}")))?;
            }
            match outcome.unsettled_messages {
                0 => Ok(()),
                count => Err(CliError::Refused(format!(
                    "{count} of the person's messages are perhaps on their way: Infobip's log is being asked. The \
                     erasure is not complete and not on record; repeat it in some minutes"
                ))),
            }
        }
    }
}

fn line(erasure: &ErasureSummary) -> String {
    format!("{}\tby {}\t{}\t{}", erasure.at, erasure.by, erasure.person, counted(erasure.removed))
}

fn counted(removed: RemovedRecords) -> String {
    format!(
        "{} waiting and {} finished messages, {} reports, {} clicks, {} replies, {} rows not yet forwarded",
        removed.waiting_messages,
        removed.finished_messages,
        removed.reports,
        removed.clicks,
        removed.inbound_messages,
        removed.unforwarded_rows
    )
}
