//! # Parsing: from a text to statements
//!
//! **What.** A text is cut into tokens once, then into statements. Session statements (SET,
//! BEGIN, COPY, PREPARE, roles, ...) are read here; queries, DML and DDL by sqlparser, from
//! the same tokens.
//!
//! **Why.** sqlparser refuses two dozen of PostgreSQL's statements, pgbench's own among them,
//! and knows others in other dialects' shapes. A hand-written reader for what has no
//! expressions in it is short, exact, and cannot be derailed by another dialect's keyword.
//!
//! **How.**
//! ```text
//!   text --Tokenizer--> tokens --limits--> split at ; --+--> utility, copy, role: by hand
//!                                                       +--> Parser: everything else
//! ```
//! A text with an error anywhere runs nothing, as in PostgreSQL. A leading comment
//! `/*+ read=local write=tentative fsync=off */` travels with its statement.
//!
//! **Limits.** `limits` bounds nesting and the length of operator chains before the parser
//! recurses (54001), because both become recursion later.
//!
//! **Further reading.** PostgreSQL manual, chapter 4.1 (lexical structure).

mod copy;
mod cursor;
mod dialect;
mod failure;
mod hint;
mod limits;
mod publication;
mod reserved;
mod respell;
mod role;
mod utility;

use std::sync::Arc;

use sqlparser::ast;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

pub use copy::{CopyFormat, CopyOptions, CopySource, CopyStatement};
use cursor::Cursor;
pub use hint::Hint;
pub use publication::PublicationStatement;
pub use respell::SEARCH;
pub use role::{RoleOptions, RoleStatement};
pub use utility::{Fetch, Utility};

use crate::error::SqlError;
use crate::wire::stack::with_room;

/// How deep sqlparser may recurse; `limits` has bounded the text already.
const PARSER_DEPTH_MAX: usize = 300;

/// One statement, its text, and what its leading comment asks for.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// The statement's own text.
    pub text: Arc<str>,
    /// The whole text it came in, which positions count in.
    pub source: Arc<str>,
    /// What it is.
    pub statement: Statement,
    /// Levels for this statement alone.
    pub hint: Option<Hint>,
    /// Nested so deep that it needs a larger stack.
    pub is_deep: bool,
}

impl Parsed {
    /// The same statement, and those inside it, with this need of stack.
    fn deep(mut self, is_deep: bool) -> Self {
        self.is_deep = is_deep;
        if let Statement::Prepare { inner, .. }
        | Statement::Explain { inner, .. }
        | Statement::Declare { inner, .. } = &mut self.statement
        {
            inner.is_deep = is_deep;
        }
        self
    }
}

/// What a statement is.
#[derive(Clone, Debug, Default)]
pub enum Statement {
    /// Nothing at all.
    #[default]
    Empty,
    /// A query, DML or DDL.
    Sql(Box<ast::Statement>),
    /// A statement about the session or the transaction.
    Utility(Utility),
    /// COPY.
    Copy(Box<CopyStatement>),
    /// A statement about roles.
    Role(RoleStatement),
    /// A statement about publications.
    Publication(PublicationStatement),
    /// SQL PREPARE.
    Prepare {
        /// The new statement's name.
        name: String,
        /// Declared parameter types.
        types: Vec<ast::DataType>,
        /// The statement itself.
        inner: Box<Parsed>,
    },
    /// EXPLAIN.
    Explain {
        /// Run it, too.
        analyze: bool,
        /// The statement to explain.
        inner: Box<Parsed>,
    },
    /// DECLARE a cursor.
    Declare {
        /// The cursor's name.
        name: String,
        /// Outlives the transaction.
        hold: bool,
        /// Its query.
        inner: Box<Parsed>,
    },
}

/// Reads every statement of a text. An empty text has none.
///
/// # Errors
/// 42601 with a position, 54001 for nesting, 0A000 for known statements that are not supported.
pub fn parse(text: &str) -> Result<Vec<Parsed>, SqlError> {
    let dialect = dialect::Postgres;
    let tokens = Tokenizer::new(&dialect, text)
        .with_unescape(true)
        .tokenize_with_location()
        .map_err(|error| failure::tokenizer(text, &error))?;
    let is_deep = limits::check(&tokens)?;
    let source: Arc<str> = text.into();
    let mut statements = Vec::new();
    for piece in tokens.split(|token| token.token == Token::SemiColon) {
        let parsed = with_room(is_deep, || statement(&source, piece))?;
        if let Some(parsed) = parsed {
            statements.push(parsed.deep(is_deep));
        }
    }
    Ok(statements)
}

fn statement(source: &Arc<str>, piece: &[TokenWithSpan]) -> Result<Option<Parsed>, SqlError> {
    let text: &str = source;
    let hint = hint::of(piece)?;
    let tokens: Vec<TokenWithSpan> = piece
        .iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_)))
        .cloned()
        .collect();
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Ok(None);
    };
    let start = failure::offset(text, first.span.start);
    let end = failure::offset(text, last.span.end);
    let own = text.get(start..end).unwrap_or(text);
    let statement = Cursor::new(text, &tokens).statement()?;
    Ok(Some(Parsed {
        text: if own.len() == text.len() {
            Arc::clone(source)
        } else {
            own.into()
        },
        source: Arc::clone(source),
        statement,
        hint,
        is_deep: false,
    }))
}

