//! Every channel's form: filled with every field, saved, reopened, compared, and saved again.

use crate::accessibility::assert_accessible;
use crate::chromium::Browser;
use crate::journey::Do::{Add, Audience, Merge, Set, Turn};
use crate::journey::{Do, JourneyPage, argument};
use crate::support::{TenantFile, TestApp, spawn_app, tenant};

const PICTURE: &str = "https://cdn.example/1.jpg";

/// What all channels have in common.
const COMMON: &[Do] = &[
    Set("phoneChoice", "2"),
    Turn("speedLimit"),
    Set("speedLimitCount", "500"),
    Set("speedLimitUnit", "HOUR"),
    Audience("12000"),
    Add("callback"),
    Set("callbackName1", "Segment"),
    Merge("callbackValue1", "FirstName"),
    Add("callback"),
    Set("callbackName2", "Season"),
    Set("callbackValue2", "Spring"),
    Set("bulkId", "Spring"),
    Set("validityMinutes", "60"),
    Set("latestSendAt", "2030-01-31T18:00:00Z"),
    Set("onStop", "HOLD"),
];

const LINKS: &[Do] = &[
    Set("shortenUrl", "true"),
    Set("trackClicks", "false"),
    Set("customDomain", "go.example.com"),
    Set("removeProtocol", "true"),
];

const FAILOVER: &[Do] = &[Set("fallbackText", "See it online"), Set("fallbackSender", "ACME")];

/// A business unit whose account has a sender of each channel, and a domain.
fn well_equipped(kakao: &'static str) -> TenantFile {
    let mut unit = tenant();
    unit.accounts[0].kakao = kakao;
    unit.accounts[0].senders = "whatsapp_senders = [\"385915550000\"]\nviber_senders = [\"ACME\"]\n\
                                rcs_senders = [\"AcmeAgent\"]\nkakao_senders = [\"PROFILE-KEY\"]\n\
                                custom_domains = [\"go.example.com\"]\n";
    unit
}

/// Fills the channel's form, saves it, opens it again, and saves that.
async fn round_trip(browser: &Browser, app: &TestApp, name: &str, channel: &str, actions: &[&[Do]]) {
    let page = JourneyPage::of_message(browser, app).await;
    page.open("REST-1").await;
    page.set("channel", channel).await;
    page.next("message").await;
    fill_and_compare(&page, name, actions).await;
}

/// From the message's form on.
async fn fill_and_compare(page: &JourneyPage<'_>, name: &str, actions: &[&[Do]]) {
    let browser = page.browser;
    for actions in actions {
        page.act(actions).await;
    }
    page.picture(&format!("form-{name}")).await;
    assert_accessible(browser, &format!("the form of {name}")).await;
    let filled = page.controls().await;
    page.next("summary").await;
    page.picture(&format!("summary-{name}")).await;
    assert_accessible(browser, &format!("the summary of {name}")).await;
    page.done().await;
    let saved = page.stored("REST-1");
    let written = page.arguments("REST-1");
    for action in actions.iter().copied().flatten() {
        let Set(argument_name, value) = action else { continue };
        // A merge field may have come behind it.
        let is_written = argument(&written, argument_name).is_some_and(|own| own.starts_with(value));
        assert!(is_written, "{name}: {argument_name} := {value} in {written:#?}");
    }

    page.open("REST-1").await;
    page.next("message").await;
    assert_eq!(page.controls().await, filled, "{name}, opened again");
    page.next("summary").await;
    page.done().await;
    assert_eq!(page.stored("REST-1"), saved, "{name}, saved again");
}

pub(crate) async fn sms_and_lms(browser: Browser) -> Browser {
    let app = spawn_app().with_tenant(well_equipped("direct")).in_journey_builder().await;
    let text = [
        Set("sender", "Waypost"),
        Set("text", "Spring is here, "),
        Merge("text", "FirstName"),
        Turn("dlt"),
        Set("dltPrincipalEntityId", "1101234567890123456"),
        Set("dltContentTemplateId", "1107161234567890123"),
    ];
    round_trip(&browser, &app, "sms", "SMS", &[&text, COMMON, LINKS]).await;
    let long = [
        Set("sender", "Waypost"),
        Set("title", "Spring"),
        Set("text", "A long text about spring, with every offer that there is."),
        Set("resellerCode", "123456789"),
    ];
    round_trip(&browser, &app, "lms", "LMS", &[&long, COMMON, LINKS]).await;
    app.finish().await;
    browser
}

