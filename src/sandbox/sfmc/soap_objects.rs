//! SOAP Create, Update and Delete of data extensions: one result per object (sfmc.md 6.7, 6.9).

use quick_xml::escape::escape;

use super::extension::{Column, ColumnType, DataExtensionSpec, Extension};
use super::token::Token;
use super::xml::Node;
use super::{Scene, State, Unit, new_guid};

/// The general error code of a refused object.
const OBJECT_ERROR: u32 = 12014;
const TEXT_LENGTH_MAX: u32 = 4_000;
const DECIMAL_DIGITS_MAX: u32 = 38;
const NAME_CHARS_MAX: usize = 50;

/// The schema's order of elements. The platform's serialiser silently skips an element out of order; here it is an
/// error, so that nobody has to wonder where a setting went.
const EXTENSION_ORDER: &[&str] = &[
    "Client",
    "PartnerKey",
    "PartnerProperties",
    "CreatedDate",
    "ModifiedDate",
    "ID",
    "ObjectID",
    "CustomerKey",
    "Owner",
    "CorrelationID",
    "ObjectState",
    "Name",
    "Description",
    "IsSendable",
    "IsTestable",
    "SendableDataExtensionField",
    "SendableSubscriberField",
    "Template",
    "DataRetentionPeriodLength",
    "DataRetentionPeriodUnitOfMeasure",
    "RowBasedRetention",
    "ResetRetentionPeriodOnImport",
    "DeleteAtEndOfRetentionPeriod",
    "RetainUntil",
    "Fields",
    "DataRetentionPeriod",
    "CategoryID",
    "Status",
];

const FIELD_ORDER: &[&str] = &[
    "ObjectID",
    "CustomerKey",
    "Name",
    "DataType",
    "IsCreatable",
    "IsUpdatable",
    "IsRetrievable",
    "IsQueryable",
    "IsFilterable",
    "IsPartnerProperty",
    "IsAccountProperty",
    "PartnerMap",
    "AttributeMaps",
    "Markups",
    "Precision",
    "Scale",
    "Label",
    "Description",
    "DefaultValue",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "IsRequired",
    "IsViewable",
    "IsEditable",
    "IsNillable",
    "IsRestrictedPicklist",
    "PicklistItems",
    "IsSendTime",
    "DisplayOrder",
    "References",
    "RelationshipName",
    "Status",
    "IsContextSpecific",
    "Ordinal",
    "IsPrimaryKey",
    "FieldType",
    "DataExtension",
    "StorageType",
];

/// The verbs that change a unit's extensions.
#[derive(Clone, Copy)]
struct Verb {
    name: &'static str,
    done: &'static str,
    apply: fn(&mut Unit, &Node) -> Result<(), String>,
}

pub(super) fn create(state: &mut State, _: &Scene<'_>, token: &Token, request: &Node) -> String {
    each_object(state, token, request, Verb { name: "Create", done: "Data Extension created.", apply: create_one })
}

pub(super) fn update(state: &mut State, _: &Scene<'_>, token: &Token, request: &Node) -> String {
    each_object(state, token, request, Verb { name: "Update", done: "Data Extension updated.", apply: update_one })
}

pub(super) fn delete(state: &mut State, _: &Scene<'_>, token: &Token, request: &Node) -> String {
    each_object(state, token, request, Verb { name: "Delete", done: "Data Extension deleted.", apply: delete_one })
}

fn each_object(state: &mut State, token: &Token, request: &Node, verb: Verb) -> String {
    let is_allowed = token.allows_any(&["data_extensions_write"]);
    let mut results = String::new();
    let (mut failed, mut total) = (0usize, 0usize);
    for (ordinal, object) in request.all("Objects").enumerate() {
        total += 1;
        let outcome = match state.units.get_mut(&token.mid) {
            _ if !is_allowed => Err("API Permission Failed. The package may not write data extensions.".to_owned()),
            _ if object.kind.as_deref() != Some("DataExtension") => {
                Err("Only objects of type DataExtension are supported here.".to_owned())
            }
            Some(unit) => (verb.apply)(unit, object),
            None => Err("The business unit does not exist.".to_owned()),
        };
        failed += usize::from(outcome.is_err());
        results.push_str(&result(ordinal, object, verb, outcome));
    }
    let overall = match failed {
        _ if total == 0 => "Error: No objects were given.",
        0 => "OK",
        failed if failed == total => "Error",
        _ => "Has Errors",
    };
    format!(
        "<{0}Response xmlns=\"http://exacttarget.com/wsdl/partnerAPI\">{results}<RequestID>{1}</RequestID>\
         <OverallStatus>{overall}</OverallStatus></{0}Response>",
        verb.name,
        new_guid()
    )
}

