//! Syntax errors in PostgreSQL's words, at PostgreSQL's positions.

use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, Span, TokenWithSpan, TokenizerError};

use crate::error::SqlError;

/// The byte a location stands for.
pub fn offset(text: &str, location: Location) -> usize {
    let line_start = line_start(text, location.line);
    let line = text.get(line_start..).unwrap_or_default();
    let column = usize::try_from(location.column.saturating_sub(1)).unwrap_or(0);
    let within = line
        .char_indices()
        .nth(column)
        .map_or(line.len(), |(at, _)| at);
    line_start + within
}

fn line_start(text: &str, line: u64) -> usize {
    if line <= 1 {
        return 0;
    }
    let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
    breaks
        .into_iter()
        .nth(usize::try_from(line - 2).unwrap_or(usize::MAX))
        .unwrap_or(text.len())
}

/// The character (from 1) a location stands for.
pub fn position(text: &str, location: Location) -> usize {
    let before = text.get(..offset(text, location)).unwrap_or(text);
    before.chars().count() + 1
}

/// What the tokenizer could not read.
pub fn tokenizer(text: &str, error: &TokenizerError) -> SqlError {
    let at = offset(text, error.location);
    let rest = text.get(at..).unwrap_or_default();
    let what = match error.message.as_str() {
        message if message.starts_with("Unterminated string") => "unterminated quoted string",
        message if message.starts_with("Unterminated encoded string") => {
            "unterminated quoted string"
        }
        message if message.contains("comment") => "unterminated /* comment",
        message if message.contains("dollar") => "unterminated dollar-quoted string",
        message if message.contains("close delimiter") => "unterminated quoted identifier",
        _ => "syntax error",
    };
    SqlError::syntax(format!("{what} at or near \"{rest}\"")).at(position(text, error.location))
}

/// What the parser did not expect.
pub fn parser(text: &str, error: &ParserError) -> SqlError {
    match error {
        ParserError::RecursionLimitExceeded => SqlError::too_complex(),
        ParserError::TokenizerError(message) => SqlError::syntax(message.clone()),
        ParserError::ParserError(message) => from_message(text, message),
    }
}

fn from_message(text: &str, message: &str) -> SqlError {
    let (what, location) = match message.rsplit_once(" at Line: ") {
        Some((what, place)) => (what, location(place)),
        None => (message, None),
    };
    let found = what.rsplit_once("found: ").map(|(_, found)| found);
    match (found, location) {
        (Some("EOF"), _) => {
            SqlError::syntax("syntax error at end of input").at(text.chars().count() + 1)
        }
        (Some(found), Some(location)) => {
            SqlError::syntax(format!("syntax error at or near \"{found}\""))
                .at(position(text, location))
        }
        (Some(found), None) => SqlError::syntax(format!("syntax error at or near \"{found}\"")),
        (None, _) => SqlError::syntax(format!("syntax error: {what}")),
    }
}

fn location(place: &str) -> Option<Location> {
    let (line, column) = place.split_once(", Column: ")?;
    Some(Location {
        line: line.trim().parse().ok()?,
        column: column.trim().parse().ok()?,
    })
}

/// A syntax error at this token.
pub fn near(text: &str, token: &TokenWithSpan) -> SqlError {
    near_span(text, token.span)
}

/// A syntax error at the word here.
pub fn near_span(text: &str, span: Span) -> SqlError {
    let from = offset(text, span.start);
    let to = offset(text, span.end);
    let shown = text.get(from..to).unwrap_or_default();
    SqlError::syntax(format!("syntax error at or near \"{shown}\"")).at(position(text, span.start))
}
