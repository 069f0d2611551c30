//! The query language: a clause is an object with one key, the clause's name.

use std::ops::Bound;

use serde_json::Value as Json;
use stele_search::query::{Fuzziness, Minimum, Operator, Query, Syntax};

use super::clauses::Arguments;
use crate::wire::Fault;

/// How deep clauses may nest.
const DEPTH_MAX: usize = 30;

/// Parses a query.
pub fn query(json: &Json) -> Result<Query, Fault> {
    clause(json, 0)
}

fn clause(json: &Json, depth: usize) -> Result<Query, Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::argument(format!(
            "The nested depth of the query exceeds the maximum nested depth for queries set in [{DEPTH_MAX}]"
        )));
    }
    let Some(object) = json.as_object() else {
        return Err(Fault::parsing(
            "query malformed, must start with start_object",
        ));
    };
    let mut clauses = object.iter();
    let (Some((name, body)), None) = (clauses.next(), clauses.next()) else {
        return Err(match object.is_empty() {
            true => Fault::parsing("query malformed, empty clause found"),
            false => Fault::parsing("query malformed, a clause has one name"),
        });
    };
    match name.as_str() {
        "match_all" => all(body),
        "match_none" => Arguments::new(name, body)?.end().map(|()| Query::None),
        "match" | "match_bool_prefix" => words(name, body),
        "match_phrase" | "match_phrase_prefix" => phrase(name, body),
        "multi_match" => multi_match(body),
        "query_string" | "simple_query_string" => text(name, body),
        "bool" => boolean(body, depth),
        "dis_max" => best(body, depth),
        "constant_score" => constant(body, depth),
        "term" => term(body),
        "terms" => terms(body),
        "range" => range(body),
        "prefix" | "wildcard" | "regexp" => pattern(name, body),
        "fuzzy" => fuzzy(body),
        "exists" => {
            let mut arguments = Arguments::new(name, body)?;
            let query = Query::Exists {
                field: arguments.need_text("field")?,
            };
            boosted(query, arguments)
        }
        "ids" => ids(body),
        other => Err(Fault::parsing(format!("unknown query [{other}]"))),
    }
}

fn boosted(query: Query, mut arguments: Arguments<'_>) -> Result<Query, Fault> {
    let boost = arguments.float("boost")?;
    arguments.end()?;
    Ok(with_boost(query, boost))
}

fn with_boost(query: Query, boost: Option<f32>) -> Query {
    match boost {
        Some(boost) if (boost - 1.0).abs() > f32::EPSILON => Query::Boost {
            query: Box::new(query),
            boost,
        },
        _ => query,
    }
}

fn all(body: &Json) -> Result<Query, Fault> {
    boosted(Query::All, Arguments::new("match_all", body)?)
}

fn operator(arguments: &mut Arguments<'_>, name: &str) -> Result<Operator, Fault> {
    match arguments
        .text(name)?
        .map(|text| text.to_lowercase())
        .as_deref()
    {
        None | Some("or") => Ok(Operator::Or),
        Some("and") => Ok(Operator::And),
        Some(_) => Err(arguments.wrong(name)),
    }
}

fn minimum(arguments: &mut Arguments<'_>) -> Result<Option<Minimum>, Fault> {
    let Some(text) = arguments.text("minimum_should_match")? else {
        return Ok(None);
    };
    let minimum = Minimum(text);
    match minimum.of(1) {
        Some(_) => Ok(Some(minimum)),
        None => Err(arguments.wrong("minimum_should_match")),
    }
}

fn fuzziness(arguments: &mut Arguments<'_>) -> Result<Option<Fuzziness>, Fault> {
    let Some(text) = arguments.text("fuzziness")? else {
        return Ok(None);
    };
    let parsed = Fuzziness::parse(&text);
    parsed.map(Some).ok_or_else(|| arguments.wrong("fuzziness"))
}

/// What `match` says of words, without the field.
struct Words {
    text: String,
    operator: Operator,
    minimum: Option<Minimum>,
    fuzziness: Option<Fuzziness>,
    analyzer: Option<String>,
    all_if_empty: bool,
}

