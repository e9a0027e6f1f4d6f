//! Exact numbers.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::num_traits::ToPrimitive;
use bigdecimal::{BigDecimal, Zero};

/// How many digits a number may have before and after its decimal point. Every
/// `f64` fits (1,074 digits after the point are the most it needs), and no text
/// can make a number that takes more memory than this to write down.
pub const MAX_DIGITS: u64 = 4096;

/// A number of Terraform's type system: any size, any precision, or infinite.
///
/// Two numbers are equal, ordered and hashed by what they are worth, however they
/// were made: `1`, `1.0` and `1e0` are one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(Repr);

/// One form for each number: what fits an `i64` is never a `Decimal`, and the
/// digits of a `Decimal` do not end in zero.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Repr {
    NegativeInfinity,
    Int(i64),
    Decimal(Box<BigDecimal>),
    PositiveInfinity,
}

/// Why something is not a [`Number`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    Malformed,
    /// Writing it out would take more than [`MAX_DIGITS`] digits.
    #[error("a number with more than {MAX_DIGITS} digits before or after the decimal point")]
    TooLong,
    /// A floating-point value that is no number.
    #[error("NaN is not a number")]
    NotANumber,
}

impl Number {
    /// More than any other number.
    pub const INFINITY: Number = Number(Repr::PositiveInfinity);
    /// Less than any other number.
    pub const NEGATIVE_INFINITY: Number = Number(Repr::NegativeInfinity);

    /// The number that `value` holds, to the last binary digit: 0.1 becomes
    /// 0.1000000000000000055…. A figure that was written in decimal is read with
    /// [`Number::parse`] instead.
    pub fn from_f64(value: f64) -> Result<Self, NumberError> {
        if value.is_nan() {
            return Err(NumberError::NotANumber);
        }
        if value.is_infinite() {
            return Ok(if value > 0.0 { Self::INFINITY } else { Self::NEGATIVE_INFINITY });
        }
        // value = mantissa * 2^exponent, as IEEE 754 stores it.
        let bits = value.to_bits();
        let biased = (bits >> 52) & 0x7ff;
        let fraction = bits & ((1 << 52) - 1);
        let (mut mantissa, mut exponent) =
            if biased == 0 { (fraction, -1074) } else { (fraction | (1 << 52), biased.cast_signed() - 1075) };
        if mantissa == 0 {
            return Ok(Self::from(0));
        }
        let zeros = mantissa.trailing_zeros();
        mantissa >>= zeros;
        exponent += i64::from(zeros);
        let sign = if value < 0.0 { Sign::Minus } else { Sign::Plus };
        let mantissa = BigInt::from_biguint(sign, mantissa.into());
        let power = u32::try_from(exponent.unsigned_abs()).unwrap_or(u32::MAX);
        Ok(if exponent >= 0 {
            Self::from_decimal(&BigDecimal::new(mantissa << power, 0))
        } else {
            // 2^-n = 5^n / 10^n
            Self::from_decimal(&BigDecimal::new(mantissa * BigInt::from(5).pow(power), i64::from(power)))
        })
    }

