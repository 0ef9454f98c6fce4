//! Synchronous rows: upsert of a rowset, of one row, and paged reading (sfmc.md 6.1, 6.3).

use serde_json::{Map, Value, json};

use super::extension::{ColumnType, Extension, Row, shown_date};
use super::filter::{Filter, order};
use super::token::Token;
use super::{Scene, State, new_guid, rest_error};
use crate::sandbox::fields::Fields as _;
use crate::sandbox::front::{Call, Reply, decode};

const BODY_BYTES_MAX: usize = 5 << 20;
/// The most rows on one page.
const PAGE_SIZE_MAX: usize = 2_500;
/// A read opened this many reads ago can no longer be continued.
const CURSORS_MAX: usize = 1_000;

/// A read whose further pages may be asked for.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    mid: u64,
    key: String,
    filter: Option<String>,
    order_by: Option<String>,
    fields: Option<String>,
    page_size: usize,
}

/// `POST /hub/v1/dataevents/key:{key}/rowset`: all rows or none.
pub(super) fn post_rowset(state: &mut State, token: &Token, key: &str, call: &Call) -> Reply {
    if call.body.len() > BODY_BYTES_MAX {
        return rest_error(413, 0, "The request body is larger than 5 MB.");
    }
    let Ok(Value::Array(items)) = call.json() else {
        return rest_error(400, 10006, "The request body is not a JSON array.");
    };
    let Some(extension) = state.extension_mut(token.mid, key) else { return no_such_extension(key) };
    let mut rows = Vec::with_capacity(items.len());
    let mut problems = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let checked = merged(extension, item).and_then(|fields| extension.check(&fields));
        match checked.and_then(|row| extension.would_write(&row).map(|()| row)) {
            Ok(row) => rows.push(row),
            Err(problem) => problems.push(format!("Row {index}: {problem}")),
        }
    }
    if !problems.is_empty() {
        return refused(&problems);
    }
    for row in rows {
        if let Err(problem) = extension.write(row) {
            return refused(&[problem]);
        }
    }
    Reply::json(200, &Value::Array(items))
}

/// `PUT /hub/v1/dataevents/key:{key}/rows/{pk}:{value}[,{pk}:{value}]`. `keys` is still percent-encoded, because its
/// separators may occur in values.
pub(super) fn put_row(state: &mut State, token: &Token, key: &str, keys: &str, call: &Call) -> Reply {
    let Ok(Value::Object(body)) = call.json() else {
        return rest_error(400, 10006, "The request body is not a JSON object.");
    };
    let Some(extension) = state.extension_mut(token.mid, key) else { return no_such_extension(key) };
    let mut named = Map::new();
    for part in keys.split(',') {
        let Some((name, value)) = part.split_once(':') else {
            return rest_error(400, 10006, "The primary keys in the path are not name:value.");
        };
        named.insert(decode(name), decode(value).into());
    }
    let item = json!({ "keys": named, "values": body.get("values") });
    match merged(extension, &item).and_then(|fields| extension.upsert(&fields)) {
        Ok(()) => Reply::json(200, &item),
        Err(problem) => refused(&[problem]),
    }
}

/// Keys and values of one item as one row; the keys must be exactly the primary key.
fn merged(extension: &Extension, item: &Value) -> Result<Map<String, Value>, String> {
    let keys = item.get("keys").and_then(Value::as_object);
    let keys = keys.ok_or_else(|| "The object keys is missing.".to_owned())?;
    let values = item.get("values").and_then(Value::as_object).cloned().unwrap_or_default();
    let is_key = |name: &str| {
        extension.column(name).and_then(|index| extension.columns.get(index)).is_some_and(|c| c.primary_key)
    };
    let key_columns = extension.columns.iter().filter(|column| column.primary_key).count();
    if key_columns == 0 {
        return Err("The data extension has no primary key.".to_owned());
    }
    if keys.len() != key_columns || !keys.keys().all(|name| is_key(name)) {
        return Err("The keys are not the primary key of the data extension.".to_owned());
    }
    if values.keys().any(|name| is_key(name)) {
        return Err("The values contain a primary key column.".to_owned());
    }
    let mut fields = keys.clone();
    fields.extend(values);
    Ok(fields)
}

fn refused(problems: &[String]) -> Reply {
    let additional: Vec<Value> =
        problems.iter().map(|problem| json!({ "message": problem, "errorcode": 10000, "documentation": "" })).collect();
    let body = json!({
        "message": "Unable to save rows for data extension.",
        "errorcode": 10006,
        "documentation": "",
        "additionalErrors": additional,
    });
    Reply::json(400, &body)
}

fn no_such_extension(key: &str) -> Reply {
    rest_error(400, 10003, &format!("Could not find a data extension with the external key {key}."))
}

/// `GET /data/v1/customobjectdata/key/{key}/rowset`.
pub(super) fn open(state: &mut State, scene: &Scene<'_>, token: &Token, key: &str, call: &Call) -> Reply {
    if state.extension(token.mid, key).is_none() {
        return rest_error(404, 10003, &format!("Could not find a data extension with the external key {key}."));
    }
    let page_size = call.query_value("$pageSize").and_then(|size| size.parse().ok()).unwrap_or(PAGE_SIZE_MAX);
    let cursor = Cursor {
        mid: token.mid,
        key: key.to_owned(),
        filter: call.query_value("$filter"),
        order_by: call.query_value("$orderBy").or_else(|| call.query_value("$orderby")),
        fields: call.query_value("$fields"),
        page_size: page_size.clamp(1, PAGE_SIZE_MAX),
    };
    let id = new_guid();
    if state.row_cursors.len() >= CURSORS_MAX {
        state.row_cursors.clear();
    }
    state.row_cursors.insert(id.clone(), cursor.clone());
    read(state, scene, &id, &cursor, page_of(call))
}

