//! Words: `match` and `match_phrase`, from text to terms.

use tantivy::Term;
use tantivy::query::{
    AllQuery, EmptyQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query as Compiled,
};
use tantivy::schema::Field as Place;

use super::ast::{Operator, Query};
use super::automata;
use super::compile::{Context, constant, entries_with, nested, together};
use crate::analysis::{self, Term as Word};
use crate::document::{Field, Kind};
use crate::error::{Error, Result};

/// How many words the beginning of one may stand for.
const PREFIX_EXPANSIONS_MAX: u32 = 50;

fn analyzed(field: &Field, analyzer: Option<&str>, text: &str) -> Result<Vec<Word>> {
    let name = analyzer.unwrap_or_else(|| field.search_analyzer());
    analysis::analyze(name, text).ok_or_else(|| {
        Error::argument(format!(
            "analyzer [{name}] has not been configured in mappings"
        ))
    })
}

/// `match`: some or all words.
pub fn some(query: &Query, context: &Context<'_>) -> Result<Box<dyn Compiled>> {
    let Query::Match {
        field: name,
        text,
        operator,
        minimum,
        fuzziness,
        analyzer,
        prefix,
        all_if_empty,
    } = query
    else {
        return Ok(Box::new(EmptyQuery));
    };
    let Some((place, field)) = context.shape.field(name) else {
        return Ok(Box::new(EmptyQuery));
    };
    if !matches!(field.kind, Kind::Text | Kind::Keyword) {
        let term = Query::Term {
            field: name.clone(),
            value: text.as_str().into(),
            ignore_case: false,
        };
        return nested(&term, context, 1);
    }
    let words = analyzed(field, analyzer.as_deref(), text)?;
    if words.is_empty() {
        let is_all = *all_if_empty;
        return Ok(if is_all {
            constant(Box::new(AllQuery), 1.0)
        } else {
            Box::new(EmptyQuery)
        });
    }
    let occur = match operator {
        Operator::And => Occur::Must,
        Operator::Or => Occur::Should,
    };
    let mut clauses: Vec<(Occur, Box<dyn Compiled>)> = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let term = Term::from_field_text(place, &word.text);
        let is_last = at + 1 == words.len();
        let clause = match fuzziness.map(|fuzziness| fuzziness.distance(&word.text)) {
            _ if *prefix && is_last => automata::prefix(place, &word.text)?,
            Some(distance) if distance > 0 => {
                automata::near(context, place, field, &word.text, distance, 0)?
            }
            // A word that comes twice is a clause twice: it counts twice.
            _ => entries_with(term, field),
        };
        clauses.push((occur, clause));
    }
    if clauses.len() == 1 && minimum.is_none() {
        return Ok(clauses.remove(0).1);
    }
    let optional = if occur == Occur::Should {
        clauses.len()
    } else {
        0
    };
    let minimum = minimum.as_ref().filter(|_| occur == Occur::Should);
    together(clauses, optional, minimum, usize::from(optional > 0))
}

/// `match_phrase`, `match_phrase_prefix`: words one after the other.
pub fn phrase(query: &Query, context: &Context<'_>) -> Result<Box<dyn Compiled>> {
    let Query::Phrase {
        field: name,
        text,
        slop,
        analyzer,
        prefix,
    } = query
    else {
        return Ok(Box::new(EmptyQuery));
    };
    let Some((place, field)) = context.shape.field(name) else {
        return Ok(Box::new(EmptyQuery));
    };
    if field.kind != Kind::Text {
        let term = Query::Term {
            field: name.clone(),
            value: text.as_str().into(),
            ignore_case: false,
        };
        return nested(&term, context, 1);
    }
    let words = analyzed(field, analyzer.as_deref(), text)?;
    match words.as_slice() {
        [] => Ok(Box::new(EmptyQuery)),
        [word] if *prefix => automata::prefix(place, &word.text),
        [word] => {
            let term = Term::from_field_text(place, &word.text);
            Ok(entries_with(term, field))
        }
        words if *prefix => {
            let mut query = PhrasePrefixQuery::new_with_offset(placed(place, words));
            query.set_max_expansions(PREFIX_EXPANSIONS_MAX);
            Ok(Box::new(query))
        }
        words => Ok(Box::new(PhraseQuery::new_with_offset_and_slop(
            placed(place, words),
            *slop,
        ))),
    }
}

fn placed(place: Place, words: &[Word]) -> Vec<(usize, Term)> {
    let first = words.first().map_or(0, |word| word.position);
    let term = |word: &Word| {
        (
            word.position - first,
            Term::from_field_text(place, &word.text),
        )
    };
    words.iter().map(term).collect()
}
