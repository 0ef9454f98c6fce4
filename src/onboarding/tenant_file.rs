//! The tenant file: a TOML description of one business unit (packaging/tenant.example.toml shows all of it).
//!
//! A secret is a text, `{ file = "…" }` (relative to the tenant file) or `{ env = "NAME" }`. Errors name the field and
//! what is allowed, and never show a value.

mod section;

use std::path::Path;

use rand::RngExt as _;
use toml::Value;

use crate::config::{parse_toml, read_limited};
use crate::domain::channel::Channel;
use crate::domain::ids::{AccountId, Mid};
use crate::domain::message::{kakao_alim, rcs, sms, viber, whatsapp};
use crate::domain::origin::{self, parse_origin, parse_url};
use crate::domain::phone::Country;
use crate::domain::report_dates;
use crate::domain::secret::Secret;
use crate::domain::tenant::{
    Account, BasicAuth, KakaoWay, MaybeSent, MmsReports, NotificationUrls, ReplyPolicy, ReportExtensions, Retention,
    Salt, Senders, SfmcAccess, Tenant, Tracking, Verification, WebhookAuth,
};

use section::Section;

/// Largest tenant file, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Largest file with one secret, in bytes.
const SECRET_FILE_BYTES_MAX: u64 = 4 * 1024;
/// Longest name of a business unit, in characters; SFMC's own limit is lower.
const NAME_CHARS_MAX: usize = 100;
/// Longest client id and external key, in characters.
const KEY_CHARS_MAX: usize = 128;
/// Longest secret, in characters; the platforms' own have 24 to 128.
const SECRET_CHARS_MAX: usize = 1_024;
/// Infobip accounts of one business unit.
const ACCOUNTS_MAX: usize = 20;
/// Senders of one account.
const SENDERS_MAX: usize = 200;
/// Custom domains of one account.
const DOMAINS_MAX: usize = 50;
/// Channels of one account, however often each is named.
const CHANNELS_MAX: usize = 50;
/// Fields of the file itself; each section's stand where it is read.
const FIELDS: &[&str] = &[
    "mid",
    "name",
    "sfmc",
    "verification",
    "default_country",
    "send_in_test_mode",
    "time_zone",
    "replies",
    "retention",
    "account",
];
const ACCOUNT_FIELDS: &[&str] = &[
    "label",
    "base_url",
    "api_key",
    "sms_senders",
    "whatsapp_senders",
    "viber_senders",
    "rcs_senders",
    "kakao_senders",
    "custom_domains",
    "channels",
    "tracking",
    "mms_reports",
    "kakao",
    "maybe_sent",
    "webhook_auth",
];
/// Length of a webhook token: 32 characters of 62 are 190 bits.
const TOKEN_CHARS: usize = 32;

/// What is wrong with a tenant file: one sentence that names the field and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TenantFileError {
    #[error("the tenant file {path} can't be read: {problem}")]
    File { path: String, problem: String },
    #[error("the tenant file is not valid TOML: line {line}: {problem}")]
    Syntax { line: usize, problem: String },
    #[error("{field} is not a field of the tenant file{suggestion}")]
    Unknown { field: String, suggestion: String },
    #[error("{field} is missing: it must be {allowed}")]
    Missing { field: String, allowed: String },
    #[error("{field} is not valid: it must be {allowed}")]
    Invalid { field: String, allowed: String },
    #[error("{field} can't be read from {place}: {problem}")]
    Secret { field: String, place: String, problem: String },
}

/// Where secrets that the file only points to come from.
pub(super) struct SecretPlaces<'a> {
    /// Directory of the tenant file.
    dir: &'a Path,
    env: &'a dyn Fn(&str) -> Option<String>,
}

