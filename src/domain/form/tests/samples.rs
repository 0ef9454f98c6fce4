//! Activities that work, of each channel and kind of content, with all that each takes.

use crate::domain::channel::Channel;
use crate::domain::form::texts::{LANGUAGES, Texts};
use crate::domain::form::{Arguments, Context, EventDefinition, JourneyFacts, List, Lists, MergeField, MergeGroup};
use crate::domain::ids::{AccountId, Mid};
use crate::domain::secret::Secret;
use crate::domain::tenant::{
    Account, KakaoWay, MaybeSent, MmsReports, ReportExtensions, Senders, Tracking, WebhookAuth,
};
use crate::domain::whatsapp_template::{Button, Header, Structure, Template};

pub(crate) const URL: &str = "https://cdn.example/1.jpg";

/// All that a form is made from, owned.
pub(crate) struct Sample {
    pub(crate) channel: Channel,
    pub(crate) accounts: Vec<Account>,
    pub(crate) journey: JourneyFacts,
    pub(crate) lists: Lists,
    pub(crate) arguments: Arguments,
}

pub(crate) fn english() -> &'static Texts {
    LANGUAGES[0]
}

pub(crate) fn account(kakao_way: KakaoWay) -> Account {
    Account {
        id: AccountId::new("main").unwrap(),
        base_url: "https://x.api.infobip.com".into(),
        api_key: Secret::new("key"),
        senders: Senders { sms: vec!["ACME".into()], rcs: vec!["Acme".into()], ..Senders::default() },
        custom_domains: vec!["go.example.com".into()],
        channels: Vec::new(),
        tracking: Tracking::Native(ReportExtensions::default()),
        mms_reports: MmsReports::Omni,
        kakao_way,
        maybe_sent: MaybeSent::Repeat,
        webhook_auth: WebhookAuth::default(),
        webhook_tokens: Vec::new(),
    }
}

pub(crate) fn journey() -> JourneyFacts {
    let field = |label: &str, expression: Result<&str, &str>| MergeField {
        label: label.into(),
        expression: expression.map(str::to_owned).map_err(str::to_owned),
    };
    JourneyFacts {
        merge_groups: vec![MergeGroup {
            label: "Audience".into(),
            fields: vec![
                field("FirstName", Ok("{{Event.DEAudience-1.FirstName}}")),
                field("Last name", Err("names with spaces can't be used")),
            ],
        }],
        phone_fields: vec!["MobilePhone".into(), "HomePhone".into()],
        text_phones: Vec::new(),
        unusable_phones: Vec::new(),
        event_definitions: vec![EventDefinition { key: "APIEvent-1".into(), name: "SMS Response".into() }],
        activity_name: None,
    }
}

