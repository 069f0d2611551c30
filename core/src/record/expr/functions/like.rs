//! LIKE and SIMILAR TO.

use super::args::text;
use super::registry::Register;
use super::text::{lower, padded};
use crate::record::value::{Result, Value, ValueError};

pub(super) fn register(register: &mut Register) {
    for left in ["text", "character", "name"] {
        let signature = |operator: &str| format!("{operator}({left}, text) boolean");
        register.strict(&signature("~~"), |a, _| like(a, false, false));
        register.strict(&signature("!~~"), |a, _| like(a, false, true));
        register.strict(&signature("~~*"), |a, _| like(a, true, false));
        register.strict(&signature("!~~*"), |a, _| like(a, true, true));
    }
    register.strict("like(text, text) boolean", |a, _| like(a, false, false));
    register.strict("notlike(text, text) boolean", |a, _| like(a, false, true));
    register.strict("like_escape(text, text) text", |a, _| {
        like_escape(text(a, 0)?, text(a, 1)?)
    });
    register.strict("similar_to_escape(text) text", |a, _| {
        similar(text(a, 0)?, "\\")
    });
    register.strict("similar_to_escape(text, text) text", |a, _| {
        similar(text(a, 0)?, text(a, 1)?)
    });
}

fn like(args: &[Value], ignore_case: bool, negated: bool) -> Result<Value> {
    let matches = like_matches(padded(args, 0)?, text(args, 1)?, ignore_case)?;
    Ok(Value::Bool(matches != negated))
}

#[derive(Clone, Copy, PartialEq)]
enum Item {
    Char(char),
    One,
    Many,
}

/// Whether `text` matches the LIKE pattern; `%`, `_`, and a backslash to escape them.
///
/// Errors: 22025 when the pattern ends in a lone backslash.
pub fn like_matches(text: &str, pattern: &str, ignore_case: bool) -> Result<bool> {
    if ignore_case {
        return like_matches(&lower(text), &lower(pattern), false);
    }
    let mut items = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        items.push(match c {
            '%' => Item::Many,
            '_' => Item::One,
            '\\' => match chars.next() {
                Some(escaped) => Item::Char(escaped),
                None => {
                    let message = "LIKE pattern must not end with escape character";
                    return Err(ValueError::new("22025", message));
                }
            },
            c => Item::Char(c),
        });
    }
    Ok(matches_items(text, &items))
}

/// Greedy matching that returns only to the last `%`: linear in text times pattern.
fn matches_items(text: &str, items: &[Item]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut item) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (items.get(item), text.get(at)) {
            (Some(Item::Many), _) => {
                item += 1;
                retry = Some((at, item));
            }
            (Some(Item::One), Some(_)) => {
                at += 1;
                item += 1;
            }
            (Some(Item::Char(wanted)), Some(found)) if wanted == found => {
                at += 1;
                item += 1;
            }
            (None, None) => return true,
            _ => match retry {
                Some((start, after)) if start < text.len() => {
                    at = start + 1;
                    item = after;
                    retry = Some((at, after));
                }
                _ => return false,
            },
        }
    }
}

fn escape_character(escape: &str) -> Result<Option<char>> {
    let mut chars = escape.chars();
    match (chars.next(), chars.next()) {
        (first, None) => Ok(first),
        _ => Err(ValueError::new("22025", "invalid escape string")
            .with_hint("Escape string must be empty or one character.")),
    }
}

/// The pattern with its own escape character replaced by a backslash. Errors: 22025.
fn like_escape(pattern: &str, escape: &str) -> Result<Value> {
    let escape = escape_character(escape)?;
    if escape == Some('\\') {
        return Ok(Value::from(pattern));
    }
    let mut out = String::with_capacity(pattern.len());
    let mut escaped = false;
    for c in pattern.chars() {
        if Some(c) == escape && !escaped {
            out.push('\\');
            escaped = true;
            continue;
        }
        if c == '\\' && !escaped {
            out.push('\\');
        }
        out.push(c);
        escaped = false;
    }
    Ok(Value::from(out))
}

/// A SIMILAR TO pattern as a regular expression. Errors: 22025.
fn similar(pattern: &str, escape: &str) -> Result<Value> {
    let escape = escape_character(escape)?;
    let mut out = String::from("^(?:");
    let mut in_class = false;
    let mut escaped = false;
    for c in pattern.chars() {
        match c {
            _ if escaped => {
                if !c.is_alphanumeric() {
                    out.push('\\');
                }
                out.push(c);
                escaped = false;
            }
            _ if Some(c) == escape => escaped = true,
            _ if in_class => {
                if c == '\\' {
                    out.push('\\');
                }
                out.push(c);
                in_class = c != ']';
            }
            '[' => {
                out.push(c);
                in_class = true;
            }
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '(' => out.push_str("(?:"),
            '\\' | '.' | '^' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push_str(")$");
    Ok(Value::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_backtracks_and_escapes() {
        for (text, pattern, matches) in [
            ("abc", "a%", true),
            ("abc", "_b_", true),
            ("abc", "a_", false),
            ("a%c", "a\\%c", true),
            ("abc", "a\\%c", false),
            ("", "%", true),
            ("aab", "%ab", true),
            ("mississippi", "%iss%ppi", true),
            ("é", "_", true),
            ("ABC", "abc", false),
        ] {
            assert_eq!(
                like_matches(text, pattern, false).unwrap(),
                matches,
                "{text} {pattern}"
            );
        }
        assert!(like_matches("ABC", "a%", true).unwrap());
        assert_eq!(like_matches("a", "a\\", false).unwrap_err().code, "22025");
    }
}
