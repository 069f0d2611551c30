//! `?refresh=`: when a write can be found.

use stele_core::record::Token;

use crate::App;
use crate::indices::resolve;
use crate::wire::{Call, Fault};

/// When a write's answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// At once; it can be found within a second.
    No,
    /// When the next refresh has come.
    WaitFor,
    /// After a refresh of its own.
    Now,
}

/// What a request asks.
pub fn asked(call: &Call) -> Result<Refresh, Fault> {
    match call.parameter("refresh") {
        None | Some("false") => Ok(Refresh::No),
        Some("" | "true") => Ok(Refresh::Now),
        Some("wait_for") => Ok(Refresh::WaitFor),
        Some(other) => Err(Fault::argument(format!(
            "Unknown value for refresh: [{other}]."
        ))),
    }
}

/// Waits as asked until what a token has seen can be found.
pub async fn wait(app: &App, index: &str, token: &Token, refresh: Refresh) -> Result<(), Fault> {
    if refresh == Refresh::No {
        return Ok(());
    }
    match resolve::one(app, index)?.search {
        Some(search) => Ok(app
            .search
            .reach(search.id, token, refresh == Refresh::Now)
            .await?),
        None => Ok(()),
    }
}