pub(crate) async fn mms(browser: Browser) -> Browser {
    let app = spawn_app().with_tenant(well_equipped("direct")).in_journey_builder().await;
    let segments = [
        Set("sender", "Waypost"),
        Set("title", "Spring"),
        Set("segmentText1", "Look:"),
        Add("segments"),
        Set("segmentType2", "LINK"),
        Set("segmentUrl2", PICTURE),
        Set("segmentMediaType2", "image/jpeg"),
        Add("segments"),
        Set("segmentType3", "SMIL"),
        Set("segmentText3", "<smil><body><par><text src=\"1.txt\"/></par></body></smil>"),
    ];
    round_trip(&browser, &app, "mms", "MMS", &[&segments, COMMON]).await;
    app.finish().await;
    browser
}

pub(crate) async fn whatsapp(browser: Browser) -> Browser {
    let app = spawn_app().with_tenant(well_equipped("direct")).in_journey_builder().await;
    let coupon = [
        Set("sender", "385915550000"),
        Set("templateName", "coupon_offer"),
        Set("templateLanguage", "en_GB"),
        Set("headerText", "Ann"),
        Set("placeholder1", "10 %"),
        Set("buttonParameter1", "more"),
        Set("buttonParameter2", "spring"),
        Set("buttonParameter3", "SPRING10"),
    ];
    round_trip(&browser, &app, "whatsapp-buttons", "WhatsApp", &[&coupon, COMMON, FAILOVER]).await;
    let invoice = [
        Set("sender", "385915550000"),
        Set("templateName", "invoice_ready"),
        Set("templateLanguage", "en_GB"),
        Set("headerMediaUrl", "https://cdn.example/invoice.pdf"),
        Set("headerFilename", "Invoice.pdf"),
        Set("placeholder1", "Ann"),
    ];
    round_trip(&browser, &app, "whatsapp-document", "WhatsApp", &[&invoice]).await;
    let nearby = [
        Set("sender", "385915550000"),
        Set("templateName", "store_nearby"),
        Set("templateLanguage", "en_GB"),
        Set("headerLatitude", "45.8"),
        Set("headerLongitude", "15.9"),
    ];
    round_trip(&browser, &app, "whatsapp-location", "WhatsApp", &[&nearby]).await;
    app.finish().await;
    browser
}

pub(crate) async fn viber(browser: Browser) -> Browser {
    let app = spawn_app().with_tenant(well_equipped("direct")).in_journey_builder().await;
    let button = [Set("text", "Sale"), Set("buttonText", "Open"), Set("buttonUrl", "https://shop.example")];
    let image = [Set("sender", "ACME"), Set("contentType", "IMAGE"), Set("imageUrl", PICTURE)];
    round_trip(&browser, &app, "viber-image", "Viber", &[&image, &button, FAILOVER, COMMON]).await;
    let video = [
        Set("sender", "ACME"),
        Set("contentType", "VIDEO"),
        Set("videoUrl", "https://cdn.example/1.mp4"),
        Set("thumbnailUrl", PICTURE),
        Set("videoSeconds", "5"),
    ];
    round_trip(&browser, &app, "viber-video", "Viber", &[&video, &button]).await;
    let file = [
        Set("sender", "ACME"),
        Set("contentType", "FILE"),
        Set("fileUrl", "https://cdn.example/prices.pdf"),
        Set("fileName", "Prices.pdf"),
    ];
    round_trip(&browser, &app, "viber-file", "Viber", &[&file]).await;

    // Only a journey that has it is offered the deprecated way.
    let page = JourneyPage::of_message(&browser, &app).await;
    let offered = "return [...document.querySelectorAll('#f-channel option')].map((option) => option.value)";
    page.open("REST-1").await;
    let channels = browser.run(offered, Vec::new()).await;
    assert!(!channels.to_string().contains("deprecated"), "{channels}");
    let old = [("channel", "Viber (deprecated)"), ("scenarioKey", "CC9F01A5DC7BEE2C2B829D203482A654"), ("text", "Old")];
    let activity = app.new_activity_of(app.tenant.mid, "messaging", &old).await;
    app.sfmc().put_designed_activity(&page.id, "REST-1", activity.saved).unwrap();
    page.load("").await;
    page.open("REST-1").await;
    assert_eq!(page.value("channel").await, "Viber (deprecated)");
    page.next("message").await;
    let omni = [
        Set("text", "Sale"),
        Set("imageUrl", PICTURE),
        Set("buttonText", "Call"),
        Set("buttonUrl", "https://shop.example"),
        Set("fallbackText", "Sale by SMS"),
    ];
    fill_and_compare(&page, "viber-deprecated", &[&omni]).await;
    app.finish().await;
    browser
}

