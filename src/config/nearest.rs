//! The known name that somebody most likely meant.

/// How alike two names must be, from 0 to 1, for one to be suggested in place of the other.
const ALIKE: f64 = 0.7;

/// The name most like a mistaken one, if any is like it.
pub fn nearest<'a>(mistaken: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro(&mistaken.to_lowercase(), &name.to_lowercase());
    let scored = known.into_iter().map(|name| (likeness(name), name));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(score, _)| *score >= ALIKE).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_understood_and_another_word_is_not() {
        let known = ["region", "profile", "architecture", "logRetentionDays"];
        let cases = [
            ("regoin", Some("region")),
            ("Region", Some("region")),
            ("logRetention", Some("logRetentionDays")),
            ("memory", None),
        ];
        for (mistaken, meant) in cases {
            assert_eq!(nearest(mistaken, known), meant, "{mistaken}");
        }
    }
}
