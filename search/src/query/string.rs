//! Lucene's query syntax: `title:(quick OR brown) +fox -"lazy dog"~2 price:[10 TO 20}`.
//!
//! ```text
//! query  = clause { [AND | OR | && | ||] clause }
//! clause = [+ | - | ! | NOT] [field ":"] value ["^" boost]
//! value  = word["~" distance] | "\"" phrase "\"" ["~" slop] | range | "(" query ")"
//! range  = ("[" | "{") low TO high ("]" | "}")  |  (">" | ">=" | "<" | "<=") value
//! ```

use std::ops::Bound;

use serde_json::Value as Json;

use super::ast::{Fuzziness, Minimum, Operator, Query};
use super::automata::has_words;
use crate::document::Mapping;
use crate::error::{Error, Result};

/// How deep parentheses may nest.
const DEPTH_MAX: usize = 32;

/// A query in Lucene's syntax, with what it leaves open.
#[derive(Clone, Debug, PartialEq)]
pub struct Syntax {
    /// The query.
    pub text: String,
    /// Fields of words that name none, with boosts; `*` in them. All if empty.
    pub fields: Vec<(String, f32)>,
    /// What stands between words where nothing does.
    pub operator: Operator,
    /// How many of the optional clauses must match.
    pub minimum: Option<Minimum>,
    /// How text is taken apart, unless the fields say.
    pub analyzer: Option<String>,
    /// What cannot be parsed is searched as plain text.
    pub lenient: bool,
}

impl Syntax {
    /// A query over all fields.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            fields: Vec::new(),
            operator: Operator::Or,
            minimum: None,
            analyzer: None,
            lenient: false,
        }
    }
}

/// Parses a query.
pub fn parse(syntax: &Syntax, mapping: &Mapping) -> Result<Query> {
    let mut parser = Parser {
        letters: syntax.text.chars().collect(),
        at: 0,
        syntax,
        mapping,
    };
    let parsed = parser.query(None, 0).and_then(|query| match parser.peek() {
        None => Ok(query),
        Some(letter) => Err(parser.error(&format!("unexpected [{letter}]"))),
    });
    match parsed {
        Err(_) if syntax.lenient => Ok(parser.words(None, &syntax.text)),
        parsed => parsed,
    }
}

struct Parser<'a> {
    letters: Vec<char>,
    at: usize,
    syntax: &'a Syntax,
    mapping: &'a Mapping,
}

/// How a clause counts.
#[derive(Clone, Copy, PartialEq)]
enum Occur {
    Must,
    Should,
    Not,
}

