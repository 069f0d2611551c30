//! Statements about the session and the transaction, read by hand.

use sqlparser::ast::Expr;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::failure;
use crate::error::SqlError;
use crate::session::{IsolationLevel, Modes};

/// A statement about the session or the transaction.
#[derive(Clone, Debug)]
pub enum Utility {
    /// BEGIN; `true` = START TRANSACTION, whose tag differs.
    Begin(Modes, bool),
    /// COMMIT, END; `true` = AND CHAIN.
    Commit(bool),
    /// ROLLBACK, ABORT; `true` = AND CHAIN.
    Rollback(bool),
    /// SAVEPOINT.
    Savepoint(String),
    /// RELEASE.
    Release(String),
    /// ROLLBACK TO.
    RollbackTo(String),
    /// SET TRANSACTION.
    SetTransaction(Modes),
    /// SET SESSION CHARACTERISTICS AS TRANSACTION.
    SetCharacteristics(Modes),
    /// SET; no values = DEFAULT.
    Set {
        /// The setting.
        name: String,
        /// Its new value's parts.
        values: Vec<String>,
        /// Until the transaction ends.
        is_local: bool,
    },
    /// SET CONSTRAINTS: every constraint is checked at once already.
    SetConstraints {
        /// DEFERRED was asked for.
        deferred: bool,
    },
    /// RESET, `None` = ALL.
    Reset(Option<String>),
    /// SHOW, `None` = ALL.
    Show(Option<String>),
    /// DISCARD what.
    Discard(String),
    /// EXECUTE a statement with these arguments.
    Execute {
        /// The statement's name.
        name: String,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// DEALLOCATE, `None` = ALL.
    Deallocate(Option<String>),
    /// FETCH or MOVE.
    Fetch(Fetch),
    /// CLOSE, `None` = ALL.
    CloseCursor(Option<String>),
    /// LISTEN.
    Listen(String),
    /// UNLISTEN, `None` = `*`.
    Unlisten(Option<String>),
    /// NOTIFY.
    Notify {
        /// The channel.
        channel: String,
        /// What is told.
        payload: String,
    },
    /// VACUUM, ANALYZE, CHECKPOINT: nothing here needs them.
    Maintain {
        /// The command tag.
        tag: &'static str,
        /// The tables named.
        tables: Vec<String>,
    },
}

/// FETCH or MOVE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The cursor.
    pub name: String,
    /// How many rows forward; `None` = all that are left.
    pub count: Option<u64>,
    /// MOVE: go without looking.
    pub is_move: bool,
}

/// First words of statements PostgreSQL has and this door does not.
const UNSUPPORTED: [&str; 12] = [
    "do", "call", "refresh", "reindex", "cluster", "security", "lock", "import", "load",
    "reassign", "merge", "comment",
];

