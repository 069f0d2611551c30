//! Roots, exponentials, logarithms and powers of decimals.
//!
//! Everything is computed in fixed point (an integer scaled by a power of ten) with guard
//! digits, then rounded to the scale PostgreSQL's rules choose.

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

use super::arithmetic::{SIGNIFICANT_MIN, divide_rounded};
use super::text::overflow;
use super::{Numeric, RESULT_SCALE_MAX, ten_to};
use crate::record::value::error::{Result, ValueError};

/// log10(e).
const LOG10_E: f64 = std::f64::consts::LOG10_E;
/// Digits computed beyond those shown.
const GUARD: i64 = 12;
/// Most digits before the point an exponential or power computes; more would take minutes.
const WHOLE_COMPUTED_MAX: f64 = 20_000.0;
/// Integer powers are computed exactly up to so many digits.
const EXACT_DIGITS_MAX: u64 = 20_000;

impl Numeric {
    /// Square root. Errors: 2201F below zero.
    pub fn sqrt(&self) -> Result<Numeric> {
        if self.is_nan() || (!self.is_finite() && self.signum() > 0) {
            return Ok(self.clone());
        }
        if self.signum() < 0 {
            return Err(ValueError::new(
                "2201F",
                "cannot take square root of a negative number",
            ));
        }
        let weight = (self.leading().0 + 1) * 4 / 2 - 1;
        self.sqrt_scaled(self.result_scale(SIGNIFICANT_MIN - weight, None))
    }

    /// Square root of a value not below zero, rounded to this scale.
    pub fn sqrt_scaled(&self, scale: i64) -> Result<Numeric> {
        // One digit more, whose truncation cannot hide a half.
        let scaled = self.fixed(2 * (scale + 1));
        let root = scaled.sqrt();
        Ok(Numeric::with_scale(divide_rounded(root, &ten_to(1)), scale))
    }

    /// e raised to this. Errors: 22003.
    pub fn exp(&self) -> Result<Numeric> {
        if !self.is_finite() {
            return Ok(match self.is_nan() || self.signum() > 0 {
                true => self.clone(),
                false => Numeric::ZERO,
            });
        }
        let weight = self.to_f64() * LOG10_E;
        if weight > WHOLE_COMPUTED_MAX {
            return Err(overflow());
        }
        let scale = self.result_scale(SIGNIFICANT_MIN - weight.max(-2000.0) as i64, None);
        if weight < -(RESULT_SCALE_MAX as f64) - 10.0 {
            return Ok(Numeric::from_i128(0, RESULT_SCALE_MAX as u16));
        }
        let places = scale + weight.max(0.0) as i64 + GUARD;
        let result = exp_fixed(&self.fixed(places), places);
        Ok(Numeric::with_scale(result, places).round(scale))
    }

    /// Natural logarithm. Errors: 2201E at or below zero.
    pub fn ln(&self) -> Result<Numeric> {
        if self.is_nan() || (!self.is_finite() && self.signum() > 0) {
            return Ok(self.clone());
        }
        self.check_logarithm()?;
        let scale = self.result_scale(SIGNIFICANT_MIN - self.ln_weight(), None);
        let places = scale + GUARD;
        Ok(Numeric::with_scale(self.ln_places(places), places).round(scale))
    }

    /// Logarithm of this in the base. Errors: 2201E at or below zero, 22012 base 1.
    pub fn log(&self, base: &Numeric) -> Result<Numeric> {
        if self.is_nan() || base.is_nan() {
            return Ok(Numeric::NAN);
        }
        base.check_logarithm()?;
        self.check_logarithm()?;
        match (base.is_finite(), self.is_finite()) {
            (false, false) => return Ok(Numeric::NAN),
            (false, true) => return Ok(Numeric::ZERO),
            (true, false) => return Ok(self.clone()),
            (true, true) => {}
        }
        let (base_weight, weight) = (base.ln_weight(), self.ln_weight());
        let scale = self.result_scale(SIGNIFICANT_MIN - (weight - base_weight), Some(base));
        let places = scale + GUARD + base_weight.abs() + weight.abs();
        let (ln, ln_base) = (self.ln_places(places), base.ln_places(places));
        if ln_base.is_zero() {
            return Err(ValueError::division_by_zero());
        }
        let quotient = divide_rounded(ln * ten_to(scale as u32), &ln_base);
        Ok(Numeric::with_scale(quotient, scale))
    }

