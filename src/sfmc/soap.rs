//! SOAP 1.1 envelopes: written as text, read into a small tree by local name and namespace, never by prefix
//! (sfmc.md 6.5, 6.9). HTTP 200 does not mean success; `OverallStatus` and each `StatusCode` say it.

use std::sync::Arc;
use std::time::Duration;

use quick_xml::NsReader;
use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};

use super::token::{Token, TokenClient, TokenError};
use crate::clock::Clock;
use crate::domain::tenant::Tenant;
use crate::outbound::{self, Unanswered};

/// Largest answer that is read: 2500 objects (sfmc.md 6.5) of some hundred bytes.
const BODY_BYTES_MAX: usize = 16 * 1_024 * 1_024;
/// Deepest element that is read; SFMC's answers have about ten levels.
const DEPTH_MAX: usize = 64;
/// Most pages of one retrieve. We look for one extension, its fields or a few rows: more is a wrong filter.
const PAGES_MAX: usize = 20;

const SOAP_NAMESPACE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const PARTNER_NAMESPACE: &str = "http://exacttarget.com/wsdl/partnerAPI";

/// Why a SOAP call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SoapError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the SOAP origin can't be reached: {problem}")]
    Unreachable { problem: Unanswered },
    #[error("the SOAP origin is wrong: what answers there is not SFMC's SOAP service (HTTP {status})")]
    WrongAddress { status: u16 },
    /// The token is refused even though it is new.
    #[error("SFMC's SOAP service refuses the token, check that the SOAP origin belongs to this account: {said}")]
    LoginFailed { said: String },
    #[error("SFMC's SOAP service throttles or fails: {said}")]
    Unavailable { retry_after: Option<Duration>, said: String },
    /// SFMC understood and refused: an unknown object, property, or a scope that is missing.
    #[error("SFMC says: {said}")]
    Refused { said: String },
}

/// An element of an answer: what its children are called and hold. Attributes are not kept.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    name: String,
    namespace: Space,
    text: String,
    children: Vec<Element>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Space {
    Soap,
    Partner,
    #[default]
    Other,
}

impl Element {
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of a child, without surrounding white space; `None` when there is none or it is empty.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// A child's text exactly as it is.
    pub(crate) fn raw_text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// One equality of a retrieve's filter.
#[derive(Clone, Copy)]
pub(crate) struct Equals<'a> {
    pub(crate) property: &'a str,
    pub(crate) value: &'a str,
}

/// A business unit's SOAP service.
pub(crate) struct Soap<'a> {
    pub(crate) http: &'a reqwest::Client,
    pub(crate) tokens: &'a TokenClient,
    pub(crate) clock: &'a Arc<dyn Clock>,
}

impl Soap<'_> {
    /// Every object of `object_type` that the filter lets through. `properties` never holds `*`: it would answer OK with
    /// nothing (sfmc.md 6.8).
    pub(crate) async fn retrieve(
        &self,
        tenant: &Tenant,
        object_type: &str,
        properties: &[&str],
        filter: Equals<'_>,
    ) -> Result<Vec<Element>, SoapError> {
        let mut found = Vec::new();
        let mut continued = None;
        for _ in 0..PAGES_MAX {
            let message = retrieve_message(object_type, properties, filter, continued.as_deref());
            let mut answer = self.call(tenant, "Retrieve", &message).await?;
            let status = answer.text_of("OverallStatus").unwrap_or_default().to_owned();
            continued = answer.text_of("RequestID").map(str::to_owned);
            found.extend(answer.children.extract_if(.., |child| child.name == "Results"));
            match status.as_str() {
                "OK" => return Ok(found),
                "MoreDataAvailable" if continued.is_some() => {}
                said => return Err(SoapError::Refused { said: outbound::words(said) }),
            }
        }
        Err(SoapError::Refused { said: format!("more than {PAGES_MAX} pages of {object_type}") })
    }

    /// Creates one object, given as the XML inside `Objects`.
    pub(crate) async fn create(&self, tenant: &Tenant, xsi_type: &str, object: &str) -> Result<(), SoapError> {
        let message = format!(
            r#"<CreateRequest xmlns="{PARTNER_NAMESPACE}"><Options/><Objects xsi:type="{xsi_type}">{object}</Objects></CreateRequest>"#,
        );
        let answer = self.call(tenant, "Create", &message).await?;
        let results = answer.children("Results").collect::<Vec<_>>();
        let refused = results.iter().find(|result| result.text_of("StatusCode") != Some("OK"));
        match (answer.text_of("OverallStatus"), refused) {
            (Some("OK"), None) if !results.is_empty() => Ok(()),
            (overall, refused) => {
                let said = refused.and_then(|result| result.text_of("StatusMessage")).or(overall).unwrap_or("nothing");
                Err(SoapError::Refused { said: outbound::words(said) })
            }
        }
    }

    /// Calls the service and returns the body's message. A token that has run out is renewed, and the call repeated, once.
    async fn call(&self, tenant: &Tenant, action: &str, message: &str) -> Result<Element, SoapError> {
        let token = self.tokens.get(tenant).await?;
        match self.call_once(tenant, &token, action, message).await {
            Err(SoapError::LoginFailed { .. }) => {
                self.tokens.invalidate(tenant, &token);
                let token = self.tokens.get(tenant).await?;
                self.call_once(tenant, &token, action, message).await
            }
            answer => answer,
        }
    }

    async fn call_once(
        &self,
        tenant: &Tenant,
        token: &Token,
        action: &str,
        message: &str,
    ) -> Result<Element, SoapError> {
        let request = self
            .http
            .post(format!("{}/Service.asmx", tenant.sfmc.soap_origin.trim_end_matches('/')))
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", action)
            .body(envelope(token.expose(), message));
        let answer = outbound::exchange(request, BODY_BYTES_MAX, self.clock.now()).await;
        let answer = answer.map_err(|problem| SoapError::Unreachable { problem })?;
        let status = answer.status;
        match (status, read_body(&answer.body)) {
            (200, Some(Message::Answer(answer))) => Ok(answer),
            (200 | 500, Some(Message::Fault(fault))) => Err(fault_error(&fault, answer.retry_after)),
            // An expired token has been seen to bring a 500 without a body (sfmc.md 6.9).
            (500, _) if answer.body.trim_ascii().is_empty() => {
                Err(SoapError::LoginFailed { said: "HTTP 500 without a body".into() })
            }
            (401, _) => Err(SoapError::LoginFailed { said: "HTTP 401".into() }),
            (429 | 500.., _) => {
                Err(SoapError::Unavailable { retry_after: answer.retry_after, said: format!("HTTP {status}") })
            }
            _ => Err(SoapError::WrongAddress { status }),
        }
    }
}

