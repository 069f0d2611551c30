//! Reads inside a JSON tree: members, elements, paths, containment.

use super::{Jsonb, key_order};

/// One step of a path: text that is a key in an object and an index in an array.
pub struct Step<'a> {
    /// The step as written.
    pub text: &'a str,
}

impl Step<'_> {
    /// The step as an array index, when it is an integer.
    pub fn index(&self) -> Option<i64> {
        let digits = self.text.trim_start();
        digits.parse().ok()
    }
}

/// The steps of a path.
pub fn steps<'a>(path: &[&'a str]) -> Vec<Step<'a>> {
    path.iter().map(|text| Step { text }).collect()
}

/// A position counted from the end when negative.
pub(super) fn resolve_index(index: i64, length: usize) -> Option<usize> {
    let length = length as i64;
    let index = if index < 0 {
        index.checked_add(length)?
    } else {
        index
    };
    if (0..length).contains(&index) {
        usize::try_from(index).ok()
    } else {
        None
    }
}

impl Jsonb {
    /// The member of this key; `None` when there is none or this is no object.
    pub fn get(&self, key: &str) -> Option<&Jsonb> {
        let Jsonb::Object(members) = self else {
            return None;
        };
        let at = members
            .binary_search_by(|(own, _)| key_order(own, key))
            .ok()?;
        members.get(at).map(|(_, value)| value)
    }

    /// The element at this index, from the end when negative.
    pub fn element(&self, index: i64) -> Option<&Jsonb> {
        let Jsonb::Array(elements) = self else {
            return None;
        };
        elements.get(resolve_index(index, elements.len())?)
    }

    /// The value at the end of a path (`#>`).
    pub fn at_path(&self, path: &[&str]) -> Option<&Jsonb> {
        let mut here = self;
        for step in steps(path) {
            here = match here {
                Jsonb::Object(_) => here.get(step.text)?,
                Jsonb::Array(_) => here.element(step.index()?)?,
                _ => return None,
            };
        }
        Some(here)
    }

    /// What `->>` makes of the value: a string's characters, nothing for null, else its text.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Jsonb::Null => None,
            Jsonb::String(text) => Some(text.to_string()),
            other => {
                let mut out = String::new();
                super::print(other, &mut out);
                Some(out)
            }
        }
    }
}

/// `?`: a key of an object, a string element of an array, or the string itself.
pub fn exists(value: &Jsonb, key: &str) -> bool {
    match value {
        Jsonb::Object(_) => value.get(key).is_some(),
        Jsonb::Array(elements) => elements.iter().any(|element| is_string(element, key)),
        scalar => is_string(scalar, key),
    }
}

fn is_string(value: &Jsonb, text: &str) -> bool {
    matches!(value, Jsonb::String(own) if &**own == text)
}

/// `@>`: whether the left document contains the right one.
pub fn contains(left: &Jsonb, right: &Jsonb) -> bool {
    match (left, right) {
        // The one exception to equal shapes: an array contains a scalar element.
        (Jsonb::Array(elements), scalar) if !scalar.is_container() => elements.contains(scalar),
        _ => contains_inside(left, right),
    }
}

fn contains_inside(left: &Jsonb, right: &Jsonb) -> bool {
    match (left, right) {
        (Jsonb::Object(_), Jsonb::Object(members)) => members.iter().all(|(key, wanted)| {
            left.get(key)
                .is_some_and(|own| contains_inside(own, wanted))
        }),
        (Jsonb::Array(own), Jsonb::Array(wanted)) => wanted
            .iter()
            .all(|wanted| own.iter().any(|own| contains_inside(own, wanted))),
        _ => left == right,
    }
}