fn result(ordinal: usize, object: &Node, verb: Verb, outcome: Result<(), String>) -> String {
    let (code, message, error) = match outcome {
        Ok(()) => ("OK", verb.done.to_owned(), String::new()),
        Err(problem) => ("Error", problem, format!("<ErrorCode>{OBJECT_ERROR}</ErrorCode>")),
    };
    format!(
        "<Results><StatusCode>{code}</StatusCode><StatusMessage>{}</StatusMessage><OrdinalID>{ordinal}</OrdinalID>{error}\
         <NewID>0</NewID><NewObjectID>{}</NewObjectID><Object xsi:type=\"DataExtension\"><CustomerKey>{}</CustomerKey>\
         <Name>{}</Name></Object></Results>",
        escape(&*message),
        new_guid(),
        escape(object.text_of("CustomerKey")),
        escape(object.text_of("Name"))
    )
}

/// The answer to a request whose only object is refused, whatever it is.
pub(super) fn refused(verb: &str, problem: &str) -> String {
    let problem = escape(problem);
    format!(
        "<{verb}Response xmlns=\"http://exacttarget.com/wsdl/partnerAPI\"><Results><StatusCode>Error</StatusCode>\
         <StatusMessage>{problem}</StatusMessage><OrdinalID>0</OrdinalID><ErrorCode>{OBJECT_ERROR}</ErrorCode></Results>\
         <RequestID>{}</RequestID><OverallStatus>Error</OverallStatus></{verb}Response>",
        new_guid()
    )
}

fn in_order(node: &Node, order: &[&str]) -> Result<(), String> {
    let mut last = 0;
    for child in &node.children {
        let Some(place) = order.iter().position(|name| *name == child.name) else {
            return Err(format!("The element {} is not known here.", child.name));
        };
        if place < last {
            return Err(format!("The element {} is out of the schema's order.", child.name));
        }
        last = place;
    }
    Ok(())
}

fn create_one(unit: &mut Unit, object: &Node) -> Result<(), String> {
    in_order(object, EXTENSION_ORDER)?;
    let name = object.text_of("Name");
    if name.is_empty() {
        return Err("The Name of a data extension is required.".to_owned());
    }
    let given_key = object.text_of("CustomerKey");
    let key = if given_key.is_empty() { new_guid() } else { given_key.to_owned() };
    if unit.extensions.contains_key(&key.to_lowercase()) {
        return Err(format!(
            "Updating an existing Data Extension definition is not allowed when performing an add-only operation. The key {key} is already in use."
        ));
    }
    if unit.extensions.values().any(|known| known.name.eq_ignore_ascii_case(name)) {
        return Err(format!("The name {name} is already in use by another data extension."));
    }
    let mut columns: Vec<Column> = Vec::new();
    for field in object.all("Fields").flat_map(|fields| fields.all("Field")) {
        let column = column_of(field)?;
        if columns.iter().any(|known| known.name.eq_ignore_ascii_case(&column.name)) {
            return Err(format!("The field {} occurs twice.", column.name));
        }
        columns.push(column);
    }
    if columns.is_empty() {
        return Err("A data extension needs at least one field.".to_owned());
    }
    let sendable_column = sendable(object, &columns)?;
    let spec = DataExtensionSpec {
        key: key.clone(),
        name: name.to_owned(),
        description: object.text_of("Description").to_owned(),
        columns,
        sendable_column,
    };
    unit.extensions.insert(key.to_lowercase(), Extension::new(spec, new_guid()));
    Ok(())
}

fn sendable(object: &Node, columns: &[Column]) -> Result<Option<String>, String> {
    match object.text_of("IsSendable") {
        "true" => {}
        "" | "false" => return Ok(None),
        other => return Err(format!("The value {other} of IsSendable is not a boolean.")),
    }
    let named = |element: &str| object.child(element).map(|node| node.text_of("Name")).unwrap_or_default();
    let column = named("SendableDataExtensionField");
    if !columns.iter().any(|known| known.name == column) {
        return Err("SendableDataExtensionField must be one of the fields.".to_owned());
    }
    match named("SendableSubscriberField") {
        "Subscriber Key" | "Email Address" => Ok(Some(column.to_owned())),
        _ => Err("SendableSubscriberField must be Subscriber Key or Email Address.".to_owned()),
    }
}

