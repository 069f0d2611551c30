//! Patterns and near words: queries that stand for many terms.

use std::collections::BTreeMap;

use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, EmptyQuery, FuzzyTermQuery, Occur, Query as Compiled, RegexQuery,
};
use tantivy::schema::Field as Place;

use super::ast::Query;
use super::compile::{Context, constant, entries_with};
use crate::document::{Field, Kind};
use crate::error::{Error, Result};

/// How many terms a near word stands for at most.
pub const EXPANSIONS_MAX: usize = 50;
/// How long a pattern may be, characters.
const PATTERN_LENGTH_MAX: usize = 256;

/// Compiles a prefix, a wildcard, a regular expression or a near word.
pub fn compile(query: &Query, context: &Context<'_>) -> Result<Box<dyn Compiled>> {
    let name = match query {
        Query::Prefix { field, .. }
        | Query::Wildcard { field, .. }
        | Query::Regexp { field, .. }
        | Query::Fuzzy { field, .. } => field,
        _ => return Ok(Box::new(EmptyQuery)),
    };
    let Some((place, field)) = context.shape.field(name) else {
        return Ok(Box::new(EmptyQuery));
    };
    if !matches!(field.kind, Kind::Text | Kind::Keyword) {
        return Err(Error::query(format!(
            "can only use prefix, wildcard, regexp and fuzzy queries on keyword and text fields - not on [{name}] which is of type [{}]",
            field.kind.name()
        )));
    }
    match query {
        Query::Prefix {
            text, ignore_case, ..
        } => pattern(place, &format!("{}.*", escaped(text, *ignore_case))),
        Query::Wildcard {
            pattern: text,
            ignore_case,
            ..
        } => pattern(place, &wildcard(text, *ignore_case)),
        Query::Regexp { pattern: text, .. } => pattern(place, text),
        Query::Fuzzy {
            text,
            fuzziness,
            prefix_length,
            ..
        } => near(
            context,
            place,
            field,
            text,
            fuzziness.distance(text),
            *prefix_length,
        ),
        _ => Ok(Box::new(EmptyQuery)),
    }
}

/// Terms that begin with a text.
pub fn prefix(place: Place, text: &str) -> Result<Box<dyn Compiled>> {
    pattern(place, &format!("{}.*", escaped(text, false)))
}

/// The term that is a text, whatever the case of its letters.
pub fn literal(place: Place, text: &str) -> Result<Box<dyn Compiled>> {
    pattern(place, &escaped(text, true))
}

fn pattern(place: Place, pattern: &str) -> Result<Box<dyn Compiled>> {
    if pattern.chars().count() > PATTERN_LENGTH_MAX * 6 {
        return Err(Error::argument(format!(
            "a pattern is longer than [{PATTERN_LENGTH_MAX}]"
        )));
    }
    let query = RegexQuery::from_pattern(pattern, place);
    let query =
        query.map_err(|error| Error::argument(format!("failed to parse pattern: {error}")))?;
    Ok(constant(Box::new(query), 1.0))
}

fn wildcard(text: &str, ignore_case: bool) -> String {
    let mut pattern = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => pattern.push_str(".*"),
            '?' => pattern.push('.'),
            '\\' => pattern.push_str(&escaped(
                &letters.next().unwrap_or('\\').to_string(),
                ignore_case,
            )),
            letter => pattern.push_str(&escaped(&letter.to_string(), ignore_case)),
        }
    }
    pattern
}

/// A text as a regular expression that matches it and nothing else.
fn escaped(text: &str, ignore_case: bool) -> String {
    let mut pattern = String::new();
    for letter in text.chars() {
        let lower: String = letter.to_lowercase().collect();
        let upper: String = letter.to_uppercase().collect();
        if ignore_case && lower != upper && letter.is_alphabetic() {
            pattern.push_str(&format!("({lower}|{upper})"));
            continue;
        }
        if !letter.is_alphanumeric() && letter.is_ascii() {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

/// Terms at most `distance` letters away: each scored as itself, the nearer the more.
pub fn near(
    context: &Context<'_>,
    place: Place,
    field: &Field,
    text: &str,
    distance: u8,
    prefix_length: usize,
) -> Result<Box<dyn Compiled>> {
    let term = Term::from_field_text(place, text);
    if distance == 0 {
        return Ok(entries_with(term, field));
    }
    let beginning: String = text.chars().take(prefix_length).collect();
    let automaton = FuzzyTermQuery::new(term, distance, true).automaton()?;
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for segment in context.searcher.segment_readers() {
        let index = segment.inverted_index(place)?;
        let mut terms = index
            .terms()
            .search(&automaton)
            .into_stream()
            .map_err(tantivy::TantivyError::from)?;
        while terms.advance() {
            let Ok(term) = std::str::from_utf8(terms.key()) else {
                continue;
            };
            if term.starts_with(&beginning) && !found.contains_key(term) {
                found.insert(term.to_owned(), letters_apart(text, term));
            }
        }
    }
    let mut nearest: Vec<(usize, String)> =
        found.into_iter().map(|(term, far)| (far, term)).collect();
    nearest.sort();
    nearest.truncate(EXPANSIONS_MAX);
    let clauses = nearest.into_iter().map(|(far, found)| {
        let shorter = text.chars().count().min(found.chars().count()).max(1);
        let boost = 1.0 - small(far) / small(shorter);
        let term = entries_with(Term::from_field_text(place, &found), field);
        let clause: Box<dyn Compiled> = Box::new(BoostQuery::new(term, boost.max(0.0)));
        (Occur::Should, clause)
    });
    Ok(Box::new(BooleanQuery::with_minimum_required_clauses(
        clauses.collect(),
        1,
    )))
}

/// Numbers of letters are exact as floats.
#[allow(clippy::cast_precision_loss)]
fn small(count: usize) -> f32 {
    count as f32
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn letters_apart(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let at =
                |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (at(&row, j) + usize::from(a != b))
                .min(at(&row, j + 1) + 1)
                .min(at(&next, j) + 1);
            let swapped =
                i > 0 && j > 0 && left.get(i - 1) == Some(b) && right.get(j - 1) == Some(a);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

/// Is this a field whose terms are words?
pub fn has_words(field: &Field) -> bool {
    matches!(field.kind, Kind::Text | Kind::Keyword)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_of_neighbours_is_one_step() {
        for (left, right, apart) in [
            ("shoe", "shoe", 0),
            ("shoe", "sheo", 1),
            ("shoe", "shoes", 1),
            ("kitten", "sitting", 3),
            ("", "ab", 2),
        ] {
            assert_eq!(letters_apart(left, right), apart, "{left} {right}");
        }
    }

    #[test]
    fn patterns_mean_their_letters() {
        assert_eq!(wildcard("a*b?.", false), "a.*b.\\.");
        assert_eq!(wildcard("\\*x", true), "\\*(x|X)");
    }
}
