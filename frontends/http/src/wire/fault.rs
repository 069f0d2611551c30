//! Errors, in Elasticsearch's shape.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};
use stele_core::ErrorKind;
use stele_core::txn::RowError;

use super::Answer;

/// Why a request was not done.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The status.
    pub status: StatusCode,
    kind: &'static str,
    reason: String,
    index: Option<String>,
}

impl Fault {
    /// An error of a kind, as `illegal_argument_exception`.
    pub fn new(status: StatusCode, kind: &'static str, reason: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            reason: reason.into(),
            index: None,
        }
    }

    /// An argument that is out of place.
    pub fn argument(reason: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "illegal_argument_exception",
            reason,
        )
    }

    /// A body that does not parse.
    pub fn parsing(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "parsing_exception", reason)
    }

    /// A document that does not fit its mapping.
    pub fn document(reason: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "document_parsing_exception",
            reason,
        )
    }

    /// There is no such index.
    pub fn no_index(name: &str) -> Self {
        let mut fault = Self::new(
            StatusCode::NOT_FOUND,
            "index_not_found_exception",
            format!("no such index [{name}]"),
        );
        fault.index = Some(name.to_owned());
        fault
    }

    /// Somebody else was faster, or the document is not as expected.
    pub fn conflict(id: &str, reason: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "version_conflict_engine_exception",
            format!("[{id}]: version conflict, {reason}"),
        )
    }

    /// Not known here.
    pub fn unsupported(what: &str) -> Self {
        Self::argument(format!("{what} is not supported"))
    }

    /// The error alone, as in an item of a bulk request.
    pub fn cause(&self) -> Json {
        let mut cause = json!({"type": self.kind, "reason": self.reason});
        if let Some(index) = &self.index {
            cause["index"] = json!(index);
            cause["resource.type"] = json!("index_or_alias");
            cause["resource.id"] = json!(index);
            cause["index_uuid"] = json!("_na_");
        }
        cause
    }
}

impl From<stele_core::Error> for Fault {
    fn from(error: stele_core::Error) -> Self {
        let (status, kind) = match error.kind {
            ErrorKind::Conflict => (StatusCode::CONFLICT, "version_conflict_engine_exception"),
            ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "illegal_argument_exception"),
            ErrorKind::Retry | ErrorKind::Deadlock | ErrorKind::Locked => (
                StatusCode::TOO_MANY_REQUESTS,
                "es_rejected_execution_exception",
            ),
            ErrorKind::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable_shards_exception",
            ),
            ErrorKind::Unknown => (StatusCode::GATEWAY_TIMEOUT, "timeout_exception"),
            ErrorKind::Corrupt => (StatusCode::INTERNAL_SERVER_ERROR, "exception"),
        };
        Self::new(status, kind, error.message)
    }
}

impl From<RowError> for Fault {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Core(error) => error.into(),
            RowError::Value(error) => Self::document(error.message),
            RowError::Violation(violation) => Self::document(violation.message),
        }
    }
}

impl From<stele_search::Error> for Fault {
    fn from(error: stele_search::Error) -> Self {
        match error {
            stele_search::Error::Query { kind, reason } => {
                Self::new(StatusCode::BAD_REQUEST, kind, reason)
            }
            stele_search::Error::Unavailable(reason) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "no_shard_available_action_exception",
                reason,
            ),
            stele_search::Error::TooMany(reason) | stele_search::Error::Schema(reason) => {
                Self::argument(reason)
            }
            stele_search::Error::Corrupt(reason) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "exception", reason)
            }
            stele_search::Error::Core(error) => error.into(),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::warn!(kind = self.kind, reason = self.reason, "a request failed");
        }
        let cause = self.cause();
        let mut error = cause.clone();
        error["root_cause"] = json!([cause]);
        let body = json!({"error": error, "status": self.status.as_u16()});
        Answer::json(body).with_status(self.status).into_response()
    }
}
