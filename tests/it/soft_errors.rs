//! A contact's mistakes: 200, a `messageStatus` of the table, and the journey goes on (spec M9).

use crate::support::{Call, spawn_app};

/// How to make each mistake.
type Mistake = fn(Call) -> Call;

fn lms(call: Call) -> Call {
    call.set("channel", "LMS").set("text", "Hi").set("title", "Sale").set("resellerCode", "123456789")
}

fn mms(call: Call) -> Call {
    call.set("channel", "MMS").set("segmentType1", "TEXT").set("segmentText1", "Hi")
}

fn whatsapp(call: Call) -> Call {
    call.set("channel", "WhatsApp").set("templateName", "order_update").set("templateLanguage", "en_GB")
}

fn viber(call: Call) -> Call {
    call.set("channel", "Viber").set("text", "Hi")
}

fn viber_omni(call: Call) -> Call {
    call.set("channel", "Viber (deprecated)").set("scenarioKey", "CC9F01A5DC7BEE2C").set("text", "Hi")
}

fn chingu(call: Call) -> Call {
    call.set("channel", "KakaoChinguTalk").set("sender", "PROFILE-KEY")
}

fn alim(call: Call) -> Call {
    call.set("channel", "Kakao Alim").set("sender", "PROFILE-KEY").set("templateName", "order")
}

fn rcs(call: Call) -> Call {
    call.set("channel", "RCS").set("sender", "AcmeAgent")
}

/// With a button of Kakao's.
fn button(call: Call, kind: &str) -> Call {
    call.set("buttonType1", kind).set("buttonName1", "Open")
}

/// With more buttons than Kakao takes.
fn too_many_buttons(call: Call) -> Call {
    let row = |call: Call, n| call.set(&format!("buttonType{n}"), "WEB_LINK").set(&format!("buttonName{n}"), "Open");
    (1..=6).fold(call, row)
}

/// The manual's table of `messageStatus` and the channels that each is listed for; its *Viber* is the deprecated one
/// where only that has the field, and its *Kakao* both, where both have it.
const OF_THE_MANUAL: &[(&str, &[Mistake])] = &[
    (
        "Error: Missing phone number in request",
        &[
            |call| call.unset("phone1"),
            |call| lms(call).unset("phone1"),
            |call| mms(call).unset("phone1"),
            |call| viber(call).unset("phone1"),
            |call| viber_omni(call).unset("phone1"),
            |call| whatsapp(call).unset("phone1"),
            |call| chingu(call).unset("phone1"),
            |call| alim(call).unset("phone1"),
        ],
    ),
    (
        "Error: Invalid text length",
        &[
            |call| call.set("text", ""),
            |call| whatsapp(call).set("placeholder1", "x".repeat(1_025)),
            |call| viber(call).set("text", "x".repeat(1_001)),
            |call| viber_omni(call).set("text", "x".repeat(1_001)),
        ],
    ),
    ("Error: Invalid template name", &[|call| whatsapp(call).unset("templateName")]),
    ("Error: Invalid scenario key", &[|call| viber_omni(call).unset("scenarioKey")]),
    (
        "Error: Invalid promotional flag",
        &[|call| viber(call).set("promotional", "perhaps"), |call| viber_omni(call).set("promotional", "perhaps")],
    ),
    (
        "Error: Invalid image url length",
        &[
            |call| viber(call).set("contentType", "IMAGE").set("imageUrl", long_url(1_001)),
            |call| viber_omni(call).set("imageUrl", long_url(1_001)),
            |call| chingu(call).set("imageUrl", long_url(251)),
            |call| alim(call).set("imageUrl", long_url(2_049)),
        ],
    ),
    (
        "Error: Invalid from field",
        &[
            |call| whatsapp(call).set("sender", "1".repeat(25)),
            |call| chingu(call).unset("sender"),
            |call| alim(call).set("sender", "K".repeat(65)),
            |call| viber(call).set("sender", "V".repeat(21)),
        ],
    ),
    (
        "Error: Invalid buttons field length",
        &[|call| too_many_buttons(chingu(call)), |call| too_many_buttons(alim(call))],
    ),
    (
        "Error: Invalid button url length",
        &[
            |call| viber(call).set("buttonText", "Open").set("buttonUrl", long_url(1_001)),
            |call| viber_omni(call).set("buttonText", "Open").set("buttonUrl", long_url(1_001)),
        ],
    ),
    (
        "Error: Invalid button text length",
        &[
            |call| viber(call).set("buttonText", "x".repeat(31)).set("buttonUrl", "https://shop.example"),
            |call| viber_omni(call).set("buttonText", "x".repeat(31)).set("buttonUrl", "https://shop.example"),
            |call| button(chingu(call), "WEB_LINK").set("buttonName1", "x".repeat(15)),
            |call| button(alim(call), "ADD_CHANNEL").set("buttonName1", "x".repeat(29)),
        ],
    ),
    (
        "Error: Invalid androidScheme and iosScheme length",
        &[
            |call| button(chingu(call), "APP_LINK").set("buttonAndroidScheme1", "x".repeat(501)),
            |call| button(alim(call), "APP_LINK").set("buttonIosScheme1", "x".repeat(501)),
        ],
    ),
];

