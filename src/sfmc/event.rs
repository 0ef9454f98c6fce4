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
            // About this event, or its definition: nothing is gained by trying the same again.
            RestError::Refused { .. } | RestError::Target { .. } | RestError::NotFound { .. } => {
                EventSinkError::Refused { problem }
            }
            RestError::Throttled { retry_after } => EventSinkError::Later { retry_after, problem },
            RestError::Token(_)
            | RestError::NoOrigin
            | RestError::Unreachable { .. }
            | RestError::Unavailable { .. }
            // About the package: it waits until that is repaired, as rows do.
            | RestError::NotAuthorized { .. }
            | RestError::Forbidden { .. }
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
                Err(RowSinkError::SomeRefused { .. } | RowSinkError::TargetWrong { .. }) => {
                    tracing::warn!(tenant.mid = %tenant.mid,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::stub::{Reply, Stub};
    use crate::sfmc::client::tests::{client, soap, tenant, token};

    fn event() -> Event {
        Event {
            event_definition_key: "APIEvent-1".into(),
            contact_key: "Ann-4711".into(),
            data: vec![("Message".into(), Cell::Text("YES please".into()))],
        }
    }

    #[tokio::test]
    async fn an_event_is_fired_for_its_contact() {
        let stub = Stub::start(vec![token(), Reply::json(201, "")]).await;
        assert_eq!(client().fire(&tenant(&stub.origin()), &event()).await, Ok(()));
        let sent = &stub.requests()[1];
        assert_eq!((&*sent.method, &*sent.target), ("POST", "/interaction/v1/events"));
        let body: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
        let expected = serde_json::json!({
            "ContactKey": "Ann-4711", "EventDefinitionKey": "APIEvent-1", "Data": { "Message": "YES please" },
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn a_refusal_is_final_and_quoted_without_the_contact_and_trouble_is_for_later() {
        let no = r#"{"message":"Ann-4711 said YES please","errorcode":30003}"#;
        for status in [400, 404] {
            let stub = Stub::start(vec![token(), Reply::json(status, no)]).await;
            let refused = client().fire(&tenant(&stub.origin()), &event()).await;
            let Err(EventSinkError::Refused { problem }) = refused else { panic!("{status}: {refused:?}") };
            assert!(problem.ends_with("… said …"), "{problem}");
        }
        for reply in [Reply::json(403, "{}"), Reply::json(429, "{}"), Reply::json(503, "{}"), Reply::Close] {
            let stub = Stub::start(vec![token(), reply]).await;
            let later = client().fire(&tenant(&stub.origin()), &event()).await;
            assert!(matches!(later, Err(EventSinkError::Later { .. })), "{later:?}");
        }
    }

    #[tokio::test]
    async fn a_reply_with_quotes_is_masked_in_whatever_form_sfmc_quotes_it() {
        let text = r#"my "real" name"#;
        let event = Event { data: vec![("Message".into(), Cell::Text(text.into()))], ..event() };
        // The body that it was sent, in the answer's text.
        let sent = serde_json::json!({ "Data": { "Message": text } }).to_string();
        let no = serde_json::json!({ "message": format!("bad: {sent}"), "errorcode": 30003 }).to_string();
        let stub = Stub::start(vec![token(), Reply::json(400, &no)]).await;
        let refused = client().fire(&tenant(&stub.origin()), &event).await;
        let Err(EventSinkError::Refused { problem }) = refused else { panic!("{refused:?}") };
        assert!(!problem.contains("real") && problem.contains('…'), "{problem}");
    }

    #[tokio::test]
    async fn the_columns_are_those_of_the_definitions_extension() {
        let definition = Reply::json(200, r#"{"dataExtensionId":"9d5b","dataExtensionName":"Inbound"}"#);
        let extension = r#"<Results xsi:type="DataExtension"><CustomerKey>inbound</CustomerKey></Results>"#;
        let field = r#"<Results xsi:type="DataExtensionField"><Name>Message</Name><FieldType>Text</FieldType><MaxLength>100</MaxLength><IsRequired>true</IsRequired><DefaultValue>x</DefaultValue></Results>"#;
        let stub = Stub::start(vec![token(), definition, soap(extension, "OK"), soap(field, "OK")]).await;
        let columns = client().event_columns(&tenant(&stub.origin()), "APIEvent-1").await.unwrap().unwrap();
        assert_eq!(columns.len(), 1);
        assert!(&*columns[0].name == "Message" && columns[0].length == Some(100) && !columns[0].required);
        let requests = stub.requests();
        assert_eq!(requests[1].target, "/interaction/v1/eventDefinitions/key:APIEvent-1");
        assert!(requests[2].body.contains("<Property>ObjectID</Property>") && requests[2].body.contains("9d5b"));
        assert!(requests[3].body.contains("inbound"));
        for (status, is_later) in [(403, false), (404, false), (503, true)] {
            let stub = Stub::start(vec![token(), Reply::json(status, "{}")]).await;
            let columns = client().event_columns(&tenant(&stub.origin()), "APIEvent-1").await;
            assert_eq!(columns.is_err(), is_later, "{status}: {columns:?}");
        }
    }
}
