//! Who may come in.

use super::Session;
use crate::server::Auth;
use crate::wire::connect::Connect;

/// The text of a refusal.
pub(super) const VIOLATION: &str = "Authorization Violation";

impl Session {
    /// Does CONNECT say what the door wants to hear?
    pub(super) fn admits(&self, connect: &Connect) -> bool {
        if connect
            .account
            .as_deref()
            .is_some_and(|name| !name.is_empty())
        {
            return false;
        }
        let given = |value: &Option<String>| value.clone().unwrap_or_default();
        match &self.server.options.auth {
            Auth::Nobody => true,
            Auth::Token(token) => is_same(token, &given(&connect.auth_token)),
            Auth::User { name, password } => {
                let is_name = is_same(name, &given(&connect.user));
                is_same(password, &given(&connect.pass)) && is_name
            }
        }
    }
}

/// Compares in a time that depends on the lengths only.
fn is_same(wanted: &str, given: &str) -> bool {
    let pairs = wanted
        .bytes()
        .zip(given.bytes().chain(std::iter::repeat(0)));
    let different = pairs.fold(0, |different, (a, b)| different | (a ^ b));
    different == 0 && wanted.len() == given.len()
}