impl Sample {
    fn new(channel: Channel, pairs: &[(&str, &str)]) -> Self {
        let is_omni = [Channel::KakaoChinguOmni, Channel::KakaoAlimOmni].contains(&channel);
        let way = if is_omni { KakaoWay::Omni } else { KakaoWay::Direct };
        let start = [("channel", channel.name()), ("phone1", "+385911234567"), ("contactKey", "{{Contact.Key}}")];
        let common = [
            ("bulkId", "Spring"),
            ("speedLimitCount", "500"),
            ("speedLimitUnit", "HOUR"),
            ("callbackName1", "Segment"),
            ("callbackValue1", "{{Event.DEAudience-1.FirstName}}"),
            ("callbackName2", "Season"),
            ("callbackValue2", "Spring"),
            ("validityMinutes", "60"),
            ("latestSendAt", "2030-01-31T18:00:00Z"),
            ("onStop", "HOLD"),
            ("phoneChoice", "1"),
        ];
        let capability = channel.capability();
        let links = [("shortenUrl", "true"), ("trackClicks", "false"), ("customDomain", "go.example.com")];
        let links: &[_] = if capability.tracks_links { &links } else { &[] };
        let replies = [("eventDefinitionKey", "APIEvent-1")];
        let replies: &[_] = if capability.replies.is_some() { &replies } else { &[] };
        let all = start.iter().chain(pairs).chain(&common).chain(links).chain(replies);
        Self {
            channel,
            accounts: vec![account(way)],
            journey: journey(),
            lists: Lists::default(),
            arguments: all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            texts: english(),
            mid: Mid::new(510_001_234),
            business_unit: "Acme",
            accounts: &self.accounts,
            default_country: None,
            journey: &self.journey,
            lists: &self.lists,
            audience: None,
            arguments: &self.arguments,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.arguments.set(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.arguments.retain(|own| own != name);
        self
    }
}

/// The same once more.
pub(crate) fn copy(sample: &Sample) -> Sample {
    Sample {
        channel: sample.channel,
        accounts: sample.accounts.clone(),
        journey: sample.journey.clone(),
        lists: sample.lists.clone(),
        arguments: sample.arguments.clone(),
    }
}

const FALLBACK: [(&str, &str); 2] = [("fallbackText", "See it online"), ("fallbackSender", "ACME")];

fn joined(parts: &[&[(&'static str, &'static str)]]) -> Vec<(&'static str, &'static str)> {
    parts.concat()
}

pub(crate) fn sms() -> Sample {
    let dlt = [("dlt", "true"), ("dltPrincipalEntityId", "110"), ("dltContentTemplateId", "120")];
    let text = [("sender", "ACME"), ("text", "Hi {{Event.DEAudience-1.FirstName}}")];
    Sample::new(Channel::Sms, &joined(&[&text, &dlt]))
}

pub(crate) fn lms() -> Sample {
    let pairs = [("sender", "ACME"), ("title", "Sale"), ("text", "A long text"), ("resellerCode", "123456789")];
    Sample::new(Channel::Lms, &pairs)
}

pub(crate) fn mms() -> Sample {
    let segments = [
        ("sender", "ACME"),
        ("title", "Hello"),
        ("segmentType1", "TEXT"),
        ("segmentText1", "Hi"),
        ("segmentType2", "LINK"),
        ("segmentUrl2", URL),
        ("segmentMediaType2", "image/jpeg"),
        ("segmentType3", "SMIL"),
        ("segmentText3", "<smil/>"),
    ];
    Sample::new(Channel::Mms, &joined(&[&segments, &FALLBACK]))
}

pub(crate) fn whatsapp() -> Sample {
    let pairs = [
        ("sender", "447860099299"),
        ("templateName", "order_update"),
        ("templateLanguage", "en_GB"),
        ("placeholderCount", "2"),
        ("placeholder1", "{{Event.DEAudience-1.FirstName}}"),
        ("placeholder2", "A-1001"),
        ("headerType", "DOCUMENT"),
        ("headerMediaUrl", URL),
        ("headerFilename", "Bill.pdf"),
        ("buttonType1", "QUICK_REPLY"),
        ("buttonParameter1", "yes"),
        ("buttonType2", "URL"),
        ("buttonParameter2", "A-1001"),
        ("buttonType3", "COPY_CODE"),
        ("buttonParameter3", "SPRING"),
    ];
    Sample::new(Channel::WhatsApp, &joined(&[&pairs, &FALLBACK]))
}

/// The template that [`whatsapp`] sends.
pub(crate) fn template() -> Template {
    let button = |kind: &str, url: Option<&str>| Button {
        kind: kind.into(),
        text: format!("press {kind}"),
        url: url.map(str::to_owned),
    };
    Template {
        name: "order_update".into(),
        language: "en_GB".into(),
        status: "APPROVED".into(),
        category: "UTILITY".into(),
        structure: Structure {
            kind: "MEDIA".into(),
            header: Some(Header { format: "DOCUMENT".into(), text: None }),
            body: Some("Hi {{1}}, your order {{2}}".into()),
            buttons: vec![
                button("QUICK_REPLY", None),
                button("URL", Some("https://shop.example/{{1}}")),
                button("COPY_CODE", None),
            ],
            ..Structure::default()
        },
    }
}

pub(crate) fn whatsapp_with_list() -> Sample {
    let pending = Template { name: "pending".into(), status: "PENDING".into(), ..template() };
    Sample { lists: Lists { templates: List::Loaded(vec![template(), pending]), ..Lists::default() }, ..whatsapp() }
}

pub(crate) fn whatsapp_header(kind: &'static str, fields: &[(&'static str, &'static str)]) -> Sample {
    let start = whatsapp().without("headerMediaUrl").without("headerFilename").with("headerType", kind);
    fields.iter().fold(start, |sample, (name, value)| sample.with(name, *value))
}

pub(crate) fn viber(kind: &'static str) -> Sample {
    let text = [("text", "Sale"), ("buttonText", "Open"), ("buttonUrl", "https://shop.example")];
    let own: &[(&str, &str)] = match kind {
        "IMAGE" => &[("imageUrl", URL)],
        "VIDEO" => &[("videoUrl", URL), ("videoSeconds", "5"), ("thumbnailUrl", URL)],
        "FILE" => &[("fileUrl", URL), ("fileName", "Prices.pdf")],
        _ => &[],
    };
    let text: &[_] = if kind == "FILE" { &[] } else { &text };
    let start = [("sender", "ACME"), ("contentType", kind), ("promotional", "false")];
    Sample::new(Channel::Viber, &joined(&[&start, text, own, &FALLBACK]))
}

pub(crate) fn viber_omni() -> Sample {
    let pairs = [
        ("scenarioKey", "CC9F01A5DC7BEE2C2B829D203482A654"),
        ("text", "Sale"),
        ("imageUrl", URL),
        ("buttonText", "Call"),
        ("buttonUrl", "tel:+385-1-234"),
        ("promotional", "true"),
        ("fallbackText", "Sale by SMS"),
    ];
    Sample::new(Channel::ViberOmni, &pairs)
}

const CHINGU: [(&str, &str); 10] = [
    ("text", "Sale"),
    ("imageUrl", URL),
    ("imageLink", "https://shop.example"),
    ("buttonType1", "WEB_LINK"),
    ("buttonName1", "Open"),
    ("buttonUrlMobile1", "https://m.example"),
    ("buttonType2", "APP_LINK"),
    ("buttonName2", "App"),
    ("buttonAndroidScheme2", "a://x"),
    ("buttonIosScheme2", "i://x"),
];

pub(crate) fn chingu() -> Sample {
    let direct = [("sender", "profile"), ("buttonUrlPc1", "https://pc.example"), ("buttonUrlMobile2", URL)];
    Sample::new(Channel::KakaoChingu, &joined(&[&direct, &CHINGU, &FALLBACK]))
}

pub(crate) fn chingu_omni() -> Sample {
    let omni = [("scenarioKey", "CC9F"), ("promotional", "false"), ("fallbackText", "Sale by SMS")];
    Sample::new(Channel::KakaoChinguOmni, &joined(&[&omni, &CHINGU]))
}

const ALIM: [(&str, &str); 21] = [
    ("templateName", "order01"),
    ("text", "On its way"),
    ("title", "Order"),
    ("imageUrl", URL),
    ("buttonType1", "WEB_LINK"),
    ("buttonName1", "Track"),
    ("buttonUrlMobile1", "https://m.example"),
    ("buttonUrlPc1", "https://pc.example"),
    ("buttonTarget1", "out"),
    ("buttonType2", "APP_LINK"),
    ("buttonName2", "App"),
    ("buttonAndroidScheme2", "a://x"),
    ("buttonIosScheme2", "i://x"),
    ("buttonUrlMobile2", "https://m.example"),
    ("buttonType3", "CHATBOT_SWITCH"),
    ("buttonName3", "Chat"),
    ("buttonChatExtra3", "x"),
    ("buttonChatEvent3", "y"),
    ("buttonType4", "ADD_CHANNEL"),
    ("buttonName4", "Add"),
    ("buttonUrlPc2", "https://pc.example"),
];

pub(crate) fn alim() -> Sample {
    Sample::new(Channel::KakaoAlim, &joined(&[&[("sender", "profile")], &ALIM, &FALLBACK]))
}

pub(crate) fn alim_omni() -> Sample {
    Sample::new(Channel::KakaoAlimOmni, &joined(&[&[("scenarioKey", "CC9F")], &ALIM, &[("fallbackText", "SMS")]]))
}

const SUGGESTIONS: [(&str, &str); 20] = [
    ("suggestionType1", "REPLY"),
    ("suggestionText1", "Yes"),
    ("suggestionPostback1", "yes"),
    ("suggestionType2", "OPEN_URL"),
    ("suggestionText2", "Shop"),
    ("suggestionUrl2", "https://shop.example"),
    ("suggestionOpensIn2", "BROWSER"),
    ("suggestionType3", "DIAL_PHONE"),
    ("suggestionText3", "Call"),
    ("suggestionPhone3", "+385911234567"),
    ("suggestionType4", "SHOW_LOCATION"),
    ("suggestionText4", "Where"),
    ("suggestionLatitude4", "45.8"),
    ("suggestionLongitude4", "15.9"),
    ("suggestionLabel4", "Shop"),
    ("suggestionType5", "CREATE_CALENDAR_EVENT"),
    ("suggestionText5", "Remember"),
    ("suggestionStartsAt5", "2030-01-31T18:00:00Z"),
    ("suggestionEndsAt5", "2030-01-31T19:00:00Z"),
    ("suggestionTitle5", "Sale"),
];

pub(crate) fn rcs(kind: &'static str) -> Sample {
    let own: &[(&str, &str)] = match kind {
        "FILE" => &[("fileUrl", URL), ("thumbnailUrl", URL)],
        "CARD" => &[
            ("cardOrientation", "HORIZONTAL"),
            ("cardAlignment", "RIGHT"),
            ("card1Title", "One"),
            ("card1Description", "First"),
            ("card1MediaUrl", URL),
            ("card1ThumbnailUrl", URL),
            ("card1MediaHeight", "TALL"),
            ("card1SuggestionType1", "OPEN_URL"),
            ("card1SuggestionText1", "Shop"),
            ("card1SuggestionUrl1", "https://shop.example"),
        ],
        "CAROUSEL" => &[
            ("cardWidth", "SMALL"),
            ("card1Title", "One"),
            ("card2Title", "Two"),
            ("card2SuggestionType1", "REPLY"),
            ("card2SuggestionText1", "Yes"),
            ("card2SuggestionType2", "REPLY"),
            ("card2SuggestionText2", "No"),
        ],
        _ => &[("text", "Hi")],
    };
    let start = [("sender", "Acme"), ("contentType", kind)];
    Sample::new(Channel::Rcs, &joined(&[&start, own, &SUGGESTIONS, &FALLBACK, &[("suggestionDescription5", "x")]]))
}

pub(crate) fn samples() -> Vec<Sample> {
    vec![
        sms(),
        lms(),
        mms(),
        whatsapp(),
        whatsapp_with_list(),
        whatsapp_header("TEXT", &[("headerText", "Ann")]),
        whatsapp_header("LOCATION", &[("headerLatitude", "45.8"), ("headerLongitude", "-15.9")]),
        viber("TEXT"),
        viber("IMAGE"),
        viber("VIDEO"),
        viber("FILE"),
        viber_omni(),
        chingu(),
        chingu_omni(),
        alim(),
        alim_omni(),
        rcs("TEXT"),
        rcs("FILE"),
        rcs("CARD"),
        rcs("CAROUSEL"),
    ]
}
