//! Numbers kept as text, read as strictly as Redis reads them.
//!
//! Fractions are added in decimal, so that a tenth is a tenth: what a client
//! adds and takes away again leaves nothing behind. Redis adds in 80-bit binary
//! and prints 17 places; up to those 17 places the results are the same.

use bigdecimal::{BigDecimal, RoundingMode};
use num_bigint::{BigInt, Sign};
use num_traits::Zero;

use super::OpError;

/// Digits after the point of a sum.
const PLACES: i64 = 17;
/// No number has more digits before the point, or its first one further
/// behind it: the range of an 80-bit float.
const EXPONENT_MAX: i64 = 4932;
/// Longer text is no number.
const TEXT_BYTES_MAX: usize = 5 * 1024;

/// A whole number of 64 bits without sign `+`, leading zeros or spaces.
pub(super) fn parse_int(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        b"0" => digits.len() == text.len(),
        [b'1'..=b'9', ..] => true,
        _ => false,
    };
    if !canonical {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A number that may be a fraction.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    /// Somewhere on the line.
    Finite(BigDecimal),
    /// Beyond either end of it.
    Infinite,
}

impl Number {
    /// Reads decimal text with or without exponent. Not a number is not one.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        let (sign, unsigned) = match text.strip_prefix(['-', '+']) {
            Some(rest) if text.starts_with('-') => (Sign::Minus, rest),
            Some(rest) => (Sign::Plus, rest),
            None => (Sign::Plus, text),
        };
        if ["inf", "infinity"].contains(&unsigned.to_ascii_lowercase().as_str()) {
            return Some(Self::Infinite);
        }
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        finite(sign, whole, fraction, exponent).map(Self::Finite)
    }

    /// The sum as text: as many places as needed, at most 17.
    pub fn add(&self, other: &Self) -> Result<String, OpError> {
        let (Self::Finite(a), Self::Finite(b)) = (self, other) else {
            return Err(OpError::NotFinite);
        };
        let sum = (a + b)
            .with_scale_round(PLACES, RoundingMode::HalfEven)
            .normalized();
        if sum.digits() as i64 - sum.fractional_digit_count() > EXPONENT_MAX + 1 {
            return Err(OpError::NotFinite);
        }
        Ok(sum.to_plain_string())
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn finite(sign: Sign, whole: &str, fraction: &str, exponent: i64) -> Option<BigDecimal> {
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = BigInt::parse_bytes(digits.as_bytes(), 10)?;
    if size.is_zero() {
        return Some(BigDecimal::zero());
    }
    let zeros = digits.bytes().take_while(|&byte| byte == b'0').count();
    let first =
        exponent.checked_add(i64::try_from(whole.len()).ok()?)? - i64::try_from(zeros).ok()?;
    if first.checked_abs()? > EXPONENT_MAX {
        return None;
    }
    let size = if sign == Sign::Minus { -size } else { size };
    Some(BigDecimal::new(
        size,
        i64::try_from(fraction.len()).ok()? - exponent,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(a: &str, b: &str) -> Result<String, OpError> {
        let read = |text: &str| Number::parse(text.as_bytes()).expect("a number");
        read(a).add(&read(b))
    }

    #[test]
    fn sums_are_printed_as_people_write_them() {
        for (a, b, expected) in [
            ("10.5", "0.1", "10.6"),
            ("5.0e3", "0", "5000"),
            ("5.0e3", "2.0e2", "5200"),
            ("3.0", "1.1", "4.1"),
            ("1", "-1.1", "-0.1"),
            ("1.23", "-1.23", "0"),
            ("17179869184", "1.5", "17179869185.5"),
            ("3", "3", "6"),
            ("100", "-0", "100"),
            (".5", "5.", "5.5"),
            ("0.02439024390243902439", "-0.02439024390243902439", "0"),
            ("0.1", "0.000000000000000000001", "0.1"),
            ("1e20", "1", "100000000000000000001"),
        ] {
            assert_eq!(sum(a, b).as_deref(), Ok(expected), "{a} + {b}");
        }
    }

    #[test]
    fn infinity_is_no_sum() {
        assert_eq!(sum("0", "+inf"), Err(OpError::NotFinite));
        assert_eq!(sum("-Infinity", "1"), Err(OpError::NotFinite));
    }

    #[test]
    fn text_that_is_no_number_is_not_taken_for_one() {
        for text in [
            "",
            " 11",
            "11 ",
            "1\x002",
            "nan",
            "abc",
            ".",
            "1e",
            "e5",
            "1e99999999",
            "--1",
            "0x10",
        ] {
            assert_eq!(Number::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn whole_numbers_have_one_spelling() {
        assert_eq!(parse_int(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_int(b"0"), Some(0));
        for text in [
            "",
            "-",
            "+1",
            "01",
            "-0",
            " 1",
            "1 ",
            "9223372036854775808",
            "1.0",
        ] {
            assert_eq!(parse_int(text.as_bytes()), None, "{text:?}");
        }
    }
}
