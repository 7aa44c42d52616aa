//! How logs name a person without telling who it is.

use sha2::{Digest, Sha256};

use crate::UserName;

/// The hash under which a stage's logs name a person: 12 hexadecimal digits, the same for every
/// spelling of one name, another in every stage. It hides a name from a reader of logs; it does not
/// hide it from somebody who guesses names.
pub fn user_hash(stage: &str, name: &str) -> String {
    let key = UserName::parse(name).map_or_else(|_| name.to_lowercase(), |name| name.key());
    let digest = Sha256::digest(format!("{stage}\0{key}"));
    digest[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::user_hash;

    #[test]
    fn one_name_has_one_hash_a_stage() {
        assert_eq!(user_hash("local", "Alice"), user_hash("local", "aLICE"));
        assert_ne!(user_hash("local", "Alice"), user_hash("prod", "Alice"));
        assert_eq!(user_hash("local", "Alice").len(), 12);
    }
}
