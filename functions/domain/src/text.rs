//! What texts from clients are allowed to be.

use chatctl_protocol::{ErrorCode, Limits, Refusal, is_invisible};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The characters of a room id: 12 of 36 are 62 bits, which nobody guesses.
const ROOM_ID_LENGTH: usize = 12;
const ROOM_ID_ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A new room id from 128 random bits; the bias of the remainders is below 2^-60.
pub(crate) fn room_id(mut bits: u128) -> String {
    (0..ROOM_ID_LENGTH)
        .map(|_| {
            let digit = (bits % 36) as usize;
            bits /= 36;
            char::from(ROOM_ID_ALPHABET[digit])
        })
        .collect()
}

/// Refuses what cannot be a room id before anything is read.
pub(crate) fn check_room_id(room_id: &str) -> Result<(), Refusal> {
    let shaped = room_id.len() == ROOM_ID_LENGTH
        && room_id.bytes().all(|byte| ROOM_ID_ALPHABET.contains(&byte));
    if shaped { Ok(()) } else { Err(no_such_room()) }
}

/// `notFound` for a room.
pub(crate) fn no_such_room() -> Refusal {
    Refusal::new(
        ErrorCode::NotFound,
        "there is no room with this id; a room id has 12 of 0-9 and a-z, as shown when the room was created",
    )
}

/// Text in NFC.
pub(crate) fn nfc(text: &str) -> String {
    if is_nfc(text) { text.to_owned() } else { text.nfc().collect() }
}

/// Whether there is anything to see in a text.
fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !is_invisible(c))
}

/// Marks that turn the direction of the text around them, and so of what follows on the page.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A room's name as it is stored: NFC, without outer spaces and marks of direction.
pub(crate) fn room_name(text: &str) -> Result<String, Refusal> {
    let kept: String = text.chars().filter(|c| !turns_text(*c)).collect();
    let name = nfc(kept.trim());
    let (found, max) = (name.chars().count(), Limits::CURRENT.room_name_max as usize);
    if name.chars().any(char::is_control) {
        return Err(Refusal::bad_request("a room's name has no control characters"));
    }
    if !is_visible(&name) {
        return Err(Refusal::bad_request("a room's name has at least one visible character"));
    }
    if found <= max {
        return Ok(name);
    }
    Err(Refusal::bad_request(format!(
        "a room's name has 1 to {max} characters, this one has {found}"
    )))
}

/// A message's text as it is stored: NFC, without control characters other than line feed and tab,
/// without outer white space.
pub(crate) fn message(text: &str) -> Result<String, Refusal> {
    let kept: String =
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let text = nfc(kept.trim());
    let max = Limits::CURRENT.message_bytes as usize;
    match text.len() {
        _ if !is_visible(&text) => {
            Err(Refusal::bad_request("a message has at least one visible character"))
        }
        found if found > max => Err(Refusal::new(
            ErrorCode::TooLarge,
            format!("a message has at most {max} bytes of UTF-8, this one has {found}"),
        )),
        _ => Ok(text),
    }
}

/// Refuses what cannot be the id of a message.
pub(crate) fn check_message_id(field: &str, id: &str) -> Result<(), Refusal> {
    match ulid::Ulid::from_string(id) {
        Ok(ulid) if ulid.to_string() == id => Ok(()),
        _ => Err(Refusal::bad_request(format!("{field} is a messageId: 26 characters, a ULID"))),
    }
}

/// Refuses a client message id that is empty or too long.
pub(crate) fn check_client_id(id: &str) -> Result<(), Refusal> {
    let max = Limits::CURRENT.id_max as usize;
    if (1..=max).contains(&id.chars().count()) {
        return Ok(());
    }
    Err(Refusal::bad_request(format!("clientMessageId is a string of 1 to {max} characters")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_room_ids_have_the_checked_form() {
        for bits in [0, 1, u128::MAX, 0x1234_5678_9abc_def0_1234_5678_9abc_def0] {
            assert_eq!(check_room_id(&room_id(bits)), Ok(()));
        }
        assert_ne!(room_id(1), room_id(2));
        for odd in ["", "short", "ABCDEFGHIJKL", "aaaaaaaaaaa#", "aaaaaaaaaaaaa"] {
            assert_eq!(check_room_id(odd).unwrap_err().code, ErrorCode::NotFound, "{odd}");
        }
    }

    #[test]
    fn a_message_is_cleaned_and_then_measured() {
        assert_eq!(message(" a\u{0}b\r\n\tc\u{7f} "), Ok("ab\n\tc".to_owned()));
        assert_eq!(message("e\u{301}"), Ok("é".to_owned()));
        for nothing in ["\u{1}\n ", "\u{200b}", "\u{3164} \u{2060}"] {
            assert_eq!(message(nothing).unwrap_err().code, ErrorCode::BadRequest, "{nothing:?}");
        }
        let family = "\u{1f469}\u{200d}\u{1f469}";
        assert_eq!(message(family), Ok(family.to_owned()));
        assert_eq!(message(&"x".repeat(8192)).map(|text| text.len()), Ok(8192));
        assert_eq!(message(&"x".repeat(8193)).unwrap_err().code, ErrorCode::TooLarge);
    }

    #[test]
    fn a_room_name_is_measured_in_characters() {
        assert_eq!(room_name("  Café "), Ok("Café".to_owned()));
        assert!(room_name(&"é".repeat(50)).is_ok());
        assert!(room_name(&"é".repeat(51)).is_err());
        assert!(room_name(" ").is_err());
        assert!(room_name("\u{200b}").is_err());
        assert_eq!(room_name("a\u{202e}gpj.exe"), Ok("agpj.exe".to_owned()));
        assert!(room_name("a\nb").is_err());
    }

    #[test]
    fn ids_of_messages_are_ulids() {
        assert!(check_message_id("before", "01ARZ3NDEKTSV4RRFFQ69G5FAV").is_ok());
        assert!(check_message_id("before", "01arz3ndektsv4rrffq69g5fav").is_err());
        assert!(check_message_id("before", "").is_err());
    }
}
