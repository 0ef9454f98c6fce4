//! What [`InfobipAccount::new`](super::InfobipAccount::new) registers: names for the demo and for tests.

/// An own number, for SMS, MMS and WhatsApp; a WhatsApp sender with every template below.
pub const NUMBER: &str = "385915550000";
/// A WhatsApp sender that is no number of another channel. It has no templates.
pub const WHATSAPP_ONLY_NUMBER: &str = "385915550001";
pub const VIBER_SENDER: &str = "ACME";
pub const RCS_SENDER: &str = "AcmeAgent";
/// Listed with a status other than `LAUNCHED`: sending from it is refused.
pub const RCS_SENDER_NOT_LAUNCHED: &str = "AcmeDraft";
pub const KAKAO_PROFILE_KEY: &str = "PROFILE-KEY";

/// The default scenario: Viber from [`VIBER_SENDER`], then SMS.
pub const VIBER_SCENARIO: &str = "CC9F01A5DC7BEE2C2B829D203482A654";
/// Kakao Alim from [`KAKAO_PROFILE_KEY`], then SMS.
pub const KAKAO_SCENARIO: &str = "7A3D1F0E5B2C49688D9E0F1A2B3C4D5E";
/// Kakao Chingu from [`KAKAO_PROFILE_KEY`].
pub const KAKAO_CHINGU_SCENARIO: &str = "0F1E2D3C4B5A69788796A5B4C3D2E1F0";

/// The language of every template below.
pub const TEMPLATE_LANGUAGE: &str = "en_GB";
/// Approved; `Hello {{1}}, your order {{2}} is on its way.`
pub const TEXT_TEMPLATE: &str = "order_update";
/// Approved; no placeholder at all.
pub const PLAIN_TEMPLATE: &str = "opening_hours";
/// Approved; an image above `Hi {{1}}, our spring sale has begun.`, and a quick reply.
pub const IMAGE_TEMPLATE: &str = "spring_sale";
/// Approved; a video above a text without placeholders.
pub const VIDEO_TEMPLATE: &str = "how_it_works";
/// Approved; a document above `Hi {{1}}, here is your invoice.`
pub const DOCUMENT_TEMPLATE: &str = "invoice_ready";
/// Approved; a location above a text without placeholders.
pub const LOCATION_TEMPLATE: &str = "store_nearby";
/// Approved; a text header with `{{1}}`, a body with `{{1}}`, and the buttons `QUICK_REPLY`, dynamic `URL`, `COPY_CODE`
/// and a phone number, which takes no parameter.
pub const BUTTON_TEMPLATE: &str = "coupon_offer";
/// `PENDING`: not usable.
pub const PENDING_TEMPLATE: &str = "autumn_news";
/// `REJECTED`: not usable.
pub const REJECTED_TEMPLATE: &str = "free_money";
