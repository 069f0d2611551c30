//! Mappings as Elasticsearch spells them: nested properties, with second readings under
//! `fields`.

use serde_json::{Map, Value as Json, json};
use stele_search::analysis;
use stele_search::document::mapping::FIELD_COUNT_MAX;
use stele_search::document::{Dynamic, Field, Kind, Mapping};

use crate::wire::Fault;

/// How deep objects may nest.
const DEPTH_MAX: usize = 20;

/// Adds what a body's `mappings` say to a mapping.
pub fn read(mapping: &mut Mapping, body: &Map<String, Json>) -> Result<(), Fault> {
    for (key, value) in body {
        match key.as_str() {
            "properties" => properties(mapping, "", value, 0)?,
            "dynamic" => mapping.dynamic = dynamic(value)?,
            key => return Err(parser(format!("unsupported parameter [{key}] in mappings"))),
        }
    }
    if mapping.fields.len() > FIELD_COUNT_MAX {
        return Err(Fault::argument(format!(
            "Limit of total fields [{FIELD_COUNT_MAX}] has been exceeded"
        )));
    }
    Ok(())
}

fn parser(reason: String) -> Fault {
    Fault::new(
        axum::http::StatusCode::BAD_REQUEST,
        "mapper_parsing_exception",
        reason,
    )
}

fn dynamic(value: &Json) -> Result<Dynamic, Fault> {
    let text = match value {
        Json::Bool(value) => value.to_string(),
        Json::String(text) => text.clone(),
        _ => String::new(),
    };
    serde_json::from_value(Json::String(text))
        .map_err(|_| parser(format!("unsupported value [{value}] of [dynamic]")))
}

fn properties(
    mapping: &mut Mapping,
    prefix: &str,
    value: &Json,
    depth: usize,
) -> Result<(), Fault> {
    let Some(named) = value.as_object() else {
        return Err(parser("Expected an object for [properties]".to_owned()));
    };
    if depth >= DEPTH_MAX {
        return Err(Fault::argument(format!(
            "Limit of mapping depth [{DEPTH_MAX}] has been exceeded"
        )));
    }
    for (name, value) in named {
        let path = format!("{prefix}{name}");
        if name.is_empty() || name.starts_with('_') || name.starts_with('-') {
            return Err(parser(format!("field name [{path}] is not possible here")));
        }
        let Some(object) = value.as_object() else {
            return Err(parser(format!("Expected map for property [{path}]")));
        };
        let kind = object.get("type").and_then(Json::as_str);
        match kind {
            None | Some("object") => {
                let known = ["type", "properties"];
                if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
                    return Err(parser(format!(
                        "unsupported parameter [{key}] on object [{path}]"
                    )));
                }
                if !mapping.objects.contains(&path) {
                    mapping.objects.push(path.clone());
                }
                if let Some(inner) = object.get("properties") {
                    properties(mapping, &format!("{path}."), inner, depth + 1)?;
                }
            }
            Some(kind) => leaf(mapping, &path, kind, object)?,
        }
    }
    Ok(())
}

fn leaf(
    mapping: &mut Mapping,
    path: &str,
    kind: &str,
    object: &Map<String, Json>,
) -> Result<(), Fault> {
    let field = field(path, kind, object)?;
    put(mapping, path, field)?;
    let inner = object.get("fields").and_then(Json::as_object);
    for (name, value) in inner.into_iter().flatten() {
        let object = value
            .as_object()
            .ok_or_else(|| parser(format!("Expected map for [{path}.{name}]")))?;
        let kind = object
            .get("type")
            .and_then(Json::as_str)
            .unwrap_or_default();
        let name = format!("{path}.{name}");
        let mut second = self::field(&name, kind, object)?;
        if object.contains_key("fields") {
            return Err(parser(format!(
                "[{name}] is a second reading and has none itself"
            )));
        }
        second.parent = Some(path.to_owned());
        put(mapping, &name, second)?;
    }
    Ok(())
}

