//! What an Infobip account has, for `waypost account`.

use super::{Commands, ControlAnswer, Refusal};
use crate::control::account::{AccountRequest, TemplateView, TemplatesPage, TemplatesRequest};
use crate::domain::channel::Channel;
use crate::domain::family::{Families, Family};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::message::whatsapp::SENDER_CHARS_MAX;
use crate::domain::scenario::ScenarioCheck;
use crate::domain::tenant::{Account, KakaoWay, Tenant};
use crate::domain::whatsapp_template::Template;
use crate::listings::template_book::Freshness;
use crate::listings::{AccountListings as _, typed_senders};

/// Templates of one answer, in bytes of their JSON: well below the control socket's longest line.
const PAGE_BYTES_MAX: usize = 512 * 1024;

/// The account of that name; without one, the only account.
pub(super) fn named<'a>(tenant: &'a Tenant, name: Option<&AccountId>) -> Result<&'a Account, Refusal> {
    let labels = || tenant.accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>().join(", ");
    match (name, tenant.accounts.as_slice()) {
        (Some(name), _) => tenant.account(name).ok_or_else(|| {
            Refusal::Refused(format!("{} has no Infobip account {name}; it has: {}", tenant.mid, labels()))
        }),
        (None, [only]) => Ok(only),
        (None, []) => Err(Refusal::Refused(format!("{} has no Infobip account", tenant.mid))),
        (None, _) => Err(Refusal::Refused(format!(
            "{} has several Infobip accounts: name one with --account ({})",
            tenant.mid,
            labels()
        ))),
    }
}

/// The channel families whose scopes an account needs: those that it has senders for, those of the channels that it
/// lists, and those of `queued`, the channels of its messages so far. One without any will send SMS, as far as anybody knows.
pub(super) fn used(account: &Account, queued: impl Iterator<Item = Channel>) -> Families {
    let typed = typed_senders(account).into_iter().filter(|(_, senders)| !senders.is_empty()).map(|(family, _)| family);
    let omni = Some(Family::Omni).filter(|_| account.kakao_way == KakaoWay::Omni);
    let channels = account.channels.iter().copied().chain(queued).map(|channel| channel.capability().family);
    let mut used = typed.chain(omni).chain(channels).peekable();
    if used.peek().is_none() { Families::from_iter([Family::Sms]) } else { used.collect() }
}

impl Commands {
    pub(super) async fn ask_account(
        &self,
        mid: Mid,
        account: &Account,
        request: AccountRequest,
    ) -> Result<ControlAnswer, Refusal> {
        match request {
            AccountRequest::Senders => {
                Ok(ControlAnswer::ok(&self.parts.accounts.senders(account, &typed_senders(account)).await))
            }
            AccountRequest::Templates(request) => self.templates(mid, account, request).await,
            AccountRequest::Scenario { key } => {
                let checked: ScenarioCheck = self.parts.accounts.scenario(account, &key).await;
                Ok(ControlAnswer::ok(&checked))
            }
        }
    }

    async fn templates(
        &self,
        mid: Mid,
        account: &Account,
        request: TemplatesRequest,
    ) -> Result<ControlAnswer, Refusal> {
        let TemplatesRequest { sender, all, refresh, from } = request;
        let sender = whatsapp_sender(&sender)?;
        let freshness = if refresh { Freshness::New } else { Freshness::Kept };
        let listed =
            self.parts.templates.get(mid, account, sender, freshness).await.map_err(|failure| {
                Refusal::Refused(format!("the templates of {sender} could not be read: {failure}"))
            })?;
        let shown = listed.templates.list.iter().filter(|template| all || template.is_offered());
        let (templates, next) = page(shown, from);
        Ok(ControlAnswer::ok(&TemplatesPage {
            templates,
            age_secs: listed.age.as_secs(),
            stale: listed.stale.map(|failure| failure.to_string()),
            next,
        }))
    }
}

