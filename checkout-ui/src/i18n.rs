//! The words, in the buyer's language. English is compiled in; others are fetched when asked for.

use wasm_bindgen::JsValue;

use crate::value::Value;

/// Languages with a file in `locales/`.
const LANGUAGES: [&str; 5] = ["en", "de", "fr", "es", "ar"];
/// Those of them that are written from right to left.
const RIGHT_TO_LEFT: [&str; 1] = ["ar"];
const ENGLISH: &str = include_str!("../locales/en.json");

/// Texts by key, with the locale that numbers and dates are written in.
#[derive(Clone)]
pub struct Words {
    /// A BCP 47 tag that `Intl` takes.
    pub locale: String,
    /// The language of the texts.
    pub language: &'static str,
    texts: Value,
    english: Value,
}

/// The language of ours that serves a tag best.
pub fn language(tag: &str) -> &'static str {
    let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    LANGUAGES.into_iter().find(|language| *language == primary).unwrap_or("en")
}

impl Words {
    /// English texts; numbers and dates by the tag, where its language is English too.
    pub fn english(tag: &str) -> Self {
        let english = Value::parse(ENGLISH).unwrap_or(Value(JsValue::NULL));
        let locale = if language(tag) == "en" && tag.starts_with("en") { tag } else { "en" };
        Self { locale: locale.into(), language: "en", texts: english.clone(), english }
    }

    /// These texts, fetched for that tag; what they lack is English.
    pub fn translated(&self, tag: &str, texts: Value) -> Self {
        Self { locale: tag.into(), language: language(tag), texts, english: self.english.clone() }
    }

    /// `ltr` or `rtl`.
    pub fn direction(&self) -> &'static str {
        if RIGHT_TO_LEFT.contains(&self.language) { "rtl" } else { "ltr" }
    }

    /// The text of a key; the key itself if there is none.
    pub fn say(&self, key: &str) -> String {
        self.find(key).unwrap_or_else(|| key.into())
    }

    /// The text of a key, if there is one.
    pub fn find(&self, key: &str) -> Option<String> {
        self.texts.text(key).or_else(|| self.english.text(key))
    }

    /// The text of a key with `{name}` replaced.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        filled(&self.say(key), values)
    }
}

/// The text with every `{name}` replaced by its value; an unknown name stays.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut parts = text.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.push_str(name),
        }
        filled.push_str(rest);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::{LANGUAGES, filled, language};
    use std::collections::BTreeMap;

    fn texts(language: &str) -> BTreeMap<String, String> {
        let path = format!("{}/locales/{language}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn blanks(text: &str) -> Vec<&str> {
        let mut names: Vec<_> = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_language_has_every_text_with_the_same_blanks() {
        let english = texts("en");
        for language in LANGUAGES {
            let theirs = texts(language);
            assert_eq!(english.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{language}");
            for (key, text) in &english {
                assert_eq!(blanks(text), blanks(&theirs[key]), "{language}: {key}");
            }
        }
    }

    #[test]
    fn blanks_are_filled_wherever_they_stand() {
        let values = [("amount", "€29.00"), ("date", "today")];
        assert_eq!(filled("{amount} on {date}, {amount}", &values), "€29.00 on today, €29.00");
        assert_eq!(filled("no blanks", &values), "no blanks");
    }

    #[test]
    fn a_tag_gets_its_language_or_english() {
        assert_eq!(["de-AT", "fr", "ES_mx", "ja", "", "ar-EG"].map(language), ["de", "fr", "es", "en", "en", "ar"]);
    }
}
