//! A name as text: its parts, unquoted and folded.

use stele_core::record::value::{Result, ValueError};

/// 42602: the text is not a name.
pub(super) fn invalid_name() -> ValueError {
    ValueError::new("42602", "invalid name syntax")
}

/// The parts of `a."B".c`: bare ones folded to lower case. Errors: 42602.
pub(super) fn split_name(text: &str) -> Result<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_part(quoted).ok_or_else(invalid_name)?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                let (bare, after) = rest.split_at(end);
                (bare.trim().to_lowercase(), after)
            }
        };
        if part.is_empty() || part.contains('"') && !rest.starts_with('"') {
            return Err(invalid_name());
        }
        parts.push(part);
        match after.trim_start().strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None if after.trim().is_empty() => return Ok(parts),
            None => return Err(invalid_name()),
        }
    }
}

/// A quoted part after its first quote, and what follows its last.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_at_dots_outside_quotes() {
        let split = |text: &str| split_name(text).ok();
        assert_eq!(split("Users"), Some(vec!["users".to_string()]));
        assert_eq!(
            split("a.\"B.c\""),
            Some(vec!["a".to_string(), "B.c".to_string()])
        );
        assert_eq!(split("\"a\"\"b\""), Some(vec!["a\"b".to_string()]));
        for bad in ["", "a.", ".a", "\"a", "\"a\"b", "a..b"] {
            assert_eq!(
                split_name(bad).map_err(|error| error.code),
                Err("42602"),
                "{bad}"
            );
        }
    }
}
