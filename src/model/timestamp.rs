//! Points in time, as people and Terraform's functions write them (RFC 3339).

use std::str::FromStr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time, in milliseconds since 1970.
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
        let milliseconds = time.unix_timestamp_nanos() / 1_000_000;
        i64::try_from(milliseconds).map(Self).map_err(|_| NoTimestamp)
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
        for text in ["", "2026-01-31", "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "tomorrow"] {
            assert_eq!(text.parse::<Timestamp>(), Err(NoTimestamp), "{text}");
        }
    }
}
