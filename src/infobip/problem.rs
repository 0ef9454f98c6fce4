//! Error answers, in both of Infobip's shapes or none (infobip.md 1.5), as one line for people.
//!
//! The line is made of the status, Infobip's code and the names of the offending properties: its sentences may quote
//! a recipient or a text, so none of them is kept.

use serde::Deserialize;
use serde_json::Value;

/// Property names in one problem.
const PROPERTIES_MAX: usize = 5;
/// Longest property path or code that is kept, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// Digits in a row that are still an index or a code; more may be a phone number.
const DIGIT_RUN_MAX: usize = 5;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Wire {
    error_code: Option<String>,
    violations: Vec<Violation>,
    request_error: Option<RequestError>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Violation {
    property: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct RequestError {
    service_exception: ServiceException,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ServiceException {
    message_id: Option<String>,
    validation_errors: Option<Value>,
}

/// `HTTP 400 E400: messages[0].content.text`, as much of it as the body gives.
pub(super) fn of(status: u16, body: &[u8]) -> String {
    let wire: Wire = serde_json::from_slice(body).unwrap_or_default();
    let exception = wire.request_error.unwrap_or_default().service_exception;
    let mut problem = format!("HTTP {status}");
    if let Some(code) = wire.error_code.or(exception.message_id).filter(|code| is_name(code)) {
        problem.push(' ');
        problem.push_str(&code);
    }
    let legacy = match exception.validation_errors {
        Some(Value::Object(errors)) => errors.into_iter().map(|(property, _)| property).collect(),
        _ => Vec::new(),
    };
    let properties = wire.violations.into_iter().filter_map(|violation| violation.property).chain(legacy);
    let properties = properties.filter(|name| is_name(name)).take(PROPERTIES_MAX).collect::<Vec<_>>();
    if !properties.is_empty() {
        problem.push_str(": ");
        problem.push_str(&properties.join(", "));
    }
    problem
}

/// A code or a property path, and surely nothing else.
fn is_name(text: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"._[]-".contains(&b);
    let longest_run = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_part) && longest_run <= DIGIT_RUN_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(status: u16, body: &str, expected: &str) {
        assert_eq!(of(status, body.as_bytes()), expected);
    }

    #[test]
    fn both_shapes_and_none_are_read() {
        check(
            400,
            r#"{"errorCode":"E400","description":"to 385911234567","violations":[{"property":"messages[0].content.text","violation":"'Hi Ann' must not be blank"}]}"#,
            "HTTP 400 E400: messages[0].content.text",
        );
        check(
            400,
            r#"{"requestError":{"serviceException":{"messageId":"BAD_REQUEST","text":"Bad request","validationErrors":{"content.text":["x"],"to":"385911234567"}}}}"#,
            "HTTP 400 BAD_REQUEST: content.text, to",
        );
        check(
            401,
            r#"{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","validationErrors":"x"}}}"#,
            "HTTP 401 UNAUTHORIZED",
        );
        check(
            400,
            r#"{"requestError":{"serviceException":{"messageId":"BAD_REQUEST","text":"Bad request","validationErrors":{"content.templateData.header.mediaUrl":["is not a valid url","must not be blank"],"kakaoAlim":{"text":["x"]}}}}}"#,
            "HTTP 400 BAD_REQUEST: content.templateData.header.mediaUrl, kakaoAlim",
        );
        check(
            429,
            r#"{"requestError":{"serviceException":{"messageId":"TOO_MANY_REQUESTS","text":"Too many"}}}"#,
            "HTTP 429 TOO_MANY_REQUESTS",
        );
        check(502, "<html>bad gateway</html>", "HTTP 502");
        check(500, "", "HTTP 500");
        check(
            400,
            r#"{"errorCode":"E400","violations":[{"property":"to 385911234567"},{"property":"x385911234567"}]}"#,
            "HTTP 400 E400",
        );
    }

    proptest! {
        #[test]
        fn no_text_or_number_of_the_body_comes_through(body: Vec<u8>, text in "[a-z]+ [a-z]+", number in "[0-9]{7,15}") {
            of(400, &body);
            let body = serde_json::json!({
                "errorCode": &number, "description": &text,
                "violations": [{"property": &text, "violation": &number}, {"property": &number}],
            });
            let problem = of(400, body.to_string().as_bytes());
            prop_assert_eq!(problem, "HTTP 400");
        }
    }
}