const CHINGU: &[Do] = &[
    Set("text", "Sale"),
    Set("imageUrl", PICTURE),
    Set("imageLink", "https://shop.example"),
    Add("buttons"),
    Set("buttonName1", "Open"),
    Set("buttonUrlMobile1", "https://m.example"),
    Add("buttons"),
    Set("buttonType2", "APP_LINK"),
    Set("buttonName2", "App"),
    Set("buttonAndroidScheme2", "acme://x"),
    Set("buttonIosScheme2", "acme://x"),
];

const ALIM: &[Do] = &[
    Set("templateName", "order01"),
    Set("text", "On its way"),
    Set("title", "Order"),
    Add("buttons"),
    Set("buttonType1", "WEB_LINK"),
    Set("buttonName1", "Track"),
    Set("buttonUrlMobile1", "https://m.example"),
    Set("buttonUrlPc1", "https://pc.example"),
    Set("buttonTarget1", "out"),
    Add("buttons"),
    Set("buttonType2", "APP_LINK"),
    Set("buttonName2", "App"),
    Set("buttonAndroidScheme2", "acme://x"),
    Set("buttonIosScheme2", "acme://x"),
    Add("buttons"),
    Set("buttonType3", "CHATBOT_SWITCH"),
    Set("buttonName3", "Chat"),
    Set("buttonChatExtra3", "x"),
    Set("buttonChatEvent3", "y"),
    Add("buttons"),
    Set("buttonType4", "ADD_CHANNEL"),
    Set("buttonName4", "Add"),
];

pub(crate) async fn kakao(browser: Browser) -> Browser {
    let app = spawn_app().with_tenant(well_equipped("direct")).in_journey_builder().await;
    let sender = [Set("sender", "PROFILE-KEY")];
    round_trip(&browser, &app, "kakao-chingu", "KakaoChinguTalk", &[&sender, CHINGU, FAILOVER, COMMON]).await;
    round_trip(&browser, &app, "kakao-alim", "Kakao Alim", &[&sender, ALIM, FAILOVER]).await;
    app.finish().await;
    browser
}

pub(crate) async fn kakao_over_omni(browser: Browser) -> Browser {
    let app = spawn_app().with_tenant(well_equipped("omni")).in_journey_builder().await;
    let chingu = [Set("scenarioKey", "0F1E2D3C4B5A69788796A5B4C3D2E1F0"), Set("promotional", "false")];
    let alim = [Set("scenarioKey", "7A3D1F0E5B2C49688D9E0F1A2B3C4D5E")];
    let by_sms = [Set("fallbackText", "By SMS")];
    round_trip(&browser, &app, "kakao-chingu-omni", "KakaoChinguTalk", &[&chingu, CHINGU, &by_sms, COMMON]).await;
    round_trip(&browser, &app, "kakao-alim-omni", "Kakao Alim", &[&alim, ALIM, &by_sms]).await;
    app.finish().await;
    browser
}

const SUGGESTIONS: &[Do] = &[
    Add("suggestions"),
    Set("suggestionText1", "Yes"),
    Set("suggestionPostback1", "yes"),
    Add("suggestions"),
    Set("suggestionType2", "OPEN_URL"),
    Set("suggestionText2", "Shop"),
    Set("suggestionUrl2", "https://shop.example"),
    Set("suggestionOpensIn2", "BROWSER"),
    Add("suggestions"),
    Set("suggestionType3", "DIAL_PHONE"),
    Set("suggestionText3", "Call"),
    Set("suggestionPhone3", "+385911234567"),
    Add("suggestions"),
    Set("suggestionType4", "SHOW_LOCATION"),
    Set("suggestionText4", "Where"),
    Set("suggestionLatitude4", "45.8"),
    Set("suggestionLongitude4", "15.9"),
    Set("suggestionLabel4", "Shop"),
    Add("suggestions"),
    Set("suggestionType5", "CREATE_CALENDAR_EVENT"),
    Set("suggestionText5", "Remember"),
    Set("suggestionStartsAt5", "2030-01-31T18:00:00Z"),
    Set("suggestionEndsAt5", "2030-01-31T19:00:00Z"),
    Set("suggestionTitle5", "Sale"),
    Set("suggestionDescription5", "The spring sale"),
];

