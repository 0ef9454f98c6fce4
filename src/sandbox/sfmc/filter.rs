//! `$filter` of rowset reads: `Mobile eq '+8210' and (Age gt 3 or Name like 'K%')`.

use std::cmp::Ordering;

use super::extension::{ColumnType, Extension, Row, server_time_of};

/// A parsed filter on an extension's columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    Compare { column: usize, operator: Operator, value: String },
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Like,
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "eq" => Self::Eq,
            "ne" | "neq" => Self::Ne,
            "gt" => Self::Gt,
            "lt" => Self::Lt,
            "ge" | "gte" => Self::Ge,
            "le" | "lte" => Self::Le,
            "like" => Self::Like,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Literal(String),
    Open,
    Close,
}

impl Filter {
    pub(super) fn parse(text: &str, extension: &Extension) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), extension };
        let filter = parser.alternatives(0)?;
        match parser.tokens.next() {
            None => Ok(filter),
            Some(token) => Err(format!("Unexpected {token:?} in the filter.")),
        }
    }

    pub(super) fn matches(&self, row: &Row, extension: &Extension) -> bool {
        match self {
            Self::And(left, right) => left.matches(row, extension) && right.matches(row, extension),
            Self::Or(left, right) => left.matches(row, extension) || right.matches(row, extension),
            Self::Compare { column, operator, value } => {
                let Some(kind) = extension.columns.get(*column).map(|column| column.column_type) else { return false };
                let cell = row.get(*column).and_then(Option::as_deref);
                compares(kind, cell, *operator, value)
            }
        }
    }
}

/// Deeper nesting is refused, so that a filter cannot exhaust the stack.
const DEPTH_MAX: usize = 32;

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    extension: &'a Extension,
}

impl Parser<'_> {
    fn alternatives(&mut self, depth: usize) -> Result<Filter, String> {
        let mut left = self.conjunction(depth)?;
        while self.takes("or") {
            left = Filter::Or(Box::new(left), Box::new(self.conjunction(depth)?));
        }
        Ok(left)
    }

    fn conjunction(&mut self, depth: usize) -> Result<Filter, String> {
        let mut left = self.term(depth)?;
        while self.takes("and") {
            left = Filter::And(Box::new(left), Box::new(self.term(depth)?));
        }
        Ok(left)
    }

    fn term(&mut self, depth: usize) -> Result<Filter, String> {
        if depth > DEPTH_MAX {
            return Err("The filter is nested too deeply.".to_owned());
        }
        let name = match self.tokens.next() {
            Some(Token::Open) => {
                let inner = self.alternatives(depth + 1)?;
                return match self.tokens.next() {
                    Some(Token::Close) => Ok(inner),
                    _ => Err("A parenthesis is not closed in the filter.".to_owned()),
                };
            }
            Some(Token::Word(name)) => name,
            other => return Err(format!("A column was expected in the filter, not {other:?}.")),
        };
        let column = self.extension.column(&name).ok_or_else(|| format!("The column {name} does not exist."))?;
        let operator = match self.tokens.next() {
            Some(Token::Word(word)) => Operator::parse(&word).ok_or_else(|| format!("{word} is not an operator."))?,
            other => return Err(format!("An operator was expected in the filter, not {other:?}.")),
        };
        match self.tokens.next() {
            Some(Token::Literal(value) | Token::Word(value)) => Ok(Filter::Compare { column, operator, value }),
            other => Err(format!("A value was expected in the filter, not {other:?}.")),
        }
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let is_next = |token: &Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.tokens.next_if(is_next).is_some()
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            ' ' => {}
            '(' => found.push(Token::Open),
            ')' => found.push(Token::Close),
            '\'' => found.push(Token::Literal(quoted(&mut chars)?)),
            first => {
                let mut word = String::from(first);
                while let Some(more) = chars.next_if(|c| !" ()'".contains(*c)) {
                    word.push(more);
                }
                found.push(Token::Word(word));
            }
        }
    }
    Ok(found)
}

/// The rest of a quoted literal; a doubled quote stands for one.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut literal = String::new();
    loop {
        match chars.next() {
            Some('\'') if chars.next_if_eq(&'\'').is_some() => literal.push('\''),
            Some('\'') => return Ok(literal),
            Some(other) => literal.push(other),
            None => return Err("A quote is not closed in the filter.".to_owned()),
        }
    }
}

