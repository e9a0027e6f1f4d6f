//! Autonomous system numbers.

use std::fmt;
use std::str::FromStr;

/// A four-byte autonomous system number other than 0 (RFC 6793, RFC 7607).
///
/// It is written plain (`4200000000`) or in dot form (`64086.59904`, RFC 5396);
/// the plain form is the one that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AsNumber(u32);

/// Why a text is not an AS number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AsNumberError {
    /// AS 0 may not be used by anybody (RFC 7607).
    #[error("AS 0 is reserved and cannot be used by a BGP speaker (RFC 7607)")]
    Zero,
    /// Neither form, or too large.
    #[error("an AS number is a whole number from 1 to 4294967295, or high.low with both parts from 0 to 65535")]
    Form,
}

impl AsNumber {
    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// In dot form, as `asdot` has it: plain where two bytes are enough, `high.low`
    /// otherwise (RFC 5396).
    pub fn dotted(self) -> String {
        match (self.0 >> 16, self.0 & 0xffff) {
            (0, low) => low.to_string(),
            (high, low) => format!("{high}.{low}"),
        }
    }
}

impl FromStr for AsNumber {
    type Err = AsNumberError;

    fn from_str(text: &str) -> Result<Self, AsNumberError> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let number = match text.split_once('.') {
            None if digits(text) => text.parse().ok(),
            Some((high, low)) if digits(high) && digits(low) => match (high.parse::<u16>(), low.parse::<u16>()) {
                (Ok(high), Ok(low)) => Some(u32::from(high) << 16 | u32::from(low)),
                _ => None,
            },
            _ => None,
        };
        match number {
            Some(0) => Err(AsNumberError::Zero),
            Some(number) => Ok(Self(number)),
            None => Err(AsNumberError::Form),
        }
    }
}

impl fmt::Display for AsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_one_number() {
        // RFC 5396: 65546 is 1.10; RFC 6793: AS_TRANS is 23456.
        for (text, plain) in [
            ("65006", "65006"),
            ("1.10", "65546"),
            ("0.23456", "23456"),
            ("65535.65535", "4294967295"),
            ("4294967295", "4294967295"),
        ] {
            assert_eq!(text.parse::<AsNumber>().unwrap().to_string(), plain, "{text}");
        }
    }

    #[test]
    fn the_dot_form_is_that_of_asdot() {
        for (text, dotted) in [
            ("1", "1"),
            ("65535", "65535"),
            ("65536", "1.0"),
            ("65546", "1.10"),
            ("4200000000", "64086.59904"),
            ("4294967295", "65535.65535"),
        ] {
            let number: AsNumber = text.parse().unwrap();
            assert_eq!(number.dotted(), dotted);
            assert_eq!(number.dotted().parse(), Ok(number));
        }
    }

    #[test]
    fn what_is_not_an_as_number_is_refused() {
        for text in ["0", "0.0", "00"] {
            assert_eq!(text.parse::<AsNumber>(), Err(AsNumberError::Zero), "{text}");
        }
        for text in ["4294967296", "65536.0", "1.65536", "1.2.3", "", ".", "1.", "AS65000", "-1", "+1", " 1"] {
            assert_eq!(text.parse::<AsNumber>(), Err(AsNumberError::Form), "{text:?}");
        }
    }
}