impl Cursor<'_> {
    /// The utility statement here, if it is one.
    pub(super) fn utility(&mut self) -> Result<Option<Utility>, SqlError> {
        let word = self.word();
        if UNSUPPORTED.contains(&word.as_str()) {
            return Err(SqlError::unsupported(format!(
                "{} is not supported",
                word.to_uppercase()
            )));
        }
        if let Some(transaction) = self.transaction(&word)? {
            return Ok(Some(transaction));
        }
        let found = match word.as_str() {
            "set" => {
                self.skip(1);
                self.set()?
            }
            "reset" => {
                self.skip(1);
                Utility::Reset(self.setting_or_all()?)
            }
            "show" => {
                self.skip(1);
                Utility::Show(self.setting_or_all()?)
            }
            "discard" => {
                self.skip(1);
                Utility::Discard(self.name()?)
            }
            "execute" => {
                self.skip(1);
                self.execute()?
            }
            "deallocate" => {
                self.skip(1);
                self.take("prepare");
                Utility::Deallocate(self.name_or_all()?)
            }
            "fetch" | "move" => {
                self.skip(1);
                Utility::Fetch(self.fetch(word == "move")?)
            }
            "close" => {
                self.skip(1);
                Utility::CloseCursor(self.name_or_all()?)
            }
            "listen" => {
                self.skip(1);
                Utility::Listen(self.own_name()?)
            }
            "unlisten" => {
                self.skip(1);
                match self.take_token(&Token::Mul) {
                    true => Utility::Unlisten(None),
                    false => Utility::Unlisten(Some(self.own_name()?)),
                }
            }
            "notify" => {
                self.skip(1);
                let channel = self.own_name()?;
                let payload = match self.take_token(&Token::Comma) {
                    true => self.string()?,
                    false => String::new(),
                };
                Utility::Notify { channel, payload }
            }
            "vacuum" => self.maintain("VACUUM")?,
            "analyze" | "analyse" => self.maintain("ANALYZE")?,
            "checkpoint" => self.maintain("CHECKPOINT")?,
            _ => return Ok(None),
        };
        Ok(Some(found))
    }

    fn transaction(&mut self, word: &str) -> Result<Option<Utility>, SqlError> {
        let found = match word {
            "begin" => {
                self.skip(1);
                let _ = self.take("work") || self.take("transaction");
                Utility::Begin(self.modes()?, false)
            }
            "start" => {
                self.skip(1);
                self.expect("transaction")?;
                Utility::Begin(self.modes()?, true)
            }
            "commit" | "end" => {
                self.skip(1);
                self.refuse_prepared()?;
                Utility::Commit(self.chain()?)
            }
            "rollback" | "abort" => {
                self.skip(1);
                self.refuse_prepared()?;
                let _ = self.take("work") || self.take("transaction");
                if self.take("to") {
                    self.take("savepoint");
                    Utility::RollbackTo(self.own_name()?)
                } else {
                    Utility::Rollback(self.chain()?)
                }
            }
            "savepoint" => {
                self.skip(1);
                Utility::Savepoint(self.own_name()?)
            }
            "release" => {
                self.skip(1);
                self.take("savepoint");
                Utility::Release(self.own_name()?)
            }
            "prepare" => {
                return Err(SqlError::unsupported(
                    "PREPARE TRANSACTION is not supported",
                ));
            }
            _ => return Ok(None),
        };
        Ok(Some(found))
    }

    fn refuse_prepared(&self) -> Result<(), SqlError> {
        match self.word() == "prepared" {
            true => Err(SqlError::unsupported(
                "prepared transactions are not supported",
            )),
            false => Ok(()),
        }
    }

    fn chain(&mut self) -> Result<bool, SqlError> {
        let _ = self.take("work") || self.take("transaction");
        if !self.take("and") {
            return Ok(false);
        }
        let no = self.take("no");
        self.expect("chain")?;
        Ok(!no)
    }

    fn modes(&mut self) -> Result<Modes, SqlError> {
        let mut modes = Modes::default();
        while self.token().is_some() {
            self.take_token(&Token::Comma);
            if self.take_all(&["isolation", "level"]) {
                modes.isolation = Some(self.isolation()?);
            } else if self.take_all(&["read", "only"]) {
                modes.read_only = Some(true);
            } else if self.take_all(&["read", "write"]) {
                modes.read_only = Some(false);
            } else if !(self.take_all(&["not", "deferrable"]) || self.take("deferrable")) {
                return Err(self.unexpected());
            }
        }
        Ok(modes)
    }

    fn isolation(&mut self) -> Result<IsolationLevel, SqlError> {
        if self.take("serializable") {
            Ok(IsolationLevel::Serializable)
        } else if self.take_all(&["repeatable", "read"]) {
            Ok(IsolationLevel::RepeatableRead)
        } else if self.take_all(&["read", "committed"]) {
            Ok(IsolationLevel::ReadCommitted)
        } else if self.take_all(&["read", "uncommitted"]) {
            Ok(IsolationLevel::ReadUncommitted)
        } else {
            Err(self.unexpected())
        }
    }

    fn set(&mut self) -> Result<Utility, SqlError> {
        if self.take_all(&["session", "characteristics", "as", "transaction"]) {
            return Ok(Utility::SetCharacteristics(self.modes()?));
        }
        if self.take("constraints") {
            return self.set_constraints();
        }
        if self.take("transaction") {
            if self.word() == "snapshot" {
                return Err(SqlError::unsupported(
                    "SET TRANSACTION SNAPSHOT is not supported",
                ));
            }
            return Ok(Utility::SetTransaction(self.modes()?));
        }
        let is_local = self.take("local");
        if !is_local && self.word() == "session" && self.word_at(1) == "authorization" {
            return Err(SqlError::unsupported(
                "SET SESSION AUTHORIZATION is not supported",
            ));
        }
        if !is_local {
            self.take("session");
        }
        let (name, values) = self.assignment()?;
        Ok(Utility::Set {
            name,
            values,
            is_local,
        })
    }

    fn assignment(&mut self) -> Result<(String, Vec<String>), SqlError> {
        if self.take_all(&["time", "zone"]) {
            let value = self.value()?;
            let is_default = matches!(value.to_lowercase().as_str(), "default" | "local");
            return Ok((
                "timezone".to_owned(),
                if is_default { vec![] } else { vec![value] },
            ));
        }
        if self.take("names") {
            return Ok(("client_encoding".to_owned(), vec![self.value()?]));
        }
        if self.take("role") {
            return Ok(("role".to_owned(), vec![self.value()?]));
        }
        let name = self.setting()?;
        if !self.take("to") {
            self.expect_token(&Token::Eq)?;
        }
        if self.word() == "default" {
            self.skip(1);
            return Ok((name, Vec::new()));
        }
        let mut values = vec![self.value()?];
        while self.take_token(&Token::Comma) {
            values.push(self.value()?);
        }
        Ok((name, values))
    }

    fn set_constraints(&mut self) -> Result<Utility, SqlError> {
        while self.token().is_some() && !matches!(self.word().as_str(), "deferred" | "immediate") {
            self.skip(1);
        }
        let deferred = self.take("deferred");
        if !deferred {
            self.expect("immediate")?;
        }
        Ok(Utility::SetConstraints { deferred })
    }

    /// A setting's name, with its prefix.
    fn setting(&mut self) -> Result<String, SqlError> {
        let mut name = self.name()?;
        while self.take_token(&Token::Period) {
            name = format!("{name}.{}", self.name()?);
        }
        Ok(name.to_lowercase())
    }

    fn setting_or_all(&mut self) -> Result<Option<String>, SqlError> {
        if self.take("all") {
            return Ok(None);
        }
        if self.take_all(&["time", "zone"]) {
            return Ok(Some("timezone".to_owned()));
        }
        if self.take_all(&["transaction", "isolation", "level"]) {
            return Ok(Some("transaction_isolation".to_owned()));
        }
        if self.take_all(&["session", "authorization"]) {
            return Ok(Some("session_authorization".to_owned()));
        }
        self.setting().map(Some)
    }

    fn name_or_all(&mut self) -> Result<Option<String>, SqlError> {
        match self.take("all") {
            true => Ok(None),
            false => self.name().map(Some),
        }
    }

    /// One part of a setting's value, as text.
    fn value(&mut self) -> Result<String, SqlError> {
        let sign = match self.take_token(&Token::Minus) {
            true => "-",
            false => "",
        };
        match self.token() {
            Some(Token::Number(digits, _)) => {
                self.skip(1);
                Ok(format!("{sign}{digits}"))
            }
            Some(Token::Word(_)) if sign.is_empty() => self.name(),
            _ => self.string(),
        }
    }

    fn execute(&mut self) -> Result<Utility, SqlError> {
        let name = self.name()?;
        let mut args = Vec::new();
        if self.take_token(&Token::LParen) {
            let mut parser = super::parser(self.rest().to_vec());
            let parsed = parser.parse_comma_separated(Parser::parse_expr);
            args = parsed.map_err(|error| failure::parser(self.text(), &error))?;
            self.skip(parser.index());
            self.expect_token(&Token::RParen)?;
        }
        Ok(Utility::Execute { name, args })
    }

    fn fetch(&mut self, is_move: bool) -> Result<Fetch, SqlError> {
        let backward = || {
            SqlError::new("55000", "cursor can only scan forward")
                .with_hint("Declare it with SCROLL option to enable backward scan.")
        };
        if matches!(
            self.word().as_str(),
            "prior" | "first" | "last" | "absolute" | "relative" | "backward"
        ) {
            return Err(backward());
        }
        let count = if self.take("next") {
            Some(1)
        } else if self.take("all") {
            None
        } else {
            let is_forward = self.take("forward");
            if is_forward && self.take("all") {
                None
            } else if matches!(self.token(), Some(Token::Number(..) | Token::Minus)) {
                Some(u64::try_from(self.integer()?).map_err(|_| backward())?)
            } else {
                Some(1)
            }
        };
        let _ = self.take("from") || self.take("in");
        Ok(Fetch {
            name: self.name()?,
            count,
            is_move,
        })
    }

    fn maintain(&mut self, tag: &'static str) -> Result<Utility, SqlError> {
        self.skip(1);
        if self.take_token(&Token::LParen) {
            while !self.take_token(&Token::RParen) {
                if self.token().is_none() {
                    return Err(self.unexpected());
                }
                self.skip(1);
            }
        }
        while ["full", "freeze", "verbose", "analyze", "analyse"].contains(&self.word().as_str()) {
            self.skip(1);
        }
        let mut tables = Vec::new();
        while self.token().is_some() {
            tables.push(self.dotted()?);
            if self.take_token(&Token::LParen) {
                while !self.take_token(&Token::RParen) {
                    self.name()?;
                    self.take_token(&Token::Comma);
                }
            }
            if !self.take_token(&Token::Comma) {
                break;
            }
        }
        Ok(Utility::Maintain { tag, tables })
    }

    /// EXPLAIN's options: whether ANALYZE is among them.
    pub(super) fn explain_options(&mut self) -> Result<bool, SqlError> {
        if !self.take_token(&Token::LParen) {
            let analyze = self.take("analyze");
            self.take("verbose");
            return Ok(analyze);
        }
        let mut analyze = false;
        loop {
            let option = self.name()?;
            let value = match self.token() {
                Some(Token::Comma | Token::RParen) => "on".to_owned(),
                _ => self.value()?.to_lowercase(),
            };
            let on = matches!(value.as_str(), "on" | "true" | "1");
            match option.as_str() {
                "analyze" => analyze = on,
                "format" if value != "text" => {
                    return Err(SqlError::unsupported(
                        "EXPLAIN formats other than text are not supported",
                    ));
                }
                _ => {}
            }
            if !self.take_token(&Token::Comma) {
                self.expect_token(&Token::RParen)?;
                return Ok(analyze);
            }
        }
    }

    /// DECLARE's options up to FOR: whether the cursor is held.
    pub(super) fn cursor_options(&mut self) -> Result<bool, SqlError> {
        loop {
            if self.take("binary") {
                return Err(SqlError::unsupported("binary cursors are not supported"));
            }
            if self.take_all(&["no", "scroll"])
                || self.take("insensitive")
                || self.take("asensitive")
            {
                continue;
            }
            if self.take("scroll") {
                return Err(SqlError::unsupported(
                    "scrollable cursors are not supported",
                ));
            }
            break;
        }
        self.expect("cursor")?;
        let hold = self.take_all(&["with", "hold"]);
        let _ = self.take_all(&["without", "hold"]);
        self.expect("for")?;
        Ok(hold)
    }
}