impl Parser<'_> {
    fn error(&self, what: &str) -> Error {
        Error::query(format!(
            "Failed to parse query [{}]: {what} at {}",
            self.syntax.text, self.at
        ))
    }

    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn take(&mut self, letter: char) -> bool {
        let is_next = self.peek() == Some(letter);
        self.at += usize::from(is_next);
        is_next
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Takes a word of the syntax, if it stands here by itself.
    fn keyword(&mut self, word: &str) -> bool {
        let mut end = self.at;
        for letter in word.chars() {
            if self.letters.get(end) != Some(&letter) {
                return false;
            }
            end += 1;
        }
        let is_word = word.chars().all(char::is_alphabetic);
        let goes_on = self
            .letters
            .get(end)
            .is_some_and(|next| !next.is_whitespace() && *next != '(');
        if is_word && goes_on {
            return false;
        }
        self.at = end;
        true
    }

    fn query(&mut self, field: Option<&str>, depth: usize) -> Result<Query> {
        if depth > DEPTH_MAX {
            return Err(self.error("too many parentheses"));
        }
        let mut clauses: Vec<(Occur, Query)> = Vec::new();
        loop {
            self.spaces();
            if matches!(self.peek(), None | Some(')')) {
                return Ok(self.combined(clauses));
            }
            let joins = self.keyword("AND") || self.keyword("&&");
            let splits = !joins && (self.keyword("OR") || self.keyword("||"));
            if (joins || splits) && clauses.is_empty() {
                return Err(self.error("nothing before the operator"));
            }
            self.spaces();
            let sign = self.sign();
            self.spaces();
            if self.peek().is_none() {
                return Err(self.error("nothing after the operator"));
            }
            let query = self.clause(field, depth)?;
            // As Lucene's parser does: AND asks for both its neighbours.
            if joins && let Some((before @ Occur::Should, _)) = clauses.last_mut() {
                *before = Occur::Must;
            }
            let default = self.syntax.operator == Operator::And && !splits;
            if splits
                && self.syntax.operator == Operator::And
                && let Some((before @ Occur::Must, _)) = clauses.last_mut()
            {
                *before = Occur::Should;
            }
            let plain = if joins || default {
                Occur::Must
            } else {
                Occur::Should
            };
            clauses.push((sign.unwrap_or(plain), query));
        }
    }

    fn sign(&mut self) -> Option<Occur> {
        if self.take('+') {
            Some(Occur::Must)
        } else if self.take('-') || self.take('!') || self.keyword("NOT") {
            Some(Occur::Not)
        } else {
            None
        }
    }

    fn combined(&self, mut clauses: Vec<(Occur, Query)>) -> Query {
        if clauses.len() == 1
            && clauses
                .first()
                .is_some_and(|(occur, _)| *occur != Occur::Not)
        {
            return clauses.remove(0).1;
        }
        if clauses.is_empty() {
            return Query::None;
        }
        let of = |wanted: Occur| {
            let chosen = clauses.iter().filter(|(occur, _)| *occur == wanted);
            chosen.map(|(_, query)| query.clone()).collect::<Vec<_>>()
        };
        Query::Bool {
            must: of(Occur::Must),
            filter: Vec::new(),
            should: of(Occur::Should),
            must_not: of(Occur::Not),
            minimum: self.syntax.minimum.clone(),
        }
    }

    fn clause(&mut self, outer: Option<&str>, depth: usize) -> Result<Query> {
        let named = self.field_name();
        let field = named.as_deref().or(outer);
        self.spaces();
        let query = match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.query(field, depth + 1)?;
                if !self.take(')') {
                    return Err(self.error("a parenthesis is not closed"));
                }
                inner
            }
            Some('"') => self.phrase(field)?,
            Some('[' | '{') => self.range(field)?,
            Some('<' | '>') if field.is_some() => self.comparison(field)?,
            _ => self.word(field)?,
        };
        if !self.take('^') {
            return Ok(query);
        }
        let boost = self
            .number()
            .ok_or_else(|| self.error("a boost is not a number"))?;
        Ok(Query::Boost {
            query: Box::new(query),
            boost,
        })
    }

    /// A word followed by a colon.
    fn field_name(&mut self) -> Option<String> {
        let start = self.at;
        let mut name = String::new();
        while let Some(letter) = self.peek() {
            match letter {
                ':' if !name.is_empty() => {
                    self.at += 1;
                    return Some(name);
                }
                '\\' => {
                    self.at += 1;
                    name.extend(self.peek());
                }
                letter if letter.is_alphanumeric() || "_.*@-".contains(letter) => name.push(letter),
                _ => break,
            }
            self.at += 1;
        }
        self.at = start;
        None
    }

    fn number(&mut self) -> Option<f32> {
        let mut digits = String::new();
        while let Some(letter) = self
            .peek()
            .filter(|letter| letter.is_ascii_digit() || *letter == '.')
        {
            digits.push(letter);
            self.at += 1;
        }
        digits.parse().ok()
    }

    fn phrase(&mut self, field: Option<&str>) -> Result<Query> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err(self.error("a phrase is not closed")),
                Some('"') => break,
                Some('\\') => {
                    self.at += 1;
                    text.extend(self.peek());
                }
                Some(letter) => text.push(letter),
            }
            self.at += 1;
        }
        self.at += 1;
        let mut slop = 0;
        if self.take('~') {
            let digits: String = self.digits();
            slop = digits
                .parse()
                .map_err(|_| self.error("a slop is not a number"))?;
        }
        let analyzer = self.syntax.analyzer.clone();
        Ok(self.over(field, |field| Query::Phrase {
            field: field.to_owned(),
            text: text.clone(),
            slop,
            analyzer: analyzer.clone(),
            prefix: false,
        }))
    }

    fn digits(&mut self) -> String {
        let mut digits = String::new();
        while let Some(letter) = self.peek().filter(char::is_ascii_digit) {
            digits.push(letter);
            self.at += 1;
        }
        digits
    }

    fn range(&mut self, field: Option<&str>) -> Result<Query> {
        let opens = self.peek() == Some('[');
        self.at += 1;
        let lower = self.edge()?;
        self.spaces();
        if !self.keyword("TO") {
            return Err(self.error("a range has no TO"));
        }
        let upper = self.edge()?;
        self.spaces();
        let closes = self.take(']');
        if !closes && !self.take('}') {
            return Err(self.error("a range is not closed"));
        }
        let bound = |edge: Option<String>, is_included: bool| match edge {
            None => Bound::Unbounded,
            Some(edge) if is_included => Bound::Included(Json::from(edge)),
            Some(edge) => Bound::Excluded(Json::from(edge)),
        };
        let (lower, upper) = (bound(lower, opens), bound(upper, closes));
        Ok(self.over(field, |field| Query::Range {
            field: field.to_owned(),
            lower: lower.clone(),
            upper: upper.clone(),
        }))
    }

    /// One end of a range; `None` for `*`.
    fn edge(&mut self) -> Result<Option<String>> {
        self.spaces();
        let mut text = String::new();
        let is_quoted = self.take('"');
        while let Some(letter) = self.peek() {
            let ends = if is_quoted {
                letter == '"'
            } else {
                letter.is_whitespace() || "]}".contains(letter)
            };
            if ends {
                break;
            }
            text.push(letter);
            self.at += 1;
        }
        if is_quoted && !self.take('"') {
            return Err(self.error("a quotation is not closed"));
        }
        match text.as_str() {
            "" => Err(self.error("an end of a range is missing")),
            "*" if !is_quoted => Ok(None),
            _ => Ok(Some(text)),
        }
    }

    fn comparison(&mut self, field: Option<&str>) -> Result<Query> {
        let is_lower = self.take('>') || !self.take('<');
        let is_included = self.take('=');
        let text = self.plain()?.0;
        let edge = if is_included {
            Bound::Included(Json::from(text))
        } else {
            Bound::Excluded(Json::from(text))
        };
        let (lower, upper) = if is_lower {
            (edge, Bound::Unbounded)
        } else {
            (Bound::Unbounded, edge)
        };
        Ok(self.over(field, |field| Query::Range {
            field: field.to_owned(),
            lower: lower.clone(),
            upper: upper.clone(),
        }))
    }

    /// A run of letters up to a space or a sign, and whether it is a pattern.
    fn plain(&mut self) -> Result<(String, bool)> {
        let (mut text, mut is_pattern) = (String::new(), false);
        while let Some(letter) = self.peek() {
            match letter {
                '\\' => {
                    self.at += 1;
                    let next = self
                        .peek()
                        .ok_or_else(|| self.error("nothing after the backslash"))?;
                    // A pattern keeps what is escaped apart from its stars.
                    if "*?".contains(next) {
                        text.push('\\');
                    }
                    text.push(next);
                }
                letter if letter.is_whitespace() || "()\"^~:[]{}".contains(letter) => break,
                letter => {
                    is_pattern |= "*?".contains(letter);
                    text.push(letter);
                }
            }
            self.at += 1;
        }
        if text.is_empty() {
            return Err(self.error("a word is missing"));
        }
        Ok((text, is_pattern))
    }

    fn word(&mut self, field: Option<&str>) -> Result<Query> {
        let (text, is_pattern) = self.plain()?;
        if text == "*" && is_pattern {
            return Ok(match field {
                None | Some("*") => Query::All,
                Some(field) => Query::Exists {
                    field: field.to_owned(),
                },
            });
        }
        if field == Some("_exists_") {
            return Ok(Query::Exists { field: text });
        }
        if self.take('~') {
            let digits = self.digits();
            let fuzziness = if digits.is_empty() {
                Some(Fuzziness::Auto)
            } else {
                Fuzziness::parse(&digits)
            };
            let fuzziness = fuzziness.ok_or_else(|| self.error("a distance is not 0, 1 or 2"))?;
            let text = text.to_lowercase();
            return Ok(self.over(field, |field| Query::Fuzzy {
                field: field.to_owned(),
                text: text.clone(),
                fuzziness,
                prefix_length: 0,
            }));
        }
        if is_pattern {
            let ignore_case = |field: &str| {
                self.mapping
                    .fields
                    .get(field)
                    .is_some_and(|field| field.analyzer() != "keyword")
            };
            return Ok(self.over(field, |field| {
                // Words of text are indexed in lower case.
                let pattern = if ignore_case(field) {
                    text.to_lowercase()
                } else {
                    text.clone()
                };
                Query::Wildcard {
                    field: field.to_owned(),
                    pattern,
                    ignore_case: false,
                }
            }));
        }
        Ok(self.words(field, &text))
    }

    fn words(&self, field: Option<&str>, text: &str) -> Query {
        self.over(field, |field| Query::Match {
            field: field.to_owned(),
            text: text.to_owned(),
            operator: self.syntax.operator,
            minimum: None,
            fuzziness: None,
            analyzer: self.syntax.analyzer.clone(),
            prefix: false,
            all_if_empty: false,
        })
    }

    /// The same question of one field, or of each it may be meant for.
    fn over(&self, field: Option<&str>, of: impl Fn(&str) -> Query) -> Query {
        let mut asked: Vec<(String, f32)> = Vec::new();
        let patterns = match field {
            Some(field) => vec![(field.to_owned(), 1.0)],
            None if self.syntax.fields.is_empty() => vec![("*".to_owned(), 1.0)],
            None => self.syntax.fields.clone(),
        };
        for (pattern, boost) in patterns {
            if !pattern.contains('*') {
                asked.push((pattern, boost));
                continue;
            }
            let fields = self
                .mapping
                .matching(&pattern)
                .filter(|(_, field)| has_words(field));
            asked.extend(fields.map(|(name, _)| (name.to_owned(), boost)));
        }
        let mut queries: Vec<Query> = asked
            .iter()
            .map(|(field, boost)| match of(field) {
                query if (*boost - 1.0).abs() < f32::EPSILON => query,
                query => Query::Boost {
                    query: Box::new(query),
                    boost: *boost,
                },
            })
            .collect();
        match queries.len() {
            0 => Query::None,
            1 => queries.remove(0),
            _ => Query::Best { queries, tie: 0.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Field, Kind};

    fn parsed(text: &str) -> Result<Query> {
        let mut mapping = Mapping::default();
        mapping
            .fields
            .insert("t".to_owned(), Field::new(Kind::Text));
        mapping
            .fields
            .insert("n".to_owned(), Field::new(Kind::Long));
        parse(&Syntax::new(text), &mapping)
    }

    fn word(text: &str) -> Query {
        parsed(text).expect("parses")
    }

    #[test]
    fn and_or_not_and_signs_say_what_must_be() {
        let Query::Bool {
            must,
            should,
            must_not,
            ..
        } = word("a AND b -c d")
        else {
            panic!()
        };
        assert_eq!(
            (must, should, must_not),
            (vec![word("a"), word("b")], vec![word("d")], vec![word("c")])
        );
        let Query::Bool { must, should, .. } = word("+a (b OR c)") else {
            panic!()
        };
        assert_eq!((must, should), (vec![word("a")], vec![word("b c")]));
        assert_eq!(word("android"), word("t:android"));
    }

    #[test]
    fn ranges_patterns_phrases_and_fuzzy_words() {
        assert_eq!(
            word("n:[1 TO *}"),
            Query::Range {
                field: "n".into(),
                lower: Bound::Included("1".into()),
                upper: Bound::Unbounded
            }
        );
        assert_eq!(
            word("n:>=5"),
            Query::Range {
                field: "n".into(),
                lower: Bound::Included("5".into()),
                upper: Bound::Unbounded
            }
        );
        assert!(matches!(word("t:QU*ck"), Query::Wildcard { pattern, .. } if pattern == "qu*ck"));
        assert!(matches!(word("\"a b\"~2"), Query::Phrase { slop: 2, .. }));
        assert!(matches!(
            word("quikc~"),
            Query::Fuzzy {
                fuzziness: Fuzziness::Auto,
                ..
            }
        ));
        assert!(matches!(word("_exists_:n"), Query::Exists { .. }));
        assert!(matches!(word("a^2.5"), Query::Boost { .. }));
        assert_eq!(word("*"), Query::All);
    }

    #[test]
    fn what_does_not_parse_is_an_error_and_never_a_panic() {
        for text in [
            "(a",
            "\"a",
            "AND",
            "a AND",
            "n:[1 2]",
            "n:[1 TO",
            "a^x",
            ")",
            "a\\",
            "t:",
            &"(".repeat(100),
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
