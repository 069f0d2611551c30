//! How a virtual table is written: one line per column, its type and its value together.

use std::sync::Arc;

use stele_core::record::value::{Type, Value};

/// A virtual table, one row per item of an iterator over the context.
///
/// ```text
/// virtual_table!(PG_NAMESPACE = pg_catalog.pg_namespace, 2615, schema in cx: SCHEMAS.iter() => {
///     oid "oid" = schema.oid,
///     nspname "name" = schema.name,
/// });
/// ```
macro_rules! virtual_table {
    ($table:ident = $schema:ident.$name:ident, $oid:literal, $row:pat in $cx:ident: $rows:expr => {
        $($column:ident $ty:literal = $value:expr,)*
    }) => {
        #[doc = concat!("`", stringify!($schema), ".", stringify!($name), "`.")]
        pub static $table: $crate::sql::virtual_table::VirtualTable = $crate::sql::virtual_table::VirtualTable {
            schema: stringify!($schema),
            name: stringify!($name),
            oid: $oid,
            columns: &[$($crate::sql::virtual_table::VirtualColumn { name: stringify!($column), ty: $ty },)*],
            rows: |$cx| {
                let rows = $rows;
                rows.into_iter()
                    .map(|$row| vec![$($crate::sql::system::table::Cell::cell($value),)*])
                    .collect()
            },
        };
    };
}

/// A virtual table of things this database does not have: its columns, and no row.
macro_rules! empty_table {
    ($table:ident = $schema:ident.$name:ident, $oid:literal => { $($column:ident $ty:literal,)* }) => {
        #[doc = concat!("`", stringify!($schema), ".", stringify!($name), "`: always empty.")]
        pub static $table: $crate::sql::virtual_table::VirtualTable = $crate::sql::virtual_table::VirtualTable {
            schema: stringify!($schema),
            name: stringify!($name),
            oid: $oid,
            columns: &[$($crate::sql::virtual_table::VirtualColumn { name: stringify!($column), ty: $ty },)*],
            rows: |_| Vec::new(),
        };
    };
}

pub(crate) use {empty_table, virtual_table};

/// What a column's value may be written as.
pub(super) trait Cell {
    /// The SQL value.
    fn cell(self) -> Value;
}

impl Cell for Value {
    fn cell(self) -> Value {
        self
    }
}

/// OIDs are the only unsigned numbers of the catalogue.
impl Cell for u32 {
    fn cell(self) -> Value {
        Value::Oid(self)
    }
}

impl Cell for i16 {
    fn cell(self) -> Value {
        Value::Int2(self)
    }
}

impl Cell for i32 {
    fn cell(self) -> Value {
        Value::Int4(self)
    }
}

impl Cell for i64 {
    fn cell(self) -> Value {
        Value::Int8(self)
    }
}

impl Cell for f32 {
    fn cell(self) -> Value {
        Value::Float4(self)
    }
}

impl Cell for bool {
    fn cell(self) -> Value {
        Value::Bool(self)
    }
}

impl Cell for char {
    fn cell(self) -> Value {
        Value::text(self.to_string())
    }
}

impl Cell for &str {
    fn cell(self) -> Value {
        Value::text(self)
    }
}

impl Cell for String {
    fn cell(self) -> Value {
        Value::text(self)
    }
}

impl Cell for &String {
    fn cell(self) -> Value {
        Value::text(self.as_str())
    }
}

impl<T: Cell> Cell for Option<T> {
    fn cell(self) -> Value {
        self.map_or(Value::Null, Cell::cell)
    }
}

/// NULL, of any column's type.
pub(super) const NULL: Value = Value::Null;

/// SQL's YES and NO of the information schema.
pub(super) fn yes_no(yes: bool) -> &'static str {
    if yes { "YES" } else { "NO" }
}

/// A one-dimensional array of this element type.
pub(super) fn array<T: Cell>(element: Type, items: impl IntoIterator<Item = T>) -> Value {
    Value::array(element, items.into_iter().map(Cell::cell).collect())
}

/// An `int2vector` or `oidvector`: an array whose first index is 0.
pub(super) fn vector<T: Cell>(element: Type, items: impl IntoIterator<Item = T>) -> Value {
    match array(element, items) {
        Value::Array(mut shared) => {
            let vector = Arc::make_mut(&mut shared);
            vector.vector = true;
            vector
                .dimensions
                .iter_mut()
                .for_each(|dimension| dimension.lower = 0);
            Value::Array(shared)
        }
        other => other,
    }
}
