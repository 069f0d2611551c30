//! ON CONFLICT: which rows count as there already, and what is done about them.

use sqlparser::ast;
use stele_core::record::expr::Expr;
use stele_core::record::table::Table;

use super::update::{Assignment, bind_assignments};
use crate::error::SqlError;
use crate::sql::bind::{BindContext, RowBinder, names};

/// An ON CONFLICT clause.
#[derive(Debug)]
pub struct Conflict {
    /// Whose claims arbitrate.
    pub arbiter: Arbiter,
    /// What is done; `None` = nothing.
    pub update: Option<DoUpdate>,
}

/// Which unique constraint arbitrates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arbiter {
    /// Every one.
    Any,
    /// The primary key.
    PrimaryKey,
    /// The unique index of this name.
    Index(String),
}

/// DO UPDATE, over the target's row, then `excluded`'s.
#[derive(Debug)]
pub struct DoUpdate {
    /// SET.
    pub assignments: Vec<Assignment>,
    /// WHERE.
    pub condition: Option<Expr>,
}

impl Conflict {
    /// Binds a clause; declares `excluded` when it updates.
    pub fn bind(
        on: Option<&ast::OnInsert>,
        table: &Table,
        binder: &mut RowBinder<'_>,
        cx: &BindContext<'_>,
    ) -> Result<Option<Self>, SqlError> {
        let on = match on {
            None => return Ok(None),
            Some(ast::OnInsert::OnConflict(on)) => on,
            Some(_) => return Err(SqlError::syntax("syntax error at or near \"DUPLICATE\"")),
        };
        let arbiter = arbiter(on.conflict_target.as_ref(), table, cx)?;
        let update = match &on.action {
            ast::OnConflictAction::DoNothing => None,
            ast::OnConflictAction::DoUpdate(update) => {
                if arbiter == Arbiter::Any {
                    return Err(SqlError::syntax(
                        "ON CONFLICT DO UPDATE requires inference specification or constraint name",
                    )
                    .with_hint("For example, ON CONFLICT (column_name)."));
                }
                binder.excluded(table)?;
                let assignments = bind_assignments(&update.assignments, table, binder, cx)?;
                let condition = update
                    .selection
                    .as_ref()
                    .map(|condition| binder.condition(condition))
                    .transpose()?;
                Some(DoUpdate {
                    assignments,
                    condition,
                })
            }
        };
        Ok(Some(Self { arbiter, update }))
    }
}

fn arbiter(
    target: Option<&ast::ConflictTarget>,
    table: &Table,
    cx: &BindContext<'_>,
) -> Result<Arbiter, SqlError> {
    match target {
        None => Ok(Arbiter::Any),
        Some(ast::ConflictTarget::OnConstraint(name)) => {
            let name = names::qualified(name)?.name;
            if table
                .primary_key
                .as_ref()
                .is_some_and(|key| key.name == name)
            {
                return Ok(Arbiter::PrimaryKey);
            }
            match table
                .indexes
                .iter()
                .any(|index| index.unique && index.constraint && index.name == name)
            {
                true => Ok(Arbiter::Index(name)),
                false => Err(SqlError::new(
                    "42704",
                    format!(
                        "constraint \"{name}\" for table \"{}\" does not exist",
                        table.name
                    ),
                )),
            }
        }
        Some(ast::ConflictTarget::Columns(columns)) => {
            let mut ids = Vec::new();
            for ident in columns {
                let position = table.position_of(&names::fold(ident));
                let column = position.and_then(|at| table.columns.get(at));
                ids.push(column.ok_or_else(|| undefined(ident, cx))?.id);
            }
            by_columns(table, &ids)
        }
    }
}

fn undefined(ident: &ast::Ident, cx: &BindContext<'_>) -> SqlError {
    let error = SqlError::new(
        "42703",
        format!("column \"{}\" does not exist", names::fold(ident)),
    );
    match names::position(cx.source, ident.span) {
        Some(position) => error.at(position),
        None => error,
    }
}

fn by_columns(table: &Table, ids: &[u32]) -> Result<Arbiter, SqlError> {
    let same =
        |columns: &[u32]| columns.len() == ids.len() && columns.iter().all(|id| ids.contains(id));
    if table
        .primary_key
        .as_ref()
        .is_some_and(|key| same(&key.columns))
    {
        return Ok(Arbiter::PrimaryKey);
    }
    let index = table
        .indexes
        .iter()
        .find(|index| index.unique && same(&index.columns));
    index
        .map(|index| Arbiter::Index(index.name.clone()))
        .ok_or_else(|| {
            SqlError::new(
                "42P10",
                "there is no unique or exclusion constraint matching the ON CONFLICT specification",
            )
        })
}
