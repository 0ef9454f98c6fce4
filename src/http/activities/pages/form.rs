//! A form as HTML: the fragment that the activity page puts into its step.
//!
//! What the page's script and the tests rely on: the root is `form#step`; each control is called as its in-argument, has
//! the id `f-…`, and beside it are its help `h-…`, its note `n-…` and its problem `p-…`; rows bear their name and number.

use askama::Template;

use crate::domain::form::texts::{Phrase, Texts};
use crate::domain::form::{Action, Control, Field, Form, Item, Rows, Section, Step, Summary, Toggle};
use crate::domain::preview::TextPiece;

/// The form's fragment.
pub(crate) fn render(form: &Form) -> Result<String, askama::Error> {
    match form.step {
        Step::Channel => ChannelStep { form }.render(),
        Step::Message => MessageStep { form, texts: form.texts }.render(),
    }
}

/// Everything that was filled in, to be read.
pub(crate) fn summary(summary: &Summary) -> Result<String, askama::Error> {
    SummaryStep { summary, texts: summary.texts }.render()
}

#[derive(Template)]
#[template(path = "activities/messaging/summary.html")]
struct SummaryStep<'a> {
    summary: &'a Summary,
    texts: &'static Texts,
}

#[derive(Template)]
#[template(path = "activities/messaging/channel.html")]
struct ChannelStep<'a> {
    form: &'a Form,
}

#[derive(Template)]
#[template(path = "activities/messaging/message.html")]
struct MessageStep<'a> {
    form: &'a Form,
    texts: &'static Texts,
}

impl ChannelStep<'_> {
    fn section(&self, section: &Section) -> Result<String, askama::Error> {
        Part { form: self.form }.section(section)
    }
}

impl MessageStep<'_> {
    fn section(&self, section: &Section) -> Result<String, askama::Error> {
        Part { form: self.form }.section(section)
    }
}

/// Renders the parts of a form, those within others too.
#[derive(Clone, Copy)]
struct Part<'a> {
    form: &'a Form,
}

impl<'a> Part<'a> {
    fn section(self, section: &Section) -> Result<String, askama::Error> {
        SectionView { part: self, section }.render()
    }

    fn item(self, item: &Item) -> Result<String, askama::Error> {
        let texts = self.form.texts;
        match item {
            Item::Field(field) => {
                let has_merge_fields = !self.form.merge_groups.is_empty();
                let help = [field.help.as_str(), &field.limit.allowed(texts)].join(" ").trim().to_owned();
                let described = described(field, &help);
                FieldView { field, texts, help, described, has_merge_fields }.render()
            }
            Item::Rows(rows) => RowsView { part: self, rows, texts }.render(),
            Item::Toggle(toggle) => ToggleView { toggle, texts }.render(),
            Item::Note(note) => NoteView { note }.render(),
            Item::Shown { label, value } => ShownView { label, value }.render(),
            Item::Action(action) => ActionView { action: *action, texts }.render(),
            Item::Audience(audience) => AudienceView { audience: *audience, texts }.render(),
        }
    }
}

/// Ids of what describes a control.
fn described(field: &Field, help: &str) -> String {
    let argument = &field.argument;
    let rest = format!("n-{argument} p-{argument}");
    if help.is_empty() { rest } else { format!("h-{argument} {rest}") }
}

#[derive(Template)]
#[template(path = "partials/section.html")]
struct SectionView<'a> {
    part: Part<'a>,
    section: &'a Section,
}

impl SectionView<'_> {
    fn item(&self, item: &Item) -> Result<String, askama::Error> {
        self.part.item(item)
    }
}

#[derive(Template)]
#[template(path = "partials/field.html")]
struct FieldView<'a> {
    field: &'a Field,
    texts: &'static Texts,
    help: String,
    described: String,
    has_merge_fields: bool,
}

#[derive(Template)]
#[template(path = "partials/rows.html")]
struct RowsView<'a> {
    part: Part<'a>,
    rows: &'a Rows,
    texts: &'static Texts,
}

impl RowsView<'_> {
    fn item(&self, item: &Item) -> Result<String, askama::Error> {
        self.part.item(item)
    }
}

#[derive(Template)]
#[template(path = "partials/toggle.html")]
struct ToggleView<'a> {
    toggle: &'a Toggle,
    texts: &'static Texts,
}

#[derive(Template)]
#[template(path = "partials/note.html")]
struct NoteView<'a> {
    note: &'a str,
}

#[derive(Template)]
#[template(path = "partials/shown.html")]
struct ShownView<'a> {
    label: &'a str,
    value: &'a str,
}

#[derive(Template)]
#[template(path = "partials/action.html")]
struct ActionView {
    action: Action,
    texts: &'static Texts,
}

#[derive(Template)]
#[template(path = "partials/audience.html")]
struct AudienceView {
    audience: Option<u64>,
    texts: &'static Texts,
}

#[cfg(test)]
mod tests;
