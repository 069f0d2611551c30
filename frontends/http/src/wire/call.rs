//! Calls: a request taken apart.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Map, Value as Json};
use stele_core::record::Level;

use super::{Fault, body, level};
use crate::App;

/// Parameters that change nothing but how an answer looks, or have no meaning here.
const COMMON: [&str; 9] = [
    "pretty",
    "human",
    "error_trace",
    "timeout",
    "master_timeout",
    "wait_for_active_shards",
    "read",
    "write",
    "routing",
];

/// A request.
#[derive(Debug)]
pub struct Call {
    path: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
    headers: HeaderMap,
    /// The body, inflated.
    pub body: Bytes,
    /// What the body takes of the budget, until the call is answered.
    _share: body::Share,
}

impl FromRequest<App> for Call {
    type Rejection = Fault;

    async fn from_request(request: Request, app: &App) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let path = Path::<BTreeMap<String, String>>::from_request_parts(&mut parts, &()).await;
        let path = path.map_err(|error| Fault::argument(error.to_string()))?.0;
        let parameters =
            Query::<BTreeMap<String, String>>::from_request_parts(&mut parts, &()).await;
        let parameters = parameters
            .map_err(|error| Fault::argument(error.to_string()))?
            .0;
        let (body, share) = body::read(&app.db, &app.bodies, &parts.headers, body).await?;
        Ok(Self {
            path,
            parameters,
            headers: parts.headers,
            body,
            _share: share,
        })
    }
}

impl Call {
    /// Refuses parameters that are neither common nor named here: what is not
    /// understood must not be ignored.
    pub fn allow(&self, known: &[&str]) -> Result<(), Fault> {
        // There is one copy of everything: who waits for more would wait for ever.
        if !matches!(
            self.parameter("wait_for_active_shards"),
            None | Some("0" | "1" | "all")
        ) {
            return Err(Fault::new(
                axum::http::StatusCode::SERVICE_UNAVAILABLE,
                "unavailable_shards_exception",
                "one shard copy is active: [wait_for_active_shards] can be 0, 1 or all",
            ));
        }
        let mut names = self.parameters.keys().map(String::as_str);
        match names.find(|name| !known.contains(name) && !COMMON.contains(name)) {
            Some(name) => Err(Fault::argument(format!(
                "request contains unrecognized parameter: [{name}]"
            ))),
            None => Ok(()),
        }
    }

    /// A part of the path; empty if the route has none of that name.
    pub fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// A parameter that is a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Fault> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                Fault::argument(format!(
                    "Failed to parse int parameter [{name}] with value [{text}]"
                ))
            })
        };
        self.parameter(name).map(parse).transpose()
    }

    /// A parameter that is true (also when it has no value) or false.
    pub fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.parameter(name) {
            None | Some("false") => Ok(false),
            Some("" | "true") => Ok(true),
            Some(other) => Err(Fault::argument(format!(
                "Failed to parse value [{other}] as only [true] or [false] are allowed for [{name}]"
            ))),
        }
    }

    /// A header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as an object; empty without one.
    pub fn object(&self) -> Result<Map<String, Json>, Fault> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Map::new());
        }
        parse_object(&self.body)
    }

    /// What the request asks of reads and writes.
    pub fn level(&self) -> Result<Level, Fault> {
        level::of(self)
    }
}

/// Parses an object. JSON nests 128 deep at most.
pub fn parse_object(text: &[u8]) -> Result<Map<String, Json>, Fault> {
    match serde_json::from_slice(text) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(Fault::parsing("Expected an object")),
        Err(error) => Err(Fault::new(
            axum::http::StatusCode::BAD_REQUEST,
            "x_content_parse_exception",
            format!("the body is not JSON: {error}"),
        )),
    }
}
