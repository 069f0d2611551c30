//! JSON operators and the functions that read or edit documents.

use super::args::{array, boolean, int, jsonb, text, texts};
use super::registry::{EvalFn, Register};
use crate::record::value::{Jsonb, Result, Value, ValueError, json};

pub(super) fn register(register: &mut Register) {
    register_text_access(register);
    register_tree_access(register);
    register_tests(register);
    register_edits(register);
    register_reports(register);
}

fn json_value(text: Option<String>) -> Value {
    text.map_or(Value::Null, |text| Value::Json(text.into()))
}

fn text_value(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::from)
}

/// The value's text at the end of a path into JSON text.
fn text_at_path(source: &str, path: &[&str]) -> Result<Option<String>> {
    let mut here = source.to_string();
    for step in path {
        let next = match json::kind(&here) {
            "object" => text_member(&here, step)?,
            "array" => match step.trim_start().parse::<i64>() {
                Ok(index) => text_element(&here, index)?,
                Err(_) => None,
            },
            _ => None,
        };
        match next {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// Of equal keys the last counts.
fn text_member(source: &str, key: &str) -> Result<Option<String>> {
    let members = json::members(source)?.unwrap_or_default();
    Ok(members
        .into_iter()
        .rev()
        .find(|(own, _)| own == key)
        .map(|(_, value)| value.to_string()))
}

fn text_element(source: &str, index: i64) -> Result<Option<String>> {
    let elements = json::elements(source)?.unwrap_or_default();
    let length = elements.len() as i64;
    let at = if index < 0 {
        index.saturating_add(length)
    } else {
        index
    };
    let found = usize::try_from(at).ok().and_then(|at| elements.get(at));
    Ok(found.map(|element| element.to_string()))
}

fn unquoted(text: Option<String>) -> Result<Value> {
    match text {
        Some(text) => json::unquote(&text).map(text_value),
        None => Ok(Value::Null),
    }
}

fn register_text_access(register: &mut Register) {
    for name in ["->", "json_object_field"] {
        register.strict(&format!("{name}(json, text) json"), |a, _| {
            text_member(text(a, 0)?, text(a, 1)?).map(json_value)
        });
    }
    for name in ["->>", "json_object_field_text"] {
        register.strict(&format!("{name}(json, text) text"), |a, _| {
            unquoted(text_member(text(a, 0)?, text(a, 1)?)?)
        });
    }
    register.strict("->(json, integer) json", |a, _| {
        text_element(text(a, 0)?, int(a, 1)?).map(json_value)
    });
    register.strict("->>(json, integer) text", |a, _| {
        unquoted(text_element(text(a, 0)?, int(a, 1)?)?)
    });
    register.strict("#>(json, text[]) json", |a, _| {
        text_at_path(text(a, 0)?, &texts(a, 1)?).map(json_value)
    });
    register.strict("#>>(json, text[]) text", |a, _| {
        unquoted(text_at_path(text(a, 0)?, &texts(a, 1)?)?)
    });
    register.strict("json_extract_path(json, variadic text) json", |a, _| {
        text_at_path(text(a, 0)?, &path(a)).map(json_value)
    });
    register.strict(
        "json_extract_path_text(json, variadic text) text",
        |a, _| unquoted(text_at_path(text(a, 0)?, &path(a))?),
    );
}

/// The path spelled by the arguments after the first.
fn path(args: &[Value]) -> Vec<&str> {
    args.iter().skip(1).filter_map(Value::as_str).collect()
}

fn tree_value(found: Option<&Jsonb>) -> Value {
    found.cloned().map_or(Value::Null, Value::from)
}

fn tree_text(found: Option<&Jsonb>) -> Value {
    text_value(found.and_then(Jsonb::to_text))
}

fn register_tree_access(register: &mut Register) {
    register.strict("->(jsonb, text) jsonb", |a, _| {
        Ok(tree_value(jsonb(a, 0)?.get(text(a, 1)?)))
    });
    register.strict("->>(jsonb, text) text", |a, _| {
        Ok(tree_text(jsonb(a, 0)?.get(text(a, 1)?)))
    });
    register.strict("->(jsonb, integer) jsonb", |a, _| {
        Ok(tree_value(jsonb(a, 0)?.element(int(a, 1)?)))
    });
    register.strict("->>(jsonb, integer) text", |a, _| {
        Ok(tree_text(jsonb(a, 0)?.element(int(a, 1)?)))
    });
    register.strict("#>(jsonb, text[]) jsonb", |a, _| {
        Ok(tree_value(jsonb(a, 0)?.at_path(&texts(a, 1)?)))
    });
    register.strict("#>>(jsonb, text[]) text", |a, _| {
        Ok(tree_text(jsonb(a, 0)?.at_path(&texts(a, 1)?)))
    });
    register.strict("jsonb_extract_path(jsonb, variadic text) jsonb", |a, _| {
        Ok(tree_value(jsonb(a, 0)?.at_path(&path(a))))
    });
    register.strict(
        "jsonb_extract_path_text(jsonb, variadic text) text",
        |a, _| Ok(tree_text(jsonb(a, 0)?.at_path(&path(a)))),
    );
}

fn register_tests(register: &mut Register) {
    register.strict("@>(jsonb, jsonb) boolean", |a, _| {
        Ok(Value::Bool(json::contains(jsonb(a, 0)?, jsonb(a, 1)?)))
    });
    register.strict("<@(jsonb, jsonb) boolean", |a, _| {
        Ok(Value::Bool(json::contains(jsonb(a, 1)?, jsonb(a, 0)?)))
    });
    register.strict("?(jsonb, text) boolean", |a, _| {
        Ok(Value::Bool(json::exists(jsonb(a, 0)?, text(a, 1)?)))
    });
    register.strict("?|(jsonb, text[]) boolean", |a, _| {
        let document = jsonb(a, 0)?;
        Ok(Value::Bool(
            texts(a, 1)?.iter().any(|key| json::exists(document, key)),
        ))
    });
    register.strict("?&(jsonb, text[]) boolean", |a, _| {
        let document = jsonb(a, 0)?;
        Ok(Value::Bool(
            texts(a, 1)?.iter().all(|key| json::exists(document, key)),
        ))
    });
}

fn register_edits(register: &mut Register) {
    register.strict("||(jsonb, jsonb) jsonb", |a, _| {
        Ok(Value::from(json::concat(jsonb(a, 0)?, jsonb(a, 1)?)))
    });
    register.strict("-(jsonb, text) jsonb", |a, _| {
        json::delete_key(jsonb(a, 0)?, text(a, 1)?).map(Value::from)
    });
    register.strict("-(jsonb, text[]) jsonb", |a, _| {
        let mut document = jsonb(a, 0)?.clone();
        for key in texts(a, 1)? {
            document = json::delete_key(&document, key)?;
        }
        Ok(Value::from(document))
    });
    register.strict("-(jsonb, integer) jsonb", |a, _| {
        delete_element(jsonb(a, 0)?, int(a, 1)?)
    });
    for name in ["#-", "jsonb_delete_path"] {
        register.strict(&format!("{name}(jsonb, text[]) jsonb"), |a, _| {
            json::delete_path(jsonb(a, 0)?, &texts(a, 1)?).map(Value::from)
        });
    }
    let set: EvalFn = |a, _| {
        let create = a.len() < 4 || boolean(a, 3)?;
        json::set(jsonb(a, 0)?, &texts(a, 1)?, jsonb(a, 2)?, create).map(Value::from)
    };
    register.strict("jsonb_set(jsonb, text[], jsonb) jsonb", set);
    register.strict("jsonb_set(jsonb, text[], jsonb, boolean) jsonb", set);
    let insert: EvalFn = |a, _| {
        let after = a.len() > 3 && boolean(a, 3)?;
        json::insert(jsonb(a, 0)?, &texts(a, 1)?, jsonb(a, 2)?, after).map(Value::from)
    };
    register.strict("jsonb_insert(jsonb, text[], jsonb) jsonb", insert);
    register.strict("jsonb_insert(jsonb, text[], jsonb, boolean) jsonb", insert);
    register.strict("jsonb_strip_nulls(jsonb) jsonb", |a, _| {
        Ok(Value::from(json::strip_nulls(jsonb(a, 0)?)))
    });
}

fn delete_element(document: &Jsonb, index: i64) -> Result<Value> {
    match document {
        Jsonb::Array(elements) => {
            let length = elements.len() as i64;
            let at = if index < 0 {
                index.saturating_add(length)
            } else {
                index
            };
            let kept = elements.iter().zip(0i64..).filter(|(_, own)| *own != at);
            Ok(Value::from(Jsonb::Array(
                kept.map(|(element, _)| element.clone()).collect(),
            )))
        }
        Jsonb::Object(_) => {
            let message = "cannot delete from object using integer index";
            Err(ValueError::new("22023", message))
        }
        _ => Err(ValueError::new("22023", "cannot delete from scalar")),
    }
}

fn register_reports(register: &mut Register) {
    register.strict("jsonb_typeof(jsonb) text", |a, _| {
        Ok(Value::from(jsonb(a, 0)?.type_name()))
    });
    register.strict("json_typeof(json) text", |a, _| {
        Ok(Value::from(json::kind(text(a, 0)?)))
    });
    register.strict("jsonb_array_length(jsonb) integer", |a, _| {
        match jsonb(a, 0)? {
            Jsonb::Array(elements) => Ok(Value::Int4(elements.len() as i32)),
            Jsonb::Object(_) => Err(ValueError::new(
                "22023",
                "cannot get array length of a non-array",
            )),
            _ => Err(ValueError::new(
                "22023",
                "cannot get array length of a scalar",
            )),
        }
    });
    register.strict("json_array_length(json) integer", |a, _| {
        let source = text(a, 0)?;
        match (json::elements(source)?, json::kind(source)) {
            (Some(elements), _) => Ok(Value::Int4(elements.len() as i32)),
            (None, "object") => Err(ValueError::new(
                "22023",
                "cannot get array length of a non-array",
            )),
            (None, _) => Err(ValueError::new(
                "22023",
                "cannot get array length of a scalar",
            )),
        }
    });
    register.strict("jsonb_pretty(jsonb) text", |a, _| {
        let mut out = String::new();
        json::pretty(jsonb(a, 0)?, 0, &mut out);
        Ok(Value::from(out))
    });
    register.strict("jsonb_object(text[]) jsonb", |a, _| {
        let mut members = Vec::new();
        for (key, value) in super::json_build::pairs(array(a, 0)?)? {
            members.push((
                key.into(),
                value.map_or(Jsonb::Null, |value| Jsonb::string(&value)),
            ));
        }
        Ok(Value::from(Jsonb::object(members)))
    });
}
