//! CREATE INDEX ... USING search: a full-text index over columns.
//!
//! It is a definition and nothing else: whoever follows the feed sees it and fills it, while
//! writes go on. A table has one at most.

use sqlparser::ast;
use stele_core::record::table::{Catalog, Column, Definition, SearchIndex, Table};
use stele_search::analysis;
use stele_search::document::{Columns, Mapping, columns};

use super::column::names_of;
use super::constraint::KEY_COLUMN_COUNT_MAX;
use super::{Ddl, naming, own_name};
use crate::error::SqlError;
use crate::sql::bind::names;

/// The access method's name.
pub const METHOD: &str = "search";

/// Whether a statement makes one.
pub(super) fn is_search(create: &ast::CreateIndex) -> bool {
    let method = create.using.as_ref().map(ToString::to_string);
    method.is_some_and(|method| method.trim_matches('"').eq_ignore_ascii_case(METHOD))
}

impl Ddl<'_> {
    pub(super) async fn create_search_index(
        &mut self,
        create: &ast::CreateIndex,
    ) -> Result<&'static str, SqlError> {
        refuse(create)?;
        let analyzer = analyzer(&create.with)?;
        let Some(table) = self.locked_table(&create.table_name, false).await? else {
            return Err(SqlError::internal("a table is missing"));
        };
        let text = text_columns(&table, &create.columns)?;
        let catalog = self.catalog()?;
        let name = match &create.name {
            Some(name) => own_name(name)?,
            None => naming::index(&catalog, &table, &names_of(&table, &text), "idx"),
        };
        if create.if_not_exists && naming::is_taken(&catalog, &name) {
            self.notices
                .push(format!("relation \"{name}\" already exists, skipping"));
            return Ok("CREATE INDEX");
        }
        naming::check_free(&catalog, &name)?;
        if let Some(known) = catalog.search_of(table.id) {
            let message = format!(
                "table \"{}\" has the search index \"{}\" already",
                table.name, known.name
            );
            return Err(SqlError::unsupported(message)
                .with_hint("One search index may list several columns."));
        }
        let search = SearchIndex {
            id: self.new_id().await?,
            table: table.id,
            name,
            mapping: Mapping::of_columns(Columns { text, analyzer }).print(),
        };
        self.define(Definition::Search(search)).await?;
        Ok("CREATE INDEX")
    }

    /// Drops the search index of this name; whether there was one.
    pub(super) async fn drop_search_index(&mut self, name: &str) -> Result<bool, SqlError> {
        let catalog = self.catalog()?;
        let Some(search) = find(&catalog, name) else {
            return Ok(false);
        };
        if listed(search)?.is_none() {
            let table = catalog.table_by_id(search.table);
            let table = table.map_or("", |table| table.name.as_str());
            let message = format!("cannot drop index {name} because index {table} requires it");
            return Err(SqlError::new("2BP01", message).with_hint(format!(
                "It came with PUT /{table} and goes with it: DROP TABLE {table}."
            )));
        }
        let (id, table) = (search.id, search.table);
        self.txn.lock_table(table).await?;
        self.undefine(id).await?;
        Ok(true)
    }

    /// A column is dropped: a search index that lists it goes along, as any index would.
    pub(super) async fn forget_words(
        &mut self,
        table: &Table,
        column: u32,
    ) -> Result<(), SqlError> {
        let catalog = self.catalog()?;
        let Some(search) = catalog.search_of(table.id) else {
            return Ok(());
        };
        match listed(search)? {
            Some(columns) if columns.text.contains(&column) => {
                let id = search.id;
                self.undefine(id).await
            }
            _ => Ok(()),
        }
    }

    /// 0A000 when a column that a search index lists is to get a name that no field can have.
    pub(super) fn check_words(
        &mut self,
        table: &Table,
        column: u32,
        name: &str,
    ) -> Result<(), SqlError> {
        let catalog = self.catalog()?;
        let Some(search) = catalog.search_of(table.id) else {
            return Ok(());
        };
        match listed(search)? {
            Some(columns) if columns.text.contains(&column) => check_name(name),
            _ => Ok(()),
        }
    }
}