impl Words {
    fn read(arguments: &mut Arguments<'_>) -> Result<Self, Fault> {
        let words = Self {
            text: arguments.need_text("query")?,
            operator: operator(arguments, "operator")?,
            minimum: minimum(arguments)?,
            fuzziness: fuzziness(arguments)?,
            analyzer: arguments.text("analyzer")?,
            all_if_empty: match arguments.text("zero_terms_query")?.as_deref() {
                None | Some("none") => false,
                Some("all") => true,
                Some(_) => return Err(arguments.wrong("zero_terms_query")),
            },
        };
        arguments.flag("lenient")?;
        arguments.only("fuzzy_transpositions", &["true"])?;
        arguments.only("max_expansions", &["50"])?;
        arguments.only("prefix_length", &["0"])?;
        arguments.only("auto_generate_synonyms_phrase_query", &["true", "false"])?;
        Ok(words)
    }

    fn of(&self, field: &str, prefix: bool) -> Query {
        Query::Match {
            field: field.to_owned(),
            text: self.text.clone(),
            operator: self.operator,
            minimum: self.minimum.clone(),
            fuzziness: self.fuzziness,
            analyzer: self.analyzer.clone(),
            prefix,
            all_if_empty: self.all_if_empty,
        }
    }
}

fn words(name: &str, body: &Json) -> Result<Query, Fault> {
    let (field, mut arguments) = Arguments::of_field(name, body, "query")?;
    let words = Words::read(&mut arguments)?;
    boosted(words.of(&field, name == "match_bool_prefix"), arguments)
}

fn phrase(name: &str, body: &Json) -> Result<Query, Fault> {
    let (field, mut arguments) = Arguments::of_field(name, body, "query")?;
    let prefix = name == "match_phrase_prefix";
    let query = Query::Phrase {
        field,
        text: arguments.need_text("query")?,
        slop: arguments.number("slop")?.unwrap_or(0),
        analyzer: arguments.text("analyzer")?,
        prefix,
    };
    if prefix {
        arguments.only("max_expansions", &["50"])?;
    }
    arguments.only("zero_terms_query", &["none"])?;
    boosted(query, arguments)
}

/// Fields with boosts: `title^2`. Patterns are left to the search.
fn fields(arguments: &mut Arguments<'_>) -> Result<Vec<(String, f32)>, Fault> {
    let Some(json) = arguments.take("fields") else {
        return Ok(Vec::new());
    };
    let items = match json {
        Json::String(text) => vec![Json::String(text)],
        Json::Array(items) => items,
        _ => return Err(arguments.wrong("fields")),
    };
    let parse = |item: &Json| {
        let text = item.as_str()?;
        match text.split_once('^') {
            Some((name, boost)) => Some((
                name.to_owned(),
                boost
                    .parse()
                    .ok()
                    .filter(|boost: &f32| boost.is_finite() && *boost >= 0.0)?,
            )),
            None => Some((text.to_owned(), 1.0)),
        }
    };
    items
        .iter()
        .map(|item| parse(item).ok_or_else(|| arguments.wrong("fields")))
        .collect()
}

fn multi_match(body: &Json) -> Result<Query, Fault> {
    let mut arguments = Arguments::new("multi_match", body)?;
    let fields = fields(&mut arguments)?;
    let kind = arguments
        .text("type")?
        .unwrap_or_else(|| "best_fields".to_owned());
    let tie = arguments.float("tie_breaker")?;
    let slop = arguments.number("slop")?.unwrap_or(0);
    let words = Words::read(&mut arguments)?;
    if fields.is_empty() || fields.iter().any(|(name, _)| name.contains('*')) {
        // Which fields there are is for the index to say.
        return Err(Fault::unsupported(
            "[multi_match] without names of fields; [query_string] has patterns, and",
        ));
    }
    let of = |name: &str| match kind.as_str() {
        "phrase" | "phrase_prefix" => Query::Phrase {
            field: name.to_owned(),
            text: words.text.clone(),
            slop,
            analyzer: words.analyzer.clone(),
            prefix: kind == "phrase_prefix",
        },
        _ => words.of(name, kind == "bool_prefix"),
    };
    let queries: Vec<Query> = fields
        .iter()
        .map(|(name, boost)| with_boost(of(name), Some(*boost)))
        .collect();
    let query = match kind.as_str() {
        "best_fields" | "phrase" | "phrase_prefix" => Query::Best {
            queries,
            tie: tie.unwrap_or(0.0),
        },
        "most_fields" | "bool_prefix" => Query::Bool {
            must: Vec::new(),
            filter: Vec::new(),
            should: queries,
            must_not: Vec::new(),
            minimum: None,
        },
        other => {
            return Err(Fault::unsupported(&format!(
                "[multi_match] of type [{other}]"
            )));
        }
    };
    boosted(query, arguments)
}

