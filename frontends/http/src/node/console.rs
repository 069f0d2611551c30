//! `GET /_stele/console`: one page that shows the node to whoever looks after it.
//!
//! It is part of the binary, asks for `/_stele/status`, `/metrics` and `_search` like
//! anybody else, and fetches nothing from elsewhere.

use axum::response::Html;

const PAGE: &str = include_str!("console.html");

/// The page.
pub async fn console() -> Html<&'static str> {
    Html(PAGE)
}
