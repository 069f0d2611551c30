//! Subjects: which are valid, which overlap, how a key is spelled in one.
//!
//! A subject is tokens between dots, none of them empty, without spaces or control bytes. A
//! token `*` stands for one token, a last `>` for one or more; `foo*` and `f>o` are ordinary.

/// May this be subscribed to?
#[must_use]
pub fn is_valid(subject: &[u8]) -> bool {
    let mut tokens = subject.split(|byte| *byte == b'.').peekable();
    while let Some(token) = tokens.next() {
        let is_last = tokens.peek().is_none();
        if token.is_empty() || token.iter().any(|byte| is_separator(*byte)) {
            return false;
        }
        if token == b">" && !is_last {
            return false;
        }
    }
    true
}

/// Is this a valid subject without wildcards?
#[must_use]
pub fn is_valid_literal(subject: &[u8]) -> bool {
    is_valid(subject) && !is_wildcard(subject)
}

/// Is one of its tokens a wildcard?
#[must_use]
pub fn is_wildcard(subject: &[u8]) -> bool {
    subject
        .split(|byte| *byte == b'.')
        .any(|token| matches!(token, b"*" | b">"))
}

/// Can it be written into a control line?
#[must_use]
pub fn is_writable(subject: &[u8]) -> bool {
    !subject.is_empty() && !subject.iter().any(|byte| is_separator(*byte))
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0C | 0)
}

/// Is there a subject that both patterns let through?
#[must_use]
pub fn overlaps(one: &str, other: &str) -> bool {
    let mut ones = one.split('.');
    let mut others = other.split('.');
    loop {
        match (ones.next(), others.next()) {
            (Some(">"), Some(_)) | (Some(_), Some(">")) | (None, None) => return true,
            (Some("*"), Some(_)) | (Some(_), Some("*")) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

/// Does `outer` let through everything that `inner` does?
#[must_use]
pub fn covers(outer: &str, inner: &str) -> bool {
    let mut outers = outer.split('.');
    let mut inners = inner.split('.');
    loop {
        match (outers.next(), inners.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some("*"), Some(token)) if token != ">" => {}
            (Some(a), Some(b)) if a == b && b != ">" => {}
            _ => return false,
        }
    }
}

/// Does a pattern let a literal subject through?
#[must_use]
pub fn matches(pattern: &str, subject: &str) -> bool {
    stele_core::record::subject::matches(pattern.as_bytes(), subject.as_bytes())
}

/// May a stream or a consumer have this name?
#[must_use]
pub fn is_name(name: &str) -> bool {
    let is_bad = |letter: char| " \t\r\n\x0C.*>\\/".contains(letter);
    !name.is_empty() && !name.chars().any(is_bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_not_empty_and_the_tail_comes_last() {
        for good in ["a", "a.b", "*", ">", "a.*.b", "a.>", "foo*", "f>o.b", "é"] {
            assert!(is_valid(good.as_bytes()), "{good}");
        }
        for bad in ["", ".a", "a.", "a..b", "a.>.b", "a b", "a\t"] {
            assert!(!is_valid(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn patterns_overlap_where_one_subject_passes_both() {
        for (a, b, both) in [
            ("s.>", "s.a", true),
            ("s.*", "s.a.b", false),
            ("*.a", "b.*", true),
            ("s.>", "s", false),
            ("a.*.c", "a.b.>", true),
        ] {
            assert_eq!(overlaps(a, b), both, "{a} {b}");
            assert_eq!(overlaps(b, a), both, "{b} {a}");
        }
    }

    #[test]
    fn a_cover_lets_everything_of_the_other_through() {
        for (outer, inner, does) in [
            ("s.>", "s.a", true),
            ("s.>", "s.>", true),
            ("s.*", "s.>", false),
            ("s.a", "s.*", false),
            ("s.*", "s.*", true),
            (">", "a.*", true),
        ] {
            assert_eq!(covers(outer, inner), does, "{outer} {inner}");
        }
    }
}
