//! Aggregates as accumulators: update with each row, merge partial ones, finish.

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use super::functions::{
    Function, Register, json_text, json_tree, object_key, object_member, resolve_among,
};
use super::moments::Moments;
use crate::record::value::{
    Array, Interval, Jsonb, Numeric, Result, Settings, Type, Value, ValueError, compare, datetime,
};

/// An aggregate with its argument types settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// Lower-case name; `count` without arguments is `count(*)`.
    pub name: String,
    /// The type each argument must be cast to, implicitly.
    pub args: Vec<Type>,
    /// The result type.
    pub result: Type,
}

/// Every aggregate's signatures.
static AGGREGATES: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let mut register = Register::default();
    let mut each = |name: &str, signatures: &[&str]| {
        for signature in signatures {
            register.declare(&format!("{name}{signature}"));
        }
    };
    each("count", &["() bigint", "(any) bigint"]);
    each(
        "sum",
        &[
            "(smallint) bigint",
            "(integer) bigint",
            "(bigint) numeric",
            "(numeric) numeric",
            "(real) real",
            "(double precision) double precision",
            "(interval) interval",
        ],
    );
    each(
        "avg",
        &[
            "(smallint) numeric",
            "(integer) numeric",
            "(bigint) numeric",
            "(numeric) numeric",
            "(real) double precision",
            "(double precision) double precision",
            "(interval) interval",
        ],
    );
    for ty in [
        "smallint",
        "integer",
        "bigint",
        "oid",
        "real",
        "double precision",
        "numeric",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "interval",
        "text",
        "character",
        "anyarray",
    ] {
        each("min", &[&format!("({ty}) {ty}")]);
        each("max", &[&format!("({ty}) {ty}")]);
    }
    for name in ["bool_and", "bool_or", "every"] {
        each(name, &["(boolean) boolean"]);
    }
    for name in ["bit_and", "bit_or", "bit_xor"] {
        each(
            name,
            &[
                "(smallint) smallint",
                "(integer) integer",
                "(bigint) bigint",
            ],
        );
    }
    for name in [
        "stddev",
        "stddev_samp",
        "stddev_pop",
        "variance",
        "var_samp",
        "var_pop",
    ] {
        each(
            name,
            &[
                "(smallint) numeric",
                "(integer) numeric",
                "(bigint) numeric",
                "(numeric) numeric",
                "(real) double precision",
                "(double precision) double precision",
            ],
        );
    }
    each("string_agg", &["(text, text) text", "(bytea, bytea) bytea"]);
    each(
        "array_agg",
        &["(anynonarray) anyarray", "(anyarray) anyarray"],
    );
    each("json_agg", &["(anyelement) json"]);
    each("jsonb_agg", &["(anyelement) jsonb"]);
    each("json_object_agg", &["(any, any) json"]);
    each("jsonb_object_agg", &["(any, any) jsonb"]);
    register.into_functions()
});

/// Every aggregate's signatures, for `pg_proc`.
pub fn aggregates() -> &'static [Function] {
    &AGGREGATES
}

/// Finds the aggregate of this name for arguments of these types: `None` when no
/// aggregate has the name, 42883 when the types do not fit.
pub fn resolve_aggregate(name: &str, args: &[Type]) -> Option<Result<Aggregate>> {
    let named: Vec<&'static Function> = AGGREGATES
        .iter()
        .filter(|function| function.name == name)
        .collect();
    if named.is_empty() {
        return None;
    }
    Some(resolve_among(name, named, args).map(|resolved| Aggregate {
        name: name.to_string(),
        result: match (name, resolved.args.as_slice()) {
            // An array of arrays has one dimension more, not another type.
            ("array_agg", [only]) => Type::array_of(only.clone()),
            _ => resolved.result,
        },
        args: resolved.args,
    }))
}

