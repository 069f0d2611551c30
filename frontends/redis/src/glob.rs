//! Glob patterns as KEYS, SCAN, CONFIG GET and PSUBSCRIBE match them.

/// Whether `text` matches `pattern`: `*` any run, `?` any byte, `[a-c]` and `[^a-c]` a class,
/// `\` the next byte as it is.
///
/// Time is bounded by the product of both lengths: a `*` that fails moves on one byte and never
/// branches, because only the last `*` can matter.
#[must_use]
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = pattern {
            retry = Some((rest, text));
            pattern = rest;
            continue;
        }
        if let Some((_, text_rest)) = text.split_first()
            && let Some(rest) = one(pattern, text)
        {
            pattern = rest;
            text = text_rest;
            continue;
        }
        if pattern.is_empty() && text.is_empty() {
            return true;
        }
        let Some((after_star, tried)) = retry else {
            return false;
        };
        let Some((_, next)) = tried.split_first() else {
            return false;
        };
        retry = Some((after_star, next));
        pattern = after_star;
        text = next;
    }
}

/// Whether the pattern matches everything.
#[must_use]
pub fn is_everything(pattern: &[u8]) -> bool {
    pattern == b"*"
}

/// Matches one byte; what remains of the pattern, or `None`.
fn one<'p>(pattern: &'p [u8], text: &[u8]) -> Option<&'p [u8]> {
    let byte = *text.first()?;
    match pattern {
        [b'?', rest @ ..] => Some(rest),
        [b'[', rest @ ..] => class(rest, byte),
        [b'\\', escaped, rest @ ..] => (*escaped == byte).then_some(rest),
        [plain, rest @ ..] => (*plain == byte).then_some(rest),
        [] => None,
    }
}

fn class(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    let (negated, mut rest) = match pattern {
        [b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut found = false;
    loop {
        match rest {
            [b'\\', escaped, after @ ..] => {
                found |= *escaped == byte;
                rest = after;
            }
            [b']', after @ ..] => {
                rest = after;
                break;
            }
            [from, b'-', to, after @ ..] => {
                let (low, high) = if from <= to { (from, to) } else { (to, from) };
                found |= (*low..=*high).contains(&byte);
                rest = after;
            }
            [plain, after @ ..] => {
                found |= *plain == byte;
                rest = after;
            }
            // A class without an end reaches to the end of the pattern.
            [] => break,
        }
    }
    (found != negated).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_redis() {
        let cases = [
            ("*", "", true),
            ("*", "anything", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h[ae]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-b]llo", "hbllo", true),
            ("h[b-a]llo", "hallo", true),
            ("h\\*llo", "h*llo", true),
            ("h\\*llo", "hello", false),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXbYY", false),
            ("[^]x", "ax", true),
            ("", "", true),
            ("", "a", false),
            ("foo*", "foobar", true),
            ("*bar", "foobarbar", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = b"a*".repeat(100);
        let text = b"a".repeat(10_000);
        assert!(!matches(&[&pattern[..], b"b"].concat(), &text));
    }
}
