//! WhatsApp templates (infobip.md 4.2), read tolerantly: what a template lacks or has too much makes it another one in
//! the list, never an error of the list.

use serde_json::Value;

use super::pace::Endpoint;
use super::{AccountReader, Call, Paging, entries, name, segment};
use crate::domain::tenant::Account;
use crate::domain::whatsapp_template::{Button, Header, Structure, Template};
use crate::listings::ListingFailure;

const SCOPE: &str = "whatsapp:manage";
/// Templates of one page, the most that Infobip gives.
const PAGE_SIZE: usize = 100;
/// Meta lets a business have 6000 templates.
const PAGES_MAX: usize = 60;
/// Longest body, footer or URL that is kept, in characters; a body has at most 1024.
const TEXT_CHARS_MAX: usize = 4_096;
/// Buttons of one template; WhatsApp allows ten.
const BUTTONS_MAX: usize = 20;

/// The sender's own list, else the account's, which takes the sender as a filter.
pub(super) async fn of_sender(
    reader: &AccountReader,
    account: &Account,
    sender: &str,
) -> Result<Vec<Template>, ListingFailure> {
    let sender = segment(sender);
    let target = format!("/whatsapp/2/senders/{sender}/templates");
    match reader.read(account, Endpoint::Unlimited, Call::Get(&target), SCOPE).await {
        Ok(answer) => {
            let list = entries(&answer, &["templates", "results"]).ok_or(ListingFailure::Unreadable { status: 200 })?;
            Ok(list.iter().filter_map(template).collect())
        }
        Err(ListingFailure::NotFound) => of_account(reader, account, &sender).await,
        Err(failure) => Err(failure),
    }
}

async fn of_account(reader: &AccountReader, account: &Account, sender: &str) -> Result<Vec<Template>, ListingFailure> {
    let paging = Paging {
        endpoint: Endpoint::WhatsAppTemplates,
        scope: SCOPE,
        members: &["results", "templates"],
        size: PAGE_SIZE,
        pages_max: PAGES_MAX,
    };
    let path = |page| format!("/whatsapp/1/templates?sender={sender}&page={page}&size={PAGE_SIZE}");
    let pages = reader.pages(account, paging, path, None).await?;
    Ok(pages.entries.iter().filter_map(template).collect())
}

/// `None` without name or language: no message could be sent by it.
fn template(wire: &Value) -> Option<Template> {
    let structure = wire.get("structure").map(structure).unwrap_or_default();
    Some(Template {
        name: name(wire, "name")?,
        language: name(wire, "language")?,
        status: code(wire, "status"),
        category: code(wire, "category"),
        structure,
    })
}

fn structure(wire: &Value) -> Structure {
    let is_there = |member: &str| wire.get(member).is_some_and(|value| !value.is_null());
    let header = wire.get("header").filter(|header| header.is_object());
    let buttons = wire.get("buttons").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Structure {
        kind: code(wire, "type"),
        header: header.map(|header| Header { format: code(header, "format"), text: text(header, "text") }),
        body: worded(wire, "body"),
        footer: worded(wire, "footer"),
        buttons: buttons.iter().take(BUTTONS_MAX).map(button).collect(),
        has_carousel: is_there("carousel"),
        has_limited_time_offer: is_there("limitedTimeOffer"),
    }
}

fn button(wire: &Value) -> Button {
    Button { kind: code(wire, "type"), text: name(wire, "text").unwrap_or_default(), url: text(wire, "url") }
}

/// An enum's value as it came; empty when there is none.
fn code(wire: &Value, member: &str) -> String {
    name(wire, member).unwrap_or_default()
}

fn text(wire: &Value, member: &str) -> Option<String> {
    let text = wire.get(member)?.as_str()?;
    // Lines of a body are its own; other control characters would only disturb whoever shows it.
    let kept = text.chars().filter(|c| !c.is_control() || *c == '\n').take(TEXT_CHARS_MAX);
    Some(kept.collect::<String>()).filter(|text| !text.is_empty())
}

