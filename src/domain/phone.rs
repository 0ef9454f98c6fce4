//! Recipient numbers: what contacts have in their Phone fields, as Infobip wants them (infobip.md 1.2: E.164 digits
//! without `+` or `00`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// E.164 allows 15 digits; the shortest numbers in use that a mobile can have are 7 with the country code.
const DIGITS_MIN: usize = 7;
const DIGITS_MAX: usize = 15;

/// A recipient's number in E.164 digits. Personal: its `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Phone(Box<str>);

/// The text is not a phone number that a message can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "phone number is not valid: it must be an international number of 7 to 15 digits, or a national one of the default country"
)]
pub(crate) struct InvalidPhone;

impl Phone {
    /// Reads what a contact's field holds.
    ///
    /// `+` and `00` mean international. Digits alone are national when they begin with the default country's trunk
    /// prefix or, in a country without one, are at most ten; otherwise international. Spaces, dots, dashes, slashes,
    /// brackets and invisible direction marks are layout.
    pub(crate) fn parse(text: &str, default_country: Option<Country>) -> Result<Self, InvalidPhone> {
        // `+385 (0)91…` shows the trunk prefix that is dialled at home only.
        let shown_trunk = text.trim_start().starts_with(['+', '＋']) || text.trim_start().starts_with("00");
        let text = if shown_trunk { text.replacen("(0)", "", 1) } else { text.to_owned() };
        let mut digits = String::with_capacity(DIGITS_MAX + 2);
        let mut plus = false;
        for c in text.trim().chars() {
            match c {
                '0'..='9' => digits.push(c),
                // Arabic-Indic and full-width digits are what some audiences type.
                _ if digit_value(c).is_some() => digits.extend(digit_value(c)),
                '+' | '＋' if digits.is_empty() && !plus => plus = true,
                ' ' | '\u{a0}' | '.' | '-' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}' => {}
                '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {}
                _ => return Err(InvalidPhone),
            }
            if digits.len() > DIGITS_MAX + 4 {
                return Err(InvalidPhone);
            }
        }
        let international = if plus {
            digits
        } else if let Some(rest) = digits.strip_prefix("00") {
            rest.to_owned()
        } else {
            match default_country {
                Some(country) => country.international(&digits),
                None => digits,
            }
        };
        let long_enough = (DIGITS_MIN..=DIGITS_MAX).contains(&international.len());
        // No country code begins with 0: what still does is a national number without a country.
        if !long_enough || international.starts_with('0') {
            return Err(InvalidPhone);
        }
        Ok(Self(international.into()))
    }

    /// The digits. Personal data: never for a log.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({} digits)", self.0.len())
    }
}

fn digit_value(c: char) -> Option<char> {
    let base = match c {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        _ => return None,
    };
    char::from_digit(u32::from(c) - base, 10)
}

/// A country as a default for national numbers: its calling code and trunk prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Country {
    row: &'static CountryRow,
}

type CountryRow = (&'static str, &'static str, &'static str);

impl Country {
    /// By ISO 3166-1 alpha-2 code, in any case.
    pub(crate) fn by_code(code: &str) -> Option<Self> {
        COUNTRIES.iter().find(|row| row.0.eq_ignore_ascii_case(code.trim())).map(|row| Self { row })
    }

    /// The ISO code.
    pub(crate) fn code(self) -> &'static str {
        self.row.0
    }

    fn international(self, digits: &str) -> String {
        let (_, calling_code, trunk) = *self.row;
        let already = digits.starts_with(calling_code) && digits.len() > calling_code.len() + 7;
        if calling_code == "1" {
            // The North American plan: ten digits are national, eleven with the leading 1 international.
            return if digits.len() == 10 { format!("1{digits}") } else { digits.to_owned() };
        }
        if !trunk.is_empty() {
            return match digits.strip_prefix(trunk) {
                Some(national) if !already => format!("{calling_code}{national}"),
                _ => digits.to_owned(),
            };
        }
        if already || digits.len() > 10 { digits.to_owned() } else { format!("{calling_code}{digits}") }
    }
}

