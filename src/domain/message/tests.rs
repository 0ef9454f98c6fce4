//! From in-arguments to contents, channel by channel.

mod arbitrary;
mod configured;
mod limits;
mod lms_mms;
mod viber;
mod whatsapp;

use std::collections::BTreeMap;

use super::*;
use crate::domain::ids::{ActivityId, Mid};
use crate::domain::secret::Secret;
use crate::domain::tenant::{
    Account, KakaoWay, MaybeSent, MmsReports, ReportExtensions, Senders, Tracking, WebhookAuth,
};

/// The in-arguments of one activity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Form(pub(crate) BTreeMap<String, String>);

impl Form {
    /// What every channel needs besides its content.
    pub(crate) fn new(channel: &str) -> Self {
        Self(BTreeMap::new())
            .set(names::CHANNEL, channel)
            .set("phone1", "+385911234567")
            .set(names::CONTACT_KEY, "C-1")
            .set(names::SENDER, "ACME")
    }

    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    pub(crate) fn validate(&self) -> Result<Message, Rejection> {
        let arguments: InArguments = self.0.clone().into_iter().collect();
        let draft = Draft {
            arguments: &arguments,
            mid: Mid::new(1),
            activity_id: &ActivityId::placeholder(),
            journey_id: None,
            key_value: "contact",
            accounts: &[account()],
            default_country: None,
        };
        draft.validate().map(|(message, _)| message)
    }

    #[track_caller]
    pub(crate) fn content(&self) -> Content {
        self.validate().unwrap().content
    }

    #[track_caller]
    pub(crate) fn is_refused(&self, rejection: Rejection) {
        assert_eq!(self.validate().map(|message| message.content), Err(rejection));
    }

    /// As an activity is judged before it runs.
    pub(crate) fn configured(&self) -> Result<(), Rejection> {
        let pairs = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        check_configured(pairs, Mid::new(1), &[account()], None)
    }
}

fn account() -> Account {
    Account {
        id: AccountId::new("main").unwrap(),
        base_url: "https://x.api.infobip.com".into(),
        api_key: Secret::new("key"),
        senders: Senders::default(),
        custom_domains: Vec::new(),
        channels: Vec::new(),
        tracking: Tracking::Native(ReportExtensions::default()),
        mms_reports: MmsReports::Omni,
        kakao_way: KakaoWay::Direct,
        maybe_sent: MaybeSent::Repeat,
        webhook_auth: WebhookAuth::default(),
        webhook_tokens: Vec::new(),
    }
}

pub(crate) fn sms() -> Form {
    Form::new("SMS").set("text", "Hi")
}

pub(crate) fn lms() -> Form {
    Form::new("LMS").set("title", "Sale").set("text", "A long text").set("resellerCode", "123456789")
}

pub(crate) fn mms() -> Form {
    Form::new("MMS")
        .set("title", "Hello")
        .set("segmentType1", "TEXT")
        .set("segmentText1", "Hi Ana")
        .set("segmentType2", "LINK")
        .set("segmentUrl2", "https://cdn.example/a.jpg")
        .set("segmentMediaType2", "image/jpeg")
        .set("segmentType3", "SMIL")
        .set("segmentText3", "<smil/>")
        .set("fallbackText", "See it online")
        .set("fallbackSender", "ACME")
}

pub(crate) fn whatsapp() -> Form {
    Form::new("WhatsApp")
        .set("templateName", "order_update")
        .set("templateLanguage", "en_GB")
        .set("placeholderCount", "2")
        .set("placeholder1", "Ana")
        .set("placeholder2", "A-1001")
        .set("headerType", "IMAGE")
        .set("headerMediaUrl", "https://cdn.example/h.jpg")
        .set("buttonType1", "QUICK_REPLY")
        .set("buttonParameter1", "yes")
        .set("buttonType2", "URL")
        .set("buttonParameter2", "A-1001")
        .set("buttonType3", "COPY_CODE")
        .set("buttonParameter3", "SPRING")
        .set("fallbackText", "Your order is on its way")
        .set("fallbackSender", "ACME")
}

