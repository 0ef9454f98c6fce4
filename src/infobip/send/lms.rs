//! LMS: `POST /sms/3/messages` with the Korean regional block (infobip.md 2.2).

use super::sms::WireContent;
use super::unified::{self, Part, WireRegional};
use super::{EncodeError, Endpoint, Webhooks};
use crate::dispatch::SendRequest;
use crate::domain::message::Content;

pub(super) const ENDPOINT: Endpoint = Endpoint { path: "/sms/3/messages", logs_path: Some("/sms/3/logs"), encode };

fn encode(request: &SendRequest<'_>, webhooks: &Webhooks<'_>) -> Result<Vec<u8>, EncodeError> {
    unified::encode(request, webhooks, |queued| {
        let Content::Lms(content) = &queued.message.content else { return None };
        let regional = WireRegional::SouthKorea { title: &content.title, reseller_code: content.reseller_code };
        Some(Part { regional: Some(regional), ..Part::new(WireContent { text: &content.text }) })
    })
}
