//! Subject transforms: which subjects are meant, and what becomes of them.
//!
//! ```text
//!   src  orders.*.*           orders.eu.7
//!   dest {{partition(4,2)}}.$1.{{left(2,1)}}  ->  3.eu.7
//! ```
//! Each token of `dest` is a word or a function of the tokens that the wildcards of `src`
//! stand for; a last `>` carries the rest over.

use serde::{Deserialize, Serialize};

use crate::wire::subject;

/// A transform as a config says it. An empty `src` means every subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubjectTransform {
    pub src: String,
    pub dest: String,
}

/// A transform that can be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transform {
    src: String,
    dest: Vec<Piece>,
}

/// What makes a token, or several. Wildcards are numbered from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Word(String),
    Wildcard(usize),
    /// A number below `count`, the same for the same tokens; no tokens = the whole subject.
    Partition {
        count: u32,
        of: Vec<usize>,
    },
    /// The parts between separators.
    Split(usize, String),
    /// Two parts, cut so far from the left or the right.
    Cut(usize, usize, Side),
    /// Parts of this length, counted from the left or the right.
    Slice(usize, usize, Side),
    /// So much of it, from the left or the right.
    Part(usize, usize, Side),
    /// What a last `>` stands for.
    Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Transform {
    /// Reads a transform; the error says what is wrong with it.
    pub fn read(asked: &SubjectTransform) -> Result<Self, String> {
        let src = match asked.src.as_str() {
            "" => ">",
            src => src,
        };
        let has_rest = |subject: &str| subject == ">" || subject.ends_with(".>");
        let is_plain = |token: &str| token != "*";
        if !subject::is_valid(src.as_bytes()) || has_rest(src) != has_rest(&asked.dest) {
            return Err("invalid subject".to_owned());
        }
        let wildcards = src.split('.').filter(|token| *token == "*").count();
        if asked.dest.is_empty() || !asked.dest.split('.').all(is_plain) {
            return Err("invalid mapping destination".to_owned());
        }
        let read = |token: &str| Piece::read(token, wildcards);
        let dest = tokens(&asked.dest).map(read).collect::<Result<_, _>>()?;
        Ok(Self {
            src: src.to_owned(),
            dest,
        })
    }

    /// What a subject becomes. `None`: it is not meant.
    pub fn apply(&self, subject: &str) -> Option<String> {
        if !subject::matches(&self.src, subject) {
            return None;
        }
        let pattern: Vec<&str> = self.src.split('.').collect();
        let own: Vec<&str> = subject.split('.').collect();
        let pairs = pattern.iter().zip(&own);
        let found: Vec<&str> = pairs
            .filter(|(token, _)| **token == "*")
            .map(|(_, own)| *own)
            .collect();
        let rest = own.get(pattern.len().saturating_sub(1)..);
        let said: Vec<String> = self
            .dest
            .iter()
            .map(|piece| match piece {
                Piece::Rest => rest.unwrap_or_default().join("."),
                piece => piece.said(subject, &found),
            })
            .collect();
        Some(said.join("."))
    }
}

/// The tokens of a destination; a dot within `{{...}}` separates nothing.
fn tokens(dest: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    dest.split(move |letter| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == '.' && depth == 0
    })
}

impl Piece {
    fn read(token: &str, wildcards: usize) -> Result<Self, String> {
        if token == ">" {
            return Ok(Self::Rest);
        }
        let one = |text: &str| match text.trim().parse::<usize>() {
            Ok(nth) if (1..=wildcards).contains(&nth) => Ok(nth - 1),
            _ => {
                let what = "invalid mapping destination: wildcard index out of range in";
                Err(format!("{what} {token}"))
            }
        };
        if let Some(nth) = token.strip_prefix('$')
            && nth.bytes().all(|byte| byte.is_ascii_digit())
            && !nth.is_empty()
        {
            return one(nth).map(Self::Wildcard);
        }
        let called = token.strip_prefix("{{").and_then(|rest| {
            let call = rest.strip_suffix("}}")?.trim();
            call.strip_suffix(')')?.split_once('(')
        });
        let Some((name, arguments)) = called else {
            return match token.contains("{{") || token.is_empty() {
                true => Err(format!(
                    "invalid mapping destination: unknown function in {token}"
                )),
                false => Ok(Self::Word(token.to_owned())),
            };
        };
        let arguments: Vec<&str> = arguments.split(',').map(str::trim).collect();
        let bad = || format!("invalid mapping destination: invalid function arguments in {token}");
        let number = |text: &str| match text.parse::<usize>() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(bad()),
        };
        let name = name.trim().to_ascii_lowercase();
        Ok(match (name.as_str(), arguments.as_slice()) {
            ("wildcard", [nth]) => Self::Wildcard(one(nth)?),
            ("partition", [count, of @ ..]) => Self::Partition {
                count: u32::try_from(number(count)?).map_err(|_| bad())?,
                of: of.iter().map(|nth| one(nth)).collect::<Result<_, _>>()?,
            },
            ("split", [nth, by]) if !by.is_empty() && !by.contains([' ', '.']) => {
                Self::Split(one(nth)?, (*by).to_owned())
            }
            ("splitfromleft", [nth, at]) => Self::Cut(one(nth)?, number(at)?, Side::Left),
            ("splitfromright", [nth, at]) => Self::Cut(one(nth)?, number(at)?, Side::Right),
            ("slicefromleft", [nth, by]) => Self::Slice(one(nth)?, number(by)?, Side::Left),
            ("slicefromright", [nth, by]) => Self::Slice(one(nth)?, number(by)?, Side::Right),
            ("left", [nth, length]) => Self::Part(one(nth)?, number(length)?, Side::Left),
            ("right", [nth, length]) => Self::Part(one(nth)?, number(length)?, Side::Right),
            _ => {
                return Err(format!(
                    "invalid mapping destination: unknown function in {token}"
                ));
            }
        })
    }

    /// The token, or the tokens, that it makes.
    fn said(&self, subject: &str, found: &[&str]) -> String {
        let of = |nth: &usize| found.get(*nth).copied().unwrap_or_default();
        match self {
            Self::Word(word) => word.clone(),
            Self::Wildcard(nth) => of(nth).to_owned(),
            Self::Partition { count, of: chosen } => {
                let key: String = match chosen.is_empty() {
                    true => subject.to_owned(),
                    false => chosen.iter().map(of).collect(),
                };
                (fnv1a(key.as_bytes()) % count).to_string()
            }
            Self::Split(nth, by) => {
                let parts = of(nth).split(by.as_str()).filter(|part| !part.is_empty());
                parts.collect::<Vec<_>>().join(".")
            }
            Self::Cut(nth, at, side) => cut(of(nth), *at, *side).join("."),
            Self::Slice(nth, by, side) => slices(of(nth), *by, *side).join("."),
            Self::Part(nth, length, side) => {
                let token = of(nth);
                let parts = cut(token, *length, *side);
                match (side, parts.as_slice()) {
                    (Side::Left, [first, ..]) => (*first).to_owned(),
                    (Side::Right, [.., last]) => (*last).to_owned(),
                    _ => token.to_owned(),
                }
            }
            Self::Rest => String::new(),
        }
    }
}