/// Digits, as Infobip has them: without a plus.
fn whatsapp_sender(text: &str) -> Result<&str, Refusal> {
    let digits = text.trim().trim_start_matches('+');
    if (1..=SENDER_CHARS_MAX).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        Ok(digits)
    } else {
        Err(Refusal::Refused("a WhatsApp sender is a number of 1 to 24 digits".to_owned()))
    }
}

/// What fits into one answer from a place on, at least one; and where the next page begins.
fn page<'a>(templates: impl Iterator<Item = &'a Template>, from: usize) -> (Vec<TemplateView>, Option<usize>) {
    let mut page = Vec::new();
    let mut bytes = 0;
    for (index, template) in templates.enumerate().skip(from) {
        let view = view(template);
        bytes += serde_json::to_vec(&view).map_or(0, |json| json.len());
        if bytes > PAGE_BYTES_MAX && !page.is_empty() {
            return (page, Some(index));
        }
        page.push(view);
    }
    (page, None)
}

fn view(template: &Template) -> TemplateView {
    let why_not = template.not_offered().map(|why| why.to_string());
    TemplateView {
        name: template.name.clone(),
        language: template.language.clone(),
        category: template.category.clone(),
        status: template.status.clone(),
        offered: why_not.is_none(),
        why_not,
        body: template.structure.body.clone(),
        footer: template.structure.footer.clone(),
        wanted: template.wanted(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::whatsapp_template::Structure;

    fn template(number: usize, body_bytes: usize) -> Template {
        let structure = Structure { kind: "TEXT".into(), body: Some("x".repeat(body_bytes)), ..Structure::default() };
        Template {
            name: format!("t{number}"),
            language: "en".into(),
            status: "APPROVED".into(),
            category: "UTILITY".into(),
            structure,
        }
    }

    #[test]
    fn the_channels_that_an_account_lists_are_used_before_their_first_message() {
        let mut account = crate::store::samples::tenant(Mid::new(1)).accounts.remove(0);
        account.senders = crate::domain::tenant::Senders::default();
        account.kakao_way = KakaoWay::Direct;
        let families = |channels: &[Channel], queued: &[Channel]| {
            used(&Account { channels: channels.to_vec(), ..account.clone() }, queued.iter().copied())
        };
        assert_eq!(families(&[], &[]), Families::from_iter([Family::Sms]));
        assert_eq!(families(&[Channel::Mms, Channel::Rcs], &[]), Families::from_iter([Family::Mms, Family::Rcs]));
        assert_eq!(families(&[Channel::Lms], &[Channel::Viber]), Families::from_iter([Family::Sms, Family::Viber]));
    }

    #[test]
    fn pages_hold_every_template_once_and_fit_the_socket() {
        let templates: Vec<_> = (0..3_000).map(|number| template(number, 1_024)).collect();
        let (mut names, mut from, mut pages) = (Vec::new(), 0, 0);
        loop {
            let (given, next) = page(templates.iter(), from);
            assert!(serde_json::to_vec(&given).unwrap().len() < PAGE_BYTES_MAX + given.len() + 2);
            names.extend(given.into_iter().map(|view| view.name));
            pages += 1;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
        assert_eq!(names, templates.iter().map(|template| template.name.clone()).collect::<Vec<_>>());
        assert!((5..20).contains(&pages), "{pages}");
    }

    #[test]
    fn a_template_larger_than_a_page_is_given_all_the_same() {
        let large = [template(0, PAGE_BYTES_MAX * 2), template(1, 1)];
        assert_eq!(page(large.iter(), 0).1, Some(1));
        assert_eq!(page(large.iter(), 1).0.len(), 1);
        assert_eq!(page(large.iter(), 2), (Vec::new(), None));
    }

    #[test]
    fn a_whatsapp_sender_is_a_number() {
        for (text, expected) in [("385915550000", "385915550000"), (" +385915550000 ", "385915550000")] {
            assert_eq!(whatsapp_sender(text).ok(), Some(expected));
        }
        for bad in ["", "+", "ACME", "385/1", "385 1", &"1".repeat(25)] {
            assert!(whatsapp_sender(bad).is_err(), "{bad}");
        }
    }
}
