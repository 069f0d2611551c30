//! POSIX regular expressions.
//!
//! They run on a linear-time engine: back references and looking around are refused, and
//! of alternatives the first wins where PostgreSQL takes the longest.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};

use super::args::{int, text};
use super::registry::Register;
use super::text::{RESULT_BYTES_MAX, padded, too_long};
use crate::record::value::{Result, Type, Value, ValueError};

/// Compiled expressions kept per thread.
const CACHE_COUNT_MAX: usize = 64;
/// Longest pattern compiled.
const PATTERN_BYTES_MAX: usize = 16 << 10;

pub(super) fn register(register: &mut Register) {
    register_operators(register);
    register_functions(register);
}

fn register_operators(register: &mut Register) {
    for left in ["text", "character", "name"] {
        let signature = |operator: &str| format!("{operator}({left}, text) boolean");
        register.strict(&signature("~"), |a, _| is_match(a, false, false));
        register.strict(&signature("!~"), |a, _| is_match(a, false, true));
        register.strict(&signature("~*"), |a, _| is_match(a, true, false));
        register.strict(&signature("!~*"), |a, _| is_match(a, true, true));
    }
}

fn is_match(args: &[Value], ignore_case: bool, negated: bool) -> Result<Value> {
    let found = regex(text(args, 1)?, ignore_case)?.is_match(padded(args, 0)?);
    Ok(Value::Bool(found != negated))
}

thread_local! {
    static CACHE: RefCell<HashMap<(String, Flags), Arc<Regex>>> = RefCell::new(HashMap::new());
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Flags {
    ignore_case: bool,
    /// `n`: newlines end what `.` and brackets match, and `^` and `$` match at them.
    lines: bool,
    extended: bool,
    literal: bool,
    global: bool,
}

/// A compiled POSIX regular expression, from a small cache.
///
/// Errors: 2201B malformed, 0A000 back references and looking around.
pub fn regex(pattern: &str, ignore_case: bool) -> Result<Arc<Regex>> {
    compile(
        pattern,
        Flags {
            ignore_case,
            ..Flags::default()
        },
    )
}

fn compile(pattern: &str, flags: Flags) -> Result<Arc<Regex>> {
    let key = (
        pattern.to_string(),
        Flags {
            global: false,
            ..flags
        },
    );
    if let Some(found) = CACHE.with_borrow(|cache| cache.get(&key).cloned()) {
        return Ok(found);
    }
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(invalid("regular expression is too complex"));
    }
    let translated = if flags.literal {
        regex::escape(pattern)
    } else {
        translate(pattern)?
    };
    let built = RegexBuilder::new(&translated)
        .case_insensitive(flags.ignore_case)
        .dot_matches_new_line(!flags.lines)
        .multi_line(flags.lines)
        .ignore_whitespace(flags.extended)
        .build();
    let compiled = match built {
        Ok(compiled) => Arc::new(compiled),
        Err(error) => return Err(explain(pattern, &error)),
    };
    CACHE.with_borrow_mut(|cache| {
        if cache.len() >= CACHE_COUNT_MAX {
            cache.clear();
        }
        cache.insert(key, compiled.clone());
    });
    Ok(compiled)
}

fn invalid(reason: &str) -> ValueError {
    ValueError::new("2201B", format!("invalid regular expression: {reason}"))
}

/// PostgreSQL's words for the common mistakes.
fn explain(pattern: &str, error: &regex::Error) -> ValueError {
    let words = error.to_string();
    let reason = if words.contains("unclosed group") || words.contains("unopened group") {
        "parentheses () not balanced"
    } else if words.contains("unclosed character class") {
        "brackets [] not balanced"
    } else if words.contains("repetition operator missing") {
        "quantifier operand invalid"
    } else if words.contains("invalid character class range") {
        "invalid character range"
    } else if words.contains("look-around") || pattern.contains("(?=") || pattern.contains("(?!") {
        return ValueError::unsupported("regular expressions that look around are not supported");
    } else if words.contains("repetition") {
        "invalid repetition count(s)"
    } else if words.contains("size limit") {
        "regular expression is too complex"
    } else {
        "invalid escape \\ sequence"
    };
    invalid(reason)
}

/// PostgreSQL's advanced syntax in the engine's: word boundaries, brackets, flags in front.
fn translate(pattern: &str) -> Result<String> {
    let pattern = pattern.strip_prefix("***:").unwrap_or(pattern);
    if let Some(literal) = pattern.strip_prefix("***=") {
        return Ok(regex::escape(literal));
    }
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                None => return Err(invalid("invalid escape \\ sequence")),
                Some(escaped) => translate_escape(escaped, &mut out)?,
            },
            '[' => {
                out.push('[');
                translate_bracket(&mut chars, &mut out)?;
            }
            // A brace that opens no repetition is itself.
            '{' if !chars.peek().is_some_and(char::is_ascii_digit) => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    Ok(out)
}

