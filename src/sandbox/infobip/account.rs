//! Accounts: a key, its scopes, what it may spend.

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
#[derive(Clone, Debug, Default)]
pub struct InfobipAccount {
    pub api_key: String,
    /// `sms:message:send`, `sms:manage` …
    pub scopes: Vec<String>,
    /// What may be spent, in the account's currency (EUR). A message part costs 0.01.
    pub balance: f64,
}

impl InfobipAccount {
    /// An account with the scopes of the manual's list and plenty of credit.
    pub fn new(api_key: &str) -> Self {
        let scopes = MANUAL_SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
        Self { api_key: api_key.to_owned(), scopes, balance: 1_000_000.0 }
    }
}

/// A registered account.
#[derive(Debug)]
pub(super) struct Account {
    scopes: Vec<String>,
    /// In cents, so that a million charges of 0.01 add up.
    cents: i64,
}

impl Account {
    pub(super) fn new(account: InfobipAccount) -> Self {
        let mut this = Self { scopes: account.scopes, cents: 0 };
        this.set_balance(account.balance);
        this
    }

    pub(super) fn allows_any(&self, scopes: &[&str]) -> bool {
        scopes.is_empty() || scopes.iter().any(|scope| self.scopes.iter().any(|known| known == scope))
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