/// Viber of a type, with all that it takes.
pub(crate) fn viber(content_type: &str) -> Form {
    let form = Form::new("Viber").set("contentType", content_type).set("promotional", "false");
    let with_text = |form: Form| {
        form.set("text", "Sale").set("buttonText", "Open").set("buttonUrl", "https://shop.example").set("sender", "AC")
    };
    match content_type {
        "TEXT" => with_text(form),
        "IMAGE" => with_text(form).set("imageUrl", "https://cdn.example/s.jpg"),
        "VIDEO" => with_text(form)
            .set("videoUrl", "https://cdn.example/s.mp4")
            .set("videoSeconds", "5")
            .set("thumbnailUrl", "https://cdn.example/s.png"),
        _ => form.set("fileUrl", "https://cdn.example/s.pdf").set("fileName", "Prices.pdf"),
    }
}

pub(crate) fn omni() -> Form {
    Form::new("Viber (deprecated)")
        .unset("sender")
        .set("scenarioKey", "CC9F01A5DC7BEE2C2B829D203482A654")
        .set("text", "Sale")
        .set("imageUrl", "https://cdn.example/s.jpg")
        .set("buttonText", "Call")
        .set("buttonUrl", "tel:+385-1-234")
        .set("promotional", "true")
        .set("fallbackText", "Sale by SMS")
}

/// An activity of each of these channels, and of each kind of content.
pub(crate) fn forms() -> Vec<Form> {
    let header = |kind: &str| whatsapp().unset("headerMediaUrl").set("headerType", kind);
    vec![
        sms(),
        lms(),
        mms(),
        whatsapp(),
        header("TEXT").set("headerText", "Ana"),
        header("LOCATION").set("headerLatitude", "45.8").set("headerLongitude", "-15.9"),
        header("DOCUMENT").set("headerMediaUrl", "https://cdn.example/a.pdf").set("headerFilename", "Bill.pdf"),
        viber("TEXT"),
        viber("IMAGE"),
        viber("VIDEO"),
        viber("FILE"),
        omni(),
    ]
}

#[test]
fn each_form_is_taken_and_bears_its_channels_name() {
    for form in forms() {
        let message = form.validate().unwrap_or_else(|rejection| panic!("{form:?}: {rejection}"));
        assert_eq!(message.channel.name(), form.0["channel"]);
    }
    assert_eq!(Rejection::success(), "Success");
}

/// The manual's table, on the channels that it lists.
#[test]
fn each_status_of_the_manual_comes_from_each_of_its_channels() {
    for form in forms() {
        form.set("phone1", "").is_refused(Rejection::MissingPhone);
    }
    let long = "x".repeat(1_025);
    for (form, rejection, text) in [
        (sms().set("text", ""), Rejection::TextLength, "Error: Invalid text length"),
        (whatsapp().set("placeholder1", long), Rejection::TextLength, "Error: Invalid text length"),
        (viber("TEXT").set("text", "x".repeat(1_001)), Rejection::TextLength, "Error: Invalid text length"),
        (omni().set("text", "x".repeat(1_001)), Rejection::TextLength, "Error: Invalid text length"),
        (whatsapp().set("templateName", "Order"), Rejection::TemplateName, "Error: Invalid template name"),
        (omni().set("scenarioKey", ""), Rejection::ScenarioKey, "Error: Invalid scenario key"),
        (omni().set("promotional", "so-so"), Rejection::PromotionalFlag, "Error: Invalid promotional flag"),
        (viber("TEXT").set("promotional", "so-so"), Rejection::PromotionalFlag, "Error: Invalid promotional flag"),
        (viber("IMAGE").unset("imageUrl"), Rejection::ImageUrlLength, "Error: Invalid image url length"),
        (omni().set("imageUrl", "s.jpg"), Rejection::ImageUrlLength, "Error: Invalid image url length"),
        (whatsapp().unset("sender"), Rejection::From, "Error: Invalid from field"),
        (viber("FILE").set("sender", "A"), Rejection::From, "Error: Invalid from field"),
        (viber("TEXT").unset("buttonUrl"), Rejection::ButtonUrlLength, "Error: Invalid button url length"),
        (omni().unset("buttonUrl"), Rejection::ButtonUrlLength, "Error: Invalid button url length"),
        (viber("IMAGE").unset("buttonText"), Rejection::ButtonTextLength, "Error: Invalid button text length"),
        (omni().unset("buttonText"), Rejection::ButtonTextLength, "Error: Invalid button text length"),
    ] {
        assert_eq!(form.validate().map(|_| ()).map_err(Rejection::message_status), Err(text), "{form:?}");
        form.is_refused(rejection);
    }
}

