//! Answers: a status, and JSON or text.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;
use stele_core::record::Token;

/// What a handler says.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    content: Content,
    /// Documents as they are, which JSON values would spell anew.
    raw: Raws,
    token: Option<Token>,
}

#[derive(Debug)]
enum Content {
    Json(Json),
    Text(String),
    Metrics(String),
}

impl Answer {
    /// JSON.
    pub fn json(json: Json) -> Self {
        Self {
            status: StatusCode::OK,
            content: Content::Json(json),
            raw: Raws::new(0),
            token: None,
        }
    }

    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            content: Content::Text(text.into()),
            ..Self::json(Json::Null)
        }
    }

    /// Text as OpenMetrics has it.
    pub fn metrics(text: String) -> Self {
        Self {
            content: Content::Metrics(text),
            ..Self::json(Json::Null)
        }
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

    /// The texts that [`Raws`] stood in for.
    #[must_use]
    pub fn with_raw(mut self, raw: Raws) -> Self {
        self.raw = raw;
        self
    }
}

/// Texts that go into an answer letter by letter. What stands for them until then has a
/// number drawn for this answer, so that no client can spell it.
#[derive(Debug)]
pub struct Raws {
    drawn: u64,
    texts: Vec<String>,
}

impl Raws {
    /// No texts yet; `drawn` is a random number.
    pub fn new(drawn: u64) -> Self {
        Self {
            drawn,
            texts: Vec::new(),
        }
    }

    /// Takes a JSON text; what stands for it in the answer.
    pub fn put(&mut self, text: String) -> Json {
        self.texts.push(text);
        Json::String(self.mark(self.texts.len() - 1))
    }

    fn mark(&self, number: usize) -> String {
        format!("raw-{:016x}-{number}", self.drawn)
    }

    /// Puts the texts where they belong.
    fn spliced(&self, printed: &str) -> String {
        let length = printed.len() + self.texts.iter().map(String::len).sum::<usize>();
        let mut out = String::with_capacity(length);
        let mut rest = printed;
        for (number, text) in self.texts.iter().enumerate() {
            let mark = format!("\"{}\"", self.mark(number));
            let Some(at) = rest.find(&mark) else { break };
            out.push_str(rest.get(..at).unwrap_or_default());
            out.push_str(text);
            rest = rest.get(at + mark.len()..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (kind, text) = match self.content {
            Content::Json(json) => ("application/json", self.raw.spliced(&json.to_string())),
            Content::Text(text) => ("text/plain; charset=UTF-8", text),
            Content::Metrics(text) => (
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
                text,
            ),
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(token) = self.token
            && let Ok(token) = HeaderValue::from_str(&token.to_string())
        {
            headers.insert("x-stele-token", token);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_texts_come_out_letter_by_letter() {
        let mut raw = Raws::new(7);
        let json = serde_json::json!({"a": raw.put("{\"x\": 1.00}".to_owned()), "b": raw.put("[ ]".to_owned())});
        assert_eq!(
            raw.spliced(&json.to_string()),
            "{\"a\":{\"x\": 1.00},\"b\":[ ]}"
        );
    }
}