/// `GET /data/v1/customobjectdata/token/{token}/rowset?$page=2`.
pub(super) fn continued(state: &State, scene: &Scene<'_>, token: &Token, id: &str, call: &Call) -> Reply {
    match state.row_cursors.get(id).filter(|cursor| cursor.mid == token.mid) {
        Some(cursor) => read(state, scene, id, cursor, page_of(call)),
        None => rest_error(404, 10003, "The request token is unknown or expired."),
    }
}

fn page_of(call: &Call) -> usize {
    call.query_value("$page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1)
}

fn read(state: &State, scene: &Scene<'_>, id: &str, cursor: &Cursor, page: usize) -> Reply {
    let Some(extension) = state.extension(cursor.mid, &cursor.key) else { return no_such_extension(&cursor.key) };
    let filter = match cursor.filter.as_deref().map(|text| Filter::parse(text, extension)).transpose() {
        Ok(filter) => filter,
        Err(problem) => return rest_error(400, 10001, &problem),
    };
    let columns = match shown(extension, cursor.fields.as_deref()) {
        Ok(columns) => columns,
        Err(problem) => return rest_error(400, 10001, &problem),
    };
    let passes = |row: &&Row| filter.as_ref().is_none_or(|filter| filter.matches(row, extension));
    let mut rows: Vec<&Row> = extension.raw_rows().iter().filter(passes).collect();
    if let Some(order_by) = cursor.order_by.as_deref()
        && let Err(problem) = sort(&mut rows, extension, order_by)
    {
        return rest_error(400, 10001, &problem);
    }
    let first = (page - 1) * cursor.page_size;
    let items: Vec<Value> = rows
        .iter()
        .skip(first)
        .take(cursor.page_size)
        .map(|row| item(extension, row, &columns, state.lower_case_columns))
        .collect();
    let link = |page: usize| format!("/v1/customobjectdata/token/{id}/rowset?$page={page}");
    let mut links = json!({ "self": link(page) });
    if first + items.len() < rows.len() {
        links.set("next", link(page + 1));
    }
    let expires = scene.wall.plus(std::time::Duration::from_secs(86_400));
    let mut body = json!({
        "links": links,
        "requestToken": id,
        "tokenExpireDateUtc": expires.to_iso_millis().trim_end_matches('Z'),
        "customObjectId": extension.object_id,
        "customObjectKey": extension.key,
        "pageSize": cursor.page_size,
        "page": page,
        "count": rows.len(),
        "top": rows.len(),
    });
    if !items.is_empty() {
        body.set("items", items);
    }
    Reply::json(200, &body)
}

/// The columns of `$fields`, all without it.
fn shown(extension: &Extension, fields: Option<&str>) -> Result<Vec<usize>, String> {
    let Some(fields) = fields else { return Ok((0..extension.columns.len()).collect()) };
    let named = fields.split(',').map(str::trim);
    named.map(|name| extension.column(name).ok_or_else(|| format!("The column {name} does not exist."))).collect()
}

fn sort(rows: &mut [&Row], extension: &Extension, order_by: &str) -> Result<(), String> {
    // The last criterion is sorted by first: the sort is stable.
    for criterion in order_by.split(',').rev() {
        let mut words = criterion.split_whitespace();
        let name = words.next().unwrap_or_default();
        let is_descending = words.next().is_some_and(|word| word.eq_ignore_ascii_case("desc"));
        let column = extension.column(name).ok_or_else(|| format!("The column {name} does not exist."))?;
        let kind = extension.columns.get(column).map_or(ColumnType::Text, |column| column.column_type);
        rows.sort_by(|left, right| {
            let cell = |row: &Row| row.get(column).cloned().flatten();
            let ordering = match (cell(left), cell(right)) {
                (Some(left), Some(right)) => order(kind, &left, &right).unwrap_or_else(|| left.cmp(&right)),
                (left, right) => left.cmp(&right),
            };
            if is_descending { ordering.reverse() } else { ordering }
        });
    }
    Ok(())
}

fn item(extension: &Extension, row: &Row, columns: &[usize], lower: bool) -> Value {
    let mut keys = Map::new();
    let mut values = Map::new();
    for index in columns {
        let Some(column) = extension.columns.get(*index) else { continue };
        let name = if lower { column.name.to_lowercase() } else { column.name.clone() };
        let text = row.get(*index).and_then(Option::as_deref).unwrap_or_default();
        let target = if column.primary_key { &mut keys } else { &mut values };
        target.insert(name, shown_value(column.column_type, text).into());
    }
    let mut item = json!({ "values": values });
    if !keys.is_empty() {
        item.set("keys", keys);
    }
    item
}

/// A value as reads spell it: all are text, booleans capitalised, dates in server time.
pub(super) fn shown_value(kind: ColumnType, text: &str) -> String {
    match (kind, text) {
        (ColumnType::Boolean, "true") => "True".to_owned(),
        (ColumnType::Boolean, "false") => "False".to_owned(),
        (ColumnType::Date, text) => shown_date(text),
        _ => text.to_owned(),
    }
}
