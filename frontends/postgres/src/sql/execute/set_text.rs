//! Strings taken apart: matches of a pattern, and pieces between separators.

use stele_core::record::expr::regex;
use stele_core::record::value::{Type, Value};

use super::set_function::SetRows;
use crate::error::{Result, SqlError};

fn text(values: &[Value], index: usize) -> &str {
    values
        .get(index)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The flags a pattern may have: `i` and `g`.
fn flags(values: &[Value]) -> Result<(bool, bool)> {
    let (mut ignore_case, mut global) = (false, false);
    for flag in text(values, 2).chars() {
        match flag {
            'i' => ignore_case = true,
            'g' => global = true,
            'c' => ignore_case = false,
            other => {
                let message = format!("invalid regular expression option: \"{other}\"");
                return Err(SqlError::new("22023", message));
            }
        }
    }
    Ok((ignore_case, global))
}

/// The groups of the first match, or of each with `g`; the whole match without groups.
pub(super) fn matches(values: &[Value]) -> Result<SetRows> {
    let (ignore_case, global) = flags(values)?;
    let pattern = regex(text(values, 1), ignore_case)?;
    let found = pattern.captures_iter(text(values, 0)).map(|captures| {
        let skip = usize::from(captures.len() > 1);
        let groups = captures.iter().skip(skip);
        let groups =
            groups.map(|group| group.map_or(Value::Null, |group| Value::from(group.as_str())));
        vec![Value::array(Type::Text, groups.collect())]
    });
    let rows: Vec<_> = if global {
        found.collect()
    } else {
        found.take(1).collect()
    };
    Ok(Box::new(rows.into_iter().map(Ok)))
}

/// What stands between matches.
pub(super) fn split(values: &[Value]) -> Result<SetRows> {
    let (ignore_case, _) = flags(values)?;
    let pattern = regex(text(values, 1), ignore_case)?;
    let whole = text(values, 0);
    let mut pieces = Vec::new();
    let mut from = 0;
    for found in pattern.find_iter(whole) {
        // An empty match at either end separates nothing.
        if found.is_empty() && (found.start() == 0 || found.end() == whole.len()) {
            continue;
        }
        pieces.push(
            whole
                .get(from..found.start())
                .unwrap_or_default()
                .to_owned(),
        );
        from = found.end();
    }
    pieces.push(whole.get(from..).unwrap_or_default().to_owned());
    Ok(Box::new(
        pieces.into_iter().map(|piece| Ok(vec![Value::from(piece)])),
    ))
}

/// `string_to_table`: without a separator every character is a piece.
pub(super) fn to_table(values: &[Value]) -> Result<SetRows> {
    let Some(whole) = values.first().and_then(Value::as_str) else {
        return Ok(Box::new(std::iter::empty()));
    };
    let pieces: Vec<String> = match values.get(1).and_then(Value::as_str) {
        _ if whole.is_empty() => Vec::new(),
        None => whole.chars().map(String::from).collect(),
        Some("") => vec![whole.to_owned()],
        Some(separator) => whole.split(separator).map(str::to_owned).collect(),
    };
    let null = values.get(2).and_then(Value::as_str).map(str::to_owned);
    let rows = pieces.into_iter().map(move |piece| match &null {
        Some(null) if *null == piece => Ok(vec![Value::Null]),
        _ => Ok(vec![Value::from(piece)]),
    });
    Ok(Box::new(rows))
}
