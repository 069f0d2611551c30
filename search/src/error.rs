//! Errors of searching: each kind says whose fault it is.

/// Why a search, or an index, is not as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The query makes no sense for this index; Elasticsearch's name for why, and a sentence.
    #[error("{reason}")]
    Query {
        /// As `parsing_exception` or `illegal_argument_exception`.
        kind: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The index is not there yet, or did not come as far as asked in time.
    #[error("{0}")]
    Unavailable(String),
    /// More than can be kept or asked at once.
    #[error("{0}")]
    TooMany(String),
    /// The asker's schema is not the one that is indexed.
    #[error("{0}")]
    Schema(String),
    /// What is stored does not add up.
    #[error("{0}")]
    Corrupt(String),
    /// The core said no.
    #[error(transparent)]
    Core(#[from] stele_core::Error),
}

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A query that means nothing here.
    pub fn query(reason: impl Into<String>) -> Self {
        Self::Query {
            kind: "query_shard_exception",
            reason: reason.into(),
        }
    }

    /// A query that does not parse.
    pub fn parsing(reason: impl Into<String>) -> Self {
        Self::Query {
            kind: "parsing_exception",
            reason: reason.into(),
        }
    }

    /// An argument that is out of place.
    pub fn argument(reason: impl Into<String>) -> Self {
        Self::Query {
            kind: "illegal_argument_exception",
            reason: reason.into(),
        }
    }
}

impl From<tantivy::TantivyError> for Error {
    fn from(error: tantivy::TantivyError) -> Self {
        match error {
            tantivy::TantivyError::InvalidArgument(reason) => Self::argument(reason),
            error => Self::Corrupt(format!("the search index: {error}")),
        }
    }
}
