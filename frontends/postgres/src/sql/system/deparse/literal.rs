//! Constants: bare where they read back as the same type, quoted and labelled elsewhere.

use stele_core::record::value::{ColumnType, Settings, Type, Value, print};

use super::Writer;
use super::ident::quote_literal;

/// Whether a constant says its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// Where it would otherwise read back as another type.
    Needed,
    /// Never: a cast around it says it.
    Never,
}

impl Writer<'_> {
    pub(super) fn literal(&mut self, value: &Value, ty: &ColumnType, label: Label) {
        let (text, needed) = self.spelled(value, ty);
        self.push(&text);
        if needed && label == Label::Needed {
            self.push("::");
            self.push(&type_name(ty));
        }
    }

    /// The constant without its type, and whether it needs it.
    fn spelled(&self, value: &Value, ty: &ColumnType) -> (String, bool) {
        let text = match value {
            Value::Null => return ("NULL".to_string(), ty.ty != Type::Unknown),
            Value::Bool(true) => return ("true".to_string(), false),
            Value::Bool(false) => return ("false".to_string(), false),
            Value::Oid(oid) if ty.ty.is_reg() => self.names.object(&ty.ty, *oid),
            Value::Bpchar(text) if ty.typmod < 0 => text.trim_end_matches(' ').to_string(),
            other => print(other, &Settings::default()),
        };
        let quoted = quote_literal(&text);
        match ty.ty {
            Type::Int4 if !text.starts_with('-') => (text, false),
            Type::Numeric if reads_as_numeric(&text) => (text, ty.typmod >= 0),
            Type::Unknown => (quoted, false),
            _ => (quoted, true),
        }
    }
}

/// An unsigned number with a point or an exponent: without one it would read as an integer.
fn reads_as_numeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['e', 'E', '.'])
}

/// The type after `::`.
pub(super) fn type_name(ty: &ColumnType) -> String {
    ty.sql_name()
}
