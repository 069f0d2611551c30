//! Parameters: `$1` gets its type from the client or from its first use.

use stele_core::record::value::Type;

use crate::error::{Result, SqlError};

/// How many parameters the protocol can carry.
const PARAM_COUNT_MAX: usize = 65535;

/// The types of a statement's parameters, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParamTypes {
    types: Vec<Option<Type>>,
    fixed: bool,
}

impl ParamTypes {
    /// The types a client declared in Parse; `None` (oid 0) where it left them open.
    pub fn declared(types: Vec<Option<Type>>) -> Self {
        Self {
            types,
            fixed: false,
        }
    }

    /// No parameters: `$1` is an error, as in the simple protocol.
    pub fn none() -> Self {
        Self {
            types: Vec::new(),
            fixed: true,
        }
    }

    /// How many parameters there are.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// Every type. Errors: 42P18 when one is still open.
    pub fn settled(&self) -> Result<Vec<Type>> {
        let each = self.types.iter().enumerate();
        each.map(|(index, ty)| match ty {
            Some(ty) => Ok(ty.clone()),
            None => Err(SqlError::new(
                "42P18",
                format!("could not determine data type of parameter ${}", index + 1),
            )),
        })
        .collect()
    }

    /// The type of a parameter named in the statement; `Unknown` while open.
    /// Errors: 42P02 when there is no such parameter.
    pub(super) fn mention(&mut self, index: usize) -> Result<Type> {
        if index >= self.types.len() {
            if self.fixed || index >= PARAM_COUNT_MAX {
                let message = format!("there is no parameter ${}", index.saturating_add(1));
                return Err(SqlError::new("42P02", message));
            }
            self.types.resize(index + 1, None);
        }
        let ty = self.types.get(index).cloned().flatten();
        Ok(ty.unwrap_or(Type::Unknown))
    }

    /// Settles an open parameter. Errors: 42P08 when it was settled differently.
    pub(super) fn settle(&mut self, index: usize, ty: &Type) -> Result<()> {
        let Some(slot) = self.types.get_mut(index) else {
            return Ok(());
        };
        match slot {
            Some(known) if known == ty => Ok(()),
            Some(known) => Err(SqlError::new(
                "42P08",
                format!("inconsistent types deduced for parameter ${}", index + 1),
            )
            .with_detail(format!("{known} versus {ty}"))),
            None => {
                *slot = Some(ty.clone());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_keeps_the_type_of_its_first_use() {
        let mut params = ParamTypes::default();
        assert_eq!(params.mention(1), Ok(Type::Unknown));
        assert_eq!(params.settle(1, &Type::Int4), Ok(()));
        assert_eq!(
            params.settle(1, &Type::Text).map_err(|e| e.code),
            Err("42P08")
        );
        assert_eq!(params.settled().map_err(|e| e.code), Err("42P18"));
    }

    #[test]
    fn the_simple_protocol_has_no_parameters() {
        let error = ParamTypes::none().mention(0).map_err(|e| e.code);
        assert_eq!(error, Err("42P02"));
    }
}
