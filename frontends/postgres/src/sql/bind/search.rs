//! Full-text search: `t @@@ 'words'` and `score()`.

use std::sync::Arc;

use sqlparser::ast;
use stele_core::record::expr::{self, Expr};
use stele_core::record::table::SearchIndex;
use stele_core::record::value::{ColumnType, Type, Value};
use stele_search::document::Mapping;

use super::call::CallParts;
use super::expr::unnest_parens;
use super::names;
use super::scope::{Binder, Clause, Item};
use crate::error::{Result, SqlError};
use crate::sql::plan::search::{MATCHES, SCORE};

/// The full-text index of a relation in FROM.
#[derive(Clone, Debug)]
pub(crate) struct ItemSearch {
    /// The index.
    pub index: Arc<SearchIndex>,
    /// Where the score stands in the level's row, if it does.
    pub score: Option<usize>,
}

impl Binder<'_> {
    /// `left @@@ right`: the left side is a relation in FROM, or a column of one that its
    /// index lists; the right side a query.
    pub(super) fn search(&mut self, left: &ast::Expr, right: &ast::Expr) -> Result<Expr> {
        let clause = self.level()?.clause;
        if !matches!(clause, Clause::Where | Clause::JoinOn) {
            return Err(SqlError::unsupported(format!(
                "@@@ is not supported in {}",
                clause.name()
            ))
            .with_hint("Say it in WHERE."));
        }
        let (item, column) = self.searched_item(left)?;
        let field = match &column {
            None => String::new(),
            Some(column) => field_of(&item, column)?,
        };
        let (Some(address), Some(_)) = (item.address, &item.search) else {
            return Err(no_index(&item.name));
        };
        let query = self.expr(right)?;
        let query = self.implicit(query, &Type::Text)?;
        let address = Expr::column(address, ColumnType::from(Type::Bytea));
        let field = Expr::constant(Value::text(field), Type::Text);
        let args = [Type::Bytea, Type::Text, Type::Text];
        let resolved = expr::resolve(MATCHES, &args)?;
        Ok(Expr::Call {
            function: resolved.function,
            args: vec![address, query, field],
            ty: Type::Bool,
        })
    }

    /// The relation a left side means, and the column of it.
    fn searched_item(&mut self, left: &ast::Expr) -> Result<(Item, Option<String>)> {
        let parts: Vec<String> = match unnest_parens(left) {
            ast::Expr::Identifier(ident) => vec![names::fold(ident)],
            ast::Expr::CompoundIdentifier(parts) => parts.iter().map(names::fold).collect(),
            _ => {
                return Err(SqlError::unsupported(
                    "the left side of @@@ must be a table or one of its indexed columns",
                ));
            }
        };
        let level = self.level()?;
        let items = level.items.iter().skip(level.visible_from);
        let has = |item: &&Item, column: &str| {
            item.address.is_some() && item.columns.iter().any(|known| known.name == column)
        };
        let found = match parts.as_slice() {
            [name] => {
                let mut with_column = items.clone().filter(|item| has(item, name));
                match (with_column.next(), with_column.next()) {
                    (Some(_), Some(_)) => {
                        let message = format!("column reference \"{name}\" is ambiguous");
                        return Err(SqlError::new("42702", message));
                    }
                    (Some(item), None) => Some((item.clone(), Some(name.clone()))),
                    (None, _) => items
                        .clone()
                        .find(|item| item.name == *name)
                        .map(|item| (item.clone(), None)),
                }
            }
            [table, column] => items
                .clone()
                .find(|item| item.name == *table && has(item, column))
                .map(|item| (item.clone(), Some(column.clone()))),
            _ => None,
        };
        found.ok_or_else(|| {
            let name = parts.join(".");
            let message = format!("\"{name}\" is no table or column of this query's FROM clause");
            SqlError::new("42P01", message)
        })
    }

    /// `score()`, or `score(t)` where several relations have an index: how well the row
    /// matches the search of this query.
    pub(super) fn score_call(&mut self, parts: &CallParts<'_>) -> Result<Option<Expr>> {
        let is_plain = !parts.star && !parts.distinct && parts.filter.is_none();
        if parts.name != "score" || parts.args.len() > 1 || !is_plain {
            return Ok(None);
        }
        let named = match parts.args.first() {
            None => None,
            Some(ast::Expr::Identifier(ident)) => Some(names::fold(ident)),
            Some(_) => return Ok(None),
        };
        let level = self.level()?;
        let items = level.items.iter().skip(level.visible_from);
        let mut scored = items.filter_map(|item| {
            let at = item.search.as_ref()?.score?;
            let is_meant = named.as_ref().is_none_or(|name| *name == item.name);
            is_meant.then_some((at, item.rel))
        });
        let (at, rel) = match (scored.next(), scored.next()) {
            (Some(found), None) => found,
            (Some(_), Some(_)) => {
                let message = "score() is ambiguous: several tables have a search index";
                return Err(SqlError::new("42702", message)
                    .with_hint("Say whose score is meant: score(table)."));
            }
            (None, _) => {
                let message = "score() needs a table with a search index in FROM";
                return Err(SqlError::unsupported(message));
            }
        };
        self.scored.extend(rel);
        Ok(Some(Expr::column(at, ColumnType::from(SCORE))))
    }
}

/// The field with the words of a column.
fn field_of(item: &Item, column: &str) -> Result<String> {
    let (Some(search), Some(table)) = (&item.search, &item.table) else {
        return Err(no_index(&item.name));
    };
    let mapping = Mapping::of(&search.index, table);
    let mapping = mapping.map_err(|reason| SqlError::new("XX001", reason))?;
    // By place: an alias may have given the column another name.
    let place = item.columns.iter().position(|known| known.name == column);
    let id = place
        .and_then(|at| table.columns.get(at))
        .map(|column| column.id);
    let field = id.and_then(|id| mapping.words_of(id));
    field.map(str::to_owned).ok_or_else(|| {
        let message = format!(
            "column \"{column}\" is not listed in search index \"{}\"",
            search.index.name
        );
        SqlError::unsupported(message)
    })
}

fn no_index(relation: &str) -> SqlError {
    let message = format!("relation \"{relation}\" has no search index");
    SqlError::unsupported(message)
        .with_hint(format!("CREATE INDEX ON {relation} USING search (column)."))
}
