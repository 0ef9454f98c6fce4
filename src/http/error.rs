//! Error → status and sentence: the only place.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::intake::{CallError, LifecycleRefusal};
use crate::pages::UserFailure;
use crate::pages::configuration::SaveError;
use crate::pages::message_form::NotJudged;
use crate::pages::session::SessionError;
use crate::pages::test_send::TestError;
use crate::reporting::inbox::InboxError;
use crate::store::StoreError;

/// What a request is answered that can't be carried out. The text for the peer never says more than it should; the
/// cause is logged here, once.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Lifecycle(#[from] LifecycleRefusal),
    #[error("there is nothing here")]
    NotFound,
    #[error("the credentials are not those of the account")]
    WrongCredentials,
    /// The caller's address is not on the allowlist; logged where that is found.
    #[error("your address is not on the allowlist of this server")]
    NotAllowed,
    #[error("the body is not readable: {0}")]
    BadRequest(String),
    /// The store can't write, or the process is going down: the caller is to come again.
    #[error("Waypost can't store this now: try again")]
    Unavailable(#[from] StoreError),
    /// Nobody is known for too many inbound messages already. Infobip comes again for two days.
    #[error("Waypost can't keep this now: try again")]
    InboxFull,
    /// Work on the request ended without an answer, which is a defect.
    #[error("Waypost could not carry this out: try again")]
    Lost,
}

/// What a page is answered that asks for something that can't be done: one sentence for the marketer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error("Waypost can't store this now: try again")]
    Unavailable(#[from] StoreError),
    #[error("the page and Waypost don't understand each other ({0}): close the activity and open it again")]
    Body(String),
    #[error(transparent)]
    Test(#[from] TestError),
    /// Work on the request ended without an answer, which is a defect.
    #[error("Waypost could not carry this out: try again")]
    Lost,
    /// A template could not be filled in, which is a defect.
    #[error("Waypost could not make this page: try again")]
    Render(#[from] askama::Error),
}

impl From<NotJudged> for PageError {
    fn from(_: NotJudged) -> Self {
        Self::Lost
    }
}

impl PageError {
    /// Of a body that is not what the page sends.
    pub(super) fn body(error: &actix_web::error::JsonPayloadError) -> Self {
        use actix_web::error::JsonPayloadError;
        // The parser's own words may quote what was typed.
        let what = match error {
            JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => "too large",
            JsonPayloadError::ContentType => "not JSON",
            _ => "not readable",
        };
        Self::Body(what.to_owned())
    }

    /// What the page's script tells cases apart by.
    fn code(&self) -> &'static str {
        match self {
            Self::Session(SessionError::NotConnected(_)) => "notConnected",
            Self::Session(SessionError::Over) => "sessionOver",
            Self::Session(_) => "session",
            Self::Save(SaveError::NotConfirmed) => "notConfirmed",
            Self::Save(_) => "notSaved",
            Self::Test(_) => "notTested",
            Self::Unavailable(_) | Self::Render(_) | Self::Lost => "unavailable",
            Self::Body(_) => "body",
        }
    }
}

impl actix_web::ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Session(SessionError::NotConnected(_)) => StatusCode::NOT_FOUND,
            Self::Session(SessionError::ForeignHost) => StatusCode::FORBIDDEN,
            Self::Session(SessionError::User(UserFailure::Refused) | SessionError::Over) => StatusCode::UNAUTHORIZED,
            Self::Session(SessionError::User(UserFailure::NoAnswer(_))) => StatusCode::BAD_GATEWAY,
            Self::Session(SessionError::Busy) | Self::Test(TestError::TooMany(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Save(SaveError::NotConfirmed | SaveError::ReadOnly) => StatusCode::CONFLICT,
            Self::Save(SaveError::TooLarge) | Self::Test(TestError::TooLarge) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Session(SessionError::Store(_)) | Self::Save(SaveError::Store(_)) | Self::Unavailable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::Render(_) | Self::Lost => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        if status.is_server_error() {
            tracing::warn!(reason = %self, status = status.as_u16(), "A configuration page could not be answered");
        }
        let sentence = if status == StatusCode::SERVICE_UNAVAILABLE {
            "Waypost can't store this now: try again".to_owned()
        } else {
            sentence_case(&self.to_string())
        };
        HttpResponse::build(status).json(serde_json::json!({ "error": sentence, "code": self.code() }))
    }
}

/// The errors' texts are parts of sentences; a person reads whole ones.
fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

impl From<InboxError> for HttpError {
    fn from(error: InboxError) -> Self {
        match error {
            InboxError::Store(error) => Self::Unavailable(error),
            InboxError::Full => Self::InboxFull,
        }
    }
}

impl actix_web::ResponseError for HttpError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Call(CallError::NeitherJsonNorJwt | CallError::Malformed(_)) | Self::BadRequest(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Call(CallError::Unsigned | CallError::Signature(_) | CallError::NoTenant)
            | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            // 4xx blocks publishing, and the reason is the marketer's to mend (sfmc.md 2.3).
            Self::Lifecycle(
                LifecycleRefusal::NotConfigured
                | LifecycleRefusal::NoTenant
                | LifecycleRefusal::NoAccount
                | LifecycleRefusal::Copied
                | LifecycleRefusal::CannotWork(_)
                | LifecycleRefusal::Template(_),
            ) => StatusCode::BAD_REQUEST,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Call(CallError::Store(_))
            | Self::Lifecycle(LifecycleRefusal::Store(_))
            | Self::Unavailable(_)
            | Self::InboxFull => StatusCode::SERVICE_UNAVAILABLE,
            Self::Lost => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        match status {
            StatusCode::UNAUTHORIZED if matches!(self, Self::WrongCredentials) => {
                tracing::warn!("A webhook was refused (401): is the account's webhook_auth what was set up at Infobip?")
            }
            StatusCode::UNAUTHORIZED => tracing::warn!(reason = %self,
                "A call was refused (401): its contact leaves the journey. Is the tenant's signing secret right?"),
            StatusCode::SERVICE_UNAVAILABLE if matches!(self, Self::InboxFull) => tracing::warn!(
                "Inbound messages were answered 503: too many are unassigned; waypost inbound lists and assigns them"
            ),
            StatusCode::SERVICE_UNAVAILABLE => tracing::warn!("A call was answered 503: the store takes no writes"),
            StatusCode::INTERNAL_SERVER_ERROR => tracing::error!("Work on a call ended without an answer"),
            _ => tracing::debug!(reason = %self, status = status.as_u16(), "A call was refused"),
        }
        let sentence = match self {
            // What the store met is for the log.
            Self::Call(CallError::Store(_)) | Self::Lifecycle(LifecycleRefusal::Store(_)) => {
                "Waypost can't store this now: try again".to_owned()
            }
            other => other.to_string(),
        };
        HttpResponse::build(status).json(serde_json::json!({ "errors": [sentence] }))
    }
}
