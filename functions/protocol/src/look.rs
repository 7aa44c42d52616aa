//! How texts look to a reader, as far as it decides what is the same and what is there at all.
//!
//! After Unicode Technical Standard 39, whose skeletons make look-alikes equal, and stricter in one
//! respect: case makes no difference either, so what looks alike in capitals is alike.

use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};
use unicode_security::skeleton;

/// Alphabets with letters that cannot be told from one another's.
const ALIKE: [Script; 3] = [Script::Latin, Script::Greek, Script::Cyrillic];

/// Whether a character leaves nothing to be seen where it stands, not even space
/// (`Default_Ignorable_Code_Point`): joiners, fillers, marks of direction, variation selectors.
pub fn is_invisible(c: char) -> bool {
    skeleton(c.encode_utf8(&mut [0; 4])).next().is_none()
}

/// Whether letters of more than one of the alphabets occur that look alike.
pub(crate) fn mixes_alphabets(text: &str) -> bool {
    ALIKE.iter().filter(|script| text.chars().any(|c| c.script() == **script)).count() > 1
}

/// The same for all texts that differ in case, in compatibility forms (fullwidth, mathematical) or
/// in letters that look alike.
pub(crate) fn key(text: &str) -> String {
    let compatible: String = text.nfkc().collect();
    let latin: String = folded(&compatible).chars().map(latin_twin).collect();
    // A skeleton has `l` for a capital `I` and for `1`; without case `i` is the same.
    folded(&skeleton(&latin).collect::<String>()).replace('i', "l")
}

/// Without case; by way of capitals, so that `ß` is `ss`.
fn folded(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// The Latin letter whose capital looks like this letter's capital.
fn latin_twin(c: char) -> char {
    let capital: String = c.to_uppercase().collect();
    let mut shape = skeleton(&capital);
    match (shape.next(), shape.next()) {
        (Some(twin), None) if twin.is_ascii_uppercase() => twin.to_ascii_lowercase(),
        _ => c,
    }
}
