//! Options of the commands whose work is done elsewhere.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::domain::channel::Channel;
use crate::domain::speed_limit::SpeedLimit;

/// Which channels a demonstration shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DemoChannels {
    One(Channel),
    /// Every channel that an activity can choose, and Kakao over OMNI failover as well.
    All,
}

/// `waypost demo`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub(crate) struct DemoOptions {
    /// Channel to show, such as SMS, whatsapp or "Viber (deprecated)"; `all` shows every one, the audience divided among
    /// them
    #[arg(long, value_name = "NAME|all", default_value = "SMS", value_parser = demo_channels)]
    pub(crate) channel: DemoChannels,

    /// Audience to walk through the journey: a CSV file with a header line (SubscriberKey, FirstName, LastName,
    /// MobilePhone, EmailAddress, Locale)
    #[arg(long, value_name = "FILE.csv", conflicts_with = "contacts")]
    pub(crate) audience: Option<PathBuf>,

    /// Makes up so many contacts, instead of the sample audience of 300
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) contacts: Option<u32>,

    /// Sending speed limit of each journey's messages, such as 600/MINUTE; without it, one with which the audience takes
    /// about twelve seconds
    #[arg(long, value_name = "COUNT/UNIT")]
    pub(crate) speed_limit: Option<SpeedLimit>,

    /// Append every request that the stand-ins receive, a line of JSON each
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Leave everything running after the summary, until Ctrl-C
    #[arg(long)]
    pub(crate) keep_open: bool,

    /// Print the summary as JSON, and no progress
    #[arg(long)]
    pub(crate) json: bool,
}

/// `waypost sandbox`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub(crate) struct SandboxOptions {
    /// Address of the stand-in of SFMC; Infobip's has the next port. Only loopback is allowed; port 0 takes free ones
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090", value_parser = loopback_address)]
    pub(crate) listen: SocketAddr,

    /// Append every request that the stand-ins receive, a line of JSON each
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Chooses the messages' fates: the same number and recipients, the same outcomes
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Print the addresses and credentials as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn demo_channels(text: &str) -> Result<DemoChannels, String> {
    if text.eq_ignore_ascii_case("all") {
        return Ok(DemoChannels::All);
    }
    Channel::by_name(text).map(DemoChannels::One).ok_or_else(|| {
        let names: Vec<_> = Channel::offered().map(Channel::name).collect();
        format!("it must be all or one of {}", names.join(", "))
    })
}

fn loopback_address(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "it must be an address and port such as 127.0.0.1:8090")?;
    if address.ip().is_loopback() { Ok(address) } else { Err("it must be a loopback address".to_owned()) }
}
