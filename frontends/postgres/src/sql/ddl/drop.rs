//! DROP of tables, indexes and sequences, and what depends on them.

use sqlparser::ast;
use stele_core::record::CollectionId;
use stele_core::record::table::{Definition, Table};

use super::{Ddl, index, own_name};
use crate::error::SqlError;

impl Ddl<'_> {
    pub(super) async fn drop_objects(
        &mut self,
        kind: &ast::ObjectType,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<&'static str, SqlError> {
        match kind {
            ast::ObjectType::Table => {
                self.drop_tables(names, if_exists, cascade).await?;
                Ok("DROP TABLE")
            }
            ast::ObjectType::Index => {
                for name in names {
                    self.drop_index(&own_name(name)?, if_exists).await?;
                }
                Ok("DROP INDEX")
            }
            ast::ObjectType::Sequence => {
                for name in names {
                    self.drop_sequence(&own_name(name)?, if_exists).await?;
                }
                Ok("DROP SEQUENCE")
            }
            // A view that cannot exist is missing, and that is all IF EXISTS asks.
            ast::ObjectType::View | ast::ObjectType::MaterializedView | ast::ObjectType::Type
                if if_exists =>
            {
                for name in names {
                    self.notices.push(format!(
                        "{} \"{name}\" does not exist, skipping",
                        kind.to_string().to_lowercase()
                    ));
                }
                Ok(match kind {
                    ast::ObjectType::View => "DROP VIEW",
                    ast::ObjectType::Type => "DROP TYPE",
                    _ => "DROP MATERIALIZED VIEW",
                })
            }
            other => Err(SqlError::unsupported(format!(
                "DROP {other} is not supported"
            ))),
        }
    }

    async fn drop_tables(
        &mut self,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<(), SqlError> {
        let mut doomed = Vec::new();
        for name in names {
            let bare = own_name(name)?;
            let catalog = self.catalog()?;
            if catalog.table(&bare).is_none() {
                if if_exists {
                    self.notices
                        .push(format!("table \"{bare}\" does not exist, skipping"));
                    continue;
                }
                return Err(SqlError::new(
                    "42P01",
                    format!("table \"{bare}\" does not exist"),
                ));
            }
            if let Some(table) = self.locked_table(name, false).await? {
                doomed.push(table);
            }
        }
        let ids: Vec<CollectionId> = doomed.iter().map(|table| table.id).collect();
        for table in &doomed {
            self.drop_foreign_references(
                table,
                None,
                &format!("table {}", table.name),
                cascade,
                &ids,
            )
            .await?;
        }
        for table in &doomed {
            let sequences: Vec<CollectionId> = table
                .columns
                .iter()
                .filter_map(|column| column.sequence)
                .collect();
            for sequence in sequences {
                self.undefine(sequence).await?;
            }
            self.undefine(table.id).await?;
        }
        Ok(())
    }

    /// Foreign keys of other tables that reference these columns (or any): dropped with
    /// CASCADE, else in the way.
    pub(super) async fn drop_references(
        &mut self,
        table: &Table,
        columns: Option<&[u32]>,
        what: &str,
        cascade: bool,
    ) -> Result<(), SqlError> {
        self.drop_foreign_references(table, columns, what, cascade, &[table.id])
            .await
    }

    async fn drop_foreign_references(
        &mut self,
        table: &Table,
        columns: Option<&[u32]>,
        what: &str,
        cascade: bool,
        except: &[CollectionId],
    ) -> Result<(), SqlError> {
        let concerns = |target_columns: &[u32]| match columns {
            None => true,
            Some(columns) => target_columns.iter().any(|column| columns.contains(column)),
        };
        let catalog = self.catalog()?;
        let mut found: Vec<(CollectionId, String, String)> = Vec::new();
        for (from, key) in catalog.references_to(table.id) {
            if !except.contains(&from.id) && concerns(&key.target_columns) {
                found.push((from.id, from.name.clone(), key.name.clone()));
            }
        }
        for (from, from_name, key) in found {
            if !cascade {
                return Err(SqlError::new(
                    "2BP01",
                    format!("cannot drop {what} because other objects depend on it"),
                )
                .with_detail(format!(
                    "constraint {key} on table {from_name} depends on {what}"
                ))
                .with_hint("Use DROP ... CASCADE to drop the dependent objects too."));
            }
            self.notices.push(format!(
                "drop cascades to constraint {key} on table {from_name}"
            ));
            self.txn.lock_table(from).await?;
            let mut changed = Table::clone(&*self.defined(from)?);
            changed.foreign_keys.retain(|known| known.name != key);
            self.define(Definition::Table(changed)).await?;
        }
        Ok(())
    }

    async fn drop_index(&mut self, name: &str, if_exists: bool) -> Result<(), SqlError> {
        if self.drop_search_index(name).await? {
            return Ok(());
        }
        let catalog = self.catalog()?;
        let Some((table, at)) = index::find(&catalog, name) else {
            if let Some(owner) = super::naming::owner_of_index(&catalog, name) {
                return Err(required(name, &owner.name));
            }
            if if_exists {
                self.notices
                    .push(format!("index \"{name}\" does not exist, skipping"));
                return Ok(());
            }
            return Err(SqlError::new(
                "42704",
                format!("index \"{name}\" does not exist"),
            ));
        };
        self.txn.lock_table(table.id).await?;
        let mut changed = Table::clone(&*self.defined(table.id)?);
        if changed
            .indexes
            .get(at)
            .is_some_and(|index| index.constraint)
        {
            return Err(required(name, &changed.name));
        }
        changed.indexes.retain(|index| index.name != name);
        self.define(Definition::Table(changed)).await
    }

    async fn drop_sequence(&mut self, name: &str, if_exists: bool) -> Result<(), SqlError> {
        let catalog = self.catalog()?;
        let Some(sequence) = catalog.sequence(name) else {
            if if_exists {
                self.notices
                    .push(format!("sequence \"{name}\" does not exist, skipping"));
                return Ok(());
            }
            return Err(SqlError::new(
                "42P01",
                format!("sequence \"{name}\" does not exist"),
            ));
        };
        if sequence.owner.is_some() {
            return Err(SqlError::new(
                "2BP01",
                format!("cannot drop sequence {name} because other objects depend on it"),
            ));
        }
        self.undefine(sequence.id).await
    }
}

fn required(index: &str, table: &str) -> SqlError {
    SqlError::new(
        "2BP01",
        format!(
            "cannot drop index {index} because constraint {index} on table {table} requires it"
        ),
    )
    .with_hint(format!(
        "You can drop constraint {index} on table {table} instead."
    ))
}
