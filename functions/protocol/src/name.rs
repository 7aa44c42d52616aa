//! The names of people: what is allowed, and when two names are the same.

use crate::{Limits, look};

/// A person's display name: 2 to 20 letters, digits, spaces or `_`, in NFC, without outer or double spaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserName(String);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Too short or too long.
    #[error("a name has {min} to {max} characters, this one has {found}", min = Limits::CURRENT.name_min, max = Limits::CURRENT.name_max)]
    Length {
        /// The characters counted.
        found: usize,
    },
    /// A character outside the alphabet.
    #[error("a name has only letters, digits, spaces and `_`, not {0:?} (U+{code:04X})", code = u32::from(*.0))]
    Character(char),
    /// Letters of alphabets that look alike, which would make two names look the same.
    #[error("a name is written in one alphabet: Latin, Greek and Cyrillic letters do not mix")]
    Alphabets,
    /// Spaces at an end or in a row, which would make two names look the same.
    #[error("a name neither starts nor ends with a space, nor has two spaces in a row")]
    Spaces,
}

impl UserName {
    /// Checks a text from outside; nothing is trimmed or mended, so that what a person sees is what they typed.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let found = text.chars().count();
        let (min, max) = (Limits::CURRENT.name_min as usize, Limits::CURRENT.name_max as usize);
        if !(min..=max).contains(&found) {
            return Err(NameError::Length { found });
        }
        if let Some(odd) = text.chars().find(|c| !is_allowed(*c)) {
            return Err(NameError::Character(odd));
        }
        if look::mixes_alphabets(text) {
            return Err(NameError::Alphabets);
        }
        if text.starts_with(' ') || text.ends_with(' ') || text.contains("  ") {
            return Err(NameError::Spaces);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as the person wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key under which a name is held: two names with one key are one name to a reader.
    pub fn key(&self) -> String {
        look::key(&self.0)
    }
}

/// Letters and digits that can be seen, and the two others of the alphabet.
fn is_allowed(c: char) -> bool {
    matches!(c, ' ' | '_') || (c.is_alphanumeric() && !look::is_invisible(c))
}

impl std::fmt::Display for UserName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_two_and_twenty() {
        assert!(UserName::parse("ab").is_ok());
        assert!(UserName::parse(&"x".repeat(20)).is_ok());
        assert_eq!(UserName::parse("a"), Err(NameError::Length { found: 1 }));
        assert_eq!(UserName::parse(&"x".repeat(21)), Err(NameError::Length { found: 21 }));
    }

    #[test]
    fn only_the_alphabet_is_taken() {
        assert!(UserName::parse("Ana_María 3").is_ok());
        assert_eq!(UserName::parse("a<b"), Err(NameError::Character('<')));
        assert_eq!(UserName::parse("a\u{202e}b"), Err(NameError::Character('\u{202e}')));
        assert_eq!(UserName::parse(" ab"), Err(NameError::Spaces));
        assert_eq!(UserName::parse("a  b"), Err(NameError::Spaces));
    }

    #[test]
    fn a_name_can_be_seen_whole() {
        for filler in ['\u{3164}', '\u{115f}', '\u{1160}', '\u{ffa0}'] {
            assert_eq!(UserName::parse(&format!("Bob{filler}")), Err(NameError::Character(filler)));
        }
        let refused = UserName::parse("\u{3164}\u{3164}").unwrap_err().to_string();
        assert!(refused.ends_with("(U+3164)"), "{refused}");
    }

    #[test]
    fn alphabets_that_look_alike_do_not_mix() {
        for name in ["\u{410}lice", "Al\u{3b9}ce", "\u{395}\u{412}\u{391}"] {
            assert_eq!(UserName::parse(name), Err(NameError::Alphabets), "{name}");
        }
        for name in ["Алиса", "Ελένη", "田中 Ken", "محمد", "Zoë 2", "นภา"] {
            assert!(UserName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn case_and_look_do_not_make_another_name() {
        let key = |name: &str| UserName::parse(name).unwrap().key();
        for (one, other) in [
            ("Alice", "aLICE"),
            ("Алиса", "аЛИСА"),
            ("Straße", "STRASSE"),
            ("Alice", "AIice"),
            ("Alice", "\u{ff21}lice"),
            ("Alice", "\u{1d400}\u{1d425}\u{1d422}\u{1d41c}\u{1d41e}"),
            ("Alice", "\u{410}\u{4cf}\u{456}\u{441}\u{435}"),
            ("BOB", "\u{412}\u{41e}\u{412}"),
            ("Carmen", "Carrnen"),
            ("Player 10", "Player lO"),
        ] {
            assert_eq!(key(one), key(other), "{one} and {other}");
        }
        for (one, other) in
            [("Alice", "Alina"), ("Ana", "Anna"), ("Алиса", "Алина"), ("a_b", "a b")]
        {
            assert_ne!(key(one), key(other), "{one} and {other}");
        }
    }
}
