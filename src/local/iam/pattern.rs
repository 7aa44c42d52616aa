//! IAM's wildcards: `*` stands for any characters, slashes and colons included, `?` for one.

/// Whether the text fits the pattern, letter by letter.
pub fn matches(pattern: &str, text: &str) -> bool {
    fits(pattern.as_bytes(), text.as_bytes(), |a, b| a == b)
}

/// Whether the text fits the pattern in any case, as actions do.
pub fn matches_any_case(pattern: &str, text: &str) -> bool {
    fits(pattern.as_bytes(), text.as_bytes(), |a, b| a.eq_ignore_ascii_case(&b))
}

/// Walks both once; at a mismatch the last `*` takes one more byte. Never worse than the product
/// of the lengths.
fn fits(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(byte) if same(*byte, text[t]) => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                (p, t) = (at + 1, taken + 1);
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_what_iam_says() {
        let fits = [
            ("*", ""),
            ("*", "anything:at/all"),
            ("a*c", "ac"),
            ("a*c", "abcbc"),
            ("a?c", "abc"),
            ("*/@connections/*", "arn/x/@connections/J=="),
            ("table/*/index/*", "table/T/index/I"),
            ("**a**", "a"),
        ];
        for (pattern, text) in fits {
            assert!(matches(pattern, text), "{pattern} should fit {text}");
        }
    }

    #[test]
    fn what_does_not_fit_does_not() {
        let unfit = [
            ("", "a"),
            ("a", ""),
            ("a?c", "ac"),
            ("a*c", "abcd"),
            ("table/T", "table/T/index/I"),
            ("table/T", "table/t"),
            ("?", ""),
        ];
        for (pattern, text) in unfit {
            assert!(!matches(pattern, text), "{pattern} should not fit {text}");
        }
    }

    #[test]
    fn actions_fit_in_any_case() {
        assert!(matches_any_case("dynamodb:get*", "dynamodb:GetItem"));
        assert!(!matches_any_case("dynamodb:get*", "dynamodb:PutItem"));
    }
}
