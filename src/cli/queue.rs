//! `waypost queue`.

use super::{CliError, Session, read_answer};
use crate::control::{ControlRequest, QueueSummary};
use crate::domain::ids::Mid;

#[derive(Debug, clap::Subcommand)]
pub(super) enum QueueCommand {
    /// List the queues: one for each activity of a journey version
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let stopped queues go on
    ///
    /// Queues are stopped by a journey version that was stopped (onStop HOLD), and all of them when the store wakes up
    /// on another machine: what waits in those is looked up at Infobip first, because it may have been sent meanwhile.
    Release {
        /// MID of the business unit
        mid: Mid,
        /// Number of the queue; all of the business unit's without it
        #[arg(long)]
        queue: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(session: &mut Session<'_>, command: &QueueCommand) -> Result<(), CliError> {
    match *command {
        QueueCommand::List { json } => {
            let answer = session.ask(ControlRequest::QueueList)?;
            if json {
                return session.print_json(&answer);
            }
            let queues: Vec<QueueSummary> = read_answer(answer)?;
            if queues.is_empty() {
                return session.print("no queue yet: an activity gets one with its first contact");
            }
            for queue in queues {
                session.print(&format!(
                    "{}\t{}\t{}\t{} queued\t{}\t{}\tactivity {}",
                    queue.mid,
                    queue.queue,
                    queue.mark,
                    queue.queued,
                    queue.speed_limit.as_deref().unwrap_or("no limit"),
                    queue.channel,
                    queue.activity_id
                ))?;
            }
            Ok(())
        }
        QueueCommand::Release { mid, queue, json } => {
            let answer = session.ask(ControlRequest::QueueRelease { mid, queue })?;
            if json {
                return session.print_json(&answer);
            }
            let released: Vec<u32> = read_answer(answer)?;
            session.print(&match released.len() {
                0 => "no queue was stopped".to_owned(),
                1 => "1 queue goes on".to_owned(),
                count => format!("{count} queues go on"),
            })
        }
    }
}
