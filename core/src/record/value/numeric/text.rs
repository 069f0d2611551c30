//! Reading and printing decimals.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_traits::Signed;

use super::{Numeric, Repr, SCALE_MAX, WHOLE_DIGITS_MAX, ten_to};
use crate::record::value::error::ValueError;

impl FromStr for Numeric {
    type Err = ValueError;

    /// Reads PostgreSQL's input form: sign, digits, point, exponent; `NaN`, `Infinity`.
    ///
    /// Errors: 22P02, and 22003 when the value is beyond the type.
    fn from_str(text: &str) -> Result<Numeric, ValueError> {
        let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
        if let Some(special) = special(trimmed) {
            return Ok(special);
        }
        let parts = split(trimmed).ok_or_else(|| ValueError::syntax("numeric", text))?;
        assemble(&parts)
    }
}

fn special(text: &str) -> Option<Numeric> {
    Some(match text.to_ascii_lowercase().as_str() {
        "nan" => Numeric::NAN,
        "infinity" | "+infinity" | "inf" | "+inf" => Numeric::INFINITY,
        "-infinity" | "-inf" => Numeric::NEG_INFINITY,
        _ => return None,
    })
}

struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

fn split(text: &str) -> Option<Parts<'_>> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let some = !whole.is_empty() || !fraction.is_empty();
    (some && digits(whole) && digits(fraction)).then_some(Parts {
        negative,
        whole,
        fraction,
        exponent,
    })
}

fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // An exponent too long to read is beyond the type anyway.
    Some(text.parse().unwrap_or(i64::from(i32::MAX)))
}

fn assemble(parts: &Parts<'_>) -> Result<Numeric, ValueError> {
    let digits = format!("{}{}", parts.whole, parts.fraction);
    let digits = digits.trim_start_matches('0');
    let scale = parts.fraction.len() as i64 - parts.exponent;
    let whole = digits.len() as i64 - scale;
    if !digits.is_empty() && whole > WHOLE_DIGITS_MAX {
        return Err(overflow());
    }
    if parts.exponent.abs() > i64::from(i32::MAX / 2) {
        return Err(overflow());
    }
    if digits.is_empty() {
        return Ok(Numeric::from_i128(0, scale.clamp(0, SCALE_MAX) as u16));
    }
    if scale > SCALE_MAX + digits.len() as i64 + 1 {
        return Ok(Numeric::from_i128(0, SCALE_MAX as u16));
    }
    let coefficient = match digits.parse::<i128>() {
        Ok(small) => BigInt::from(small),
        Err(_) => digits.parse::<BigInt>().map_err(|_| overflow())?,
    };
    let coefficient = if parts.negative {
        -coefficient
    } else {
        coefficient
    };
    Ok(Numeric::with_scale(coefficient, scale))
}

/// 22003: more digits than the type has.
pub(super) fn overflow() -> ValueError {
    ValueError::new("22003", "value overflows numeric format")
}

impl Numeric {
    /// `coefficient` / 10^`scale` for any scale: a negative one adds zeros, one beyond the
    /// type's limit rounds.
    pub(super) fn with_scale(coefficient: BigInt, scale: i64) -> Numeric {
        if scale < 0 {
            let zeros = u32::try_from(-scale)
                .unwrap_or(u32::MAX)
                .min(WHOLE_DIGITS_MAX as u32 + 1);
            return Numeric::new(coefficient * ten_to(zeros), 0);
        }
        match u16::try_from(scale) {
            Ok(scale) if i64::from(scale) <= SCALE_MAX => Numeric::new(coefficient, scale),
            _ => {
                let drop = u32::try_from(scale - SCALE_MAX).unwrap_or(u32::MAX);
                let rounded = super::arithmetic::divide_rounded(coefficient, &ten_to(drop));
                Numeric::new(rounded, SCALE_MAX as u16)
            }
        }
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (negative, digits, scale) = match &self.0 {
            Repr::NaN => return f.write_str("NaN"),
            Repr::Infinity => return f.write_str("Infinity"),
            Repr::NegInfinity => return f.write_str("-Infinity"),
            Repr::Small(value, scale) => (*value < 0, value.unsigned_abs().to_string(), *scale),
            Repr::Big(big) => (big.0.is_negative(), big.0.magnitude().to_string(), big.1),
        };
        let scale = usize::from(scale);
        if negative {
            f.write_str("-")?;
        }
        if scale == 0 {
            return f.write_str(&digits);
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{whole}.{fraction}")
    }
}

impl fmt::Debug for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Numeric({self})")
    }
}
