//! Highlights: the parts of a hit's text in which the query's words stand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};
use tantivy::Term;
use tantivy::query::Query as Compiled;

use crate::analysis;
use crate::document::values::at;
use crate::document::{Document, Field};
use crate::index::Shape;

/// Longer texts are looked at up to here, bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// What to mark, and how.
#[derive(Clone, Debug)]
pub struct Highlight {
    /// Fields, with `*`, each with its own limits.
    pub fields: Vec<(String, Fragments)>,
    /// What stands before a word, and after.
    pub tags: (String, String),
    /// Only words that were searched in the field itself.
    pub own_words_only: bool,
}

/// How much of a text is shown.
#[derive(Clone, Copy, Debug)]
pub struct Fragments {
    /// About how long a part is, characters.
    pub size: usize,
    /// How many parts; 0 = the whole text.
    pub count: usize,
}

impl Default for Fragments {
    fn default() -> Self {
        Self {
            size: 100,
            count: 5,
        }
    }
}

/// The words that a query looks for, by field.
pub type Words = BTreeMap<String, BTreeSet<String>>;

/// The words of a compiled query.
pub fn words(query: &dyn Compiled, shape: &Shape) -> Words {
    let mut words = Words::new();
    query.query_terms(&mut |term: &Term, _| {
        if let Some(word) = term.value().as_str() {
            let field = shape.schema.get_field_name(term.field());
            words
                .entry(field.to_owned())
                .or_default()
                .insert(word.to_owned());
        }
    });
    words
}

impl Highlight {
    /// The marked parts of a document, by field; `None` where there are none.
    pub fn of(
        &self,
        shape: &Shape,
        words: &Words,
        document: &Document,
    ) -> Option<Map<String, Json>> {
        let mut marked = Map::new();
        for (pattern, fragments) in &self.fields {
            for (name, field) in shape.mapping.matching(pattern) {
                let everywhere: BTreeSet<String> = match self.own_words_only {
                    true => words.get(name).cloned().unwrap_or_default(),
                    false => words.values().flatten().cloned().collect(),
                };
                let parts = self.parts(name, field, *fragments, &everywhere, document);
                if !parts.is_empty() {
                    marked.insert(name.to_owned(), Json::from(parts));
                }
            }
        }
        (!marked.is_empty()).then_some(marked)
    }

    fn parts(
        &self,
        name: &str,
        field: &Field,
        fragments: Fragments,
        words: &BTreeSet<String>,
        document: &Document,
    ) -> Vec<String> {
        let path = field.parent.as_deref().unwrap_or(name);
        let mut found: Vec<(usize, usize, String)> = Vec::new();
        for json in at(document.fields(), path) {
            let Some(text) = json.as_str().filter(|text| text.len() <= TEXT_BYTES_MAX) else {
                continue;
            };
            let hits = places(field, text, words);
            for (from, to, inside) in cut(text, &hits, fragments) {
                let part = self.mark(text, from, to, inside);
                found.push((inside.len(), found.len(), part));
            }
        }
        if fragments.count > 0 {
            // The parts with most words, in the order of the text.
            found.sort_by_key(|(count, place, _)| (std::cmp::Reverse(*count), *place));
            found.truncate(fragments.count);
            found.sort_by_key(|(_, place, _)| *place);
        }
        found.into_iter().map(|(_, _, part)| part).collect()
    }

    fn mark(&self, text: &str, from: usize, to: usize, words: &[(usize, usize)]) -> String {
        let mut part = String::new();
        let mut at = from;
        for (start, end) in words {
            part.push_str(text.get(at..*start).unwrap_or_default());
            part.push_str(&self.tags.0);
            part.push_str(text.get(*start..*end).unwrap_or_default());
            part.push_str(&self.tags.1);
            at = *end;
        }
        part.push_str(text.get(at..to).unwrap_or_default());
        part
    }
}

/// Where words stand in a text.
fn places(field: &Field, text: &str, words: &BTreeSet<String>) -> Vec<(usize, usize)> {
    let terms = analysis::analyze(field.analyzer(), text).unwrap_or_default();
    let hits = terms.into_iter().filter(|term| words.contains(&term.text));
    hits.map(|term| (term.from, term.to)).collect()
}

type Part<'a> = (usize, usize, &'a [(usize, usize)]);

/// Parts of a text around its words, or all of it.
fn cut<'a>(text: &str, hits: &'a [(usize, usize)], fragments: Fragments) -> Vec<Part<'a>> {
    let Some((first, _)) = hits.first() else {
        return Vec::new();
    };
    if fragments.count == 0 || text.len() <= fragments.size {
        return vec![(0, text.len(), hits)];
    }
    let mut parts = Vec::new();
    let mut begin = (0, part_start(text, *first, fragments.size));
    for (place, (_, end)) in hits.iter().enumerate() {
        let (first, start) = begin;
        let fits = end - start <= fragments.size;
        if !fits && place > first {
            parts.push((first, place, start));
            begin = (
                place,
                part_start(text, hits.get(place).map_or(0, |hit| hit.0), fragments.size),
            );
        }
    }
    parts.push((begin.0, hits.len(), begin.1));
    let mut behind = 0;
    let whole = parts.into_iter().map(|(first, last, start)| {
        let inside = hits.get(first..last).unwrap_or_default();
        let start = start.max(behind);
        let end = inside.last().map_or(start, |hit| hit.1);
        let end = part_end(text, start + fragments.size, end);
        behind = end;
        (start, end, inside)
    });
    // A part may not begin inside the one before: its words would be lost.
    whole
        .filter(|(start, _, inside)| inside.first().is_some_and(|hit| hit.0 >= *start))
        .collect()
}

/// Where a part with a word at `at` begins: at a word, a little before.
fn part_start(text: &str, at: usize, size: usize) -> usize {
    let mut start = at.saturating_sub(size / 3);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    if start == 0 {
        return 0;
    }
    let space = text
        .get(start..at)
        .and_then(|before| before.find(char::is_whitespace));
    space.map_or(at, |space| {
        let rest = text.get(start + space..at).unwrap_or_default();
        at - rest.trim_start().len()
    })
}

/// Where a part ends: at a word's end, not before `least`.
fn part_end(text: &str, wanted: usize, least: usize) -> usize {
    let mut end = wanted.max(least).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let rest = text.get(end..).unwrap_or_default();
    end + rest.find(char::is_whitespace).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, words: &[&str], fragments: Fragments) -> Vec<String> {
        let highlight = Highlight {
            fields: Vec::new(),
            tags: ("<em>".to_owned(), "</em>".to_owned()),
            own_words_only: true,
        };
        let document =
            Document::of_fields([("t".to_owned(), Json::from(text))].into_iter().collect());
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let field = Field::new(crate::document::Kind::Text);
        highlight.parts("t", &field, fragments, &words, &document)
    }

    #[test]
    fn words_are_marked_in_parts_of_the_text() {
        assert_eq!(
            marked("The quick fox", &["quick"], Fragments::default()),
            ["The <em>quick</em> fox"]
        );
        let long = format!("fox {} fox", "word ".repeat(100));
        let parts = marked(&long, &["fox"], Fragments { size: 40, count: 5 });
        assert_eq!(parts.len(), 2, "{parts:?}");
        assert!(
            parts
                .iter()
                .all(|part| part.contains("<em>fox</em>") && part.len() < 80)
        );
        assert_eq!(
            marked(&long, &["fox"], Fragments { size: 40, count: 0 }).len(),
            1
        );
        assert_eq!(
            marked("nothing here", &["fox"], Fragments::default()),
            Vec::<String>::new()
        );
    }
}
