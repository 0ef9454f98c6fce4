//! Every sending channel: one full request each, and tables of what may be changed in it.

use super::*;
use crate::sandbox::sample;

mod limits;
mod listings;
mod refusals;
mod replies;
mod reports;

pub(super) const OMNI_SCOPE: &str = "omni-failover:manage";

/// A channel's endpoint and a request with every field of its commonest content.
pub(super) struct Case {
    pub(super) path: &'static str,
    pub(super) full: Value,
    /// The status id of an accepted message.
    pub(super) accepted: u64,
    /// Where the message id of the only message is.
    pub(super) id: &'static str,
}

/// A sandbox whose account may also use OMNI.
pub(super) async fn open_sandbox(options: SandboxOptions, clock: Arc<dyn Clock>) -> Sandbox {
    let sandbox = sandbox_with(options, clock).await;
    sandbox.infobip().add_account(InfobipAccount::new(KEY).with_scope(OMNI_SCOPE));
    sandbox
}

/// What is wrong with each property of a refusal, in either family of errors.
pub(super) fn violated(answer: &Value) -> Vec<String> {
    if let Some(errors) = answer.pointer("/requestError/serviceException/validationErrors") {
        return errors.as_object().unwrap().keys().cloned().collect();
    }
    let violations = answer["violations"].as_array().unwrap_or_else(|| panic!("{answer}"));
    violations.iter().map(|one| one["property"].as_str().unwrap().to_owned()).collect()
}

/// The message options, request options and webhooks that the unified channels share.
fn unified(path: &'static str, sender: &str, to: &str, content: Value, accepted: u64) -> Case {
    let full = json!({
        "messages": [ {
            "sender": sender,
            "destinations": [ { "to": to, "messageId": "m-1" } ],
            "content": content,
            "options": {
                "platform": { "entityId": "e", "applicationId": "a" },
                "validityPeriod": { "amount": 24, "timeUnit": "HOURS" },
                "deliveryTimeWindow": {
                    "days": ["MONDAY"], "from": { "hour": 8, "minute": 0 }, "to": { "hour": 9, "minute": 0 },
                },
                "campaignReferenceId": "c",
                "smsFailover": {
                    "sender": "ACME", "text": "Hi", "validityPeriod": { "amount": 1 },
                    "regional": { "southKorea": { "resellerCode": 123_456_789 } },
                },
            },
            "webhooks": {
                "delivery": { "url": "http://127.0.0.1:1/dlr", "intermediateReport": false, "notify": true },
                "contentType": "application/json",
                "callbackData": "x",
            },
        } ],
        "options": {
            "schedule": { "bulkId": "bulk", "sendingSpeedLimit": { "amount": 500, "timeUnit": "HOUR" } },
            "tracking": {
                "shortenUrl": true, "trackClicks": true, "trackingUrl": "http://127.0.0.1:1/click",
                "removeProtocol": false, "customDomain": "go.example.com",
            },
        },
    });
    Case { path, full, accepted, id: "/messages/0/destinations/0/messageId" }
}

pub(super) fn mms() -> Case {
    let content = json!({
        "title": "Hello",
        "messageSegments": [
            { "type": "TEXT", "contentId": "body", "text": "Hi Ana https://shop.example/1" },
            { "type": "LINK", "contentId": "pic", "contentType": "image/jpeg", "contentUrl": "https://cdn.example/a.jpg" },
            { "type": "SMIL", "contentType": "application/smil", "smil": "<smil/>" },
            { "type": "UPLOADED_REFERENCE", "uploadedContentId": "abc" },
        ],
    });
    let mut case = unified("/mms/2/messages", sample::NUMBER, "385911234567", content, 26);
    case.full["messages"][0]["options"]["regional"] = json!({ "southKorea": { "resellerCode": 123_456_789 } });
    case
}

pub(super) fn viber() -> Case {
    let content = json!({
        "type": "IMAGE", "text": "Sale https://shop.example/1", "mediaUrl": "https://cdn.example/s.jpg",
        "showImageInFullScreen": true, "button": { "title": "Open", "action": "https://shop.example" },
    });
    let mut case = unified("/viber/2/messages", sample::VIBER_SENDER, "385911234567", content, 26);
    let options = &mut case.full["messages"][0]["options"];
    options["label"] = json!("PROMOTIONAL");
    options["trackingData"] = json!("t");
    for switch in ["applySessionRate", "toPrimaryDeviceOnly", "activationCheck"] {
        options[switch] = json!(true);
    }
    with_seen(case)
}

