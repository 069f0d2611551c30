//! Splits a line typed by a person into words, with Redis's quoting rules.

use bytes::Bytes;

/// The words of a line. `"..."` understands `\xhh \n \r \t \b \a` and any escaped character,
/// `'...'` only `\'`; a closing quote must be followed by a space or the end. `None`: the
/// quotes do not match.
#[must_use]
pub fn split(line: &[u8]) -> Option<Vec<Bytes>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Some(words);
        }
        let (word, after) = word(rest)?;
        words.push(Bytes::from(word));
        rest = after;
    }
}

fn word(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' | 0 => break,
            b'"' => return closed(double_quoted(word, after)?),
            b'\'' => return closed(single_quoted(word, after)?),
            _ => word.push(byte),
        }
        rest = after;
    }
    // A NUL ends the line, as it would a string in C.
    let rest = if rest.first() == Some(&0) {
        &[][..]
    } else {
        rest
    };
    Some((word, rest))
}

/// A closing quote must not touch the next word.
fn closed((word, rest): (Vec<u8>, &[u8])) -> Option<(Vec<u8>, &[u8])> {
    let separated = rest.first().is_none_or(u8::is_ascii_whitespace);
    separated.then_some((word, rest))
}

fn double_quoted(mut word: Vec<u8>, mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    loop {
        match rest {
            [b'"', after @ ..] => return Some((word, after)),
            [b'\\', b'x', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                word.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            [b'\\', escaped, after @ ..] => {
                word.push(unescape(*escaped));
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

fn single_quoted(mut word: Vec<u8>, mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    loop {
        match rest {
            [b'\'', after @ ..] => return Some((word, after)),
            [b'\\', b'\'', after @ ..] => {
                word.push(b'\'');
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

fn unescape(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn words(line: &str) -> Option<Vec<String>> {
        let words = split(line.as_bytes())?;
        Some(
            words
                .iter()
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect(),
        )
    }

    #[test]
    fn words_are_separated_by_any_run_of_blanks() {
        assert_eq!(
            words("  SET  a\tb "),
            Some(vec!["SET".into(), "a".into(), "b".into()])
        );
        assert_eq!(words(""), Some(vec![]));
    }

    #[test]
    fn double_quotes_understand_escapes_and_single_quotes_do_not() {
        assert_eq!(words(r#""a b\x41\n\"""#), Some(vec!["a bA\n\"".into()]));
        assert_eq!(words(r"'a\n\''"), Some(vec![r"a\n'".into()]));
        assert_eq!(words(r#""""#), Some(vec![String::new()]));
    }

    #[test]
    fn quotes_that_do_not_match_are_refused() {
        for line in [r#""abc"#, "'abc", r#""a"b"#, "'a'b", r#""a\"#] {
            assert_eq!(words(line), None, "{line}");
        }
    }
}
