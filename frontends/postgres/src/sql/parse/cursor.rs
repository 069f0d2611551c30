//! A cursor over the tokens of one statement, for the statements read by hand.

use sqlparser::ast::DataType;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::{failure, reserved};
use crate::error::SqlError;

/// A place among a statement's tokens, white space left out.
pub struct Cursor<'a> {
    text: &'a str,
    tokens: &'a [TokenWithSpan],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, tokens: &'a [TokenWithSpan]) -> Self {
        Self {
            text,
            tokens,
            at: 0,
        }
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn rest(&self) -> &'a [TokenWithSpan] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    /// The text from here to the end of the statement.
    pub fn rest_text(&self) -> &'a str {
        match (self.rest().first(), self.rest().last()) {
            (Some(first), Some(last)) => {
                let from = failure::offset(self.text, first.span.start);
                let to = failure::offset(self.text, last.span.end);
                self.text.get(from..to).unwrap_or_default()
            }
            _ => "",
        }
    }

    pub fn skip(&mut self, count: usize) {
        self.at += count;
    }

    pub fn token(&self) -> Option<&'a Token> {
        self.token_at(0)
    }

    pub fn token_at(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead).map(|token| &token.token)
    }

    /// The unquoted word here in lower case; empty when there is none.
    pub fn word(&self) -> String {
        self.word_at(0)
    }

    pub fn word_at(&self, ahead: usize) -> String {
        match self.token_at(ahead) {
            Some(Token::Word(Word {
                value,
                quote_style: None,
                ..
            })) => value.to_lowercase(),
            _ => String::new(),
        }
    }

    /// Takes this word if it is here.
    pub fn take(&mut self, word: &str) -> bool {
        let is_here = self.word() == word;
        if is_here {
            self.at += 1;
        }
        is_here
    }

    /// Takes these words if they are all here.
    pub fn take_all(&mut self, words: &[&str]) -> bool {
        let are_here = words
            .iter()
            .enumerate()
            .all(|(at, word)| self.word_at(at) == *word);
        if are_here {
            self.at += words.len();
        }
        are_here
    }

    pub fn take_token(&mut self, token: &Token) -> bool {
        let is_here = self.token() == Some(token);
        if is_here {
            self.at += 1;
        }
        is_here
    }

    pub fn expect(&mut self, word: &str) -> Result<(), SqlError> {
        match self.take(word) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    pub fn expect_token(&mut self, token: &Token) -> Result<(), SqlError> {
        match self.take_token(token) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    /// A name: folded to lower case unless quoted.
    pub fn name(&mut self) -> Result<String, SqlError> {
        match self.token() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(match word.quote_style {
                    Some(_) => word.value.clone(),
                    None => word.value.to_lowercase(),
                })
            }
            _ => Err(self.unexpected()),
        }
    }

    /// A name that is no reserved word, or quoted.
    pub fn own_name(&mut self) -> Result<String, SqlError> {
        match reserved::is_reserved(&self.word()) {
            true => Err(self.unexpected()),
            false => self.name(),
        }
    }

    /// `a` or `a.b`: `public.` is dropped, other parts stay.
    pub fn dotted(&mut self) -> Result<String, SqlError> {
        let mut name = self.own_name()?;
        while self.take_token(&Token::Period) {
            name = format!("{name}.{}", self.name()?);
        }
        Ok(name
            .strip_prefix("public.")
            .map_or(name.clone(), str::to_owned))
    }

    /// A string literal.
    pub fn string(&mut self) -> Result<String, SqlError> {
        let found = match self.token() {
            Some(
                Token::SingleQuotedString(text)
                | Token::EscapedStringLiteral(text)
                | Token::UnicodeStringLiteral(text),
            ) => text.clone(),
            Some(Token::DollarQuotedString(quoted)) => quoted.value.clone(),
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(found)
    }

    /// A whole number, perhaps signed.
    pub fn integer(&mut self) -> Result<i64, SqlError> {
        let negative = self.take_token(&Token::Minus);
        if !negative {
            self.take_token(&Token::Plus);
        }
        let Some(Token::Number(digits, _)) = self.token() else {
            return Err(self.unexpected());
        };
        let Ok(number) = digits.parse::<i64>() else {
            return Err(self.unexpected());
        };
        self.at += 1;
        Ok(if negative { -number } else { number })
    }

    /// `(type, type, ...)`, or nothing.
    pub fn types(&mut self) -> Result<Vec<DataType>, SqlError> {
        if !self.take_token(&Token::LParen) {
            return Ok(Vec::new());
        }
        let mut types = Vec::new();
        loop {
            let mut parser = super::parser(self.rest().to_vec());
            let ty = parser.parse_data_type();
            types.push(ty.map_err(|error| failure::parser(self.text, &error))?);
            self.at += parser.index();
            if !self.take_token(&Token::Comma) {
                self.expect_token(&Token::RParen)?;
                return Ok(types);
            }
        }
    }

    /// A cursor over what stands before the closing parenthesis, which is where this one goes.
    pub fn enclosed(&mut self) -> Result<Cursor<'a>, SqlError> {
        let mut open = 0usize;
        for (at, token) in self.rest().iter().enumerate() {
            match token.token {
                Token::LParen => open += 1,
                Token::RParen if open == 0 => {
                    let inside = self.rest().get(..at).unwrap_or_default();
                    self.at += at;
                    return Ok(Cursor::new(self.text, inside));
                }
                Token::RParen => open -= 1,
                _ => {}
            }
        }
        self.at = self.tokens.len();
        Err(self.unexpected())
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), SqlError> {
        match self.token() {
            None => Ok(()),
            Some(_) => Err(self.unexpected()),
        }
    }

    /// A syntax error at the cursor.
    pub fn unexpected(&self) -> SqlError {
        match self.tokens.get(self.at) {
            Some(token) => failure::near(self.text, token),
            None => {
                SqlError::syntax("syntax error at end of input").at(self.text.chars().count() + 1)
            }
        }
    }

    /// The remaining tokens in a spelling sqlparser knows.
    pub fn respelled(&self) -> Vec<TokenWithSpan> {
        let mut tokens = self.rest().to_vec();
        super::respell::respell(&mut tokens);
        tokens
    }
}
