//! Accounts: a key, its scopes, what it may spend, and what is registered on it.

use std::sync::Arc;

use super::inbound::{InboundForward, WebhookSecurity};
use super::registered::{
    KakaoTemplate, OwnNumber, RcsSender, Scenario, WhatsAppSender, WhatsAppTemplate, default_templates,
};
use super::sample;

/// Every scope that the hosted connector's manual asks for, per channel, and nothing more (infobip.md 1.7).
const MANUAL_SCOPES: &[&str] = &[
    "account-management:manage",
    "numbers:manage",
    "sms:manage",
    "sms:message:send",
    "sms:logs:read",
    "mms:manage",
    "mms:message:send",
    "mms:logs:read",
    "viber-bm:manage",
    "viber-bm:message:send",
    "viber-bm:logs:read",
    "whatsapp:manage",
    "whatsapp:message:send",
    "whatsapp:logs:read",
    "rcs:manage",
    "rcs:message:send",
    "rcs:logs:read",
    "kakao:manage",
    "kakao:message:send",
    "kakao:logs:read",
];

/// An account to register.
///
/// A list of senders that is not empty is complete: its channel refuses every other sender with status 11
/// `REJECTED_SOURCE`. An empty one refuses nobody.
#[derive(Clone, Debug, Default)]
pub struct InfobipAccount {
    pub api_key: String,
    /// `sms:message:send`, `sms:manage` …
    pub scopes: Vec<String>,
    /// What may be spent, in the account's currency (EUR). A message part costs 0.01.
    pub balance: f64,
    /// Names for SMS; only listed, never refused.
    pub alphanumeric_senders: Vec<String>,
    pub numbers: Vec<OwnNumber>,
    pub viber_senders: Vec<String>,
    pub rcs_senders: Vec<RcsSender>,
    pub whatsapp_senders: Vec<WhatsAppSender>,
    /// A template that is not here makes its message fail with error 7009.
    pub whatsapp_templates: Vec<WhatsAppTemplate>,
    /// Profile keys of Kakao channels.
    pub kakao_profile_keys: Vec<String>,
    /// Alim templates. With none, every template code is taken; else an unknown one makes its message fail.
    pub kakao_templates: Vec<KakaoTemplate>,
    pub scenarios: Vec<Scenario>,
    /// Where messages to numbers and resources are posted; those to others go nowhere.
    pub inbound: Vec<InboundForward>,
    /// The credentials of inbound requests.
    pub inbound_security: Option<WebhookSecurity>,
}

