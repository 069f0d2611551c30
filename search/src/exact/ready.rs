//! An index at hand for one statement.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use stele_core::Database;
use stele_core::record::rows::Rows;
use stele_core::record::table::Catalog;
use stele_core::record::{CollectionId, Key, Token};
use tantivy::Searcher;

use super::best::PLACE_BYTES;
use super::matches::Matches;
use super::tail::{Aside, Changed, OWN_COUNT_MAX, changed};
use crate::error::{Error, Result};
use crate::follow::{Plan, Serving};
use crate::query::{Compile, Deadline, Query};
use crate::search::Search;

/// How long an index is waited for.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(10);

/// What a statement asks of an index before it takes its view.
pub struct Asked<'a> {
    /// The schema as the statement sees it.
    pub catalog: &'a Catalog,
    /// The search index.
    pub index: CollectionId,
    /// What an earlier view shows for certain; `None` = the view is taken from now on.
    pub floor: Option<&'a Token>,
    /// The table's records that the transaction has written itself.
    pub own: Vec<Key>,
}

/// An index at hand for one statement.
pub struct Ready {
    pub(super) serving: Serving,
    pub(super) searcher: Searcher,
    db: Database,
    /// The index and the view have at least this.
    since: Token,
    own: Vec<Key>,
    tail: Mutex<Option<Arc<Tail>>>,
}

/// What is asked by itself.
pub struct Tail {
    /// These records.
    pub keys: BTreeSet<Key>,
    /// As the view has them.
    pub aside: Option<Aside>,
}

impl Search {
    /// Makes an index ready for a statement whose view is taken afterwards, or was taken at
    /// `floor`. Waits for an index that is being filled or is far behind.
    ///
    /// # Errors
    /// `Unavailable` when it is not to be had in time; `Schema` when the statement's schema
    /// is not what is committed; `TooMany` when the view is too old or too much was written.
    pub async fn ready(&self, asked: Asked<'_>) -> Result<Ready> {
        let plan = self.committed_plan(&asked)?;
        if asked.own.len() > OWN_COUNT_MAX {
            return Err(Error::TooMany(format!(
                "the transaction has written more than {OWN_COUNT_MAX} rows of the table"
            )));
        }
        let (serving, searcher, since) = tokio::select! {
            found = self.come(&plan, &asked) => found?,
            () = self.database().sleep(WAIT_MAX) => return Err(self.late(&plan)),
        };
        Ok(Ready {
            serving,
            searcher,
            db: self.database().clone(),
            since,
            own: asked.own,
            tail: Mutex::default(),
        })
    }

    /// What the index should be, which is the same for the statement and for everybody.
    fn committed_plan(&self, asked: &Asked<'_>) -> Result<Plan> {
        let of = |catalog: &Catalog| Plan::of(catalog, asked.index).map_err(Error::Corrupt);
        let gone = || Error::Unavailable("the search index is gone".to_owned());
        let wanted = of(asked.catalog)?.ok_or_else(gone)?;
        let committed = of(&self.database().catalog())?;
        match committed {
            Some(plan) if plan.fingerprint == wanted.fingerprint => Ok(plan),
            _ => Err(Error::Schema(
                "the table or its search index was changed in this transaction".to_owned(),
            )),
        }
    }

    async fn come(&self, plan: &Plan, asked: &Asked<'_>) -> Result<(Serving, Searcher, Token)> {
        loop {
            if let Some(found) = self.at_hand(plan, asked).await? {
                return Ok(found);
            }
        }
    }

