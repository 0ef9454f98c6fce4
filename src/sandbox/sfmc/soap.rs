//! `/Service.asmx`: envelope, faults, and Retrieve with paging (sfmc.md 6.5 to 6.9).

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::extension::{ColumnType, Extension};
use super::rows::shown_value;
use super::soap_filter::SoapFilter;
use super::token::Token;
use super::xml::{self, Node};
use super::{Scene, State, new_guid, soap_objects};
use crate::sandbox::faults::FaultKind;
use crate::sandbox::front::{Call, Reply};

/// The most objects in one answer.
const BATCH_MAX: usize = 2_500;
/// Retrieves kept for a `ContinueRequest`; beyond, all are forgotten.
const PAGES_MAX: usize = 1_000;

/// The rest of a retrieve.
#[derive(Debug)]
pub(super) struct Page {
    mid: u64,
    results: Vec<String>,
    batch_size: usize,
}

/// Answers one kind of request with the content of the SOAP body.
type Answer = fn(&mut State, &Scene<'_>, &Token, &Node) -> String;

pub(super) fn answer(state: &mut State, scene: &Scene<'_>, call: &Call) -> Reply {
    if call.method != "POST" {
        return Reply::xml(405, String::new());
    }
    let is_xml = call.header("content-type").is_some_and(|kind| kind.contains("xml"));
    if !is_xml {
        return Reply::xml(415, String::new());
    }
    let envelope = match std::str::from_utf8(&call.body).map_err(|error| error.to_string()).and_then(xml::parse) {
        Ok(envelope) if envelope.name == "Envelope" => envelope,
        Ok(_) => return fault("soap:Client", "The request is not a SOAP envelope."),
        Err(problem) => return fault("soap:Client", &format!("The request is not valid XML: {problem}")),
    };
    let token = envelope.child("Header").map(|header| header.text_of("fueloauth")).unwrap_or_default();
    if token.is_empty() {
        return fault("q0:Security", "Login Failed");
    }
    let Some(token) = state.token(token, scene.now) else { return fault("q0:Security", "Token Expired") };
    let Some(request) = envelope.child("Body").and_then(|body| body.children.first()) else {
        return fault("soap:Client", "The SOAP body is empty.");
    };
    let action = call.header("soapaction").unwrap_or_default().trim_matches('"').to_owned();
    let (expected, answer): (&str, Answer) = match request.name.as_str() {
        "RetrieveRequestMsg" => ("Retrieve", retrieve),
        "CreateRequest" => ("Create", soap_objects::create),
        "UpdateRequest" => ("Update", soap_objects::update),
        "DeleteRequest" => ("Delete", soap_objects::delete),
        other => return fault("soap:Client", &format!("The request {other} is not supported here.")),
    };
    if action != expected {
        return fault("soap:Client", &format!("The SOAPAction {action} does not fit {}.", request.name));
    }
    let body = answer(state, scene, &token, request);
    Reply::xml(200, enveloped(&format!("{expected}Response"), &body))
}

fn enveloped(action: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\">\
         <soap:Header><wsa:Action>{action}</wsa:Action></soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}

fn fault(code: &str, text: &str) -> Reply {
    let body = format!(
        "<soap:Fault><faultcode xmlns:q0=\"http://schemas.xmlsoap.org/ws/2002/12/secext\">{code}</faultcode>\
         <faultstring>{}</faultstring></soap:Fault>",
        escape(text)
    );
    Reply::xml(500, enveloped("http://schemas.xmlsoap.org/ws/2004/08/addressing/fault", &body))
}

/// How SOAP shows a fault.
pub(super) fn faulty(call: &Call, kind: &FaultKind) -> Reply {
    match kind {
        FaultKind::Unauthorized | FaultKind::Status { code: 401 } => fault("q0:Security", "Token Expired"),
        FaultKind::Forbidden | FaultKind::Status { code: 403 } => fault("soap:Client", "API Permission Failed."),
        FaultKind::RateLimited { .. } | FaultKind::Blocked => fault("soap:Server", "Rate limit exceeded."),
        FaultKind::SoapFault { text } => fault("soap:Server", text),
        FaultKind::SoapError { text } => in_error(call, text),
        FaultKind::Status { code } => Reply::xml(*code, String::new()),
        FaultKind::AsyncError { .. }
        | FaultKind::Slow { .. }
        | FaultKind::ResetBeforeReading
        | FaultKind::ResetMidway => Reply::xml(500, String::new()),
    }
}

/// An answer with HTTP 200 that says in its status that nothing came of the request.
fn in_error(call: &Call, text: &str) -> Reply {
    let action = call.header("soapaction").unwrap_or_default().trim_matches('"');
    let body = match action {
        "Create" | "Update" | "Delete" => soap_objects::refused(action, text),
        _ => answered(&format!("Error: {text}"), &new_guid(), &[]),
    };
    Reply::xml(200, enveloped(&format!("{action}Response"), &body))
}

fn retrieve(state: &mut State, _: &Scene<'_>, token: &Token, message: &Node) -> String {
    let Some(request) = message.child("RetrieveRequest") else {
        return answered("Error: RetrieveRequest is missing.", &new_guid(), &[]);
    };
    let continued = request.text_of("ContinueRequest");
    if !continued.is_empty() {
        return match state.soap_pages.remove(continued).filter(|page| page.mid == token.mid) {
            Some(page) => paged(state, page),
            None => answered("Error: The request to continue is unknown.", &new_guid(), &[]),
        };
    }
    let kind = request.text_of("ObjectType");
    if !token.allows_any(&["data_extensions_read", "data_extensions_write"]) {
        let status = format!("Error: API Permission Failed. {kind} Retrieve is not allowed.");
        return answered(&status, &new_guid(), &[]);
    }
    let batch_size = request.child("Options").and_then(|options| options.text_of("BatchSize").parse().ok());
    let properties: Vec<&str> = request.all("Properties").map(|property| property.text.trim()).collect();
    let filter = request.child("Filter").map(SoapFilter::parse).transpose();
    let found = filter.and_then(|filter| {
        let filter = filter.as_ref();
        match kind {
            "DataExtension" => extensions(state, token, &properties, filter),
            "DataExtensionField" => fields(state, token, &properties, filter),
            other => match other.strip_prefix("DataExtensionObject[").and_then(|rest| rest.strip_suffix(']')) {
                Some(key) => rows(state, token, key, &properties, filter),
                None => Err(format!("Unable to find the object type {other}.")),
            },
        }
    });
    match found {
        Ok(results) => {
            let batch_size = batch_size.unwrap_or(BATCH_MAX).clamp(1, BATCH_MAX);
            paged(state, Page { mid: token.mid, results, batch_size })
        }
        Err(problem) => answered(&format!("Error: {problem}"), &new_guid(), &[]),
    }
}

/// One batch; the rest waits for a `ContinueRequest`.
fn paged(state: &mut State, mut page: Page) -> String {
    let id = new_guid();
    if page.results.len() <= page.batch_size {
        return answered("OK", &id, &page.results);
    }
    let rest = page.results.split_off(page.batch_size);
    let body = answered("MoreDataAvailable", &id, &page.results);
    if state.soap_pages.len() >= PAGES_MAX {
        state.soap_pages.clear();
    }
    state.soap_pages.insert(id, Page { results: rest, ..page });
    body
}

fn answered(status: &str, id: &str, results: &[String]) -> String {
    format!(
        "<RetrieveResponseMsg xmlns=\"http://exacttarget.com/wsdl/partnerAPI\">\
         <OverallStatus>{}</OverallStatus><RequestID>{id}</RequestID>{}</RetrieveResponseMsg>",
        escape(status),
        results.concat()
    )
}

fn extension_property(extension: &Extension, token: &Token, property: &str) -> Option<String> {
    Some(match property {
        "ObjectID" => extension.object_id.clone(),
        "CustomerKey" => extension.key.clone(),
        "Name" => extension.name.clone(),
        "Description" => extension.description.clone(),
        "IsSendable" => extension.sendable_column.is_some().to_string(),
        "IsTestable" => "false".to_owned(),
        "CategoryID" => "2".to_owned(),
        "Client.ID" => token.mid.to_string(),
        "CreatedDate" | "ModifiedDate" => "2026-01-01T00:00:00.000".to_owned(),
        "Status" => "Active".to_owned(),
        "SendableDataExtensionField.Name" => extension.sendable_column.clone().unwrap_or_default(),
        // Sent as `Subscriber Key`, shown so.
        "SendableSubscriberField.Name" if extension.sendable_column.is_some() => "_SubscriberKey".to_owned(),
        "SendableSubscriberField.Name" => String::new(),
        _ => return None,
    })
}

fn unknown_property(property: &str, kind: &str) -> String {
    format!("The Request Property(s) {property} do not match with the fields of {kind} retrieve")
}

fn extensions(
    state: &State,
    token: &Token,
    properties: &[&str],
    filter: Option<&SoapFilter>,
) -> Result<Vec<String>, String> {
    let sample = Extension::new(Default::default(), String::new());
    let filtered = filter.map(SoapFilter::properties).unwrap_or_default();
    let named = properties.iter().chain(&filtered);
    if let Some(unknown) = named.copied().find(|property| extension_property(&sample, token, property).is_none()) {
        return Err(unknown_property(unknown, "DataExtension"));
    }
    let mut results = Vec::new();
    for extension in state.units.get(&token.mid).into_iter().flat_map(|unit| unit.extensions.values()) {
        let cell = |property: &str| (ColumnType::Text, extension_property(extension, token, property));
        if filter.is_some_and(|filter| !filter.matches(&cell)) {
            continue;
        }
        results.push(object("DataExtension", properties, |property| extension_property(extension, token, property)));
    }
    Ok(results)
}

fn fields(
    state: &State,
    token: &Token,
    properties: &[&str],
    filter: Option<&SoapFilter>,
) -> Result<Vec<String>, String> {
    let known = [
        "ObjectID",
        "CustomerKey",
        "Name",
        "FieldType",
        "MaxLength",
        "Scale",
        "IsRequired",
        "IsPrimaryKey",
        "Ordinal",
        "DefaultValue",
        "DataExtension.CustomerKey",
    ];
    let filtered = filter.map(SoapFilter::properties).unwrap_or_default();
    let named = properties.iter().chain(&filtered);
    if let Some(unknown) = named.copied().find(|property| !known.contains(property)) {
        return Err(unknown_property(unknown, "DataExtensionField"));
    }
    let mut results = Vec::new();
    for extension in state.units.get(&token.mid).into_iter().flat_map(|unit| unit.extensions.values()) {
        let mut found = Vec::new();
        for (ordinal, (column, id)) in extension.columns.iter().zip(&extension.column_ids).enumerate() {
            let property = |property: &str| {
                Some(match property {
                    "ObjectID" => id.clone(),
                    "CustomerKey" => format!("[{}].[{}]", extension.key, column.name),
                    "Name" => column.name.clone(),
                    "FieldType" => column.column_type.name().to_owned(),
                    "MaxLength" => {
                        let length = column.length.or(column.column_type.fixed_length());
                        length.map(|length| length.to_string()).unwrap_or_default()
                    }
                    "Scale" => column.scale.unwrap_or(0).to_string(),
                    "IsRequired" => column.required.to_string(),
                    "IsPrimaryKey" => column.primary_key.to_string(),
                    "Ordinal" => ordinal.to_string(),
                    "DefaultValue" => column.default.clone().unwrap_or_default(),
                    "DataExtension.CustomerKey" => extension.key.clone(),
                    _ => return None,
                })
            };
            let cell = |name: &str| (ColumnType::Text, property(name));
            if filter.is_none_or(|filter| filter.matches(&cell)) {
                let sort_key = id.clone();
                found.push((sort_key, object("DataExtensionField", properties, property)));
            }
        }
        // The platform does not sort by ordinal; by random id, nobody can rely on an order.
        found.sort();
        results.extend(found.into_iter().map(|(_, result)| result));
    }
    Ok(results)
}

fn rows(
    state: &State,
    token: &Token,
    key: &str,
    properties: &[&str],
    filter: Option<&SoapFilter>,
) -> Result<Vec<String>, String> {
    let extension = state.extension(token.mid, key).ok_or_else(|| format!("DataExtensionObject[{key}] not found."))?;
    if filter.is_some_and(|filter| filter.uses("like")) {
        return Err("The operator like is not supported for data extension rows.".to_owned());
    }
    let mut columns = Vec::new();
    for property in properties {
        // A wildcard or an unknown column finds nothing, without a word.
        let Some(index) = extension.column(property) else { return Ok(Vec::new()) };
        columns.push(index);
    }
    if columns.is_empty() {
        return Err("No properties were requested.".to_owned());
    }
    let filtered = filter.map(SoapFilter::properties).unwrap_or_default();
    if filtered.iter().any(|property| extension.column(property).is_none()) {
        return Ok(Vec::new());
    }
    let mut results = Vec::new();
    for row in extension.raw_rows() {
        let value = |index: usize| row.get(index).and_then(Option::as_deref);
        let cell = |property: &str| match extension.column(property) {
            Some(index) => {
                let kind = extension.columns.get(index).map_or(ColumnType::Text, |column| column.column_type);
                (kind, value(index).map(str::to_owned))
            }
            None => (ColumnType::Text, None),
        };
        if filter.is_some_and(|filter| !filter.matches(&cell)) {
            continue;
        }
        let mut result = String::from(
            "<Results xsi:type=\"DataExtensionObject\"><PartnerKey xsi:nil=\"true\"/><ObjectID xsi:nil=\"true\"/>\
             <Type>DataExtensionObject</Type><Properties>",
        );
        for index in &columns {
            let Some(column) = extension.columns.get(*index) else { continue };
            let text = value(*index).unwrap_or_default();
            let shown = shown_value(column.column_type, text);
            push(
                &mut result,
                format_args!(
                    "<Property><Name>{}</Name><Value>{}</Value></Property>",
                    escape(&*column.name),
                    escape(&*shown)
                ),
            );
        }
        result.push_str("</Properties></Results>");
        results.push(result);
    }
    Ok(results)
}

/// One result with the properties asked for. `A.B` becomes an element in an element.
fn object(kind: &str, properties: &[&str], value: impl Fn(&str) -> Option<String>) -> String {
    let mut result = format!("<Results xsi:type=\"{kind}\"><PartnerKey xsi:nil=\"true\"/>");
    for property in properties {
        let text = value(property).unwrap_or_default();
        let text = escape(&*text);
        match property.split_once('.') {
            Some((outer, inner)) => push(
                &mut result,
                format_args!("<{outer}><PartnerKey xsi:nil=\"true\"/><{inner}>{text}</{inner}></{outer}>"),
            ),
            None if text.is_empty() => push(&mut result, format_args!("<{property}/>")),
            None => push(&mut result, format_args!("<{property}>{text}</{property}>")),
        }
    }
    result.push_str("</Results>");
    result
}

/// Writing into a string cannot fail.
fn push(text: &mut String, piece: std::fmt::Arguments<'_>) {
    text.write_fmt(piece).ok();
}
