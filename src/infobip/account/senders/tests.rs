use serde_json::json;

use super::super::tests::reader;
use super::*;
use crate::infobip::client::tests::account;
use crate::listings::AccountListings as _;
use crate::outbound::stub::{Received, Reply, Stub};

/// What an account answers to each source; a plain one to those that `odd` does not speak of.
async fn list(odd: impl Fn(&Received) -> Option<Reply> + Send + Sync + 'static) -> (SenderListing, Vec<Received>) {
    let stub = Stub::answering(move |request| odd(request).unwrap_or_else(|| plain(request))).await;
    let typed: TypedSenders = [
        (Family::Sms, vec!["ACME".to_owned(), "Typed".to_owned()]),
        (Family::WhatsApp, vec!["+385915550009".to_owned()]),
        (Family::Kakao, vec!["KakaoSender".to_owned()]),
    ]
    .into();
    let listing = reader().senders(&account(&stub.origin()), &typed).await;
    (listing, stub.requests())
}

fn plain(request: &Received) -> Reply {
    let path = request.target.split('?').next().unwrap();
    let body = match (path, request.body.as_str()) {
        ("/numbers/1/numbers", _) => json!({"numbers": [
            {"number": "385915550000", "type": "VIRTUAL_LONG_NUMBER", "capabilities": ["SMS", "MMS", "VOICE"]},
            {"number": "385915550001", "type": "WHATSAPP", "capabilities": []},
            {"number": 38591, "type": "SHORT_CODE", "capabilities": ["SMS", "SOMETHING_NEW"]},
            {"number": "385915550003", "type": "SOMETHING_NEW"},
            {"type": "WHATSAPP"}, null,
        ], "numberCount": 6}),
        (_, r#"{"resourceType":"ALPHANUMERIC"}"#) => json!({"results": [
            {"resourceType": "ALPHANUMERIC", "senderName": "ACME", "capabilities": ["SMS"]},
            {"resourceType": "ALPHANUMERIC", "senderName": "Voicy", "capabilities": ["VOICE"]},
            {"resourceType": "ALPHANUMERIC", "senderName": "Other"},
            {"resourceType": "SOMETHING_NEW", "senderName": "New"},
        ]}),
        (_, r#"{"resourceType":"VIBER_RESOURCE"}"#) => {
            json!({"results": [{"resourceType": "VIBER_RESOURCE", "resource": "AcmeViber", "capabilities": ["VIBER_BM"]}]})
        }
        (_, r#"{"resourceType":"RCS_RESOURCE"}"#) => {
            json!({"results": [{"resourceType": "RCS_RESOURCE", "resource": "Agent"}]})
        }
        ("/rcs/1/senders", _) => json!({"results": [
            {"senderName": "Agent", "senderStatus": "LAUNCHED", "displayName": "A"},
            {"senderName": "Draft", "senderStatus": "DRAFT"},
            {"senderName": "Silent"}, {},
        ], "paging": {"totalPages": 1}}),
        ("/whatsapp/1/senders/quality", _) => json!({"results": [
            {"sender": "385915550001", "qualityRating": "HIGH", "status": "CONNECTED", "currentLimit": "LIMIT_2K"},
            {"sender": "385915550009", "qualityRating": "LOW", "status": "BANNED"},
        ]}),
        _ => panic!("{} was asked for", request.target),
    };
    Reply::json(200, &body.to_string())
}

/// The senders of a family, each with its state and detail.
fn of(listing: &SenderListing, family: Family) -> Vec<(&str, SenderState, &str)> {
    let list = listing.channels.iter().find(|list| list.channel == family).unwrap();
    list.senders.iter().map(|sender| (&*sender.sender, sender.state, &*sender.detail)).collect()
}