/// Compares a cell with a literal as the column's type does; an empty cell only differs.
pub(super) fn compares(kind: ColumnType, cell: Option<&str>, operator: Operator, value: &str) -> bool {
    let Some(cell) = cell else { return operator == Operator::Ne };
    if operator == Operator::Like {
        return is_like(&cell.to_lowercase(), &value.to_lowercase());
    }
    let Some(ordering) = order(kind, cell, value) else { return operator == Operator::Ne };
    match operator {
        Operator::Eq => ordering.is_eq(),
        Operator::Ne => ordering.is_ne(),
        Operator::Gt => ordering.is_gt(),
        Operator::Lt => ordering.is_lt(),
        Operator::Ge => ordering.is_ge(),
        Operator::Le => ordering.is_le(),
        Operator::Like => false,
    }
}

/// How two values of a type are ordered: numbers and dates by value, text without regard to case, as the database
/// behind the platform does.
pub(super) fn order(kind: ColumnType, left: &str, right: &str) -> Option<Ordering> {
    match kind {
        ColumnType::Number | ColumnType::Decimal => {
            left.parse::<f64>().ok()?.partial_cmp(&right.trim().parse::<f64>().ok()?)
        }
        ColumnType::Date => {
            let whole_seconds = |text| server_time_of(text)?.with().subsec_nanosecond(0).build().ok();
            Some(whole_seconds(left)?.cmp(&whole_seconds(right)?))
        }
        _ => Some(left.to_lowercase().cmp(&right.to_lowercase())),
    }
}

/// SQL's `like` with `%` as the only wildcard.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('%');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::sfmc::extension::{Column, DataExtensionSpec};

    fn people() -> Extension {
        let columns = vec![Column::text("Name", 50), Column::new("Age", ColumnType::Number)];
        let spec = DataExtensionSpec { key: "people".into(), columns, ..DataExtensionSpec::default() };
        Extension::new(spec, "1".into())
    }

    #[track_caller]
    fn check(filter: &str, name: &str, age: Option<&str>, expected: bool) {
        let people = people();
        let filter = Filter::parse(filter, &people).unwrap();
        let row: Row = vec![Some(name.into()), age.map(Into::into)];
        assert_eq!(filter.matches(&row, &people), expected, "{filter:?}");
    }

    #[test]
    fn filters_compare_by_type_and_bind_and_before_or() {
        check("name eq 'kim'", "Kim", None, true);
        check("Name eq 'O''Hara'", "O'Hara", None, true);
        check("Age gt 9", "a", Some("10"), true);
        check("Age gt 9", "a", None, false);
        check("Age ne 9", "a", None, true);
        check("Name eq 'a' or Name eq 'b' and Age eq 1", "a", None, true);
        check("(Name eq 'a' or Name eq 'b') and Age eq 1", "a", None, false);
        check("Name like '%im%'", "Kimberly", None, true);
        check("Name like 'im%'", "Kim", None, false);
    }

    #[test]
    fn broken_filters_are_refused() {
        let people = people();
        for text in ["", "Name", "Name eq", "Name is 'a'", "Nome eq 'a'", "Name eq 'a", "(Name eq 'a'", "Name eq 'a' x"]
        {
            assert!(Filter::parse(text, &people).is_err(), "{text}");
        }
        let deep = format!("{}Name eq 'a'{}", "(".repeat(100), ")".repeat(100));
        assert!(Filter::parse(&deep, &people).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".*", words in "((Name|Age|eq|and|or|like|'|\\(|\\)|%) ?){0,20}") {
            let people = people();
            let row: Row = vec![Some("Kim".into())];
            for text in [text, words] {
                if let Ok(filter) = Filter::parse(&text, &people) {
                    filter.matches(&row, &people);
                }
            }
        }

        #[test]
        fn a_pattern_finds_what_it_was_made_of(start in "[a-c]*", middle in "[a-c]*", end in "[a-c]*") {
            let text = format!("{start}{middle}{end}");
            for pattern in [format!("{start}%{end}"), format!("%{middle}%")] {
                proptest::prop_assert!(is_like(&text, &pattern));
            }
        }
    }
}