    /// The number that a decimal text such as `-12.50` or `6.02e23` spells.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return Err(NumberError::Malformed);
        }
        let exponent = exponent.map_or(Ok(0), parse_exponent)?;

        let joined = [whole, fraction].concat();
        let digits = joined.trim_start_matches('0');
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Self::from(0));
        }
        // value = significant * 10^power
        let trimmed = length(digits) - length(significant);
        let power = exponent.saturating_sub(length(fraction)).saturating_add(trimmed);
        let limit = MAX_DIGITS.cast_signed();
        if power < -limit || power.saturating_add(length(significant)) > limit {
            return Err(NumberError::TooLong);
        }
        let mut mantissa: BigInt = significant.parse().map_err(|_| NumberError::Malformed)?;
        if negative {
            mantissa = -mantissa;
        }
        Ok(Self::from_decimal(&BigDecimal::new(mantissa, -power)))
    }

    fn from_decimal(decimal: &BigDecimal) -> Self {
        let decimal = decimal.normalized();
        if decimal.is_zero() {
            return Self(Repr::Int(0));
        }
        if decimal.fractional_digit_count() <= 0
            && let Some(int) = decimal.to_i64()
        {
            return Self(Repr::Int(int));
        }
        Self(Repr::Decimal(Box::new(decimal)))
    }

    /// The number as an integer, if it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Int(int) => Some(int),
            _ => None,
        }
    }

    /// The floating-point value nearest to it.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::NegativeInfinity => f64::NEG_INFINITY,
            Repr::PositiveInfinity => f64::INFINITY,
            // Decimal text is read to the nearest value, which a cast through
            // several steps would not promise.
            Repr::Int(_) | Repr::Decimal(_) => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// The floating-point value that is exactly this number, if there is one.
    pub fn as_exact_f64(&self) -> Option<f64> {
        let float = self.to_f64();
        (Self::from_f64(float).as_ref() == Ok(self)).then_some(float)
    }

    /// Whether it is one of the two infinities.
    pub fn is_infinite(&self) -> bool {
        matches!(self.0, Repr::NegativeInfinity | Repr::PositiveInfinity)
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

fn parse_exponent(text: &str) -> Result<i64, NumberError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::Malformed);
    }
    // Beyond any limit is as good as the number itself, which may not fit.
    let far = if text.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
    Ok(text.parse::<i64>().map_or(far, |exponent| exponent.clamp(i64::MIN / 2, i64::MAX / 2)))
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(&self.0).hash(state);
        match &self.0 {
            Repr::NegativeInfinity | Repr::PositiveInfinity => {}
            Repr::Int(int) => int.hash(state),
            Repr::Decimal(decimal) => decimal.as_bigint_and_scale().hash(state),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |repr: &Repr| match repr {
            Repr::NegativeInfinity => 0,
            Repr::Int(_) | Repr::Decimal(_) => 1,
            Repr::PositiveInfinity => 2,
        };
        match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) => a.cmp(b),
            (Repr::Decimal(a), Repr::Decimal(b)) => a.cmp(b),
            (Repr::Int(a), Repr::Decimal(b)) => BigDecimal::from(*a).cmp(b),
            (Repr::Decimal(a), Repr::Int(b)) => a.as_ref().cmp(&BigDecimal::from(*b)),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    /// In plain decimal: never with an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::NegativeInfinity => f.write_str("-Infinity"),
            Repr::PositiveInfinity => f.write_str("Infinity"),
            Repr::Int(int) => int.fmt(f),
            Repr::Decimal(decimal) => decimal.write_plain_string(f),
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Repr::Int(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_| Self::from_decimal(&BigDecimal::from(value)), Self::from)
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        Self(Repr::Int(value.into()))
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self(Repr::Int(value.into()))
    }
}

impl TryFrom<f64> for Number {
    type Error = NumberError;

    fn try_from(value: f64) -> Result<Self, NumberError> {
        Self::from_f64(value)
    }
}

