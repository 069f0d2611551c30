//! Object-naming values on their way in and out: `regclass` and its like read and print as
//! names.

use std::sync::Arc;

use stele_core::record::expr::Host;
use stele_core::record::value::{Type, Value};

use super::{Field, Session};
use crate::error::SqlError;

impl Session {
    /// A parameter that names an object. Errors: those of the type's input.
    pub(crate) fn object(&mut self, text: &str, ty: &Type) -> Result<Value, SqlError> {
        let oid = self.surroundings("")?.reg_in(ty, text)?;
        Ok(Value::Oid(oid))
    }

    /// Puts names in place of the OIDs of columns that are sent as text. Rows of other
    /// columns, which is nearly always all of them, cost nothing.
    pub(crate) fn name_objects(
        &mut self,
        fields: &Arc<[Field]>,
        rows: &mut [Vec<Value>],
        is_binary: impl Fn(usize) -> bool,
    ) -> Result<(), SqlError> {
        let naming = |(at, field): (usize, &Field)| {
            let scalar = field.ty.ty.element().unwrap_or(&field.ty.ty);
            (scalar.is_reg() && !is_binary(at)).then(|| (at, scalar.clone()))
        };
        let columns: Vec<(usize, Type)> = fields.iter().enumerate().filter_map(naming).collect();
        if columns.is_empty() {
            return Ok(());
        }
        let surroundings = self.surroundings("")?;
        for row in rows {
            for (at, ty) in &columns {
                if let Some(value) = row.get_mut(*at) {
                    *value = named(&surroundings, ty, value);
                }
            }
        }
        Ok(())
    }
}

fn named(host: &dyn Host, ty: &Type, value: &Value) -> Value {
    match value {
        Value::Oid(oid) => Value::text(host.reg_out(ty, *oid)),
        Value::Array(array) => {
            let mut shown = (**array).clone();
            shown.element = Type::Text;
            for value in &mut shown.values {
                *value = named(host, ty, value);
            }
            Value::Array(shown.into())
        }
        other => other.clone(),
    }
}
