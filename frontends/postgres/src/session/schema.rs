//! Schema changes, inside the transaction at hand.

use super::{Mode, Outcome, Prepared, Session};
use crate::error::SqlError;
use crate::sql::ddl::Ddl;
use crate::sql::parse::{PublicationStatement, Statement};

/// A change of the schema.
enum Change<'a> {
    Sql(&'a sqlparser::ast::Statement),
    Publication(&'a PublicationStatement),
}

impl Session {
    /// Carries a schema change out.
    pub(super) async fn ddl(&mut self, prepared: &Prepared) -> Result<Outcome, SqlError> {
        let Statement::Sql(statement) = &prepared.parsed.statement else {
            return Err(SqlError::internal("not a schema change"));
        };
        self.change_schema(prepared, Change::Sql(statement)).await
    }

    /// CREATE and DROP PUBLICATION.
    pub(super) async fn publication_command(
        &mut self,
        prepared: &Prepared,
        statement: &PublicationStatement,
        mode: Mode,
    ) -> Result<Outcome, SqlError> {
        if self.is_read_only() {
            return Err(SqlError::new(
                "25006",
                "cannot change publications in a read-only transaction",
            ));
        }
        let change = Change::Publication(statement);
        let outcome = self.change_schema(prepared, change).await?;
        if mode == Mode::Alone {
            self.close_implicit().await?;
        }
        Ok(outcome)
    }

    async fn change_schema(
        &mut self,
        prepared: &Prepared,
        change: Change<'_>,
    ) -> Result<Outcome, SqlError> {
        self.open_implicit();
        let txn = self.txn();
        txn.statement();
        txn.lock_schema().await?;
        // The schema as it is now that nobody else can change it.
        let around = self.surroundings(prepared.text())?;
        let db = self.db.clone();
        let mut ddl = Ddl {
            txn: self.txn(),
            db: &db,
            around: &around,
            source: &prepared.parsed.source,
            notices: Vec::new(),
        };
        let tag = match change {
            Change::Sql(statement) => ddl.run(statement).await,
            Change::Publication(statement) => ddl.publication(statement).await.map(str::to_owned),
        };
        for notice in ddl.notices {
            self.notice("00000", notice);
        }
        tag.map(Outcome::Done)
    }
}
