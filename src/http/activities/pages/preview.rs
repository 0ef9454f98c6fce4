//! The preview as HTML, and the calls that ask for it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::{PageError, SignedIn};
use crate::domain::journey::Journey;
use crate::domain::merge_field;
use crate::domain::notes::Notes;
use crate::domain::preview::{Arrangement, Bubble, Part, Preview, Text, TextPiece};
use crate::pages::configuration::Arguments;
use crate::pages::preview::{Previews, ToShow};

/// The phone with the message on it.
#[derive(Template)]
#[template(path = "activities/messaging/preview.html")]
struct PreviewPage<'a> {
    preview: &'a Preview,
}

impl PreviewPage<'_> {
    /// Class of a bubble whose picture is beside its text.
    fn arrangement(&self, bubble: &Bubble) -> &'static str {
        match bubble.arrangement {
            Arrangement::Stacked => "",
            Arrangement::MediaLeft => " wp-phone__bubble_left",
            Arrangement::MediaRight => " wp-phone__bubble_right",
        }
    }
}

/// The HTML of a preview: the content of the page's `#preview`.
pub(super) fn html(preview: &Preview) -> Result<String, PageError> {
    Ok(PreviewPage { preview }.render()?)
}

/// A warning as the page gets it.
#[derive(Serialize)]
pub(super) struct WarningRow<'a> {
    argument: Option<&'a str>,
    message: &'a str,
}

/// Notes and warnings as the page gets them.
pub(super) fn said(notes: &Notes) -> (serde_json::Map<String, serde_json::Value>, Vec<WarningRow<'_>>) {
    let rows = notes.notes.iter().map(|(argument, text)| (argument.clone(), text.as_str().into())).collect();
    let warnings = notes.warnings.iter();
    let warnings =
        warnings.map(|warning| WarningRow { argument: warning.argument.as_deref(), message: &warning.message });
    (rows, warnings.collect())
}

/// Of the activity, what the page knows before it is saved.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct ToPreview {
    arguments: Arguments,
    journey: Journey,
    #[serde(default)]
    activity: Named,
    #[serde(default)]
    audience: Option<u64>,
    #[serde(default)]
    values: Arguments,
}

#[derive(Serialize)]
struct PreviewAnswer<'a> {
    preview: String,
    notes: serde_json::Map<String, serde_json::Value>,
    warnings: Vec<WarningRow<'a>>,
}

/// The preview with values for its merge fields, notes and warnings.
pub(super) async fn preview(
    signed_in: SignedIn,
    to_preview: Json<ToPreview>,
    previews: Data<Previews>,
) -> Result<HttpResponse, PageError> {
    let ToPreview { arguments, journey, activity, audience, values } = to_preview.into_inner();
    let to_show = ToShow { arguments, journey: &journey, activity_name: &activity.name, audience, values };
    let shown = previews.show(&signed_in.0, to_show).await;
    let (notes, warnings) = said(&shown.notes);
    Ok(HttpResponse::Ok().json(PreviewAnswer { preview: html(&shown.preview)?, notes, warnings }))
}

#[derive(Deserialize)]
pub(super) struct OfFields {
    arguments: Arguments,
}

#[derive(Serialize)]
struct FieldRow {
    expression: String,
    label: String,
    value: String,
}

/// The merge fields that a test message asks values for, each with an example.
pub(super) async fn fields(_: SignedIn, of: Json<OfFields>) -> HttpResponse {
    let arguments = of.arguments.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let asked = merge_field::expressions(arguments);
    let row = |field: merge_field::AskedField| FieldRow {
        expression: field.expression,
        label: field.label,
        value: field.example,
    };
    let rows: Vec<_> = asked.into_iter().map(row).collect();
    HttpResponse::Ok().json(serde_json::json!({ "fields": rows }))
}