/// The search index of this name.
pub fn find<'c>(catalog: &'c Catalog, name: &str) -> Option<&'c SearchIndex> {
    let mut all = catalog.searches();
    all.find(|search| search.name == name)
        .map(|search| &**search)
}

/// The columns a search index lists; `None` for one that came with an index of documents.
fn listed(search: &SearchIndex) -> Result<Option<Columns>, SqlError> {
    let mapping = Mapping::parse(&search.mapping);
    Ok(mapping
        .map_err(|reason| SqlError::new("XX001", reason))?
        .columns)
}

fn refuse(create: &ast::CreateIndex) -> Result<(), SqlError> {
    let has_order = |column: &ast::IndexColumn| {
        column.column.options.asc.is_some() || column.column.options.nulls_first.is_some()
    };
    let refused = [
        (create.unique, "unique indexes"),
        (create.predicate.is_some(), "partial indexes"),
        (!create.include.is_empty(), "included columns"),
        (create.nulls_distinct.is_some(), "NULLS DISTINCT options"),
        (create.columns.iter().any(has_order), "ASC/DESC options"),
        (
            create
                .columns
                .iter()
                .any(|column| column.operator_class.is_some()),
            "operator classes",
        ),
    ];
    match refused.iter().find(|(is_said, _)| *is_said) {
        Some((_, what)) => Err(SqlError::unsupported(format!(
            "access method \"{METHOD}\" does not support {what}"
        ))),
        None => Ok(()),
    }
}

/// The one option there is.
fn analyzer(options: &[ast::Expr]) -> Result<Option<String>, SqlError> {
    let mut analyzer = None;
    for option in options {
        let (name, value) = super::index::option(option)?;
        if name != "analyzer" {
            let message = format!("unrecognized parameter \"{name}\"");
            return Err(SqlError::new("22023", message));
        }
        if !analysis::exists(&value) {
            let message = format!("invalid value for parameter \"analyzer\": \"{value}\"");
            return Err(SqlError::new("22023", message).with_hint(
                "For example standard, english, german, simple, whitespace or keyword.",
            ));
        }
        if analyzer.replace(value).is_some() {
            let message = "parameter \"analyzer\" specified more than once";
            return Err(SqlError::new("22023", message));
        }
    }
    Ok(analyzer)
}

/// The listed columns, by number.
fn text_columns(table: &Table, listed: &[ast::IndexColumn]) -> Result<Vec<u32>, SqlError> {
    if listed.len() > KEY_COLUMN_COUNT_MAX {
        let message = format!("cannot use more than {KEY_COLUMN_COUNT_MAX} columns in an index");
        return Err(SqlError::new("54011", message));
    }
    let mut ids = Vec::with_capacity(listed.len());
    for item in listed {
        let ast::Expr::Identifier(ident) = &item.column.expr else {
            return Err(SqlError::unsupported(
                "indexes on expressions are not supported",
            ));
        };
        let name = names::fold(ident);
        let column = table.columns.iter().find(|column| column.name == name);
        let column = column
            .ok_or_else(|| SqlError::new("42703", format!("column \"{name}\" does not exist")))?;
        check_words(column)?;
        if ids.contains(&column.id) {
            let message = format!("column \"{name}\" appears twice in the index");
            return Err(SqlError::new("42701", message));
        }
        ids.push(column.id);
    }
    Ok(ids)
}

fn check_words(column: &Column) -> Result<(), SqlError> {
    if !columns::has_words(&column.ty.ty) {
        let message = format!(
            "data type {} has no default operator class for access method \"{METHOD}\"",
            column.ty.ty.sql_name()
        );
        return Err(SqlError::new("42704", message).with_hint(
            "List columns of text only: the others can be filtered and sorted without being listed.",
        ));
    }
    check_name(&column.name)
}

fn check_name(name: &str) -> Result<(), SqlError> {
    match columns::can_be_named(name) {
        true => Ok(()),
        false => Err(SqlError::unsupported(format!(
            "column \"{name}\" cannot be in a search index: its name begins with \"_\" or has a dot"
        ))),
    }
}
