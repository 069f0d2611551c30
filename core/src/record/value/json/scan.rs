//! Checks and splits JSON text without building a tree.

use super::DEPTH_MAX;
use crate::record::value::error::{Result, ValueError};

/// A position in JSON text.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// Whether `\u0000` is refused (it has no place in a tree's strings).
    pub(super) strict: bool,
}

/// 22P02 with a detail.
fn invalid(detail: impl Into<String>) -> ValueError {
    ValueError::new("22P02", "invalid input syntax for type json").with_detail(detail)
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, strict: bool) -> Scanner<'a> {
        Scanner {
            text,
            at: 0,
            strict,
        }
    }

    /// The next byte after white space, not consumed.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// The error for whatever stands here.
    pub(super) fn unexpected(&mut self) -> ValueError {
        if self.peek().is_none() {
            return invalid("The input string ended unexpectedly.");
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
        let end = match rest.find(|c| !word(c)) {
            Some(0) => rest.chars().next().map_or(0, char::len_utf8),
            Some(end) => end,
            None => rest.len(),
        };
        invalid(format!(
            "Token \"{}\" is invalid.",
            rest.get(..end).unwrap_or_default()
        ))
    }

    /// Consumes this byte, or refuses.
    pub(super) fn expect(&mut self, byte: u8) -> Result<()> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    /// Refuses anything but white space.
    pub(super) fn end(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected()),
        }
    }

    /// 54001 when nesting is too deep.
    pub(super) fn deeper(depth: usize) -> Result<usize> {
        if depth >= DEPTH_MAX {
            let hint = format!("Documents may nest at most {DEPTH_MAX} levels.");
            return Err(ValueError::new("54001", "stack depth limit exceeded").with_hint(hint));
        }
        Ok(depth + 1)
    }

    /// Skips one value; its text without surrounding space.
    pub(super) fn skip(&mut self, depth: usize) -> Result<&'a str> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'{') => self.skip_members(Self::deeper(depth)?)?,
            Some(b'[') => self.skip_elements(Self::deeper(depth)?)?,
            Some(b'"') => drop(self.string()?),
            Some(b'-' | b'0'..=b'9') => drop(self.number()?),
            _ => self.literal()?,
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn skip_members(&mut self, depth: usize) -> Result<()> {
        self.each_member(|scanner, _| scanner.skip(depth).map(drop))
    }

    fn skip_elements(&mut self, depth: usize) -> Result<()> {
        self.each_element(|scanner| scanner.skip(depth).map(drop))
    }

    /// Calls `value` at the value of each member of the object here.
    pub(super) fn each_member(
        &mut self,
        mut value: impl FnMut(&mut Scanner<'a>, String) -> Result<()>,
    ) -> Result<()> {
        self.expect(b'{')?;
        if self.peek() == Some(b'}') {
            return self.expect(b'}');
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let key = self.string()?;
            self.expect(b':')?;
            value(self, key)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.expect(b'}'),
            }
        }
    }

    /// Calls `value` at each element of the array here.
    pub(super) fn each_element(
        &mut self,
        mut value: impl FnMut(&mut Scanner<'a>) -> Result<()>,
    ) -> Result<()> {
        self.expect(b'[')?;
        if self.peek() == Some(b']') {
            return self.expect(b']');
        }
        loop {
            value(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.expect(b']'),
            }
        }
    }

    /// Consumes `true`, `false` or `null`.
    pub(super) fn literal(&mut self) -> Result<()> {
        self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word_end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        match rest.get(..word_end) {
            Some("true" | "false" | "null") => {
                self.at += word_end;
                Ok(())
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Consumes a number; its text.
    pub(super) fn number(&mut self) -> Result<&'a str> {
        self.peek();
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let number = rest.get(..end).unwrap_or_default();
        if !is_number(number) {
            return Err(invalid(format!("Token \"{number}\" is invalid.")));
        }
        self.at += end;
        Ok(number)
    }

    /// Consumes a string; its characters.
    pub(super) fn string(&mut self) -> Result<String> {
        self.expect(b'"')?;
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest
                .find(|c: char| c == '"' || c == '\\' || c < ' ')
                .unwrap_or(rest.len());
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match rest.as_bytes().get(plain) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(control) => {
                    return Err(invalid(format!(
                        "Character with value 0x{control:02x} must be escaped."
                    )));
                }
                None => return Err(invalid(format!("Token \"\"{out}\" is invalid."))),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(escaped) = rest.chars().next() else {
            return Err(invalid("The input string ended unexpectedly."));
        };
        self.at += escaped.len_utf8();
        Ok(match escaped {
            '"' | '\\' | '/' => escaped,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(),
            other => {
                return Err(invalid(format!(
                    "Escape sequence \"\\{other}\" is invalid."
                )));
            }
        })
    }

    fn unicode(&mut self) -> Result<char> {
        let first = self.hex4()?;
        if self.strict && first == 0 {
            return Err(
                ValueError::new("22P05", "unsupported Unicode escape sequence")
                    .with_detail("\\u0000 cannot be converted to text."),
            );
        }
        if !(0xd800..0xe000).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or('\u{fffd}'));
        }
        if first >= 0xdc00 {
            return Err(invalid(
                "Unicode low surrogate must follow a high surrogate.",
            ));
        }
        let paired = self
            .text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with("\\u"));
        if paired {
            self.at += 2;
            let second = self.hex4()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
        }
        Err(invalid(
            "Unicode low surrogate must follow a high surrogate.",
        ))
    }

    fn hex4(&mut self) -> Result<u32> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        let hex = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match u32::from_str_radix(digits, 16) {
            Ok(code) if hex => {
                self.at += 4;
                Ok(code)
            }
            _ => Err(invalid(
                "\"\\u\" must be followed by four hexadecimal digits.",
            )),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let body = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent_fits =
        exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    digits(whole) && !leading_zero && fraction.is_none_or(digits) && exponent_fits
}

/// Refuses text that is not one JSON value. Errors: 22P02, 54001.
pub fn validate(text: &str) -> Result<()> {
    let mut scanner = Scanner::new(text, false);
    scanner.skip(0)?;
    scanner.end()
}

/// `json_typeof` of valid text.
pub fn kind(text: &str) -> &'static str {
    match text.trim_start().as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    }
}

/// The members of the object in this text, each value as text; `None` when it is no object.
pub fn members(text: &str) -> Result<Option<Vec<(String, &str)>>> {
    let mut scanner = Scanner::new(text, true);
    if scanner.peek() != Some(b'{') {
        return Ok(None);
    }
    let mut members = Vec::new();
    scanner.each_member(|scanner, key| {
        members.push((key, scanner.skip(1)?));
        Ok(())
    })?;
    Ok(Some(members))
}

/// The elements of the array in this text, as text; `None` when it is no array.
pub fn elements(text: &str) -> Result<Option<Vec<&str>>> {
    let mut scanner = Scanner::new(text, true);
    if scanner.peek() != Some(b'[') {
        return Ok(None);
    }
    let mut elements = Vec::new();
    scanner.each_element(|scanner| {
        elements.push(scanner.skip(1)?);
        Ok(())
    })?;
    Ok(Some(elements))
}

/// What `->>` makes of a value's text: a string's characters, nothing for null, else the text.
pub fn unquote(text: &str) -> Result<Option<String>> {
    let mut scanner = Scanner::new(text, true);
    match scanner.peek() {
        Some(b'"') => scanner.string().map(Some),
        Some(b'n') => Ok(None),
        _ => Ok(Some(text.trim().to_string())),
    }
}