    fn check_logarithm(&self) -> Result<()> {
        match self.signum() {
            0 => Err(ValueError::new("2201E", "cannot take logarithm of zero")),
            -1 => Err(ValueError::new(
                "2201E",
                "cannot take logarithm of a negative number",
            )),
            _ => Ok(()),
        }
    }

    /// This raised to `exponent`. Errors: 2201F when the result is not real, 22003.
    pub fn power(&self, exponent: &Numeric) -> Result<Numeric> {
        if let Some(special) = self.power_special(exponent)? {
            return Ok(special);
        }
        if let Some(whole) = exponent.to_i64_exact()
            && i32::try_from(whole).is_ok()
        {
            return self.power_whole(whole);
        }
        if self.is_zero() {
            return Ok(Numeric::from_i128(0, SIGNIFICANT_MIN as u16));
        }
        if self.signum() < 0 {
            let message = "a negative number raised to a non-integer power yields a complex result";
            return Err(ValueError::new("2201F", message));
        }
        let weight = self.ln_places(GUARD + self.ln_weight().abs());
        let weight = Numeric::with_scale(weight, GUARD + self.ln_weight().abs()).to_f64();
        let weight = weight * exponent.to_f64() * LOG10_E;
        if weight > WHOLE_COMPUTED_MAX {
            return Err(overflow());
        }
        let scale = self.result_scale(SIGNIFICANT_MIN - weight.max(-2000.0) as i64, Some(exponent));
        Ok(self.power_computed(exponent, weight, scale))
    }

    /// exp(exponent * ln(self)), rounded to the scale.
    fn power_computed(&self, exponent: &Numeric, weight: f64, scale: i64) -> Numeric {
        if weight < -(RESULT_SCALE_MAX as f64) - 10.0 {
            return Numeric::from_i128(0, scale as u16);
        }
        let exponent_digits = exponent.leading().0.max(0) * 4 + 4;
        let places = scale + weight.max(0.0) as i64 + GUARD + exponent_digits;
        let product = self.ln_places(places) * exponent.fixed(places) / ten_to(places as u32);
        Numeric::with_scale(exp_fixed(&product, places), places).round(scale)
    }

    fn power_special(&self, exponent: &Numeric) -> Result<Option<Numeric>> {
        let one = |value: &Numeric| *value == Numeric::ONE;
        if self.is_zero() && exponent.signum() < 0 && !exponent.is_nan() {
            return Err(ValueError::new(
                "2201F",
                "zero raised to a negative power is undefined",
            ));
        }
        if self.is_finite() && exponent.is_finite() {
            return Ok(None);
        }
        if one(self) || exponent.is_zero() {
            return Ok(Some(Numeric::ONE));
        }
        if self.is_nan() || exponent.is_nan() {
            return Ok(Some(Numeric::NAN));
        }
        if !exponent.is_finite() {
            let large = self.abs() > Numeric::ONE;
            return Ok(Some(match (large, exponent.signum() > 0) {
                _ if one(&self.abs()) => Numeric::ONE,
                (true, true) | (false, false) => Numeric::INFINITY,
                _ => Numeric::ZERO,
            }));
        }
        let odd = exponent
            .rem(&Numeric::from(2))
            .is_ok_and(|rest| one(&rest.abs()));
        let whole = exponent.to_i64_exact().is_some();
        Ok(Some(match (self.signum() > 0, exponent.signum() > 0) {
            (_, false) => Numeric::ZERO,
            (true, true) => Numeric::INFINITY,
            (false, true) if odd => Numeric::NEG_INFINITY,
            (false, true) if whole => Numeric::INFINITY,
            _ => {
                let message =
                    "a negative number raised to a non-integer power yields a complex result";
                return Err(ValueError::new("2201F", message));
            }
        }))
    }

