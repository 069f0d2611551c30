//! Array operators and functions.

use std::sync::Arc;

use super::args::{array, int};
use super::registry::{Call, EvalFn, Register};
use crate::record::value::array::{Dimension, ELEMENTS_MAX};
use crate::record::value::{Array, Result, Type, Value, ValueError};

pub(super) fn register(register: &mut Register) {
    register_operators(register);
    register_shape(register);
    register_search(register);
    register_changes(register);
}

fn register_operators(register: &mut Register) {
    register.strict("@>(anyarray, anyarray) boolean", |a, _| {
        Ok(Value::Bool(contains(array(a, 0)?, array(a, 1)?)))
    });
    register.strict("<@(anyarray, anyarray) boolean", |a, _| {
        Ok(Value::Bool(contains(array(a, 1)?, array(a, 0)?)))
    });
    register.strict("&&(anyarray, anyarray) boolean", |a, _| {
        let (left, right) = (array(a, 0)?, array(a, 1)?);
        let shared = left
            .values
            .iter()
            .any(|value| !value.is_null() && right.values.contains(value));
        Ok(Value::Bool(shared))
    });
    for name in ["||", "array_cat"] {
        register.lenient(&format!("{name}(anyarray, anyarray) anyarray"), |a, _| {
            concat(a)
        });
    }
    for name in ["||", "array_append"] {
        register.lenient(
            &format!("{name}(anyarray, anyelement) anyarray"),
            |a, call| append(a, call, 0, 1),
        );
    }
    for name in ["||", "array_prepend"] {
        register.lenient(
            &format!("{name}(anyelement, anyarray) anyarray"),
            |a, call| append(a, call, 1, 0),
        );
    }
}

/// Every element of `b` that is not NULL is in `a`; a NULL is in nothing.
fn contains(a: &Array, b: &Array) -> bool {
    b.values
        .iter()
        .all(|value| !value.is_null() && a.values.contains(value))
}

fn shaped(element: Type, dimensions: Vec<Dimension>, values: Vec<Value>) -> Result<Value> {
    if values.len() > ELEMENTS_MAX {
        return Err(ValueError::new(
            "54000",
            "array size exceeds the maximum allowed",
        ));
    }
    Ok(Value::Array(Arc::new(Array {
        element,
        dimensions,
        values,
        vector: false,
    })))
}

/// Joins along the outermost dimension; an array one dimension lower counts as one item.
fn concat(args: &[Value]) -> Result<Value> {
    let (a, b) = match (args.first(), args.get(1)) {
        (Some(Value::Array(a)), Some(Value::Array(b))) => (a, b),
        (Some(Value::Array(_)), _) => return Ok(args.first().cloned().unwrap_or(Value::Null)),
        (_, other) => return Ok(other.cloned().unwrap_or(Value::Null)),
    };
    if a.values.is_empty() {
        return Ok(Value::Array(b.clone()));
    }
    if b.values.is_empty() {
        return Ok(Value::Array(a.clone()));
    }
    let (depth_a, depth_b) = (a.dimensions.len(), b.dimensions.len());
    let inner = |dimensions: &[Dimension]| {
        dimensions
            .iter()
            .skip(1)
            .map(|dimension| dimension.length)
            .collect::<Vec<i32>>()
    };
    let lengths =
        |dimensions: &[Dimension]| dimensions.iter().map(|d| d.length).collect::<Vec<i32>>();
    let mut dimensions = if depth_a >= depth_b {
        a.dimensions.clone()
    } else {
        b.dimensions.clone()
    };
    let added = if depth_a == depth_b && inner(&a.dimensions) == inner(&b.dimensions) {
        b.dimensions.first().map_or(0, |dimension| dimension.length)
    } else if (depth_a == depth_b + 1 && inner(&a.dimensions) == lengths(&b.dimensions))
        || (depth_b == depth_a + 1 && inner(&b.dimensions) == lengths(&a.dimensions))
    {
        1
    } else {
        return Err(
            ValueError::new("2202E", "cannot concatenate incompatible arrays").with_detail(
                "Arrays with differing dimensions are not compatible for concatenation.",
            ),
        );
    };
    if let Some(outer) = dimensions.first_mut() {
        outer.length = outer.length.saturating_add(added);
    }
    shaped(
        a.element.clone(),
        dimensions,
        a.values.iter().chain(&b.values).cloned().collect(),
    )
}

/// The array at one position of the arguments with the element at the other put at that end.
fn append(args: &[Value], call: &Call<'_>, array_at: usize, element_at: usize) -> Result<Value> {
    let item = args.get(element_at).cloned().unwrap_or(Value::Null);
    let Some(Value::Array(array)) = args.get(array_at) else {
        return Ok(Value::array(call.arg_type(element_at, args), vec![item]));
    };
    let mut values = array.values.clone();
    let mut dimensions = array.dimensions.clone();
    match dimensions.as_mut_slice() {
        [] => {
            dimensions = vec![Dimension {
                length: 1,
                lower: 1,
            }]
        }
        [only] => only.length = only.length.saturating_add(1),
        _ => {
            return Err(ValueError::new(
                "22000",
                "argument must be empty or one-dimensional array",
            ));
        }
    }
    match element_at > array_at {
        true => values.push(item),
        false => values.insert(0, item),
    }
    shaped(array.element.clone(), dimensions, values)
}

