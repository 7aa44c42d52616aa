//! Times as SigV4 writes them: `YYYYMMDDTHHMMSSZ`.

/// Seconds since the epoch; `None` for anything but a real UTC time in this very form.
pub fn parse(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0_i64, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let real = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    real.then(|| days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days from the epoch to a date of the Gregorian calendar: years begin in March, so that the leap
/// day is the last, and 719,468 days lie between March of the year 0 and the epoch.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month < 3 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The time as SigV4 writes it.
pub fn format(epoch_s: i64) -> String {
    jiff::Timestamp::from_second(epoch_s)
        .map_or_else(|_| epoch_s.to_string(), |time| time.strftime("%Y%m%dT%H%M%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_the_same_forth_and_back() {
        for second in [0, 951_782_400, 1_440_938_160, 1_709_164_800, 1_740_787_199, 4_102_444_799] {
            assert_eq!(parse(&format(second)), Some(second));
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in ["", "20150830", "20150830T123600", "20151330T123600Z", "2015083aT123600Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
