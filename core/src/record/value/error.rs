//! The error every value operation returns: a SQLSTATE and PostgreSQL's own words.

use std::fmt;

/// A refused value operation, worded as PostgreSQL words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    /// Five-character SQLSTATE, for example `22003`.
    pub code: &'static str,
    /// Primary message, lower case, no final stop.
    pub message: String,
    /// The DETAIL line, when PostgreSQL gives one.
    pub detail: Option<String>,
    /// The HINT line, when PostgreSQL gives one.
    pub hint: Option<String>,
}

/// What value operations return.
pub type Result<T> = std::result::Result<T, ValueError>;

impl ValueError {
    /// An error with this SQLSTATE and message.
    pub fn new(code: &'static str, message: impl Into<String>) -> ValueError {
        ValueError {
            code,
            message: message.into(),
            detail: None,
            hint: None,
        }
    }

    /// The same error with a DETAIL line.
    pub fn with_detail(mut self, detail: impl Into<String>) -> ValueError {
        self.detail = Some(detail.into());
        self
    }

    /// The same error with a HINT line.
    pub fn with_hint(mut self, hint: impl Into<String>) -> ValueError {
        self.hint = Some(hint.into());
        self
    }

    /// 22P02: the text is not a value of the type.
    pub fn syntax(type_name: &str, text: &str) -> ValueError {
        ValueError::new(
            "22P02",
            format!("invalid input syntax for type {type_name}: \"{text}\""),
        )
    }

    /// 22003: the value does not fit the type (`integer out of range`).
    pub fn out_of_range(type_name: &str) -> ValueError {
        ValueError::new("22003", format!("{type_name} out of range"))
    }

    /// 22003: the text's value does not fit the type.
    pub fn text_out_of_range(type_name: &str, text: &str) -> ValueError {
        ValueError::new(
            "22003",
            format!("value \"{text}\" is out of range for type {type_name}"),
        )
    }

    /// 22012: division by zero.
    pub fn division_by_zero() -> ValueError {
        ValueError::new("22012", "division by zero")
    }

    /// 0A000: something PostgreSQL has and we do not.
    pub fn unsupported(what: impl Into<String>) -> ValueError {
        ValueError::new("0A000", what)
    }

    /// 42804: a value of another type stands where one of this type must.
    ///
    /// Bound expressions never cause it; a damaged or foreign one may.
    pub fn mismatch(expected: &str) -> ValueError {
        ValueError::new("42804", format!("expected a value of type {expected}"))
    }

    /// 22P03: the binary form of a value is malformed.
    pub fn binary(type_name: &str) -> ValueError {
        ValueError::new(
            "22P03",
            format!("incorrect binary data format for type {type_name}"),
        )
    }

    /// XX001: stored bytes cannot be decoded.
    pub fn corrupt(what: &str) -> ValueError {
        ValueError::new("XX001", format!("stored value is damaged: {what}"))
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for ValueError {}
