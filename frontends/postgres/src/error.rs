//! The error a client sees: a SQLSTATE, PostgreSQL's own words, and where it applies.

use std::fmt;
use std::ops::{Deref, DerefMut};

use stele_core::error::{Error, ErrorKind};
use stele_core::record::value::ValueError;

/// An error of the postgres door. Small to move: the fields are behind a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError(Box<SqlErrorFields>);

/// What an ErrorResponse says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SqlErrorFields {
    /// Five-character SQLSTATE.
    pub code: &'static str,
    /// Primary message: lower case, no final stop.
    pub message: String,
    /// The DETAIL line.
    pub detail: Option<String>,
    /// The HINT line.
    pub hint: Option<String>,
    /// Where in the statement, in characters from 1.
    pub position: Option<usize>,
    /// The schema of the table it concerns.
    pub schema: Option<String>,
    /// The table it concerns.
    pub table: Option<String>,
    /// The column it concerns.
    pub column: Option<String>,
    /// The type it concerns.
    pub data_type: Option<String>,
    /// The constraint it concerns.
    pub constraint: Option<String>,
    /// What was being done: the CONTEXT line.
    pub context: Option<String>,
}

/// What everything in this door returns.
pub type Result<T, E = SqlError> = std::result::Result<T, E>;

impl SqlError {
    /// An error with this SQLSTATE and message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(SqlErrorFields {
            code,
            message: message.into(),
            ..SqlErrorFields::default()
        }))
    }

    /// 0A000: something PostgreSQL has and this door does not.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new("0A000", what)
    }

    /// 42601: the statement is not SQL.
    pub fn syntax(message: impl Into<String>) -> Self {
        Self::new("42601", message)
    }

    /// 54001: nested deeper than this node evaluates.
    pub fn too_complex() -> Self {
        Self::new("54001", "stack depth limit exceeded")
            .with_hint("Expressions and subqueries may be nested only a few hundred levels deep.")
    }

    /// 57014: the client or a timeout asked for an end.
    pub fn canceled() -> Self {
        Self::new("57014", "canceling statement due to user request")
    }

    /// XX000: a bug of ours, reported rather than hidden.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("XX000", message)
    }

    /// The same error with a DETAIL line.
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The same error with a HINT line.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same error with a CONTEXT line, unless it has one already.
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.0.context.get_or_insert_with(|| context.into());
        self
    }

    /// The same error at this character of the statement (from 1), unless it has a place already.
    pub fn at(mut self, position: usize) -> Self {
        self.0.position.get_or_insert(position);
        self
    }

    /// The same error about this table of the schema `public`.
    pub fn with_table(mut self, table: impl Into<String>) -> Self {
        self.0.schema = Some("public".to_owned());
        self.0.table = Some(table.into());
        self
    }

    /// The same error about this column.
    pub fn with_column(mut self, column: impl Into<String>) -> Self {
        self.0.column = Some(column.into());
        self
    }

    /// The same error about this constraint.
    pub fn with_constraint(mut self, constraint: impl Into<String>) -> Self {
        self.0.constraint = Some(constraint.into());
        self
    }
}

impl Deref for SqlError {
    type Target = SqlErrorFields;

    fn deref(&self) -> &SqlErrorFields {
        &self.0
    }
}

impl DerefMut for SqlError {
    fn deref_mut(&mut self) -> &mut SqlErrorFields {
        &mut self.0
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for SqlError {}

impl From<ValueError> for SqlError {
    fn from(error: ValueError) -> Self {
        Self(Box::new(SqlErrorFields {
            code: error.code,
            message: error.message,
            detail: error.detail,
            hint: error.hint,
            ..SqlErrorFields::default()
        }))
    }
}

/// The way back, for expressions: what only an ErrorResponse can say is lost.
impl From<SqlError> for ValueError {
    fn from(error: SqlError) -> Self {
        let fields = *error.0;
        Self {
            code: fields.code,
            message: fields.message,
            detail: fields.detail,
            hint: fields.hint,
        }
    }
}

impl From<Error> for SqlError {
    fn from(error: Error) -> Self {
        let code = match error.kind {
            ErrorKind::Retry | ErrorKind::Conflict => "40001",
            ErrorKind::Deadlock => "40P01",
            ErrorKind::Locked => "55P03",
            ErrorKind::Invalid => "22023",
            ErrorKind::Unavailable => "57P03",
            ErrorKind::Unknown => "08007",
            ErrorKind::Corrupt => "XX001",
        };
        Self::new(code, error.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_core_says_becomes_a_sqlstate_clients_switch_on() {
        assert_eq!(SqlError::from(Error::conflict("x")).code, "40001");
        assert_eq!(SqlError::from(Error::unavailable("x")).code, "57P03");
        assert_eq!(SqlError::from(Error::unknown("x")).code, "08007");
    }

    #[test]
    fn a_value_error_survives_the_way_there_and_back() {
        let error = ValueError::new("22012", "division by zero").with_hint("h");
        assert_eq!(ValueError::from(SqlError::from(error.clone())), error);
    }
}
