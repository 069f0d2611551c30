//! A search's body and parameters.

use serde_json::{Map, Value as Json};
use stele_search::query::{
    Fragments, Highlight, Operator, Query, Request, Sort, SortBy, Syntax, Track,
};

use super::{dsl, timeout};
use crate::documents::shown::Shown;
use crate::wire::{Call, Fault};

/// A search, and how its hits are shown.
pub struct Asked {
    /// The search.
    pub request: Request,
    /// Which fields.
    pub shown: Shown,
    /// With `_version`.
    pub has_version: bool,
    /// With `_seq_no` and `_primary_term`.
    pub has_seq_no: bool,
    /// The total as a number.
    pub total_as_int: bool,
}

/// The parameters a search may have.
pub const PARAMETERS: [&str; 28] = [
    "q",
    "df",
    "default_operator",
    "analyzer",
    "analyze_wildcard",
    "lenient",
    "from",
    "size",
    "sort",
    "track_total_hits",
    "track_scores",
    "version",
    "seq_no_primary_term",
    "rest_total_hits_as_int",
    "_source",
    "_source_includes",
    "_source_excludes",
    "ignore_unavailable",
    "allow_no_indices",
    "expand_wildcards",
    "preference",
    "search_type",
    "request_cache",
    "batched_reduce_size",
    "ccs_minimize_roundtrips",
    "max_concurrent_shard_requests",
    "allow_partial_search_results",
    "ignore_throttled",
];

/// Reads a search.
pub fn read(call: &Call) -> Result<Asked, Fault> {
    let body = call.object()?;
    let mut asked = Asked {
        request: Request {
            level: call.level()?,
            ..Request::default()
        },
        shown: Shown::of_call(call),
        has_version: call.flag("version")?,
        has_seq_no: call.flag("seq_no_primary_term")?,
        total_as_int: call.flag("rest_total_hits_as_int")?,
    };
    for (key, value) in &body {
        argument(&mut asked, key, value)?;
    }
    parameters(&mut asked, call)?;
    Ok(asked)
}

fn argument(asked: &mut Asked, key: &str, value: &Json) -> Result<(), Fault> {
    let request = &mut asked.request;
    let wrong = || Fault::parsing(format!("failed to parse [{key}]"));
    let number = || {
        value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .ok_or_else(wrong)
    };
    let flag = || value.as_bool().ok_or_else(wrong);
    match key {
        "query" => request.query = dsl::query(value)?,
        "post_filter" => request.post_filter = Some(dsl::query(value)?),
        "from" => request.from = number()?,
        "size" => request.size = number()?,
        "sort" => request.sort = sorts(value)?,
        "search_after" => request.after = Some(value.as_array().cloned().ok_or_else(wrong)?),
        "track_total_hits" => request.track = track(value)?,
        "track_scores" => request.track_scores = flag()?,
        "aggs" | "aggregations" => {
            request.aggregations = Some(value.as_object().cloned().ok_or_else(wrong)?)
        }
        "highlight" => request.highlight = Some(highlight(value)?),
        "_source" => asked.shown = Shown::of_json(value)?,
        "version" => asked.has_version = flag()?,
        "seq_no_primary_term" => asked.has_seq_no = flag()?,
        "timeout" => request.time_us = timeout::parse(value.as_str().ok_or_else(wrong)?)?,
        key => return Err(Fault::parsing(format!("unknown key [{key}] in the search"))),
    }
    Ok(())
}

fn parameters(asked: &mut Asked, call: &Call) -> Result<(), Fault> {
    let request = &mut asked.request;
    if let Some(text) = call.parameter("q") {
        let mut syntax = Syntax::new(text);
        if let Some(field) = call.parameter("df") {
            syntax.fields = vec![(field.to_owned(), 1.0)];
        }
        if call
            .parameter("default_operator")
            .is_some_and(|operator| operator.eq_ignore_ascii_case("and"))
        {
            syntax.operator = Operator::And;
        }
        syntax.analyzer = call.parameter("analyzer").map(str::to_owned);
        request.query = Query::Text(syntax);
    }
    if let Some(from) = call.number("from")? {
        request.from = from;
    }
    if let Some(size) = call.number("size")? {
        request.size = size;
    }
    if let Some(text) = call.parameter("timeout") {
        request.time_us = timeout::parse(text)?;
    }
    if let Some(text) = call.parameter("sort") {
        let sort = |part: &str| match part.split_once(':') {
            Some((name, "asc")) => one_sort(name, Some(false)),
            Some((name, "desc")) => one_sort(name, Some(true)),
            Some(_) => Err(Fault::argument(format!("no order in [{part}]"))),
            None => one_sort(part, None),
        };
        request.sort = text.split(',').map(sort).collect::<Result<_, _>>()?;
    }
    match call.parameter("track_total_hits") {
        None => {}
        Some("" | "true") => request.track = Track::Exact,
        Some("false") => request.track = Track::No,
        Some(_) => {
            request.track = Track::Upto(call.number("track_total_hits")?.unwrap_or_default())
        }
    }
    request.track_scores |= call.flag("track_scores")?;
    if call.parameter("scroll").is_some() {
        return Err(Fault::unsupported("[scroll]; [search_after]"));
    }
    if asked.total_as_int {
        request.track = Track::Exact;
    }
    match call.parameter("search_type") {
        None | Some("query_then_fetch" | "dfs_query_then_fetch") => Ok(()),
        Some(other) => Err(Fault::argument(format!("No search type for [{other}]"))),
    }
}