impl std::str::FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use proptest::prelude::*;

    use super::*;

    fn hash(number: &Number) -> u64 {
        let mut hasher = DefaultHasher::new();
        number.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn equal_worth_is_equal() {
        for (a, b) in [
            ("1", "1e0"),
            ("1", "1.000"),
            ("1", "10e-1"),
            ("100000000000000000000", "1e20"),
            ("0.5", "5e-1"),
            ("0", "-0.000e99999999999999999999"),
            ("+7", "7."),
            (".5", "0.50"),
        ] {
            let (a, b) = (Number::parse(a).unwrap(), Number::parse(b).unwrap());
            assert_eq!(a, b);
            assert_eq!(hash(&a), hash(&b));
            assert_eq!(a.cmp(&b), Ordering::Equal);
        }
        assert_eq!(Number::from_f64(0.5), Number::parse("0.5"));
        assert_eq!(Number::from_f64(-3.0).unwrap(), Number::from(-3));
        assert_ne!(Number::from_f64(0.1), Number::parse("0.1"));
        assert_eq!(Number::from(u64::MAX), Number::parse("18446744073709551615").unwrap());
        assert_eq!(Number::from(5_u64), Number::from(5_i64));
    }

    #[test]
    fn prints_plain_decimals() {
        for (text, plain) in [
            ("-12.50", "-12.5"),
            ("1e21", "1000000000000000000000"),
            ("25e-4", "0.0025"),
            ("9223372036854775808", "9223372036854775808"),
            ("-9223372036854775808", "-9223372036854775808"),
        ] {
            assert_eq!(Number::parse(text).unwrap().to_string(), plain);
        }
        let tenth = Number::from_f64(0.1).unwrap().to_string();
        assert_eq!(tenth, "0.1000000000000000055511151231257827021181583404541015625");
    }

    #[test]
    fn refuses_what_is_no_number_or_too_long() {
        for text in ["", "-", ".", "e1", "1e", "1e+", "1_000", "0x1f", "1.2.3", "inf", "NaN", " 1", "1 ", "--1", "é"] {
            assert_eq!(Number::parse(text), Err(NumberError::Malformed), "{text:?}");
        }
        for text in ["1e999999999", "-1e-999999999", "1e99999999999999999999999", "1e9223372036854775807"] {
            assert_eq!(Number::parse(text), Err(NumberError::TooLong), "{text:?}");
        }
        assert_eq!(Number::parse(&"9".repeat(4097)), Err(NumberError::TooLong));
        assert!(Number::parse(&"9".repeat(4096)).is_ok());
        assert_eq!(Number::from_f64(f64::NAN), Err(NumberError::NotANumber));
    }

    #[test]
    fn order_is_by_worth() {
        let ascending = ["-1e30", "-2", "-1.5", "-1", "0", "1e-400", "0.5", "1", "1.5", "2", "9223372036854775808"];
        let mut numbers: Vec<_> = ascending.iter().map(|text| Number::parse(text).unwrap()).collect();
        numbers.insert(0, Number::NEGATIVE_INFINITY);
        numbers.push(Number::INFINITY);
        assert!(numbers.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn only_exact_floats_are_offered() {
        assert_eq!(Number::parse("0.5").unwrap().as_exact_f64(), Some(0.5));
        assert_eq!(Number::parse("0.1").unwrap().as_exact_f64(), None);
        assert_eq!(Number::parse("1e400").unwrap().as_exact_f64(), None);
        assert_eq!(Number::INFINITY.as_exact_f64(), Some(f64::INFINITY));
        assert_eq!(Number::from(i64::MAX).as_exact_f64(), None);
        assert_eq!(Number::parse("9223372036854775808").unwrap().as_exact_f64(), Some(9_223_372_036_854_775_808.0));
    }

    proptest! {
        #[test]
        fn every_float_survives(bits: u64) {
            let float = f64::from_bits(bits);
            prop_assume!(!float.is_nan());
            let number = Number::from_f64(float).unwrap();
            let back = number.as_exact_f64().unwrap();
            prop_assert!(back.to_bits() == bits || (back == 0.0 && float == 0.0));
        }

        #[test]
        fn the_plain_text_of_a_number_is_the_number(whole: i128, exponent in -300_i32..300) {
            let number = Number::parse(&format!("{whole}e{exponent}")).unwrap();
            prop_assert_eq!(Number::parse(&number.to_string()).unwrap(), number);
        }

        #[test]
        fn integers_are_exact(value: i64) {
            prop_assert_eq!(Number::parse(&value.to_string()).unwrap().as_i64(), Some(value));
            prop_assert_eq!(Number::from(value).to_string(), value.to_string());
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,20}") {
            let _ = Number::parse(&text);
        }
    }
}
