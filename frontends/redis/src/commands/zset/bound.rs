//! The ends of ranges: `(1.5`, `-inf`, `[a`, `+`.

use bytes::Bytes;
use stele_core::op::{LexBound, ScoreBound, ZsetRange};

use crate::commands::{integer, word};
use crate::fault::{Fault, said};
use crate::resp::number::parse_f64;

/// Ranks at two positions.
///
/// # Errors
/// When one is no whole number.
pub fn ranks(args: &[Bytes], at: usize) -> Result<ZsetRange, Fault> {
    Ok(ZsetRange::Rank {
        start: integer(args, at)?,
        stop: integer(args, at + 1)?,
    })
}

/// Scores at two positions; with `reverse` the greater comes first.
///
/// # Errors
/// When one is no score.
pub fn scores(args: &[Bytes], at: usize, reverse: bool) -> Result<ZsetRange, Fault> {
    let (first, second) = (score(word(args, at)?), score(word(args, at + 1)?));
    let (first, second) = first
        .zip(second)
        .ok_or(said("ERR min or max is not a float"))?;
    let (min, max) = if reverse {
        (second, first)
    } else {
        (first, second)
    };
    Ok(ZsetRange::Score { min, max })
}

/// Members at two positions; with `reverse` the greater comes first.
///
/// # Errors
/// When one is no end of a range of members.
pub fn members(args: &[Bytes], at: usize, reverse: bool) -> Result<ZsetRange, Fault> {
    let (first, second) = (member(word(args, at)?), member(word(args, at + 1)?));
    let both = first.zip(second);
    let (first, second) = both.ok_or(said("ERR min or max not valid string range item"))?;
    let (min, max) = if reverse {
        (second, first)
    } else {
        (first, second)
    };
    Ok(ZsetRange::Lex { min, max })
}

fn score(word: &[u8]) -> Option<ScoreBound> {
    let (exclusive, digits) = match word {
        [b'(', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    Some(ScoreBound {
        score: parse_f64(digits)?,
        exclusive,
    })
}

fn member(word: &Bytes) -> Option<LexBound> {
    match word.first()? {
        b'-' if word.len() == 1 => Some(LexBound::Min),
        b'+' if word.len() == 1 => Some(LexBound::Max),
        b'[' => Some(LexBound::Included(word.slice(1..))),
        b'(' => Some(LexBound::Excluded(word.slice(1..))),
        _ => None,
    }
}
