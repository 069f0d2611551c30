//! Arrays: a shape and its elements in row-major order.

use serde::{Deserialize, Serialize};

use super::types::Type;
use super::value::Value;

/// An array value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Array {
    /// The element type.
    pub element: Type,
    /// Outermost first; none for an empty array.
    pub dimensions: Vec<Dimension>,
    /// The elements, row-major.
    pub values: Vec<Value>,
    /// Whether this is an `int2vector`/`oidvector`, printed without braces.
    pub vector: bool,
}

/// One dimension of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dimension {
    /// Number of elements.
    pub length: i32,
    /// Index of the first one, normally 1.
    pub lower: i32,
}

impl Array {
    /// An array of one dimension with indexes from 1; no dimension when empty.
    pub fn one_dimensional(element: Type, values: Vec<Value>) -> Array {
        let length = i32::try_from(values.len()).unwrap_or(i32::MAX);
        let dimensions = match length {
            0 => vec![],
            length => vec![Dimension { length, lower: 1 }],
        };
        Array {
            element,
            dimensions,
            values,
            vector: false,
        }
    }

    /// The array's type.
    pub fn array_type(&self) -> Type {
        match (&self.element, self.vector) {
            (Type::Int2, true) => Type::Int2vector,
            (Type::Oid, true) => Type::Oidvector,
            (element, _) => Type::array_of(element.clone()),
        }
    }
}