/// ISO code, calling code, trunk prefix (empty: numbers are dialled the same at home). From ITU-T E.164 assignments
/// and the national numbering plans registered there.
#[rustfmt::skip]
const COUNTRIES: &[CountryRow] = &[
    ("AD", "376", ""), ("AE", "971", "0"), ("AF", "93", "0"), ("AG", "1", ""), ("AI", "1", ""), ("AL", "355", "0"),
    ("AM", "374", "0"), ("AO", "244", ""), ("AR", "54", "0"), ("AS", "1", ""), ("AT", "43", "0"), ("AU", "61", "0"),
    ("AW", "297", ""), ("AZ", "994", "0"), ("BA", "387", "0"), ("BB", "1", ""), ("BD", "880", "0"), ("BE", "32", "0"),
    ("BF", "226", ""), ("BG", "359", "0"), ("BH", "973", ""), ("BI", "257", ""), ("BJ", "229", ""), ("BM", "1", ""),
    ("BN", "673", ""), ("BO", "591", "0"), ("BR", "55", "0"), ("BS", "1", ""), ("BT", "975", ""), ("BW", "267", ""),
    ("BY", "375", "8"), ("BZ", "501", ""), ("CA", "1", ""), ("CD", "243", "0"), ("CF", "236", ""), ("CG", "242", ""),
    ("CH", "41", "0"), ("CI", "225", ""), ("CK", "682", ""), ("CL", "56", ""), ("CM", "237", ""), ("CN", "86", "0"),
    ("CO", "57", "0"), ("CR", "506", ""), ("CU", "53", "0"), ("CV", "238", ""), ("CW", "599", ""), ("CY", "357", ""),
    ("CZ", "420", ""), ("DE", "49", "0"), ("DJ", "253", ""), ("DK", "45", ""), ("DM", "1", ""), ("DO", "1", ""),
    ("DZ", "213", "0"), ("EC", "593", "0"), ("EE", "372", ""), ("EG", "20", "0"), ("ER", "291", "0"), ("ES", "34", ""),
    ("ET", "251", "0"), ("FI", "358", "0"), ("FJ", "679", ""), ("FM", "691", ""), ("FO", "298", ""), ("FR", "33", "0"),
    ("GA", "241", "0"), ("GB", "44", "0"), ("GD", "1", ""), ("GE", "995", "0"), ("GF", "594", "0"), ("GG", "44", "0"),
    ("GH", "233", "0"), ("GI", "350", ""), ("GL", "299", ""), ("GM", "220", ""), ("GN", "224", ""), ("GP", "590", "0"),
    ("GQ", "240", ""), ("GR", "30", ""), ("GT", "502", ""), ("GU", "1", ""), ("GW", "245", ""), ("GY", "592", ""),
    ("HK", "852", ""), ("HN", "504", ""), ("HR", "385", "0"), ("HT", "509", ""), ("HU", "36", "06"), ("ID", "62", "0"),
    ("IE", "353", "0"), ("IL", "972", "0"), ("IM", "44", "0"), ("IN", "91", "0"), ("IQ", "964", "0"), ("IR", "98", "0"),
    ("IS", "354", ""), ("IT", "39", ""), ("JE", "44", "0"), ("JM", "1", ""), ("JO", "962", "0"), ("JP", "81", "0"),
    ("KE", "254", "0"), ("KG", "996", "0"), ("KH", "855", "0"), ("KI", "686", ""), ("KM", "269", ""), ("KN", "1", ""),
    ("KP", "850", "0"), ("KR", "82", "0"), ("KW", "965", ""), ("KY", "1", ""), ("KZ", "7", "8"), ("LA", "856", "0"),
    ("LB", "961", "0"), ("LC", "1", ""), ("LI", "423", ""), ("LK", "94", "0"), ("LR", "231", "0"), ("LS", "266", ""),
    ("LT", "370", "0"), ("LU", "352", ""), ("LV", "371", ""), ("LY", "218", "0"), ("MA", "212", "0"), ("MC", "377", ""),
    ("MD", "373", "0"), ("ME", "382", "0"), ("MG", "261", "0"), ("MH", "692", "1"), ("MK", "389", "0"), ("ML", "223", ""),
    ("MM", "95", "0"), ("MN", "976", "0"), ("MO", "853", ""), ("MQ", "596", "0"), ("MR", "222", ""), ("MS", "1", ""),
    ("MT", "356", ""), ("MU", "230", ""), ("MV", "960", ""), ("MW", "265", "0"), ("MX", "52", ""), ("MY", "60", "0"),
    ("MZ", "258", ""), ("NA", "264", "0"), ("NC", "687", ""), ("NE", "227", ""), ("NG", "234", "0"), ("NI", "505", ""),
    ("NL", "31", "0"), ("NO", "47", ""), ("NP", "977", "0"), ("NR", "674", ""), ("NZ", "64", "0"), ("OM", "968", ""),
    ("PA", "507", ""), ("PE", "51", "0"), ("PF", "689", ""), ("PG", "675", ""), ("PH", "63", "0"), ("PK", "92", "0"),
    ("PL", "48", ""), ("PR", "1", ""), ("PS", "970", "0"), ("PT", "351", ""), ("PW", "680", ""), ("PY", "595", "0"),
    ("QA", "974", ""), ("RE", "262", "0"), ("RO", "40", "0"), ("RS", "381", "0"), ("RU", "7", "8"), ("RW", "250", "0"),
    ("SA", "966", "0"), ("SB", "677", ""), ("SC", "248", ""), ("SD", "249", "0"), ("SE", "46", "0"), ("SG", "65", ""),
    ("SI", "386", "0"), ("SK", "421", "0"), ("SL", "232", "0"), ("SM", "378", ""), ("SN", "221", ""), ("SO", "252", "0"),
    ("SR", "597", "0"), ("SS", "211", "0"), ("ST", "239", ""), ("SV", "503", ""), ("SX", "1", ""), ("SY", "963", "0"),
    ("SZ", "268", ""), ("TC", "1", ""), ("TD", "235", ""), ("TG", "228", ""), ("TH", "66", "0"), ("TJ", "992", ""),
    ("TL", "670", ""), ("TM", "993", "8"), ("TN", "216", ""), ("TO", "676", ""), ("TR", "90", "0"), ("TT", "1", ""),
    ("TV", "688", ""), ("TW", "886", "0"), ("TZ", "255", "0"), ("UA", "380", "0"), ("UG", "256", "0"), ("US", "1", ""),
    ("UY", "598", "0"), ("UZ", "998", ""), ("VC", "1", ""), ("VE", "58", "0"), ("VG", "1", ""), ("VI", "1", ""),
    ("VN", "84", "0"), ("VU", "678", ""), ("WS", "685", ""), ("XK", "383", "0"), ("YE", "967", "0"), ("YT", "262", "0"),
    ("ZA", "27", "0"), ("ZM", "260", "0"), ("ZW", "263", "0"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, country: &str, expected: Option<&str>) {
        let phone = Phone::parse(text, Country::by_code(country));
        assert_eq!(phone.as_ref().ok().map(Phone::expose), expected, "{text:?} in {country:?}");
    }

    #[test]
    fn international_numbers_need_no_country() {
        check("+385 91 123-4567", "", Some("385911234567"));
        check("00385911234567", "", Some("385911234567"));
        check("385911234567", "", Some("385911234567"));
        check("(+385) 91/123.4567", "", Some("385911234567"));
        check("\u{202a}+385911234567\u{202c}", "", Some("385911234567"));
        check("+٣٨٥٩١١٢٣٤٥٦٧", "", Some("385911234567"));
        check("+385 (0)91 123 4567", "", Some("385911234567"));
        check("00385(0)911234567", "", Some("385911234567"));
    }

    #[test]
    fn national_numbers_take_the_default_country() {
        check("091 123 4567", "HR", Some("385911234567"));
        check("385911234567", "HR", Some("385911234567"));
        check("41791234567", "HR", Some("41791234567"));
        check("010-1234-5678", "KR", Some("821012345678"));
        check("(212) 555-0123", "US", Some("12125550123"));
        check("12125550123", "US", Some("12125550123"));
        check("612345678", "ES", Some("34612345678"));
        check("0623456789", "NL", Some("31623456789"));
        check("06201234567", "HU", Some("36201234567"));
        check("3471234567", "IT", Some("393471234567"));
        check("091 123 4567", "", None);
    }

    #[test]
    fn lengths_at_minus_one_zero_and_plus_one() {
        check("+123456", "", None);
        check("+1234567", "", Some("1234567"));
        check("+123456789012345", "", Some("123456789012345"));
        check("+1234567890123456", "", None);
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in ["", "+", "n/a", "12345x789", "++385911234567", "385+911234567", "0", "😀"] {
            check(text, "HR", None);
        }
    }

    #[test]
    fn a_number_is_not_shown_by_debug() {
        let phone = Phone::parse("+385911234567", None).unwrap();
        assert!(!format!("{phone:?}").contains("385911"));
    }

    proptest! {
        #[test]
        fn any_text_is_a_number_or_an_error(text in ".{0,40}", country in 0..COUNTRIES.len()) {
            if let Ok(phone) = Phone::parse(&text, Country::by_code(COUNTRIES[country].0)) {
                prop_assert!((DIGITS_MIN..=DIGITS_MAX).contains(&phone.expose().len()));
                prop_assert!(phone.expose().bytes().all(|b| b.is_ascii_digit()));
            }
        }
    }
}
