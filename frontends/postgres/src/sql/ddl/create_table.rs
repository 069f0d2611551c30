//! CREATE TABLE.

use sqlparser::ast;
use stele_core::record::table::{Definition, Table};

use super::{Ddl, naming, own_name};
use crate::error::SqlError;

/// The most columns a table may have, as in PostgreSQL.
const COLUMN_COUNT_MAX: usize = 1_600;

impl Ddl<'_> {
    pub(super) async fn create_table(
        &mut self,
        create: &ast::CreateTable,
    ) -> Result<String, SqlError> {
        refuse(create)?;
        let adopt = options(&create.table_options)?;
        let name = own_name(&create.name)?;
        let catalog = self.catalog()?;
        if create.if_not_exists && naming::is_taken(&catalog, &name) {
            self.notices
                .push(format!("relation \"{name}\" already exists, skipping"));
            return Ok("CREATE TABLE".to_owned());
        }
        naming::check_free(&catalog, &name)?;
        check_spelling(&name)?;
        if let Some(query) = &create.query {
            return self.create_as(name, create, query).await;
        }
        let mut table = self.empty_table(name).await?;
        for column in &create.columns {
            self.add_column(&mut table, column).await?;
        }
        if table.columns.len() > COLUMN_COUNT_MAX {
            return Err(SqlError::new(
                "54011",
                "tables can have at most 1600 columns",
            ));
        }
        self.add_all_constraints(&mut table, create).await?;
        self.claim_prefix(&table, adopt).await?;
        Ok("CREATE TABLE".to_owned())
    }

    async fn add_all_constraints(
        &mut self,
        table: &mut Table,
        create: &ast::CreateTable,
    ) -> Result<(), SqlError> {
        // Primary keys and unique constraints first: foreign keys to itself need them.
        for column in &create.columns {
            self.add_column_constraints(table, column).await?;
        }
        for is_foreign in [false, true] {
            for constraint in &create.constraints {
                if matches!(constraint, ast::TableConstraint::ForeignKey(_)) == is_foreign {
                    self.add_constraint(table, constraint).await?;
                }
            }
        }
        Ok(())
    }

    /// A definition without columns.
    pub(super) async fn empty_table(&mut self, name: String) -> Result<Table, SqlError> {
        let id = self.new_id().await?;
        Ok(Table {
            id,
            storage: id,
            name,
            columns: Vec::new(),
            next_column: 1,
            primary_key: None,
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
        })
    }

    /// Defines a new table, whose name becomes a prefix of keys: plain keys that begin with it
    /// are adopted as rows, or refused.
    async fn claim_prefix(&mut self, table: &Table, adopt: bool) -> Result<(), SqlError> {
        let keys = self.plain_keys(&table.name).await?;
        if !adopt && !keys.is_empty() {
            return Err(SqlError::new(
                "55006",
                format!(
                    "{} keys of database 0 begin with \"{}:\"",
                    keys.len(),
                    table.name
                ),
            )
            .with_detail("A table's rows are the keys that begin with its name.")
            .with_hint(
                "Remove the keys, or make them rows: CREATE TABLE ... WITH (adopt = true).",
            ));
        }
        self.define(Definition::Table(table.clone())).await?;
        if !keys.is_empty() {
            self.adopt(table.id, keys).await?;
        }
        Ok(())
    }
}

/// A key's prefix ends at its first colon, so no table's name may hold one.
pub(super) fn check_spelling(name: &str) -> Result<(), SqlError> {
    match name.contains(':') {
        true => Err(SqlError::new("42602", format!("invalid name \"{name}\""))
            .with_detail("A table's name is the part of a Redis key before its first colon.")),
        false => Ok(()),
    }
}

/// Storage parameters: those of PostgreSQL that only tune its storage are accepted.
fn options(given: &ast::CreateTableOptions) -> Result<bool, SqlError> {
    let options = match given {
        ast::CreateTableOptions::None => return Ok(false),
        ast::CreateTableOptions::With(options) => options,
        _ => {
            return Err(SqlError::unsupported(
                "these table options are not supported",
            ));
        }
    };
    let mut adopt = false;
    for option in options {
        let ast::SqlOption::KeyValue { key, value } = option else {
            return Err(SqlError::unsupported(format!(
                "table option {option} is not supported"
            )));
        };
        let value = value.to_string().to_lowercase();
        match key.value.to_lowercase().as_str() {
            "adopt" => adopt = matches!(value.trim_matches('\''), "true" | "on" | "1"),
            "fillfactor" => {}
            name if name.starts_with("autovacuum_") || name.starts_with("toast.") => {}
            name => {
                return Err(SqlError::new(
                    "22023",
                    format!("unrecognized parameter \"{name}\""),
                ));
            }
        }
    }
    Ok(adopt)
}

/// What CREATE TABLE may say and this does not do.
fn refuse(create: &ast::CreateTable) -> Result<(), SqlError> {
    let refused = [
        (create.temporary, "temporary tables are"),
        (create.or_replace, "CREATE OR REPLACE TABLE is"),
        (create.external, "external tables are"),
        (create.like.is_some(), "LIKE is"),
        (create.clone.is_some(), "CLONE is"),
        (create.inherits.is_some(), "inheritance is"),
        (
            create.partition_by.is_some() || create.partition_of.is_some(),
            "partitioned tables are",
        ),
        (create.on_commit.is_some(), "ON COMMIT is"),
        (
            create.strict || create.without_rowid,
            "these table options are",
        ),
    ];
    match refused.iter().find(|(is_said, _)| *is_said) {
        Some((_, what)) => Err(SqlError::unsupported(format!("{what} not supported"))),
        None => Ok(()),
    }
}