    /// The index, if it has come far enough; else waits a little.
    async fn at_hand(
        &self,
        plan: &Plan,
        asked: &Asked<'_>,
    ) -> Result<Option<(Serving, Searcher, Token)>> {
        let live = self.live(plan.id).await;
        // In this order: what is seen is at least as new as what is said of it.
        let visible = live.visible();
        let serving = live
            .serving()
            .filter(|serving| serving.fingerprint == plan.fingerprint);
        let Some(serving) = serving else {
            self.database().sleep(LOOK).await;
            return Ok(None);
        };
        let searcher = serving.reader.searcher();
        let since = asked
            .floor
            .map_or_else(|| visible.clone(), |floor| earlier(&visible, floor));
        let storage = serving.table.storage;
        if let Changed::Keys(_) = changed(self.database(), storage, &since)? {
            return Ok(Some((serving, searcher, since)));
        }
        if let Some(floor) = asked.floor
            && !matches!(changed(self.database(), storage, floor)?, Changed::Keys(_))
        {
            return Err(too_old());
        }
        let now = self.database().positions();
        self.reach(plan.id, &now, true).await?;
        Ok(None)
    }

    fn late(&self, plan: &Plan) -> Error {
        let filled = self.status(plan.id).map_or(0, |status| status.filled);
        let count = self.database().count(plan.table.storage);
        let seconds = WAIT_MAX.as_secs();
        Error::Unavailable(format!(
            "the search index is still being built after {seconds} seconds: {filled} of about {count} rows"
        ))
    }
}

fn too_old() -> Error {
    Error::TooMany("too much has changed since the transaction's snapshot was taken".to_owned())
}

/// What both tokens have seen.
fn earlier(left: &Token, right: &Token) -> Token {
    let mut both = Token::default();
    for (partition, index) in left.positions() {
        let other = right.positions().find(|(known, _)| *known == partition);
        both.see(partition, other.map_or(0, |(_, other)| other.min(index)));
    }
    both
}

impl Ready {
    /// The records of a view that match, best first, equally good ones by key. All views
    /// asked must be of the statement it was made for. `bytes_max` bounds what is kept.
    ///
    /// # Errors
    /// `Query` for a query that means nothing here; `TooMany` beyond the limits.
    pub fn matches<'a>(
        &'a self,
        query: Query,
        rows: &'a dyn Rows,
        now_ms: u64,
        limit: Option<usize>,
        bytes_max: usize,
    ) -> Result<Matches<'a>> {
        let count_max = bytes_max / PLACE_BYTES;
        Matches::new(self, query, (rows, now_ms), limit, count_max)
    }

    /// Those of these records that match.
    pub fn among<'a>(
        &'a self,
        query: Query,
        rows: &'a dyn Rows,
        now_ms: u64,
        keys: &[Key],
    ) -> Result<Matches<'a>> {
        Matches::among(self, query, (rows, now_ms), keys)
    }

    /// The fields whose words are found where a query names none.
    pub fn searched(&self) -> Vec<String> {
        self.serving.shape.mapping.searched()
    }

    pub(super) fn compile(&self) -> Compile<'_> {
        Compile {
            shape: &self.serving.shape,
            table: &self.serving.table,
            now_us: i64::try_from(self.db.now_us()).unwrap_or(i64::MAX),
        }
    }

    /// A statement has a time limit of its own, which ends it as a whole.
    pub(super) fn patience(&self) -> Deadline {
        Deadline::after(&self.db, u64::MAX)
    }

    /// What changed since the index or the view, and the transaction's own writes.
    pub(super) fn tail(&self, rows: &dyn Rows, now_ms: u64) -> Result<Arc<Tail>> {
        let mut kept = self.tail.lock();
        if let Some(tail) = kept.as_ref() {
            return Ok(tail.clone());
        }
        let storage = self.serving.table.storage;
        let Changed::Keys(mut keys) = changed(&self.db, storage, &self.since)? else {
            return Err(too_old());
        };
        keys.extend(self.own.iter().cloned());
        let aside = match keys.is_empty() {
            true => None,
            false => Some(Aside::of(&self.serving, keys.iter(), rows, now_ms)?),
        };
        let tail = Arc::new(Tail { keys, aside });
        *kept = Some(tail.clone());
        Ok(tail)
    }
}
