//! Full-text indexes, made ready for a statement before it takes its view.

use stele_core::record::Token;
use stele_search::exact::Asked;

use super::host::Surroundings;
use super::{IsolationLevel, Session, Status};
use crate::error::SqlError;
use crate::sql::execute::search_scan::refusal;
use crate::sql::plan::search::Use;

impl Session {
    /// Makes the indexes ready that a statement reads. To be called before its view is taken.
    ///
    /// # Errors
    /// 0A000 when this door has no search, or the schema at hand is not committed; 55000 when
    /// an index is not to be had in time.
    pub(super) async fn make_ready(
        &mut self,
        around: &mut Surroundings,
        uses: &[Use],
    ) -> Result<(), SqlError> {
        if uses.is_empty() {
            return Ok(());
        }
        let Some(search) = self.shared.search.clone() else {
            return Err(SqlError::unsupported("this node has no full-text search"));
        };
        let floor = self.floor();
        for used in uses {
            let own = match self.transaction.txn() {
                Some(txn) => txn.written(used.table.storage),
                None => Vec::new(),
            };
            let asked = Asked {
                catalog: &around.catalog,
                index: used.index.id,
                floor: floor.as_ref(),
                own,
            };
            let ready = search.ready(asked).await.map_err(refusal)?;
            around.searches.add(used.index.id, ready);
        }
        Ok(())
    }

    /// What the transaction's one snapshot shows for certain; `None` when the statement takes
    /// a view of its own.
    fn floor(&mut self) -> Option<Token> {
        let is_own = matches!(
            self.isolation(),
            IsolationLevel::ReadCommitted | IsolationLevel::ReadUncommitted
        );
        let is_block = self.transaction.status() == Status::Open;
        if is_own || !(is_block || self.transaction.txn().is_some()) {
            return None;
        }
        let positions = self.db.positions();
        Some(self.transaction.floor(positions).clone())
    }
}