fn fault_error(fault: &Element, retry_after: Option<Duration>) -> SoapError {
    let code = fault.text_of("faultcode").unwrap_or_default();
    let text = fault.text_of("faultstring").unwrap_or_default();
    let said = outbound::words(text);
    let lower = text.to_ascii_lowercase();
    let mentions = |words: &str| lower.contains(words);
    // As a word of its own: "generate" is no throttling.
    let is_rate = lower.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word == "rate");
    if code.ends_with("Security") || mentions("token expired") || mentions("login failed") {
        SoapError::LoginFailed { said }
    } else if is_rate || mentions("throttl") || mentions("too many") || mentions("timeout") || mentions("unavailable") {
        SoapError::Unavailable { retry_after, said }
    } else {
        SoapError::Refused { said }
    }
}

/// What XML 1.0 can't say even escaped is left out: such a character in a filter or name could only be an attack.
fn xml_text(text: &str) -> String {
    let is_xml = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let is_character = |c: &char| !matches!(c, '\u{fffe}' | '\u{ffff}');
    escape(text.chars().filter(is_xml).filter(is_character).collect::<String>()).into_owned()
}

/// `<name>text</name>`, escaped.
pub(crate) fn tag(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", xml_text(text))
}

fn envelope(token: &str, message: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Header><fueloauth xmlns="http://exacttarget.com">{}</fueloauth></s:Header><s:Body>{message}</s:Body></s:Envelope>"#,
        xml_text(token),
    )
}

fn retrieve_message(object_type: &str, properties: &[&str], filter: Equals<'_>, continued: Option<&str>) -> String {
    let continued = continued.map(|id| tag("ContinueRequest", id)).unwrap_or_default();
    let properties = properties.iter().map(|name| tag("Properties", name)).collect::<String>();
    format!(
        r#"<RetrieveRequestMsg xmlns="{PARTNER_NAMESPACE}"><RetrieveRequest>{continued}{}{properties}<Filter xsi:type="SimpleFilterPart">{}<SimpleOperator>equals</SimpleOperator>{}</Filter></RetrieveRequest></RetrieveRequestMsg>"#,
        tag("ObjectType", object_type),
        tag("Property", filter.property),
        tag("Value", filter.value),
    )
}

/// What a SOAP body holds.
#[derive(Debug, PartialEq, Eq)]
enum Message {
    Answer(Element),
    Fault(Element),
}

