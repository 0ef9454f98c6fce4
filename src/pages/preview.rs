//! What the page shows beside a form: the message as a phone shows it, notes and warnings (spec M3, M4, M8).

use std::sync::Arc;
use std::time::Duration;

use super::configuration::{Arguments, filled};
use super::session::Session;
use crate::clock::Clock;
use crate::domain::channel::Channel;
use crate::domain::journey::Journey;
use crate::domain::merge_field::Values;
use crate::domain::message::{InArguments, chosen_account, chosen_channel, names};
use crate::domain::notes::{Notes, NotesContext, notes};
use crate::domain::preview::{Preview, PreviewContext};
use crate::domain::whatsapp_template::Template;
use crate::listings::template_book::{Freshness, TemplateBook};
use crate::sfmc::activity::Kind;

/// A preview waits so long for the list of templates; without it, it shows what fills the template.
const TEMPLATES_WAITED_FOR: Duration = Duration::from_secs(2);

/// What is being written.
pub(crate) struct ToShow<'a> {
    pub(crate) arguments: Arguments,
    pub(crate) journey: &'a Journey,
    pub(crate) activity_name: &'a str,
    /// Contacts that the marketer expects.
    pub(crate) audience: Option<u64>,
    /// What was typed for merge fields, where something was.
    pub(crate) values: Vec<(String, String)>,
}

/// See the module's documentation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Shown {
    pub(crate) preview: Preview,
    pub(crate) notes: Notes,
}

/// See the module's documentation.
pub(crate) struct Previews {
    templates: Arc<TemplateBook>,
    clock: Arc<dyn Clock>,
}

impl Previews {
    pub(crate) fn new(templates: Arc<TemplateBook>, clock: Arc<dyn Clock>) -> Self {
        Self { templates, clock }
    }

    pub(crate) async fn show(&self, session: &Session, to_show: ToShow<'_>) -> Shown {
        let ToShow { arguments, journey, activity_name, audience, values } = to_show;
        let arguments: InArguments = filled(Kind::Messaging, arguments, journey, activity_name).into_iter().collect();
        let values = Values::new(values);
        let channel = chosen_channel(&arguments, &session.tenant.accounts).ok();
        let template = match channel {
            Some(Channel::WhatsApp) => self.template(session, &arguments).await,
            _ => None,
        };
        let context = PreviewContext { channel, arguments: &arguments, template: template.as_ref(), values: &values };
        let preview = Preview::of(&context);
        let mid = session.tenant.mid;
        let context = NotesContext { mid, channel, arguments: &arguments, values: &values, journey, audience };
        Shown { preview, notes: notes(&context) }
    }

    /// The template that the in-arguments name. An expression names none that could be shown.
    async fn template(&self, session: &Session, arguments: &InArguments) -> Option<Template> {
        let constant = |name| arguments.get(name).filter(|value| !value.contains("{{"));
        let account = chosen_account(arguments, &session.tenant.accounts).ok()?;
        let (sender, name) = (constant(names::SENDER)?, constant(names::TEMPLATE_NAME)?);
        let language = constant(names::TEMPLATE_LANGUAGE)?;
        let listed = tokio::select! {
            listed = self.templates.get(session.tenant.mid, account, sender, Freshness::Kept) => listed.ok()?,
            () = self.clock.sleep(TEMPLATES_WAITED_FOR) => return None,
        };
        listed.templates.list.iter().find(|template| template.name == name && template.language == language).cloned()
    }
}
