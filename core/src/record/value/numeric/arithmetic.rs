//! + - * / % and rounding, each with PostgreSQL's rule for the scale of the result.

use num_bigint::{BigInt, Sign};
use num_traits::{Signed, ToPrimitive, Zero};

use super::text::overflow;
use super::{Numeric, RESULT_SCALE_MAX, Repr, SCALE_MAX, WHOLE_DIGITS_MAX, ten_to, ten_to_i128};
use crate::record::value::error::{Result, ValueError};

/// Significant digits a division or a root has at least.
pub(super) const SIGNIFICANT_MIN: i64 = 16;

/// Integer division rounding half away from zero.
pub(super) fn divide_rounded(dividend: BigInt, divisor: &BigInt) -> BigInt {
    let quotient = &dividend / divisor;
    let rest = (&dividend - &quotient * divisor).abs();
    if rest * 2u8 >= divisor.abs() {
        let away = if (dividend.sign() == Sign::Minus) == (divisor.sign() == Sign::Minus) {
            1
        } else {
            -1
        };
        return quotient + away;
    }
    quotient
}

impl Numeric {
    /// Sum, at the larger scale. Errors: 22003 beyond the type.
    pub fn add(&self, other: &Numeric) -> Result<Numeric> {
        if let (Some((a, a_scale)), Some((b, b_scale))) = (self.small(), other.small()) {
            let scale = a_scale.max(b_scale);
            let widen =
                |value: i64, from: u16| i128::from(value).checked_mul(ten_to_i128(scale - from)?);
            if let (Some(a), Some(b)) = (widen(a, a_scale), widen(b, b_scale))
                && let Some(sum) = a.checked_add(b)
            {
                return Ok(Numeric::from_i128(sum, scale));
            }
        }
        match (self.parts(), other.parts()) {
            (Some((a, a_scale)), Some((b, b_scale))) => {
                let scale = a_scale.max(b_scale);
                let a = a * ten_to(u32::from(scale - a_scale));
                let b = b * ten_to(u32::from(scale - b_scale));
                Numeric::new(a + b, scale).checked()
            }
            _ => Ok(match (&self.0, &other.0) {
                (Repr::NaN, _) | (_, Repr::NaN) => Numeric::NAN,
                (Repr::Infinity, Repr::NegInfinity) | (Repr::NegInfinity, Repr::Infinity) => {
                    Numeric::NAN
                }
                (Repr::Infinity, _) | (_, Repr::Infinity) => Numeric::INFINITY,
                _ => Numeric::NEG_INFINITY,
            }),
        }
    }

    /// Difference, at the larger scale. Errors: 22003 beyond the type.
    pub fn sub(&self, other: &Numeric) -> Result<Numeric> {
        self.add(&other.neg())
    }

    /// Product, at the sum of the scales. Errors: 22003 beyond the type.
    pub fn mul(&self, other: &Numeric) -> Result<Numeric> {
        if let (Some((a, a_scale)), Some((b, b_scale))) = (self.small(), other.small())
            && i64::from(a_scale) + i64::from(b_scale) <= SCALE_MAX
        {
            // Two 64-bit factors always fit 128 bits.
            return Ok(Numeric::from_i128(
                i128::from(a) * i128::from(b),
                a_scale + b_scale,
            ));
        }
        match (self.parts(), other.parts()) {
            (Some((a, a_scale)), Some((b, b_scale))) => {
                Numeric::with_scale(a * b, i64::from(a_scale) + i64::from(b_scale)).checked()
            }
            _ if self.is_nan() || other.is_nan() => Ok(Numeric::NAN),
            _ => Ok(match self.signum() * other.signum() {
                0 => Numeric::NAN,
                1 => Numeric::INFINITY,
                _ => Numeric::NEG_INFINITY,
            }),
        }
    }

    /// Quotient with at least 16 significant digits. Errors: 22012, 22003.
    pub fn div(&self, other: &Numeric) -> Result<Numeric> {
        if self.is_nan() || other.is_nan() {
            return Ok(Numeric::NAN);
        }
        match (self.parts(), other.parts()) {
            (Some(_), Some(_)) => self.div_scaled(other, self.division_scale(other)),
            (None, None) => Ok(Numeric::NAN),
            (Some(_), None) => Ok(Numeric::ZERO),
            (None, Some(_)) if other.is_zero() => Err(ValueError::division_by_zero()),
            (None, Some(_)) => match self.signum() * other.signum() {
                1 => Ok(Numeric::INFINITY),
                _ => Ok(Numeric::NEG_INFINITY),
            },
        }
    }

