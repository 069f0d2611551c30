//! The query language, as plain data.

use std::ops::Bound;

use serde_json::Value as Json;

use super::string::Syntax;

/// What to find.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // the fields are what their names say
pub enum Query {
    /// Everything.
    All,
    /// Nothing.
    None,
    /// Words of a text, all of them or some.
    Match {
        field: String,
        text: String,
        operator: Operator,
        minimum: Option<Minimum>,
        fuzziness: Option<Fuzziness>,
        analyzer: Option<String>,
        /// The last word is the beginning of one.
        prefix: bool,
        /// A text without words (stop words only) finds everything.
        all_if_empty: bool,
    },
    /// Words one after the other.
    Phrase {
        field: String,
        text: String,
        slop: u32,
        analyzer: Option<String>,
        /// The last word is the beginning of one.
        prefix: bool,
    },
    /// One exact value.
    Term {
        field: String,
        value: Json,
        ignore_case: bool,
    },
    /// One of several exact values.
    Terms { field: String, values: Vec<Json> },
    /// Values between two.
    Range {
        field: String,
        lower: Bound<Edge>,
        upper: Bound<Edge>,
    },
    /// Terms that begin with a text.
    Prefix {
        field: String,
        text: String,
        ignore_case: bool,
    },
    /// Terms that match a pattern with `*` and `?`.
    Wildcard {
        field: String,
        pattern: String,
        ignore_case: bool,
    },
    /// Terms that match a regular expression, as a whole.
    Regexp { field: String, pattern: String },
    /// Terms a few letters away from one.
    Fuzzy {
        field: String,
        text: String,
        fuzziness: Fuzziness,
        prefix_length: usize,
    },
    /// Documents with a value in a field.
    Exists { field: String },
    /// Documents by key, as Redis spells it.
    Ids { ids: Vec<String> },
    /// All of some, any of others, none of the rest.
    Bool {
        must: Vec<Query>,
        filter: Vec<Query>,
        should: Vec<Query>,
        must_not: Vec<Query>,
        minimum: Option<Minimum>,
    },
    /// Any of several; the best one's score counts, the others' by `tie`.
    Best { queries: Vec<Query>, tie: f32 },
    /// A query whose score is 1.
    Constant { query: Box<Query> },
    /// A query whose score counts more or less.
    Boost { query: Box<Query>, boost: f32 },
    /// A query in Lucene's syntax.
    Text(Syntax),
}

/// An end of a range. A rounded date at an upper end means the end of its day.
pub type Edge = Json;

/// Must all words be there?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operator {
    /// Any.
    #[default]
    Or,
    /// All.
    And,
}

/// How many clauses must match: `2`, `-1`, `75%`, `-25%`, `3<90%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimum(pub String);

/// How many letters may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fuzziness {
    /// None up to two letters, one up to five, else two.
    Auto,
    /// This many, 2 at most.
    Exactly(u8),
}

impl Fuzziness {
    /// The distance allowed for a word.
    pub fn distance(self, word: &str) -> u8 {
        match (self, word.chars().count()) {
            (Self::Exactly(distance), _) => distance.min(2),
            (Self::Auto, 0..=2) => 0,
            (Self::Auto, 3..=5) => 1,
            (Self::Auto, _) => 2,
        }
    }

    /// Reads `AUTO`, `0`, `1` or `2`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "AUTO" | "auto" => Some(Self::Auto),
            "0" | "1" | "2" => text.parse().ok().map(Self::Exactly),
            _ => None,
        }
    }
}

impl Minimum {
    /// How many of `count` clauses must match; `None` if it does not parse.
    pub fn of(&self, count: usize) -> Option<usize> {
        let mut wanted = count;
        // `3<90%`: more than three clauses, then nine of ten; several of these, ascending.
        for part in self.0.split_whitespace() {
            match part.split_once('<') {
                Some((above, then)) => {
                    if count > above.parse::<usize>().ok()? {
                        wanted = simple(then, count)?;
                    }
                }
                None => wanted = simple(part, count)?,
            }
        }
        Some(wanted.min(count))
    }
}

fn simple(text: &str, count: usize) -> Option<usize> {
    let count = i64::try_from(count).ok()?;
    let wanted = match text.strip_suffix('%') {
        Some(percent) => {
            let percent: i64 = percent.parse().ok()?;
            let share = count.checked_mul(percent)? / 100;
            if percent < 0 { count + share } else { share }
        }
        None => {
            let number: i64 = text.parse().ok()?;
            if number < 0 {
                count.checked_add(number)?
            } else {
                number
            }
        }
    };
    usize::try_from(wanted.max(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimums_mean_what_elasticsearch_says() {
        for (text, count, wanted) in [
            ("2", 3, 2),
            ("-1", 3, 2),
            ("75%", 4, 3),
            ("-25%", 4, 3),
            ("3<90%", 3, 3),
            ("3<90%", 10, 9),
            ("9", 2, 2),
        ] {
            assert_eq!(
                Minimum(text.to_owned()).of(count),
                Some(wanted),
                "{text} of {count}"
            );
        }
        assert_eq!(Minimum("some".to_owned()).of(3), None);
    }
}