/// Reads and checks the tenant file at `path`. Every account gets a fresh webhook token.
pub(crate) fn read_tenant_file(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Tenant, TenantFileError> {
    let text = read_limited(path, FILE_BYTES_MAX)
        .map_err(|problem| TenantFileError::File { path: path.display().to_string(), problem })?;
    let dir = path.parent().unwrap_or(Path::new(""));
    parse(&text, &SecretPlaces { dir, env }, &mut rand::rng())
}

fn parse(text: &str, places: &SecretPlaces<'_>, rng: &mut impl rand::Rng) -> Result<Tenant, TenantFileError> {
    let table = parse_toml(text).map_err(|(line, problem)| TenantFileError::Syntax { line, problem })?;
    let mut file = Section::root(table, FIELDS)?;
    let tenant = Tenant {
        mid: mid(&mut file)?,
        name: file.required("name", &text_rule(NAME_CHARS_MAX), |text| plain(text, NAME_CHARS_MAX))?,
        sfmc: sfmc(&mut file, places)?,
        verification: verification(&mut file, places)?,
        default_country: file.optional("default_country", "a country code of two letters, such as HR", |text| {
            Country::by_code(text).map(|country| country.code().to_owned())
        })?,
        send_in_test_mode: file.flag("send_in_test_mode")?.unwrap_or(false),
        replies: replies(&mut file)?,
        retention: retention(&mut file)?,
        time_zone: file.optional("time_zone", "the name of a time zone, such as Europe/Zagreb", zone_name)?,
        accounts: accounts(&mut file, places, rng)?,
    };
    Ok(tenant)
}

fn mid(file: &mut Section) -> Result<Mid, TenantFileError> {
    let allowed = "the business unit's member id, a positive whole number";
    match file.take("mid") {
        Some(Value::Integer(number)) => number.to_string().parse().map_err(|_| file.invalid("mid", allowed)),
        Some(Value::String(text)) => text.parse().map_err(|_| file.invalid("mid", allowed)),
        Some(_) => Err(file.invalid("mid", allowed)),
        None => Err(file.missing("mid", allowed)),
    }
}

fn sfmc(file: &mut Section, places: &SecretPlaces<'_>) -> Result<SfmcAccess, TenantFileError> {
    let mut section =
        file.required_section("sfmc", &["client_id", "client_secret", "auth_origin", "soap_origin", "rest_origin"])?;
    let allowed = "the https:// address that the installed package shows, without a path";
    let origin = |text: &str| parse_origin(text).ok().map(String::from);
    let access = SfmcAccess {
        client_id: section.required("client_id", &token_rule(KEY_CHARS_MAX), |text| token(text, KEY_CHARS_MAX))?,
        client_secret: section.required_secret("client_secret", places)?,
        auth_origin: section.required("auth_origin", allowed, origin)?,
        soap_origin: section.required("soap_origin", allowed, origin)?,
        rest_origin: section.optional("rest_origin", allowed, origin)?,
    };
    Ok(access)
}

fn verification(file: &mut Section, places: &SecretPlaces<'_>) -> Result<Verification, TenantFileError> {
    let mut section = file.required_section("verification", &["signing_secret", "salt"])?;
    let signing_secret = section.optional_secret("signing_secret", places)?;
    let salt = match section.optional_section("salt", &["customer_key", "value"])? {
        Some(mut salt) => {
            let read = Salt {
                customer_key: salt
                    .required("customer_key", &text_rule(KEY_CHARS_MAX), |text| plain(text, KEY_CHARS_MAX))?,
                value: salt.required_secret("value", places)?,
            };
            Some(read)
        }
        None => None,
    };
    if signing_secret.is_none() && salt.is_none() {
        return Err(file.missing("verification", "a section with signing_secret, salt or both"));
    }
    Ok(Verification { signing_secret, salt })
}

fn accounts(
    file: &mut Section,
    places: &SecretPlaces<'_>,
    rng: &mut impl rand::Rng,
) -> Result<Vec<Account>, TenantFileError> {
    let allowed = format!("one to {ACCOUNTS_MAX} sections, written [[account]]");
    let sections = file.sections("account", &allowed, ACCOUNT_FIELDS)?;
    if sections.is_empty() {
        return Err(file.missing("account", &allowed));
    }
    if sections.len() > ACCOUNTS_MAX {
        return Err(file.invalid("account", &allowed));
    }
    let mut accounts = Vec::<Account>::with_capacity(sections.len());
    for mut section in sections {
        let account = account(&mut section, places, rng)?;
        let twin = |other: &Account| other.id.as_str().eq_ignore_ascii_case(account.id.as_str());
        if accounts.iter().any(twin) {
            return Err(section.invalid("label", "another text than the labels of the other accounts"));
        }
        accounts.push(account);
    }
    Ok(accounts)
}

fn account(
    section: &mut Section,
    places: &SecretPlaces<'_>,
    rng: &mut impl rand::Rng,
) -> Result<Account, TenantFileError> {
    Ok(Account {
        id: section.required("label", "a text of 1 to 128 bytes without control characters", |text| {
            AccountId::new(text).ok()
        })?,
        base_url: section.required(
            "base_url",
            "the account's https:// address without a path, such as https://xxxxx.api.infobip.com",
            |text| parse_origin(text).ok().map(String::from),
        )?,
        api_key: section.required_secret("api_key", places)?,
        senders: Senders {
            sms: senders(section, "sms_senders", sms::SENDER_CHARS_MAX)?,
            whatsapp: senders(section, "whatsapp_senders", whatsapp::SENDER_CHARS_MAX)?,
            viber: senders(section, "viber_senders", viber::SENDER_CHARS_MAX)?,
            rcs: senders(section, "rcs_senders", rcs::SENDER_CHARS_MAX)?,
            kakao: senders(section, "kakao_senders", kakao_alim::SENDER_CHARS_MAX)?,
        },
        custom_domains: section.list(
            "custom_domains",
            &format!("a list of at most {DOMAINS_MAX} host names such as go.example.com"),
            DOMAINS_MAX,
            |text| origin::is_domain(text.trim()).then(|| text.trim().to_ascii_lowercase()),
        )?,
        channels: channels(section)?,
        tracking: tracking(section, places)?,
        mms_reports: section
            .optional("mms_reports", "omni or sms", |text| match text {
                "omni" => Some(MmsReports::Omni),
                "sms" => Some(MmsReports::Sms),
                _ => None,
            })?
            .unwrap_or_default(),
        kakao_way: section
            .optional("kakao", "direct or omni", |text| match text {
                "direct" => Some(KakaoWay::Direct),
                "omni" => Some(KakaoWay::Omni),
                _ => None,
            })?
            .unwrap_or_default(),
        maybe_sent: section
            .optional("maybe_sent", "repeat or report_unknown", |text| match text {
                "repeat" => Some(MaybeSent::Repeat),
                "report_unknown" => Some(MaybeSent::ReportUnknown),
                _ => None,
            })?
            .unwrap_or_default(),
        webhook_auth: webhook_auth(section, places)?,
        webhook_tokens: vec![Secret::new(webhook_token(rng))],
    })
}

/// In any spelling that an activity's channel may have; each once.
fn channels(section: &mut Section) -> Result<Vec<Channel>, TenantFileError> {
    let names: Vec<_> = Channel::offered().map(Channel::name).collect();
    let allowed = format!("a list of channels: {}", names.join(", "));
    let spelt = |text: &str| Channel::by_name(text).map(|channel| channel.name().to_owned());
    let listed = section.list("channels", &allowed, CHANNELS_MAX, spelt)?;
    Ok(listed.iter().filter_map(|name| Channel::by_name(name)).collect())
}

fn senders(section: &mut Section, field: &'static str, chars_max: usize) -> Result<Vec<String>, TenantFileError> {
    let allowed = format!("a list of at most {SENDERS_MAX} texts of 1 to {chars_max} characters");
    section.list(field, &allowed, SENDERS_MAX, |text| plain(text, chars_max))
}

fn tracking(account: &mut Section, places: &SecretPlaces<'_>) -> Result<Tracking, TenantFileError> {
    let Some(mut section) = account.optional_section("tracking", &["native", "external"])? else {
        return Ok(Tracking::Native(ReportExtensions::default()));
    };
    let native =
        section.optional_section("native", &["sms_reports", "omni_reports", "url_tracking", "inbound_messages"])?;
    let external =
        section.optional_section("external", &["sms_url", "omni_url", "clicks_url", "inbound_url", "signing_key"])?;
    match (native, external) {
        (Some(mut native), None) => {
            let mut key = |field, ours| {
                let key = native.optional(field, &text_rule(KEY_CHARS_MAX), |text| plain(text, KEY_CHARS_MAX))?;
                Ok(key.unwrap_or(ours))
            };
            let ours = ReportExtensions::default();
            Ok(Tracking::Native(ReportExtensions {
                sms_reports: key("sms_reports", ours.sms_reports)?,
                omni_reports: key("omni_reports", ours.omni_reports)?,
                url_tracking: key("url_tracking", ours.url_tracking)?,
                inbound_messages: key("inbound_messages", ours.inbound_messages)?,
            }))
        }
        (None, Some(mut external)) => {
            let allowed = "an https:// URL of at most 2000 characters that is not an internal address";
            let sms_url = external.required("sms_url", allowed, |text| parse_url(text).ok())?;
            let mut url = |field| external.optional(field, allowed, |text| parse_url(text).ok());
            Ok(Tracking::External(NotificationUrls {
                omni_url: url("omni_url")?.unwrap_or_else(|| sms_url.clone()),
                clicks_url: url("clicks_url")?,
                inbound_url: url("inbound_url")?,
                signing_key: external.optional_secret("signing_key", places)?,
                sms_url,
            }))
        }
        (None, None) | (Some(_), Some(_)) => Err(account.invalid("tracking", "either native or external")),
    }
}

fn webhook_auth(account: &mut Section, places: &SecretPlaces<'_>) -> Result<WebhookAuth, TenantFileError> {
    let Some(mut section) = account.optional_section("webhook_auth", &["user", "password", "hmac_key"])? else {
        return Ok(WebhookAuth::default());
    };
    // A colon would end the name in the header (RFC 7617).
    let rule = "a text of 1 to 128 printable ASCII characters without spaces and colons";
    let user = section.optional("user", rule, |text| token(text, KEY_CHARS_MAX).filter(|name| !name.contains(':')))?;
    let password = section.optional_secret("password", places)?;
    let basic = match (user, password) {
        (Some(user), Some(password)) => Some(BasicAuth { user, password }),
        (None, None) => None,
        (Some(_), None) => return Err(section.missing("password", "given together with user")),
        (None, Some(_)) => return Err(section.missing("user", "given together with password")),
    };
    Ok(WebhookAuth { basic, hmac_key: section.optional_secret("hmac_key", places)? })
}

fn replies(file: &mut Section) -> Result<ReplyPolicy, TenantFileError> {
    let default = ReplyPolicy::default();
    let fields = ["takes_buttons", "event_delay_secs", "pairing_days"];
    let Some(mut section) = file.optional_section("replies", &fields)? else { return Ok(default) };
    Ok(ReplyPolicy {
        takes_buttons: section.flag("takes_buttons")?.unwrap_or(default.takes_buttons),
        event_delay_secs: section.number("event_delay_secs", 0, 86_400)?.unwrap_or(default.event_delay_secs),
        pairing_days: section.number("pairing_days", 1, 365)?.unwrap_or(default.pairing_days),
    })
}

fn retention(file: &mut Section) -> Result<Retention, TenantFileError> {
    let default = Retention::default();
    let Some(mut section) = file.optional_section("retention", &["messages_days", "reports_days"])? else {
        return Ok(default);
    };
    // Below 3 days a report could come after its message is gone: Infobip tries for 48 hours.
    Ok(Retention {
        messages_days: section.number("messages_days", 3, 3_650)?.unwrap_or(default.messages_days),
        reports_days: section.number("reports_days", 3, 3_650)?.unwrap_or(default.reports_days),
    })
}

fn zone_name(text: &str) -> Option<String> {
    let text = text.trim();
    report_dates::is_zone(text).then(|| text.to_owned())
}

/// An unguessable part of a webhook's path.
fn webhook_token(rng: &mut impl rand::Rng) -> String {
    rng.sample_iter(rand::distr::Alphanumeric).take(TOKEN_CHARS).map(char::from).collect()
}

fn text_rule(chars_max: usize) -> String {
    format!("a text of 1 to {chars_max} characters without control characters")
}

fn token_rule(chars_max: usize) -> String {
    format!("a text of 1 to {chars_max} printable ASCII characters without spaces")
}

/// A text without surrounding white space and without control characters.
fn plain(text: &str, chars_max: usize) -> Option<String> {
    let text = text.trim();
    let valid = !text.is_empty() && text.chars().count() <= chars_max && !text.chars().any(char::is_control);
    valid.then(|| text.to_owned())
}

/// A text that can stand in a header or a form field as it is.
fn token(text: &str, chars_max: usize) -> Option<String> {
    let text = text.trim();
    let valid = !text.is_empty() && text.len() <= chars_max && text.bytes().all(|b| b.is_ascii_graphic());
    valid.then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