fn register_shape(register: &mut Register) {
    register.strict("array_length(anyarray, integer) integer", |a, _| {
        of_dimension(a, |d| d.length)
    });
    register.strict("array_upper(anyarray, integer) integer", |a, _| {
        of_dimension(a, |d| d.upper())
    });
    register.strict("array_lower(anyarray, integer) integer", |a, _| {
        of_dimension(a, |d| d.lower)
    });
    register.strict("cardinality(anyarray) integer", |a, _| {
        Ok(Value::Int4(array(a, 0)?.values.len() as i32))
    });
    register.strict("array_ndims(anyarray) integer", |a, _| {
        Ok(match array(a, 0)?.dimensions.len() {
            0 => Value::Null,
            count => Value::Int4(count as i32),
        })
    });
    register.strict("array_dims(anyarray) text", |a, _| {
        let dimensions = &array(a, 0)?.dimensions;
        if dimensions.is_empty() {
            return Ok(Value::Null);
        }
        let each = dimensions
            .iter()
            .map(|d| format!("[{}:{}]", d.lower, d.upper()));
        Ok(Value::from(each.collect::<String>()))
    });
}

fn of_dimension(args: &[Value], pick: fn(&Dimension) -> i32) -> Result<Value> {
    let index = usize::try_from(int(args, 1)? - 1).unwrap_or(usize::MAX);
    let dimension = array(args, 0)?.dimensions.get(index);
    Ok(dimension.map_or(Value::Null, |dimension| Value::Int4(pick(dimension))))
}

fn register_search(register: &mut Register) {
    let position: EvalFn = |a, _| {
        let Some(Value::Array(array)) = a.first() else {
            return Ok(Value::Null);
        };
        let start = if a.len() > 2 { int(a, 2)? } else { i64::MIN };
        Ok(found(array, a.get(1), start)?
            .first()
            .map_or(Value::Null, |at| Value::Int4(*at)))
    };
    register.lenient("array_position(anyarray, anyelement) integer", position);
    register.lenient(
        "array_position(anyarray, anyelement, integer) integer",
        position,
    );
    register.lenient("array_positions(anyarray, anyelement) integer[]", |a, _| {
        let Some(Value::Array(array)) = a.first() else {
            return Ok(Value::Null);
        };
        let positions = found(array, a.get(1), i64::MIN)?
            .into_iter()
            .map(Value::Int4);
        Ok(Value::array(Type::Int4, positions.collect()))
    });
}

/// Indexes of elements not distinct from the wanted one.
fn found(array: &Array, wanted: Option<&Value>, start: i64) -> Result<Vec<i32>> {
    if array.dimensions.len() > 1 {
        let message = "searching for elements in multidimensional arrays is not supported";
        return Err(ValueError::unsupported(message));
    }
    let lower = array
        .dimensions
        .first()
        .map_or(1, |dimension| dimension.lower);
    let wanted = wanted.unwrap_or(&Value::Null);
    let each = array.values.iter().zip(i64::from(lower)..);
    Ok(each
        .filter(|(value, at)| *value == wanted && *at >= start)
        .filter_map(|(_, at)| i32::try_from(at).ok())
        .collect())
}

fn register_changes(register: &mut Register) {
    register.lenient("array_remove(anyarray, anyelement) anyarray", |a, _| {
        let Some(Value::Array(array)) = a.first() else {
            return Ok(Value::Null);
        };
        if array.dimensions.len() > 1 {
            let message = "removing elements from multidimensional arrays is not supported";
            return Err(ValueError::unsupported(message));
        }
        let unwanted = a.get(1).unwrap_or(&Value::Null);
        let kept: Vec<Value> = array
            .values
            .iter()
            .filter(|value| *value != unwanted)
            .cloned()
            .collect();
        Ok(Value::array(array.element.clone(), kept))
    });
    register.lenient(
        "array_replace(anyarray, anyelement, anyelement) anyarray",
        |a, _| {
            let Some(Value::Array(array)) = a.first() else {
                return Ok(Value::Null);
            };
            let (from, to) = (
                a.get(1).unwrap_or(&Value::Null),
                a.get(2).unwrap_or(&Value::Null),
            );
            let replaced = array.values.iter().map(|value| {
                if value == from {
                    to.clone()
                } else {
                    value.clone()
                }
            });
            shaped(
                array.element.clone(),
                array.dimensions.clone(),
                replaced.collect(),
            )
        },
    );
    register.strict("trim_array(anyarray, integer) anyarray", |a, _| {
        let (array, count) = (array(a, 0)?, int(a, 1)?);
        let length = array.values.len();
        match usize::try_from(count)
            .ok()
            .and_then(|count| length.checked_sub(count))
        {
            Some(kept) => Ok(Value::array(
                array.element.clone(),
                array.values.iter().take(kept).cloned().collect(),
            )),
            None => {
                let message = format!("number of elements to trim must be between 0 and {length}");
                Err(ValueError::new("2202E", message))
            }
        }
    });
    register.lenient("array_fill(anyelement, integer[]) anyarray", fill);
}

fn fill(args: &[Value], call: &Call<'_>) -> Result<Value> {
    let item = args.first().cloned().unwrap_or(Value::Null);
    let Some(Value::Array(lengths)) = args.get(1) else {
        let message = "dimension array or low bound array cannot be null";
        return Err(ValueError::new("22004", message));
    };
    let mut dimensions = Vec::new();
    let mut total: usize = 1;
    for length in &lengths.values {
        let length = length.as_i64().unwrap_or(0).max(0);
        total = total.saturating_mul(usize::try_from(length).unwrap_or(usize::MAX));
        dimensions.push(Dimension {
            length: i32::try_from(length).unwrap_or(i32::MAX),
            lower: 1,
        });
    }
    if total > ELEMENTS_MAX >> 4 {
        return Err(ValueError::new(
            "54000",
            "array size exceeds the maximum allowed",
        ));
    }
    if total == 0 || dimensions.is_empty() {
        return Ok(Value::array(call.arg_type(0, args), vec![]));
    }
    shaped(call.arg_type(0, args), dimensions, vec![item; total])
}
