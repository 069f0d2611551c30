//! Changed copies of JSON trees: `||`, `-`, `#-`, `jsonb_set`, `jsonb_insert`.

use std::sync::Arc;

use super::access::resolve_index;
use super::{DEPTH_MAX, Jsonb};
use crate::record::value::error::{Result, ValueError};

/// `a || b`: objects merge, anything else concatenates as arrays.
pub fn concat(a: &Jsonb, b: &Jsonb) -> Jsonb {
    match (a, b) {
        (Jsonb::Object(a), Jsonb::Object(b)) => Jsonb::object(a.iter().chain(b).cloned().collect()),
        _ => {
            let listed = |value: &Jsonb| match value {
                Jsonb::Array(elements) => elements.clone(),
                other => vec![other.clone()],
            };
            Jsonb::Array(listed(a).into_iter().chain(listed(b)).collect())
        }
    }
}

/// `value - key`: without a member, or without equal string elements. Errors: 22023 on a scalar.
pub fn delete_key(value: &Jsonb, key: &str) -> Result<Jsonb> {
    match value {
        Jsonb::Object(members) => {
            let kept = members.iter().filter(|(own, _)| &**own != key);
            Ok(Jsonb::Object(kept.cloned().collect()))
        }
        Jsonb::Array(elements) => {
            let kept = elements
                .iter()
                .filter(|element| !matches!(element, Jsonb::String(own) if &**own == key));
            Ok(Jsonb::Array(kept.cloned().collect()))
        }
        _ => Err(ValueError::new("22023", "cannot delete from scalar")),
    }
}

/// `value #- path`: without what stands at the path. Errors: 22023 on a scalar.
pub fn delete_path(value: &Jsonb, path: &[&str]) -> Result<Jsonb> {
    if !value.is_container() {
        return Err(ValueError::new("22023", "cannot delete path in scalar"));
    }
    let Some((last, parents)) = path.split_last() else {
        return Ok(value.clone());
    };
    let mut copy = value.clone();
    if let Some(parent) = descend(&mut copy, parents) {
        match parent {
            Jsonb::Object(members) => members.retain(|(own, _)| &**own != *last),
            Jsonb::Array(elements) => {
                if let Some(index) = resolve_index(array_index(last, path.len())?, elements.len()) {
                    elements.remove(index);
                }
            }
            _ => {}
        }
    }
    Ok(copy)
}

fn descend<'a>(value: &'a mut Jsonb, path: &[&str]) -> Option<&'a mut Jsonb> {
    let mut here = value;
    for step in path {
        here = match here {
            Jsonb::Object(members) => members
                .iter_mut()
                .find(|(key, _)| &**key == *step)
                .map(|(_, value)| value)?,
            Jsonb::Array(elements) => {
                let index = resolve_index(step.trim().parse().ok()?, elements.len())?;
                elements.get_mut(index)?
            }
            _ => return None,
        };
    }
    Some(here)
}

fn array_index(step: &str, position: usize) -> Result<i64> {
    step.trim().parse().map_err(|_| {
        let message = format!("path element at position {position} is not an integer: \"{step}\"");
        ValueError::new("22P02", message)
    })
}

/// `jsonb_set`: replaces what stands at the path, or adds it when `create` and its parent exists.
///
/// Errors: 22023 on a scalar, 22P02 a step that is no index, 54001 too deep.
pub fn set(value: &Jsonb, path: &[&str], new: &Jsonb, create: bool) -> Result<Jsonb> {
    if !value.is_container() {
        return Err(ValueError::new("22023", "cannot set path in scalar"));
    }
    let Some((last, parents)) = path.split_last() else {
        return Ok(value.clone());
    };
    let mut copy = value.clone();
    match descend(&mut copy, parents) {
        Some(Jsonb::Object(members)) => match members.iter_mut().find(|(key, _)| &**key == *last) {
            Some((_, member)) => *member = new.clone(),
            None if create => {
                let mut all = std::mem::take(members);
                all.push((Arc::from(*last), new.clone()));
                if let Jsonb::Object(sorted) = Jsonb::object(all) {
                    *members = sorted;
                }
            }
            None => {}
        },
        Some(Jsonb::Array(elements)) => {
            let index = array_index(last, path.len())?;
            match resolve_index(index, elements.len()) {
                Some(at) => {
                    if let Some(element) = elements.get_mut(at) {
                        *element = new.clone();
                    }
                }
                None if create && index < 0 => elements.insert(0, new.clone()),
                None if create => elements.push(new.clone()),
                None => {}
            }
        }
        _ => {}
    }
    checked_depth(copy)
}

/// `jsonb_insert`: puts a value before (or after) an array position, or a new key.
///
/// Errors: 22023 on a scalar or when the key exists, 22P02 a step that is no index.
pub fn insert(value: &Jsonb, path: &[&str], new: &Jsonb, after: bool) -> Result<Jsonb> {
    if !value.is_container() {
        return Err(ValueError::new("22023", "cannot set path in scalar"));
    }
    let Some((last, parents)) = path.split_last() else {
        return Ok(value.clone());
    };
    let mut copy = value.clone();
    match descend(&mut copy, parents) {
        Some(object @ Jsonb::Object(_)) => {
            if object.get(last).is_some() {
                return Err(ValueError::new("22023", "cannot replace existing key")
                    .with_hint("Try using the function jsonb_set to replace key value."));
            }
            *object = concat(
                object,
                &Jsonb::object(vec![(Arc::from(*last), new.clone())]),
            );
        }
        Some(Jsonb::Array(elements)) => {
            let index = array_index(last, path.len())?;
            let at = match resolve_index(index, elements.len()) {
                Some(at) => at + usize::from(after),
                None if index < 0 => 0,
                None => elements.len(),
            };
            elements.insert(at, new.clone());
        }
        _ => {}
    }
    checked_depth(copy)
}

/// `jsonb_strip_nulls`: without members that are null, at every level.
pub fn strip_nulls(value: &Jsonb) -> Jsonb {
    match value {
        Jsonb::Array(elements) => Jsonb::Array(elements.iter().map(strip_nulls).collect()),
        Jsonb::Object(members) => {
            let kept = members.iter().filter(|(_, value)| *value != Jsonb::Null);
            Jsonb::Object(
                kept.map(|(key, value)| (key.clone(), strip_nulls(value)))
                    .collect(),
            )
        }
        scalar => scalar.clone(),
    }
}

/// Refuses a tree that editing made deeper than input may be. Errors: 54001.
fn checked_depth(value: Jsonb) -> Result<Jsonb> {
    fn fits(value: &Jsonb, depth: usize) -> bool {
        depth <= DEPTH_MAX
            && match value {
                Jsonb::Array(elements) => elements.iter().all(|element| fits(element, depth + 1)),
                Jsonb::Object(members) => members.iter().all(|(_, member)| fits(member, depth + 1)),
                _ => true,
            }
    }
    match fits(&value, 0) {
        true => Ok(value),
        false => Err(ValueError::new("54001", "stack depth limit exceeded")),
    }
}
