//! Aggregates as accumulators: update with each row, merge partial ones, finish.

use crate::record::value::{Type, Value, ValueError};

/// An aggregate with its argument types settled.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// Lower-case name; `count` without arguments is `count(*)`.
    pub name: String,
    /// The type each argument must be cast to, implicitly.
    pub args: Vec<Type>,
    /// The result type.
    pub result: Type,
}

/// The running state of one aggregate over one group.
#[derive(Clone, Debug)]
pub struct Accumulator {
    state: Value,
}

/// Finds the aggregate of this name for arguments of these types: `None` when no
/// aggregate has the name, 42883 when the types do not fit.
pub fn resolve_aggregate(name: &str, args: &[Type]) -> Option<Result<Aggregate, ValueError>> {
    let _ = (name, args);
    None
}

impl Aggregate {
    /// An empty accumulator.
    pub fn accumulator(&self) -> Accumulator {
        Accumulator { state: Value::Null }
    }
}

impl Accumulator {
    /// Adds one row's arguments.
    pub fn update(&mut self, args: &[Value]) -> Result<(), ValueError> {
        let _ = args;
        Ok(())
    }

    /// Adds another accumulator of the same aggregate, whose rows follow this one's.
    pub fn merge(&mut self, other: Accumulator) -> Result<(), ValueError> {
        let _ = other;
        Ok(())
    }

    /// The result so far.
    pub fn finish(&self) -> Result<Value, ValueError> {
        Ok(self.state.clone())
    }
}
