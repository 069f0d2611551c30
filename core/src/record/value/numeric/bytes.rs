//! The forms of decimals on PostgreSQL's wire and in storage.

use num_bigint::{BigInt, Sign};
use num_traits::{Signed, ToPrimitive, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Numeric, Repr, ten_to};
use crate::record::value::error::{Result, ValueError};

const WIRE_NEGATIVE: u16 = 0x4000;
const WIRE_NAN: u16 = 0xC000;
const WIRE_INFINITY: u16 = 0xD000;
const WIRE_NEG_INFINITY: u16 = 0xF000;

impl Numeric {
    /// Appends the wire form: count, weight, sign and scale, then digits in base 10000.
    pub fn send(&self, out: &mut Vec<u8>) {
        let special = match self.0 {
            Repr::NaN => Some(WIRE_NAN),
            Repr::Infinity => Some(WIRE_INFINITY),
            Repr::NegInfinity => Some(WIRE_NEG_INFINITY),
            _ => None,
        };
        let (digits, weight) = self.wire_digits();
        let sign = special.unwrap_or(if self.signum() < 0 { WIRE_NEGATIVE } else { 0 });
        out.extend_from_slice(&(digits.len() as u16).to_be_bytes());
        out.extend_from_slice(&weight.to_be_bytes());
        out.extend_from_slice(&sign.to_be_bytes());
        out.extend_from_slice(&self.scale().unwrap_or(0).to_be_bytes());
        for digit in digits {
            out.extend_from_slice(&digit.to_be_bytes());
        }
    }

    /// Base-10000 digits without leading or trailing zeros, and the weight of the first.
    fn wire_digits(&self) -> (Vec<u16>, i16) {
        let Some((coefficient, scale)) = self.parts() else {
            return (vec![], 0);
        };
        // Aligned to whole base-10000 digits after the point.
        let groups = u32::from(scale).div_ceil(4);
        let aligned = coefficient.abs() * ten_to(groups * 4 - u32::from(scale));
        let text = aligned.to_string();
        let padded = "0".repeat(text.len().next_multiple_of(4) - text.len()) + &text;
        let mut digits: Vec<u16> = padded
            .as_bytes()
            .chunks(4)
            .map(|chunk| {
                chunk
                    .iter()
                    .fold(0, |value, b| value * 10 + u16::from(b - b'0'))
            })
            .collect();
        let mut weight = digits.len() as i64 - i64::from(groups) - 1;
        while digits.last() == Some(&0) {
            digits.pop();
        }
        if digits.is_empty() {
            weight = 0;
        }
        (digits, weight as i16)
    }

    /// Reads the wire form. Errors: 22P03.
    pub fn receive(bytes: &[u8]) -> Result<Numeric> {
        let bad = || ValueError::binary("numeric");
        let mut words = bytes.chunks(2).map(|pair| match pair {
            [high, low] => Ok(u16::from_be_bytes([*high, *low])),
            _ => Err(bad()),
        });
        let mut next = || words.next().ok_or_else(bad)?;
        let (count, weight, sign, scale) = (next()?, next()? as i16, next()?, next()?);
        if scale & !0x3fff != 0 || bytes.len() != 8 + usize::from(count) * 2 {
            return Err(bad());
        }
        match sign {
            WIRE_NAN => return Ok(Numeric::NAN),
            WIRE_INFINITY => return Ok(Numeric::INFINITY),
            WIRE_NEG_INFINITY => return Ok(Numeric::NEG_INFINITY),
            0 | WIRE_NEGATIVE => {}
            _ => return Err(bad()),
        }
        let mut text = String::with_capacity(usize::from(count) * 4);
        for _ in 0..count {
            match next()? {
                digit @ 0..=9999 => text.push_str(&format!("{digit:04}")),
                _ => return Err(bad()),
            }
        }
        let coefficient: BigInt = if text.is_empty() {
            BigInt::ZERO
        } else {
            text.parse().map_err(|_| bad())?
        };
        let coefficient = if sign == WIRE_NEGATIVE {
            -coefficient
        } else {
            coefficient
        };
        // The digits' own scale may be shorter than the display scale, or longer by zeros.
        let own_scale = (i64::from(count) - 1 - i64::from(weight)) * 4;
        Ok(Numeric::with_scale(coefficient, own_scale).trunc(i64::from(scale)))
    }

    /// The storage form: a kind or the scale, then the coefficient as signed big-endian bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Repr::NaN => vec![0xff, 0xff],
            Repr::Infinity => vec![0xff, 0xfe],
            Repr::NegInfinity => vec![0xff, 0xfd],
            Repr::Small(value, scale) => {
                let mut out = scale.to_be_bytes().to_vec();
                let skip = (value.unsigned_abs().leading_zeros().saturating_sub(1) / 8) as usize;
                out.extend_from_slice(value.to_be_bytes().get(skip..).unwrap_or_default());
                out
            }
            Repr::Big(big) => {
                let mut out = big.1.to_be_bytes().to_vec();
                out.extend_from_slice(&big.0.to_signed_bytes_be());
                out
            }
        }
    }

    /// Reads the storage form. Errors: XX001.
    pub fn from_bytes(bytes: &[u8]) -> Result<Numeric> {
        let Some((head, rest)) = bytes.split_first_chunk::<2>() else {
            return Err(ValueError::corrupt("numeric"));
        };
        match u16::from_be_bytes(*head) {
            0xffff => Ok(Numeric::NAN),
            0xfffe => Ok(Numeric::INFINITY),
            0xfffd => Ok(Numeric::NEG_INFINITY),
            scale => Ok(Numeric::new(BigInt::from_signed_bytes_be(rest), scale)),
        }
    }

    /// Sign, decimal exponent and digits of a finite value that is not zero, without trailing
    /// zeros: the value is 0.DIGITS * 10^exponent.
    pub(in crate::record::value) fn scientific(&self) -> Option<(bool, i32, String)> {
        let (coefficient, scale) = self.parts()?;
        if coefficient.is_zero() {
            return None;
        }
        let digits = coefficient.magnitude().to_string();
        let exponent = digits.len() as i32 - i32::from(scale);
        let trimmed = digits.trim_end_matches('0').to_string();
        Some((coefficient.sign() == Sign::Minus, exponent, trimmed))
    }

    /// The inverse of [`Numeric::scientific`].
    pub(in crate::record::value) fn from_scientific(
        negative: bool,
        exponent: i32,
        digits: &str,
    ) -> Option<Numeric> {
        let coefficient: BigInt = digits.parse().ok()?;
        let coefficient = if negative { -coefficient } else { coefficient };
        Some(Numeric::with_scale(
            coefficient,
            digits.len() as i64 - i64::from(exponent),
        ))
    }

    /// The value as a float when that loses nothing the caller cares about.
    pub fn to_f32(&self) -> f32 {
        match &self.0 {
            Repr::Small(value, 0) => value.to_f32().unwrap_or(f32::NAN),
            Repr::NaN | Repr::Infinity | Repr::NegInfinity => self.to_f64() as f32,
            _ => self.to_string().parse().unwrap_or(f32::NAN),
        }
    }
}

impl Serialize for Numeric {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.to_bytes().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Numeric {
    fn deserialize<D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Numeric, D::Error> {
        Numeric::from_bytes(&Vec::<u8>::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
