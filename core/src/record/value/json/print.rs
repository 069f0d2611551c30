//! Prints JSON trees.

use std::fmt::Write;

use super::Jsonb;

/// Appends the one-line form: `{"a": 1, "b": [1, 2]}`.
pub fn print(value: &Jsonb, out: &mut String) {
    match value {
        Jsonb::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                print(element, out);
            }
            out.push(']');
        }
        Jsonb::Object(members) => {
            out.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                escape(key, out);
                out.push_str(": ");
                print(member, out);
            }
            out.push('}');
        }
        scalar => print_scalar(scalar, out),
    }
}

fn print_scalar(value: &Jsonb, out: &mut String) {
    match value {
        Jsonb::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Jsonb::Number(number) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "{number}");
        }
        Jsonb::String(text) => escape(text, out),
        _ => out.push_str("null"),
    }
}

/// Appends a JSON string literal.
pub fn escape(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends the indented form of `jsonb_pretty`.
pub fn pretty(value: &Jsonb, level: usize, out: &mut String) {
    let line = |level: usize, out: &mut String| {
        out.push('\n');
        out.push_str(&" ".repeat(level * 4));
    };
    let (open, close) = match value {
        Jsonb::Array(_) => ('[', ']'),
        Jsonb::Object(_) => ('{', '}'),
        scalar => return print_scalar(scalar, out),
    };
    out.push(open);
    if let Jsonb::Array(elements) = value {
        for (index, element) in elements.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            line(level + 1, out);
            pretty(element, level + 1, out);
        }
    }
    if let Jsonb::Object(members) = value {
        for (index, (key, member)) in members.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            line(level + 1, out);
            escape(key, out);
            out.push_str(": ");
            pretty(member, level + 1, out);
        }
    }
    line(level, out);
    out.push(close);
}