    /// Quotient of finite values rounded to this scale.
    pub(super) fn div_scaled(&self, other: &Numeric, scale: i64) -> Result<Numeric> {
        let (Some((a, a_scale)), Some((b, b_scale))) = (self.parts(), other.parts()) else {
            return Ok(Numeric::NAN);
        };
        if b.is_zero() {
            return Err(ValueError::division_by_zero());
        }
        let shift = scale + i64::from(b_scale) - i64::from(a_scale);
        let (mut a, mut b) = (a, b);
        match u32::try_from(shift) {
            Ok(shift) => a *= ten_to(shift),
            Err(_) => b *= ten_to(u32::try_from(-shift).unwrap_or(0)),
        }
        Numeric::with_scale(divide_rounded(a, &b), scale).checked()
    }

    /// PostgreSQL's scale for a quotient: enough for 16 significant digits in its base-10000
    /// digits, and no less than either operand's.
    fn division_scale(&self, other: &Numeric) -> i64 {
        let ((weight_a, first_a), (weight_b, first_b)) = (self.leading(), other.leading());
        let mut weight = weight_a - weight_b;
        if first_a <= first_b {
            weight -= 1;
        }
        self.result_scale(SIGNIFICANT_MIN - weight * 4, Some(other))
    }

    /// A computed scale, raised to the operands' own and bounded.
    pub(super) fn result_scale(&self, wanted: i64, other: Option<&Numeric>) -> i64 {
        let own = |numeric: &Numeric| i64::from(numeric.scale().unwrap_or(0));
        wanted
            .max(own(self))
            .max(other.map_or(0, own))
            .clamp(0, RESULT_SCALE_MAX)
    }

    /// Weight and value of the leading digit in base 10000, which PostgreSQL's scale rules use.
    pub(super) fn leading(&self) -> (i64, i64) {
        let Some((coefficient, scale)) = self.parts() else {
            return (0, 0);
        };
        if coefficient.is_zero() {
            return (0, 0);
        }
        let digits = coefficient.magnitude().to_string();
        let exponent = digits.len() as i64 - i64::from(scale) - 1;
        let weight = exponent.div_euclid(4);
        let count = (exponent - weight * 4 + 1) as usize;
        let leading: i64 = digits
            .get(..count)
            .and_then(|d| d.parse().ok())
            .unwrap_or_else(|| {
                let zeros = (count - digits.len()) as u32;
                digits.parse::<i64>().unwrap_or(0) * 10i64.pow(zeros)
            });
        (weight, leading)
    }

    /// Remainder with the sign of the dividend, at the larger scale. Errors: 22012.
    pub fn rem(&self, other: &Numeric) -> Result<Numeric> {
        if self.is_nan() || other.is_nan() {
            return Ok(Numeric::NAN);
        }
        if other.is_zero() {
            return Err(ValueError::division_by_zero());
        }
        match (self.parts(), other.parts()) {
            (Some((a, a_scale)), Some((b, b_scale))) => {
                let scale = a_scale.max(b_scale);
                let a = a * ten_to(u32::from(scale - a_scale));
                let b = b * ten_to(u32::from(scale - b_scale));
                Ok(Numeric::new(a % b, scale))
            }
            (Some(_), None) => Ok(self.clone()),
            _ => Ok(Numeric::NAN),
        }
    }

    /// Quotient cut to an integer. Errors: 22012.
    pub fn div_trunc(&self, other: &Numeric) -> Result<Numeric> {
        match (self.parts(), other.parts()) {
            (Some((a, a_scale)), Some((b, b_scale))) => {
                if b.is_zero() {
                    return Err(ValueError::division_by_zero());
                }
                let scale = a_scale.max(b_scale);
                let a = a * ten_to(u32::from(scale - a_scale));
                let b = b * ten_to(u32::from(scale - b_scale));
                Ok(Numeric::new(a / b, 0))
            }
            _ => self.div(other),
        }
    }

    /// The opposite.
    pub fn neg(&self) -> Numeric {
        match &self.0 {
            Repr::NegInfinity => Numeric::INFINITY,
            Repr::Infinity => Numeric::NEG_INFINITY,
            Repr::NaN => Numeric::NAN,
            Repr::Small(value, scale) => Numeric::from_i128(-i128::from(*value), *scale),
            Repr::Big(big) => Numeric::new(-&big.0, big.1),
        }
    }

