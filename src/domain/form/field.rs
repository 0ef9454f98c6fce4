//! The parts that a form is made of.

use super::limit::Limit;

/// A part of a form with a title.
pub(crate) struct Section {
    /// For the page's anchors and tests.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) help: &'static str,
    /// `None`: always shown; else folded away, or open because something in it is filled.
    pub(crate) is_open: Option<bool>,
    pub(crate) items: Vec<Item>,
}

pub(crate) enum Item {
    Field(Box<Field>),
    Rows(Rows),
    Toggle(Toggle),
    /// A sentence between the fields.
    Note(String),
    /// Something that can't be changed here.
    Shown {
        label: &'static str,
        value: String,
    },
    Action(Action),
    /// How many contacts are expected, which is kept beside the in-arguments.
    Audience(Option<u64>),
}

/// A control for one in-argument.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Field {
    /// The in-argument's name, and the control's.
    pub(crate) argument: String,
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) value: String,
    /// What counts while the field is empty.
    pub(crate) placeholder: String,
    pub(crate) control: Control,
    /// Marked as mandatory. What is missing is found by the validation, not by this.
    pub(crate) is_required: bool,
    pub(crate) takes_merge_fields: bool,
    /// Its change changes which fields there are.
    pub(crate) rerenders: bool,
    pub(crate) limit: Limit,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Control {
    /// One line, with offers that are no must.
    Line {
        keyboard: Keyboard,
        offers: Vec<Offer>,
    },
    Area {
        lines: u8,
    },
    Select(Vec<Choice>),
    /// A flag: its value is `on` while checked.
    Checkbox {
        is_checked: bool,
        on: String,
    },
    /// Goes along unseen.
    Hidden,
}

/// Which keyboard a phone shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keyboard {
    Text,
    Digits,
    Decimal,
    Url,
    Phone,
}

impl Keyboard {
    /// Value of the attribute `inputmode`.
    pub(crate) const fn inputmode(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Digits => "numeric",
            Self::Decimal => "decimal",
            Self::Url => "url",
            Self::Phone => "tel",
        }
    }
}

/// A value that a line offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Offer {
    pub(crate) value: String,
    /// Where it is from and what is known of it.
    pub(crate) detail: String,
}

/// A choice of a select.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) is_selected: bool,
    /// Shown with its reason in the label, and not to be chosen.
    pub(crate) is_disabled: bool,
    /// Saved, but no choice of its own.
    pub(crate) is_unlisted: bool,
}

/// Something that there may be several of.
pub(crate) struct Rows {
    /// What edits call it: `callback`, `segments`, `card2Suggestions` …
    pub(crate) name: String,
    pub(crate) legend: &'static str,
    pub(crate) help: String,
    /// Of one row, before its number.
    pub(crate) row_label: &'static str,
    pub(crate) add_label: &'static str,
    /// How many there may be.
    pub(crate) max: usize,
    pub(crate) may_change: bool,
    /// Whether their order matters to whoever reads the message.
    pub(crate) is_ordered: bool,
    pub(crate) rows: Vec<RowForm>,
}

impl Rows {
    /// Whether one more may be added.
    pub(crate) fn has_room(&self) -> bool {
        self.may_change && self.rows.len() < self.max
    }
}

/// One row.
pub(crate) struct RowForm {
    pub(crate) number: usize,
    /// Its place, from 1: numbers may have gaps.
    pub(crate) place: usize,
    pub(crate) items: Vec<Item>,
}

/// A switch for several in-arguments at once: its edits add or remove them.
pub(crate) struct Toggle {
    /// What its edits call it.
    pub(crate) name: &'static str,
    /// The flag that it stands for, if there is one.
    pub(crate) argument: Option<&'static str>,
    pub(crate) label: &'static str,
    pub(crate) help: &'static str,
    pub(crate) is_on: bool,
}

/// A button that asks the server for something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Action {
    /// Read the WhatsApp templates anew.
    RefreshTemplates,
    /// The manual's *Verify Scenario Key*.
    VerifyScenario,
}

impl Field {
    pub(crate) fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    pub(crate) fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn rerenders(mut self) -> Self {
        self.rerenders = true;
        self
    }

    pub(crate) fn with_merge_fields(mut self) -> Self {
        self.takes_merge_fields = true;
        self
    }

    pub(crate) fn placeholder(mut self, placeholder: impl Into<String>) -> Self {
        self.placeholder = placeholder.into();
        self
    }

    pub(crate) fn labelled(mut self, label: String) -> Self {
        self.label = label;
        self
    }

    pub(crate) fn keyboard(mut self, shown: Keyboard) -> Self {
        if let Control::Line { keyboard, .. } = &mut self.control {
            *keyboard = shown;
        }
        self
    }

    pub(crate) fn offering(mut self, offered: Vec<Offer>) -> Self {
        if let Control::Line { offers, .. } = &mut self.control {
            *offers = offered;
        }
        self
    }
}

impl From<Field> for Item {
    fn from(field: Field) -> Self {
        Self::Field(Box::new(field))
    }
}
