//! Running a search: the index says which and in what order, base says what.

use std::collections::BTreeMap;
use std::sync::Arc;

use stele_core::record::table::{SearchIndex, Table};
use stele_core::record::{Key, Level, Stamp, head};
use stele_core::txn::RowRecord;
use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query as Compiled};
use tantivy::{DocAddress, DocSet, Score, Searcher, TERMINATED};

use super::aggregate;
use super::ast::Query;
use super::best;
use super::compile::{Context, compile, constant};
use super::deadline::{Deadline, Within};
use super::highlight::{self, Words};
use super::judge;
use super::request::{Answer, Hit, Request, Sort, SortBy, TIME_US, Track};
use super::sort::{Order, Ordered};
use crate::aside::aside;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::follow::Serving;
use crate::index::{Columns, key_of};
use crate::search::Search;

/// Hits beyond this are out of reach; `after` goes further.
const WINDOW_MAX: usize = 10_000;
/// Searches among more documents than this, and aggregations, leave their thread's other
/// tasks to another thread.
const LIGHT_COUNT_MAX: u64 = 100_000;

/// A document the index found.
struct Found {
    key: Key,
    stamp: u64,
    score: Option<Score>,
    sort: Vec<serde_json::Value>,
}

impl Search {
    /// Answers a search in a table's search index.
    pub async fn search(&self, index: &SearchIndex, request: &Request) -> Result<Answer> {
        if request.from.saturating_add(request.size) > WINDOW_MAX {
            return Err(Error::argument(format!(
                "Result window is too large, from + size must be less than or equal to: [{WINDOW_MAX}] but was [{}]",
                request.from.saturating_add(request.size)
            )));
        }
        if let Some(token) = &request.level.token {
            self.reach(index.id, token, true).await?;
        }
        let deadline = Deadline::after(self.database(), request.time_us);
        let mut serving = self.serving(index.id).await?;
        let (mut answer, lost) = self.once(&serving, request, &deadline).await?;
        if lost > 0 && !deadline.is_over() {
            // Rows went since the index looked: it looks again, once, so that
            // the page is full.
            self.refresh(index.id).await?;
            serving = self.serving(index.id).await?;
            answer = self.once(&serving, request, &deadline).await?.0;
        }
        answer.timed_out = deadline.was_missed();
        Ok(answer)
    }

    /// How many rows match, as of the last refresh.
    ///
    /// # Errors
    /// Also when they cannot be counted in [`TIME_US`].
    pub async fn count(&self, index: &SearchIndex, query: &Query, level: &Level) -> Result<u64> {
        if let Some(token) = &level.token {
            self.reach(index.id, token, true).await?;
        }
        let serving = self.serving(index.id).await?;
        let searcher = serving.reader.searcher();
        let deadline = Deadline::after(self.database(), TIME_US);
        let is_light = searcher.num_docs() <= LIGHT_COUNT_MAX;
        let count = aside(!is_light, || {
            let compiled = compile(query, &self.context(&serving, &searcher))?;
            count_all(&searcher, &*compiled, &deadline)
        })?;
        if deadline.was_missed() {
            let message = "the documents could not be counted in time";
            return Err(Error::Unavailable(message.to_owned()));
        }
        Ok(count)
    }

    fn context<'a>(&self, serving: &'a Serving, searcher: &'a Searcher) -> Context<'a> {
        Context {
            shape: &serving.shape,
            table: &serving.table,
            searcher,
            now_us: i64::try_from(self.database().now_us()).unwrap_or(i64::MAX),
        }
    }

    /// Answers once; also how many hits were left out because their rows went.
    async fn once(
        &self,
        serving: &Serving,
        request: &Request,
        deadline: &Deadline,
    ) -> Result<(Answer, usize)> {
        let searcher = serving.reader.searcher();
        let is_light = request.aggregations.is_none() && searcher.num_docs() <= LIGHT_COUNT_MAX;
        let find = || self.find(serving, &searcher, request, deadline);
        let (mut answer, found, words) = aside(!is_light, find)?;
        let count = found.len();
        let rows = self.rows(serving, &found, &request.level).await?;
        let hits = self.judged(serving, request, found, rows)?;
        let lost = count - hits.len();
        answer.hits = hits;
        if let Some(highlight) = &request.highlight {
            for hit in &mut answer.hits {
                hit.highlight = highlight.of(&serving.shape, &words, &hit.document);
            }
        }
        Ok((answer, lost))
    }