fn long_url(length: usize) -> String {
    format!("{:a<length$}", "https://shop.example/")
}

/// Every `messageStatus` but `Success`, with calls that bring it about. tidy.rs compares it with the product's table.
pub(crate) const MISTAKES: &[(&str, &[Mistake])] = &[
    (
        "Error: Missing phone number in request",
        &[
            |call| call.unset("phone1"),
            |call| call.set("phone1", ""),
            |call| call.set("phone1", serde_json::Value::Null),
            |call| call.set("phoneChoice", "2"),
        ],
    ),
    (
        "Error: Invalid event definition",
        &[|call| call.set("eventDefinitionKey", "APIEvent.1"), |call| call.set("eventDefinitionKey", "x".repeat(201))],
    ),
    (
        "Error: Invalid text length",
        &[
            |call| call.set("text", ""),
            |call| call.set("text", " \n "),
            |call| call.set("text", "x".repeat(4_001)),
            |call| mms(call).set("segmentText1", "x".repeat(1_601)),
            |call| rcs(call).unset("text").set("contentType", "CARD").set("card1Title", "x".repeat(201)),
        ],
    ),
    (
        "Error: Invalid from field",
        &[
            |call| call.set("sender", ""),
            |call| call.set("sender", "SenderOfSeventeen"),
            |call| call.set("sender", "Way\u{7}post"),
        ],
    ),
    ("Error: Invalid template name", &[|call| whatsapp(call).set("templateName", "Order update")]),
    ("Error: Invalid template language", &[|call| whatsapp(call).unset("templateLanguage")]),
    (
        "Error: Invalid placeholders",
        &[|call| whatsapp(call).set("placeholderCount", "1"), |call| whatsapp(call).set("placeholder1", "two\nlines")],
    ),
    (
        "Error: Invalid header",
        &[
            |call| whatsapp(call).set("headerType", "AUDIO"),
            |call| whatsapp(call).set("headerType", "LOCATION").set("headerLatitude", "91").set("headerLongitude", "0"),
        ],
    ),
    ("Error: Invalid button type", &[|call| whatsapp(call).set("buttonType1", "FLOW")]),
    (
        "Error: Invalid buttons field length",
        &[|call| (1..=11).fold(whatsapp(call), |call, n| call.set(&format!("buttonType{n}"), "QUICK_REPLY"))],
    ),
    ("Error: Invalid scenario key", &[|call| viber_omni(call).set("scenarioKey", "not-a-key")]),
    (
        "Error: Invalid promotional flag",
        &[|call| viber(call).set("promotional", "so-so"), |call| viber_omni(call).set("promotional", "2")],
    ),
    (
        "Error: Invalid image url length",
        &[|call| viber(call).set("contentType", "IMAGE"), |call| viber_omni(call).set("imageUrl", "s.jpg")],
    ),
    (
        "Error: Invalid button url length",
        &[
            |call| viber(call).set("buttonText", "Open"),
            |call| rcs(call).set("suggestionType1", "OPEN_URL").set("suggestionText1", "Shop"),
        ],
    ),
    (
        "Error: Invalid button text length",
        &[
            |call| viber(call).set("buttonUrl", "https://shop.example"),
            |call| rcs(call).set("suggestionType1", "REPLY").set("suggestionText1", "x".repeat(26)),
        ],
    ),
    (
        "Error: Invalid androidScheme and iosScheme length",
        &[|call| button(alim(call), "APP_LINK").set("buttonAndroidScheme1", "shop://a")],
    ),
    (
        "Error: Invalid button options",
        &[|call| button(alim(call), "CHATBOT_SWITCH").set("buttonChatExtra1", "x".repeat(51))],
    ),
    (
        "Error: Invalid cards",
        &[
            |call| {
                rcs(call).unset("text").set("contentType", "CARD").set("card1Description", "Neither media nor title")
            },
            |call| rcs(call).unset("text").set("contentType", "CAROUSEL").set("card1Title", "Alone"),
        ],
    ),
    (
        "Error: Invalid suggestions",
        &[
            |call| rcs(call).set("suggestionType1", "SING").set("suggestionText1", "La"),
            |call| rcs(call).set("suggestionType1", "DIAL_PHONE").set("suggestionText1", "Call"),
        ],
    ),
    (
        "Error: Invalid content type",
        &[
            |call| viber(call).set("contentType", "LIST"),
            |call| viber(call).set("imageUrl", "https://cdn.example/a.jpg"),
            |call| rcs(call).set("card1Title", "Sale"),
        ],
    ),
    (
        "Error: Invalid media url",
        &[
            |call| viber(call).set("contentType", "VIDEO"),
            |call| mms(call).set("segmentType2", "LINK").set("segmentUrl2", "ftp://cdn.example/a.jpg"),
        ],
    ),
    (
        "Error: Invalid video",
        &[|call| viber(call).set("contentType", "VIDEO").set("videoUrl", "https://cdn.example/a.mp4")],
    ),
    (
        "Error: Invalid file",
        &[|call| {
            let file = viber(call).unset("text").set("contentType", "FILE").set("fileUrl", "https://cdn.example/a");
            file.set("fileName", "a.exe")
        }],
    ),
    ("Error: Invalid title length", &[|call| lms(call).unset("title"), |call| mms(call).set("title", "x".repeat(67))]),
    (
        "Error: Invalid reseller code",
        &[|call| lms(call).unset("resellerCode"), |call| lms(call).set("resellerCode", "x")],
    ),
    (
        "Error: Invalid segments",
        &[|call| mms(call).set("segmentType1", "AUDIO"), |call| mms(call).unset("segmentType1").unset("segmentText1")],
    ),
    (
        "Error: Invalid message size",
        &[|call| {
            // Three bytes a character.
            let text = "あ".repeat(1_600);
            let segment = |call: Call, n| {
                call.set(&format!("segmentType{n}"), "TEXT").set(&format!("segmentText{n}"), text.as_str())
            };
            (1..=9).fold(mms(call), segment)
        }],
    ),
    (
        "Error: Invalid fallback sender",
        &[|call| mms(call).set("fallbackText", "Hi"), |call| viber(call).set("fallbackText", "Hi")],
    ),
    (
        "Error: Invalid fallback text length",
        &[
            |call| mms(call).set("fallbackSender", "ACME").set("fallbackText", "x".repeat(4_001)),
            |call| viber_omni(call).set("fallbackText", "x".repeat(4_001)),
        ],
    ),
    (
        "Error: Invalid phone number",
        &[
            |call| call.set("phone1", "call me"),
            |call| call.set("phone1", "0911234567"),
            |call| call.set("phone1", "+3859112345678901"),
        ],
    ),
    ("Error: Invalid channel", &[|call| call.set("channel", "FAX"), |call| call.unset("channel")]),
    ("Error: Unknown account", &[|call| call.set("account", "second")]),
    (
        "Error: Invalid sending speed limit",
        &[
            |call| call.set("speedLimitCount", "0").set("speedLimitUnit", "HOUR"),
            |call| call.set("speedLimitCount", "100001").set("speedLimitUnit", "HOUR"),
            |call| call.set("speedLimitCount", "5"),
            |call| call.set("speedLimitCount", "5").set("speedLimitUnit", "WEEK"),
        ],
    ),
    (
        "Error: Invalid principal entity id",
        &[|call| call.set("dlt", "true"), |call| call.set("dltPrincipalEntityId", "1".repeat(51))],
    ),
    (
        "Error: Invalid content template id",
        &[|call| call.set("dltPrincipalEntityId", "1").set("dltContentTemplateId", "1".repeat(51))],
    ),
    (
        "Error: Invalid custom domain",
        &[|call| call.set("shortenUrl", "true").set("customDomain", "https://x.example/")],
    ),
    (
        "Error: Invalid bulk id length",
        &[|call| call.set("bulkId", "b".repeat(101)), |call| call.set("bulkId", "😀".repeat(100))],
    ),
    (
        "Error: Invalid callback data field name",
        &[
            |call| call.set("callbackName1", "ContactKey").set("callbackValue1", "x"),
            |call| call.set("callbackName1", "quo\"te"),
        ],
    ),
    (
        "Error: Invalid callback data length",
        &[|call| call.set("callbackName1", "Long").set("callbackValue1", "x".repeat(4_000))],
    ),
    (
        "Error: Invalid validity period",
        &[
            |call| call.set("validityMinutes", "0"),
            |call| call.set("validityMinutes", "2881"),
            |call| call.set("validityMinutes", "two"),
        ],
    ),
    ("Error: Invalid latest send time", &[|call| call.set("latestSendAt", "tomorrow")]),
    ("Error: Invalid phone field choice", &[|call| call.set("phoneChoice", "51"), |call| call.set("phoneChoice", "x")]),
    ("Error: Invalid characters in request", &[|call| call.set("text", "a\u{1}b"), |call| call.set("bulkId", "a\nb")]),
    ("Error: Invalid event definition", &[|call| call.set("eventDefinitionKey", "a.b")]),
    (
        "Error: Invalid contact key",
        &[|call| call.unset("contactKey").field("keyValue", ""), |call| call.set("contactKey", "k".repeat(255))],
    ),
];

