//! The checklist of *Authorize*: real calls with the tenant's credentials, and for each credential, scope and address
//! whether it is right (spec T1).

use super::client::SfmcClient;
use super::data_extension;
use super::rest::RestError;
use super::soap::SoapError;
use super::token::{Token, TokenError};
use crate::domain::check::{CheckLine, CheckResult};
use crate::domain::tenant::Tenant;

/// The scopes that Waypost needs (sfmc.md 5), and what for.
const SCOPES: [(&str, &str); 4] = [
    ("data_extensions_read", "reading report rows and checking the data extensions"),
    ("data_extensions_write", "writing report rows and creating the data extensions"),
    ("journeys_read", "journey names and states"),
    ("list_and_subscribers_read", "firing Wait Until Events"),
];

impl SfmcClient {
    /// Makes real calls with the tenant's credentials and says of each what is wrong with it (spec T1).
    pub(crate) async fn check(&self, tenant: &Tenant) -> Vec<CheckLine> {
        self.tokens.forget(tenant.mid);
        let token = match self.tokens.get(tenant).await {
            Ok(token) => token,
            Err(error) => return without_token(&error),
        };
        let mut lines = vec![
            CheckLine::new("Auth origin", CheckResult::Ok, "SFMC's token service answers there"),
            CheckLine::new("Client id and client secret", CheckResult::Ok, "SFMC gave a token for them"),
        ];
        lines.push(self.check_mid(tenant).await);
        lines.extend(SCOPES.iter().map(|(scope, purpose)| scope_line(&token, scope, purpose)));
        lines.push(self.check_soap(tenant, &token).await);
        lines.push(self.check_rest(tenant).await);
        lines
    }

    async fn check_mid(&self, tenant: &Tenant) -> CheckLine {
        match self.rest().token_mid(tenant).await {
            Some(mid) if mid != tenant.mid => CheckLine::new(
                "MID",
                CheckResult::Failed,
                format!("the token acts for business unit {mid}, not {}: correct the MID", tenant.mid),
            ),
            Some(_) => CheckLine::new("MID", CheckResult::Ok, "the token acts for this business unit"),
            None => CheckLine::new("MID", CheckResult::Ok, "SFMC gave a token for this business unit"),
        }
    }

    /// Asks for an extension of ours: what counts is that the question is answered.
    async fn check_soap(&self, tenant: &Tenant, token: &Token) -> CheckLine {
        let key = crate::domain::extension::SMS_DELIVERY_REPORTS.external_key;
        match data_extension::exists(&self.soap(), tenant, key).await {
            Ok(_) => CheckLine::new("SOAP origin", CheckResult::Ok, "SFMC's SOAP service answers there"),
            Err(SoapError::Refused { said }) => {
                let detail = format!("SFMC's SOAP service answers but refuses to list data extensions: {said}");
                CheckLine::new("SOAP origin", CheckResult::Missing, detail)
            }
            Err(error) => {
                let named = token.soap_origin.as_deref().filter(|origin| *origin != tenant.sfmc.soap_origin);
                let hint = named.map(|origin| format!("; SFMC itself names {origin}")).unwrap_or_default();
                CheckLine::new("SOAP origin", CheckResult::Failed, format!("{error}{hint}"))
            }
        }
    }

    async fn check_rest(&self, tenant: &Tenant) -> CheckLine {
        match self.rest().probe_journeys(tenant).await {
            Ok(()) => CheckLine::new("REST origin", CheckResult::Ok, "SFMC's REST service answers there"),
            Err(error @ RestError::Forbidden { .. }) => {
                CheckLine::new("REST origin", CheckResult::Missing, format!("journeys_read: {error}"))
            }
            Err(error) => CheckLine::new("REST origin", CheckResult::Failed, error.to_string()),
        }
    }
}