/// The running state of one aggregate over one group.
#[derive(Clone, Debug)]
pub enum Accumulator {
    /// `count`: rows, or values that are not NULL.
    Count {
        /// So far.
        count: i64,
        /// Whether NULLs count: `count(*)`.
        rows: bool,
    },
    /// `sum` of integers, to `bigint` or `numeric`.
    SumInteger {
        /// So far, once there was a value.
        sum: Option<i128>,
        /// Whether the result is `numeric`.
        numeric: bool,
    },
    /// `sum` of decimals.
    SumNumeric(Option<Numeric>),
    /// `sum` of floats.
    SumFloat {
        /// So far, once there was a value.
        sum: Option<f64>,
        /// Whether the result is `real`.
        single: bool,
    },
    /// `sum` and `avg` of intervals.
    Intervals {
        /// So far.
        sum: Interval,
        /// Number of values.
        count: i64,
        /// Whether the result is the mean.
        average: bool,
    },
    /// `avg`, `stddev` and `variance` of numbers.
    Moments(Moments),
    /// `min` and `max`.
    Extreme {
        /// So far; NULL before the first value.
        best: Value,
        /// The order of a better value to the best.
        wanted: Ordering,
    },
    /// `bool_and`, `bool_or`.
    Truth {
        /// So far, once there was a value.
        state: Option<bool>,
        /// AND rather than OR.
        all: bool,
    },
    /// `bit_and`, `bit_or`, `bit_xor`.
    Bits {
        /// So far; NULL before the first value.
        state: Value,
        /// Which.
        apply: fn(i64, i64) -> i64,
    },
    /// `string_agg` of text.
    Text(Option<String>),
    /// `string_agg` of bytes.
    Bytes(Option<Vec<u8>>),
    /// `array_agg`.
    Array {
        /// The values, NULLs included.
        values: Vec<Value>,
        /// The type of the argument.
        element: Type,
    },
    /// `json_agg`, `json_object_agg`: texts of elements or members.
    Json {
        /// So far.
        parts: Vec<String>,
        /// Whether parts are members.
        object: bool,
    },
    /// `jsonb_agg`.
    JsonbArray(Option<Vec<Jsonb>>),
    /// `jsonb_object_agg`.
    JsonbObject(Option<Vec<(Arc<str>, Jsonb)>>),
}

impl Aggregate {
    /// An empty accumulator.
    pub fn accumulator(&self) -> Accumulator {
        let argument = self.args.first();
        let float = matches!(argument, Some(Type::Float4 | Type::Float8));
        match self.name.as_str() {
            "count" => Accumulator::Count {
                count: 0,
                rows: self.args.is_empty(),
            },
            "sum" | "avg" if argument == Some(&Type::Interval) => Accumulator::Intervals {
                sum: Interval::default(),
                count: 0,
                average: self.name == "avg",
            },
            "sum" if float => Accumulator::SumFloat {
                sum: None,
                single: argument == Some(&Type::Float4),
            },
            "sum" if argument == Some(&Type::Numeric) => Accumulator::SumNumeric(None),
            "sum" => Accumulator::SumInteger {
                sum: None,
                numeric: self.result == Type::Numeric,
            },
            "min" => Accumulator::Extreme {
                best: Value::Null,
                wanted: Ordering::Less,
            },
            "max" => Accumulator::Extreme {
                best: Value::Null,
                wanted: Ordering::Greater,
            },
            "bool_and" | "every" => Accumulator::Truth {
                state: None,
                all: true,
            },
            "bool_or" => Accumulator::Truth {
                state: None,
                all: false,
            },
            "bit_and" => Accumulator::Bits {
                state: Value::Null,
                apply: |a, b| a & b,
            },
            "bit_or" => Accumulator::Bits {
                state: Value::Null,
                apply: |a, b| a | b,
            },
            "bit_xor" => Accumulator::Bits {
                state: Value::Null,
                apply: |a, b| a ^ b,
            },
            "string_agg" if argument == Some(&Type::Bytea) => Accumulator::Bytes(None),
            "string_agg" => Accumulator::Text(None),
            "array_agg" => Accumulator::Array {
                values: Vec::new(),
                element: argument.cloned().unwrap_or(Type::Text),
            },
            "json_agg" => Accumulator::Json {
                parts: Vec::new(),
                object: false,
            },
            "json_object_agg" => Accumulator::Json {
                parts: Vec::new(),
                object: true,
            },
            "jsonb_agg" => Accumulator::JsonbArray(None),
            "jsonb_object_agg" => Accumulator::JsonbObject(None),
            name => Accumulator::Moments(Moments::new(name, float)),
        }
    }
}