/// Two parts, or the whole where it is too short to be cut, or a letter would be.
fn cut(token: &str, at: usize, side: Side) -> Vec<&str> {
    let at = match side {
        Side::Left => Some(at),
        Side::Right => token.len().checked_sub(at),
    };
    match at.and_then(|at| token.split_at_checked(at)) {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => vec![left, right],
        _ => vec![token],
    }
}

/// Parts of one length; the odd one is the last from the left, the first from the right.
fn slices(token: &str, by: usize, side: Side) -> Vec<&str> {
    let odd = match side {
        Side::Left => 0,
        Side::Right => token.len() % by,
    };
    let mut parts = Vec::new();
    let (first, mut rest) = token.split_at_checked(odd).unwrap_or(("", token));
    if !first.is_empty() {
        parts.push(first);
    }
    while let Some((part, others)) = rest.split_at_checked(by)
        && !others.is_empty()
    {
        parts.push(part);
        rest = others;
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// The 32-bit hash of Fowler, Noll and Vo, variant 1a: which partition a token belongs to
/// must be what other servers say.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |hash: u32, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transform(src: &str, dest: &str) -> Result<Transform, String> {
        Transform::read(&SubjectTransform {
            src: src.to_owned(),
            dest: dest.to_owned(),
        })
    }

    #[test]
    fn tokens_become_what_the_destination_says() {
        for (src, dest, subject, wanted) in [
            ("", "dest.>", "a.b", "dest.a.b"),
            ("foo", "bar", "foo", "bar"),
            ("a.*.*", "b.$2.$1", "a.x.y", "b.y.x"),
            ("a.*.>", "{{wildcard(1)}}.>", "a.x.y.z", "x.y.z"),
            ("*", "{{split(1,-)}}", "a-b--c", "a.b.c"),
            ("*", "{{splitFromLeft(1,2)}}", "abcde", "ab.cde"),
            ("*", "{{splitFromRight(1,2)}}", "abcde", "abc.de"),
            ("*", "{{sliceFromLeft(1,2)}}", "abcde", "ab.cd.e"),
            ("*", "{{sliceFromRight(1,2)}}", "abcde", "a.bc.de"),
            ("*", "{{left(1,2)}}", "abcde", "ab"),
            ("*", "{{right(1,9)}}", "abcde", "abcde"),
            ("*.*", "p.{{partition(10,1,2)}}", "foo.bar", "p.0"),
        ] {
            let made = transform(src, dest).expect(dest).apply(subject);
            assert_eq!(made.as_deref(), Some(wanted), "{src} {dest}");
        }
        assert_eq!(fnv1a(b"foobar"), 0xBF9C_F968, "the published value");
        let other = transform("a.*", "b.$1").expect("reads");
        assert_eq!(other.apply("c.x"), None);
    }

    #[test]
    fn what_makes_no_subject_is_refused() {
        for (src, dest) in [
            ("a.*", "b.*"),
            ("a.*", "b.$2"),
            ("a.>", "b"),
            ("a..b", "c"),
            ("a", ""),
            ("a.*", "{{nothing(1)}}"),
            ("a.*", "{{partition(0,1)}}"),
            ("a.*", "{{split(1,.)}}"),
        ] {
            assert!(transform(src, dest).is_err(), "{src} {dest}");
        }
    }
}
