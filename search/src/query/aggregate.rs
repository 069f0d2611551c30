//! Aggregations: Elasticsearch's JSON made fit for tantivy's module, and its
//! answer made fit for Elasticsearch's clients.
//!
//! What tantivy does not have is refused by name before anything runs.

use serde_json::{Map, Value as Json};
use tantivy::aggregation::agg_req::Aggregations;
use tantivy::aggregation::{AggContextParams, AggregationCollector, AggregationLimitsGuard};
use tantivy::query::Query as Compiled;

use super::compile::Context;
use super::deadline::{Deadline, Within};
use crate::analysis;
use crate::document::{Kind, date};
use crate::error::{Error, Result};

/// Memory one request's aggregations may take, bytes.
const MEMORY_BYTES_MAX: u64 = 200 << 20;
/// How many buckets they may make.
const BUCKET_COUNT_MAX: u32 = 65_000;

/// Aggregations that name one field.
const KNOWN: [&str; 13] = [
    "terms",
    "range",
    "histogram",
    "date_histogram",
    "avg",
    "sum",
    "min",
    "max",
    "stats",
    "extended_stats",
    "value_count",
    "cardinality",
    "percentiles",
];

/// What aggregations run on.
pub struct Run<'a> {
    /// The index.
    pub context: &'a Context<'a>,
    /// The documents.
    pub query: &'a dyn Compiled,
    /// When it has to end.
    pub deadline: &'a Deadline,
}

impl Run<'_> {
    /// Runs aggregations by name.
    pub fn all(&self, named: &Map<String, Json>) -> Result<Json> {
        let mut answers = Map::new();
        for (name, json) in named {
            let object = json
                .as_object()
                .ok_or_else(|| Error::parsing(format!("[{name}] is not an object")))?;
            let mut answer = self.one(name, object)?;
            if let (Some(meta), Some(answer)) = (object.get("meta"), answer.as_object_mut()) {
                answer.insert("meta".to_owned(), meta.clone());
            }
            answers.insert(name.clone(), answer);
        }
        Ok(Json::Object(answers))
    }

    fn one(&self, name: &str, object: &Map<String, Json>) -> Result<Json> {
        let request = self.rewritten(name, object)?;
        if self.is_unmapped(&request) {
            return Ok(nothing(&request));
        }
        let mut request_map = Map::new();
        request_map.insert(name.to_owned(), request.clone());
        let parsed: Aggregations = serde_json::from_value(Json::Object(request_map))
            .map_err(|error| Error::parsing(format!("[{name}]: {error}")))?;
        let limits = AggregationLimitsGuard::new(Some(MEMORY_BYTES_MAX), Some(BUCKET_COUNT_MAX));
        let params = AggContextParams::new(limits, analysis::analyzers().clone());
        let collector = AggregationCollector::from_aggs(parsed, params);
        let within = Within {
            inner: &collector,
            deadline: self.deadline,
        };
        let results = self.context.searcher.search(self.query, &within)?;
        let results =
            serde_json::to_value(results).map_err(|error| Error::Corrupt(error.to_string()))?;
        let mut answer = results.get(name).cloned().unwrap_or_default();
        self.spelled(&request, &mut answer);
        Ok(answer)
    }

    /// The request as tantivy reads it.
    fn rewritten(&self, name: &str, object: &Map<String, Json>) -> Result<Json> {
        let mut request = Map::new();
        for (key, value) in object {
            match key.as_str() {
                "meta" => {}
                "aggs" | "aggregations" => {
                    let inner = value
                        .as_object()
                        .ok_or_else(|| Error::parsing(format!("[{key}] is not an object")))?;
                    let mut aggs = Map::new();
                    for (name, value) in inner {
                        let object = value
                            .as_object()
                            .ok_or_else(|| Error::parsing(format!("[{name}] is not an object")))?;
                        aggs.insert(name.clone(), self.rewritten(name, object)?);
                    }
                    request.insert("aggs".to_owned(), Json::Object(aggs));
                }
                kind if KNOWN.contains(&kind) => {
                    if request.keys().any(|key| key != "aggs") {
                        return Err(Error::parsing(format!(
                            "Found two aggregation type definitions in [{name}]"
                        )));
                    }
                    request.insert(key.clone(), self.body(kind, value)?);
                }
                kind => {
                    return Err(Error::parsing(format!(
                        "Unknown aggregation type [{kind}] in [{name}]"
                    )));
                }
            }
        }
        match request.keys().any(|key| key != "aggs") {
            true => Ok(Json::Object(request)),
            false => Err(Error::parsing(format!(
                "Missing definition for aggregation [{name}]"
            ))),
        }
    }

    fn body(&self, kind: &str, value: &Json) -> Result<Json> {
        let mut body = value
            .as_object()
            .cloned()
            .ok_or_else(|| Error::parsing(format!("[{kind}] is not an object")))?;
        let field = body
            .get("field")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned();
        if field.is_empty() {
            return Err(Error::argument(format!(
                "[{kind}] needs a [field]; scripts are not supported"
            )));
        }
        match self
            .context
            .shape
            .field(&field)
            .map(|(_, field)| field.kind)
        {
            Some(Kind::Text) => {
                return Err(Error::argument(format!(
                    "Fielddata is disabled on [{field}]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting. Please use a keyword field instead."
                )));
            }
            Some(Kind::Keyword) if !matches!(kind, "terms" | "cardinality" | "value_count") => {
                return Err(Error::argument(format!(
                    "Field [{field}] of type [keyword] is not supported for aggregation [{kind}]"
                )));
            }
            _ => {}
        }
        match kind {
            "terms" => terms(&mut body)?,
            "date_histogram" => date_histogram(&mut body)?,
            "range" => ranges(&body)?,
            _ => {}
        }
        Ok(Json::Object(body))
    }

    fn kind_of(&self, request: &Json) -> Option<(String, Option<Kind>)> {
        let object = request.as_object()?;
        let (name, body) = object.iter().find(|(key, _)| key.as_str() != "aggs")?;
        let field = body.get("field")?.as_str()?;
        Some((
            name.clone(),
            self.context.shape.field(field).map(|(_, field)| field.kind),
        ))
    }

    fn is_unmapped(&self, request: &Json) -> bool {
        self.kind_of(request)
            .is_some_and(|(_, kind)| kind.is_none())
    }

    /// Keys of buckets as Elasticsearch spells them.
    fn spelled(&self, request: &Json, answer: &mut Json) {
        let Some((name, kind)) = self.kind_of(request) else {
            return;
        };
        let is_bucketed = matches!(
            name.as_str(),
            "terms" | "range" | "histogram" | "date_histogram"
        );
        if !is_bucketed {
            spell_metric(&name, kind, answer);
            return;
        }
        let Some(buckets) = answer.get_mut("buckets").and_then(Json::as_array_mut) else {
            return;
        };
        for bucket in buckets {
            spell_key(kind, bucket);
            let inner = request.get("aggs").and_then(Json::as_object);
            for (name, request) in inner.into_iter().flatten() {
                if let Some(answer) = bucket.get_mut(name) {
                    self.spelled(request, answer);
                }
            }
        }
    }
}

