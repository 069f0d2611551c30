//! One search index's follower.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use stele_core::record::{CollectionId, Head, Key, Token, head, layout};
use stele_core::store::Family;
use stele_core::txn::RowRecord;
use stele_core::{Database, Followed};
use tokio::sync::watch;

use super::live::{Live, Serving};
use super::plan::Plan;
use crate::aside::aside;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::index::{Generation, OpenColumns, Shape};

/// How much of the feed is read at once, bytes.
const PAGE_BYTES: usize = 2 << 20;
/// How many rows of a table are read at once while an index is filled.
const FILL_ROWS: usize = 500;
/// Changes become visible this long after the refresh before, microseconds.
const REFRESH_US: u64 = 500_000;
/// A follower looks at the feed this often at most.
const PAUSE: Duration = Duration::from_millis(10);
/// It looks at the time this often at least.
const IDLE: Duration = Duration::from_secs(5);
/// A refresh is made durable this long after the last, microseconds, or
const CHECKPOINT_US: u64 = 30_000_000;
/// when this much has been written.
const CHECKPOINT_BYTES: u64 = 64 << 20;
/// Threads and memory are given back when nothing changed for this long, microseconds.
const REST_US: u64 = 10_000_000;
/// With more segments than this, refreshes are rarer, so that merges catch up.
const SEGMENT_COUNT_MAX: usize = 48;

/// Follows the feed for one search index.
pub struct Follower {
    /// The search index.
    pub id: CollectionId,
    /// Where changes come from and rows are read.
    pub db: Database,
    /// Where generations lie.
    pub root: PathBuf,
    /// What others see.
    pub live: Arc<Live>,
    /// Says when to stop.
    pub stop: watch::Receiver<bool>,
    /// The machine has not stopped since the folder was written.
    pub is_same_boot: bool,
}

/// The generation at work, for the plan it was made for.
struct Work {
    plan: Plan,
    generation: Generation,
    /// The schema version the plan was read at.
    schema: u64,
    is_serving: bool,
    refreshed_us: u64,
    changed_us: u64,
    checkpoint_us: u64,
}