impl Accumulator {
    /// Adds one row's arguments. Errors: 22003, 22008, 22023, 54000.
    pub fn update(&mut self, args: &[Value], settings: &Settings) -> Result<()> {
        let value = args.first().unwrap_or(&Value::Null);
        match self {
            Accumulator::Count { count, rows } => *count += i64::from(*rows || !value.is_null()),
            Accumulator::Array { values, .. } => values.push(value.clone()),
            Accumulator::Json {
                parts,
                object: false,
            } => parts.push(json_text(value, settings)?),
            Accumulator::Json {
                parts,
                object: true,
            } => {
                let key = object_key(value, settings)?;
                let member = json_text(args.get(1).unwrap_or(&Value::Null), settings)?;
                parts.push(object_member(&key, &member));
            }
            Accumulator::JsonbArray(elements) => {
                elements
                    .get_or_insert_default()
                    .push(json_tree(value, settings)?);
            }
            Accumulator::JsonbObject(members) => {
                let key = object_key(value, settings)?;
                let member = json_tree(args.get(1).unwrap_or(&Value::Null), settings)?;
                members.get_or_insert_default().push((key.into(), member));
            }
            _ if value.is_null() => {}
            _ => self.update_value(value, args.get(1))?,
        }
        Ok(())
    }

    /// Adds a value that is not NULL to an aggregate that ignores NULLs.
    fn update_value(&mut self, value: &Value, second: Option<&Value>) -> Result<()> {
        match self {
            Accumulator::SumInteger { sum, .. } => {
                *sum = Some(sum.unwrap_or(0) + i128::from(value.as_i64().unwrap_or(0)));
            }
            Accumulator::SumNumeric(sum) => {
                if let Value::Numeric(value) = value {
                    *sum = Some(match sum {
                        Some(sum) => sum.add(value)?,
                        None => value.clone(),
                    });
                }
            }
            Accumulator::SumFloat { sum, single } => add_float(sum, float_of(value), *single)?,
            Accumulator::Intervals { sum, count, .. } => {
                if let Value::Interval(interval) = value {
                    *sum = sum.checked_add(*interval)?;
                    *count += 1;
                }
            }
            Accumulator::Moments(moments) => moments.update(value)?,
            Accumulator::Extreme { best, wanted }
                if best.is_null() || compare::compare(value, best) == *wanted =>
            {
                *best = value.clone();
            }
            Accumulator::Truth { state, all } => {
                let value = value.as_bool().unwrap_or(false);
                *state = Some(match (*state, *all) {
                    (None, _) => value,
                    (Some(state), true) => state && value,
                    (Some(state), false) => state || value,
                });
            }
            Accumulator::Bits { state, apply } => *state = combine_bits(state, value, *apply),
            Accumulator::Text(text) => {
                let value = value.as_str().unwrap_or_default();
                match text {
                    Some(text) => {
                        text.push_str(second.and_then(Value::as_str).unwrap_or_default());
                        text.push_str(value);
                    }
                    None => *text = Some(value.to_string()),
                }
            }
            Accumulator::Bytes(bytes) => {
                if let Value::Bytea(value) = value {
                    match (bytes.as_mut(), second) {
                        (Some(bytes), Some(Value::Bytea(delimiter))) => {
                            bytes.extend_from_slice(delimiter);
                            bytes.extend_from_slice(value);
                        }
                        (Some(bytes), _) => bytes.extend_from_slice(value),
                        (None, _) => *bytes = Some(value.to_vec()),
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds another accumulator of the same aggregate, whose rows follow this one's.
    ///
    /// `string_agg` cannot be merged: the delimiter of the other's first row is gone.
    /// Errors: 22003, 22008, 0A000.
    pub fn merge(&mut self, other: Accumulator) -> Result<()> {
        use Accumulator as A;
        match (self, other) {
            (A::Count { count, .. }, A::Count { count: other, .. }) => *count += other,
            (
                A::SumInteger { sum, .. },
                A::SumInteger {
                    sum: Some(other), ..
                },
            ) => {
                *sum = Some(sum.unwrap_or(0) + other);
            }
            (this @ A::SumNumeric(_), A::SumNumeric(Some(other))) => {
                this.update_value(&Value::Numeric(other), None)?;
            }
            (
                A::SumFloat { sum, single },
                A::SumFloat {
                    sum: Some(other), ..
                },
            ) => add_float(sum, other, *single)?,
            (
                A::Intervals { sum, count, .. },
                A::Intervals {
                    sum: other,
                    count: others,
                    ..
                },
            ) => {
                *sum = sum.checked_add(other)?;
                *count += others;
            }
            (A::Moments(moments), A::Moments(other)) => moments.merge(other)?,
            (this @ A::Extreme { .. }, A::Extreme { best, .. }) if !best.is_null() => {
                this.update_value(&best, None)?
            }
            (
                this @ A::Truth { .. },
                A::Truth {
                    state: Some(state), ..
                },
            ) => {
                this.update_value(&Value::Bool(state), None)?;
            }
            (this @ A::Bits { .. }, A::Bits { state, .. }) if !state.is_null() => {
                this.update_value(&state, None)?
            }
            (A::Array { values, .. }, A::Array { values: others, .. }) => values.extend(others),
            (A::Json { parts, .. }, A::Json { parts: others, .. }) => parts.extend(others),
            (A::JsonbArray(elements), A::JsonbArray(Some(others))) => {
                elements.get_or_insert_default().extend(others)
            }
            (A::JsonbObject(members), A::JsonbObject(Some(others))) => {
                members.get_or_insert_default().extend(others)
            }
            (A::Text(text @ None), A::Text(other)) => *text = other,
            (A::Bytes(bytes @ None), A::Bytes(other)) => *bytes = other,
            (A::Text(Some(_)), A::Text(Some(_))) | (A::Bytes(Some(_)), A::Bytes(Some(_))) => {
                return Err(ValueError::unsupported(
                    "string_agg cannot be computed in parts",
                ));
            }
            _ => {}
        }
        Ok(())
    }

    /// The result so far. Errors: 22003, 22008, 2202E.
    pub fn finish(&self) -> Result<Value> {
        Ok(match self {
            Accumulator::Count { count, .. } => Value::Int8(*count),
            Accumulator::SumInteger { sum: None, .. } => Value::Null,
            Accumulator::SumInteger {
                sum: Some(sum),
                numeric: true,
            } => Value::Numeric(Numeric::from_i128(*sum, 0)),
            Accumulator::SumInteger {
                sum: Some(sum),
                numeric: false,
            } => match i64::try_from(*sum) {
                Ok(sum) => Value::Int8(sum),
                Err(_) => return Err(ValueError::out_of_range("bigint")),
            },
            Accumulator::SumNumeric(sum) => sum.clone().map_or(Value::Null, Value::Numeric),
            Accumulator::SumFloat { sum, single } => match (sum, single) {
                (None, _) => Value::Null,
                (Some(sum), true) => Value::Float4(*sum as f32),
                (Some(sum), false) => Value::Float8(*sum),
            },
            Accumulator::Intervals { count: 0, .. } => Value::Null,
            Accumulator::Intervals {
                sum,
                count,
                average: true,
            } => Value::Interval(datetime::arithmetic::interval_divided(sum, *count as f64)?),
            Accumulator::Intervals { sum, .. } => Value::Interval(*sum),
            Accumulator::Moments(moments) => moments.finish()?,
            Accumulator::Extreme { best, .. } => best.clone(),
            Accumulator::Truth { state, .. } => state.map_or(Value::Null, Value::Bool),
            Accumulator::Bits { state, .. } => state.clone(),
            Accumulator::Text(text) => text.as_deref().map_or(Value::Null, Value::from),
            Accumulator::Bytes(bytes) => bytes.clone().map_or(Value::Null, Value::bytea),
            Accumulator::Array { values, .. } if values.is_empty() => Value::Null,
            Accumulator::Array { values, element } => match element.element() {
                Some(inner) => Value::Array(Arc::new(Array::stack(inner.clone(), values)?)),
                None => Value::array(element.clone(), values.clone()),
            },
            Accumulator::Json { parts, .. } if parts.is_empty() => Value::Null,
            Accumulator::Json {
                parts,
                object: false,
            } => Value::Json(format!("[{}]", parts.join(", ")).into()),
            Accumulator::Json {
                parts,
                object: true,
            } => Value::Json(format!("{{ {} }}", parts.join(", ")).into()),
            Accumulator::JsonbArray(elements) => elements
                .clone()
                .map_or(Value::Null, |elements| Value::from(Jsonb::Array(elements))),
            Accumulator::JsonbObject(members) => members
                .clone()
                .map_or(Value::Null, |members| Value::from(Jsonb::object(members))),
        })
    }
}

fn float_of(value: &Value) -> f64 {
    match value {
        Value::Float4(value) => f64::from(*value),
        Value::Float8(value) => *value,
        _ => f64::NAN,
    }
}

/// Adds in the width of the result, refusing a finite sum's infinity.
fn add_float(sum: &mut Option<f64>, value: f64, single: bool) -> Result<()> {
    let before = sum.unwrap_or(0.0);
    let mut total = before + value;
    if single {
        total = f64::from(total as f32);
    }
    if total.is_infinite() && before.is_finite() && value.is_finite() {
        return Err(ValueError::new("22003", "value out of range: overflow"));
    }
    *sum = Some(total);
    Ok(())
}

fn combine_bits(state: &Value, value: &Value, apply: fn(i64, i64) -> i64) -> Value {
    let (Some(a), Some(b)) = (state.as_i64(), value.as_i64()) else {
        return value.clone();
    };
    let bits = apply(a, b);
    match value {
        Value::Int2(_) => Value::Int2(bits as i16),
        Value::Int4(_) => Value::Int4(bits as i32),
        _ => Value::Int8(bits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::value::print;

    fn over(name: &str, ty: Type, values: &[Value]) -> String {
        let aggregate = resolve_aggregate(name, &[ty]).unwrap().unwrap();
        let settings = Settings::default();
        let mut whole = aggregate.accumulator();
        let mut parts = [aggregate.accumulator(), aggregate.accumulator()];
        for (index, value) in values.iter().enumerate() {
            whole
                .update(std::slice::from_ref(value), &settings)
                .unwrap();
            parts[usize::from(index * 2 >= values.len())]
                .update(std::slice::from_ref(value), &settings)
                .unwrap();
        }
        let [mut first, second] = parts;
        first.merge(second).unwrap();
        let result = print(&whole.finish().unwrap(), &settings);
        assert_eq!(
            print(&first.finish().unwrap(), &settings),
            result,
            "{name} merged"
        );
        result
    }

    #[test]
    fn results_are_those_of_postgres() {
        let ints = [
            Value::Int4(10),
            Value::Int4(20),
            Value::Null,
            Value::Int4(15),
        ];
        for (name, result) in [
            ("count", "3"),
            ("sum", "45"),
            ("avg", "15.0000000000000000"),
            ("min", "10"),
            ("max", "20"),
            ("stddev", "5.0000000000000000"),
            ("var_pop", "16.6666666666666667"),
            ("bit_or", "31"),
            ("stddev_pop", "4.0824829046386302"),
            ("variance", "25.0000000000000000"),
            ("array_agg", "{10,20,NULL,15}"),
            ("json_agg", "[10, 20, null, 15]"),
            ("jsonb_agg", "[10, 20, null, 15]"),
        ] {
            assert_eq!(over(name, Type::Int4, &ints), result, "{name}");
        }
        let large = [
            Value::Int8(i64::MAX),
            Value::Int8(i64::MAX),
            Value::Int8(i64::MAX),
        ];
        assert_eq!(over("sum", Type::Int8, &large), "27670116110564327421");
        let floats = [Value::Float8(1.5), Value::Float8(2.5), Value::Float8(4.0)];
        assert_eq!(over("avg", Type::Float8, &floats), "2.6666666666666665");
        assert_eq!(over("sum", Type::Int4, &[]), "");
        assert_eq!(over("count", Type::Int4, &[]), "0");
    }

    #[test]
    fn types_are_settled_as_overloads_are() {
        let result = |name: &str, ty: Type| resolve_aggregate(name, &[ty]).unwrap();
        assert_eq!(result("sum", Type::Int2).unwrap().result, Type::Int8);
        assert_eq!(result("avg", Type::Float4).unwrap().result, Type::Float8);
        assert_eq!(result("max", Type::Varchar).unwrap().result, Type::Text);
        assert_eq!(
            result("array_agg", Type::Uuid).unwrap().result,
            Type::array_of(Type::Uuid)
        );
        let error = result("max", Type::Uuid).unwrap_err();
        assert_eq!(error.message, "function max(uuid) does not exist");
        assert!(resolve_aggregate("lower", &[Type::Text]).is_none());
    }
}
