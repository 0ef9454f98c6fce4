//! Data extensions over SOAP: what they look like, creating ours, reading rows by one column (sfmc.md 6.6–6.8).

use super::soap::{Element, Equals, Soap, SoapError, tag};
use crate::domain::extension::{ColumnType, Extension};
use crate::domain::tenant::Tenant;

/// An actual column of an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// `FieldType` as SFMC spells it.
    pub(crate) field_type: String,
    pub(crate) max_length: Option<u32>,
    pub(crate) scale: Option<u32>,
    pub(crate) required: bool,
    /// Whether SFMC fills it in a row that leaves it out.
    pub(crate) has_default: bool,
    pub(crate) primary_key: bool,
    ordinal: u32,
}

/// What provisioning one of our extensions came to (spec T4). Nothing that exists is ever changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Provisioned {
    Created,
    Unchanged,
    /// It exists and is not as ours; a column mapping can still use it (spec T3).
    Differs(Vec<Difference>),
}

/// How an existing extension differs from ours in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) column: String,
    /// What is there and what is expected, for a person.
    pub(crate) what: String,
}

/// Columns of the extension with this external key, in their order; empty when there is no such extension.
pub(super) async fn fields(soap: &Soap<'_>, tenant: &Tenant, external_key: &str) -> Result<Vec<Field>, SoapError> {
    const PROPERTIES: [&str; 9] = [
        "ObjectID",
        "Name",
        "FieldType",
        "MaxLength",
        "Scale",
        "IsRequired",
        "IsPrimaryKey",
        "Ordinal",
        "DefaultValue",
    ];
    let filter = Equals { property: "DataExtension.CustomerKey", value: external_key };
    let found = soap.retrieve(tenant, "DataExtensionField", &PROPERTIES, filter).await?;
    let mut fields = found.iter().filter_map(field).collect::<Vec<_>>();
    fields.sort_by_key(|field| field.ordinal);
    Ok(fields)
}

/// External key of the extension with this object id.
pub(super) async fn key_of(soap: &Soap<'_>, tenant: &Tenant, object_id: &str) -> Result<Option<String>, SoapError> {
    let filter = Equals { property: "ObjectID", value: object_id };
    let found = soap.retrieve(tenant, "DataExtension", &["ObjectID", "CustomerKey", "Name"], filter).await?;
    Ok(found.first().and_then(|extension| extension.text_of("CustomerKey")).map(str::to_owned))
}

/// Whether there is an extension with this external key.
pub(super) async fn exists(soap: &Soap<'_>, tenant: &Tenant, external_key: &str) -> Result<bool, SoapError> {
    let filter = Equals { property: "CustomerKey", value: external_key };
    let found = soap.retrieve(tenant, "DataExtension", &["ObjectID", "CustomerKey", "Name"], filter).await?;
    Ok(!found.is_empty())
}

/// Creates our extension when there is none with its key; otherwise tells how the existing one differs.
pub(super) async fn provision<S>(
    soap: &Soap<'_>,
    tenant: &Tenant,
    extension: &Extension<S>,
) -> Result<Provisioned, SoapError> {
    if !exists(soap, tenant, extension.external_key).await? {
        soap.create(tenant, "DataExtension", &definition(extension)).await?;
        return Ok(Provisioned::Created);
    }
    let actual = fields(soap, tenant, extension.external_key).await?;
    let differences = differences(extension, &actual);
    Ok(if differences.is_empty() { Provisioned::Unchanged } else { Provisioned::Differs(differences) })
}

/// The rows whose `column` equals `value`, with the `wanted` columns as they are spelt in the answer.
pub(super) async fn rows(
    soap: &Soap<'_>,
    tenant: &Tenant,
    external_key: &str,
    filter: Equals<'_>,
    wanted: &[&str],
) -> Result<Vec<Vec<(String, String)>>, SoapError> {
    let object_type = format!("DataExtensionObject[{external_key}]");
    let found = soap.retrieve(tenant, &object_type, wanted, filter).await?;
    Ok(found.iter().map(row).collect())
}

