//! Count, sum and sum of squares, behind `avg`, `stddev` and `variance`.

use crate::record::value::{Numeric, Result, Value, ValueError};

/// What is made of the moments.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wanted {
    Average,
    Variance { population: bool, root: bool },
}

/// The moments so far: exact for integers and decimals, floating for floats.
#[derive(Clone, Debug)]
pub struct Moments {
    wanted: Wanted,
    count: i64,
    sums: Sums,
}

#[derive(Clone, Debug)]
enum Sums {
    Exact {
        sum: Numeric,
        squares: Numeric,
    },
    /// Sum, and sum of squared distances from the mean (Youngs and Cramer).
    Float {
        sum: f64,
        spread: f64,
    },
}

impl Moments {
    /// Empty moments for the aggregate of this name.
    pub(super) fn new(name: &str, float: bool) -> Moments {
        let population = name.ends_with("_pop");
        let wanted = match name {
            "avg" => Wanted::Average,
            name => Wanted::Variance {
                population,
                root: name.starts_with("stddev"),
            },
        };
        let sums = match float {
            true => Sums::Float {
                sum: 0.0,
                spread: 0.0,
            },
            false => Sums::Exact {
                sum: Numeric::ZERO,
                squares: Numeric::ZERO,
            },
        };
        Moments {
            wanted,
            count: 0,
            sums,
        }
    }

    /// Adds a value that is not NULL.
    pub(super) fn update(&mut self, value: &Value) -> Result<()> {
        self.count += 1;
        let spread_wanted = self.wanted != Wanted::Average;
        match &mut self.sums {
            Sums::Exact { sum, squares } => {
                let value = match value {
                    Value::Numeric(value) => value.clone(),
                    other => Numeric::from(other.as_i64().unwrap_or(0)),
                };
                *sum = sum.add(&value)?;
                if spread_wanted {
                    *squares = squares.add(&value.mul(&value)?)?;
                }
            }
            Sums::Float { sum, spread } => {
                let value = match value {
                    Value::Float4(value) => f64::from(*value),
                    Value::Float8(value) => *value,
                    _ => f64::NAN,
                };
                let count = self.count as f64;
                let before = *sum;
                *sum += value;
                if self.count > 1 {
                    let distance = value * count - *sum;
                    *spread += distance * distance / (count * (count - 1.0));
                } else if !value.is_finite() {
                    *spread = f64::NAN;
                }
                if sum.is_infinite() && before.is_finite() && value.is_finite() {
                    return Err(ValueError::new("22003", "value out of range: overflow"));
                }
            }
        }
        Ok(())
    }

    /// Adds the moments of other rows.
    pub(super) fn merge(&mut self, other: Moments) -> Result<()> {
        if other.count == 0 {
            return Ok(());
        }
        match (&mut self.sums, other.sums) {
            (
                Sums::Exact { sum, squares },
                Sums::Exact {
                    sum: other_sum,
                    squares: other_squares,
                },
            ) => {
                *sum = sum.add(&other_sum)?;
                *squares = squares.add(&other_squares)?;
            }
            (
                Sums::Float { sum, spread },
                Sums::Float {
                    sum: other_sum,
                    spread: other_spread,
                },
            ) => {
                if self.count > 0 {
                    let (n, m) = (self.count as f64, other.count as f64);
                    let distance = *sum / n - other_sum / m;
                    *spread += other_spread + n * m * distance * distance / (n + m);
                } else {
                    *spread = other_spread;
                }
                *sum += other_sum;
            }
            _ => {}
        }
        self.count += other.count;
        Ok(())
    }

    /// The average, or the spread: NULL over too few values.
    pub(super) fn finish(&self) -> Result<Value> {
        match (self.wanted, &self.sums) {
            _ if self.count == 0 => Ok(Value::Null),
            (Wanted::Average, Sums::Exact { sum, .. }) => {
                sum.div(&Numeric::from(self.count)).map(Value::Numeric)
            }
            (Wanted::Average, Sums::Float { sum, .. }) => {
                Ok(Value::Float8(sum / self.count as f64))
            }
            (
                Wanted::Variance {
                    population: false, ..
                },
                _,
            ) if self.count == 1 => Ok(Value::Null),
            (Wanted::Variance { population, root }, Sums::Exact { sum, squares }) => {
                exact_spread(self.count, sum, squares, population, root).map(Value::Numeric)
            }
            (Wanted::Variance { population, root }, Sums::Float { spread, .. }) => {
                let divisor = if population {
                    self.count
                } else {
                    self.count - 1
                };
                let variance = spread / divisor as f64;
                Ok(Value::Float8(if root { variance.sqrt() } else { variance }))
            }
        }
    }
}

/// (n * squares - sum^2) / (n * n) or / (n * (n - 1)).
fn exact_spread(
    count: i64,
    sum: &Numeric,
    squares: &Numeric,
    population: bool,
    root: bool,
) -> Result<Numeric> {
    if !sum.is_finite() {
        return Ok(Numeric::NAN);
    }
    let n = Numeric::from(count);
    let numerator = n.mul(squares)?.sub(&sum.mul(sum)?)?;
    if numerator.signum() <= 0 {
        return Ok(Numeric::ZERO);
    }
    let other = if population { count } else { count - 1 };
    let variance = numerator.div(&n.mul(&Numeric::from(other))?)?;
    match (root, variance.scale()) {
        (true, Some(scale)) => variance.sqrt_scaled(i64::from(scale)),
        _ => Ok(variance),
    }
}