fn scope_line(token: &Token, scope: &str, purpose: &str) -> CheckLine {
    if token.scopes.is_empty() {
        CheckLine::new(scope, CheckResult::NotTested, "SFMC did not say which scopes the package has")
    } else if token.has_scope(scope) {
        CheckLine::new(scope, CheckResult::Ok, format!("needed for {purpose}"))
    } else {
        let detail = format!("needed for {purpose}: add it to the installed package's API integration");
        CheckLine::new(scope, CheckResult::Missing, detail)
    }
}

/// The checklist when no token came: the line that is to blame says why, the others were not tested.
fn without_token(error: &TokenError) -> Vec<CheckLine> {
    let blamed = match error {
        TokenError::Unreachable { .. }
        | TokenError::WrongAddress { .. }
        | TokenError::Throttled { .. }
        | TokenError::Unavailable { .. } => 0,
        TokenError::InvalidClient { .. } | TokenError::InvalidScope { .. } | TokenError::Forbidden { .. } => 1,
        TokenError::InvalidRequest { .. } => 2,
    };
    let credentials = ["Auth origin", "Client id and client secret", "MID"];
    let rest = SCOPES.iter().map(|(scope, _)| *scope).chain(["SOAP origin", "REST origin"]);
    let line = |(index, what): (usize, &str)| match index.cmp(&blamed) {
        std::cmp::Ordering::Equal => CheckLine::new(what, CheckResult::Failed, error.to_string()),
        std::cmp::Ordering::Less if index == 0 => {
            CheckLine::new(what, CheckResult::Ok, "SFMC's token service answers there")
        }
        _ => CheckLine::new(what, CheckResult::NotTested, "can be tested once there is a token"),
    };
    credentials.into_iter().chain(rest).enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::stub::{Reply, Stub};
    use crate::sfmc::client::tests::{client, soap, tenant, token};

    fn results(lines: &[CheckLine]) -> Vec<(&str, CheckResult)> {
        lines.iter().map(|line| (&*line.what, line.result)).collect()
    }

    #[tokio::test]
    async fn the_checklist_of_a_good_tenant_is_all_ok() {
        let context = Reply::json(200, r#"{"organization":{"id":510001234}}"#);
        let stub = Stub::start(vec![token(), context, soap("", "OK"), Reply::json(200, "{}")]).await;
        let lines = client().check(&tenant(&stub.origin())).await;
        assert_eq!(lines.len(), 9);
        assert!(lines.iter().all(|line| line.result == CheckResult::Ok), "{lines:?}");
    }

    #[tokio::test]
    async fn the_checklist_names_each_wrong_credential_and_scope() {
        use CheckResult::{Failed, Missing, NotTested, Ok};
        let scopes = Reply::json(200, r#"{"access_token":"t","expires_in":1079,"scope":"data_extensions_read"}"#);
        let context = Reply::json(200, r#"{"organization":{"id":"7"}}"#);
        let forbidden = Reply::json(403, r#"{"message":"Insufficient privileges"}"#);
        let stub = Stub::start(vec![scopes, context, Reply::with(404, &[], "<html>"), forbidden]).await;
        let lines = client().check(&tenant(&stub.origin())).await;
        let expected = [
            ("Auth origin", Ok),
            ("Client id and client secret", Ok),
            ("MID", Failed),
            ("data_extensions_read", Ok),
            ("data_extensions_write", Missing),
            ("journeys_read", Missing),
            ("list_and_subscribers_read", Missing),
            ("SOAP origin", Failed),
            ("REST origin", Missing),
        ];
        assert_eq!(results(&lines), expected);

        let refused = Reply::json(401, r#"{"error":"invalid_client","error_description":"Invalid client"}"#);
        let stub = Stub::start(vec![refused]).await;
        let lines = client().check(&tenant(&stub.origin())).await;
        assert_eq!(
            results(&lines)[..3],
            [("Auth origin", Ok), ("Client id and client secret", Failed), ("MID", NotTested)]
        );
        let lines = client().check(&tenant("http://127.0.0.1:1")).await;
        assert_eq!(results(&lines)[..2], [("Auth origin", Failed), ("Client id and client secret", NotTested)]);
        for line in lines {
            assert!(!line.detail.contains("s3cret"));
        }
    }
}