fn track(value: &Json) -> Result<Track, Fault> {
    match value {
        Json::Bool(true) => Ok(Track::Exact),
        Json::Bool(false) => Ok(Track::No),
        value => match value.as_i64() {
            Some(-1) => Ok(Track::Exact),
            Some(limit) if limit >= 0 => Ok(Track::Upto(limit.unsigned_abs())),
            _ => Err(Fault::argument(
                "[track_total_hits] parameter must be positive or equals to -1",
            )),
        },
    }
}

fn sorts(value: &Json) -> Result<Vec<Sort>, Fault> {
    let items = match value {
        Json::Array(items) => items.clone(),
        value => vec![value.clone()],
    };
    let mut sorts = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Json::String(name) => sorts.push(one_sort(&name, None)?),
            Json::Object(object) => {
                for (name, value) in &object {
                    sorts.push(described_sort(name, value)?);
                }
            }
            _ => return Err(Fault::parsing("malformed sort format")),
        }
    }
    Ok(sorts)
}

/// A key of the order; relevance goes down unless said otherwise, fields go up.
fn one_sort(name: &str, descending: Option<bool>) -> Result<Sort, Fault> {
    let by = match name {
        "_score" => SortBy::Score,
        "_doc" | "_shard_doc" => SortBy::Doc,
        "_id" => {
            return Err(Fault::argument(
                "Fielddata access on the _id field is disallowed",
            ));
        }
        name => SortBy::Field(name.to_owned()),
    };
    Ok(Sort {
        descending: descending.unwrap_or(by == SortBy::Score),
        by,
        missing_first: false,
        may_be_unmapped: false,
    })
}

fn described_sort(name: &str, value: &Json) -> Result<Sort, Fault> {
    let descending = |value: &Json| match value.as_str() {
        Some("asc") => Ok(false),
        Some("desc") => Ok(true),
        _ => Err(Fault::parsing(format!(
            "[{value}] is not an order of [{name}]"
        ))),
    };
    let Json::Object(object) = value else {
        return one_sort(name, Some(descending(value)?));
    };
    let order = object.get("order").map(descending).transpose()?;
    let mut sort = one_sort(name, order)?;
    for (key, value) in object {
        match (key.as_str(), value.as_str()) {
            ("order" | "format" | "numeric_type", _) => {}
            ("missing", Some("_last")) => {}
            ("missing", Some("_first")) => sort.missing_first = true,
            ("unmapped_type", Some(_)) => sort.may_be_unmapped = true,
            ("mode", Some("min")) if !sort.descending => {}
            ("mode", Some("max")) if sort.descending => {}
            (key, _) => {
                return Err(Fault::argument(format!(
                    "[{key}] of [{value}] in [sort] is not supported"
                )));
            }
        }
    }
    Ok(sort)
}

fn highlight(value: &Json) -> Result<Highlight, Fault> {
    let wrong = |key: &str| {
        Fault::parsing(format!(
            "[highlight] failed to parse or does not support [{key}]"
        ))
    };
    let object = value.as_object().ok_or_else(|| wrong("highlight"))?;
    let mut highlight = Highlight {
        fields: Vec::new(),
        tags: ("<em>".to_owned(), "</em>".to_owned()),
        own_words_only: true,
    };
    let mut fragments = Fragments::default();
    for (key, value) in object {
        match key.as_str() {
            "fields" => {}
            "pre_tags" => highlight.tags.0 = tag(value).ok_or_else(|| wrong(key))?,
            "post_tags" => highlight.tags.1 = tag(value).ok_or_else(|| wrong(key))?,
            "require_field_match" => {
                highlight.own_words_only = value.as_bool().ok_or_else(|| wrong(key))?
            }
            key => limit(&mut fragments, key, value).ok_or_else(|| wrong(key))?,
        }
    }
    let fields: Vec<(String, Json)> = match object.get("fields") {
        Some(Json::Object(fields)) => fields
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        Some(Json::Array(items)) => {
            let objects = items.iter().filter_map(Json::as_object);
            objects
                .flat_map(|object| {
                    object
                        .iter()
                        .map(|(name, value)| (name.clone(), value.clone()))
                })
                .collect()
        }
        _ => return Err(wrong("fields")),
    };
    for (name, value) in fields {
        let mut own = fragments;
        for (key, value) in value.as_object().unwrap_or(&Map::new()) {
            limit(&mut own, key, value).ok_or_else(|| wrong(key))?;
        }
        highlight.fields.push((name, own));
    }
    Ok(highlight)
}

fn tag(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Array(items) => items.first()?.as_str().map(str::to_owned),
        _ => None,
    }
}

/// What bounds fragments; which highlighter is meant does not matter, there is one.
fn limit(fragments: &mut Fragments, key: &str, value: &Json) -> Option<()> {
    let number = || {
        value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
    };
    match key {
        "fragment_size" => fragments.size = number()?,
        "number_of_fragments" => fragments.count = number()?,
        "type" => return matches!(value.as_str()?, "unified" | "plain" | "fvh").then_some(()),
        "order" => return (value.as_str()? == "none").then_some(()),
        "encoder" => return (value.as_str()? == "default").then_some(()),
        _ => return None,
    }
    Some(())
}
