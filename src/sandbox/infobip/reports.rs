//! The shapes of reports: unified, WhatsApp, OMNI, seen, click (infobip.md 9.1 to 9.4).

use serde_json::{Value, json};

use super::channel::Envelope;
use super::ledger::Entry;
use super::status::{Status, WAITING};
use super::webhooks::date;
use crate::clock::Timestamp;
use crate::sandbox::fields::Fields as _;

impl Entry {
    /// A delivery report as the webhook and `GET …/reports` show it.
    pub(super) fn report(&self, status: Status) -> Value {
        let message = self.message();
        let error = self.failure.filter(|_| status == self.fate).unwrap_or_else(|| status.error_on(self.channel_name));
        let mut report = json!({
            "messageId": self.message_id,
            "to": self.to,
            "sentAt": date(self.wall_at),
            "doneAt": date(self.wall_at.plus(self.delay)),
            "messageCount": self.parts,
            "price": { "pricePerMessage": 0.01, "currency": "EUR" },
            "status": status.to_json(),
            "error": error.to_json(),
        });
        if let Some(bulk_id) = &self.bulk_id {
            report.set("bulkId", &**bulk_id);
        }
        match self.channel.envelope {
            Envelope::Unified => self.complete_unified(&mut report, &message),
            Envelope::WhatsApp => self.complete_whatsapp(&mut report),
            Envelope::Omni => self.complete_omni(&mut report, &message),
        }
        report
    }

    fn complete_unified(&self, report: &mut Value, message: &Value) {
        report.set("sender", message.at("sender").clone());
        for (name, pointer) in [
            ("callbackData", "/webhooks/callbackData"),
            ("platform", "/options/platform"),
            ("campaignReferenceId", "/options/campaignReferenceId"),
        ] {
            if let Some(value) = message.pointer(pointer) {
                report.set(name, value.clone());
            }
        }
        if matches!(self.channel_name, "SMS" | "MMS") {
            report.set("mccMnc", "21910");
        }
        let options = message.at("options");
        // RCS names the channel only when another could have delivered it.
        if self.channel_name == "RCS" && (options.get("smsFailover").is_some() || options.get("mmsFailover").is_some())
        {
            report.set("channel", "RCS");
        }
        if self.is_bare
            && let Value::Object(fields) = report
        {
            fields.remove("to");
            fields.remove("error");
        }
    }

    /// No sender and no callback data, and an empty bulk id where there is none.
    fn complete_whatsapp(&self, report: &mut Value) {
        if self.bulk_id.is_none() {
            report.set("bulkId", "");
        }
        report.set("contact", json!({ "name": "Frank", "phoneNumber": self.to }));
    }

    /// As the older SMS reports, without the sender and with the channel.
    fn complete_omni(&self, report: &mut Value, message: &Value) {
        report.set("smsCount", self.parts);
        report.set("channel", self.channel_name);
        report.set("callbackData", message.at("callbackData").clone());
        report.set("contact", json!({ "phoneNumber": self.to }));
        let error = report.at("error").clone();
        if error.at("groupName") == "OK" {
            let mut error = error;
            error.set("groupName", "Ok");
            report.set("error", error);
        }
    }

    /// A line of `GET …/logs`: the state at `now`.
    pub(super) fn log(&self, now: Timestamp) -> Value {
        let is_decided = self.is_decided(now);
        let mut log = self.report(if is_decided { self.fate } else { WAITING });
        if self.channel.envelope == Envelope::Unified {
            log.set("destination", &*self.to);
            log.set("content", self.message().at("content").clone());
            if let Value::Object(fields) = &mut log {
                fields.remove("to");
            }
        }
        if let Value::Object(fields) = &mut log {
            fields.remove("callbackData");
            if !is_decided {
                fields.remove("doneAt");
            }
        }
        log
    }

    /// A seen report: from the person, to our sender, the other way round than the delivery report.
    pub(super) fn seen_report(&self) -> Value {
        let message = self.message();
        let mut report = json!({ "messageId": self.message_id, "from": self.to, "to": &*self.sender });
        // OMNI's own spelling.
        let sent_at = if self.channel.envelope == Envelope::Omni { "sendAt" } else { "sentAt" };
        report.set(sent_at, date(self.wall_at));
        report.set("seenAt", date(self.wall_at.plus(self.seen_after.unwrap_or(self.delay))));
        for (name, pointer, legacy) in [
            ("entityId", "/options/platform/entityId", "/entityId"),
            ("applicationId", "/options/platform/applicationId", "/applicationId"),
            ("campaignReferenceId", "/options/campaignReferenceId", "/campaignReferenceId"),
        ] {
            if let Some(value) = message.pointer(pointer).or_else(|| message.pointer(legacy)) {
                report.set(name, value.clone());
            }
        }
        report
    }

    /// A click on the tracked link.
    pub(super) fn click(&self, at: Timestamp) -> Value {
        let message = self.message();
        let mut click = json!({
            "notificationType": "CLICKED",
            "recipient": self.to,
            "url": self.link.as_deref(),
            "sendDateTime": at.as_millis(),
            "messageId": self.message_id,
            "recipientInfo": { "deviceType": "Phone", "os": "iOS 12", "deviceName": "Apple" },
            "geoLocationInfo": { "countryName": "Croatia", "city": "Zagreb" },
        });
        if let Some(bulk_id) = &self.bulk_id {
            click.set("bulkId", &**bulk_id);
        }
        let data = self.channel.envelope.callback_data(&message);
        if !data.is_null() {
            click.set("callbackData", data.clone());
        }
        click
    }
}