fn translate_escape(escaped: char, out: &mut String) -> Result<()> {
    match escaped {
        'y' => out.push_str("\\b"),
        'Y' => out.push_str("\\B"),
        'm' => out.push_str("\\b{start}"),
        'M' => out.push_str("\\b{end}"),
        'Z' => out.push_str("\\z"),
        'e' => out.push_str("\\x1b"),
        '1'..='9' => {
            return Err(ValueError::unsupported(
                "back references in regular expressions are not supported",
            ));
        }
        c if c.is_alphabetic() || c == '0' => {
            out.push('\\');
            out.push(c);
        }
        c => out.push_str(&regex::escape(&c.to_string())),
    }
    Ok(())
}

/// A bracket expression after its `[`: `]` first is itself, classes are kept, and what
/// the engine would read as set operations is escaped.
fn translate_bracket(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Result<()> {
    if chars.peek() == Some(&'^') {
        chars.next();
        out.push('^');
    }
    if chars.peek() == Some(&']') {
        chars.next();
        out.push_str("\\]");
    }
    while let Some(c) = chars.next() {
        match c {
            ']' => {
                out.push(']');
                return Ok(());
            }
            '[' if chars.peek() == Some(&':') => {
                out.push('[');
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => match chars.next() {
                Some(escaped) => translate_escape(escaped, out)?,
                None => break,
            },
            c => out.push(c),
        }
    }
    Err(invalid("brackets [] not balanced"))
}

fn register_functions(register: &mut Register) {
    register.strict("substring(text, text) text", |a, _| {
        let found = regex(text(a, 1)?, false)?;
        let captures = found.captures(text(a, 0)?);
        let matched = captures.and_then(|captures| {
            let group = if captures.len() > 1 {
                captures.get(1)
            } else {
                captures.get(0)
            };
            group.map(|group| group.as_str().to_string())
        });
        Ok(matched.map_or(Value::Null, Value::from))
    });
    register.strict("regexp_replace(text, text, text) text", |a, _| {
        regexp_replace(a, Flags::default())
    });
    register.strict("regexp_replace(text, text, text, text) text", |a, _| {
        regexp_replace(a, parse_flags(text(a, 3)?)?)
    });
    register.strict("regexp_match(text, text) text[]", |a, _| {
        regexp_match(a, Flags::default())
    });
    register.strict("regexp_match(text, text, text) text[]", |a, _| {
        let flags = parse_flags(text(a, 2)?)?;
        if flags.global {
            let message = "regexp_match() does not support the \"global\" option";
            let hint = "Use the regexp_matches function instead.";
            return Err(ValueError::new("22023", message).with_hint(hint));
        }
        regexp_match(a, flags)
    });
    register.strict("regexp_split_to_array(text, text) text[]", |a, _| {
        regexp_split(a, Flags::default())
    });
    register.strict("regexp_split_to_array(text, text, text) text[]", |a, _| {
        regexp_split(a, parse_flags(text(a, 2)?)?)
    });
    register.strict("regexp_like(text, text) boolean", |a, _| {
        is_match(a, false, false)
    });
    register.strict("regexp_like(text, text, text) boolean", |a, _| {
        Ok(Value::Bool(
            compile(text(a, 1)?, parse_flags(text(a, 2)?)?)?.is_match(text(a, 0)?),
        ))
    });
    register.strict("regexp_count(text, text) integer", |a, _| regexp_count(a));
    register.strict("regexp_count(text, text, integer) integer", |a, _| {
        regexp_count(a)
    });
    register.strict("regexp_count(text, text, integer, text) integer", |a, _| {
        regexp_count(a)
    });
    register.strict("regexp_substr(text, text) text", |a, _| {
        let found = regex(text(a, 1)?, false)?;
        let matched = found.find(text(a, 0)?);
        Ok(matched.map_or(Value::Null, |matched| Value::from(matched.as_str())))
    });
}

fn parse_flags(text: &str) -> Result<Flags> {
    let mut flags = Flags::default();
    for c in text.chars() {
        match c {
            'g' => flags.global = true,
            'i' => flags.ignore_case = true,
            'c' => flags.ignore_case = false,
            'n' | 'm' => flags.lines = true,
            's' => flags.lines = false,
            'x' => flags.extended = true,
            'q' => flags.literal = true,
            'e' | 't' => {}
            other => {
                let message = format!("invalid regular expression option: \"{other}\"");
                return Err(ValueError::new("22023", message));
            }
        }
    }
    Ok(flags)
}

fn regexp_replace(args: &[Value], flags: Flags) -> Result<Value> {
    let (source, replacement) = (text(args, 0)?, text(args, 2)?);
    let found = compile(text(args, 1)?, flags)?;
    let limit = if flags.global { usize::MAX } else { 1 };
    let mut out = String::new();
    let mut last = 0;
    for captures in found.captures_iter(source).take(limit) {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        out.push_str(source.get(last..whole.start()).unwrap_or_default());
        expand(replacement, &captures, &mut out);
        last = whole.end();
        if out.len() > RESULT_BYTES_MAX {
            return Err(too_long());
        }
    }
    out.push_str(source.get(last..).unwrap_or_default());
    Ok(Value::from(out))
}

/// `\1` to `\9`, `\&` for the whole match, `\\`.
fn expand(replacement: &str, captures: &Captures<'_>, out: &mut String) {
    let mut chars = replacement.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some(digit @ '0'..='9') => {
                let index = digit as usize - '0' as usize;
                let group = if index == 0 {
                    None
                } else {
                    captures.get(index)
                };
                out.push_str(group.map_or("", |group| group.as_str()));
            }
            Some('&') => out.push_str(captures.get(0).map_or("", |whole| whole.as_str())),
            Some('\\') | None => out.push('\\'),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
}

fn regexp_match(args: &[Value], flags: Flags) -> Result<Value> {
    let found = compile(text(args, 1)?, flags)?;
    let captures = found.captures(text(args, 0)?);
    Ok(captures.map_or(Value::Null, |captures| groups(&captures)))
}

/// The groups of a match, or the whole match when there are none.
fn groups(captures: &Captures<'_>) -> Value {
    let skip = usize::from(captures.len() > 1);
    let values = captures
        .iter()
        .skip(skip)
        .map(|group| group.map_or(Value::Null, |group| Value::from(group.as_str())));
    Value::array(Type::Text, values.collect())
}

/// Every match of `regexp_matches`, for the executor: with `g` all, else the first.
pub fn regexp_matches(source: &str, pattern: &str, flags: &str) -> Result<Vec<Value>> {
    let flags = parse_flags(flags)?;
    let limit = if flags.global { usize::MAX } else { 1 };
    let found = compile(pattern, flags)?;
    Ok(found
        .captures_iter(source)
        .take(limit)
        .map(|captures| groups(&captures))
        .collect())
}

/// Splits at matches, except empty ones at either end.
fn regexp_split(args: &[Value], flags: Flags) -> Result<Value> {
    let source = text(args, 0)?;
    if flags.global {
        let message = "regexp_split_to_array() does not support the \"global\" option";
        return Err(ValueError::new("22023", message));
    }
    let found = compile(text(args, 1)?, flags)?;
    let mut parts = Vec::new();
    let mut last = 0;
    for matched in found.find_iter(source) {
        if matched.is_empty() && (matched.start() == last || matched.end() == source.len()) {
            continue;
        }
        parts.push(Value::from(
            source.get(last..matched.start()).unwrap_or_default(),
        ));
        last = matched.end();
    }
    parts.push(Value::from(source.get(last..).unwrap_or_default()));
    Ok(Value::array(Type::Text, parts))
}

fn regexp_count(args: &[Value]) -> Result<Value> {
    let start = if args.len() > 2 { int(args, 2)? } else { 1 };
    if start < 1 {
        let message = format!("invalid value for parameter \"start\": {start}");
        return Err(ValueError::new("22023", message));
    }
    let flags = if args.len() > 3 {
        parse_flags(text(args, 3)?)?
    } else {
        Flags::default()
    };
    let source = text(args, 0)?;
    let skipped = source
        .char_indices()
        .nth(usize::try_from(start - 1).unwrap_or(usize::MAX));
    let rest = skipped
        .and_then(|(at, _)| source.get(at..))
        .unwrap_or_default();
    let count = compile(text(args, 1)?, flags)?.find_iter(rest).count();
    Ok(Value::Int4(i32::try_from(count).unwrap_or(i32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_expressions_are_postgres_ones() {
        let found = |text: &str, pattern: &str| regex(pattern, false).unwrap().is_match(text);
        assert!(found("foo bar", "\\mbar\\M"));
        assert!(found("a]b", "[]]"));
        assert!(found("x\ny", "x.y"));
        assert!(found("{", "{"));
        assert_eq!(
            regex("(", false).unwrap_err().message,
            "invalid regular expression: parentheses () not balanced"
        );
        assert_eq!(regex("(a)\\1", false).unwrap_err().code, "0A000");
    }
}
