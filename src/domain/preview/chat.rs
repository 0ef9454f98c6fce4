//! SMS, LMS, MMS and Viber.

use super::super::channel::Channel;
use super::super::message::{names, nth};
use super::{Button, Part, Preview, PreviewContext, Text};

pub(super) fn sms(preview: &mut Preview, context: &PreviewContext<'_>) {
    preview.say(context.written(names::TEXT).into_iter().collect());
}

pub(super) fn lms(preview: &mut Preview, context: &PreviewContext<'_>) {
    preview.say(context.titled(names::TITLE).into_iter().chain(context.written(names::TEXT)).collect());
}

pub(super) fn mms(preview: &mut Preview, context: &PreviewContext<'_>) {
    let mut parts: Vec<_> = context.titled(names::TITLE).into_iter().collect();
    let prefixes = [names::SEGMENT_TYPE_PREFIX, names::SEGMENT_TEXT_PREFIX, names::SEGMENT_URL_PREFIX];
    for number in context.numbers(&prefixes) {
        let url = nth(names::SEGMENT_URL_PREFIX, number);
        match context.choice(&nth(names::SEGMENT_TYPE_PREFIX, number)).as_str() {
            "TEXT" => parts.extend(context.written(&nth(names::SEGMENT_TEXT_PREFIX, number))),
            "LINK" => {
                let media_type = context.choice(&nth(names::SEGMENT_MEDIA_TYPE_PREFIX, number));
                let address = context.arguments.get(&url).unwrap_or_default();
                parts.extend(context.media(kind_of(&media_type, address), &url).map(Part::Media));
            }
            "SMIL" => {
                let remark = "The phone arranges the segments as the SMIL document says.";
                if !preview.remarks.contains(&remark) {
                    preview.remarks.push(remark);
                }
            }
            _ => {}
        }
    }
    preview.say(parts);
}

/// What a medium is, by its MIME type in capitals, else by its address.
pub(super) fn kind_of(media_type: &str, address: &str) -> &'static str {
    const OF_ENDINGS: [(&str, &[&str]); 3] = [
        ("Picture", &["jpg", "jpeg", "png", "gif", "bmp", "webp"]),
        ("Video", &["mp4", "3gp", "3gpp", "mpg", "mpeg", "m4v", "mov", "webm"]),
        ("Audio", &["mp3", "amr", "aac", "wav", "ogg", "m4a", "mid"]),
    ];
    match media_type.split('/').next().unwrap_or_default() {
        "IMAGE" => return "Picture",
        "VIDEO" => return "Video",
        "AUDIO" => return "Audio",
        "" => {}
        _ => return "File",
    }
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    OF_ENDINGS.iter().find(|(_, endings)| endings.contains(&ending.as_str())).map_or("File", |(kind, _)| kind)
}

pub(super) fn viber(preview: &mut Preview, context: &PreviewContext<'_>) {
    let over_omni = context.channel == Some(Channel::ViberOmni);
    let kind = context.choice(names::CONTENT_TYPE);
    let media = match kind.as_str() {
        _ if over_omni => context.media("Picture", names::IMAGE_URL),
        "IMAGE" => context.media("Picture", names::IMAGE_URL),
        "VIDEO" => context.media("Video", names::VIDEO_URL).map(|mut video| {
            let mut seconds = context.text(names::VIDEO_SECONDS);
            if !seconds.is_empty() {
                seconds.append(Text::plain(" s"));
            }
            video.name = seconds;
            video
        }),
        "FILE" => context.media("File", names::FILE_URL).map(|mut file| {
            file.name = context.text(names::FILE_NAME);
            file
        }),
        _ => None,
    };
    let mut parts: Vec<_> = media.map(Part::Media).into_iter().collect();
    if kind != "FILE" || over_omni {
        parts.extend(context.written(names::TEXT));
        let (text, target) = (context.text(names::BUTTON_TEXT), context.text(names::BUTTON_URL));
        if !text.is_empty() || !target.is_empty() {
            let calls = context.arguments.get(names::BUTTON_URL).is_some_and(|url| url.starts_with("tel:"));
            let does = match (calls, target.is_empty()) {
                (true, _) => "Calls",
                (false, true) if kind == "VIDEO" => "Opens the video",
                (false, _) => "Opens",
            };
            parts.push(Part::Button(Button { text, does, target }));
        }
    }
    preview.say(parts);
}
