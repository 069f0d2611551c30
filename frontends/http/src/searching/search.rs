//! `_search`, `_count`, `_refresh`.

use axum::extract::State;
use serde_json::json;
use stele_search::query::{Answer as Found, Hit, Query, Track};

use super::body::{self, Asked};
use super::shape::{Hits, ShownHit, Told, shards};
use super::{dsl, merge};
use crate::App;
use crate::documents::stored::Version;
use crate::indices::resolve::{self, Index};
use crate::wire::{Answer, Call, Fault, Outcome};

/// How many indexes one search may look at.
const INDEX_COUNT_MAX: usize = 100;

/// `POST /{index}/_search`
pub async fn search(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&body::PARAMETERS)?;
    let began = app.db.now_us();
    let mut asked = body::read(&call)?;
    let indexes = searched(&app, &call)?;
    let (from, size) = (asked.request.from, asked.request.size);
    if indexes.len() > 1 {
        if asked.request.aggregations.is_some() {
            return Err(Fault::unsupported("[aggs] over several indices"));
        }
        asked.request.from = 0;
        asked.request.size = from.saturating_add(size);
    }
    let mut found = Found::default();
    let mut hits: Vec<(String, Hit)> = Vec::new();
    for index in &indexes {
        let answer = app.search.search(index.searched()?, &asked.request).await?;
        found.total = match (found.total, answer.total) {
            (Some(known), Some(more)) => Some(known + more),
            (known, more) => known.or(more),
        };
        found.is_at_least |= answer.is_at_least;
        found.timed_out |= answer.timed_out;
        found.max_score = match (found.max_score, answer.max_score) {
            (Some(known), Some(other)) => Some(known.max(other)),
            (known, other) => known.or(other),
        };
        found.aggregations = answer.aggregations;
        hits.extend(
            answer
                .hits
                .into_iter()
                .map(|hit| (index.table.name.clone(), hit)),
        );
    }
    if indexes.len() > 1 {
        hits.sort_by(|left, right| merge::compare(&asked.request.sort, left, right));
        hits = hits.into_iter().skip(from).take(size).collect();
    }
    let took = (app.db.now_us() - began) / 1000;
    told(&asked, &indexes, found, hits, took)
}

fn searched(app: &App, call: &Call) -> Result<Vec<Index>, Fault> {
    let indexes = match resolve::several(app, call.part("index")) {
        Ok(indexes) => indexes,
        Err(_) if call.flag("ignore_unavailable")? => Vec::new(),
        Err(fault) => return Err(fault),
    };
    if indexes.len() > INDEX_COUNT_MAX {
        return Err(Fault::argument(format!(
            "more than [{INDEX_COUNT_MAX}] indices at once"
        )));
    }
    for index in &indexes {
        index.searched()?;
    }
    Ok(indexes)
}

fn told(
    asked: &Asked,
    indexes: &[Index],
    found: Found,
    hits: Vec<(String, Hit)>,
    took: u64,
) -> Outcome {
    let total = found
        .total
        .or_else(|| (asked.request.track != Track::No).then_some(0));
    let relation = if found.is_at_least { "gte" } else { "eq" };
    let total = total.map(|total| match asked.total_as_int {
        true => json!(total),
        false => json!({"value": total, "relation": relation}),
    });
    let hits = hits.into_iter();
    Answer::of(&Told {
        took,
        timed_out: found.timed_out,
        shards: shards(indexes.len()),
        hits: Hits {
            total,
            max_score: found.max_score,
            hits: hits.map(|(index, hit)| shown(asked, index, hit)).collect(),
        },
        aggregations: found.aggregations,
    })
}

fn shown(asked: &Asked, index: String, hit: Hit) -> ShownHit {
    let version = Version::of(hit.stamp);
    ShownHit {
        index,
        id: hit.id,
        version: asked.has_version.then(|| hit.stamp.ms()),
        seq_no: asked.has_seq_no.then_some(version.seq_no),
        primary_term: asked.has_seq_no.then_some(version.term),
        score: hit.score,
        source: asked.shown.source(hit.document),
        highlight: hit.highlight,
        sort: hit.sort,
    }
}

/// `POST /{index}/_count`
pub async fn count(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[
        "ignore_unavailable",
        "allow_no_indices",
        "expand_wildcards",
        "preference",
        "q",
        "df",
    ])?;
    let mut query = Query::All;
    for (key, value) in &call.object()? {
        match key.as_str() {
            "query" => query = dsl::query(value)?,
            key => return Err(Fault::parsing(format!("request does not support [{key}]"))),
        }
    }
    if let Some(text) = call.parameter("q") {
        let mut syntax = stele_search::query::Syntax::new(text);
        syntax.fields = call
            .parameter("df")
            .map(|field| (field.to_owned(), 1.0))
            .into_iter()
            .collect();
        query = Query::Text(syntax);
    }
    let (level, indexes) = (call.level()?, searched(&app, &call)?);
    let mut count = 0;
    for index in &indexes {
        count += app.search.count(index.searched()?, &query, &level).await?;
    }
    Ok(Answer::json(
        json!({"count": count, "_shards": shards(indexes.len())}),
    ))
}

/// `POST /{index}/_refresh`
pub async fn refresh(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&["ignore_unavailable", "allow_no_indices", "expand_wildcards"])?;
    let indexes = resolve::several(&app, call.part("index"))?;
    for search in indexes.iter().filter_map(|index| index.search.as_ref()) {
        app.search.refresh(search.id).await?;
    }
    let count = indexes.len();
    Ok(Answer::json(
        json!({"_shards": {"total": count, "successful": count, "failed": 0}}),
    ))
}
