//! The senders of an account (infobip.md 4.3, 6, 11): its numbers, its named senders, its RCS senders, and the state of
//! its WhatsApp senders. The sources are read side by side; one that fails is named and the others stand.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::join;

use super::pace::Endpoint;
use super::{AccountReader, Call, Pages, Paging, entries, name, segment};
use crate::domain::family::Family;
use crate::domain::sender::{
    ChannelSenders, OfferedSender, SenderListing, SenderSource, SenderState, SourceProblem, merged,
};
use crate::domain::tenant::Account;
use crate::listings::{ListingFailure, TypedSenders};

/// Families with senders, in the order of the pages.
const FAMILIES: [Family; 6] = [Family::Sms, Family::Mms, Family::WhatsApp, Family::Viber, Family::Rcs, Family::Kakao];

const NUMBERS: &str = "own numbers";
const ALPHANUMERIC: &str = "alphanumeric senders";
const VIBER: &str = "Viber senders";
const RCS_RESOURCES: &str = "RCS resources";
const RCS_SENDERS: &str = "RCS senders";
const QUALITY: &str = "state of the WhatsApp senders";

/// Numbers of one page: the endpoint's default, its maximum is not published.
const NUMBERS_SIZE: usize = 50;
/// At one page a second, what still fits into a person's patience and the control socket's time limit.
const NUMBERS_PAGES_MAX: usize = 40;
/// As in the published example; the maximum is not published.
const RESOURCES_SIZE: usize = 20;
const RESOURCES_PAGES_MAX: usize = 50;
/// The most that the endpoint gives.
const RCS_SIZE: usize = 100;
const RCS_PAGES_MAX: usize = 20;
/// WhatsApp senders asked for at a time: the most that the endpoint takes.
const QUALITY_SIZE: usize = 100;

type Listed = Vec<(Family, OfferedSender)>;
type Read<T> = Result<(T, bool), ListingFailure>;

pub(super) async fn of_account(reader: &AccountReader, account: &Account, typed: &TypedSenders) -> SenderListing {
    let (numbers, alphanumeric, viber, rcs_resources, rcs_senders) = join!(
        numbers(reader, account),
        resources(reader, account, "ALPHANUMERIC"),
        resources(reader, account, "VIBER_RESOURCE"),
        resources(reader, account, "RCS_RESOURCE"),
        rcs_senders(reader, account),
    );
    let mut listing = SenderListing::default();
    let mut listed = Listed::new();
    for (source, read) in [
        (NUMBERS, numbers),
        (ALPHANUMERIC, alphanumeric),
        (VIBER, viber),
        (RCS_RESOURCES, rcs_resources),
        (RCS_SENDERS, rcs_senders),
    ] {
        match read {
            Ok((senders, is_cut)) => {
                if is_cut {
                    let problem = format!("there are more than the {} that were read", senders.len());
                    listing.problems.push(SourceProblem { source: source.to_owned(), problem });
                }
                listed.extend(senders);
            }
            Err(failure) => {
                listing.problems.push(SourceProblem { source: source.to_owned(), problem: failure.to_string() })
            }
        }
    }
    let mut by_family: BTreeMap<Family, Vec<OfferedSender>> = BTreeMap::new();
    for (family, sender) in listed {
        by_family.entry(family).or_default().push(sender);
    }
    let mut channels = Vec::new();
    for channel in FAMILIES {
        let typed = typed.get(&channel).map(Vec::as_slice).unwrap_or_default();
        let senders = merged(typed, by_family.remove(&channel).unwrap_or_default());
        channels.push(ChannelSenders { channel, senders });
    }
    if let Some(whatsapp) = channels.iter_mut().find(|list| list.channel == Family::WhatsApp)
        && let Err(failure) = add_quality(reader, account, &mut whatsapp.senders).await
    {
        listing.problems.push(SourceProblem { source: QUALITY.to_owned(), problem: failure.to_string() });
    }
    listing.channels = channels;
    listing
}

async fn numbers(reader: &AccountReader, account: &Account) -> Read<Listed> {
    let paging = Paging {
        endpoint: Endpoint::Numbers,
        scope: "numbers:manage",
        members: &["numbers"],
        size: NUMBERS_SIZE,
        pages_max: NUMBERS_PAGES_MAX,
    };
    let path = |page| format!("/numbers/1/numbers?limit={NUMBERS_SIZE}&page={page}");
    let Pages { entries, is_cut } = reader.pages(account, paging, path, None).await?;
    Ok((entries.iter().flat_map(number).collect(), is_cut))
}

/// A number once for each family that it can send.
fn number(wire: &Value) -> Listed {
    let Some(number) = name(wire, "number") else { return Listed::new() };
    let kind = name(wire, "type").unwrap_or_default();
    let capabilities = capabilities(wire);
    let can = |capability: &str| kind == capability || capabilities.contains(&capability);
    let families = [
        (Family::Sms, can("SMS")),
        (Family::Mms, can("MMS")),
        (Family::WhatsApp, can("WHATSAPP")),
        (Family::Viber, can("VIBER") || can("VIBER_BM")),
    ];
    let families = families.into_iter().filter(|(_, can)| *can);
    families.map(|(family, _)| (family, usable(&number, &kind, SenderSource::Number))).collect()
}