impl InfobipAccount {
    /// An account with the scopes of the manual's list (none for OMNI), plenty of credit, and the world of [`sample`].
    pub fn new(api_key: &str) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Self {
            api_key: api_key.to_owned(),
            scopes: owned(MANUAL_SCOPES),
            balance: 1_000_000.0,
            alphanumeric_senders: owned(&["ACME"]),
            numbers: vec![
                OwnNumber::new(sample::NUMBER, "VIRTUAL_LONG_NUMBER", &["SMS", "MMS", "WHATSAPP"]),
                OwnNumber::new(sample::WHATSAPP_ONLY_NUMBER, "WHATSAPP", &["WHATSAPP"]),
            ],
            viber_senders: owned(&[sample::VIBER_SENDER, "AcmeViber"]),
            rcs_senders: vec![
                RcsSender::new(sample::RCS_SENDER, "Acme", "LAUNCHED"),
                RcsSender::new(sample::RCS_SENDER_NOT_LAUNCHED, "Acme (new)", "PENDING"),
            ],
            whatsapp_senders: vec![
                WhatsAppSender::new(sample::NUMBER),
                WhatsAppSender::new(sample::WHATSAPP_ONLY_NUMBER),
            ],
            whatsapp_templates: default_templates(),
            kakao_profile_keys: owned(&[sample::KAKAO_PROFILE_KEY]),
            kakao_templates: Vec::new(),
            scenarios: vec![
                Scenario::new(
                    sample::VIBER_SCENARIO,
                    "Viber, then SMS",
                    &[("VIBER", sample::VIBER_SENDER), ("SMS", "ACME")],
                )
                .by_default(),
                Scenario::new(
                    sample::KAKAO_SCENARIO,
                    "Kakao Alim",
                    &[("KAKAO_ALIM", sample::KAKAO_PROFILE_KEY), ("SMS", "ACME")],
                ),
                Scenario::new(
                    sample::KAKAO_CHINGU_SCENARIO,
                    "Kakao Chingu",
                    &[("KAKAO_CHINGU", sample::KAKAO_PROFILE_KEY)],
                ),
            ],
            inbound: Vec::new(),
            inbound_security: None,
        }
    }

    /// An account of the manual's scopes and plenty of credit, on which nothing is registered.
    pub fn bare(api_key: &str) -> Self {
        let Self { api_key, scopes, balance, .. } = Self::new(api_key);
        Self { api_key, scopes, balance, ..Self::default() }
    }

    /// With a scope more, `omni-failover:manage` for example.
    #[must_use]
    pub fn with_scope(mut self, scope: &str) -> Self {
        self.scopes.push(scope.to_owned());
        self
    }

    /// With a template more; it replaces the one of the same sender, name and language.
    #[must_use]
    pub fn with_whatsapp_template(mut self, template: WhatsAppTemplate) -> Self {
        let identity = |it: &WhatsAppTemplate| (it.sender.clone(), it.name.clone(), it.language.clone());
        self.whatsapp_templates.retain(|known| identity(known) != identity(&template));
        self.whatsapp_templates.push(template);
        self
    }

    /// With an Alim template more; it replaces the one of the same sender and code.
    #[must_use]
    pub fn with_kakao_template(mut self, template: KakaoTemplate) -> Self {
        self.kakao_templates.retain(|known| (&known.sender, &known.code) != (&template.sender, &template.code));
        self.kakao_templates.push(template);
        self
    }

    /// With a forward more; it replaces the one of the same channel and number.
    #[must_use]
    pub fn with_inbound(mut self, forward: InboundForward) -> Self {
        self.set_inbound(forward);
        self
    }

    pub(super) fn set_inbound(&mut self, forward: InboundForward) {
        self.inbound.retain(|known| (&known.channel, &known.number) != (&forward.channel, &forward.number));
        self.inbound.push(forward);
    }

    /// With a scenario more; it replaces the one of the same key.
    #[must_use]
    pub fn with_scenario(mut self, scenario: Scenario) -> Self {
        self.scenarios.retain(|known| known.key != scenario.key);
        self.scenarios.push(scenario);
        self
    }
}

/// A registered account.
#[derive(Debug)]
pub(super) struct Account {
    registered: Arc<InfobipAccount>,
    /// In cents, so that a million charges of 0.01 add up.
    cents: i64,
}

impl Account {
    pub(super) fn new(account: InfobipAccount) -> Self {
        let balance = account.balance;
        let mut this = Self { registered: Arc::new(account), cents: 0 };
        this.set_balance(balance);
        this
    }

    /// What is registered; its balance is the one at first.
    pub(super) fn registered(&self) -> Arc<InfobipAccount> {
        Arc::clone(&self.registered)
    }

    /// Changes what is registered; the balance stays.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut InfobipAccount)) {
        change(Arc::make_mut(&mut self.registered));
    }

    pub(super) fn allows_any(&self, scopes: &[&str]) -> bool {
        scopes.is_empty() || scopes.iter().any(|scope| self.registered.scopes.iter().any(|known| known == scope))
    }

    #[expect(clippy::cast_possible_truncation, reason = "a float converts to an integer by saturating")]
    pub(super) fn set_balance(&mut self, balance: f64) {
        self.cents = (balance * 100.0).round() as i64;
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody's credit needs 53 bits of cents")]
    pub(super) fn balance(&self) -> f64 {
        self.cents as f64 / 100.0
    }

    /// Takes the price of `parts` message parts, or nothing when the credit does not suffice.
    pub(super) fn charge(&mut self, parts: u32) -> bool {
        let price = i64::from(parts);
        if self.cents < price {
            return false;
        }
        self.cents -= price;
        true
    }
}
