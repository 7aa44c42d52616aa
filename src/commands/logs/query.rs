//! What is asked of the logs: times as people write them, and flags as a filter pattern. Pure.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// How bad a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum Level {
    /// Everything that has a level.
    Trace,
    /// Details.
    Debug,
    /// The usual.
    Info,
    /// Something odd.
    Warn,
    /// Something failed.
    Error,
}

const LEVELS: [(Level, &str); 5] = [
    (Level::Trace, "TRACE"),
    (Level::Debug, "DEBUG"),
    (Level::Info, "INFO"),
    (Level::Warn, "WARN"),
    (Level::Error, "ERROR"),
];

/// Fields that lines must have.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub level: Option<Level>,
    pub request: Option<&'a str>,
    pub connection: Option<&'a str>,
    pub room: Option<&'a str>,
    pub user: Option<String>,
}

/// A filter pattern of all that was asked for.
pub(super) fn pattern(filter: Option<&str>, fields: &Fields<'_>) -> Result<Option<String>, String> {
    let mut conditions = Vec::new();
    if let Some(least) = fields.level {
        let these = LEVELS.iter().filter(|(level, _)| *level >= least);
        let any: Vec<_> = these.map(|(_, name)| format!("$.level = \"{name}\"")).collect();
        conditions.push(format!("({})", any.join(" || ")));
    }
    let named = [
        ("requestId", fields.request),
        ("connectionId", fields.connection),
        ("room", fields.room),
        ("user", fields.user.as_deref()),
    ];
    for (name, value) in named.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        if value.contains(['"', '\\', '*']) {
            return Err(format!("`{value}` cannot be a {name}"));
        }
        conditions.push(format!("($.{name} = \"{value}\")"));
    }
    let filter = filter.map(str::trim).filter(|filter| !filter.is_empty());
    let Some(filter) = filter else {
        return Ok((!conditions.is_empty()).then(|| format!("{{ {} }}", conditions.join(" && "))));
    };
    if conditions.is_empty() {
        return Ok(Some(filter.to_owned()));
    }
    let Some(inner) = filter.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return Err("words in --filter cannot be combined with --level, --request, --connection, --user or \
                    --room; write it as `{ $.field = \"value\" }`"
            .to_owned());
    };
    conditions.push(format!("({})", inner.trim()));
    Ok(Some(format!("{{ {} }}", conditions.join(" && "))))
}

/// A time as people write it, in ms since the epoch.
pub(super) fn time(text: &str) -> Result<i64, String> {
    let now = Timestamp::now();
    let unknown = || {
        format!(
            "`{text}` is no time: write 10m, 1h30m, 2d, 2026-01-31T10:00:00Z or 2026-01-31 10:00"
        )
    };
    if let Some(seconds) = duration(text) {
        let then = seconds.checked_mul(1000).and_then(|ms| now.as_millisecond().checked_sub(ms));
        return then.filter(|then| *then >= 0).ok_or_else(unknown);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let local =
        text.parse::<DateTime>().ok().and_then(|time| time.to_zoned(TimeZone::system()).ok());
    local.map(|time| time.timestamp().as_millisecond()).ok_or_else(unknown)
}

/// Seconds of `1h30m`.
fn duration(text: &str) -> Option<i64> {
    let (mut total, mut number) = (0_i64, None);
    for c in text.chars() {
        match (c.to_digit(10), number) {
            (Some(digit), before) => {
                number =
                    Some(before.unwrap_or(0_i64).checked_mul(10)?.checked_add(i64::from(digit))?);
            }
            (None, Some(count)) => {
                let unit = match c {
                    's' => 1,
                    'm' => 60,
                    'h' => 3_600,
                    'd' => 86_400,
                    _ => return None,
                };
                total = total.checked_add(count.checked_mul(unit)?)?;
                number = None;
            }
            (None, None) => return None,
        }
    }
    (number.is_none() && !text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(duration("10m"), Some(600));
        assert_eq!(duration("1h30m"), Some(5_400));
        assert_eq!(duration("2d"), Some(172_800));
        for wrong in ["", "10", "m", "10x", "99999999999999999999s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
        assert_eq!(time("2026-01-31T10:00:00Z"), Ok(1_769_853_600_000));
        assert!(time("2026-01-31 10:00").is_ok());
        assert!(time("99999999999d").is_err());
        assert!(time("yesterday").unwrap_err().contains("is no time"));
    }

    #[test]
    fn flags_become_one_pattern() {
        let fields = Fields { level: Some(Level::Warn), room: Some("r1"), ..Fields::default() };
        assert_eq!(
            pattern(None, &fields).unwrap().unwrap(),
            r#"{ ($.level = "WARN" || $.level = "ERROR") && ($.room = "r1") }"#
        );
        assert_eq!(
            pattern(Some("{ $.n > 3 }"), &Fields { room: Some("r1"), ..Fields::default() })
                .unwrap()
                .unwrap(),
            r#"{ ($.room = "r1") && ($.n > 3) }"#
        );
        assert_eq!(pattern(Some("timed out"), &Fields::default()), Ok(Some("timed out".into())));
        assert_eq!(pattern(None, &Fields::default()), Ok(None));
    }

    #[test]
    fn what_cannot_be_combined_is_refused() {
        let fields = Fields { room: Some("r1"), ..Fields::default() };
        assert!(pattern(Some("words"), &fields).is_err());
        assert!(pattern(None, &Fields { room: Some("a\" || 1"), ..Fields::default() }).is_err());
    }
}
