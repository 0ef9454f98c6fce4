//! Posts reports to the customer's own URL, in Infobip's own form, which existing cloud pages read (spec R2).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{ReportPost, RowSinkError};
use crate::clock::Clock;
use crate::domain::report::DeliveryReport;
use crate::domain::tenant::Tenant;
use crate::outbound::{self, ClientSetup};

/// A page that stores rows may take its time.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// The answer's status is all that counts; more than this of its body is not even read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// See the module's documentation.
pub(crate) struct NotificationUrls {
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
}

impl NotificationUrls {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Result<Self, ClientSetup> {
        Ok(Self { http: outbound::client(TOTAL_TIMEOUT)?, clock })
    }
}

impl ReportPost for NotificationUrls {
    fn post<'a>(
        &'a self,
        _tenant: &'a Tenant,
        url: &'a str,
        reports: &'a [&'a DeliveryReport],
    ) -> BoxFuture<'a, Result<(), RowSinkError>> {
        Box::pin(async move {
            let results: Vec<Value> = reports.iter().map(|report| result(report)).collect();
            let request = self.http.post(url).json(&json!({ "results": results }));
            let answer = outbound::exchange(request, ANSWER_BYTES_MAX, self.clock.now()).await;
            match answer {
                Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
                Ok(answer) => Err(RowSinkError::Later {
                    retry_after: answer.retry_after,
                    problem: format!("the notification URL answered {}", answer.status),
                }),
                Err(error) => Err(RowSinkError::Later {
                    retry_after: None,
                    problem: format!("the notification URL could not be called: {error}"),
                }),
            }
        })
    }
}

/// One entry of `results`, as in Infobip's unified delivery report (infobip.md 9.1).
fn result(report: &DeliveryReport) -> Value {
    let price = report.price_per_message.as_deref().and_then(|price| price.parse::<serde_json::Number>().ok());
    let error = report.error.as_ref().map(|error| {
        json!({
            "groupId": error.group_id, "groupName": error.group_name, "id": error.id, "name": error.name,
            "description": error.description, "permanent": error.permanent,
        })
    });
    let mut entry = json!({
        "bulkId": report.bulk_id, "messageId": report.message_id, "to": report.to, "sender": report.sender,
        "sentAt": report.sent_at.map(|at| at.to_iso_millis()), "doneAt": report.done_at.map(|at| at.to_iso_millis()),
        "messageCount": report.message_count, "mccMnc": report.mcc_mnc, "channel": report.channel,
        "price": price.map(|price| json!({ "pricePerMessage": price, "currency": report.price_currency })),
        "status": {
            "groupId": report.status.group_id, "groupName": report.status.group_name, "id": report.status.id,
            "name": report.status.name, "description": report.status.description,
        },
        "error": error, "callbackData": report.callback_data,
    });
    if let Some(entry) = entry.as_object_mut() {
        entry.retain(|_, value| !value.is_null());
    }
    entry
}