impl Follower {
    /// Runs until it is told to stop or the search index is dropped.
    pub async fn run(mut self) {
        let mut work = None;
        while !*self.stop.borrow() {
            match self.round(&mut work).await {
                Ok(true) => self.live.say(None),
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, index = self.id.0, "a search index will try again");
                    self.live.say(Some(error.to_string()));
                    work = None;
                    self.db.sleep(Duration::from_secs(1)).await;
                }
            }
        }
        self.leave(work);
    }

    fn leave(&self, work: Option<Work>) {
        let Some(mut work) = work else { return };
        let outcome = work
            .generation
            .refresh()
            .and_then(|()| work.generation.checkpoint());
        if let Err(error) = outcome {
            tracing::warn!(%error, index = self.id.0, "a search index closed without its last changes");
        }
        work.generation.rest();
    }

    /// One round; `false` = the search index is gone.
    async fn round(&mut self, work: &mut Option<Work>) -> Result<bool> {
        // Positions before the schema: what was defined by then is in it.
        let published = self.db.positions();
        let catalog = self.db.catalog();
        if work
            .as_ref()
            .is_none_or(|work| work.schema != catalog.version)
        {
            let Some(plan) = Plan::of(&catalog, self.id).map_err(Error::Corrupt)? else {
                self.drop_all(work.take());
                return Ok(false);
            };
            self.adopt(work, plan, catalog.version, &published)?;
        }
        let Some(work) = work else { return Ok(true) };
        let is_asked = self.live.take_ask();
        // Files are written, and merges may have to be waited for: no door does.
        let is_busy = aside(true, || -> Result<bool> {
            let is_busy = self.pull(work, &published)? | self.fill(work)?;
            self.settle(work, is_asked)?;
            Ok(is_busy)
        })?;
        if is_busy {
            // Others have their turn, also while there is much to do.
            self.db
                .sleep(if is_asked { Duration::ZERO } else { PAUSE })
                .await;
        } else {
            self.wait(work).await;
        }
        Ok(true)
    }

    /// Goes on with the generation a plan asks for.
    fn adopt(
        &self,
        work: &mut Option<Work>,
        plan: Plan,
        schema: u64,
        published: &Token,
    ) -> Result<()> {
        if let Some(known) = work {
            known.schema = schema;
            if known.plan.fingerprint == plan.fingerprint {
                known.plan = plan;
                if known.is_serving {
                    self.serve(known);
                }
                return Ok(());
            }
        }
        let folder = Generation::folder(&self.root, plan.id, plan.fingerprint);
        let shape = Arc::new(Shape::new(plan.mapping.clone()));
        let generation = Generation::open(&folder, shape, published, self.is_same_boot)?;
        let now = self.db.now_us();
        let next = Work {
            plan,
            generation,
            schema,
            is_serving: false,
            refreshed_us: 0,
            changed_us: now,
            checkpoint_us: now,
        };
        if let Some(old) = work.replace(next) {
            // What is open stays readable until its last reader has gone.
            old.generation.remove();
        }
        Ok(())
    }

    fn drop_all(&self, work: Option<Work>) {
        if let Some(work) = work {
            work.generation.remove();
        }
    }

    /// Indexes what changed; is there more?
    fn pull(&self, work: &mut Work, published: &Token) -> Result<bool> {
        let cursor = work.generation.progress.positions();
        let mut is_busy = false;
        let mut keys = BTreeSet::new();
        for (partition, upto) in published.positions() {
            let after = cursor.positions().find(|(known, _)| *known == partition);
            let after = after.map_or(0, |(_, index)| index);
            if after >= upto {
                continue;
            }
            match self.db.follow(partition, after, PAGE_BYTES)? {
                Followed::Gone { first } => {
                    tracing::warn!(
                        index = self.id.0,
                        partition,
                        after,
                        first,
                        "a search index came too late and is filled anew"
                    );
                    // Half an index would answer as if it were whole.
                    self.live.withdraw();
                    work.is_serving = false;
                    work.generation.restart(&self.db.positions())?;
                    return Ok(true);
                }
                Followed::Entries {
                    entries,
                    upto: reached,
                } => {
                    let changes = entries
                        .into_iter()
                        .flat_map(|passage| passage.entry.changes);
                    let own =
                        changes.filter(|change| change.key.collection == work.plan.table.storage);
                    keys.extend(own.map(|change| change.key));
                    work.generation.progress.see(partition, reached);
                    is_busy |= reached < upto;
                }
            }
        }
        if !keys.is_empty() {
            work.changed_us = self.db.now_us();
        }
        for key in keys {
            self.index(work, &key)?;
        }
        Ok(is_busy)
    }

    /// Indexes a row as it is now.
    fn index(&self, work: &mut Work, key: &Key) -> Result<()> {
        let rows = self.db.engine().latest();
        let found = head::live(&rows, key, self.db.now_ms())?;
        self.put(work, key, found)
    }

    fn put(&self, work: &mut Work, key: &Key, found: Option<Head>) -> Result<()> {
        let Some(head) = found else {
            return Ok(work.generation.put(key, None)?);
        };
        let table = &work.plan.table;
        let row = RowRecord::of_head(table, key.clone(), &head)?;
        let document = Document::of_row(table, Some(&work.plan.mapping), &row.fields);
        Ok(work.generation.put(key, Some((row.stamp.0, &document)))?)
    }

    /// Reads some of the table while the index is not complete; is there more?
    fn fill(&self, work: &mut Work) -> Result<bool> {
        let Some(from) = work.generation.progress.filling.clone() else {
            return Ok(false);
        };
        let (start, end) = layout::heads(work.plan.table.storage);
        let from = if from.is_empty() { start } else { from };
        let store = self.db.engine().parts().store.clone();
        let mut last = None;
        let mut count = 0;
        let rows: Vec<_> = store
            .scan(Family::Base, &from, &end, false)
            .take(FILL_ROWS)
            .collect();
        for row in rows {
            let (row_key, _) = row?;
            if let Some(key) = layout::parse_head(&row_key) {
                self.index(work, &key)?;
            }
            last = Some(row_key);
            count += 1;
        }
        self.live.fill(count as u64);
        work.changed_us = self.db.now_us();
        work.generation.progress.filling = match last {
            Some(last) if count == FILL_ROWS => Some([&last[..], &[0]].concat()),
            _ => None,
        };
        Ok(true)
    }

    /// Refreshes and checkpoints when it is time to.
    fn settle(&self, work: &mut Work, is_asked: bool) -> Result<()> {
        let generation = &mut work.generation;
        let now = self.db.now_us();
        let is_due = now.saturating_sub(work.refreshed_us) >= refresh_us(generation);
        let is_first = !work.is_serving && generation.progress.filling.is_none();
        if is_first || (generation.pending() > 0 && (is_asked || is_due)) {
            generation.refresh()?;
            work.refreshed_us = now;
        }
        if generation.pending() == 0 {
            if is_first {
                work.is_serving = true;
                self.serve(work);
            }
            if work.is_serving {
                self.show(work);
            }
        }
        let generation = &mut work.generation;
        let is_old = now.saturating_sub(work.checkpoint_us) >= CHECKPOINT_US;
        if is_old || generation.unsafe_bytes() >= CHECKPOINT_BYTES {
            // Positions move also where nothing changed: they are kept, so that a
            // quiet index does not fall off the feed's end.
            generation.refresh()?;
            if generation.unsafe_bytes() > 0 {
                generation.checkpoint()?;
            }
            work.checkpoint_us = now;
        }
        if now.saturating_sub(work.changed_us) >= REST_US {
            generation.rest();
        }
        Ok(())
    }

    fn serve(&self, work: &Work) {
        self.live.serve(Serving {
            table: work.plan.table.clone(),
            shape: work.generation.shape.clone(),
            reader: work.generation.reader(),
            columns: OpenColumns::default(),
            fingerprint: work.plan.fingerprint,
        });
    }

    fn show(&self, work: &Work) {
        let visible = work.generation.progress.positions();
        if visible != self.live.visible() {
            self.live.show(visible);
        }
    }

    /// Waits until there is something to do.
    async fn wait(&mut self, work: &Work) {
        let now = self.db.now_us();
        let limit = match work.generation.pending() {
            0 => IDLE,
            _ => {
                let due = work.refreshed_us + refresh_us(&work.generation);
                let due = due.saturating_sub(now);
                Duration::from_micros(due).max(PAUSE)
            }
        };
        let seen = work.generation.progress.positions();
        let db = self.db.clone();
        tokio::select! {
            () = async { db.sleep(PAUSE).await; db.published_after(&seen).await } => {}
            () = self.live.woken() => {}
            () = db.sleep(limit) => {}
            _ = self.stop.changed() => {}
        }
    }
}

/// How long after a refresh the next one is due. Merges begin with a refresh, so a crowd
/// of segments slows refreshes down and never stops them.
fn refresh_us(generation: &Generation) -> u64 {
    match generation.segment_count() > SEGMENT_COUNT_MAX {
        true => 4 * REFRESH_US,
        false => REFRESH_US,
    }
}