    /// What the index says.
    fn find(
        &self,
        serving: &Serving,
        searcher: &Searcher,
        request: &Request,
        deadline: &Deadline,
    ) -> Result<(Answer, Vec<Found>, Words)> {
        let context = self.context(serving, searcher);
        let query = compile(&request.query, &context)?;
        let words = match &request.highlight {
            Some(_) => highlight::words(&*query, &serving.shape),
            None => Words::default(),
        };
        let filtered: Box<dyn Compiled> = match &request.post_filter {
            Some(filter) => {
                let filter = constant(compile(filter, &context)?, 0.0);
                let both = vec![(Occur::Must, query.box_clone()), (Occur::Must, filter)];
                Box::new(BooleanQuery::new(both))
            }
            None => query.box_clone(),
        };
        let mut answer = Answer::default();
        let found = top(
            serving,
            searcher,
            request,
            &*filtered,
            &mut answer,
            deadline,
        )?;
        match request.track {
            Track::No => {}
            Track::Exact => answer.total = Some(count_all(searcher, &*filtered, deadline)?),
            Track::Upto(limit) => {
                let counted = count_upto(searcher, &*filtered, limit, deadline)?;
                answer.total = Some(counted.min(limit));
                answer.is_at_least = counted > limit;
            }
        }
        if let Some(aggregations) = &request.aggregations {
            let run = aggregate::Run {
                context: &context,
                query: &*query,
                deadline,
            };
            answer.aggregations = Some(run.all(aggregations)?);
        }
        Ok((answer, found, words))
    }

    /// The rows of hits as they are now, in one cut of base.
    async fn rows(
        &self,
        serving: &Serving,
        found: &[Found],
        level: &Level,
    ) -> Result<BTreeMap<Key, (RowRecord, Document)>> {
        let mut rows = BTreeMap::new();
        let keys: Vec<Key> = found.iter().map(|found| found.key.clone()).collect();
        if keys.is_empty() {
            return Ok(rows);
        }
        let view = self.database().read(&keys, level).await?;
        for key in keys {
            if let Some(head) = head::live(&view, &key, view.now_ms())? {
                let row = RowRecord::of_head(&serving.table, key.clone(), &head)?;
                let document =
                    Document::of_row(&serving.table, Some(&serving.shape.mapping), &row.fields);
                rows.insert(key, (row, document));
            }
        }
        Ok(rows)
    }

    /// Hits from what was found: those whose rows are there and match.
    fn judged(
        &self,
        serving: &Serving,
        request: &Request,
        found: Vec<Found>,
        mut rows: BTreeMap<Key, (RowRecord, Document)>,
    ) -> Result<Vec<Hit>> {
        let changed: Vec<(&Key, u64, &Document)> = found
            .iter()
            .filter_map(|found| Some((found, rows.get(&found.key)?)))
            .filter(|(found, (row, _))| row.stamp.0 != found.stamp)
            .map(|(found, (row, document))| (&found.key, row.stamp.0, document))
            .collect();
        let mut failed: Vec<Key> = Vec::new();
        if !changed.is_empty() {
            let now_us = i64::try_from(self.database().now_us()).unwrap_or(i64::MAX);
            let queries: Vec<&Query> = [Some(&request.query), request.post_filter.as_ref()]
                .into_iter()
                .flatten()
                .collect();
            let matching = judge::still_match(serving, &queries, &changed, now_us)?;
            let others = changed
                .iter()
                .enumerate()
                .filter(|(at, _)| !matching.contains(at));
            failed.extend(others.map(|(_, (key, _, _))| (*key).clone()));
        }
        let mut hits = Vec::with_capacity(found.len());
        for found in found {
            if failed.contains(&found.key) {
                continue;
            }
            if let Some((row, document)) = rows.remove(&found.key) {
                hits.push(hit(&serving.table, found, &row, document)?);
            }
        }
        Ok(hits)
    }
}

fn hit(table: &Table, found: Found, row: &RowRecord, document: Document) -> Result<Hit> {
    let id = table
        .spelling(&found.key)
        .map_err(|error| Error::Corrupt(error.message))?;
    Ok(Hit {
        id,
        key: found.key,
        stamp: Stamp(row.stamp.0),
        score: found.score,
        sort: found.sort,
        document,
        highlight: None,
    })
}

