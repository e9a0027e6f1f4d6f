//! Which packets, by their numbers.

use std::str::FromStr;

/// Packets from a first to a last one, both included; the first packet of all is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| match text.parse() {
            Ok(0) => Err("the first packet is 1".to_owned()),
            Ok(number) => Ok(number),
            Err(_) => Err(format!("{text:?} is no number of a packet")),
        };
        let or = |text: &str, open| if text.is_empty() { Ok(open) } else { number(text) };
        let range = match text.split_once('-') {
            None => number(text).map(|it| Self { first: it, last: it })?,
            Some((first, last)) => Self { first: or(first, 1)?, last: or(last, u64::MAX)? },
        };
        if range.first > range.last {
            return Err(format!("{} comes after {}", range.first, range.last));
        }
        Ok(range)
    }
}
