//! `waypost inbound`.

use super::{CliError, Session, read_answer};
use crate::control::account::AccountName;
use crate::control::{AssignedInbound, ControlRequest, UnassignedInbound};
use crate::domain::ids::{AccountId, Mid};

/// What whoever sets up the forwarding should know.
const BARE_PATH: &str = "Prefer this address to the one without a token, /infobip/webhooks/inboundMessage: there anybody can \
    bring replies that look like a contact's and change what a REPLY decision answers.";

#[derive(Debug, clap::Subcommand)]
pub(super) enum InboundCommand {
    /// Print the URL to which Infobip is to forward an account's inbound messages
    ///
    /// It is for the forwarding action of the account's numbers and senders at Infobip, with the format
    /// MO_MESSAGES_API_JSON or the channel's own. Whoever knows it can bring messages: treat it as a secret.
    Address {
        /// MID of the business unit
        #[arg(long)]
        mid: Mid,
        /// Label of the Infobip account; not needed when the business unit has one
        #[arg(long, value_name = "LABEL", value_parser = AccountId::new)]
        account: Option<AccountId>,
    },
    /// List the inbound messages of which nobody knows whose they are, the latest 500
    ///
    /// They came without an account's token, to a number or sender that no account has in its tenant file, or that
    /// several have.
    Unassigned {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give the unassigned inbound messages of one destination to an account
    ///
    /// They are kept and reported as its own from then on; they fire no events, because nobody has proven whom they are
    /// from and whoever waited for them may be long past it.
    Assign {
        /// MID of the business unit
        #[arg(long)]
        mid: Mid,
        /// Label of the Infobip account; not needed when the business unit has one
        #[arg(long, value_name = "LABEL", value_parser = AccountId::new)]
        account: Option<AccountId>,
        /// The number or sender that they came to
        #[arg(long)]
        destination: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(session: &mut Session<'_>, command: InboundCommand) -> Result<(), CliError> {
    match command {
        InboundCommand::Address { mid, account } => {
            // Only the server knows the address that it is reached at.
            let of = AccountName { mid, account };
            let url: String = read_answer(session.ask_server(&ControlRequest::InboundAddress { of })?)?;
            session.print(&url)?;
            // Beside the result, so that scripts have nothing but the address.
            Ok(writeln!(session.process.err, "{BARE_PATH}")?)
        }
        InboundCommand::Unassigned { json } => {
            let answer = session.ask(ControlRequest::InboundUnassigned)?;
            if json {
                return session.print_json(&answer);
            }
            let messages: Vec<UnassignedInbound> = read_answer(answer)?;
            if messages.is_empty() {
                return session.print("no inbound message is unassigned");
            }
            for UnassignedInbound { received_at, channel, destination, sender_ends_with, content_type } in messages {
                let line =
                    format!("{received_at}\t{channel}\tto {destination}\tfrom …{sender_ends_with}\t{content_type}");
                session.print(&line)?;
            }
            Ok(())
        }
        InboundCommand::Assign { mid, account, destination, json } => {
            let to = AccountName { mid, account };
            let answer = session.ask(ControlRequest::InboundAssign { to, destination })?;
            if json {
                return session.print_json(&answer);
            }
            let AssignedInbound { given, left } = read_answer(answer)?;
            session.print(&format!("{given} inbound messages were given to the account"))?;
            if left > 0 {
                session.print(&format!(
                    "{left} stay unassigned: they are tapped buttons, which this business unit does not take as replies"
                ))?;
            }
            Ok(())
        }
    }
}