pub(crate) async fn rcs(browser: Browser) -> Browser {
    let app = spawn_app().with_tenant(well_equipped("direct")).in_journey_builder().await;
    let text = [Set("sender", "AcmeAgent"), Set("text", "Spring is here")];
    round_trip(&browser, &app, "rcs-text", "RCS", &[&text, SUGGESTIONS, FAILOVER, COMMON]).await;
    let file = [
        Set("sender", "AcmeAgent"),
        Set("contentType", "FILE"),
        Set("fileUrl", "https://cdn.example/prices.pdf"),
        Set("thumbnailUrl", PICTURE),
    ];
    round_trip(&browser, &app, "rcs-file", "RCS", &[&file]).await;
    app.finish().await;
    browser
}

pub(crate) async fn rcs_cards(browser: Browser) -> Browser {
    let app = spawn_app().with_tenant(well_equipped("direct")).in_journey_builder().await;
    let card = [
        Set("sender", "AcmeAgent"),
        Set("contentType", "CARD"),
        Set("cardOrientation", "HORIZONTAL"),
        Set("cardAlignment", "RIGHT"),
        Set("card1Title", "One"),
        Set("card1Description", "The first"),
        Set("card1MediaUrl", PICTURE),
        Set("card1ThumbnailUrl", PICTURE),
        Add("card1Suggestions"),
        Set("card1SuggestionType1", "OPEN_URL"),
        Set("card1SuggestionText1", "Shop"),
        Set("card1SuggestionUrl1", "https://shop.example"),
    ];
    round_trip(&browser, &app, "rcs-card", "RCS", &[&card]).await;
    let carousel = [
        Set("sender", "AcmeAgent"),
        Set("contentType", "CAROUSEL"),
        Set("cardWidth", "SMALL"),
        Set("card1Title", "One"),
        Set("card1MediaUrl", PICTURE),
        Set("card1MediaHeight", "SHORT"),
        Set("card2Title", "Two"),
        Set("card2Description", "The second"),
        Add("card2Suggestions"),
        Set("card2SuggestionText1", "Yes"),
        Add("card2Suggestions"),
        Set("card2SuggestionText2", "No"),
        Add("cards"),
        Set("card3Title", "Three"),
    ];
    round_trip(&browser, &app, "rcs-carousel", "RCS", &[&carousel, SUGGESTIONS]).await;
    app.finish().await;
    browser
}

pub(crate) async fn rows_are_moved_and_removed(browser: Browser) -> Browser {
    let app = spawn_app().with_tenant(well_equipped("direct")).in_journey_builder().await;
    let page = JourneyPage::of_message(&browser, &app).await;
    page.open("REST-1").await;
    page.set("channel", "RCS").await;
    page.next("message").await;
    page.act(&[
        Set("sender", "AcmeAgent"),
        Set("contentType", "CAROUSEL"),
        Set("card1Title", "One"),
        Set("card2Title", "Two"),
        Add("cards"),
        Set("card3Title", "Three"),
        Add("card3Suggestions"),
        Set("card3SuggestionText1", "Yes"),
    ])
    .await;
    let titles = async || {
        let script = "return [...document.querySelectorAll('[name$=Title]')].map((control) => control.value)";
        browser.run(script, Vec::new()).await.to_string()
    };
    page.click("[data-rows=cards] > [data-row='3'] [data-move=up]").await;
    browser
        .wait_for(
            "the third card to be second",
            "return document.querySelector('[name=card2Title]')?.value === 'Three'",
        )
        .await;
    page.usable().await;
    assert_eq!(titles().await, r#"["One","Three","Two"]"#);
    assert_eq!(page.value("card2SuggestionText1").await, "Yes");
    page.click("[data-remove=cards][data-number='1']").await;
    browser
        .wait_for("the first card to go", "return document.querySelector('[name=card1Title]')?.value === 'Three'")
        .await;
    page.usable().await;
    assert_eq!(titles().await, r#"["Three","Two"]"#);
    page.next("summary").await;
    page.done().await;
    let saved = page.arguments("REST-1");
    assert_eq!(argument(&saved, "card1SuggestionText1"), Some("Yes"));
    assert_eq!(argument(&saved, "card3Title"), None);
    app.finish().await;
    browser
}