fn field(path: &str, kind: &str, object: &Map<String, Json>) -> Result<Field, Fault> {
    let kind = Kind::of_name(kind).ok_or_else(|| {
        parser(format!(
            "No handler for type [{kind}] declared on field [{path}]"
        ))
    })?;
    let mut field = Field::new(kind);
    let wrong = |key: &str| {
        parser(format!(
            "unknown parameter [{key}] on mapper [{path}] of type [{}]",
            kind.name()
        ))
    };
    for (key, value) in object {
        match (key.as_str(), kind) {
            ("type" | "fields", _) => {}
            ("analyzer", Kind::Text) => field.analyzer = Some(analyzer(path, value)?),
            ("search_analyzer", Kind::Text) => field.search_analyzer = Some(analyzer(path, value)?),
            ("ignore_above", Kind::Keyword) => {
                let limit = value.as_u64().and_then(|limit| u32::try_from(limit).ok());
                field.ignore_above = Some(limit.ok_or_else(|| wrong(key))?);
            }
            // What is said already by being the only way there is.
            ("index" | "doc_values" | "coerce" | "norms", _) if value == &json!(true) => {}
            ("store", _) if value == &json!(false) => {}
            ("format", Kind::Date) if is_default_format(value) => {}
            (key, _) => return Err(wrong(key)),
        }
    }
    Ok(field)
}

fn is_default_format(value: &Json) -> bool {
    let known = [
        "strict_date_optional_time",
        "date_optional_time",
        "epoch_millis",
        "strict_date",
        "date",
        "strict_date_time",
        "date_time",
        "iso8601",
    ];
    value
        .as_str()
        .is_some_and(|formats| formats.split("||").all(|format| known.contains(&format)))
}

fn analyzer(path: &str, value: &Json) -> Result<String, Fault> {
    let name = value.as_str().unwrap_or_default();
    match analysis::exists(name) {
        true => Ok(name.to_owned()),
        false => Err(parser(format!(
            "analyzer [{name}] has not been configured in mappings, on field [{path}]"
        ))),
    }
}

/// Adds a field; one that is there must stay what it is.
fn put(mapping: &mut Mapping, path: &str, mut field: Field) -> Result<(), Fault> {
    let inside = format!("{path}.");
    let is_object = mapping.objects.iter().any(|object| object == path)
        || mapping
            .fields
            .iter()
            .any(|(name, field)| name.starts_with(&inside) && field.parent.is_none());
    if is_object && field.parent.is_none() {
        return Err(Fault::argument(format!(
            "can't merge a non object mapping [{path}] with an object mapping"
        )));
    }
    if let Some(known) = mapping.fields.get(path) {
        field.column = known.column;
        if *known != field {
            return Err(Fault::argument(format!(
                "mapper [{path}] cannot be changed from type [{}] to [{}], nor its parameters",
                known.kind.name(),
                field.kind.name()
            )));
        }
    }
    mapping.fields.insert(path.to_owned(), field);
    Ok(())
}

/// A mapping as Elasticsearch spells it.
pub fn print(mapping: &Mapping) -> Json {
    let mut printed = Map::new();
    if mapping.dynamic != Dynamic::True {
        printed.insert("dynamic".to_owned(), json!(mapping.dynamic));
    }
    let mut properties = Map::new();
    for path in &mapping.objects {
        inside(&mut properties, path, |_| {});
    }
    for (path, field) in &mapping.fields {
        // The field that a second reading belongs to has a shorter name: it is there.
        let holder = field.parent.as_deref().unwrap_or(path);
        let put = |properties: &mut Map<String, Json>| match &field.parent {
            None => drop(properties.insert(last(path), described(field))),
            Some(parent) => {
                if let Some(Json::Object(holder)) = properties.get_mut(&last(parent)) {
                    holder.entry("fields").or_insert_with(|| json!({}))[last(path)] =
                        described(field);
                }
            }
        };
        match holder.rsplit_once('.') {
            Some((object, _)) => inside(&mut properties, object, put),
            None => put(&mut properties),
        }
    }
    if !properties.is_empty() {
        printed.insert("properties".to_owned(), Json::Object(properties));
    }
    Json::Object(printed)
}

fn last(path: &str) -> String {
    path.rsplit('.').next().unwrap_or(path).to_owned()
}

/// Does something to the properties of the object at a path, made on the way.
fn inside(
    properties: &mut Map<String, Json>,
    path: &str,
    put: impl FnOnce(&mut Map<String, Json>),
) {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    let object = properties.entry(first).or_insert_with(|| json!({}));
    let Json::Object(object) = object else { return };
    let inner = object.entry("properties").or_insert_with(|| json!({}));
    let Json::Object(inner) = inner else { return };
    match rest {
        Some(rest) => inside(inner, rest, put),
        None => put(inner),
    }
}

fn described(field: &Field) -> Json {
    let mut described = json!({"type": field.kind.name()});
    if let Some(analyzer) = &field.analyzer {
        described["analyzer"] = json!(analyzer);
    }
    if let Some(analyzer) = &field.search_analyzer {
        described["search_analyzer"] = json!(analyzer);
    }
    if let Some(limit) = field.ignore_above {
        described["ignore_above"] = json!(limit);
    }
    described
}