    fn power_whole(&self, exponent: i64) -> Result<Numeric> {
        let scale = self.result_scale(SIGNIFICANT_MIN, None);
        let (coefficient, own_scale) = self.trim_scale().parts().unwrap_or_default();
        if exponent == 0 {
            return Ok(Numeric::ONE.round(scale));
        }
        if coefficient.is_zero() {
            return Ok(Numeric::ZERO.round(scale));
        }
        let count = exponent.unsigned_abs();
        let digits = coefficient.magnitude().to_string().len() as u64;
        if digits.saturating_mul(count) <= EXACT_DIGITS_MAX {
            let power = coefficient.pow(count as u32);
            let exact = Numeric::with_scale_unrounded(power, i64::from(own_scale) * count as i64);
            return match exponent > 0 {
                true => Ok(exact.settle(scale)),
                false => Ok(exact.reciprocal(scale)),
            };
        }
        let weight = self.abs().ln_weight_f64() * exponent as f64 * LOG10_E;
        if weight > WHOLE_COMPUTED_MAX {
            return Err(overflow());
        }
        let magnitude = self
            .abs()
            .power_computed(&Numeric::from(exponent), weight, scale);
        Ok(if self.signum() < 0 && exponent % 2 != 0 {
            magnitude.neg()
        } else {
            magnitude
        })
    }

    /// ln(self) as a float, also for values beyond a float's range.
    fn ln_weight_f64(&self) -> f64 {
        let places = GUARD + self.ln_weight().abs();
        Numeric::with_scale(self.ln_places(places), places).to_f64()
    }

    fn with_scale_unrounded(coefficient: BigInt, scale: i64) -> Exact {
        Exact { coefficient, scale }
    }

    /// The coefficient at so many places after the point, cut.
    fn fixed(&self, places: i64) -> BigInt {
        let (coefficient, scale) = self.parts().unwrap_or_default();
        let shift = places - i64::from(scale);
        match u32::try_from(shift) {
            Ok(shift) => coefficient * ten_to(shift),
            Err(_) => coefficient / ten_to(u32::try_from(-shift).unwrap_or(0)),
        }
    }

    /// ln(self) in fixed point; self is finite and above zero.
    fn ln_places(&self, places: i64) -> BigInt {
        let (coefficient, scale) = self.parts().unwrap_or_default();
        let digits = coefficient.magnitude().to_string().len() as i64;
        let exponent = digits - 1 - i64::from(scale);
        let work = places + 8 + exponent.unsigned_abs().to_string().len() as i64;
        // The mantissa, from 1 to 10.
        let shift = work - (digits - 1);
        let mantissa = match u32::try_from(shift) {
            Ok(shift) => coefficient * ten_to(shift),
            Err(_) => divide_rounded(coefficient, &ten_to(u32::try_from(-shift).unwrap_or(0))),
        };
        let result = ln_mantissa(mantissa, work) + ln_ten(work) * exponent;
        divide_rounded(result, &ten_to((work - places) as u32))
    }

    /// PostgreSQL's estimate of the decimal weight of ln(self).
    fn ln_weight(&self) -> i64 {
        let near = |bound: (i128, u16)| Numeric::from_i128(bound.0, bound.1);
        if *self >= near((9, 1)) && *self <= near((11, 1)) {
            let Ok(distance) = self.sub(&Numeric::ONE) else {
                return 0;
            };
            if distance.is_zero() {
                return 0;
            }
            let (weight, first) = distance.leading();
            return weight * 4 + (first as f64).log10() as i64;
        }
        let (weight, _) = self.leading();
        // The two leading base-10000 digits.
        let (coefficient, scale) = self.parts().unwrap_or_default();
        let places = -(weight - 1) * 4;
        let drop = i64::from(scale) - places;
        let leading = match u32::try_from(drop) {
            Ok(drop) => coefficient.abs() / ten_to(drop),
            Err(_) => coefficient.abs() * ten_to(u32::try_from(-drop).unwrap_or(0)),
        };
        let leading = leading.to_f64().unwrap_or(1.0);
        let ln = leading.ln() + ((weight - 1) * 4) as f64 * std::f64::consts::LN_10;
        match ln == 0.0 {
            true => 0,
            false => ln.abs().log10() as i64,
        }
    }
}

/// An exact power before it is rounded: its scale may be beyond the type's.
struct Exact {
    coefficient: BigInt,
    scale: i64,
}

impl Exact {
    fn settle(self, scale: i64) -> Numeric {
        let drop = self.scale - scale;
        match u32::try_from(drop) {
            Ok(drop) => Numeric::with_scale(divide_rounded(self.coefficient, &ten_to(drop)), scale),
            Err(_) => {
                let zeros = ten_to(u32::try_from(-drop).unwrap_or(0));
                Numeric::with_scale(self.coefficient * zeros, scale)
            }
        }
    }

    fn reciprocal(self, scale: i64) -> Numeric {
        let dividend = ten_to(u32::try_from(self.scale + scale).unwrap_or(0));
        Numeric::with_scale(divide_rounded(dividend, &self.coefficient), scale)
    }
}

