//! Subjects: tokens between dots. In a pattern, `*` stands for one token and a
//! last `>` for one or more. The bus, streams and events all spell them so.

/// The parts of a subject.
pub fn tokens(subject: &[u8]) -> impl Iterator<Item = &[u8]> {
    subject.split(|byte| *byte == b'.')
}

/// Is one of its tokens a wildcard?
pub fn is_wildcard(subject: &[u8]) -> bool {
    tokens(subject).any(|token| matches!(token, b"*" | b">"))
}

/// Can a message have it: tokens that are not empty, no wildcard, no blank?
pub fn is_one(subject: &[u8]) -> bool {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    !is_wildcard(subject)
        && !subject.iter().any(is_blank)
        && tokens(subject).all(|token| !token.is_empty())
}

/// Does a pattern let a subject through?
pub fn matches(pattern: &[u8], subject: &[u8]) -> bool {
    let mut wanted = tokens(pattern);
    let mut given = tokens(subject);
    loop {
        match (wanted.next(), given.next()) {
            (Some(b">"), Some(_)) | (None, None) => return true,
            (Some(b"*"), Some(_)) => {}
            (Some(token), Some(word)) if token == word => {}
            _ => return false,
        }
    }
}

/// Spells any bytes as one token: what may not stand in one, and `%`, becomes
/// `%` and two hexadecimal digits; no bytes at all become a lone `%`.
pub fn token_of(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "%".to_owned();
    }
    let mut token = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '.' | '*' | '>' | '%' | ' ' | '\0'..='\x1F' | '\x7F' => {
                    token.push_str(&format!("%{:02X}", u32::from(letter)));
                }
                _ => token.push(letter),
            }
        }
        for byte in chunk.invalid() {
            token.push_str(&format!("%{byte:02X}"));
        }
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_tokens_and_not_for_letters() {
        for (pattern, subject, through) in [
            ("a.*", "a.b", true),
            ("a.*", "a.b.c", false),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            ("a*", "ab", false),
            ("*.b", "*.b", true),
        ] {
            let found = matches(pattern.as_bytes(), subject.as_bytes());
            assert_eq!(found, through, "{pattern} {subject}");
        }
    }

    #[test]
    fn any_key_is_one_token() {
        assert_eq!(token_of(b"user:42"), "user:42");
        assert_eq!(token_of(b"a.b *>%"), "a%2Eb%20%2A%3E%25");
        assert_eq!(token_of(b"\xFFx"), "%FFx");
        assert_eq!(token_of("é".as_bytes()), "é");
        assert_eq!(token_of(b""), "%");
    }
}