fn row(result: &Element) -> Vec<(String, String)> {
    let properties = result.child("Properties");
    let cell = |property: &Element| {
        let value = property.raw_text_of("Value").unwrap_or_default().to_owned();
        property.text_of("Name").map(|name| (name.to_owned(), value))
    };
    properties.map(|properties| properties.children("Property").filter_map(cell).collect()).unwrap_or_default()
}

fn field(result: &Element) -> Option<Field> {
    let flag = |name| result.text_of(name).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let number = |name| result.text_of(name).and_then(|text| text.parse().ok());
    Some(Field {
        name: result.text_of("Name")?.to_owned(),
        field_type: result.text_of("FieldType").unwrap_or_default().to_owned(),
        max_length: number("MaxLength"),
        scale: number("Scale"),
        required: flag("IsRequired"),
        has_default: result.text_of("DefaultValue").is_some_and(|value| !value.is_empty()),
        primary_key: flag("IsPrimaryKey"),
        ordinal: number("Ordinal").unwrap_or(u32::MAX),
    })
}

/// `FieldType`, `MaxLength` and `Scale` of a column. Phone, EmailAddress and Locale get SFMC's own lengths
/// (sfmc.md 6.6); `Scale` is for Decimal only.
fn field_type(column_type: ColumnType) -> (&'static str, Option<u32>, Option<u32>) {
    match column_type {
        ColumnType::Text(length) => ("Text", u32::try_from(length).ok(), None),
        ColumnType::Decimal(precision, scale) => ("Decimal", Some(precision.into()), Some(scale.into())),
        ColumnType::Number => ("Number", None, None),
        ColumnType::Boolean => ("Boolean", None, None),
        ColumnType::Date => ("Date", None, None),
        ColumnType::Phone => ("Phone", None, None),
        ColumnType::EmailAddress => ("EmailAddress", None, None),
        ColumnType::Locale => ("Locale", None, None),
    }
}

/// The column by which an extension is sendable, when it has it: a sample audience is an entry source only so.
const SENDABLE_COLUMN: &str = "SubscriberKey";

/// The XML inside `Objects`, in the schema's order (sfmc.md 6.7).
fn definition<S>(extension: &Extension<S>) -> String {
    let mut xml = tag("CustomerKey", extension.external_key);
    xml.push_str(&tag("Name", extension.name));
    xml.push_str(&tag("Description", "Provisioned by Waypost"));
    if extension.columns.iter().any(|column| column.name == SENDABLE_COLUMN) {
        xml.push_str(&tag("IsSendable", "true"));
        xml.push_str(&format!(
            "<SendableDataExtensionField>{}</SendableDataExtensionField>",
            tag("Name", SENDABLE_COLUMN)
        ));
        // Sent with a space, although it comes back as `_SubscriberKey` (sfmc.md 6.7).
        xml.push_str(&format!("<SendableSubscriberField>{}</SendableSubscriberField>", tag("Name", "Subscriber Key")));
    } else {
        xml.push_str(&tag("IsSendable", "false"));
    }
    xml.push_str("<Fields>");
    for column in extension.columns {
        let (field_type, max_length, scale) = field_type(column.column_type);
        let required = !column.nullable || column.primary_key;
        xml.push_str("<Field>");
        xml.push_str(&tag("CustomerKey", column.name));
        xml.push_str(&tag("Name", column.name));
        xml.extend(scale.map(|scale| tag("Scale", &scale.to_string())));
        xml.extend(max_length.map(|length| tag("MaxLength", &length.to_string())));
        xml.push_str(&tag("IsRequired", &required.to_string()));
        xml.push_str(&tag("IsPrimaryKey", &column.primary_key.to_string()));
        xml.push_str(&tag("FieldType", field_type));
        xml.push_str("</Field>");
    }
    xml.push_str("</Fields>");
    xml
}

