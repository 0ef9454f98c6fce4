//! Lengths, counts and numbers at their limits, and one beyond.

use super::*;

/// Asks with a changed request; the message has an id of its own each time.
struct Asker {
    caller: Caller,
    sent: u32,
}

impl Asker {
    async fn new() -> Self {
        let sandbox = open_sandbox(SandboxOptions::default(), frozen()).await;
        Self { caller: Caller::new(&sandbox).await, sent: 0 }
    }

    /// Puts a value at a place of the full request; expects it to be taken, or the property to be violated.
    fn put(&mut self, case: &Case, base: &Value, at: &str, value: Value) -> impl Future<Output = (u16, Value)> + use<> {
        let mut body = base.clone();
        self.sent += 1;
        *body.pointer_mut(case.id).unwrap_or_else(|| panic!("{}", case.id)) = json!(format!("id-{}", self.sent));
        let (parent, name) = at.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(parent).unwrap_or_else(|| panic!("{at} is not in the request"));
        match parent {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
            parent => parent[name] = value,
        }
        answer(self.caller.infobip_request("POST", case.path, body))
    }

    async fn check(&mut self, case: &Case, base: &Value, at: &str, value: Value, is_allowed: bool) {
        let (status, answer) = self.put(case, base, at, value.clone()).await;
        if is_allowed {
            assert_eq!(status, 200, "{} {at} {answer}", case.path);
            return;
        }
        assert_eq!(status, 400, "{} {at} {}", case.path, value.to_string().len());
        let found = violated(&answer);
        let property = property(at);
        // A rule across fields names the object that holds them; a value may be wrong in one of its own fields.
        let is_inside =
            |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['.', '[']));
        let names = |it: &String| *it == property || is_inside(it, &property) || is_inside(&property, it);
        assert!(!found.is_empty() && found.iter().all(names), "{at} {answer}");
    }
}

/// `/messages/0/content/text` as violations write it.
fn property(pointer: &str) -> String {
    let mut name = String::new();
    for part in pointer.split('/').skip(1) {
        match part.parse::<usize>() {
            Ok(index) => name.push_str(&format!("[{index}]")),
            Err(_) if name.is_empty() => name.push_str(part),
            Err(_) => name.push_str(&format!(".{part}")),
        }
    }
    name
}

/// A text, or a link, of a length.
fn text_of(length: usize, at: &str) -> Value {
    const START: &str = "https://a.io/";
    let is_link = ["/url", "Url"].iter().any(|end| at.ends_with(end));
    if is_link && length >= START.len() { json!(format!("{START:x<length$}")) } else { json!("x".repeat(length)) }
}

const MESSAGE: &str = "/messages/0";

