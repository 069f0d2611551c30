//! Limits on a statement's shape, found by one pass over its tokens.
//!
//! Parentheses nest by recursion, and so do chains: `a + b + c` is a tree as deep as it is
//! long. Both are bounded here, before anything recurses over them.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use crate::error::SqlError;

/// Parentheses and brackets open at once.
const NESTING_MAX: usize = 100;
/// Operators on the way from a statement's root to its deepest leaf, at most.
const DEPTH_MAX: usize = 1_000;

/// What has been seen since the last parenthesis or comma.
#[derive(Clone, Copy, Default)]
struct Level {
    /// AND, OR, UNION and the like: they bind loosest, so they chain over whole terms.
    logical: usize,
    /// Other operators since the last of those.
    chain: usize,
}

/// Beyond this nesting or depth a statement needs more stack than a task has.
const ORDINARY_NESTING_MAX: usize = 12;
const ORDINARY_DEPTH_MAX: usize = 60;

/// Whether the statement is deep: allowed, but in need of a larger stack.
///
/// # Errors
/// 54001 when the statement is nested or chained too deep.
pub fn check(tokens: &[TokenWithSpan]) -> Result<bool, SqlError> {
    let mut is_deep = false;
    let mut levels = vec![Level::default()];
    let mut below = 0;
    for token in tokens {
        let Some(level) = levels.last_mut() else {
            return Ok(is_deep);
        };
        match &token.token {
            Token::LParen | Token::LBracket => {
                below += level.logical + level.chain + 1;
                levels.push(Level::default());
                is_deep |= levels.len() > ORDINARY_NESTING_MAX;
                if levels.len() > NESTING_MAX {
                    return Err(SqlError::too_complex());
                }
                continue;
            }
            Token::RParen | Token::RBracket => {
                if levels.len() > 1 {
                    levels.pop();
                }
                if let Some(outer) = levels.last() {
                    below = usize::saturating_sub(below, outer.logical + outer.chain + 1);
                }
                continue;
            }
            Token::Comma | Token::SemiColon => *level = Level::default(),
            Token::Word(word) => level.word(word),
            token if is_operator(token) => level.chain += 1,
            _ => {}
        }
        is_deep |= below + level.logical + level.chain > ORDINARY_DEPTH_MAX;
        if below + level.logical + level.chain > DEPTH_MAX {
            return Err(SqlError::too_complex());
        }
    }
    Ok(is_deep)
}

impl Level {
    fn word(&mut self, word: &Word) {
        if word.quote_style.is_some() {
            return;
        }
        match word.value.to_ascii_lowercase().as_str() {
            "and" | "or" | "union" | "intersect" | "except" | "join" => {
                self.logical += 1;
                self.chain = 0;
            }
            "not" | "case" | "explain" | "is" | "like" | "in" | "between" | "collate" => {
                self.chain += 1
            }
            "select" | "from" | "where" | "values" | "set" => self.chain = 0,
            _ => {}
        }
    }
}

fn is_operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::DollarQuotedString(_)
            | Token::Placeholder(_)
            | Token::Period
            | Token::Whitespace(_)
            | Token::EOF
    )
}
