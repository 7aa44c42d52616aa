//! The names of people: what is allowed, and when two names are the same.

use crate::Limits;

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
    #[error("a name has only letters, digits, spaces and `_`, not {0:?}")]
    Character(char),
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
        if let Some(odd) = text.chars().find(|c| !(c.is_alphanumeric() || matches!(c, ' ' | '_'))) {
            return Err(NameError::Character(odd));
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
        self.0.to_lowercase()
    }
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
    fn case_does_not_make_another_name() {
        assert_eq!(
            UserName::parse("Alice").unwrap().key(),
            UserName::parse("aLICE").unwrap().key()
        );
    }
}