/// `order` with one key, no size of nothing.
fn terms(body: &mut Map<String, Json>) -> Result<()> {
    if body.get("size").and_then(Json::as_u64) == Some(0) {
        return Err(Error::argument(
            "[size] must be greater than 0. Found [0] in [terms]",
        ));
    }
    if let Some(order) = body.get_mut("order")
        && let Some(orders) = order.as_array()
    {
        match orders.as_slice() {
            [only] => *order = only.clone(),
            // The second key of the usual pair is what ties are broken by anyway.
            [first, second] if second.get("_key").is_some() => *order = first.clone(),
            _ => return Err(Error::argument("[terms] supports one [order]")),
        }
    }
    Ok(())
}

/// Calendar units of a fixed length are intervals; months and years are not.
fn date_histogram(body: &mut Map<String, Json>) -> Result<()> {
    let calendar = body
        .remove("calendar_interval")
        .or_else(|| body.remove("interval"));
    if let Some(unit) = calendar {
        let (interval, offset) = match unit.as_str().unwrap_or_default() {
            "second" | "1s" => ("1s", None),
            "minute" | "1m" => ("1m", None),
            "hour" | "1h" => ("1h", None),
            "day" | "1d" => ("1d", None),
            // Weeks begin on Monday; 1970 began on a Thursday.
            "week" | "1w" => ("7d", Some("4d")),
            unit => {
                return Err(Error::argument(format!(
                    "[calendar_interval] of [{unit}] is not supported: its length is not fixed"
                )));
            }
        };
        body.insert("fixed_interval".to_owned(), interval.into());
        if let (Some(offset), None) = (offset, body.get("offset")) {
            body.insert("offset".to_owned(), offset.into());
        }
    }
    if let Some(zone) = body.remove("time_zone")
        && zone
            .as_str()
            .is_none_or(|zone| date::zone_offset(zone) != Some(0))
    {
        return Err(Error::argument(
            "[time_zone] other than UTC is not supported",
        ));
    }
    body.remove("format");
    Ok(())
}

