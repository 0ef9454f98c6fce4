//! What Waypost knows about messages, limits and reports, without any IO.
//!
//! Nothing in here reads a clock, opens a socket, knows a wire format or writes a log line: time and randomness
//! are arguments, results are values. That is what makes every rule testable as a plain function.

pub(crate) mod callback_data;
pub(crate) mod channel;
pub(crate) mod check;
pub(crate) mod click;
pub(crate) mod delivery;
pub(crate) mod extension;
pub(crate) mod family;
pub(crate) mod form;
pub(crate) mod ids;
pub(crate) mod inbound;
pub(crate) mod journey;
pub(crate) mod merge_field;
pub(crate) mod message;
pub(crate) mod networks;
pub(crate) mod notes;
pub(crate) mod origin;
pub(crate) mod pace;
pub(crate) mod person;
pub(crate) mod phone;
pub(crate) mod preview;
pub(crate) mod report;
pub(crate) mod report_answer;
pub(crate) mod report_dates;
pub(crate) mod report_form;
pub(crate) mod scenario;
pub(crate) mod secret;
pub(crate) mod sender;
pub(crate) mod speed_limit;
pub(crate) mod tenant;
pub(crate) mod timestamp;
pub(crate) mod whatsapp_template;
