//! The link of a message that is tracked (infobip.md 5, 6, 9.4), and a marker in its texts.

use serde_json::Value;

use crate::sandbox::fields::Fields as _;

/// Names of values that a person can follow a link in: texts, and what buttons open. Media are not tracked.
const LINK_FIELDS: &[&str] = &["text", "title", "description", "action", "urlMobile", "body", "content"];

/// The first http or https URL in a text, up to the next white space.
pub(super) fn in_text(text: &str) -> Option<&str> {
    let start = ["http://", "https://"].iter().filter_map(|scheme| text.find(scheme)).min()?;
    text.get(start..)?.split_whitespace().next()
}

/// The first http or https URL in a message's content that is tracked: in a text, a button or an `OPEN_URL` suggestion.
pub(super) fn in_content(content: &Value) -> Option<String> {
    match content {
        Value::Array(items) => items.iter().find_map(in_content),
        Value::Object(fields) => {
            let of_texts = LINK_FIELDS.iter().filter_map(|name| fields.get(*name)?.as_str()).find_map(in_text);
            let is_open_url = content.at("type") == "OPEN_URL";
            let opened = content.at("url").as_str().filter(|_| is_open_url).and_then(in_text);
            let own = of_texts.or(opened).map(str::to_owned);
            own.or_else(|| fields.values().filter(|value| !value.is_string()).find_map(in_content))
        }
        _ => None,
    }
}

/// The property below `path` whose text holds the marker.
pub(super) fn holder_of(marker: &str, value: &Value, path: &str) -> Option<String> {
    match value {
        Value::String(text) => text.contains(marker).then(|| path.to_owned()),
        Value::Array(items) => {
            let mut places = items.iter().enumerate();
            places.find_map(|(index, item)| holder_of(marker, item, &format!("{path}[{index}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            holder_of(marker, value, &inner)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_tracked_link_is_found_wherever_it_is() {
        let cases = [
            (json!({ "text": "see http://a.example/1 or https://b.example" }), Some("http://a.example/1")),
            (json!({ "text": "see (https://a.example/1)\nbye" }), Some("https://a.example/1)")),
            (json!({ "type": "IMAGE", "mediaUrl": "https://cdn.example/i.jpg" }), None),
            (json!({ "text": "x", "button": { "action": "https://shop.example" } }), Some("https://shop.example")),
            (
                json!({ "suggestions": [{ "type": "OPEN_URL", "text": "o", "url": "https://o.example" }] }),
                Some("https://o.example"),
            ),
            (json!({ "contents": [{ "media": { "file": { "url": "https://m.example" } } }] }), None),
            (json!({ "buttons": [{ "type": "URL", "urlMobile": "https://k.example" }] }), Some("https://k.example")),
        ];
        for (content, expected) in cases {
            assert_eq!(in_content(&content).as_deref(), expected, "{content}");
        }
        assert_eq!(holder_of("☠", &json!({ "a": [{ "b": "x☠" }] }), "content").as_deref(), Some("content.a[0].b"));
        assert_eq!(holder_of("☠", &json!({ "a": 1 }), ""), None);
    }
}