fn differences<S>(extension: &Extension<S>, actual: &[Field]) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut tell = |column: &str, what: String| found.push(Difference { column: column.to_owned(), what });
    for column in extension.columns {
        let Some(field) = actual.iter().find(|field| field.name.eq_ignore_ascii_case(column.name)) else {
            tell(column.name, "is missing".into());
            continue;
        };
        let (field_type, max_length, scale) = field_type(column.column_type);
        if !field.field_type.eq_ignore_ascii_case(field_type) {
            tell(column.name, format!("is {}, expected {field_type}", field.field_type));
            continue;
        }
        // A longer column takes whatever a shorter one does; no length at all is SFMC's long text.
        if let (Some(length), Some(expected)) = (field.max_length.filter(|length| *length > 0), max_length)
            && length < expected
        {
            tell(column.name, format!("has length {length}, expected {expected}"));
        }
        if let (Some(digits), Some(expected)) = (field.scale, scale)
            && digits < expected
        {
            tell(column.name, format!("has {digits} decimals, expected {expected}"));
        }
        if field.primary_key != column.primary_key {
            let what = if column.primary_key { "is not the primary key" } else { "is a primary key" };
            tell(column.name, what.into());
        }
        if field.required && column.nullable && !column.primary_key {
            tell(column.name, "is required, expected nullable".into());
        }
    }
    let is_ours = |field: &&Field| extension.columns.iter().any(|column| column.name.eq_ignore_ascii_case(&field.name));
    for field in actual.iter().filter(|field| field.required && !field.has_default && !is_ours(field)) {
        tell(&field.name, "is required, and Waypost has nothing to fill it with".into());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::extension::{SAMPLE_AUDIENCE, SMS_DELIVERY_REPORTS};

    /// The extension's fields as SFMC would answer them.
    pub(crate) fn as_created<S>(extension: &Extension<S>) -> Vec<Field> {
        let fields = extension.columns.iter().zip(0..);
        fields
            .map(|(column, ordinal)| {
                let (field_type, max_length, scale) = field_type(column.column_type);
                Field {
                    name: column.name.into(),
                    field_type: field_type.into(),
                    max_length,
                    scale: scale.or(Some(0)),
                    required: !column.nullable,
                    has_default: false,
                    primary_key: column.primary_key,
                    ordinal,
                }
            })
            .collect()
    }

    #[test]
    fn the_reports_extension_is_created_from_the_table() {
        insta::assert_snapshot!(definition(&SMS_DELIVERY_REPORTS).replace("<Field>", "\n<Field>"));
    }

    #[test]
    fn the_sample_audience_is_sendable_by_its_subscriber_key() {
        insta::assert_snapshot!(definition(&SAMPLE_AUDIENCE).replace("<Field>", "\n<Field>"));
    }

    #[test]
    fn differences_are_named_and_a_wider_column_is_none() {
        let mut actual = as_created(&SMS_DELIVERY_REPORTS);
        assert_eq!(differences(&SMS_DELIVERY_REPORTS, &actual), []);
        actual[1].field_type = "Text".into();
        actual[2].max_length = Some(20);
        actual[4].max_length = Some(50);
        actual[0].primary_key = false;
        actual[5].name = "STATUSGROUPID".into();
        actual.remove(8);
        actual.push(Field { name: "Team".into(), required: true, ..actual[2].clone() });
        let found = differences(&SMS_DELIVERY_REPORTS, &actual);
        let found = found.iter().map(|d| format!("{} {}", d.column, d.what)).collect::<Vec<_>>();
        assert_eq!(
            found,
            [
                "messageId is not the primary key",
                "messageCount is Text, expected Number",
                "to has length 20, expected 50",
                "statusName is missing",
                "Team is required, and Waypost has nothing to fill it with",
            ]
        );
    }
}