/// Adds the columns that are new; the type of an existing one cannot be named, not even the same one.
fn update_one(unit: &mut Unit, object: &Node) -> Result<(), String> {
    in_order(object, EXTENSION_ORDER)?;
    let key = object.text_of("CustomerKey");
    let extension = unit
        .extensions
        .get_mut(&key.to_lowercase())
        .ok_or_else(|| format!("The data extension {key} does not exist."))?;
    let mut added: Vec<Column> = Vec::new();
    for field in object.all("Fields").flat_map(|fields| fields.all("Field")) {
        let name = field.text_of("Name");
        if extension.column(name).is_some() {
            if field.child("FieldType").is_some() {
                return Err(format!("The type of the existing field {name} cannot be changed."));
            }
            continue;
        }
        let column = column_of(field)?;
        if column.primary_key {
            return Err(format!("The field {name} cannot become a primary key of an existing data extension."));
        }
        if column.required && column.default.is_none() && !extension.is_empty() {
            return Err(format!("The required field {name} needs a default value, because there are rows."));
        }
        added.push(column);
    }
    let description = object.text_of("Description");
    if !description.is_empty() {
        description.clone_into(&mut extension.description);
    }
    for column in added {
        extension.add_column(column);
    }
    Ok(())
}

fn delete_one(unit: &mut Unit, object: &Node) -> Result<(), String> {
    let key = object.text_of("CustomerKey");
    match unit.extensions.remove(&key.to_lowercase()) {
        Some(_) => Ok(()),
        None => Err(format!("The data extension {key} does not exist.")),
    }
}

fn column_of(field: &Node) -> Result<Column, String> {
    in_order(field, FIELD_ORDER)?;
    let name = field.text_of("Name");
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(format!("The field name \"{name}\" must have 1 to {NAME_CHARS_MAX} characters."));
    }
    let kind = field.text_of("FieldType");
    let column_type = ColumnType::parse(kind).ok_or_else(|| format!("{kind} is not a valid value for FieldType."))?;
    let number = |element: &str| match field.text_of(element) {
        "" => Ok(None),
        text => text.parse::<u32>().map(Some).map_err(|_| format!("The {element} of {name} is not a number.")),
    };
    let flag = |element: &str| match field.text_of(element) {
        "true" => Ok(true),
        "" | "false" => Ok(false),
        other => Err(format!("The value {other} of {element} is not a boolean.")),
    };
    let (length, scale) = (number("MaxLength")?, number("Scale")?);
    check_length(name, column_type, length, scale)?;
    let (required, primary_key) = (flag("IsRequired")?, flag("IsPrimaryKey")?);
    if primary_key && !required {
        return Err(format!("The primary key field {name} must be required."));
    }
    if primary_key && column_type == ColumnType::Text && length.is_none() {
        return Err(format!("The primary key field {name} needs a MaxLength."));
    }
    let default = Some(field.text_of("DefaultValue").to_owned()).filter(|default| !default.is_empty());
    Ok(Column { name: name.to_owned(), column_type, length, scale, required, primary_key, default })
}

fn check_length(name: &str, kind: ColumnType, length: Option<u32>, scale: Option<u32>) -> Result<(), String> {
    if scale.is_some() && kind != ColumnType::Decimal {
        return Err(format!("Scale is only allowed for Decimal, not for {name}."));
    }
    let allowed = match (kind, length) {
        (ColumnType::Text, Some(length)) => (1..=TEXT_LENGTH_MAX).contains(&length),
        (ColumnType::Text, None) => true,
        (ColumnType::Decimal, Some(length)) => {
            (1..=DECIMAL_DIGITS_MAX).contains(&length) && scale.unwrap_or(0) <= length
        }
        (ColumnType::Decimal, None) => false,
        (_, None) => true,
        (kind, given) => given == kind.fixed_length(),
    };
    if allowed { Ok(()) } else { Err(format!("The MaxLength of {name} is not allowed for the type {}.", kind.name())) }
}
