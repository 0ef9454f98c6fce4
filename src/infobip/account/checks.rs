//! The checklist of *Connect*: is the base URL right, the key valid, which scopes does it have (spec T2; infobip.md 11)?
//!
//! Every call is one that sends and consumes nothing: 403 means that the scope is missing, anything else that it is
//! there. They go one after the other, and end with the first one that brings no answer.

use super::pace::Endpoint;
use super::{AccountReader, Call, NoAnswer};
use crate::domain::check::{CheckLine, CheckResult};
use crate::domain::family::{Families, Family};
use crate::domain::tenant::Account;
use crate::infobip::client::UnsendableKey;
use crate::infobip::problem;
use crate::outbound::Answer;

/// One scope and the call that tells.
struct Probe {
    /// `None` for what every account needs.
    family: Option<Family>,
    scope: &'static str,
    purpose: &'static str,
    tells: Tells,
}

enum Tells {
    /// 403 when the scope is missing.
    Call(Endpoint, Call<'static>),
    /// As `Call`, with a doubt that the line names.
    Doubtful(Call<'static>, &'static str),
    /// No harmless call needs the scope.
    Nothing(&'static str),
}

const fn get(
    family: Option<Family>,
    scope: &'static str,
    purpose: &'static str,
    endpoint: Endpoint,
    target: &'static str,
) -> Probe {
    Probe { family, scope, purpose, tells: Tells::Call(endpoint, Call::Get(target)) }
}

const fn doubtful(
    family: Family,
    scope: &'static str,
    purpose: &'static str,
    call: Call<'static>,
    doubt: &'static str,
) -> Probe {
    Probe { family: Some(family), scope, purpose, tells: Tells::Doubtful(call, doubt) }
}

const fn nothing(family: Family, scope: &'static str, purpose: &'static str, why: &'static str) -> Probe {
    Probe { family: Some(family), scope, purpose, tells: Tells::Nothing(why) }
}

const NO_CALL: &str = "no harmless call needs this scope alone";
const EARLY_ACCESS: &str = "the channel is early access: Infobip also answers 403 where it is not switched on";
const ORDER: &str = "by an empty send, which Infobip refuses; whether it looks at the scope first is not confirmed";
const LOOKUP: &str = "finding out whether a message without an answer was sent";

/// The scopes of the manual's list, and OMNI failover's, besides the balance call that comes first.
///
/// Reports are handed out once: asked for by an id that was never given, none is taken away from anybody.
const PROBES: [Probe; 20] = {
    use Endpoint::{Numbers, RcsSenders, Unlimited, WhatsAppTemplates};
    use Family::{Kakao, Mms, Omni, Rcs, Sms, Viber, WhatsApp};
    const EMPTY_SEND: Call<'static> = Call::Post("/whatsapp/1/message/template", r#"{"messages":[]}"#);
    const KAKAO_REPORTS: Call<'static> = Call::Get("/kakao-alim/1/reports?limit=1&messageId=waypost-scope-check");
    [
        get(
            None,
            "numbers:manage",
            "offering the account's own numbers as senders",
            Numbers,
            "/numbers/1/numbers?limit=1",
        ),
        get(
            Some(Sms),
            "sms:message:send",
            "sending SMS",
            Unlimited,
            "/sms/3/reports?limit=1&messageId=waypost-scope-check",
        ),
        get(Some(Sms), "sms:logs:read", LOOKUP, Unlimited, "/sms/3/logs?limit=1"),
        Probe {
            family: Some(Sms),
            scope: "sms:manage",
            purpose: "SMS previews",
            tells: Tells::Call(Unlimited, Call::Post("/sms/1/preview", r#"{"text":"x"}"#)),
        },
        get(
            Some(Mms),
            "mms:message:send",
            "sending MMS",
            Unlimited,
            "/mms/2/reports?limit=1&messageId=waypost-scope-check",
        ),
        get(Some(Mms), "mms:logs:read", LOOKUP, Unlimited, "/mms/2/logs?limit=1"),
        nothing(Mms, "mms:manage", "uploading content", NO_CALL),
        get(
            Some(WhatsApp),
            "whatsapp:manage",
            "listing templates",
            WhatsAppTemplates,
            "/whatsapp/1/templates?page=0&size=1",
        ),
        doubtful(WhatsApp, "whatsapp:message:send", "sending WhatsApp templates", EMPTY_SEND, ORDER),
        nothing(WhatsApp, "whatsapp:logs:read", "reading logs", "WhatsApp has no log that can be asked"),
        get(
            Some(Viber),
            "viber-bm:message:send",
            "sending Viber messages",
            Unlimited,
            "/viber/2/reports?limit=1&messageId=waypost-scope-check",
        ),
        get(Some(Viber), "viber-bm:logs:read", LOOKUP, Unlimited, "/viber/2/logs?limit=1"),
        nothing(Viber, "viber-bm:manage", "listing Viber templates", NO_CALL),
        get(
            Some(Rcs),
            "rcs:message:send",
            "sending RCS messages",
            Unlimited,
            "/rcs/2/reports?limit=1&messageId=waypost-scope-check",
        ),
        get(Some(Rcs), "rcs:manage", "listing RCS senders", RcsSenders, "/rcs/1/senders?page=0&size=1"),
        doubtful(Kakao, "kakao:message:send", "sending Kakao messages", KAKAO_REPORTS, EARLY_ACCESS),
        doubtful(Kakao, "kakao:logs:read", LOOKUP, Call::Get("/kakao-alim/1/logs?limit=1"), EARLY_ACCESS),
        nothing(Kakao, "kakao:manage", "managing Kakao senders", NO_CALL),
        get(
            Some(Omni),
            "omni-failover:manage",
            "verifying scenario keys",
            Unlimited,
            "/omni/1/scenarios?limit=1&page=0",
        ),
        nothing(
            Omni,
            "omni-failover:message:send",
            "sending by a scenario key",
            "no harmless call needs it alone; omni-failover:manage has it in it",
        ),
    ]
};

const BASE_URL: &str = "Base URL";
const API_KEY: &str = "API key";
const ACCOUNT_SCOPE: &str = "account-management:manage";

/// What the first call says of the account's credentials.
enum Credentials {
    Good,
    /// The key is good but may not read the balance.
    ScopeMissing,
    KeyRefused,
    KeyUnsendable(UnsendableKey),
    WrongUrl(String),
    /// Infobip is there, throttles or fails.
    NoAnswer(String),
}

impl Credentials {
    fn lines(self) -> Vec<CheckLine> {
        use CheckResult::{Failed, Missing, NotTested, Ok};
        let untested = |what| CheckLine::new(what, NotTested, "can be tested once what stands above is right");
        let url = || CheckLine::new(BASE_URL, Ok, "Infobip answers there");
        let key = || CheckLine::new(API_KEY, Ok, "Infobip accepts it");
        match self {
            Self::Good => vec![url(), key(), CheckLine::new(ACCOUNT_SCOPE, Ok, "needed for checking the key")],
            Self::ScopeMissing => {
                let detail = "needed for checking the key: add the scope to the API key";
                vec![url(), key(), CheckLine::new(ACCOUNT_SCOPE, Missing, detail)]
            }
            Self::KeyRefused => {
                let detail =
                    "Infobip refuses the API key (401): it is mistyped, expired, or not allowed from this address";
                vec![url(), CheckLine::new(API_KEY, Failed, detail), untested(ACCOUNT_SCOPE)]
            }
            Self::KeyUnsendable(problem) => vec![
                CheckLine::new(BASE_URL, NotTested, "can be tested once the API key is right"),
                CheckLine::new(API_KEY, Failed, problem.to_string()),
                untested(ACCOUNT_SCOPE),
            ],
            Self::WrongUrl(problem) => {
                let detail = format!("{problem}: it must be the account's own, such as https://xxxxx.api.infobip.com");
                vec![CheckLine::new(BASE_URL, Failed, detail), untested(API_KEY), untested(ACCOUNT_SCOPE)]
            }
            Self::NoAnswer(problem) => {
                let detail = format!("Infobip could not answer ({problem}): try again later");
                vec![CheckLine::new(BASE_URL, NotTested, detail), untested(API_KEY), untested(ACCOUNT_SCOPE)]
            }
        }
    }
}

impl AccountReader {
    /// Makes real calls with the account's credentials and says of each what is wrong with it. Scopes of families that
    /// are not `used` are not needed.
    pub(crate) async fn check(&self, account: &Account, used: Families) -> Vec<CheckLine> {
        let credentials = self.check_credentials(account).await;
        let is_usable = matches!(credentials, Credentials::Good | Credentials::ScopeMissing);
        let mut lines = credentials.lines();
        let mut silent = None;
        for probe in &PROBES {
            let line = |result, detail: String| CheckLine::new(probe.scope, result, detail);
            lines.push(match (probe.family, &silent) {
                (Some(family), _) if !used.has(family) => {
                    line(CheckResult::NotNeeded, format!("the account does not use {}", family.name()))
                }
                _ if !is_usable => {
                    line(CheckResult::NotTested, "can be tested once the API key is accepted".to_owned())
                }
                (_, Some(problem)) => {
                    line(CheckResult::NotTested, format!("for {}; not tried after: {problem}", probe.purpose))
                }
                (_, None) => match self.check_scope(account, probe).await {
                    Ok(line) => line,
                    Err(no_answer) => {
                        let detail = format!("for {}; {no_answer}", probe.purpose);
                        silent = Some(no_answer);
                        line(CheckResult::NotTested, detail)
                    }
                },
            });
        }
        lines
    }

    /// The balance call: it tells base URL, key and the account's scope apart.
    async fn check_credentials(&self, account: &Account) -> Credentials {
        match self.call(account, Endpoint::Unlimited, Call::Get("/account/1/balance")).await {
            Ok(answer) => match answer.status {
                200 if is_balance(&answer) => Credentials::Good,
                200 | 300..=399 | 404 => {
                    Credentials::WrongUrl(format!("what answers there is not Infobip (HTTP {})", answer.status))
                }
                401 => Credentials::KeyRefused,
                403 => Credentials::ScopeMissing,
                status => Credentials::NoAnswer(problem::of(status, &answer.body)),
            },
            Err(NoAnswer::Key(unsendable)) => Credentials::KeyUnsendable(unsendable),
            Err(NoAnswer::Unanswered(unanswered)) => Credentials::WrongUrl(unanswered.to_string()),
        }
    }

    async fn check_scope(&self, account: &Account, probe: &Probe) -> Result<CheckLine, NoAnswer> {
        let line = |result, detail: String| CheckLine::new(probe.scope, result, detail);
        let purpose = probe.purpose;
        let (endpoint, call, doubt) = match probe.tells {
            Tells::Call(endpoint, call) => (endpoint, call, None),
            Tells::Doubtful(call, doubt) => (Endpoint::Unlimited, call, Some(doubt)),
            Tells::Nothing(why) => return Ok(line(CheckResult::NotTested, format!("for {purpose}; {why}"))),
        };
        let doubt = doubt.map(|doubt| format!(" ({doubt})")).unwrap_or_default();
        let answer = self.call(account, endpoint, call).await?;
        Ok(match answer.status {
            403 => line(CheckResult::Missing, format!("needed for {purpose}: add the scope to the API key{doubt}")),
            401 => line(CheckResult::Failed, "Infobip refuses the API key (401)".to_owned()),
            408 | 429 | 500.. => {
                let problem = problem::of(answer.status, &answer.body);
                line(CheckResult::NotTested, format!("for {purpose}; Infobip could not answer ({problem})"))
            }
            _ => line(CheckResult::Ok, format!("needed for {purpose}{doubt}")),
        })
    }
}

fn is_balance(answer: &Answer) -> bool {
    serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok_and(|body| body.get("balance").is_some())
}

#[cfg(test)]
mod tests {
    use super::super::tests::reader;
    use super::*;
    use crate::domain::check::passed;
    use crate::domain::secret::Secret;
    use crate::infobip::client::tests::account;
    use crate::outbound::stub::{Received, Reply, Stub};

    async fn check_used(
        used: Families,
        answer: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> (Vec<CheckLine>, Vec<Received>) {
        let stub = Stub::answering(move |request| match request.target.as_str() {
            "/account/1/balance" => balance(),
            _ => answer(request),
        })
        .await;
        let lines = reader().check(&account(&stub.origin()), used).await;
        (lines, stub.requests())
    }

    /// The checklist when the first call is answered so, and no other is.
    async fn check_first(reply: Reply) -> Vec<CheckLine> {
        reader().check(&account(&Stub::start(vec![reply]).await.origin()), Families::MANUAL).await
    }

    fn results(lines: &[CheckLine]) -> Vec<(&str, CheckResult)> {
        lines.iter().map(|line| (&*line.what, line.result)).collect()
    }

    #[track_caller]
    fn line<'a>(lines: &'a [CheckLine], what: &str) -> &'a CheckLine {
        lines.iter().find(|line| line.what == what).unwrap()
    }

    fn balance() -> Reply {
        Reply::json(200, r#"{"balance":47.79,"currency":"EUR"}"#)
    }

    fn everything() -> Families {
        use Family::{Kakao, Mms, Omni, Rcs, Sms, Viber, WhatsApp};
        [Sms, Mms, WhatsApp, Viber, Rcs, Kakao, Omni].into_iter().collect()
    }

    /// As an account with every scope answers.
    fn fine(request: &Received) -> Reply {
        match request.target.as_str() {
            "/whatsapp/1/message/template" => Reply::json(400, r#"{"requestError":{}}"#),
            _ => Reply::json(200, r#"{"results":[]}"#),
        }
    }

    #[tokio::test]
    async fn the_whole_list_is_present_where_a_call_can_tell() {
        use CheckResult::{NotTested, Ok};
        let (lines, requests) = check_used(everything(), fine).await;
        let expected = [
            ("Base URL", Ok),
            ("API key", Ok),
            ("account-management:manage", Ok),
            ("numbers:manage", Ok),
            ("sms:message:send", Ok),
            ("sms:logs:read", Ok),
            ("sms:manage", Ok),
            ("mms:message:send", Ok),
            ("mms:logs:read", Ok),
            ("mms:manage", NotTested),
            ("whatsapp:manage", Ok),
            ("whatsapp:message:send", Ok),
            ("whatsapp:logs:read", NotTested),
            ("viber-bm:message:send", Ok),
            ("viber-bm:logs:read", Ok),
            ("viber-bm:manage", NotTested),
            ("rcs:message:send", Ok),
            ("rcs:manage", Ok),
            ("kakao:message:send", Ok),
            ("kakao:logs:read", Ok),
            ("kakao:manage", NotTested),
            ("omni-failover:manage", Ok),
            ("omni-failover:message:send", NotTested),
        ];
        assert_eq!(results(&lines), expected);
        assert!(passed(&lines));
        // Nothing is sent, and no report is taken away from anybody.
        for request in &requests {
            let is_post = request.method == "POST";
            assert_eq!(is_post, ["/sms/1/preview", "/whatsapp/1/message/template"].contains(&request.target.as_str()));
            assert!(!request.target.contains("/reports") || request.target.contains("messageId=waypost-scope-check"));
        }
        let empty_send = requests.iter().find(|request| request.target.ends_with("/template")).unwrap();
        assert_eq!(empty_send.body, r#"{"messages":[]}"#);
        assert!(line(&lines, "whatsapp:message:send").detail.contains("not confirmed"));
    }

    #[tokio::test]
    async fn the_manuals_list_is_whole() {
        let own: Vec<_> = PROBES.iter().map(|probe| probe.scope).chain([ACCOUNT_SCOPE]).collect();
        for channel in ["whatsapp", "viber-bm", "sms", "mms", "kakao"] {
            for right in ["logs:read", "manage", "message:send"] {
                assert!(own.contains(&format!("{channel}:{right}").as_str()), "{channel}:{right}");
            }
        }
        for scope in ["rcs:manage", "rcs:message:send", "numbers:manage", "account-management:manage"] {
            assert!(own.contains(&scope), "{scope}");
        }
        assert_eq!(own.iter().collect::<std::collections::BTreeSet<_>>().len(), own.len());
    }

    #[tokio::test]
    async fn a_scope_is_missing_only_where_its_channel_is_used() {
        use CheckResult::{Missing, NotNeeded, NotTested, Ok};
        let sms_key =
            |request: &Received| match request.target.starts_with("/sms/") || request.target.starts_with("/numbers/") {
                true => Reply::json(200, "{}"),
                false => Reply::json(403, r#"{"errorCode":"E403"}"#),
            };
        let (lines, requests) = check_used([Family::Sms].into_iter().collect(), sms_key).await;
        assert!(passed(&lines), "{lines:?}");
        assert_eq!(requests.len(), 5, "what is not needed is not tried");
        for line in &lines[7..] {
            assert_eq!(line.result, NotNeeded, "{line:?}");
        }
        assert!(lines[..7].iter().all(|line| line.result == Ok), "{lines:?}");

        let (lines, _) = check_used(everything(), sms_key).await;
        assert!(!passed(&lines));
        for line in &lines[7..] {
            let is_told =
                !["mms:manage", "whatsapp:logs:read", "viber-bm:manage", "kakao:manage", "omni-failover:message:send"]
                    .contains(&line.what.as_str());
            assert_eq!(line.result, if is_told { Missing } else { NotTested }, "{line:?}");
        }
        assert!(line(&lines, "kakao:message:send").detail.contains("early access"));
        let (lines, _) = check_used(Families::MANUAL, sms_key).await;
        assert_eq!(line(&lines, "omni-failover:manage").result, NotNeeded);
    }

    #[tokio::test]
    async fn a_probe_without_a_clear_answer_is_not_tested() {
        for (reply, part) in [
            (Reply::json(429, ""), "HTTP 429"),
            (Reply::json(500, "<html>"), "HTTP 500"),
            (Reply::json(503, r#"{"errorCode":"E503"}"#), "HTTP 503 E503"),
        ] {
            let (lines, _) =
                check_used(Families::MANUAL, move |request| match request.target.starts_with("/sms/3/logs") {
                    true => reply.clone(),
                    false => fine(request),
                })
                .await;
            let logs = line(&lines, "sms:logs:read");
            assert!(logs.result == CheckResult::NotTested && logs.detail.contains(part), "{logs:?}");
            assert_eq!(line(&lines, "sms:manage").result, CheckResult::Ok);
        }
    }

    #[tokio::test]
    async fn after_a_probe_without_any_answer_none_is_tried() {
        for reply in [Reply::Stall, Reply::Close] {
            let (lines, requests) = check_used(Families::MANUAL, move |request| match request.target.as_str() {
                "/sms/3/logs?limit=1" => reply.clone(),
                _ => fine(request),
            })
            .await;
            assert_eq!(requests.len(), 4);
            assert_eq!(line(&lines, "sms:message:send").result, CheckResult::Ok);
            for line in &lines[5..] {
                let expected = match line.what.starts_with("omni") {
                    true => CheckResult::NotNeeded,
                    false => CheckResult::NotTested,
                };
                assert_eq!(line.result, expected, "{line:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_refused_key_and_a_wrong_address_are_told_apart() {
        use CheckResult::{Failed, Missing, NotNeeded, NotTested, Ok};
        let lines = check_first(Reply::json(401, r#"{"errorCode":"E401"}"#)).await;
        assert_eq!(
            results(&lines)[..3],
            [("Base URL", Ok), ("API key", Failed), ("account-management:manage", NotTested)]
        );
        for wrong in
            [Reply::with(404, &[], "<html>"), Reply::json(200, "{}"), Reply::with(302, &[("Location", "x")], "")]
        {
            let lines = check_first(wrong).await;
            assert_eq!(results(&lines)[..2], [("Base URL", Failed), ("API key", NotTested)]);
        }
        let lines = reader().check(&account("http://127.0.0.1:1"), Families::MANUAL).await;
        assert_eq!(results(&lines)[..2], [("Base URL", Failed), ("API key", NotTested)]);
        let lines = check_first(Reply::json(503, "")).await;
        assert!(lines.iter().all(|line| [NotTested, NotNeeded].contains(&line.result)), "{lines:?}");
        let unsendable = Account { api_key: Secret::new("a\nb"), ..account("http://127.0.0.1:1") };
        let lines = reader().check(&unsendable, Families::MANUAL).await;
        assert_eq!(results(&lines)[..2], [("Base URL", NotTested), ("API key", Failed)]);
        let lines = check_first(Reply::json(403, "")).await;
        assert_eq!(results(&lines)[1..3], [("API key", Ok), ("account-management:manage", Missing)]);
    }
}
