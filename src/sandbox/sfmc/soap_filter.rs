//! Filters of a SOAP retrieve: simple and complex parts (sfmc.md 6.8).

use super::extension::ColumnType;
use super::filter::{Operator, compares};
use super::xml::Node;

/// Nested more deeply, a filter is refused.
const DEPTH_MAX: usize = 32;

/// A parsed filter part.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SoapFilter {
    Simple { property: String, operator: String, values: Vec<String> },
    All(Vec<SoapFilter>),
    Any(Vec<SoapFilter>),
}

impl SoapFilter {
    /// The error is the text that the platform puts into `OverallStatus` after `Error: `.
    pub(super) fn parse(node: &Node) -> Result<Self, String> {
        Self::parse_at(node, 0)
    }

    fn parse_at(node: &Node, depth: usize) -> Result<Self, String> {
        if depth > DEPTH_MAX {
            return Err("The filter is nested too deeply.".to_owned());
        }
        match node.kind.as_deref() {
            Some("SimpleFilterPart") => {
                let values = node.all("Value").chain(node.all("DateValue")).map(|value| value.text.clone());
                let part = Self::Simple {
                    property: node.text_of("Property").to_owned(),
                    operator: node.text_of("SimpleOperator").to_owned(),
                    values: values.collect(),
                };
                part.checked()
            }
            Some("ComplexFilterPart") => {
                let additional = node.child("AdditionalOperands").into_iter().flat_map(|more| more.all("Operand"));
                let both = ["LeftOperand", "RightOperand"].into_iter().map(|side| node.child(side));
                let mut operands = Vec::new();
                for operand in both {
                    let operand = operand.ok_or("Incorrect syntax near the keyword 'AND'.")?;
                    operands.push(Self::parse_at(operand, depth + 1)?);
                }
                for operand in additional {
                    operands.push(Self::parse_at(operand, depth + 1)?);
                }
                match node.text_of("LogicalOperator") {
                    "AND" => Ok(Self::All(operands)),
                    "OR" => Ok(Self::Any(operands)),
                    other => Err(format!("Unknown logical operator {other}.")),
                }
            }
            _ => Err("Unknown filter of type FilterPart encountered".to_owned()),
        }
    }

    fn checked(self) -> Result<Self, String> {
        let Self::Simple { property, operator, values } = &self else { return Ok(self) };
        if property.is_empty() {
            return Err("A filter has no Property.".to_owned());
        }
        let enough = match operator.as_str() {
            "isNull" | "isNotNull" => true,
            "between" => values.len() == 2,
            "IN" => !values.is_empty(),
            "equals"
            | "notEquals"
            | "greaterThan"
            | "lessThan"
            | "greaterThanOrEqual"
            | "lessThanOrEqual"
            | "like"
            | "existsInString"
            | "existsInStringAsAWord"
            | "notExistsInString"
            | "beginsWith"
            | "endsWith"
            | "contains"
            | "notContains" => values.len() == 1,
            other => {
                return Err(format!("Instance validation error: '{other}' is not a valid value for SimpleOperators."));
            }
        };
        if enough { Ok(self) } else { Err(format!("The filter on {property} has the wrong number of values.")) }
    }

    /// Every property the filter names.
    pub(super) fn properties(&self) -> Vec<&str> {
        match self {
            Self::Simple { property, .. } => vec![property],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::properties).collect(),
        }
    }

    /// Whether the operator occurs anywhere.
    pub(super) fn uses(&self, wanted: &str) -> bool {
        match self {
            Self::Simple { operator, .. } => operator == wanted,
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.uses(wanted)),
        }
    }

    /// `cell` gives the type and value of a property.
    pub(super) fn matches(&self, cell: &dyn Fn(&str) -> (ColumnType, Option<String>)) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(cell)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(cell)),
            Self::Simple { property, operator, values } => {
                let (kind, value) = cell(property);
                let value = value.filter(|value| !value.is_empty());
                matches_simple(kind, value.as_deref(), operator, values)
            }
        }
    }
}

fn matches_simple(kind: ColumnType, cell: Option<&str>, operator: &str, values: &[String]) -> bool {
    let first = values.first().map(String::as_str).unwrap_or_default();
    let second = values.get(1).map(String::as_str).unwrap_or_default();
    let is = |operator, value: &str| compares(kind, cell, operator, value);
    let text = cell.unwrap_or_default().to_lowercase();
    let wanted = first.to_lowercase();
    match operator {
        "isNull" => cell.is_none(),
        "isNotNull" => cell.is_some(),
        "equals" => is(Operator::Eq, first),
        "notEquals" => is(Operator::Ne, first),
        "greaterThan" => is(Operator::Gt, first),
        "lessThan" => is(Operator::Lt, first),
        "greaterThanOrEqual" => is(Operator::Ge, first),
        "lessThanOrEqual" => is(Operator::Le, first),
        "between" => is(Operator::Ge, first) && is(Operator::Le, second),
        "IN" => values.iter().any(|value| is(Operator::Eq, value)),
        "like" => is(Operator::Like, first),
        "beginsWith" => text.starts_with(&wanted),
        "endsWith" => text.ends_with(&wanted),
        "existsInString" | "contains" => text.contains(&wanted),
        "existsInStringAsAWord" => text.split_whitespace().any(|word| word == wanted),
        "notExistsInString" | "notContains" => !text.contains(&wanted),
        _ => false,
    }
}