async fn resources(reader: &AccountReader, account: &Account, kind: &str) -> Read<Listed> {
    let paging = Paging {
        endpoint: Endpoint::Resources,
        scope: "numbers:manage",
        members: &["results"],
        size: RESOURCES_SIZE,
        pages_max: RESOURCES_PAGES_MAX,
    };
    let path = |page| format!("/resources/1/resources?page={page}&size={RESOURCES_SIZE}");
    let body = format!(r#"{{"resourceType":"{kind}"}}"#);
    let Pages { entries, is_cut } = reader.pages(account, paging, path, Some(&body)).await?;
    Ok((entries.iter().filter_map(resource).collect(), is_cut))
}

/// By its own type: the filter's.
fn resource(wire: &Value) -> Option<(Family, OfferedSender)> {
    let family = match name(wire, "resourceType")?.as_str() {
        // A sender that says what it can do, and not SMS, is none.
        "ALPHANUMERIC" => {
            let capabilities = capabilities(wire);
            let can = capabilities.is_empty() || capabilities.contains(&"SMS");
            can.then_some(Family::Sms)?
        }
        "VIBER_RESOURCE" => Family::Viber,
        "RCS_RESOURCE" => Family::Rcs,
        _ => return None,
    };
    let sender = ["senderName", "resource", "number"].into_iter().find_map(|member| name(wire, member))?;
    Some((family, usable(&sender, "", SenderSource::Resource)))
}

async fn rcs_senders(reader: &AccountReader, account: &Account) -> Read<Listed> {
    let paging = Paging {
        endpoint: Endpoint::RcsSenders,
        scope: "rcs:manage",
        members: &["results"],
        size: RCS_SIZE,
        pages_max: RCS_PAGES_MAX,
    };
    let path = |page| format!("/rcs/1/senders?page={page}&size={RCS_SIZE}");
    let Pages { entries, is_cut } = reader.pages(account, paging, path, None).await?;
    Ok((entries.iter().filter_map(rcs_sender).collect(), is_cut))
}

fn rcs_sender(wire: &Value) -> Option<(Family, OfferedSender)> {
    let sender = name(wire, "senderName")?;
    let (state, detail) = match name(wire, "senderStatus") {
        Some(status) if status == "LAUNCHED" => (SenderState::Usable, status),
        Some(status) => (SenderState::Unusable, status),
        None => (SenderState::Unknown, String::new()),
    };
    Some((Family::Rcs, OfferedSender { sender, state, detail, sources: vec![SenderSource::RcsSender] }))
}

/// Asks for the state of the WhatsApp senders; those that look like numbers, which typed ones need not.
async fn add_quality(
    reader: &AccountReader,
    account: &Account,
    senders: &mut [OfferedSender],
) -> Result<(), ListingFailure> {
    let is_number = |sender: &str| !sender.is_empty() && sender.bytes().all(|b| b.is_ascii_digit());
    let digits = |sender: &OfferedSender| sender.sender.trim_start_matches('+').to_owned();
    let mut asked = senders.iter_mut().filter(|sender| is_number(&digits(sender))).collect::<Vec<_>>();
    for asked in asked.chunks_mut(QUALITY_SIZE) {
        let list = asked.iter().map(|sender| segment(&digits(sender))).collect::<Vec<_>>().join(",");
        let target = format!("/whatsapp/1/senders/quality?senders={list}");
        let answer = match reader.read(account, Endpoint::WhatsAppQuality, Call::Get(&target), "whatsapp:manage").await
        {
            // None of them is known as a WhatsApp sender yet: that is no source that failed.
            Err(ListingFailure::NotFound) => continue,
            read => read?,
        };
        let results = entries(&answer, &["results"]).ok_or(ListingFailure::Unreadable { status: 200 })?;
        for sender in asked {
            let digits = digits(sender);
            let Some(found) = results.iter().find(|wire| name(wire, "sender").as_ref() == Some(&digits)) else {
                continue;
            };
            (sender.state, sender.detail) = quality(found);
        }
    }
    Ok(())
}

/// A status that we don't know proves nothing; a flagged or throttled sender still sends.
fn quality(wire: &Value) -> (SenderState, String) {
    let status = name(wire, "status").unwrap_or_default();
    let state = match status.as_str() {
        "CONNECTED" | "FLAGGED" | "RATE_LIMITED" => SenderState::Usable,
        "BANNED" | "DISCONNECTED" | "PENDING" | "RESTRICTED" => SenderState::Unusable,
        _ => SenderState::Unknown,
    };
    let rating = name(wire, "qualityRating").map(|rating| format!("quality {rating}"));
    let parts: Vec<_> = Some(status).filter(|status| !status.is_empty()).into_iter().chain(rating).collect();
    (state, parts.join(", "))
}

fn usable(sender: &str, detail: &str, source: SenderSource) -> OfferedSender {
    OfferedSender {
        sender: sender.to_owned(),
        state: SenderState::Usable,
        detail: detail.to_owned(),
        sources: vec![source],
    }
}

fn capabilities(wire: &Value) -> Vec<&str> {
    let list = wire.get("capabilities").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests;
