//! # Numeric: exact decimals with PostgreSQL's display scales
//!
//! **What.** `numeric`: an integer coefficient and the number of digits after the point, or NaN
//! or an infinity.
//!
//! **Why.** The scale is part of the value in SQL (`1.50` prints as `1.50`) and every operation
//! has a rule for the scale of its result; a general decimal crate has other rules.
//!
//! **How.** Small coefficients live inline and use 128-bit arithmetic; large ones share a big
//! integer. `arithmetic.rs` has + - * / % and rounding, `transcendental.rs` roots, logarithms
//! and powers, `text.rs` reading and printing, `bytes.rs` the wire and storage forms.
//!
//! **Limits.** 131072 digits before the point, 16383 after it, as PostgreSQL's.
//!
//! **Further reading.** PostgreSQL manual, 8.1.2.

mod arithmetic;
mod bytes;
mod convert;
mod text;
mod transcendental;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::{BigInt, Sign};
use num_traits::{ToPrimitive, Zero};

/// Most digits before the decimal point.
pub const WHOLE_DIGITS_MAX: i64 = 131_072;
/// Most digits after the decimal point of a stored value.
pub const SCALE_MAX: i64 = 16_383;
/// Most digits after the decimal point a computation chooses by itself.
pub(super) const RESULT_SCALE_MAX: i64 = 1_000;

/// An exact decimal, NaN, or an infinity. NaN is equal to itself and above everything.
#[derive(Clone)]
pub struct Numeric(Repr);

#[derive(Clone)]
enum Repr {
    NegInfinity,
    Small(i64, u16),
    Big(Arc<(BigInt, u16)>),
    Infinity,
    NaN,
}

impl Numeric {
    /// Not a number.
    pub const NAN: Numeric = Numeric(Repr::NaN);
    /// Above every finite value.
    pub const INFINITY: Numeric = Numeric(Repr::Infinity);
    /// Below every value.
    pub const NEG_INFINITY: Numeric = Numeric(Repr::NegInfinity);
    /// 0.
    pub const ZERO: Numeric = Numeric(Repr::Small(0, 0));
    /// 1.
    pub const ONE: Numeric = Numeric(Repr::Small(1, 0));

    /// `coefficient` / 10^`scale`.
    pub fn new(coefficient: BigInt, scale: u16) -> Numeric {
        match coefficient.to_i64() {
            Some(small) => Numeric(Repr::Small(small, scale)),
            None => Numeric(Repr::Big(Arc::new((coefficient, scale)))),
        }
    }

    /// `coefficient` / 10^`scale`.
    pub fn from_i128(coefficient: i128, scale: u16) -> Numeric {
        match i64::try_from(coefficient) {
            Ok(small) => Numeric(Repr::Small(small, scale)),
            Err(_) => Numeric::new(BigInt::from(coefficient), scale),
        }
    }

    /// The coefficient and scale; `None` for NaN and the infinities.
    pub fn parts(&self) -> Option<(BigInt, u16)> {
        match &self.0 {
            Repr::Small(coefficient, scale) => Some((BigInt::from(*coefficient), *scale)),
            Repr::Big(big) => Some((big.0.clone(), big.1)),
            _ => None,
        }
    }

    fn small(&self) -> Option<(i64, u16)> {
        match self.0 {
            Repr::Small(coefficient, scale) => Some((coefficient, scale)),
            _ => None,
        }
    }

    /// Digits after the decimal point; `None` for NaN and the infinities.
    pub fn scale(&self) -> Option<u16> {
        match &self.0 {
            Repr::Small(_, scale) => Some(*scale),
            Repr::Big(big) => Some(big.1),
            _ => None,
        }
    }

    /// Whether this is neither NaN nor an infinity.
    pub fn is_finite(&self) -> bool {
        self.scale().is_some()
    }

    /// Whether this is NaN.
    pub fn is_nan(&self) -> bool {
        matches!(self.0, Repr::NaN)
    }

    /// Whether this is zero.
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Repr::Small(coefficient, _) => *coefficient == 0,
            Repr::Big(big) => big.0.is_zero(),
            _ => false,
        }
    }

    /// -1, 0 or 1; NaN counts as positive.
    pub fn signum(&self) -> i32 {
        match &self.0 {
            Repr::NegInfinity => -1,
            Repr::Small(coefficient, _) => coefficient.signum() as i32,
            Repr::Big(big) if big.0.sign() == Sign::Minus => -1,
            Repr::Big(big) if big.0.is_zero() => 0,
            _ => 1,
        }
    }

    fn rank(&self) -> u8 {
        match self.0 {
            Repr::NegInfinity => 0,
            Repr::Small(..) | Repr::Big(_) => 1,
            Repr::Infinity => 2,
            Repr::NaN => 3,
        }
    }
}

/// 10^exponent.
pub(super) fn ten_to(exponent: u32) -> BigInt {
    BigInt::from(10u8).pow(exponent)
}

/// 10^exponent when it fits.
fn ten_to_i128(exponent: u16) -> Option<i128> {
    10i128.checked_pow(u32::from(exponent))
}

impl Ord for Numeric {
    fn cmp(&self, other: &Numeric) -> Ordering {
        if let (Some((a, a_scale)), Some((b, b_scale))) = (self.small(), other.small()) {
            if a_scale == b_scale {
                return a.cmp(&b);
            }
            let scale = a_scale.max(b_scale);
            let widen =
                |value: i64, from: u16| i128::from(value).checked_mul(ten_to_i128(scale - from)?);
            if let (Some(a), Some(b)) = (widen(a, a_scale), widen(b, b_scale)) {
                return a.cmp(&b);
            }
        }
        match (self.parts(), other.parts()) {
            (Some((a, a_scale)), Some((b, b_scale))) => match a_scale.cmp(&b_scale) {
                Ordering::Equal => a.cmp(&b),
                Ordering::Less => (a * ten_to(u32::from(b_scale - a_scale))).cmp(&b),
                Ordering::Greater => a.cmp(&(b * ten_to(u32::from(a_scale - b_scale)))),
            },
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Numeric {
    fn partial_cmp(&self, other: &Numeric) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Numeric {
    fn eq(&self, other: &Numeric) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Numeric {}

impl Hash for Numeric {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let trimmed = self.trim_scale();
        self.rank().hash(state);
        match &trimmed.0 {
            Repr::Small(coefficient, scale) => (*coefficient, *scale).hash(state),
            Repr::Big(big) => big.hash(state),
            _ => {}
        }
    }
}
