//! API events for contacts that wait for them (sfmc.md 7).

use futures_util::future::BoxFuture;

use super::client::SfmcClient;
use super::data_extension;
use super::rest::{Rest, RestError};
use crate::domain::extension::Cell;
use crate::domain::tenant::Tenant;
use crate::reporting::{ActualColumn, Event, EventSink, EventSinkError, RowSinkError};

impl SfmcClient {
    /// What SFMC does not tell now, it may tell later; what it refuses to tell can't be known.
    async fn read_event_columns(
        &self,
        tenant: &Tenant,
        event_definition_key: &str,
    ) -> Result<Option<Vec<ActualColumn>>, RowSinkError> {
        // Without a token nothing can be asked, which says nothing about the definition.
        if let Err(error) = self.tokens.get(tenant).await {
            return Err(RowSinkError::Later { retry_after: None, problem: error.to_string() });
        }
        let Some(id) = self.rest().extension_of_event(tenant, event_definition_key).await? else { return Ok(None) };
        let Some(key) = data_extension::key_of(&self.soap(), tenant, &id).await? else { return Ok(None) };
        self.read_columns(tenant, &key).await.map(Some)
    }

    async fn fire_event(&self, tenant: &Tenant, event: &Event) -> Result<(), EventSinkError> {
        // What SFMC says may quote the contact as well as the row.
        let mut row = event.data.clone();
        row.push(("ContactKey".into(), Cell::Text(event.contact_key.clone())));
        let secret_rows = [row];
        let rest = Rest { secret_rows: &secret_rows, ..self.rest() };
        let error = match rest.fire(tenant, event).await {
            // A 2xx means that it was taken, whatever the body says.
            Ok(()) | Err(RestError::Unreadable) => return Ok(()),
            Err(error) => error,
        };
        let problem = error.to_string();
        Err(match error {
            RestError::Refused { .. }
            | RestError::Target { .. }
            | RestError::Forbidden { .. }
            | RestError::NotFound { .. } => EventSinkError::Refused { problem },
            RestError::Throttled { retry_after } => EventSinkError::Later { retry_after, problem },
            RestError::Token(_)
            | RestError::NoOrigin
            | RestError::Unreachable { .. }
            | RestError::Unavailable { .. }
            | RestError::NotAuthorized { .. }
            | RestError::Unreadable
            | RestError::Undecided => EventSinkError::Later { retry_after: None, problem },
        })
    }
}

impl EventSink for SfmcClient {
    fn event_columns<'a>(
        &'a self,
        tenant: &'a Tenant,
        event_definition_key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Vec<ActualColumn>>, EventSinkError>> {
        Box::pin(async move {
            match self.read_event_columns(tenant, event_definition_key).await {
                Ok(columns) => Ok(columns),
                Err(RowSinkError::Later { retry_after, problem }) => {
                    Err(EventSinkError::Later { retry_after, problem })
                }
                Err(RowSinkError::SomeRefused { problem } | RowSinkError::TargetWrong { problem }) => {
                    tracing::warn!(tenant.mid = %tenant.mid, problem,
                        "The data extension of an event definition can't be read; its events get all columns");
                    Ok(None)
                }
            }
        })
    }

    fn fire<'a>(&'a self, tenant: &'a Tenant, event: &'a Event) -> BoxFuture<'a, Result<(), EventSinkError>> {
        Box::pin(self.fire_event(tenant, event))
    }
}
