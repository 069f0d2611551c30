//! To and from integers and floats.

use num_bigint::BigInt;
use num_traits::ToPrimitive;

use super::{Numeric, Repr};

impl From<i64> for Numeric {
    fn from(value: i64) -> Numeric {
        Numeric(Repr::Small(value, 0))
    }
}

impl From<i32> for Numeric {
    fn from(value: i32) -> Numeric {
        Numeric::from(i64::from(value))
    }
}

impl From<u64> for Numeric {
    fn from(value: u64) -> Numeric {
        Numeric::from_i128(i128::from(value), 0)
    }
}

impl Numeric {
    /// Rounded half away from zero to an integer; `None` when it does not fit (or is NaN
    /// or infinite).
    pub fn to_i64(&self) -> Option<i64> {
        self.round(0).parts()?.0.to_i64()
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::NaN => f64::NAN,
            Repr::Infinity => f64::INFINITY,
            Repr::NegInfinity => f64::NEG_INFINITY,
            // Printing and reading back rounds once, where dividing would round twice.
            _ => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// PostgreSQL's cast from `double precision`: 15 significant digits.
    pub fn from_f64(value: f64) -> Numeric {
        Numeric::from_float_digits(value, 15)
    }

    /// PostgreSQL's cast from `real`: 6 significant digits.
    pub fn from_f32(value: f32) -> Numeric {
        Numeric::from_float_digits(f64::from(value), 6)
    }

    fn from_float_digits(value: f64, digits: usize) -> Numeric {
        if let Some(special) = Numeric::from_special(value) {
            return special;
        }
        let text = format!("{value:.precision$e}", precision = digits - 1);
        let numeric: Numeric = text.parse().unwrap_or(Numeric::NAN);
        numeric.trim_scale()
    }

    /// Every digit of the float, for exact comparisons.
    pub fn from_f64_exact(value: f64) -> Numeric {
        if let Some(special) = Numeric::from_special(value) {
            return special;
        }
        let bits = value.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i64;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, shift) = match exponent {
            0 => (fraction, -1074),
            _ => (fraction | (1 << 52), exponent - 1075),
        };
        let mantissa = BigInt::from(mantissa) * if value.is_sign_negative() { -1 } else { 1 };
        match u32::try_from(shift) {
            Ok(shift) => Numeric::new(mantissa << shift, 0),
            // m / 2^n = m * 5^n / 10^n.
            Err(_) => {
                let shift = u16::try_from(-shift).unwrap_or(u16::MAX);
                Numeric::new(mantissa * BigInt::from(5u8).pow(u32::from(shift)), shift).trim_scale()
            }
        }
    }

    fn from_special(value: f64) -> Option<Numeric> {
        if value.is_nan() {
            Some(Numeric::NAN)
        } else if value == f64::INFINITY {
            Some(Numeric::INFINITY)
        } else if value == f64::NEG_INFINITY {
            Some(Numeric::NEG_INFINITY)
        } else {
            None
        }
    }
}
