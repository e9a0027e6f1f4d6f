//! Points in time, as people and Terraform's functions write them (RFC 3339).

use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time, in milliseconds since 1970. What was read of a text lies in the
/// years 0 to 9999, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// A text that is no point in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no point in time")]
pub struct NoTimestamp;

impl FromStr for Timestamp {
    type Err = NoTimestamp;

    fn from_str(text: &str) -> Result<Self, NoTimestamp> {
        let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NoTimestamp)?;
        let milliseconds = time.unix_timestamp_nanos().div_euclid(NANOSECONDS);
        let timestamp = i64::try_from(milliseconds).map(Self).map_err(|_| NoTimestamp)?;
        // Near the ends of what can be written, another time zone has no year for it.
        timestamp.in_utc().map(|_| timestamp).ok_or(NoTimestamp)
    }
}

/// Nanoseconds of a millisecond.
const NANOSECONDS: i128 = 1_000_000;

impl Timestamp {
    /// The date and the time in UTC; none where the year has not four digits.
    fn in_utc(self) -> Option<OffsetDateTime> {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * NANOSECONDS).ok()?;
        (0..=9_999).contains(&time.year()).then_some(time)
    }
}

/// In UTC, with milliseconds where there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.in_utc().ok_or(fmt::Error)?;
        let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
        let (hour, minute, second) = time.to_hms();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match time.millisecond() {
            0 => f.write_str("Z"),
            milliseconds => write!(f, ".{milliseconds:03}Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_and_fractions_are_read() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-31T12:00:00Z", 1_769_860_800_000),
            ("2026-01-31T13:00:00.250+01:00", 1_769_860_800_250),
            ("1969-12-31T23:59:59Z", -1_000),
        ] {
            assert_eq!(text.parse(), Ok(Timestamp(milliseconds)), "{text}");
        }
        // The year that it is in UTC cannot be written.
        let beyond = ["0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"];
        for text in
            beyond.into_iter().chain(["", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "tomorrow"])
        {
            assert_eq!(text.parse::<Timestamp>(), Err(NoTimestamp), "{text}");
        }
    }

    #[test]
    fn one_moment_has_one_spelling() {
        for (text, meant) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("2026-01-31t13:00:00+01:00", "2026-01-31T12:00:00Z"),
            ("2026-01-01T00:30:00.250+01:00", "2025-12-31T23:30:00.250Z"),
            ("2026-01-31T12:00:00.0009Z", "2026-01-31T12:00:00Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time.to_string(), meant, "{text}");
            assert_eq!(meant.parse(), Ok(time), "{text}");
        }
    }
}
