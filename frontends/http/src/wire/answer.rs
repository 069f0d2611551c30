//! Answers: a status, and JSON or text.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value as Json;
use stele_core::record::Token;

use super::Fault;

/// What a handler says.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    kind: &'static str,
    text: String,
    token: Option<Token>,
}

impl Answer {
    fn new(kind: &'static str, text: String) -> Self {
        Self {
            status: StatusCode::OK,
            kind,
            text,
            token: None,
        }
    }

    /// JSON.
    pub fn json(json: Json) -> Self {
        Self::new("application/json", json.to_string())
    }

    /// Whatever JSON can spell.
    pub fn of(value: &impl Serialize) -> Result<Self, Fault> {
        let text = serde_json::to_string(value);
        let text = text.map_err(|error| {
            let reason = format!("the answer cannot be spelled: {error}");
            Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "exception", reason)
        })?;
        Ok(Self::new("application/json", text))
    }

    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new("text/plain; charset=UTF-8", text.into())
    }

    /// Text as OpenMetrics has it.
    pub fn metrics(text: String) -> Self {
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        Self::new(kind, text)
    }

    /// Another status than 200.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The position a write or a read has seen.
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.text));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if let Some(token) = self.token
            && let Ok(token) = HeaderValue::from_str(&token.to_string())
        {
            headers.insert("x-stele-token", token);
        }
        response
    }
}
