//! Placeholder.

use super::registry::Register;

pub(super) fn register(_register: &mut Register) {}

/// Whether `text` matches the LIKE pattern; `%`, `_`, and a backslash to escape them.
///
/// Errors: 22025 when the pattern ends in a lone backslash.
pub fn like_matches(
    text: &str,
    pattern: &str,
    ignore_case: bool,
) -> Result<bool, crate::record::value::ValueError> {
    let _ = (text, pattern, ignore_case);
    Ok(false)
}

/// A compiled POSIX regular expression, from a small cache. Errors: 2201B.
pub fn regex(
    pattern: &str,
    ignore_case: bool,
) -> Result<std::sync::Arc<regex::Regex>, crate::record::value::ValueError> {
    let _ = (pattern, ignore_case);
    Err(crate::record::value::ValueError::unsupported("regex"))
}
