//! Preparing: a statement bound once, with its parameters' types and its columns.

use std::sync::Arc;

use stele_core::record::value::Type;

use super::{Field, Session, Status};
use crate::error::SqlError;
use crate::sql::bind::ParamTypes;
use crate::sql::parse::{Parsed, Statement, Utility};
use crate::sql::statement::{self, Body};
use crate::wire::stack::with_room;

/// A statement that is ready to run.
#[derive(Debug)]
pub struct Prepared {
    /// The statement as it was read.
    pub parsed: Parsed,
    /// What it is bound to; `None` for statements carried out from their words.
    pub body: Option<Body>,
    declared: Vec<u32>,
    params: Vec<Type>,
    fields: Option<Arc<[Field]>>,
    catalog_version: u64,
    settings_generation: u64,
    is_extended: bool,
}

impl Prepared {
    /// The types of its parameters.
    pub fn params(&self) -> &[Type] {
        &self.params
    }

    /// The columns of its rows, if it has rows.
    pub fn fields(&self) -> Option<&[Field]> {
        self.fields.as_deref()
    }

    /// The same, shared.
    pub fn shared_fields(&self) -> Arc<[Field]> {
        self.fields.clone().unwrap_or_default()
    }

    /// Whether its result may be too large to gather first. Columns that name objects are
    /// never sent early: their names are put in afterwards.
    pub fn may_be_large(&self) -> bool {
        let names_objects = |field: &Field| field.ty.ty.element().unwrap_or(&field.ty.ty).is_reg();
        match &self.body {
            Some(Body::Query(query)) => {
                !super::execute::is_short(query)
                    && !self
                        .fields()
                        .is_some_and(|fields| fields.iter().any(names_objects))
            }
            _ => false,
        }
    }

    /// Its text.
    pub fn text(&self) -> &Arc<str> {
        &self.parsed.text
    }
}

impl Session {
    /// Prepares a statement. In the simple protocol `$1` is an error.
    ///
    /// # Errors
    /// The binder's; 25P02 when only the end of a failed transaction is awaited.
    pub fn prepare(
        &mut self,
        parsed: Parsed,
        types: &[u32],
        is_extended: bool,
    ) -> Result<Arc<Prepared>, SqlError> {
        self.check_statement(&parsed.statement)?;
        self.bind(parsed, types.to_vec(), is_extended).map(Arc::new)
    }

    fn bind(
        &mut self,
        parsed: Parsed,
        declared: Vec<u32>,
        is_extended: bool,
    ) -> Result<Prepared, SqlError> {
        with_room(parsed.is_deep, || {
            self.bind_here(parsed, declared, is_extended)
        })
    }

    fn bind_here(
        &mut self,
        parsed: Parsed,
        declared: Vec<u32>,
        is_extended: bool,
    ) -> Result<Prepared, SqlError> {
        let mut params = match is_extended {
            true => ParamTypes::declared(types_of(&declared)?),
            false => ParamTypes::none(),
        };
        let catalog_version = self.catalog()?.version;
        let mut prepared = Prepared {
            body: None,
            params: Vec::new(),
            fields: None,
            settings_generation: self.settings.generation,
            declared,
            catalog_version,
            is_extended,
            parsed,
        };
        match &prepared.parsed.statement {
            Statement::Sql(sql) => {
                let around = self.surroundings(&prepared.parsed.text)?;
                let cx = around.bind(&prepared.parsed.source);
                let body = statement::compile(sql, &cx, &mut params)?;
                prepared.fields = statement::fields(&body);
                prepared.params = params.settled()?;
                prepared.body = Some(body);
            }
            other => prepared.fields = self.control_fields(other)?,
        }
        Ok(prepared)
    }

    /// What the same text was prepared as before, bound anew if need be. Statements about the
    /// session mean something else every time and are not looked for.
    pub fn prepared_before(
        &mut self,
        text: &str,
        types: &[u32],
    ) -> Result<Option<Arc<Prepared>>, SqlError> {
        match self.statements.recent(text, types) {
            Some(prepared) if prepared.body.is_some() => {
                self.check_admitted(&prepared)?;
                // A result that changed its shape is news to nobody here.
                Ok(self.current(&prepared).ok())
            }
            _ => Ok(None),
        }
    }

    /// A kept statement, bound anew when the catalogue or the settings have changed.
    ///
    /// # Errors
    /// 26000 when there is none; 0A000 when its columns are no longer the same.
    pub fn statement(&mut self, name: &str) -> Result<Arc<Prepared>, SqlError> {
        let prepared = self.statements.get(name)?;
        let current = self.current(&prepared)?;
        if !Arc::ptr_eq(&prepared, &current) {
            self.statements.renew(name, Arc::clone(&current));
        }
        Ok(current)
    }

    /// The same statement, bound anew if need be.
    pub(super) fn current(&mut self, prepared: &Arc<Prepared>) -> Result<Arc<Prepared>, SqlError> {
        let version = self.catalog()?.version;
        let is_current = prepared.body.is_none()
            || (prepared.settings_generation == self.settings.generation
                && prepared.catalog_version == version
                && !is_changing(version));
        if is_current || self.transaction.status() == Status::Failed {
            return Ok(Arc::clone(prepared));
        }
        let anew = self.bind(
            prepared.parsed.clone(),
            prepared.declared.clone(),
            prepared.is_extended,
        )?;
        let same = match (prepared.fields(), anew.fields()) {
            (None, None) => true,
            (Some(before), Some(now)) => {
                before.len() == now.len()
                    && before
                        .iter()
                        .zip(now)
                        .all(|(before, now)| before.ty == now.ty)
            }
            _ => false,
        };
        match same {
            true => Ok(Arc::new(anew)),
            false => Err(SqlError::unsupported(
                "cached plan must not change result type",
            )),
        }
    }

    /// 25P02 when the transaction has failed and this is not its end.
    pub fn check_admitted(&self, prepared: &Prepared) -> Result<(), SqlError> {
        self.check_statement(&prepared.parsed.statement)
    }

    fn check_statement(&self, statement: &Statement) -> Result<(), SqlError> {
        let ends = matches!(
            statement,
            Statement::Empty
                | Statement::Utility(
                    Utility::Commit(_) | Utility::Rollback(_) | Utility::RollbackTo(_)
                )
        );
        match self.transaction.status() == Status::Failed && !ends {
            true => Err(SqlError::new(
                "25P02",
                "current transaction is aborted, commands ignored until end of transaction block",
            )),
            false => Ok(()),
        }
    }
}

/// Whether this is the catalogue of a transaction that changes it: its version does not say
/// how often, so nothing bound to it is kept.
fn is_changing(version: u64) -> bool {
    version > u64::MAX / 2
}

fn types_of(oids: &[u32]) -> Result<Vec<Option<Type>>, SqlError> {
    let one = |oid: &u32| match oid {
        // Unspecified, or a client that knows it sends an untyped literal.
        0 | 705 => Ok(None),
        oid => Type::from_oid(*oid)
            .map(Some)
            .ok_or_else(|| SqlError::new("42704", format!("type with OID {oid} does not exist"))),
    };
    oids.iter().map(one).collect()
}