/// ln of a mantissa from 1 to 10, by halving towards 1 and the series of atanh.
fn ln_mantissa(mut mantissa: BigInt, places: i64) -> BigInt {
    let one = ten_to(places as u32);
    let bound = &one * 4u8 / 3u8;
    let mut halvings = 0;
    while mantissa > bound {
        mantissa /= 2u8;
        halvings += 1;
    }
    let quotient = (&mantissa - &one) * &one / (&mantissa + &one);
    atanh_series(&quotient, &one) * 2u8 + ln_two(places) * halvings
}

/// z + z^3/3 + z^5/5 + ...
fn atanh_series(z: &BigInt, one: &BigInt) -> BigInt {
    let square = z * z / one;
    let (mut power, mut sum, mut divisor) = (z.clone(), z.clone(), 1u32);
    while !power.is_zero() {
        power = power * &square / one;
        divisor += 2;
        sum += &power / divisor;
    }
    sum
}

/// ln 2 = 2 atanh(1/3).
fn ln_two(places: i64) -> BigInt {
    let one = ten_to(places as u32);
    atanh_series(&(&one / 3u8), &one) * 2u8
}

/// ln 10 = 3 ln 2 + 2 atanh(1/9).
fn ln_ten(places: i64) -> BigInt {
    let one = ten_to(places as u32);
    ln_two(places) * 3u8 + atanh_series(&(&one / 9u8), &one) * 2u8
}

/// e^x in fixed point: x = n ln 2 + r, then r halved eight times for a fast series.
fn exp_fixed(x: &BigInt, places: i64) -> BigInt {
    const HALVINGS: u32 = 8;
    let work = places + 12;
    let one = ten_to(work as u32);
    let x = x * ten_to(12);
    let two = ln_two(work);
    let count = (&x / &two).to_i64().unwrap_or(0);
    let reduced = (x - &two * count) >> HALVINGS;
    let (mut term, mut sum, mut index) = (one.clone(), one.clone(), 1u32);
    while !term.is_zero() {
        term = term * &reduced / &one / index;
        sum += &term;
        index += 1;
    }
    for _ in 0..HALVINGS {
        sum = &sum * &sum / &one;
    }
    let shifted = match u64::try_from(count) {
        Ok(count) => sum << count,
        Err(_) => sum >> count.unsigned_abs(),
    };
    divide_rounded(shifted, &ten_to(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Numeric {
        text.parse().unwrap()
    }

    #[test]
    fn results_have_the_digits_postgres_gives() {
        for (result, expected) in [
            (n("2").sqrt(), "1.414213562373095"),
            (n("100000").sqrt(), "316.2277660168379"),
            (n("0.0001").sqrt(), "0.01000000000000000"),
            (n("1").exp(), "2.7182818284590452"),
            (n("-5.5").exp(), "0.004086771438464067"),
            (n("50.0").exp(), "5184705528587072464087.5"),
            (n("2.0").ln(), "0.6931471805599453"),
            (n("8").log(&n("2.0")), "3.0000000000000000"),
            (n("100").log(&n("10")), "2.0000000000000000"),
            (n("2.0").power(&n("3")), "8.0000000000000000"),
            (n("2").power(&n("-1")), "0.5000000000000000"),
            (n("3").power(&n("0.5")), "1.7320508075688773"),
            (
                n("1.5").power(&n("100")),
                "406561177535215237.3972797075670417",
            ),
            (n("0.1").power(&n("5")), "0.0000100000000000"),
            (n("1.000001").power(&n("1000000")), "2.7182804693193769"),
            (n("7.1").power(&n("0")), "1.0000000000000000"),
            (n("0").power(&n("2.5")), "0.0000000000000000"),
            (n("1").div(&n("7")), "0.14285714285714285714"),
            (n("10").div(&n("3.0")), "3.3333333333333333"),
        ] {
            assert_eq!(result.unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_not_real_is_refused() {
        assert_eq!(n("-1").sqrt().unwrap_err().code, "2201F");
        assert_eq!(n("0").ln().unwrap_err().code, "2201E");
        assert_eq!(n("-8").power(&n("0.5")).unwrap_err().code, "2201F");
        assert_eq!(n("0").power(&n("-1")).unwrap_err().code, "2201F");
        assert_eq!(n("10").power(&n("200000")).unwrap_err().code, "22003");
    }
}
