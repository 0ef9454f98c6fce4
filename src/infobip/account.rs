//! The checklist of *Connect*: is the base URL right, the key valid, which scopes does it have (spec T2; infobip.md 11)?
//!
//! Every call is one that sends and consumes nothing: 403 means that the scope is missing, anything else that it is there.

use super::client::{BODY_BYTES_MAX, InfobipClient};
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

impl InfobipClient {
    /// Makes real calls with the account's credentials and says of each what is wrong with it.
    pub(crate) async fn check(&self, account: &Account) -> Vec<CheckLine> {
        let mut lines = Vec::with_capacity(PROBES.len() + 3);
        let is_usable = self.check_credentials(account, &mut lines).await;
        for probe in &PROBES {
            lines.push(if is_usable {
                self.check_scope(account, probe).await
            } else {
                CheckLine::new(probe.scope, CheckResult::NotTested, "can be tested once the API key is accepted")
            });
        }
        lines
    }

    /// The balance call: it tells base URL, key and the account scope apart. Answers whether the key can be used.
    async fn check_credentials(&self, account: &Account, lines: &mut Vec<CheckLine>) -> bool {
        let answer = self.probe(account, &Call::Get("/account/1/balance")).await;
        let wrong_url = |problem: String| {
            format!("{problem}: the base URL must be the account's own, such as https://xxxxx.api.infobip.com")
        };
        let (url, key, scope) = match &answer {
            Ok(answer) => match answer.status {
                200 if is_balance(answer) => (Ok(()), Ok(()), Ok(())),
                200 | 300..=399 | 404 => (
                    Err(wrong_url(format!("what answers there is not Infobip (HTTP {})", answer.status))),
                    Err(None),
                    Err(None),
                ),
                401 => {
                    let detail =
                        "Infobip refuses the API key (401): it is mistyped, expired, or not allowed from this address";
                    (Ok(()), Err(Some(detail.to_owned())), Err(None))
                }
                403 => (Ok(()), Ok(()), Err(Some("Infobip says 403: add the scope to the API key".to_owned()))),
                status => {
                    let detail = format!("Infobip could not answer ({}): try again", problem::of(status, &answer.body));
                    (Ok(()), Err(Some(detail)), Err(None))
                }
            },
            Err(Unanswered::NotBuilt) => {
                (Err(wrong_url("the address can't be called".to_owned())), Err(None), Err(None))
            }
            Err(unanswered) => (Err(wrong_url(unanswered.to_string())), Err(None), Err(None)),
        };
        let untested = "can be tested once what stands above is right";
        lines.push(match url {
            Ok(()) => CheckLine::new(BASE_URL, CheckResult::Ok, "Infobip answers there"),
            Err(detail) => CheckLine::new(BASE_URL, CheckResult::Failed, detail),
        });
        let is_usable = key.is_ok();
        lines.push(match key {
            Ok(()) => CheckLine::new(API_KEY, CheckResult::Ok, "Infobip accepts it"),
            Err(Some(detail)) => CheckLine::new(API_KEY, CheckResult::Failed, detail),
            Err(None) => CheckLine::new(API_KEY, CheckResult::NotTested, untested),
        });
        lines.push(match scope {
            Ok(()) => CheckLine::new(ACCOUNT_SCOPE, CheckResult::Ok, "needed for checking the key"),
            Err(Some(detail)) => CheckLine::new(ACCOUNT_SCOPE, CheckResult::Missing, detail),
            Err(None) => CheckLine::new(ACCOUNT_SCOPE, CheckResult::NotTested, untested),
        });
        is_usable
    }

    async fn check_scope(&self, account: &Account, probe: &Probe) -> CheckLine {
        let line = |result, detail: String| CheckLine::new(probe.scope, result, detail);
        let purpose = probe.purpose;
        match self.probe(account, &probe.call).await {
            Err(unanswered) => line(CheckResult::NotTested, format!("for {purpose}; {unanswered}")),
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

    async fn probe(&self, account: &Account, call: &Call) -> Result<Answer, Unanswered> {
        let request = match call {
            Call::Get(target) => self.get(account, target),
            Call::Post(path, body) => self.post(account, path, body.as_bytes().to_vec()),
        };
        // `Retry-After` is not used here, so the time of the call does not matter.
        outbound::exchange(request?, BODY_BYTES_MAX, Timestamp::ZERO).await
    }
}

fn is_balance(answer: &Answer) -> bool {
    serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok_and(|body| body.get("balance").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let lines = check(vec![Reply::json(403, "")]).await;
        assert_eq!(results(&lines)[1..3], [("API key", Ok), ("account-management:manage", Missing)]);
    }
}
