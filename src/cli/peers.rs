//! `waypost peers`.

use super::{CliError, Session, read_answer};
use crate::control::{ControlRequest, PeerView};

#[derive(Debug, clap::Args)]
pub(super) struct PeersArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &mut Session<'_>, args: &PeersArgs) -> Result<(), CliError> {
    // Nothing of it is kept on disk.
    let answer = session.ask_server(&ControlRequest::Peers)?;
    if args.json {
        return session.print_json(&answer);
    }
    let peers: Vec<PeerView> = read_answer(answer)?;
    if peers.is_empty() {
        return session.print("nobody has called since the start");
    }
    for PeerView { surface, address, calls, succeeded, refused, last_seen, allowed } in peers {
        let allowed = match allowed {
            Some(true) => "on the allowlist",
            Some(false) => "not on the allowlist",
            None => "no allowlist",
        };
        session.print(&format!(
            "{surface}\t{address}\t{calls} calls\t{succeeded} succeeded\t{refused} refused\tlast {last_seen}\t{allowed}"
        ))?;
    }
    Ok(())
}