fn text(name: &str, body: &Json) -> Result<Query, Fault> {
    let mut arguments = Arguments::new(name, body)?;
    let mut syntax = Syntax::new(arguments.need_text("query")?);
    syntax.fields = fields(&mut arguments)?;
    if let Some(field) = arguments.text("default_field")? {
        syntax.fields = vec![(field, 1.0)];
    }
    syntax.operator = operator(&mut arguments, "default_operator")?;
    syntax.minimum = minimum(&mut arguments)?;
    syntax.analyzer = arguments.text("analyzer")?;
    syntax.lenient = name == "simple_query_string";
    arguments.flag("lenient")?;
    arguments.only("analyze_wildcard", &["false"])?;
    arguments.only("allow_leading_wildcard", &["true"])?;
    arguments.only("type", &["best_fields"])?;
    boosted(Query::Text(syntax), arguments)
}

fn boolean(body: &Json, depth: usize) -> Result<Query, Fault> {
    let mut arguments = Arguments::new("bool", body)?;
    let mut clauses = |name: &str| match arguments.take(name) {
        None => Ok(Vec::new()),
        Some(Json::Array(items)) => items.iter().map(|item| clause(item, depth + 1)).collect(),
        Some(item) => Ok(vec![clause(&item, depth + 1)?]),
    };
    let (must, filter) = (clauses("must")?, clauses("filter")?);
    let (should, must_not) = (clauses("should")?, clauses("must_not")?);
    let minimum = minimum(&mut arguments)?;
    boosted(
        Query::Bool {
            must,
            filter,
            should,
            must_not,
            minimum,
        },
        arguments,
    )
}

fn best(body: &Json, depth: usize) -> Result<Query, Fault> {
    let mut arguments = Arguments::new("dis_max", body)?;
    let queries = match arguments.need("queries")? {
        Json::Array(items) => items
            .iter()
            .map(|item| clause(item, depth + 1))
            .collect::<Result<_, _>>()?,
        item => vec![clause(&item, depth + 1)?],
    };
    let tie = arguments.float("tie_breaker")?.unwrap_or(0.0);
    boosted(Query::Best { queries, tie }, arguments)
}

fn constant(body: &Json, depth: usize) -> Result<Query, Fault> {
    let mut arguments = Arguments::new("constant_score", body)?;
    let query = Box::new(clause(&arguments.need("filter")?, depth + 1)?);
    boosted(Query::Constant { query }, arguments)
}

fn term(body: &Json) -> Result<Query, Fault> {
    let (field, mut arguments) = Arguments::of_field("term", body, "value")?;
    let value = arguments.need("value")?;
    if value.is_array() || value.is_object() {
        return Err(arguments.wrong("value"));
    }
    let ignore_case = arguments.flag("case_insensitive")?;
    boosted(
        Query::Term {
            field,
            value,
            ignore_case,
        },
        arguments,
    )
}

fn terms(body: &Json) -> Result<Query, Fault> {
    let (field, mut arguments) = Arguments::of_field("terms", body, "values")?;
    let Json::Array(values) = arguments.need("values")? else {
        return Err(Fault::unsupported("[terms] lookup"));
    };
    if values
        .iter()
        .any(|value| value.is_array() || value.is_object())
    {
        return Err(arguments.wrong("values"));
    }
    boosted(Query::Terms { field, values }, arguments)
}

