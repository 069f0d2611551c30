//! Hints: a leading comment that sets levels for one statement.

use sqlparser::tokenizer::{Token, TokenWithSpan};
use stele_core::record::{Fsync, Level, ReadLevel, WriteLevel};

use crate::error::SqlError;

/// What `/*+ read=local write=tentative fsync=off */` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    read: Option<ReadLevel>,
    write: Option<WriteLevel>,
    fsync: Option<Fsync>,
}

impl Hint {
    /// The session's level, with what the hint says instead.
    pub fn apply(&self, level: &mut Level) {
        level.read = self.read.unwrap_or(level.read);
        level.write = self.write.unwrap_or(level.write);
        level.fsync = self.fsync.or(level.fsync);
    }

    fn parse(text: &str) -> Result<Self, SqlError> {
        let mut hint = Self::default();
        for word in text.split_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let wrong = || {
                SqlError::new(
                    "22023",
                    format!("invalid value for hint \"{name}\": \"{value}\""),
                )
            };
            match name {
                "read" => hint.read = Some(ReadLevel::parse(value).ok_or_else(wrong)?),
                "write" => hint.write = Some(WriteLevel::parse(value).ok_or_else(wrong)?),
                "fsync" => hint.fsync = Some(Fsync::parse(value).ok_or_else(wrong)?),
                _ => {
                    return Err(SqlError::new(
                        "22023",
                        format!("unrecognized hint \"{name}\""),
                    ));
                }
            }
        }
        Ok(hint)
    }
}

/// The hint before a statement's first word.
pub fn of(tokens: &[TokenWithSpan]) -> Result<Option<Hint>, SqlError> {
    let leading = tokens.iter().map(|token| &token.token);
    let mut leading = leading.take_while(|token| matches!(token, Token::Whitespace(_)));
    leading
        .find_map(super::hint_text)
        .map(Hint::parse)
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_changes_only_what_it_names() {
        let parsed = super::super::parse("/*+ read=local fsync=off */ select 1").expect("parses");
        let hint = parsed
            .first()
            .and_then(|parsed| parsed.hint.clone())
            .expect("has a hint");
        let mut level = Level::default();
        hint.apply(&mut level);
        assert_eq!(
            (level.read, level.fsync),
            (ReadLevel::Local, Some(Fsync::Off))
        );
        assert_eq!(level.write, WriteLevel::Confirmed);
        assert_eq!(
            super::super::parse("/*+ speed=max */ select 1")
                .expect_err("refused")
                .code,
            "22023"
        );
    }
}
