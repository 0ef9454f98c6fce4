//! The checklist of *Connect*: is the base URL right, the key valid, which scopes does it have (spec T2; infobip.md 11)?
//!
//! Every call is one that sends and consumes nothing: 403 means that the scope is missing, anything else that it is there.

use super::client::{BODY_BYTES_MAX, InfobipClient, UnsendableKey};
use super::problem;
use crate::clock::Timestamp;
use crate::domain::check::{CheckLine, CheckResult};
use crate::domain::tenant::Account;
use crate::outbound::{self, Answer, Unanswered};

/// One scope and the call that tells.
struct Probe {
    scope: &'static str,
    purpose: &'static str,
    call: Call,
}

enum Call {
    Get(&'static str),
    Post(&'static str, &'static str),
}

/// The scopes of the manual's list that Waypost uses now, besides the balance call that comes first.
const PROBES: [Probe; 4] = [
    Probe {
        scope: "numbers:manage",
        purpose: "offering the account's own numbers as senders",
        call: Call::Get("/numbers/1/numbers?limit=1"),
    },
    Probe {
        scope: "sms:message:send",
        purpose: "sending SMS",
        // Reports are handed out once: asked for by an id that was never given, none is taken away from anybody.
        call: Call::Get("/sms/3/reports?limit=1&messageId=waypost-scope-check"),
    },
    Probe {
        scope: "sms:logs:read",
        purpose: "finding out whether an SMS without an answer was sent",
        call: Call::Get("/sms/3/logs?limit=1"),
    },
    Probe { scope: "sms:manage", purpose: "SMS previews", call: Call::Post("/sms/1/preview", r#"{"text":"x"}"#) },
];

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

#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error(transparent)]
    Key(#[from] UnsendableKey),
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
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

impl InfobipClient {
    /// Makes real calls with the account's credentials and says of each what is wrong with it.
    pub(crate) async fn check(&self, account: &Account) -> Vec<CheckLine> {
        let credentials = self.check_credentials(account).await;
        let is_usable = matches!(credentials, Credentials::Good | Credentials::ScopeMissing);
        let mut lines = credentials.lines();
        for probe in &PROBES {
            lines.push(if is_usable {
                self.check_scope(account, probe).await
            } else {
                CheckLine::new(probe.scope, CheckResult::NotTested, "can be tested once the API key is accepted")
            });
        }
        lines
    }

    /// The balance call: it tells base URL, key and the account's scope apart.
    async fn check_credentials(&self, account: &Account) -> Credentials {
        match self.probe(account, &Call::Get("/account/1/balance")).await {
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

    async fn check_scope(&self, account: &Account, probe: &Probe) -> CheckLine {
        let line = |result, detail: String| CheckLine::new(probe.scope, result, detail);
        let purpose = probe.purpose;
        match self.probe(account, &probe.call).await {
            Err(no_answer) => line(CheckResult::NotTested, format!("for {purpose}; {no_answer}")),
            Ok(answer) => match answer.status {
                403 => line(CheckResult::Missing, format!("needed for {purpose}: add the scope to the API key")),
                401 => line(CheckResult::Failed, "Infobip refuses the API key (401)".to_owned()),
                429 | 500.. => {
                    let problem = problem::of(answer.status, &answer.body);
                    line(CheckResult::NotTested, format!("for {purpose}; Infobip could not answer ({problem})"))
                }
                _ => line(CheckResult::Ok, format!("needed for {purpose}")),
            },
        }
    }

    async fn probe(&self, account: &Account, call: &Call) -> Result<Answer, NoAnswer> {
        let request = match call {
            Call::Get(target) => self.get(account, target),
            Call::Post(path, body) => self.post(account, path, body.as_bytes().to_vec()),
        };
        // `Retry-After` is not used here, so the time of the call does not matter.
        Ok(outbound::exchange(request?, BODY_BYTES_MAX, Timestamp::ZERO).await?)
    }
}

fn is_balance(answer: &Answer) -> bool {
    serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok_and(|body| body.get("balance").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;
    use crate::infobip::client::tests::{account, client};
    use crate::outbound::stub::{Reply, Stub};

    async fn check(replies: Vec<Reply>) -> Vec<CheckLine> {
        client().check(&account(&Stub::start(replies).await.origin())).await
    }

    fn results(lines: &[CheckLine]) -> Vec<(&str, CheckResult)> {
        lines.iter().map(|line| (&*line.what, line.result)).collect()
    }

    fn balance() -> Reply {
        Reply::json(200, r#"{"balance":47.79,"currency":"EUR"}"#)
    }

    #[tokio::test]
    async fn each_scope_is_present_missing_or_not_tested() {
        use CheckResult::{Missing, NotTested, Ok};
        let ok = || Reply::json(200, r#"{"results":[]}"#);
        let forbidden = Reply::json(403, r#"{"errorCode":"E403"}"#);
        let lines = check(vec![balance(), ok(), forbidden, Reply::json(429, ""), Reply::json(400, "")]).await;
        let expected = [
            ("Base URL", Ok),
            ("API key", Ok),
            ("account-management:manage", Ok),
            ("numbers:manage", Ok),
            ("sms:message:send", Missing),
            ("sms:logs:read", NotTested),
            ("sms:manage", Ok),
        ];
        assert_eq!(results(&lines), expected);
    }

    #[tokio::test]
    async fn a_refused_key_and_a_wrong_address_are_told_apart() {
        use CheckResult::{Failed, Missing, NotTested, Ok};
        let lines = check(vec![Reply::json(401, r#"{"errorCode":"E401"}"#)]).await;
        assert_eq!(
            results(&lines)[..3],
            [("Base URL", Ok), ("API key", Failed), ("account-management:manage", NotTested)]
        );
        for wrong in
            [Reply::with(404, &[], "<html>"), Reply::json(200, "{}"), Reply::with(302, &[("Location", "x")], "")]
        {
            let lines = check(vec![wrong]).await;
            assert_eq!(results(&lines)[..2], [("Base URL", Failed), ("API key", NotTested)]);
        }
        let lines = client().check(&account("http://127.0.0.1:1")).await;
        assert_eq!(results(&lines)[..2], [("Base URL", Failed), ("API key", NotTested)]);
        let lines = check(vec![Reply::json(503, "")]).await;
        assert!(lines.iter().all(|line| line.result == NotTested), "{lines:?}");
        let unsendable = Account { api_key: Secret::new("a\nb"), ..account("http://127.0.0.1:1") };
        assert_eq!(results(&client().check(&unsendable).await)[..2], [("Base URL", NotTested), ("API key", Failed)]);
        let lines = check(vec![Reply::json(403, "")]).await;
        assert_eq!(results(&lines)[1..3], [("API key", Ok), ("account-management:manage", Missing)]);
    }
}
