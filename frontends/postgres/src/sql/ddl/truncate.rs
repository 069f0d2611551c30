//! TRUNCATE: the table gets a new, empty storage.

use std::sync::Arc;

use sqlparser::ast;
use stele_core::record::CollectionId;
use stele_core::record::table::{Definition, Table};

use super::Ddl;
use crate::error::SqlError;

impl Ddl<'_> {
    pub(super) async fn truncate(
        &mut self,
        truncate: &ast::Truncate,
    ) -> Result<&'static str, SqlError> {
        if truncate.partitions.is_some() || truncate.if_exists || truncate.on_cluster.is_some() {
            return Err(SqlError::syntax("syntax error in TRUNCATE"));
        }
        let mut tables: Vec<Arc<Table>> = Vec::new();
        for target in &truncate.table_names {
            if let Some(table) = self.locked_table(&target.name, false).await? {
                tables.push(table);
            }
        }
        let cascade = matches!(truncate.cascade, Some(ast::CascadeOption::Cascade));
        self.add_referring(&mut tables, cascade).await?;
        for table in &tables {
            let mut emptied = Table::clone(table);
            emptied.storage = self.new_id().await?;
            for index in &mut emptied.indexes {
                index.storage = self.new_id().await?;
            }
            self.define(Definition::Table(emptied)).await?;
        }
        if matches!(
            truncate.identity,
            Some(ast::TruncateIdentityOption::Restart)
        ) {
            self.restart_sequences(&tables).await?;
        }
        Ok("TRUNCATE TABLE")
    }

    /// Tables that refer to these: emptied too with CASCADE, else in the way.
    async fn add_referring(
        &mut self,
        tables: &mut Vec<Arc<Table>>,
        cascade: bool,
    ) -> Result<(), SqlError> {
        let mut at = 0;
        while let Some(table) = tables.get(at).cloned() {
            at += 1;
            let catalog = self.catalog()?;
            let known: Vec<CollectionId> = tables.iter().map(|table| table.id).collect();
            let referring = catalog
                .references_to(table.id)
                .map(|(from, _)| Arc::clone(from));
            let referring: Vec<Arc<Table>> =
                referring.filter(|from| !known.contains(&from.id)).collect();
            for from in referring {
                if !cascade {
                    return Err(SqlError::unsupported(
                        "cannot truncate a table referenced in a foreign key constraint",
                    )
                    .with_detail(format!(
                        "Table \"{}\" references \"{}\".",
                        from.name, table.name
                    ))
                    .with_hint(format!(
                        "Truncate table \"{}\" at the same time, or use TRUNCATE ... CASCADE.",
                        from.name
                    )));
                }
                self.notices
                    .push(format!("truncate cascades to table \"{}\"", from.name));
                self.txn.lock_table(from.id).await?;
                if !tables.iter().any(|known| known.id == from.id) {
                    tables.push(self.defined(from.id)?);
                }
            }
        }
        Ok(())
    }

    /// RESTART IDENTITY. Sequences stand outside of transactions, so a rollback does not undo it.
    async fn restart_sequences(&mut self, tables: &[Arc<Table>]) -> Result<(), SqlError> {
        let catalog = self.catalog()?;
        let columns = tables.iter().flat_map(|table| &table.columns);
        let ids: Vec<CollectionId> = columns.filter_map(|column| column.sequence).collect();
        for id in ids {
            let is_committed = self.db.catalog().sequence_by_id(id).is_some();
            if let (Some(sequence), true) = (catalog.sequence_by_id(id), is_committed) {
                self.db.set_value(id, sequence.start, false).await?;
            }
        }
        Ok(())
    }
}