impl Cursor<'_> {
    /// The statement at the cursor, up to the end of the tokens.
    fn statement(&mut self) -> Result<Statement, SqlError> {
        if let Some(nested) = self.nested()? {
            return Ok(nested);
        }
        if let Some(utility) = self.utility()? {
            self.end()?;
            return Ok(Statement::Utility(utility));
        }
        if self.word() == "copy" {
            return self.copy();
        }
        if let Some(role) = self.role()? {
            self.end()?;
            return Ok(Statement::Role(role));
        }
        if let Some(publication) = self.publication()? {
            self.end()?;
            return Ok(Statement::Publication(publication));
        }
        self.sql()
    }

    /// Statements that hold a statement.
    fn nested(&mut self) -> Result<Option<Statement>, SqlError> {
        match self.word().as_str() {
            "prepare" if self.word_at(1) != "transaction" => {
                self.skip(1);
                let name = self.own_name()?;
                let types = self.types()?;
                self.expect("as")?;
                let inner = self.inner()?;
                Ok(Some(Statement::Prepare { name, types, inner }))
            }
            "explain" => {
                self.skip(1);
                let analyze = self.explain_options()?;
                let inner = self.inner()?;
                Ok(Some(Statement::Explain { analyze, inner }))
            }
            "declare" => {
                self.skip(1);
                let name = self.own_name()?;
                let hold = self.cursor_options()?;
                let inner = self.inner()?;
                Ok(Some(Statement::Declare { name, hold, inner }))
            }
            _ => Ok(None),
        }
    }

    fn inner(&mut self) -> Result<Box<Parsed>, SqlError> {
        let text = self.rest_text().into();
        let statement = Cursor::new(self.text(), self.rest()).statement()?;
        match statement {
            Statement::Sql(_) | Statement::Utility(Utility::Execute { .. }) => {
                Ok(Box::new(Parsed {
                    source: self.text().into(),
                    text,
                    statement,
                    hint: None,
                    is_deep: false,
                }))
            }
            _ => Err(SqlError::syntax("only queries and DML may stand here")),
        }
    }

    /// Hands the tokens to sqlparser, spelled so that it understands them.
    fn sql(&mut self) -> Result<Statement, SqlError> {
        let mut parser = parser(self.respelled());
        let text = self.text();
        let statement = parser
            .parse_statement()
            .map_err(|error| failure::parser(text, &error))?;
        let next = parser.peek_token();
        if next.token != Token::EOF {
            return Err(failure::near(text, &next));
        }
        if let Some(span) = reserved::misused(&statement) {
            return Err(failure::near_span(text, span));
        }
        Ok(Statement::Sql(Box::new(statement)))
    }
}

fn parser(tokens: Vec<TokenWithSpan>) -> Parser<'static> {
    Parser::new(&dialect::Postgres)
        .with_recursion_limit(PARSER_DEPTH_MAX)
        .with_tokens_with_locations(tokens)
}

/// The text of a leading hint comment, if this token is one.
fn hint_text(token: &Token) -> Option<&str> {
    match token {
        Token::Whitespace(Whitespace::MultiLineComment(comment)) => comment.strip_prefix('+'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_semicolons_that_are_not_quoted() {
        let parsed = parse("select ';' ; ; begin; select $$;$$ -- ;\n").expect("parses");
        let texts: Vec<&str> = parsed.iter().map(|parsed| &*parsed.text).collect();
        assert_eq!(texts, ["select ';'", "begin", "select $$;$$"]);
        assert!(parse(" -- nothing\n").expect("parses").is_empty());
    }

    #[test]
    fn an_error_names_the_word_and_its_place() {
        let error = parse("select 1;\nselect from where").expect_err("refused");
        assert_eq!(error.code, "42601");
        assert_eq!(error.position, Some(23));
        let error = parse("selec 1").expect_err("refused");
        assert_eq!(error.message, "syntax error at or near \"selec\"");
        assert_eq!(error.position, Some(1));
        let error = parse("select 'open").expect_err("refused");
        assert!(
            error.message.starts_with("unterminated quoted string"),
            "{}",
            error.message
        );
    }

    #[test]
    fn calls_within_calls_are_read_once() {
        let calls = format!("{}1{}", "abs(".repeat(60), ")".repeat(60));
        for text in [
            format!("select {calls}"),
            format!("copy (select {calls}) to stdout"),
            format!("execute q({calls})"),
        ] {
            assert!(parse(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn nesting_is_refused_before_anything_recurses() {
        let deep = format!("select {}1{}", "(".repeat(50_000), ")".repeat(50_000));
        assert_eq!(parse(&deep).expect_err("refused").code, "54001");
        let chain = format!("select 1{}", "+1".repeat(100_000));
        assert_eq!(parse(&chain).expect_err("refused").code, "54001");
        let values = format!("select {}", vec!["1"; 1_600].join(","));
        assert!(parse(&values).is_ok());
    }
}