fn answers_with(path: &'static str, reply: Reply) -> impl Fn(&Received) -> Option<Reply> + Send + Sync + 'static {
    move |request| request.target.starts_with(path).then(|| reply.clone())
}

#[tokio::test]
async fn each_family_gets_its_own_senders_typed_ones_first() {
    use SenderState::{Unknown, Unusable, Usable};
    let (listing, requests) = list(|_| None).await;
    assert_eq!(listing.problems, []);
    let sms = [
        ("ACME", Usable, ""),
        ("Typed", Unknown, ""),
        ("385915550000", Usable, "VIRTUAL_LONG_NUMBER"),
        ("38591", Usable, "SHORT_CODE"),
        ("Other", Usable, ""),
    ];
    assert_eq!(of(&listing, Family::Sms), sms);
    assert_eq!(of(&listing, Family::Mms), [("385915550000", Usable, "VIRTUAL_LONG_NUMBER")]);
    let whatsapp =
        [("+385915550009", Unusable, "BANNED, quality LOW"), ("385915550001", Usable, "CONNECTED, quality HIGH")];
    assert_eq!(of(&listing, Family::WhatsApp), whatsapp);
    assert_eq!(of(&listing, Family::Viber), [("AcmeViber", Usable, "")]);
    let rcs = [("Agent", Usable, ""), ("Draft", Unusable, "DRAFT"), ("Silent", Unknown, "")];
    assert_eq!(of(&listing, Family::Rcs), rcs);
    assert_eq!(of(&listing, Family::Kakao), [("KakaoSender", Unknown, "")]);
    let acme = &listing.channels[0].senders[0];
    assert_eq!(acme.sources, [SenderSource::Typed, SenderSource::Resource]);
    let quality = requests.iter().find(|request| request.target.contains("quality")).unwrap();
    assert_eq!(quality.target, "/whatsapp/1/senders/quality?senders=385915550009,385915550001");
    assert_eq!(requests.len(), 6);
}

#[tokio::test]
async fn a_source_that_fails_is_named_and_the_others_stand() {
    for (reply, part) in [
        (Reply::json(401, ""), "API key"),
        (Reply::json(403, ""), "numbers:manage"),
        (Reply::json(404, ""), "404"),
        (Reply::json(429, ""), "429"),
        (Reply::json(500, "{}"), "HTTP 500"),
        (Reply::with(200, &[], "<html>"), "base URL"),
        (Reply::json(200, r#"{"numbers":{}}"#), "base URL"),
        (Reply::Stall, "time limit"),
    ] {
        let (listing, _) = list(answers_with("/numbers", reply)).await;
        let [problem] = listing.problems.as_slice() else { panic!("{:?}", listing.problems) };
        assert!(problem.source == NUMBERS && problem.problem.contains(part), "{problem:?}");
        assert_eq!(
            of(&listing, Family::Sms).iter().map(|sender| sender.0).collect::<Vec<_>>(),
            ["ACME", "Typed", "Other"]
        );
        assert_eq!(of(&listing, Family::Viber).len(), 1);
        assert_eq!(of(&listing, Family::Rcs).len(), 3);
    }
    let forbidden = || Reply::json(403, "");
    let (listing, _) = list(answers_with("/resources", forbidden())).await;
    let sources: Vec<_> = listing.problems.iter().map(|problem| &*problem.source).collect();
    assert_eq!(sources, [ALPHANUMERIC, VIBER, RCS_RESOURCES]);
    let (listing, _) = list(answers_with("/rcs", forbidden())).await;
    assert!(listing.problems[0].problem.contains("rcs:manage"), "{listing:?}");
    assert_eq!(of(&listing, Family::Rcs), [("Agent", SenderState::Usable, "")]);
    let (listing, _) = list(answers_with("/whatsapp", forbidden())).await;
    assert!(listing.problems[0].problem.contains("whatsapp:manage"), "{listing:?}");
    assert_eq!(of(&listing, Family::WhatsApp)[1], ("385915550001", SenderState::Usable, "WHATSAPP"));
    let (listing, _) = list(answers_with("/whatsapp", Reply::json(404, ""))).await;
    assert_eq!(listing.problems, []);
    assert_eq!(of(&listing, Family::WhatsApp)[0], ("+385915550009", SenderState::Unknown, ""));
}

#[tokio::test]
async fn an_account_without_anything_offers_what_was_typed() {
    let empty = r#"{"numbers":[],"results":[],"numberCount":0,"paging":{"totalPages":0}}"#;
    let (listing, requests) = list(|_| Some(Reply::json(200, empty))).await;
    assert_eq!(listing.problems, []);
    let counts: Vec<_> = listing.channels.iter().map(|list| list.senders.len()).collect();
    assert_eq!(counts, [2, 0, 1, 0, 0, 1]);
    assert_eq!(of(&listing, Family::WhatsApp), [("+385915550009", SenderState::Unknown, "")]);
    assert_eq!(requests.len(), 6);
}

#[tokio::test]
async fn quality_is_asked_for_a_hundred_at_a_time_and_unknown_values_prove_nothing() {
    let many = |request: &Received| {
        let numbers: Vec<_> = (0..150).map(|n| json!({"number": format!("38591{n:03}"), "type": "WHATSAPP"})).collect();
        if request.target.starts_with("/numbers") {
            return Some(Reply::json(200, &json!({"numbers": numbers, "numberCount": 1}).to_string()));
        }
        let one = r#"{"results":[{"sender":"38591000","status":"SOMETHING_NEW","qualityRating":"PURPLE"},7]}"#;
        request.target.starts_with("/whatsapp").then(|| Reply::json(200, one))
    };
    let (listing, requests) = list(many).await;
    assert_eq!(listing.problems, []);
    let asked: Vec<_> = requests.iter().filter(|request| request.target.starts_with("/whatsapp")).collect();
    assert_eq!(asked.iter().map(|request| request.target.matches(',').count() + 1).collect::<Vec<_>>(), [100, 51]);
    let first = of(&listing, Family::WhatsApp)[1];
    assert_eq!(first, ("38591000", SenderState::Unknown, "SOMETHING_NEW, quality PURPLE"));
}

#[tokio::test]
async fn a_listing_without_end_is_cut_and_says_so() {
    let endless = |request: &Received| {
        let page = r#"{"results":[{"senderName":"A","senderStatus":"LAUNCHED"}],"paging":{"totalPages":4000000000}}"#;
        request.target.starts_with("/rcs").then(|| Reply::json(200, page))
    };
    let (listing, requests) = list(endless).await;
    assert_eq!(requests.iter().filter(|request| request.target.starts_with("/rcs")).count(), RCS_PAGES_MAX);
    assert!(listing.problems[0].problem.contains("more than the 20"), "{:?}", listing.problems);
    // Each sender once, beside the one of the named senders.
    assert_eq!(of(&listing, Family::Rcs).len(), 2);
}

#[tokio::test]
async fn numbers_are_read_page_by_page() {
    let paged = |request: &Received| {
        let page: usize = request.target.strip_prefix("/numbers/1/numbers?limit=50&page=")?.parse().unwrap();
        let numbers: Vec<_> = (page * 50..(page * 50 + 50).min(70))
            .map(|n| json!({"number": format!("385{n}"), "capabilities": ["SMS"]}))
            .collect();
        Some(Reply::json(200, &json!({"numbers": numbers, "numberCount": 70}).to_string()))
    };
    let (listing, _) = list(paged).await;
    // Two typed ones and one of the named senders besides.
    assert_eq!(of(&listing, Family::Sms).len(), 73);
}
