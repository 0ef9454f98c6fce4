//! How forms look.

use super::{render, summary as rendered_summary};
use crate::domain::form::tests::samples::{self, Sample};
use crate::domain::form::{channel_step, message_step, summary};
use crate::domain::journey::Journey;

fn message(sample: &Sample) -> String {
    render(&message_step(&sample.context(), sample.channel)).unwrap()
}

fn check(name: &str, html: &str) {
    // Blank lines are the templates' own.
    let lines: Vec<_> = html.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    insta::assert_snapshot!(name, lines.join("\n"));
}

#[test]
fn the_first_step() {
    check("channel", &render(&channel_step(&samples::sms().context())).unwrap());
}

#[test]
fn a_form_of_each_channel() {
    for (name, sample) in [
        ("sms", samples::sms()),
        ("lms", samples::lms()),
        ("mms", samples::mms()),
        ("whatsapp", samples::whatsapp_with_list()),
        ("viber", samples::viber("IMAGE")),
        ("viber_omni", samples::viber_omni()),
        ("kakao_chingu", samples::chingu()),
        ("kakao_chingu_omni", samples::chingu_omni()),
        ("kakao_alim", samples::alim()),
        ("kakao_alim_omni", samples::alim_omni()),
        ("rcs", samples::rcs("CAROUSEL")),
    ] {
        check(name, &message(&sample));
    }
}

/// Whatever a value holds, it stays a value.
#[test]
fn hostile_values_are_escaped() {
    let hostile = "\"'><script>alert(1)</script>{{x}}{% if %}&amp;</textarea></select>";
    for sample in samples::samples() {
        let names: Vec<_> = sample.arguments.iter().map(|(name, _)| name.to_owned()).collect();
        let expected = tags(&message(&sample));
        for name in names.into_iter().filter(|name| name != "channel" && !name.ends_with("Count")) {
            let mut arguments = sample.arguments.clone();
            arguments.set(&name, hostile);
            let html = message(&Sample { arguments, ..samples::copy(&sample) });
            assert!(!html.contains("<script"), "{name}");
            for tag in ["textarea", "select", "option", "div", "fieldset"] {
                let count = |tag: String| html.matches(&tag).count();
                // `<option` and `<option value`, but not `<optional`.
                let opened = count(format!("<{tag} ")) + count(format!("<{tag}>"));
                assert_eq!(opened, count(format!("</{tag}>")), "{tag} with {name}");
            }
        }
        let mut journey = sample.journey.clone();
        journey.merge_groups[0].label = hostile.to_owned();
        journey.merge_groups[0].fields[0].label = hostile.to_owned();
        journey.merge_groups[0].fields[0].expression = Ok(hostile.to_owned());
        journey.merge_groups[0].fields[1].expression = Err(hostile.to_owned());
        journey.event_definitions[0].name = hostile.to_owned();
        journey.phone_fields[0] = hostile.to_owned();
        journey.activity_name = Some(hostile.to_owned());
        let html = message(&Sample { journey, ..samples::copy(&sample) });
        assert!(!html.contains("<script"));
        assert_eq!(tags(&html), expected, "{}", sample.channel.name());
    }
}

fn tags(html: &str) -> usize {
    html.matches('<').count()
}

/// What the page's script and screen readers rely on.
#[test]
fn each_control_has_its_label_its_help_and_a_place_for_its_problem() {
    for sample in samples::samples() {
        let form = message_step(&sample.context(), sample.channel);
        let html = render(&form).unwrap();
        let mut ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "an id comes twice");
        for reference in html.split("aria-describedby=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            for id in reference.split(' ') {
                assert!(ids.binary_search(&id).is_ok(), "nothing has the id {id}");
            }
        }
        // Notes on rows have a place too: what an MMS or its callback data weigh.
        for rows in form.rows() {
            assert!(html.contains(&format!(" id=\"n-{}\" class=\"wp-note\"", rows.name)), "{}", rows.name);
        }
        for field in form.fields() {
            let name = &field.argument;
            assert!(html.contains(&format!("name=\"{name}\"")), "{name}");
            if field.control != crate::domain::form::Control::Hidden {
                for part in ["data-field=\"", "for=\"f-", " id=\"f-", " id=\"n-", " id=\"p-"] {
                    assert!(html.contains(&format!("{part}{name}\"")), "{part}{name}");
                }
            }
        }
        assert!(!html.contains(" style=") && !html.contains("<script") && !html.contains("src="));
    }
}

/// A text keeps its first line break: HTML takes one away behind the tag.
#[test]
fn a_text_is_shown_as_it_is() {
    let html = message(&samples::sms().with("text", "\n\nHi\n"));
    assert!(html.contains(">\n\n\nHi\n</textarea>"));
}

#[test]
fn the_summary_shows_merge_fields_as_the_preview_does_and_escapes_values() {
    let sample = samples::sms().with("text", "<b> {{Event.DEAudience-1.FirstName}} https://a.example");
    let html = rendered_summary(&summary(&sample.context(), sample.channel, &Journey::default())).unwrap();
    assert!(html.contains("&lt;b&gt;") || html.contains("&#60;b&#62;"), "{html}");
    assert!(html.contains(" <span class=\"wp-chip\">‹FirstName›</span> https://a.example</dd>"), "{html}");
}
