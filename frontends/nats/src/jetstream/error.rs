//! JetStream's errors: a code of HTTP, a code of its own, a sentence.

use serde_json::{Value, json};

/// An error as the API answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// As HTTP would say it.
    pub code: u16,
    /// Which error it is.
    pub err_code: u16,
    /// What happened.
    pub description: String,
}

/// What the API answers, or why not.
pub type Answer<T> = Result<T, ApiError>;

impl ApiError {
    /// An error with its codes.
    pub fn new(code: u16, err_code: u16, description: impl Into<String>) -> Self {
        Self {
            code,
            err_code,
            description: description.into(),
        }
    }

    /// As it stands in an answer.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({"code": self.code, "err_code": self.err_code, "description": self.description})
    }

    pub fn bad_request() -> Self {
        Self::new(400, 10003, "bad request")
    }

    pub fn stream_not_found() -> Self {
        Self::new(404, 10059, "stream not found")
    }

    pub fn consumer_not_found() -> Self {
        Self::new(404, 10014, "consumer not found")
    }

    pub fn no_message() -> Self {
        Self::new(404, 10037, "no message found")
    }

    /// A stream's config that cannot be.
    pub fn stream_config(why: impl Into<String>) -> Self {
        Self::new(500, 10052, why)
    }

    /// JSON that does not read. An unknown member is named as nats-server names it.
    pub fn invalid_json(error: &serde_json::Error) -> Self {
        let said = error.to_string();
        let unknown = said
            .strip_prefix("unknown field `")
            .and_then(|rest| rest.split_once('`'));
        let why = match unknown {
            Some((name, _)) => format!("json: unknown field {name:?}"),
            None => said,
        };
        Self::new(400, 10025, format!("invalid JSON: {why}"))
    }
}

impl From<stele_core::Error> for ApiError {
    fn from(error: stele_core::Error) -> Self {
        Self::new(503, 10077, error.to_string())
    }
}
