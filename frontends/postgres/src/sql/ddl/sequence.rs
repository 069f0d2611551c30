//! Sequences: created alone, or behind a column.

use sqlparser::ast;
use stele_core::op::{Op, Reply};
use stele_core::record::table::{Column, Definition, Sequence, Table};
use stele_core::record::value::Type;
use stele_core::record::{CollectionId, Key};
use stele_core::txn::Txn;

use super::{Ddl, column, naming, own_name};
use crate::error::SqlError;
use crate::sql::bind::types;

/// What a sequence's options say; `None` = the default.
#[derive(Default)]
struct Options {
    start: Option<i64>,
    increment: Option<i64>,
    min: Option<i64>,
    max: Option<i64>,
}

impl Ddl<'_> {
    pub(super) async fn create_sequence(
        &mut self,
        name: &ast::ObjectName,
        if_not_exists: bool,
        data_type: Option<&ast::DataType>,
        options: &[ast::SequenceOptions],
    ) -> Result<&'static str, SqlError> {
        let name = own_name(name)?;
        let catalog = self.catalog()?;
        if if_not_exists && naming::is_taken(&catalog, &name) {
            self.notices
                .push(format!("relation \"{name}\" already exists, skipping"));
            return Ok("CREATE SEQUENCE");
        }
        naming::check_free(&catalog, &name)?;
        let ty = match data_type {
            Some(ty) => types::column_type(ty)?.ty,
            None => Type::Int8,
        };
        let id = self.new_id().await?;
        let sequence = sequence(id, name, ty, options, None)?;
        self.define(Definition::Sequence(sequence)).await?;
        Ok("CREATE SEQUENCE")
    }

    /// The sequence behind a serial or identity column.
    pub(super) async fn own_sequence(
        &mut self,
        table: &Table,
        column: &Column,
        options: &[ast::SequenceOptions],
    ) -> Result<CollectionId, SqlError> {
        let catalog = self.catalog()?;
        let name = column::sequence_name(&catalog, table, &column.name);
        let id = self.new_id().await?;
        let owner = Some((table.id, column.id));
        let sequence = sequence(id, name, column.ty.ty.clone(), options, owner)?;
        self.define(Definition::Sequence(sequence)).await?;
        Ok(id)
    }
}

fn sequence(
    id: CollectionId,
    name: String,
    ty: Type,
    options: &[ast::SequenceOptions],
    owner: Option<(CollectionId, u32)>,
) -> Result<Sequence, SqlError> {
    let (least, greatest) = match ty {
        Type::Int2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Type::Int4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Type::Int8 => (i64::MIN, i64::MAX),
        _ => {
            return Err(SqlError::new(
                "22023",
                "sequence type must be smallint, integer, or bigint",
            ));
        }
    };
    let options = read(options)?;
    let increment = options.increment.unwrap_or(1);
    if increment == 0 {
        return Err(SqlError::new("22023", "INCREMENT must not be zero"));
    }
    let min = options.min.unwrap_or(if increment > 0 { 1 } else { least });
    let max = options
        .max
        .unwrap_or(if increment > 0 { greatest } else { -1 });
    if min < least || max > greatest {
        return Err(SqlError::new(
            "22023",
            format!("MINVALUE or MAXVALUE is out of range for sequence data type {ty}"),
        ));
    }
    if min >= max {
        return Err(SqlError::new(
            "22023",
            format!("MINVALUE ({min}) must be less than MAXVALUE ({max})"),
        ));
    }
    let start = options
        .start
        .unwrap_or(if increment > 0 { min } else { max });
    if start < min {
        return Err(SqlError::new(
            "22023",
            format!("START value ({start}) cannot be less than MINVALUE ({min})"),
        ));
    }
    if start > max {
        return Err(SqlError::new(
            "22023",
            format!("START value ({start}) cannot be greater than MAXVALUE ({max})"),
        ));
    }
    Ok(Sequence {
        id,
        name,
        ty,
        start,
        increment,
        min,
        max,
        owner,
    })
}

fn read(options: &[ast::SequenceOptions]) -> Result<Options, SqlError> {
    let mut read = Options::default();
    for option in options {
        match option {
            ast::SequenceOptions::IncrementBy(value, _) => read.increment = Some(number(value)?),
            ast::SequenceOptions::MinValue(value) => {
                read.min = value.as_ref().map(number).transpose()?
            }
            ast::SequenceOptions::MaxValue(value) => {
                read.max = value.as_ref().map(number).transpose()?
            }
            ast::SequenceOptions::StartWith(value, _) => read.start = Some(number(value)?),
            // Values are handed out from blocks in any case.
            ast::SequenceOptions::Cache(_) => {}
            ast::SequenceOptions::Cycle(no) => {
                if !no {
                    return Err(SqlError::unsupported(
                        "sequences that cycle are not supported",
                    ));
                }
            }
        }
    }
    Ok(read)
}

fn number(expr: &ast::Expr) -> Result<i64, SqlError> {
    expr.to_string()
        .replace(' ', "")
        .parse()
        .map_err(|_| SqlError::syntax(format!("syntax error at or near \"{expr}\"")))
}

/// The next value of a sequence that this transaction created: the core hands out blocks of
/// sequences it knows, and will know this one after the commit.
///
/// # Errors
/// 2200H at the end of the sequence.
pub async fn next_of_new(txn: &mut Txn, id: CollectionId) -> Result<i64, SqlError> {
    let catalog = txn.catalog()?;
    let sequence = catalog.sequence_by_id(id).cloned();
    let sequence = sequence.ok_or_else(|| SqlError::internal("a column's sequence is missing"))?;
    let key = Key::spelled(id, &id.0.to_be_bytes(), "steps");
    let reply = txn.write(&key, Op::Add(1)).await?;
    let Ok(Reply::Int(steps)) = reply else {
        return Err(SqlError::internal(
            "a sequence did not answer with a number",
        ));
    };
    let value = sequence
        .increment
        .checked_mul(steps - 1)
        .and_then(|offset| offset.checked_add(sequence.start));
    let value = value.filter(|value| (sequence.min..=sequence.max).contains(value));
    value.ok_or_else(|| {
        SqlError::new(
            "2200H",
            format!("nextval: reached the end of sequence \"{}\"", sequence.name),
        )
    })
}
