//! `_source` as it is asked for: all of it, some fields, none.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};
use stele_search::Document;
use stele_search::pattern;

use crate::wire::{Call, Fault};

/// Which fields of documents are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    is_hidden: bool,
    includes: Vec<String>,
    excludes: Vec<String>,
}

/// A document as it is shown.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Source {
    /// Letter by letter as it was sent.
    Whole(Box<RawValue>),
    /// The fields that were asked for.
    Chosen(Map<String, Json>),
}

/// An answer about a document, and the document.
#[derive(Debug, Serialize)]
pub struct WithSource {
    /// What is said of it.
    #[serde(flatten)]
    pub about: Map<String, Json>,
    /// The document, if it is shown.
    #[serde(rename = "_source", skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

impl Shown {
    /// From a request's parameters.
    pub fn of_call(call: &Call) -> Self {
        let list = |name: &str| {
            call.parameter(name).map_or_else(Vec::new, |text| {
                text.split(',').map(str::to_owned).collect()
            })
        };
        let mut shown = Self {
            includes: list("_source_includes"),
            excludes: list("_source_excludes"),
            ..Self::default()
        };
        match call.parameter("_source") {
            None | Some("true" | "") => {}
            Some("false") => shown.is_hidden = true,
            Some(fields) => shown.includes.extend(fields.split(',').map(str::to_owned)),
        }
        shown
    }

    /// From a body's `_source`.
    pub fn of_json(json: &Json) -> Result<Self, Fault> {
        let wrong = || {
            Fault::parsing(
                "Expected one of [VALUE_BOOLEAN, VALUE_STRING, START_ARRAY, START_OBJECT] for [_source]",
            )
        };
        let list = |json: &Json| match json {
            Json::String(text) => Ok(vec![text.clone()]),
            Json::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
                .collect(),
            _ => Err(wrong()),
        };
        let mut shown = Self::default();
        match json {
            Json::Bool(is_shown) => shown.is_hidden = !is_shown,
            Json::Object(object) => {
                for (key, value) in object {
                    match key.as_str() {
                        "includes" | "include" => shown.includes = list(value)?,
                        "excludes" | "exclude" => shown.excludes = list(value)?,
                        _ => return Err(wrong()),
                    }
                }
            }
            other => shown.includes = list(other)?,
        }
        Ok(shown)
    }

    /// A document as it is shown; `None` if it is not.
    pub fn source(&self, document: Document) -> Option<Source> {
        if self.is_hidden {
            return None;
        }
        if self.includes.is_empty() && self.excludes.is_empty() {
            let text = RawValue::from_string(document.text);
            return text.ok().map(Source::Whole);
        }
        Some(Source::Chosen(self.chosen("", document.fields())))
    }

    fn chosen(&self, prefix: &str, object: &Map<String, Json>) -> Map<String, Json> {
        let mut chosen = Map::new();
        for (name, value) in object {
            let path = format!("{prefix}{name}");
            if let Some(value) = self.value(&path, value) {
                chosen.insert(name.clone(), value);
            }
        }
        chosen
    }

    fn value(&self, path: &str, value: &Json) -> Option<Json> {
        if self.excludes.iter().any(|pattern| covers(pattern, path)) {
            return None;
        }
        let is_included =
            self.includes.is_empty() || self.includes.iter().any(|pattern| covers(pattern, path));
        match value {
            Json::Object(object) => {
                let inner = self.chosen(&format!("{path}."), object);
                (is_included || !inner.is_empty()).then_some(Json::Object(inner))
            }
            Json::Array(items) if items.iter().any(Json::is_object) => {
                let items: Vec<Json> = items
                    .iter()
                    .filter_map(|item| self.value(path, item))
                    .collect();
                (is_included
                    || items
                        .iter()
                        .any(|item| item.as_object().is_some_and(|object| !object.is_empty())))
                .then_some(Json::Array(items))
            }
            value => is_included.then(|| value.clone()),
        }
    }
}

/// Does a pattern mean a path, or an object that holds it?
fn covers(wanted: &str, path: &str) -> bool {
    let holders = path.match_indices('.').filter_map(|(at, _)| path.get(..at));
    pattern::matches(wanted, path)
        || holders
            .into_iter()
            .any(|holder| pattern::matches(wanted, holder))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(wanted: Json, document: Json) -> Json {
        let Json::Object(fields) = document else {
            panic!()
        };
        let document = Document::new(fields, "raw");
        let shown = Shown::of_json(&wanted).expect("parses");
        json!(shown.source(document))
    }

    #[test]
    fn a_whole_document_is_shown_letter_by_letter() {
        let text = "{\"x\": 1.00,  \"x\":[ ]}";
        let about = Map::from_iter([("_id".to_owned(), json!("a"))]);
        let source = Shown::default().source(Document::new(Map::new(), text));
        let printed = serde_json::to_string(&WithSource { about, source }).expect("prints");
        assert_eq!(printed, format!("{{\"_id\":\"a\",\"_source\":{text}}}"));
    }

    #[test]
    fn includes_and_excludes_go_through_objects_and_arrays() {
        let document = json!({"a": {"b": 1, "c": 2}, "d": [{"e": 1, "f": 2}], "g": 3});
        assert_eq!(
            shown(json!("a.b"), document.clone()),
            json!({"a": {"b": 1}})
        );
        assert_eq!(
            shown(json!(["a", "g"]), document.clone()),
            json!({"a": {"b": 1, "c": 2}, "g": 3})
        );
        assert_eq!(
            shown(json!({"excludes": ["a", "d.e"]}), document.clone()),
            json!({"d": [{"f": 2}], "g": 3})
        );
        assert_eq!(
            shown(json!("d.f"), document.clone()),
            json!({"d": [{"f": 2}]})
        );
        assert_eq!(shown(json!(false), document), Json::Null);
        assert!(Shown::of_json(&json!(7)).is_err());
    }
}