/// A place, and the least and the greatest length of its text.
type Length = (&'static str, usize, usize);

/// Lengths from the first to the second number, below the message unless the place begins with a slash.
#[tokio::test]
async fn texts_are_allowed_up_to_their_limits() {
    let unified: &[Length] = &[
        ("destinations/0/messageId", 1, 200),
        ("options/platform/entityId", 0, 255),
        ("options/platform/applicationId", 0, 255),
        ("options/campaignReferenceId", 0, 255),
        ("webhooks/callbackData", 0, 4_000),
        ("/options/schedule/bulkId", 1, 100),
    ];
    let own: Vec<(Case, &[Length])> = vec![
        (mms(), &[("content/title", 0, 66), ("content/messageSegments/0/contentId", 1, 20)]),
        (
            viber(),
            &[
                ("content/text", 1, 1_000),
                ("content/mediaUrl", 14, 1_000),
                ("content/button/title", 1, 30),
                ("content/button/action", 0, 1_000),
                ("options/trackingData", 1, 100),
            ],
        ),
        (
            rcs(),
            &[
                ("content/contents/0/title", 1, 200),
                ("content/contents/0/description", 1, 2_000),
                ("content/contents/0/media/file/url", 14, 2_048),
                ("content/contents/0/media/thumbnail/url", 14, 2_048),
                ("content/contents/0/suggestions/0/text", 1, 25),
                ("content/contents/0/suggestions/0/postbackData", 1, 2_024),
                ("content/contents/0/suggestions/0/url", 14, 2_048),
                ("content/contents/1/suggestions/1/label", 1, 100),
                ("content/suggestions/0/text", 1, 25),
                ("content/suggestions/2/title", 1, 100),
                ("content/suggestions/2/description", 1, 500),
            ],
        ),
        (
            kakao_alim(),
            &[
                ("content/templateCode", 0, 30),
                ("content/text", 0, 1_000),
                ("content/title", 0, 50),
                ("content/buttons/0/name", 0, 28),
                ("content/buttons/0/urlMobile", 0, 500),
                ("content/buttons/0/urlPc", 1, 500),
                ("content/buttons/0/target", 0, 3),
                ("content/buttons/1/schemeAndroid", 1, 500),
                ("content/buttons/1/schemeIos", 1, 500),
                ("content/buttons/1/urlMobile", 1, 500),
                ("content/buttons/1/urlPc", 1, 500),
                ("content/buttons/2/chatExtra", 0, 50),
                ("content/buttons/2/chatEvent", 0, 50),
            ],
        ),
        (
            kakao_chingu(),
            &[
                ("content/text", 0, 1_300),
                ("content/image/url", 14, 250),
                ("content/image/link", 0, 250),
                ("content/buttons/0/name", 1, 14),
                ("content/buttons/0/urlMobile", 1, 500),
                ("content/buttons/0/urlPc", 1, 500),
                ("content/buttons/1/schemeAndroid", 1, 500),
                ("content/buttons/1/schemeIos", 1, 500),
            ],
        ),
    ];
    let others: Vec<(Case, &[Length])> = vec![
        (
            whatsapp(),
            &[
                ("from", 1, 24),
                ("to", 1, 150),
                ("messageId", 1, 200),
                ("content/templateName", 1, 512),
                ("content/templateData/buttons/0/parameter", 1, 128),
                ("content/templateData/buttons/2/parameter", 1, 15),
                ("callbackData", 0, 4_000),
                ("notifyUrl", 14, 2_048),
                ("smsFailover/from", 1, 24),
                ("smsFailover/text", 1, 4_096),
                ("entityId", 0, 255),
                ("applicationId", 0, 255),
                ("/bulkId", 0, 100),
            ],
        ),
        (
            omni_viber(),
            &[
                ("/viber/imageURL", 0, 1_000),
                ("/viber/buttonText", 0, 30),
                ("/viber/buttonURL", 0, 1_000),
                ("/viber/fileName", 0, 25),
                ("/viber/trackingData", 0, 100),
                ("/sms/regional/korea/title", 0, 66),
                ("/callbackData", 0, 4_000),
            ],
        ),
        (
            omni_alim(),
            &[
                ("/kakaoAlim/text", 1, 1_000),
                ("/kakaoAlim/templateCode", 1, 30),
                ("/kakaoAlim/title", 0, 50),
                ("/kakaoAlim/buttons/0/buttonText", 1, 28),
                ("/kakaoAlim/buttons/0/buttonUrlMobile", 1, 500),
                ("/kakaoAlim/buttons/1/androidScheme", 1, 500),
                ("/kakaoAlim/buttons/1/iosScheme", 1, 500),
                ("/kakaoAlim/buttons/2/chatExtra", 0, 50),
                ("/kakaoAlim/buttons/2/chatEvent", 0, 50),
            ],
        ),
        (
            omni_chingu(),
            &[
                ("/kakaoChingu/imageUrl", 1, 250),
                ("/kakaoChingu/imageLink", 1, 250),
                ("/kakaoChingu/buttons/0/buttonText", 1, 28),
                ("/kakaoChingu/buttons/0/buttonUrl", 1, 500),
                ("/kakaoChingu/buttons/1/androidScheme", 1, 500),
                ("/kakaoChingu/buttons/1/iosScheme", 1, 500),
            ],
        ),
    ];
    let mut asker = Asker::new().await;
    let own = own.into_iter().map(|(case, rows)| (case, [unified, rows].concat()));
    for (case, rows) in own.chain(others.into_iter().map(|(case, rows)| (case, rows.to_vec()))) {
        for (at, min, max) in rows {
            let at = if at.starts_with('/') { at.to_owned() } else { format!("{MESSAGE}/{at}") };
            for (length, is_allowed) in [(min, true), (max, true), (max + 1, false)] {
                asker.check(&case, &case.full, &at, text_of(length, &at), is_allowed).await;
            }
            // Below a minimum of 14 lies what is no URL any more; ids of length 0 are made by the platform.
            let has_minimum = min == 1 && !at.ends_with("messageId") && !at.ends_with("bulkId");
            if has_minimum {
                asker.check(&case, &case.full, &at, json!(""), false).await;
            }
        }
    }
}

/// A content of another type, and the limits in it.
#[tokio::test]
async fn contents_of_every_type_have_their_limits() {
    let long = |length: usize| json!("x".repeat(length));
    let card = json!({ "text": "xx", "mediaUrl": "https://cdn.example/1.jpg", "buttons": [
        { "title": "a", "action": "https://a" }, { "title": "b", "action": "https://b" } ] });
    let rcs_card = json!({ "title": "t" });
    let commerce =
        json!({ "title": "t", "regularPrice": 1, "discountPrice": 1, "discountRate": 1, "discountFixed": 1 });
    let button = json!({ "type": "URL", "name": "n", "urlMobile": "https://m" });
    let image = json!({ "url": "https://cdn.example/i.jpg" });
    let coupon = |kind: &str, parameter: Value| json!({ "title": { "type": kind, "couponTitleParameter": parameter }, "description": "d", "urlMobile": "m" });
    let item = json!({ "title": "t", "url": "u", "urlMobile": "m" });
    let attachment = json!({ "buttons": [button], "image": image });
    let element = json!({ "header": "h", "message": "m", "attachment": attachment });
    let many = |item: &Value, count: usize| Value::Array(vec![item.clone(); count]);
    type Row<'a> = (&'a str, Value, Value);
    let viber_list = json!({ "type": "LIST", "text": "t", "options": ["a", "b"] });
    let viber_carousel = json!({ "type": "CAROUSEL", "text": "t", "cards": [card, card] });
    let viber_video = json!({ "type": "VIDEO", "mediaUrl": "https://cdn.example/v.mp4", "mediaDuration": "PT5S",
        "thumbnailUrl": "https://cdn.example/t.jpg", "text": "t", "button": { "title": "t" } });
    let viber_file = json!({ "type": "FILE", "fileName": "a.pdf", "mediaUrl": "https://cdn.example/a.pdf" });
    let wide = json!({ "type": "IMAGE_WIDE_FREE_FORM", "text": "t", "image": image, "buttons": [button] });
    let items = json!({ "type": "ITEM_LIST_FREE_FORM", "header": "h", "itemList": many(&item, 3) });
    let commerce_form =
        json!({ "type": "COMMERCE_FREE_FORM", "buttons": [button], "commerce": commerce, "image": image });
    let carousel = json!({ "type": "CAROUSEL_FREE_FORM", "elements": many(&element, 2),
        "head": { "header": "h", "content": "c", "image": image }, "tail": { "urlMobile": "m" } });
    let video = json!({ "type": "PREMIUM_VIDEO_FREE_FORM", "video": { "videoUrl": "v", "thumbnailUrl": "t" }, "header": "h", "content": "c" });
    let coupons = |kind: &str, parameter: Value| json!({ "type": "TEXT_FREE_FORM", "text": "t", "coupon": coupon(kind, parameter) });
    // Case, content, and rows of (place in the content, allowed, not allowed).
    let table: Vec<(Case, Value, Vec<Row<'_>>)> = vec![
        (viber(), json!({ "type": "TEXT", "text": "t" }), vec![("/text", long(1_000), long(1_001))]),
        (
            viber(),
            viber_list,
            vec![
                ("/text", long(85), long(86)),
                ("/options/0", long(50), long(51)),
                ("/options", json!(["a", "b", "c", "d", "e"]), json!(["a"])),
                ("/options", json!(["a", "b"]), json!(["a", "b", "c", "d", "e", "f"])),
            ],
        ),
        (
            viber(),
            viber_carousel,
            vec![
                ("/cards", many(&card, 2), many(&card, 1)),
                ("/cards", many(&card, 5), many(&card, 6)),
                ("/cards/0/text", long(2), long(1)),
                ("/cards/0/text", long(38), long(39)),
                ("/cards/0/buttons/0/title", long(10), long(11)),
                ("/cards/0/buttons/1/title", long(12), long(13)),
                ("/cards/0/buttons/0/action", long(1_000), long(1_001)),
                ("/cards/0/buttons", json!([]), many(&json!({ "title": "t", "action": "a" }), 3)),
            ],
        ),
        (
            viber(),
            viber_video,
            vec![
                ("/mediaDuration", json!("PT1M30S"), json!("5")),
                ("/thumbnailUrl", text_of(1_000, "/url"), text_of(1_001, "/url")),
                ("/button/title", long(30), long(31)),
                ("/text", long(1_000), long(1_001)),
            ],
        ),
        (
            viber(),
            viber_file,
            vec![
                ("/fileName", json!("a.docx"), json!("a.exe")),
                ("/mediaUrl", json!("http://x.example/a"), json!("ftp://x.example/a")),
            ],
        ),
        (
            viber(),
            json!({ "type": "TEMPLATE", "templateId": "t", "language": "en", "parameters": { "pin": "1" } }),
            vec![("/parameters", json!({}), json!({ "pin": 1 })), ("/language", json!("en"), Value::Null)],
        ),
        (rcs(), json!({ "type": "TEXT", "text": "t" }), vec![("/text", long(3_072), long(3_073))]),
        (
            rcs(),
            json!({ "type": "FILE", "file": { "url": "https://f" }, "thumbnail": { "url": "https://t" } }),
            vec![
                ("/file/url", text_of(2_048, "/url"), text_of(2_049, "/url")),
                ("/file", json!({ "url": "https://f" }), Value::Null),
            ],
        ),
        (
            rcs(),
            json!({ "type": "CARD", "orientation": "VERTICAL", "alignment": "LEFT", "content": rcs_card }),
            vec![
                ("/orientation", json!("HORIZONTAL"), json!("DIAGONAL")),
                ("/alignment", json!("RIGHT"), json!("CENTER")),
                ("/content", rcs_card.clone(), json!({ "description": "d" })),
            ],
        ),
        (
            rcs(),
            json!({ "type": "CAROUSEL", "cardWidth": "SMALL", "contents": many(&rcs_card, 2) }),
            vec![
                ("/contents", many(&rcs_card, 2), many(&rcs_card, 1)),
                ("/contents", many(&rcs_card, 10), many(&rcs_card, 11)),
                ("/cardWidth", json!("MEDIUM"), json!("LARGE")),
            ],
        ),
        (
            rcs(),
            json!({ "type": "PROVIDER_TEMPLATE", "templateId": "t", "parameters": [{ "name": "n", "value": "v" }] }),
            vec![("/parameters/0/value", json!("v"), Value::Null)],
        ),
        (
            kakao_chingu(),
            wide,
            vec![
                ("/text", long(76), long(77)),
                ("/buttons", many(&button, 2), many(&button, 3)),
                ("/buttons", many(&button, 1), json!([])),
                ("/buttons/0/name", long(8), long(9)),
            ],
        ),
        (
            kakao_chingu(),
            items,
            vec![
                ("/header", long(20), long(21)),
                ("/itemList", many(&item, 3), many(&item, 2)),
                ("/itemList", many(&item, 5), many(&item, 6)),
                ("/itemList/0/url", long(250), long(251)),
            ],
        ),
        (
            kakao_chingu(),
            commerce_form,
            vec![
                ("/commerce/title", long(30), long(31)),
                ("/commerce/regularPrice", json!(99_999_999), json!(100_000_000)),
                ("/commerce/discountRate", json!(100), json!(101)),
                ("/commerce/discountFixed", json!(999_999), json!(1_000_000)),
            ],
        ),
        (
            kakao_chingu(),
            carousel,
            vec![
                ("/elements", many(&element, 6), many(&element, 7)),
                ("/elements", many(&element, 2), many(&element, 1)),
                ("/elements/0/header", long(20), long(21)),
                ("/elements/0/message", long(180), long(181)),
                ("/head/content", long(50), long(51)),
            ],
        ),
        (
            kakao_chingu(),
            video,
            vec![
                ("/header", long(20), long(21)),
                ("/content", long(76), long(77)),
                ("/video/videoUrl", long(500), long(501)),
            ],
        ),
        (
            kakao_chingu(),
            json!({ "type": "ITEM_LIST_VARIABLE", "templateCode": "c", "messageData": { "a": "b" }, "imageData": [{ "img_url": "u" }] }),
            vec![("/templateCode", long(50), long(51)), ("/imageData", json!([]), json!([{ "img_url": 1 }]))],
        ),
        (
            kakao_chingu(),
            coupons("PRICE_DISCOUNT_COUPON", json!(1)),
            vec![("/coupon/title/couponTitleParameter", json!(99_999_999), json!(100_000_000))],
        ),
        (
            kakao_chingu(),
            coupons("FREE_COUPON", json!("a")),
            vec![("/coupon/title/couponTitleParameter", long(7), long(8))],
        ),
    ];
    let mut asker = Asker::new().await;
    for (case, content, rows) in table {
        let mut base = case.full.clone();
        base["messages"][0]["content"] = content;
        for (at, good, bad) in rows {
            let at = format!("/messages/0/content{at}");
            asker.check(&case, &base, &at, good, true).await;
            asker.check(&case, &base, &at, bad, false).await;
        }
    }
}