/// Each mistake is put right in turn; the next one shows.
#[test]
fn of_several_mistakes_the_first_in_the_manuals_order_is_named() {
    let mut form = Form::new("WhatsApp").set("phone1", "").set("sender", "").set("placeholder1", "x".repeat(1_025));
    form = form
        .set("headerType", "IMAGE")
        .set("buttonType1", "URL")
        .set("fallbackText", "x")
        .set("bulkId", "b".repeat(101));
    for (name, value, rejection) in [
        ("phone1", "+385911234567", Rejection::MissingPhone),
        ("sender", "ACME", Rejection::From),
        ("templateName", "a", Rejection::TemplateName),
        ("templateLanguage", "en", Rejection::TemplateLanguage),
        ("placeholder1", "a", Rejection::TextLength),
        ("headerMediaUrl", "https://a.example", Rejection::ImageUrlLength),
        ("buttonParameter1", "a", Rejection::ButtonUrlLength),
        ("fallbackSender", "ACME", Rejection::FallbackSender),
        ("bulkId", "b", Rejection::BulkIdLength),
    ] {
        form.is_refused(rejection);
        form = form.set(name, value);
    }
    form.content();

    let mut form = Form::new("Viber").set("sender", "").set("contentType", "LIST").set("promotional", "?");
    form = form.set("imageUrl", "?").set("buttonText", "x".repeat(31)).set("fallbackText", "x");
    for (name, value, rejection) in [
        ("sender", "ACME", Rejection::From),
        ("contentType", "IMAGE", Rejection::ContentType),
        ("text", "a", Rejection::TextLength),
        ("imageUrl", "https://a.example", Rejection::ImageUrlLength),
        ("buttonUrl", "https://a.example", Rejection::ButtonUrlLength),
        ("buttonText", "a", Rejection::ButtonTextLength),
        ("promotional", "1", Rejection::PromotionalFlag),
        ("fallbackSender", "ACME", Rejection::FallbackSender),
    ] {
        form.is_refused(rejection);
        form = form.set(name, value);
    }
    form.content();

    let mut form = Form::new("LMS").set("sender", "");
    for (name, value, rejection) in [
        ("sender", "ACME", Rejection::From),
        ("text", "a", Rejection::TextLength),
        ("title", "a", Rejection::TitleLength),
        ("resellerCode", "1", Rejection::ResellerCode),
    ] {
        form.is_refused(rejection);
        form = form.set(name, value);
    }
    form.content();

    let mut form = omni().set("scenarioKey", "?").set("text", "").set("imageUrl", "?").set("buttonUrl", "?");
    form = form.set("buttonText", "").set("promotional", "?").set("fallbackText", "x".repeat(4_001));
    for (name, value, rejection) in [
        ("scenarioKey", "a", Rejection::ScenarioKey),
        ("text", "a", Rejection::TextLength),
        ("imageUrl", "https://a.example", Rejection::ImageUrlLength),
        ("buttonUrl", "tel:1", Rejection::ButtonUrlLength),
        ("buttonText", "a", Rejection::ButtonTextLength),
        ("promotional", "0", Rejection::PromotionalFlag),
        ("fallbackText", "", Rejection::FallbackText),
    ] {
        form.is_refused(rejection);
        form = form.set(name, value);
    }
    form.content();
}