pub(super) fn rcs() -> Case {
    let link = json!({
        "type": "OPEN_URL", "text": "Open", "postbackData": "o1", "url": "https://shop.example/1",
        "application": "WEBVIEW", "webviewViewMode": "FULL",
    });
    let content = json!({
        "type": "CAROUSEL", "cardWidth": "MEDIUM",
        "contents": [
            {
                "title": "One", "description": "First",
                "media": { "file": { "url": "https://cdn.example/1.jpg" }, "thumbnail": { "url": "https://cdn.example/t.jpg" }, "height": "MEDIUM" },
                "suggestions": [ link ],
            },
            { "title": "Two", "suggestions": [
                { "type": "DIAL_PHONE", "text": "Call", "postbackData": "d", "phoneNumber": "+385911234567" },
                { "type": "SHOW_LOCATION", "text": "Where", "postbackData": "l", "latitude": 45.8, "longitude": 16, "label": "Shop" },
            ] },
        ],
        "suggestions": [
            { "type": "REPLY", "text": "More", "postbackData": "m2" },
            { "type": "REQUEST_LOCATION", "text": "Here", "postbackData": "r" },
            { "type": "CREATE_CALENDAR_EVENT", "text": "Save", "postbackData": "e", "title": "Sale",
              "startTime": "2026-04-01T09:00:00.000+0000", "endTime": "2026-04-01T10:00:00.000+0000", "description": "d" },
        ],
    });
    let mut case = unified("/rcs/2/messages", sample::RCS_SENDER, "385911234567", content, 26);
    case.full["options"]["messageOrdering"] = json!({ "respectOrder": false, "stopOnFailure": false });
    with_seen(case)
}

fn with_seen(mut case: Case) -> Case {
    let webhooks = &mut case.full["messages"][0]["webhooks"];
    webhooks["seen"] = json!({ "url": "http://127.0.0.1:1/seen" });
    webhooks["delivery"]["receiveTriggeredFailoverReports"] = json!(true);
    case
}

pub(super) fn kakao_alim() -> Case {
    let content = json!({
        "type": "TEMPLATE", "templateCode": "order01", "text": "Order 1001 is on its way", "title": "Shipping", "groupKey": "g",
        "buttons": [
            { "type": "URL", "name": "Track", "urlMobile": "https://m.example/1", "urlPc": "https://www.example/1", "target": "out" },
            { "type": "APP_LINK", "name": "App", "schemeAndroid": "app://1", "schemeIos": "app://1", "urlMobile": "https://m", "urlPc": "https://p" },
            { "type": "CHATBOT_SWITCH", "name": "Bot", "chatExtra": "x", "chatEvent": "y" },
            { "type": "DELIVERY_TRACKING", "name": "Where" },
            { "type": "ADD_CHANNEL", "name": "Add" },
        ],
    });
    let mut case = unified("/kakao-alim/1/messages", sample::KAKAO_PROFILE_KEY, "821012345678", content, 7);
    case.full["options"] = json!({ "schedule": { "bulkId": "bulk" }, "priority": "HIGH" });
    case
}

pub(super) fn kakao_chingu() -> Case {
    let content = json!({
        "type": "IMAGE_FREE_FORM", "text": "Sale https://shop.example/1",
        "image": { "url": "https://cdn.example/i.jpg", "link": "https://shop.example" },
        "buttons": [
            { "type": "URL", "name": "Web", "urlMobile": "https://m.example", "urlPc": "https://p.example", "target": "OUT" },
            { "type": "APP_LINK", "name": "App", "schemeAndroid": "app://1", "schemeIos": "app://1", "urlMobile": "https://m", "urlPc": "https://p" },
            { "type": "BUSINESS_FORM", "name": "Form", "businessFormKey": "k" },
            { "type": "ADD_CHANNEL" },
        ],
        "coupon": {
            "title": { "type": "PERCENTAGE_DISCOUNT_COUPON", "couponTitleParameter": 10 },
            "description": "d", "urlMobile": "https://m.example",
        },
    });
    let mut case = unified("/kakao-chingu/1/messages", sample::KAKAO_PROFILE_KEY, "821012345678", content, 7);
    case.full["messages"][0]["options"]["targeting"] = json!("ALL_CONSENT");
    case
}