/// The first hits.
fn top(
    serving: &Serving,
    searcher: &Searcher,
    request: &Request,
    query: &dyn Compiled,
    answer: &mut Answer,
    deadline: &Deadline,
) -> Result<Vec<Found>> {
    let by_score = matches!(
        request.sort.as_slice(),
        [] | [Sort {
            by: SortBy::Score,
            descending: true,
            ..
        }]
    );
    if request.size == 0 && request.from == 0 {
        // Nothing is ordered for nobody, but a wrong order is still refused.
        Order::new(&request.sort, &serving.shape, 0, request.after.as_deref())?;
        return Ok(Vec::new());
    }
    match by_score && request.after.is_none() {
        true => by_relevance(serving, searcher, request, query, answer, deadline),
        false => by_fields(serving, searcher, request, query, answer, deadline),
    }
}

fn by_relevance(
    serving: &Serving,
    searcher: &Searcher,
    request: &Request,
    query: &dyn Compiled,
    answer: &mut Answer,
    deadline: &Deadline,
) -> Result<Vec<Found>> {
    let limit = request.from + request.size;
    let columns = serving.columns.of(searcher)?;
    let mut hits = best::best(searcher, query, limit, deadline, &columns)?;
    hits.retain(|hit| request.min_score.is_none_or(|least| hit.score >= least));
    answer.max_score = hits.first().map(|hit| hit.score);
    let page = hits.into_iter().skip(request.from);
    page.map(|hit| {
        let sort = match request.sort.is_empty() {
            true => Vec::new(),
            false => vec![f64::from(hit.score).into()],
        };
        entry(serving, &columns, hit.at, &hit.key, Some(hit.score), sort)
    })
    .collect()
}

fn by_fields(
    serving: &Serving,
    searcher: &Searcher,
    request: &Request,
    query: &dyn Compiled,
    answer: &mut Answer,
    deadline: &Deadline,
) -> Result<Vec<Found>> {
    let score_key = Sort {
        by: SortBy::Score,
        descending: true,
        missing_first: false,
        may_be_unmapped: false,
    };
    let sorts = match request.sort.as_slice() {
        [] => vec![score_key],
        sorts => sorts.to_vec(),
    };
    let limit = request.from + request.size;
    let mut order = Order::new(&sorts, &serving.shape, limit, request.after.as_deref())?;
    let sorts_by_score = order.scores;
    order.scores |= request.track_scores;
    let within = Within {
        inner: &order,
        deadline,
    };
    let docs = searcher.search(query, &within)?;
    let columns = serving.columns.of(searcher)?;
    let page = docs.into_iter().skip(request.from).map(|placed| {
        let score = order.scores.then_some(placed.score);
        let Some(Ordered::Text(key)) = placed.values.last() else {
            return Err(broken());
        };
        let shown = order.shown(&placed.values);
        entry(serving, &columns, placed.at, key, score, shown)
    });
    let page = page.collect::<Result<Vec<_>>>()?;
    if sorts_by_score || request.track_scores {
        answer.max_score = page.iter().filter_map(|found| found.score).reduce(f32::max);
    }
    Ok(page)
}

fn broken() -> Error {
    Error::Corrupt("the search index: an entry has no key".to_owned())
}

/// What the index says of the row of an entry.
fn entry(
    serving: &Serving,
    columns: &[Arc<Columns>],
    at: DocAddress,
    key: &[u8],
    score: Option<Score>,
    sort: Vec<serde_json::Value>,
) -> Result<Found> {
    let columns = columns.get(at.segment_ord as usize).ok_or_else(broken)?;
    Ok(Found {
        key: key_of(serving.table.storage, key).ok_or_else(broken)?,
        stamp: columns.stamp(at.doc_id),
        score,
        sort,
    })
}

/// Counts matches in every segment that there is time for.
fn count_all(searcher: &Searcher, query: &dyn Compiled, deadline: &Deadline) -> Result<u64> {
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    let mut count = 0;
    for segment in searcher.segment_readers() {
        if deadline.is_over() {
            break;
        }
        count += u64::from(weight.count(segment)?);
    }
    Ok(count)
}

/// Counts matches until there are more than `limit`.
fn count_upto(
    searcher: &Searcher,
    query: &dyn Compiled,
    limit: u64,
    deadline: &Deadline,
) -> Result<u64> {
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    let mut count = 0;
    for segment in searcher.segment_readers() {
        if deadline.is_over() {
            break;
        }
        let mut scorer = weight.scorer(segment, 1.0)?;
        let alive = segment.alive_bitset();
        let mut doc = scorer.doc();
        while doc != TERMINATED {
            count += u64::from(alive.is_none_or(|alive| alive.is_alive(doc)));
            if count > limit {
                return Ok(count);
            }
            doc = scorer.advance();
        }
    }
    Ok(count)
}
