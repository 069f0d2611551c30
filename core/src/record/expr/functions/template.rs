//! The templates of `to_char`, `to_date` and `to_timestamp`, split into nodes.

/// One piece of a date template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A pattern with its modifiers.
    Field(Field),
    /// Characters copied as they are.
    Literal(String),
}

/// A pattern such as `FMMonth` or `DDth`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// The pattern as in [`PATTERNS`].
    pub(super) name: &'static str,
    /// `FM`: no padding.
    pub(super) fill: bool,
    /// `TH` or `th` after it: upper case, lower case.
    pub(super) ordinal: Option<bool>,
}

/// Every pattern, longer ones before their beginnings.
const PATTERNS: &[&str] = &[
    "SSSSS", "SSSS", "Y,YYY", "IYYY", "YYYY", "IDDD", "MONTH", "Month", "month", "HH24", "HH12",
    "A.M.", "a.m.", "P.M.", "p.m.", "A.D.", "a.d.", "B.C.", "b.c.", "YYY", "IYY", "DDD", "DAY",
    "Day", "day", "MON", "Mon", "mon", "TZH", "TZM", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6",
    "YY", "IY", "DD", "ID", "DY", "Dy", "dy", "HH", "MI", "SS", "MS", "US", "AM", "am", "PM", "pm",
    "AD", "ad", "BC", "bc", "MM", "WW", "IW", "CC", "RM", "rm", "TZ", "tz", "OF", "Y", "I", "D",
    "W", "J", "Q",
];

/// Patterns that are read in any case.
const ANY_CASE: &[&str] = &[
    "SSSSS", "SSSS", "Y,YYY", "IYYY", "YYYY", "IDDD", "HH24", "HH12", "YYY", "IYY", "DDD", "YY",
    "IY", "DD", "ID", "HH", "MI", "SS", "MS", "US", "MM", "WW", "IW", "CC", "FF1", "FF2", "FF3",
    "FF4", "FF5", "FF6", "Y", "I", "D", "W", "J", "Q",
];

/// Splits a template.
pub(super) fn parse(template: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = template;
    let mut fill = false;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
            fill = true;
            rest = after;
        } else if let Some(after) = ["FX", "fx", "TM", "tm"]
            .iter()
            .find_map(|prefix| rest.strip_prefix(prefix))
        {
            rest = after;
        } else if let Some((name, after)) = pattern(rest) {
            let (ordinal, after) = ordinal(after);
            nodes.push(Node::Field(Field {
                name,
                fill,
                ordinal,
            }));
            fill = false;
            rest = after;
        } else if first == '"' {
            rest = quoted(rest, &mut nodes);
        } else {
            let (literal, after) = match rest.strip_prefix('\\') {
                Some(after) if !after.is_empty() => split_char(after),
                _ => split_char(rest),
            };
            push_literal(literal, &mut nodes);
            rest = after;
        }
    }
    nodes
}

fn pattern(text: &str) -> Option<(&'static str, &str)> {
    for name in PATTERNS {
        let Some(head) = text.get(..name.len()) else {
            continue;
        };
        if head == *name || (ANY_CASE.contains(name) && head.eq_ignore_ascii_case(name)) {
            return Some((name, text.get(name.len()..)?));
        }
    }
    None
}

fn ordinal(text: &str) -> (Option<bool>, &str) {
    if let Some(after) = text.strip_prefix("TH") {
        (Some(true), after)
    } else if let Some(after) = text.strip_prefix("th") {
        (Some(false), after)
    } else {
        (None, text)
    }
}

fn split_char(text: &str) -> (&str, &str) {
    let length = text.chars().next().map_or(0, char::len_utf8);
    text.split_at(length)
}

fn push_literal(text: &str, nodes: &mut Vec<Node>) {
    match nodes.last_mut() {
        Some(Node::Literal(literal)) => literal.push_str(text),
        _ => nodes.push(Node::Literal(text.to_string())),
    }
}

/// `"literal"`, with backslashes to escape inside.
fn quoted<'a>(text: &'a str, nodes: &mut Vec<Node>) -> &'a str {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return text.get(at + 1..).unwrap_or_default(),
            '\\' => {
                if let Some((_, escaped)) = chars.next() {
                    push_literal(&escaped.to_string(), nodes);
                }
            }
            c => push_literal(&c.to_string(), nodes),
        }
    }
    ""
}

/// `1st`, `2nd`, `3rd`, `11th`.
pub(super) fn suffix(number: i64, upper: bool) -> &'static str {
    let number = number.abs();
    match (number % 100 / 10, number % 10, upper) {
        (1, _, true) => "TH",
        (1, _, false) => "th",
        (_, 1, true) => "ST",
        (_, 1, false) => "st",
        (_, 2, true) => "ND",
        (_, 2, false) => "nd",
        (_, 3, true) => "RD",
        (_, 3, false) => "rd",
        (_, _, true) => "TH",
        (_, _, false) => "th",
    }
}