/// Ranges that overlap cannot be counted in one pass.
fn ranges(body: &Map<String, Json>) -> Result<()> {
    let ranges = body
        .get("ranges")
        .and_then(Json::as_array)
        .cloned()
        .unwrap_or_default();
    let edge = |range: &Json, name: &str, missing: f64| {
        range.get(name).and_then(Json::as_f64).unwrap_or(missing)
    };
    let mut edges: Vec<(f64, f64)> = ranges
        .iter()
        .map(|range| {
            (
                edge(range, "from", f64::NEG_INFINITY),
                edge(range, "to", f64::INFINITY),
            )
        })
        .collect();
    edges.sort_by(|left, right| left.0.total_cmp(&right.0));
    let overlaps = edges
        .windows(2)
        .any(|pair| matches!(pair, [left, right] if left.1 > right.0));
    if overlaps {
        return Err(Error::argument(
            "[range] with ranges that overlap is not supported",
        ));
    }
    Ok(())
}

/// What is found of a field that nothing has.
fn nothing(request: &Json) -> Json {
    let name = request
        .as_object()
        .and_then(|object| object.keys().find(|key| key.as_str() != "aggs"));
    match name.map(String::as_str) {
        Some("terms") => {
            serde_json::json!({"doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "buckets": []})
        }
        Some("histogram" | "date_histogram" | "range") => serde_json::json!({"buckets": []}),
        Some("value_count" | "cardinality") => serde_json::json!({"value": 0}),
        Some("sum") => serde_json::json!({"value": 0.0}),
        Some("stats" | "extended_stats") => {
            serde_json::json!({"count": 0, "min": null, "max": null, "avg": null, "sum": 0.0})
        }
        Some("percentiles") => serde_json::json!({"values": {}}),
        _ => serde_json::json!({"value": null}),
    }
}

/// Whole numbers without a fraction, truth values with their names.
#[allow(clippy::cast_possible_truncation)]
fn spell_key(kind: Option<Kind>, bucket: &mut Json) {
    let Some(key) = bucket.get("key").cloned() else {
        return;
    };
    let whole = key
        .as_f64()
        .filter(|number| number.fract() == 0.0 && number.abs() < 9.0e15)
        .map(|number| number as i64);
    match (kind, whole) {
        (Some(Kind::Boolean), Some(number)) => {
            bucket["key_as_string"] = Json::from(if number == 0 { "false" } else { "true" });
            bucket["key"] = Json::from(number);
        }
        (Some(Kind::Date), Some(ms)) => {
            bucket["key_as_string"] = Json::from(date::print(ms.saturating_mul(1000)));
            bucket["key"] = Json::from(ms);
        }
        (Some(Kind::Date), None) => {
            if let Some(us) = key.as_str().and_then(date::parse) {
                bucket["key_as_string"] = Json::from(date::print(us));
                bucket["key"] = Json::from(us / 1000);
            }
        }
        (Some(kind), Some(number))
            if kind.is_integer() && bucket.get("from").is_none() && bucket.get("to").is_none() =>
        {
            bucket["key"] = Json::from(number);
        }
        _ => {}
    }
}

/// Dates of metrics are milliseconds, counts are whole.
#[allow(clippy::cast_possible_truncation)]
fn spell_metric(name: &str, kind: Option<Kind>, answer: &mut Json) {
    let value = answer.get("value").and_then(Json::as_f64);
    match (name, kind, value) {
        ("value_count" | "cardinality", _, Some(count)) => {
            answer["value"] = Json::from(count as i64)
        }
        ("min" | "max" | "avg", Some(Kind::Date), Some(nanos)) => {
            let ms = nanos / 1e6;
            answer["value"] = Json::from(ms);
            answer["value_as_string"] = Json::from(date::print((nanos / 1e3) as i64));
        }
        _ => {}
    }
}
