//! Deadlines: no search looks for ever. What was found by then is the answer, which says
//! that its time was up.
//!
//! Looked at before each segment and once for every [`STRIDE`] documents that are collected;
//! a scorer that finds nothing is left alone until its segment ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stele_core::Database;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::query::Weight;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

/// How many documents are collected between two looks at the clock.
const STRIDE: usize = 1024;

/// When a search has to end.
#[derive(Clone)]
pub struct Deadline {
    shared: Arc<Shared>,
}

struct Shared {
    db: Database,
    until_us: u64,
    is_over: AtomicBool,
}

impl Deadline {
    /// A deadline so many microseconds from now.
    pub fn after(db: &Database, us: u64) -> Self {
        Self {
            shared: Arc::new(Shared {
                db: db.clone(),
                until_us: db.now_us().saturating_add(us),
                is_over: AtomicBool::new(false),
            }),
        }
    }

    /// Looks at the clock.
    pub fn is_over(&self) -> bool {
        if !self.shared.is_over.load(Ordering::Relaxed) {
            let is_over = self.shared.db.now_us() >= self.shared.until_us;
            self.shared.is_over.store(is_over, Ordering::Relaxed);
        }
        self.was_missed()
    }

    /// Whether it was over when somebody last looked: something was left out.
    pub fn was_missed(&self) -> bool {
        self.shared.is_over.load(Ordering::Relaxed)
    }

    /// Looks at the clock now and then.
    pub fn ticks(&self) -> Ticks {
        Ticks {
            deadline: self.clone(),
            count: 0,
            is_over: false,
        }
    }
}

/// A deadline that is asked for every document.
pub struct Ticks {
    deadline: Deadline,
    count: usize,
    is_over: bool,
}

impl Ticks {
    /// Is it over, so many documents later? Once it is, it stays so.
    pub fn is_over_after(&mut self, count: usize) -> bool {
        self.count += count;
        if self.count >= STRIDE {
            self.count = 0;
            self.is_over = self.is_over || self.deadline.is_over();
        }
        self.is_over
    }
}

/// A collector that collects nothing more once its time is up.
pub struct Within<'a, C> {
    /// The collector.
    pub inner: &'a C,
    /// Its time.
    pub deadline: &'a Deadline,
}

/// The same for one segment.
pub struct WithinSegment<C> {
    inner: C,
    ticks: Ticks,
}

impl<C: Collector> Collector for Within<'_, C> {
    type Fruit = C::Fruit;
    type Child = WithinSegment<C::Child>;

    fn check_schema(&self, schema: &tantivy::schema::Schema) -> tantivy::Result<()> {
        self.inner.check_schema(schema)
    }

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<Self::Child> {
        Ok(WithinSegment {
            inner: self.inner.for_segment(segment, reader)?,
            ticks: self.deadline.ticks(),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.inner.requires_scoring()
    }

    fn merge_fruits(
        &self,
        fruits: Vec<<C::Child as SegmentCollector>::Fruit>,
    ) -> tantivy::Result<C::Fruit> {
        self.inner.merge_fruits(fruits)
    }

    fn collect_segment(
        &self,
        weight: &dyn Weight,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<<C::Child as SegmentCollector>::Fruit> {
        let mut collector = self.for_segment(segment, reader)?;
        if !self.deadline.is_over() {
            let alive = reader.alive_bitset();
            let is_alive = |doc: DocId| alive.is_none_or(|alive| alive.is_alive(doc));
            if self.requires_scoring() {
                weight.for_each(reader, &mut |doc, score| {
                    if is_alive(doc) {
                        collector.collect(doc, score);
                    }
                })?;
            } else if alive.is_some() {
                weight.for_each_no_score(reader, &mut |docs| {
                    for doc in docs.iter().filter(|doc| is_alive(**doc)) {
                        collector.collect(*doc, 0.0);
                    }
                })?;
            } else {
                weight.for_each_no_score(reader, &mut |docs| collector.collect_block(docs))?;
            }
        }
        Ok(collector.harvest())
    }
}

impl<C: SegmentCollector> SegmentCollector for WithinSegment<C> {
    type Fruit = C::Fruit;

    fn collect(&mut self, doc: DocId, score: Score) {
        if !self.ticks.is_over_after(1) {
            self.inner.collect(doc, score);
        }
    }

    fn collect_block(&mut self, docs: &[DocId]) {
        if !self.ticks.is_over_after(docs.len()) {
            self.inner.collect_block(docs);
        }
    }

    fn harvest(self) -> C::Fruit {
        self.inner.harvest()
    }
}
