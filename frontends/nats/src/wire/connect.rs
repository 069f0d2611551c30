//! CONNECT: what a client says of itself. Unknown members are ignored and `null` is absence,
//! because clients send whatever their options hold.

use serde::Deserialize;

/// What CONNECT says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Connect {
    /// Answer every operation with `+OK`? Silence means yes.
    pub verbose: Option<bool>,
    /// Check subjects of PUB?
    pub pedantic: Option<bool>,
    /// May headers be sent to it?
    pub headers: Option<bool>,
    /// Does it want to be told when nobody listens?
    pub no_responders: Option<bool>,
    /// Does it want to hear itself? Silence means yes.
    pub echo: Option<bool>,
    /// 0, or 1 for a client that takes INFO at any time.
    pub protocol: Option<i64>,
    /// What it calls itself.
    pub name: Option<String>,
    /// Its library's language.
    pub lang: Option<String>,
    /// Its library's version.
    pub version: Option<String>,
    /// A token.
    pub auth_token: Option<String>,
    /// A user's name.
    pub user: Option<String>,
    /// The password.
    pub pass: Option<String>,
    /// An account, which this server has none of.
    pub account: Option<String>,
}

impl Connect {
    /// Reads the JSON.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_strangers_are_taken() {
        let connect = Connect::read(br#"{"jwt":null,"user":null,"verbose":false,"x":[1]}"#);
        let connect = connect.expect("reads");
        assert_eq!((connect.verbose, connect.user), (Some(false), None));
        assert!(Connect::read(b"{bad").is_none());
    }
}