/// `{"text": …}`, or the text alone, as older listings have it.
fn worded(wire: &Value, member: &str) -> Option<String> {
    text(wire.get(member)?, "text").or_else(|| text(wire, member))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::reader;
    use super::*;
    use crate::domain::whatsapp_template::{ButtonParameter, HeaderWant, NotOffered};
    use crate::infobip::client::tests::account;
    use crate::listings::AccountListings as _;
    use crate::outbound::stub::{Reply, Stub};

    const SENDER: &str = "385915550000";

    async fn read(replies: Vec<Reply>) -> (Result<Vec<Template>, ListingFailure>, Vec<String>) {
        let stub = Stub::start(replies).await;
        let read = reader().templates(&account(&stub.origin()), SENDER).await;
        (read, stub.requests().into_iter().map(|request| request.target).collect())
    }

    fn named(names: std::ops::Range<usize>) -> Vec<Value> {
        names.map(|n| json!({"name": format!("t{n}"), "language": "en"})).collect()
    }

    #[tokio::test]
    async fn a_template_is_read_with_all_that_a_message_must_fill_in() {
        let body = json!({"templates": [{
            "id": "111", "businessAccountId": 222, "name": "order_update", "language": "en_GB", "status": "APPROVED",
            "category": "UTILITY", "subCategory": "ORDER_STATUS", "quality": "HIGH",
            "structure": {
                "type": "MEDIA",
                "header": {"format": "IMAGE", "example": "https://cdn.example/h.jpg"},
                "body": {"text": "Hi {{1}},\norder {{2}}", "examples": ["Ann", "A-1"]},
                "footer": {"text": "ACME"},
                "buttons": [
                    {"type": "PHONE_NUMBER", "text": "Call", "phoneNumber": "385911234567"},
                    {"type": "URL", "text": "Track", "url": "https://shop.example/{{1}}"},
                ],
            },
        }]});
        let (read, asked) = read(vec![Reply::json(200, &body.to_string())]).await;
        let template = read.unwrap().remove(0);
        assert_eq!(asked, ["/whatsapp/2/senders/385915550000/templates"]);
        assert_eq!((&*template.name, &*template.language, &*template.category), ("order_update", "en_GB", "UTILITY"));
        assert_eq!(template.structure.body.as_deref(), Some("Hi {{1}},\norder {{2}}"));
        assert_eq!(template.structure.footer.as_deref(), Some("ACME"));
        assert!(template.is_offered());
        let wanted = template.wanted();
        assert_eq!((wanted.body_placeholders, wanted.header), (2, HeaderWant::Image));
        assert_eq!((wanted.buttons[0].index, wanted.buttons[0].parameter), (1, ButtonParameter::UrlSuffix));
    }

    #[tokio::test]
    async fn odd_templates_are_read_as_far_as_they_go() {
        let body = json!({"templates": [
            {"name": "bare", "language": "en"},
            {"name": "otp", "language": "en", "status": "APPROVED", "category": "AUTHENTICATION",
             "structure": {"type": "TEXT", "body": {"addSecurityRecommendation": true}, "footer": null, "buttons": null}},
            {"name": "new", "language": "en", "status": "SOMETHING_NEW", "structure": {"type": 7, "header": "x", "buttons": [1, {}]}},
            {"name": "old", "language": "en", "status": "APPROVED", "structure": {"type": "TEXT", "body": "Hi {{1}}"}},
            {"name": "cards", "language": "en", "status": "APPROVED", "structure": {"type": "MEDIA", "carousel": {"cards": []}}},
            {"name": "offer", "language": "en", "status": "APPROVED",
             "structure": {"type": "MEDIA", "carousel": null, "limitedTimeOffer": {"text": "x"}}},
            {"language": "en"}, {"name": "", "language": "en"}, {"name": "no_language"}, null, 7, "x",
        ]});
        let (read, _) = read(vec![Reply::json(200, &body.to_string())]).await;
        let read = read.unwrap();
        let reasons: Vec<_> = read.iter().map(|template| (&*template.name, template.not_offered())).collect();
        let expected = [
            ("bare", Some(NotOffered::Status("not given".into()))),
            ("otp", None),
            ("new", Some(NotOffered::Status("SOMETHING_NEW".into()))),
            ("old", None),
            ("cards", Some(NotOffered::Part("carousel"))),
            ("offer", Some(NotOffered::Part("limited-time offer"))),
        ];
        assert_eq!(reasons, expected);
        assert_eq!((read[1].structure.body.as_deref(), read[1].wanted().body_placeholders), (None, 0));
        assert_eq!((read[3].structure.body.as_deref(), read[3].wanted().body_placeholders), (Some("Hi {{1}}"), 1));
        assert_eq!(read[2].structure.kind, "7");
    }

    #[tokio::test]
    async fn the_accounts_list_stands_in_and_is_read_page_by_page() {
        let page = |names| Reply::json(200, &json!({"results": named(names), "paging": {"totalPages": 3}}).to_string());
        let not_found = Reply::json(404, r#"{"requestError":{}}"#);
        let (read, asked) = read(vec![not_found.clone(), page(0..100), page(100..200), page(200..201)]).await;
        assert_eq!(read.unwrap().len(), 201);
        assert_eq!(asked[1], "/whatsapp/1/templates?sender=385915550000&page=0&size=100");
        assert_eq!(asked[3], "/whatsapp/1/templates?sender=385915550000&page=2&size=100");
        assert_eq!(asked.len(), 4);
        let (unknown, _) = self::read(vec![not_found.clone(), not_found]).await;
        assert_eq!(unknown, Err(ListingFailure::NotFound));
    }

    #[tokio::test]
    async fn a_listing_without_end_is_cut() {
        let stub = Stub::answering(|request| match request.target.starts_with("/whatsapp/2") {
            true => Reply::json(404, ""),
            false => {
                Reply::json(200, r#"{"results":[{"name":"t","language":"en"}],"paging":{"totalPages":1000000000}}"#)
            }
        })
        .await;
        let read = reader().templates(&account(&stub.origin()), SENDER).await;
        assert_eq!(read.unwrap().len(), PAGES_MAX);
        assert_eq!(stub.requests().len(), PAGES_MAX + 1);
    }

    #[tokio::test]
    async fn an_empty_list_is_a_list() {
        for body in [r#"{"templates":[]}"#, r#"{"templates":[],"paging":{"page":0}}"#, r#"{"results":[]}"#] {
            assert_eq!(read(vec![Reply::json(200, body)]).await.0, Ok(Vec::new()), "{body}");
        }
    }

    #[tokio::test]
    async fn each_failure_says_what_it_is_and_nothing_of_the_answer() {
        let quoting =
            r#"{"requestError":{"serviceException":{"messageId":"GENERAL_ERROR","text":"385911234567 Hi Ann"}}}"#;
        let no_answer = |problem: &str| ListingFailure::NoAnswer { problem: problem.into() };
        for (reply, expected, is_passing) in [
            (Reply::json(401, quoting), ListingFailure::KeyRefused, false),
            (Reply::json(403, quoting), ListingFailure::ScopeMissing { scope: "whatsapp:manage" }, false),
            (Reply::json(400, quoting), ListingFailure::Refused { problem: "HTTP 400 GENERAL_ERROR".into() }, false),
            (Reply::json(429, quoting), ListingFailure::Throttled, true),
            (Reply::json(500, quoting), no_answer("HTTP 500 GENERAL_ERROR"), true),
            (Reply::json(503, "<html>385911234567"), no_answer("HTTP 503"), true),
            (Reply::with(200, &[], "<html>385911234567"), ListingFailure::Unreadable { status: 200 }, true),
            (Reply::json(200, r#"{"templates":"x"}"#), ListingFailure::Unreadable { status: 200 }, true),
            (Reply::json(200, "[]"), ListingFailure::Unreadable { status: 200 }, true),
            (
                Reply::with(302, &[("Location", "https://x.example/")], ""),
                ListingFailure::Unreadable { status: 302 },
                true,
            ),
            (Reply::Stall, no_answer("no answer within the time limit"), true),
            (Reply::Close, no_answer("the connection was closed before a complete answer"), true),
        ] {
            let failure = read(vec![reply]).await.0.unwrap_err();
            assert_eq!(failure, expected);
            assert_eq!(failure.is_passing(), is_passing, "{failure}");
            assert!(!failure.to_string().contains("3859") && !failure.to_string().contains("Ann"), "{failure}");
        }
    }

    #[tokio::test]
    async fn a_key_that_cannot_be_sent_is_refused_without_a_call() {
        let stub = Stub::start(Vec::new()).await;
        let unsendable = crate::domain::secret::Secret::new("a\nb");
        let account = Account { api_key: unsendable, ..account(&stub.origin()) };
        let read = reader().templates(&account, SENDER).await;
        assert!(matches!(read, Err(ListingFailure::Refused { .. })), "{read:?}");
        assert!(stub.requests().is_empty());
    }
}