#[tokio::test]
async fn each_mistake_of_a_contact_is_answered_with_its_status_and_sends_nothing() {
    let app = spawn_app().await;
    for (status, mistakes) in MISTAKES.iter().chain(OF_THE_MANUAL) {
        for (index, mistake) in mistakes.iter().enumerate() {
            let answer = app.execute(&mistake(app.call("C-1"))).await;
            assert_eq!(answer.status, 200, "{status} {index}: {answer:?}");
            assert_eq!(answer.out("messageStatus"), *status, "{index}");
            assert_eq!(answer.out("statusDetail"), "BadRequest", "{status} {index}");
            assert_eq!(answer.out("messageId"), "", "{status} {index}");
            assert_eq!(answer.json().as_object().unwrap().len(), 3);
        }
    }
    // What is queued behind them goes, and nothing of theirs has gone before.
    app.execute(&app.call("C-2").text("last")).await.message_id();
    app.drain().await;
    let texts: Vec<_> = app.infobip().received().into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["last"]);
    app.finish().await;
}

#[tokio::test]
async fn of_several_mistakes_the_first_in_the_manuals_order_is_named() {
    let app = spawn_app().await;
    let all = app.call("C-1").to("").set("sender", "").set("text", "").set("bulkId", "b".repeat(101));
    for (call, expected) in [
        (all.clone(), "Error: Missing phone number in request"),
        (all.clone().to("385911234567"), "Error: Invalid from field"),
        (all.clone().to("385911234567").set("sender", "Waypost"), "Error: Invalid text length"),
        (all.clone().to("385911234567").set("sender", "Waypost").text("Hi"), "Error: Invalid bulk id length"),
    ] {
        assert_eq!(app.execute(&call).await.out("messageStatus"), expected);
    }
    app.finish().await;
}

#[tokio::test]
async fn texts_and_senders_at_their_limits_are_taken() {
    let app = spawn_app().await;
    let long = "x".repeat(3_000);
    app.execute(&app.call("C-1").text(&long)).await.message_id();
    app.execute(&app.call("C-2").set("sender", "SenderOfSixteen_")).await.message_id();
    app.execute(&app.call("C-3").set("bulkId", "b".repeat(100))).await.message_id();
    app.execute(&app.call("C-4").set("validityMinutes", "2880")).await.message_id();
    app.drain().await;
    let received = app.infobip().received();
    assert_eq!(received.len(), 4);
    assert!(received.iter().any(|message| message.text == long));
    app.finish().await;
}
