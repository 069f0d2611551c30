//! Entry IDs: a message's number, and a zero.

use crate::fault::{Fault, said};

const BAD: Fault = said("ERR Invalid stream ID specified as stream command argument");

/// The ID of a message.
pub fn print(seq: u64) -> String {
    format!("{seq}-0")
}

/// The bounds of a range, both inclusive: `-`, `+`, `17`, `17-0`, `(17-0`.
pub fn range(start: &[u8], end: &[u8]) -> Result<(u64, u64), Fault> {
    let low = match start {
        b"-" => 0,
        b"+" => u64::MAX,
        [b'(', rest @ ..] => parse(rest)?.0.checked_add(1).ok_or(BAD)?,
        id => match parse(id)? {
            // There is one entry for each number: 17-1 is behind it.
            (seq, Some(rest)) if rest > 0 => seq.saturating_add(1),
            (seq, _) => seq,
        },
    };
    let high = match end {
        b"-" => 0,
        b"+" => u64::MAX,
        [b'(', rest @ ..] => match parse(rest)? {
            (seq, Some(after)) if after > 0 => seq,
            (seq, _) => seq.checked_sub(1).ok_or(BAD)?,
        },
        id => parse(id)?.0,
    };
    Ok((low, high))
}

/// The number after which XREAD goes on.
pub fn after(id: &[u8]) -> Result<u64, Fault> {
    Ok(parse(id)?.0)
}

fn parse(id: &[u8]) -> Result<(u64, Option<u64>), Fault> {
    let text = std::str::from_utf8(id).map_err(|_| BAD)?;
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse::<u64>().map_err(|_| BAD),
        false => Err(BAD),
    };
    match text.split_once('-') {
        Some((seq, rest)) => Ok((number(seq)?, Some(number(rest)?))),
        None => Ok((number(text)?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_of_whole_numbers() {
        for (start, end, low, high) in [
            ("-", "+", 0, u64::MAX),
            ("3", "5-0", 3, 5),
            ("3-1", "(5-0", 4, 4),
            ("(3", "(5-1", 4, 5),
        ] {
            let found = range(start.as_bytes(), end.as_bytes()).expect("a range");
            assert_eq!(found, (low, high), "{start} {end}");
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for id in ["", "x", "1-", "-1", "1-2-3", "99999999999999999999", "+1"] {
            assert!(after(id.as_bytes()).is_err(), "{id}");
        }
    }
}
