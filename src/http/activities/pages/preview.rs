//! The preview as HTML, and the calls that ask for it.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::{PageError, SignedIn};
use crate::domain::journey::Journey;
use crate::domain::merge_field::{self, AskedField};
use crate::domain::notes::Notes;
use crate::domain::preview::{Arrangement, Bubble, Part, Preview, TextPiece};
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

/// A merge field as the page gets it.
#[derive(Serialize)]
pub(super) struct MergeFieldRow {
    expression: String,
    name: String,
    /// A value that its in-argument takes.
    example: String,
}

/// The merge fields that a test message asks values for.
pub(super) fn merge_fields(arguments: &[(String, String)]) -> Vec<MergeFieldRow> {
    let asked = merge_field::expressions(arguments.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let row =
        |field: AskedField| MergeFieldRow { expression: field.expression, name: field.label, example: field.example };
    asked.into_iter().map(row).collect()
}

/// Of the activity, what the page knows before it is saved.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Named {
    name: Option<String>,
}

impl Named {
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
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
#[serde(rename_all = "camelCase")]
struct PreviewAnswer<'a> {
    preview: String,
    notes: serde_json::Map<String, serde_json::Value>,
    warnings: Vec<WarningRow<'a>>,
    merge_fields: Vec<MergeFieldRow>,
}

/// The preview with values for its merge fields, notes and warnings.
pub(super) async fn preview(
    signed_in: SignedIn,
    to_preview: Json<ToPreview>,
    previews: Data<Previews>,
) -> Result<HttpResponse, PageError> {
    let ToPreview { arguments, journey, activity, audience, values } = to_preview.into_inner();
    let merge_fields = merge_fields(&arguments);
    let to_show = ToShow { arguments, journey: &journey, activity_name: activity.name(), audience, values };
    let shown = previews.show(&signed_in.0, to_show).await;
    let (notes, warnings) = said(&shown.notes);
    Ok(HttpResponse::Ok().json(PreviewAnswer { preview: html(&shown.preview)?, notes, warnings, merge_fields }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::channel::Channel;
    use crate::domain::merge_field::Values;
    use crate::domain::message::InArguments;
    use crate::domain::preview::PreviewContext;
    use proptest::prelude::*;

    /// Every in-argument whose value a preview shows, numbered ones once.
    const SHOWN: [&str; 26] = [
        "sender",
        "text",
        "title",
        "segmentText1",
        "segmentUrl2",
        "templateName",
        "headerText",
        "placeholder1",
        "buttonParameter1",
        "imageUrl",
        "imageLink",
        "videoUrl",
        "videoSeconds",
        "fileUrl",
        "fileName",
        "buttonText",
        "buttonUrl",
        "buttonName1",
        "buttonUrlMobile1",
        "card1Title",
        "card1MediaUrl",
        "card2Description",
        "suggestionText1",
        "suggestionUrl1",
        "customDomain",
        "fallbackText",
    ];

    proptest! {
        #[test]
        fn whatever_was_typed_is_text(
            value in "(https?://|[<>&\"'xyz/{} .=\n]){1,30}",
            kind in prop::sample::select(vec!["TEXT", "IMAGE", "VIDEO", "FILE", "CARD", "CAROUSEL"]),
        ) {
            let chosen = [("contentType", kind), ("segmentType1", "TEXT"), ("segmentType2", "LINK"),
                ("suggestionType1", "OPEN_URL"), ("buttonType1", "WEB_LINK"), ("shortenUrl", "true")];
            let typed = SHOWN.iter().map(|name| (*name, value.as_str()));
            let arguments: InArguments =
                typed.chain(chosen).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let values = Values::default();
            for channel in Channel::all() {
                let context =
                    PreviewContext { channel: Some(channel), arguments: &arguments, template: None, values: &values };
                let html = html(&Preview::of(&context)).unwrap();
                let tags = ["span", "p", "h2", "h3", "ul", "li", "div"];
                for tag in html.split('<').skip(1) {
                    let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
                    prop_assert!(tags.contains(&name), "<{name} in {html}");
                }
                prop_assert!(!html.contains("/>"), "{html}");
            }
        }
    }
}