fn range(body: &Json) -> Result<Query, Fault> {
    let (field, mut arguments) = Arguments::of_field("range", body, "value")?;
    let mut edge = |included: &str, excluded: &str| {
        let of = |json: Option<Json>| json.filter(|json| !json.is_null());
        match (of(arguments.take(included)), of(arguments.take(excluded))) {
            (Some(_), Some(_)) => Err(arguments.wrong(excluded)),
            (Some(json), None) => Ok(Bound::Included(json)),
            (None, Some(json)) => Ok(Bound::Excluded(json)),
            (None, None) => Ok(Bound::Unbounded),
        }
    };
    let (lower, upper) = (edge("gte", "gt")?, edge("lte", "lt")?);
    arguments.only("time_zone", &["UTC", "Z", "+00:00"])?;
    arguments.only(
        "format",
        &[
            "strict_date_optional_time",
            "strict_date_optional_time||epoch_millis",
            "epoch_millis",
            "yyyy-MM-dd",
        ],
    )?;
    arguments.only(
        "relation",
        &["intersects", "INTERSECTS", "within", "WITHIN"],
    )?;
    boosted(
        Query::Range {
            field,
            lower,
            upper,
        },
        arguments,
    )
}

fn pattern(name: &str, body: &Json) -> Result<Query, Fault> {
    let (field, mut arguments) = Arguments::of_field(name, body, "value")?;
    let text = match arguments.text("wildcard")? {
        Some(text) if name == "wildcard" => text,
        _ => arguments.need_text("value")?,
    };
    let ignore_case = arguments.flag("case_insensitive")?;
    let query = match name {
        "prefix" => Query::Prefix {
            field,
            text,
            ignore_case,
        },
        "wildcard" => Query::Wildcard {
            field,
            pattern: text,
            ignore_case,
        },
        _ if ignore_case => return Err(arguments.wrong("case_insensitive")),
        _ => Query::Regexp {
            field,
            pattern: text,
        },
    };
    arguments.only("rewrite", &["constant_score", "constant_score_blended"])?;
    arguments.only("flags", &["ALL"])?;
    boosted(query, arguments)
}

fn fuzzy(body: &Json) -> Result<Query, Fault> {
    let (field, mut arguments) = Arguments::of_field("fuzzy", body, "value")?;
    let query = Query::Fuzzy {
        field,
        text: arguments.need_text("value")?,
        fuzziness: fuzziness(&mut arguments)?.unwrap_or(Fuzziness::Auto),
        prefix_length: arguments.number("prefix_length")?.unwrap_or(0),
    };
    arguments.only("max_expansions", &["50"])?;
    arguments.only("transpositions", &["true"])?;
    boosted(query, arguments)
}

fn ids(body: &Json) -> Result<Query, Fault> {
    let mut arguments = Arguments::new("ids", body)?;
    let values = match arguments.need("values")? {
        Json::Array(values) => values,
        value => vec![value],
    };
    let spell = |value: &Json| match value {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        _ => Err(arguments.wrong("values")),
    };
    let ids = values.iter().map(spell).collect::<Result<_, _>>()?;
    boosted(Query::Ids { ids }, arguments)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_and_long_spellings_mean_the_same() {
        for (short, long) in [
            (
                json!({"match": {"a": "x"}}),
                json!({"match": {"a": {"query": "x", "operator": "or"}}}),
            ),
            (
                json!({"term": {"a": 1}}),
                json!({"term": {"a": {"value": 1, "boost": 1.0}}}),
            ),
            (
                json!({"bool": {"must": {"match_all": {}}}}),
                json!({"bool": {"must": [{"match_all": {}}]}}),
            ),
            (
                json!({"prefix": {"a": "x"}}),
                json!({"prefix": {"a": {"value": "x"}}}),
            ),
        ] {
            assert_eq!(
                query(&short).expect("parses"),
                query(&long).expect("parses"),
                "{short}"
            );
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for unknown in [
            json!({"script_score": {}}),
            json!({"match": {"a": {"query": "x", "cutoff_frequency": 1}}}),
            json!({"match": {"a": "x", "b": "y"}}),
            json!({"match_all": {}, "match_none": {}}),
            json!({}),
            json!([]),
            json!({"range": {"a": {"gte": 1, "gt": 2}}}),
            json!({"terms": {"a": {"index": "b"}}}),
            json!({"bool": {"must": [7]}}),
            json!({"fuzzy": {"a": {"value": "x", "fuzziness": "many"}}}),
        ] {
            assert!(query(&unknown).is_err(), "{unknown}");
        }
        let mut deep = json!({"match_all": {}});
        for _ in 0..40 {
            deep = json!({"bool": {"must": [deep]}});
        }
        assert!(query(&deep).is_err());
    }
}
