//! The text forms of byte strings: hex and escape.

use std::fmt::Write;

use super::error::{Result, ValueError};

/// Reads `\x0aff` or the escape form (`\\`, `\ooo`). Errors: 22P02, 22023.
pub fn parse(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(hex) => parse_hex(hex),
        None => parse_escape(text),
    }
}

/// Reads pairs of hex digits, white space between pairs allowed. Errors: 22023.
pub fn parse_hex(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c.is_ascii_whitespace() {
            continue;
        }
        let high = hex_digit(c)?;
        match chars.next() {
            Some(low) => out.push(high << 4 | hex_digit(low)?),
            None => {
                let message = "invalid hexadecimal data: odd number of digits";
                return Err(ValueError::new("22023", message));
            }
        }
    }
    Ok(out)
}

fn hex_digit(c: char) -> Result<u8> {
    match c.to_digit(16) {
        Some(digit) => Ok(digit as u8),
        None => Err(ValueError::new(
            "22023",
            format!("invalid hexadecimal digit: \"{c}\""),
        )),
    }
}

/// Reads the escape form. Errors: 22P02.
pub fn parse_escape(text: &str) -> Result<Vec<u8>> {
    let bad = || ValueError::new("22P02", "invalid input syntax for type bytea");
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            out.push(first);
            continue;
        }
        match rest {
            [b'\\', after @ ..] => {
                out.push(b'\\');
                rest = after;
            }
            [
                a @ b'0'..=b'3',
                b @ b'0'..=b'7',
                c @ b'0'..=b'7',
                after @ ..,
            ] => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => return Err(bad()),
        }
    }
    Ok(out)
}

/// Appends the hex form, or the escape form.
pub fn print(bytes: &[u8], escape: bool, out: &mut String) {
    if escape {
        return print_escape(bytes, out);
    }
    out.push_str("\\x");
    print_hex(bytes, out);
}

/// Appends two hex digits a byte.
pub fn print_hex(bytes: &[u8], out: &mut String) {
    out.reserve(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
}

/// Appends the escape form.
pub fn print_escape(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        let _ = match byte {
            b'\\' => out.write_str("\\\\"),
            b' '..=b'~' => out.write_char(char::from(*byte)),
            other => write!(out, "\\{other:03o}"),
        };
    }
}