#[tokio::test]
async fn counts_numbers_and_patterns_are_held() {
    let reply = json!({ "type": "REPLY", "text": "t", "postbackData": "p" });
    let quick = json!({ "type": "QUICK_REPLY", "parameter": "p" });
    let url = json!({ "type": "URL", "parameter": "p" });
    let card = json!({ "header": { "type": "IMAGE", "mediaUrl": "https://cdn.example/i" }, "buttons": [quick] });
    let alim_button = json!({ "type": "BOT_KEYWORD", "name": "n" });
    let omni_button = json!({ "type": "BOT_KEYWORD", "buttonText": "n" });
    let many = |item: &Value, count: usize| Value::Array(vec![item.clone(); count]);
    let to = json!({ "to": "385911234567" });
    let data = "/messages/0/content/templateData";
    let of = |at: &str| format!("{data}/{at}");
    let app_link = |fields: Value| {
        let mut button = json!({ "type": "APP_LINK", "name": "n" });
        for (name, value) in fields.as_object().unwrap() {
            button[name] = value.clone();
        }
        button
    };
    let table: Vec<(Case, String, Value, Value)> = vec![
        (mms(), "/messages/0/content/messageSegments".into(), json!([{ "type": "TEXT", "text": "x" }]), json!([])),
        (mms(), "/messages/0/content/messageSegments/0/contentId".into(), json!("Abc"), json!("a1")),
        (mms(), "/messages/0/content/messageSegments/0/contentId".into(), json!("other"), json!("pic")),
        (
            mms(),
            "/messages/0/content/messageSegments/0/text".into(),
            json!("x".repeat(1_600)),
            json!("x".repeat(4_097)),
        ),
        (mms(), "/messages/0/content/messageSegments/2/contentType".into(), json!("application/smil"), Value::Null),
        (
            mms(),
            "/messages/0/destinations/0".into(),
            json!({ "group": many(&to, 200) }),
            json!({ "group": many(&to, 201) }),
        ),
        (
            mms(),
            "/messages/0/options/regional/southKorea/resellerCode".into(),
            json!(1),
            json!(i64::from(i32::MAX) + 1),
        ),
        (mms(), "/messages/0/options/regional/southKorea".into(), json!({}), json!({ "title": "t" })),
        (rcs(), "/messages/0/content/suggestions".into(), many(&reply, 11), many(&reply, 12)),
        (rcs(), "/messages/0/content/contents/0/suggestions".into(), many(&reply, 4), many(&reply, 5)),
        (rcs(), "/messages/0/content/contents/1/suggestions/0/phoneNumber".into(), json!("38"), json!("+3")),
        (
            rcs(),
            "/messages/0/content/contents/1/suggestions/0/phoneNumber".into(),
            json!("123456789012345"),
            json!("1234567890123456"),
        ),
        (rcs(), "/messages/0/content/contents/1/suggestions/1/latitude".into(), json!(-90), json!(-90.1)),
        (rcs(), "/messages/0/content/contents/1/suggestions/1/longitude".into(), json!(180), json!(180.5)),
        (rcs(), "/messages/0/content/suggestions/2/startTime".into(), json!("2026-04-01T09:00:00Z"), json!("1 April")),
        (rcs(), "/messages/0/content/contents/0/suggestions/0/webviewViewMode".into(), json!("HALF"), json!("TINY")),
        (viber(), "/messages/0/options/label".into(), json!("TRANSACTIONAL"), json!("OTHER")),
        (viber(), "/messages/0/content/text".into(), json!("t"), Value::Null),
        (kakao_alim(), "/messages/0/content/buttons".into(), many(&alim_button, 5), many(&alim_button, 6)),
        (
            kakao_alim(),
            "/messages/0/content/buttons/1".into(),
            app_link(json!({ "schemeAndroid": "a", "urlMobile": "m" })),
            app_link(json!({ "urlMobile": "m", "urlPc": "p" })),
        ),
        (kakao_alim(), "/options/priority".into(), json!("LOW"), json!("URGENT")),
        (kakao_alim(), "/options".into(), json!({}), json!({ "tracking": { "shortenUrl": true } })),
        (
            kakao_chingu(),
            "/messages/0/content/buttons".into(),
            many(&json!({ "type": "ADD_CHANNEL" }), 4),
            many(&json!({ "type": "ADD_CHANNEL" }), 5),
        ),
        (kakao_chingu(), "/messages/0/options/targeting".into(), json!("NON_FRIENDS"), json!("FOES")),
        (kakao_chingu(), "/messages/0/content/buttons/0/target".into(), json!("OUT"), json!("out")),
        (whatsapp(), "/messages/0/content/templateName".into(), json!("a_1"), json!("A")),
        (whatsapp(), of("body/placeholders"), json!(["a    b"]), json!(["a     b"])),
        (whatsapp(), of("body/placeholders"), json!([]), Value::Null),
        (whatsapp(), of("body/placeholders/0"), json!("a b"), json!("a\nb")),
        (whatsapp(), of("body/placeholders/0"), json!("a"), json!("")),
        (whatsapp(), of("body/placeholders/0"), json!("a"), Value::Null),
        (whatsapp(), of("header"), json!({ "type": "TEXT", "placeholder": "a" }), json!({ "type": "AUDIO" })),
        (
            whatsapp(),
            of("header"),
            json!({ "type": "DOCUMENT", "mediaUrl": "https://d", "filename": "x".repeat(240) }),
            json!({ "type": "DOCUMENT", "mediaUrl": "https://d", "filename": "x".repeat(241) }),
        ),
        (
            whatsapp(),
            of("header"),
            json!({ "type": "LOCATION", "latitude": 90, "longitude": -180 }),
            json!({ "type": "LOCATION", "latitude": 91, "longitude": -180 }),
        ),
        (
            whatsapp(),
            of("header"),
            json!({ "type": "VIDEO", "mediaUrl": text_of(2_048, "/url") }),
            json!({ "type": "VIDEO", "mediaUrl": text_of(2_049, "/url") }),
        ),
        (whatsapp(), of("buttons"), many(&quick, 10), many(&quick, 11)),
        (whatsapp(), of("buttons"), many(&url, 2), many(&url, 3)),
        (whatsapp(), of("buttons"), many(&json!({ "type": "FLOW" }), 1), many(&json!({ "type": "FLOW" }), 2)),
        (whatsapp(), of("carousel"), json!({ "cards": many(&card, 10) }), json!({ "cards": many(&card, 11) })),
        (whatsapp(), of("limitedTimeOffer"), json!({ "expirationTime": "2026-04-01T09:00:00Z" }), json!({})),
        (omni_viber(), "/viber/validityPeriod".into(), json!(14 * 24 * 60), json!(14 * 24 * 60 + 1)),
        (
            omni_viber(),
            "/viber".into(),
            json!({ "text": "x", "validityPeriod": 36, "validityPeriodTimeUnit": "SECONDS" }),
            json!({ "text": "x", "validityPeriod": 35, "validityPeriodTimeUnit": "SECONDS" }),
        ),
        (omni_viber(), "/viber/fileUrl".into(), json!("https://f"), json!("f")),
        (omni_viber(), "/scenarioKey".into(), json!(sample::VIBER_SCENARIO), json!("0".repeat(32))),
        (omni_alim(), "/kakaoAlim/buttons".into(), many(&omni_button, 5), many(&omni_button, 6)),
        (omni_alim(), "/kakaoAlim/buttons".into(), many(&omni_button, 1), json!([])),
        (omni_alim(), "/kakaoAlim/buttons/0/target".into(), json!("out"), json!("in")),
        (omni_alim(), "/kakaoAlim/buttons/2/chatEvent".into(), json!("e"), Value::Null),
        (omni_chingu(), "/kakaoChingu/buttons".into(), many(&omni_button, 5), many(&omni_button, 6)),
        (omni_chingu(), "/kakaoChingu/buttons/1/iosScheme".into(), json!("i"), Value::Null),
    ];
    let mut asker = Asker::new().await;
    for (case, at, good, bad) in table {
        asker.check(&case, &case.full, &at, good, true).await;
        asker.check(&case, &case.full, &at, bad, false).await;
    }
}
