//! COPY carried out: rows from the client into a table, rows of a table or query to the client.

use bytes::Bytes;
use stele_core::record::table::Table;

use super::{Mode, Outcome, Session};
use crate::error::SqlError;
use crate::sql::copy::{CopyIn, CopyOut};
use crate::sql::dml::{Changes, Eval, refused};
use crate::sql::parse::{CopySource, CopyStatement, Parsed, Statement, parse};
use crate::sql::system::deparse::quote_ident;

impl Session {
    /// COPY, up to the point where rows begin to move.
    pub(super) async fn copy(
        &mut self,
        copy: &CopyStatement,
        mode: Mode,
    ) -> Result<Outcome, SqlError> {
        match copy.is_from {
            true => self.copy_from(copy, mode).await,
            false => self.copy_to(copy, mode).await,
        }
    }

    async fn copy_from(&mut self, copy: &CopyStatement, mode: Mode) -> Result<Outcome, SqlError> {
        let CopySource::Table { name, columns } = &copy.source else {
            return Err(SqlError::syntax("a query cannot be copied into"));
        };
        if self.is_read_only() {
            return Err(SqlError::new(
                "25006",
                "cannot execute COPY FROM in a read-only transaction",
            ));
        }
        let catalog = self.catalog()?;
        let found = catalog.table(name).cloned();
        let table = found
            .ok_or_else(|| SqlError::new("42P01", format!("relation \"{name}\" does not exist")))?;
        let positions = positions(&table, columns)?;
        self.open_implicit();
        let txn = self.txn();
        txn.statement();
        txn.use_table(&table).await.map_err(refused)?;
        Ok(Outcome::CopyIn(CopyIn::new(
            table,
            positions,
            copy.options.clone(),
            mode,
        )))
    }

    /// Takes a piece of the stream.
    ///
    /// # Errors
    /// Those of the rows in it.
    pub async fn copy_data(&mut self, copy: &mut CopyIn, piece: Bytes) -> Result<(), SqlError> {
        let rows = copy.feed(&piece)?;
        self.copy_rows(copy, rows).await
    }

    async fn copy_rows(
        &mut self,
        copy: &CopyIn,
        rows: Vec<Vec<Option<Bytes>>>,
    ) -> Result<(), SqlError> {
        if rows.is_empty() {
            return Ok(());
        }
        let around = self.surroundings("")?;
        let db = self.db.clone();
        let is_whole = copy.positions.len() == copy.table.columns.len()
            && copy
                .positions
                .iter()
                .enumerate()
                .all(|(at, position)| at == *position);
        let mut changes = Changes {
            txn: self.txn(),
            db: &db,
            eval: Eval {
                around: &around,
                params: &[],
            },
        };
        for fields in rows {
            let values = copy.values(&fields, &around.settings)?;
            let row = match is_whole {
                true => values,
                false => changes.placed(&copy.table, &copy.positions, values).await?,
            };
            changes
                .txn
                .insert_row(&copy.table, row)
                .await
                .map_err(refused)?;
        }
        Ok(())
    }

    /// The stream is over: its tag, once it is committed or part of its transaction.
    ///
    /// # Errors
    /// Those of the last row, and of the commit.
    pub async fn copy_end(&mut self, mut copy: CopyIn) -> Result<String, SqlError> {
        let rows = copy.finish()?;
        self.copy_rows(&copy, rows).await?;
        if copy.mode == Mode::Alone {
            self.close_implicit().await?;
        }
        Ok(format!("COPY {}", copy.count))
    }

    async fn copy_to(&mut self, copy: &CopyStatement, mode: Mode) -> Result<Outcome, SqlError> {
        let parsed = match &copy.source {
            CopySource::Query(query) => Parsed {
                statement: Statement::Sql(query.clone()),
                ..Parsed::default()
            },
            CopySource::Table { name, columns } => {
                let catalog = self.catalog()?;
                if let Some(table) = catalog.table(name) {
                    positions(table, columns)?;
                } else if !name.contains('.') && catalog.sequence(name).is_none() {
                    return Err(SqlError::new(
                        "42P01",
                        format!("relation \"{name}\" does not exist"),
                    ));
                }
                table_query(name, columns)?
            }
        };
        let (prepared, outcome) = self.run_inner(&parsed, &[], mode).await?;
        match outcome {
            Outcome::Rows(rows) => Ok(Outcome::CopyOut(CopyOut::new(
                rows.rows,
                prepared.shared_fields(),
                copy.options.clone(),
            ))),
            _ => Err(SqlError::unsupported(
                "COPY query must have a RETURNING clause",
            )),
        }
    }
}

/// `SELECT columns FROM table`.
fn table_query(name: &str, columns: &[String]) -> Result<Parsed, SqlError> {
    let name: Vec<String> = name.split('.').map(quote_ident).collect();
    let columns: Vec<String> = columns.iter().map(|column| quote_ident(column)).collect();
    let columns = if columns.is_empty() {
        "*".to_owned()
    } else {
        columns.join(", ")
    };
    let mut statements = parse(&format!("SELECT {columns} FROM {}", name.join(".")))?;
    statements
        .pop()
        .ok_or_else(|| SqlError::internal("a query is missing"))
}

fn positions(table: &Table, columns: &[String]) -> Result<Vec<usize>, SqlError> {
    if columns.is_empty() {
        return Ok((0..table.columns.len()).collect());
    }
    let mut positions = Vec::with_capacity(columns.len());
    for name in columns {
        let position = table.position_of(name).ok_or_else(|| {
            SqlError::new(
                "42703",
                format!(
                    "column \"{name}\" of relation \"{}\" does not exist",
                    table.name
                ),
            )
        })?;
        if positions.contains(&position) {
            return Err(SqlError::new(
                "42701",
                format!("column \"{name}\" specified more than once"),
            ));
        }
        positions.push(position);
    }
    Ok(positions)
}
