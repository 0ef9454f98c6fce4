//! What Journey Builder calls our activities, by culture: one row a language.
//!
//! Another language is another row of [`CULTURES`]: for Korean, a `Culture` with the code `ko-KR` and the same words.
//! Journey Builder takes the row of the user's culture, and `en-US` where there is none (sfmc.md 1.3). The pages' own
//! texts have a file per language of the same code: `domain/form/texts/` and `domain/report_form/texts/`.

use super::Kind;

/// The words of one culture.
pub(super) struct Culture {
    /// As Journey Builder writes it: `en-US`, `ko-KR`.
    pub(super) code: &'static str,
    pub(super) messaging: Words,
    pub(super) reports: Words,
    /// By the keys of the pages' steps.
    steps: &'static [(&'static str, &'static str)],
    /// The button below the figures of a running activity.
    pub(super) running_hover_button: &'static str,
}

/// An activity's words.
pub(super) struct Words {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
}

/// All cultures, the one that stands in for others first.
pub(super) const CULTURES: &[Culture] = &[Culture {
    code: "en-US",
    messaging: Words { name: "Infobip Messaging", description: "Sends a message through Infobip" },
    reports: Words {
        name: "Infobip Reports",
        description: "Tells what became of a message: delivery, seen, click or reply",
    },
    steps: &[("channel", "Channel"), ("message", "Message"), ("report", "Report"), ("summary", "Summary")],
    running_hover_button: "Details",
}];

impl Culture {
    pub(super) fn words(&self, kind: Kind) -> &Words {
        match kind {
            Kind::Messaging => &self.messaging,
            Kind::Reports => &self.reports,
        }
    }

    /// What a step is called; its key where it has no name, which a test excludes.
    pub(super) fn step(&self, key: &'static str) -> &'static str {
        self.steps.iter().find(|(own, _)| *own == key).map_or(key, |(_, label)| label)
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::steps;
    use super::*;

    #[test]
    fn every_culture_has_a_word_for_everything() {
        for culture in CULTURES {
            for kind in [Kind::Messaging, Kind::Reports] {
                let words = culture.words(kind);
                assert!(!words.name.is_empty() && !words.description.is_empty(), "{}", culture.code);
                for key in steps(kind) {
                    assert!(culture.steps.iter().any(|(own, label)| own == key && !label.is_empty()), "{key}");
                }
            }
            assert_eq!(CULTURES.iter().filter(|other| other.code == culture.code).count(), 1);
        }
    }
}