/// Reads an envelope; `None` when the bytes are not one. Document types, and with them entities, are refused.
fn read_body(bytes: &[u8]) -> Option<Message> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()?;
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        let (resolved, event) = reader.read_resolved_event().ok()?;
        let started = |name: &str| Element {
            name: name.to_owned(),
            namespace: match resolved {
                ResolveResult::Bound(Namespace(uri)) if uri == SOAP_NAMESPACE => Space::Soap,
                ResolveResult::Bound(Namespace(uri)) if uri == PARTNER_NAMESPACE => Space::Partner,
                _ => Space::Other,
            },
            ..Element::default()
        };
        match event {
            Event::Start(start) => {
                if open.len() >= DEPTH_MAX {
                    return None;
                }
                open.push(started(start.local_name().as_ref()));
            }
            Event::Empty(empty) => open.last_mut()?.children.push(started(empty.local_name().as_ref())),
            Event::End(_) => {
                let closed = open.pop()?;
                open.last_mut()?.children.push(closed);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::CData(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().ok()? {
                    Some(character) => character,
                    None => match &*reference {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => return None,
                    },
                };
                open.last_mut()?.text.push(character);
            }
            Event::DocType(_) => return None,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let document = open.pop().filter(|_| open.is_empty())?;
    let in_soap = |name: &'static str| move |child: &&Element| child.name == name && child.namespace == Space::Soap;
    let envelope = document.children.iter().find(in_soap("Envelope"))?;
    let body = envelope.children.iter().find(in_soap("Body"))?;
    if let Some(fault) = body.children.iter().find(in_soap("Fault")) {
        return Some(Message::Fault(fault.clone()));
    }
    body.children.iter().find(|child| child.namespace == Space::Partner).cloned().map(Message::Answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) const FIELDS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <soap:Header><wsa:Action xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing">RetrieveResponse</wsa:Action></soap:Header>
  <soap:Body><RetrieveResponseMsg xmlns="http://exacttarget.com/wsdl/partnerAPI">
    <OverallStatus>OK</OverallStatus><RequestID>0b1c</RequestID>
    <Results xsi:type="DataExtensionField"><PartnerKey xsi:nil="true"/><Name>A &amp; B &#x41;<![CDATA[<c>]]></Name><Empty/></Results>
  </RetrieveResponseMsg></soap:Body></soap:Envelope>"#;

    #[test]
    fn an_answer_is_read_by_local_name_whatever_the_prefix() {
        let Some(Message::Answer(answer)) = read_body(FIELDS.as_bytes()) else { panic!("no answer") };
        assert_eq!(answer.text_of("OverallStatus"), Some("OK"));
        let result = answer.children("Results").next().unwrap();
        assert_eq!(result.text_of("Name"), Some("A & B A<c>"));
        assert_eq!(result.text_of("Empty"), None);
        let other = FIELDS.replace("soap:", "q1:").replace("xmlns:soap", "xmlns:q1");
        assert_eq!(read_body(other.as_bytes()), Some(Message::Answer(answer)));
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for body in ["", "<html><body>502</body></html>", "<a>", "{}", "<soap:Envelope/>"] {
            assert_eq!(read_body(body.as_bytes()), None, "{body}");
        }
        let bomb = format!(r#"<!DOCTYPE x [<!ENTITY a "aaaa">]>{}"#, FIELDS.split_once("?>").unwrap().1);
        assert_eq!(read_body(bomb.as_bytes()), None);
        let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
        assert_eq!(read_body(deep.as_bytes()), None);
        assert_eq!(read_body(FIELDS.replace("partnerAPI", "other").as_bytes()), None);
    }

    #[test]
    fn faults_say_what_to_do_next() {
        let fault = |code: &str, text: &str| {
            let body = format!(
                r#"<s:Envelope xmlns:s="{SOAP_NAMESPACE}"><s:Body><s:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></s:Fault></s:Body></s:Envelope>"#
            );
            let Some(Message::Fault(fault)) = read_body(body.as_bytes()) else { panic!("no fault") };
            fault_error(&fault, None)
        };
        assert!(matches!(fault("q0:Security", "Token Expired"), SoapError::LoginFailed { .. }));
        assert!(matches!(fault("s:Server", "Login Failed"), SoapError::LoginFailed { .. }));
        assert!(matches!(fault("s:Server", "Rate limit exceeded"), SoapError::Unavailable { .. }));
        assert!(matches!(fault("s:Client", "Can't generate object"), SoapError::Refused { .. }));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(property in "[A-Za-z .]{1,20}", value in any::<String>()) {
            let filter = Equals { property: &property, value: &value };
            let written = envelope("t", &retrieve_message("T", &["P"], filter, Some("r")));
            let Some(Message::Answer(message)) = read_body(written.as_bytes()) else { panic!("not read back") };
            let filter = message.child("RetrieveRequest").and_then(|request| request.child("Filter")).unwrap();
            let expected = value.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'));
            let expected = expected.filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect::<String>();
            let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(lines(filter.raw_text_of("Value").unwrap()), lines(&expected));
            prop_assert_eq!(filter.raw_text_of("Property"), Some(&*property));
        }

        #[test]
        fn arbitrary_bytes_never_panic(body: Vec<u8>, text in r#"[<>/a-c:&;#x="! \[\]?-]{0,60}"#) {
            prop_assert_eq!(read_body(&body), None);
            prop_assert_eq!(read_body(text.as_bytes()), None);
        }
    }
}