pub(super) fn whatsapp() -> Case {
    let full = json!({
        "bulkId": "bulk",
        "messages": [ {
            "from": sample::NUMBER, "to": "385911234567", "messageId": "m-1",
            "content": {
                "templateName": sample::BUTTON_TEMPLATE,
                "language": sample::TEMPLATE_LANGUAGE,
                "templateData": {
                    "body": { "placeholders": ["https://shop.example/1"] },
                    "header": { "type": "TEXT", "placeholder": "Ana" },
                    "buttons": [
                        { "type": "QUICK_REPLY", "parameter": "yes" }, { "type": "URL", "parameter": "A-1" },
                        { "type": "COPY_CODE", "parameter": "SALE" },
                    ],
                },
            },
            "callbackData": "x", "notifyUrl": "http://127.0.0.1:1/dlr",
            "urlOptions": { "shortenUrl": true, "trackClicks": true, "trackingUrl": "http://127.0.0.1:1/click" },
            "smsFailover": { "from": "ACME", "text": "Hi" },
            "entityId": "e", "applicationId": "a", "context": { "replyToMessageId": "r" },
        } ],
    });
    Case { path: "/whatsapp/1/message/template", full, accepted: 7, id: "/messages/0/messageId" }
}

fn own_sms() -> Case {
    let content = json!({ "text": "Hi Ana" });
    let mut case = unified("/sms/3/messages", sample::NUMBER, "385911234567", content, 26);
    let message = &mut case.full["messages"][0];
    message["options"].as_object_mut().unwrap().remove("smsFailover");
    case
}

pub(super) fn omni_viber() -> Case {
    let full = json!({
        "scenarioKey": sample::VIBER_SCENARIO, "bulkId": "bulk",
        "destinations": [ { "messageId": "m-1", "to": { "phoneNumber": "385911234567" } } ],
        "viber": {
            "text": "Sale", "imageURL": "https://cdn.example/s.jpg", "buttonText": "Open", "buttonURL": "https://shop.example",
            "isPromotional": true, "validityPeriod": 60, "trackingData": "t",
        },
        "sms": { "text": "Sale", "regional": { "korea": { "title": "t" } } },
        "notify": true, "notifyUrl": "http://127.0.0.1:1/dlr", "notifyContentType": "application/json",
        "intermediateReport": false, "callbackData": "x",
    });
    Case { path: "/omni/1/advanced", full, accepted: 7, id: "/destinations/0/messageId" }
}

pub(super) fn omni_alim() -> Case {
    let mut case = omni_viber();
    case.full["scenarioKey"] = json!(sample::KAKAO_SCENARIO);
    case.full["kakaoAlim"] = json!({
        "text": "Order", "templateCode": "order01", "title": "t", "groupKey": "g", "validityPeriod": 60,
        "buttons": [
            { "type": "URL", "buttonText": "Track", "buttonUrlMobile": "https://m", "buttonUrlPc": "https://p", "target": "out" },
            { "type": "APP_LINK", "buttonText": "App", "androidScheme": "a://", "iosScheme": "i://" },
            { "type": "CHATBOT_SWITCH", "buttonText": "Bot", "chatExtra": "x", "chatEvent": "y" },
        ],
    });
    without_viber(case)
}

pub(super) fn omni_chingu() -> Case {
    let mut case = omni_viber();
    case.full["scenarioKey"] = json!(sample::KAKAO_CHINGU_SCENARIO);
    case.full["kakaoChingu"] = json!({
        "text": "Sale", "imageUrl": "https://cdn.example/i.jpg", "imageLink": "https://shop.example", "isPromotional": true,
        "buttons": [
            { "type": "URL", "buttonText": "Web", "buttonUrl": "https://shop.example" },
            { "type": "APP_LINK", "buttonText": "App", "androidScheme": "a://", "iosScheme": "i://" },
        ],
    });
    without_viber(case)
}

fn without_viber(mut case: Case) -> Case {
    case.full.as_object_mut().unwrap().remove("viber");
    case
}

/// Every channel but SMS, which has tests of its own.
pub(super) fn all() -> Vec<Case> {
    vec![mms(), viber(), rcs(), kakao_alim(), kakao_chingu(), whatsapp(), omni_viber(), omni_alim(), omni_chingu()]
}