    /// The absolute value.
    pub fn abs(&self) -> Numeric {
        if self.signum() < 0 {
            self.neg()
        } else {
            self.clone()
        }
    }

    /// Rounded half away from zero to `scale` digits after the point, which then show;
    /// a negative scale rounds before the point.
    pub fn round(&self, scale: i64) -> Numeric {
        self.rescale(scale, divide_rounded)
    }

    /// Cut to `scale` digits after the point.
    pub fn trunc(&self, scale: i64) -> Numeric {
        self.rescale(scale, |a, b| a / b)
    }

    fn rescale(&self, scale: i64, divide: fn(BigInt, &BigInt) -> BigInt) -> Numeric {
        let Some((coefficient, own)) = self.parts() else {
            return self.clone();
        };
        let scale = scale.clamp(-WHOLE_DIGITS_MAX, SCALE_MAX);
        let drop = i64::from(own) - scale;
        let coefficient = match u32::try_from(drop) {
            Ok(drop) => divide(coefficient, &ten_to(drop)),
            Err(_) => coefficient * ten_to(u32::try_from(-drop).unwrap_or(0)),
        };
        Numeric::with_scale(coefficient, scale)
    }

    /// The least integer not below.
    pub fn ceil(&self) -> Numeric {
        self.neg().floor().neg()
    }

    /// The greatest integer not above.
    pub fn floor(&self) -> Numeric {
        let cut = self.trunc(0);
        match self.signum() < 0 && cut != *self {
            true => cut.sub(&Numeric::ONE).unwrap_or(cut),
            false => cut,
        }
    }

    /// Without trailing zeros after the point.
    pub fn trim_scale(&self) -> Numeric {
        let Some((mut coefficient, mut scale)) = self.parts() else {
            return self.clone();
        };
        if let Some((mut value, mut scale)) = self.small() {
            while scale > 0 && value % 10 == 0 {
                value /= 10;
                scale -= 1;
            }
            return Numeric(Repr::Small(value, scale));
        }
        let ten = BigInt::from(10u8);
        while scale > 0 && (&coefficient % &ten).is_zero() {
            coefficient /= &ten;
            scale -= 1;
        }
        Numeric::new(coefficient, scale)
    }

    /// Refuses a value with more digits than the type has.
    pub(super) fn checked(self) -> Result<Numeric> {
        if let Repr::Big(big) = &self.0 {
            // 3.32 bits make a digit; below this many bits no value can be too large.
            let digits_bound = big.0.bits() as i64 * 10 / 33;
            if digits_bound - i64::from(big.1) > WHOLE_DIGITS_MAX {
                return Err(overflow());
            }
        }
        Ok(self)
    }

    /// Fitted to `numeric(precision, scale)`. Errors: 22003 `numeric field overflow`.
    pub fn fit(&self, precision: i32, scale: i32) -> Result<Numeric> {
        let field_overflow =
            |detail: String| ValueError::new("22003", "numeric field overflow").with_detail(detail);
        if self.is_nan() {
            return Ok(Numeric::NAN);
        }
        if !self.is_finite() {
            return Err(field_overflow(format!(
                "A field with precision {precision}, scale {scale} cannot hold an infinite value."
            )));
        }
        let rounded = self.round(i64::from(scale));
        let whole_max = i64::from(precision) - i64::from(scale);
        let (coefficient, own) = rounded.parts().unwrap_or_default();
        let digits = match coefficient.is_zero() {
            true => i64::MIN,
            false => coefficient.magnitude().to_string().len() as i64 - i64::from(own),
        };
        if digits > whole_max {
            let bound = if whole_max == 0 {
                "1".to_string()
            } else {
                format!("10^{whole_max}")
            };
            return Err(field_overflow(format!(
                "A field with precision {precision}, scale {scale} must round to an absolute value less than {bound}."
            )));
        }
        Ok(rounded)
    }

    /// The value as an exact 64-bit integer, when it is one.
    pub fn to_i64_exact(&self) -> Option<i64> {
        let trimmed = self.trim_scale();
        let (coefficient, scale) = trimmed.parts()?;
        if scale == 0 {
            coefficient.to_i64()
        } else {
            None
        }
    }
}
