//! Schema changes, inside the transaction at hand.

use super::{Outcome, Prepared, Session};
use crate::error::SqlError;
use crate::sql::ddl::Ddl;
use crate::sql::parse::Statement;

impl Session {
    /// Carries a schema change out.
    pub(super) async fn ddl(&mut self, prepared: &Prepared) -> Result<Outcome, SqlError> {
        let Statement::Sql(statement) = &prepared.parsed.statement else {
            return Err(SqlError::internal("not a schema change"));
        };
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
        let tag = ddl.run(statement).await;
        for notice in ddl.notices {
            self.notice("00000", notice);
        }
        tag.map(Outcome::Done)
    }
}
