//! INFO: what the server says of itself.

use serde::Serialize;

/// The version whose behaviour this door has; clients switch features by it.
pub const VERSION: &str = "2.12.8";

/// The level of JetStream's API that this door has.
pub const API_LEVEL: u8 = 2;

/// What INFO says, members in the order nats-server writes them.
#[derive(Debug, Clone, Serialize)]
pub struct Info<'a> {
    /// The server's identity, new at every start.
    pub server_id: &'a str,
    /// Its name.
    pub server_name: &'a str,
    /// [`VERSION`].
    pub version: &'a str,
    /// 1.
    pub proto: u8,
    /// The version of the language it is written in, where clients expect one.
    pub go: &'a str,
    /// Where it listens.
    pub host: &'a str,
    /// Where it listens.
    pub port: u16,
    /// It takes headers.
    pub headers: bool,
    /// Whether it wants to know who comes.
    #[serde(skip_serializing_if = "is_false")]
    pub auth_required: bool,
    /// The largest payload.
    pub max_payload: usize,
    /// It has streams.
    pub jetstream: bool,
    /// The connection's number.
    pub client_id: u64,
    /// Where the client comes from.
    pub client_ip: &'a str,
    /// This answers a CONNECT.
    #[serde(skip_serializing_if = "is_false")]
    pub connect_info: bool,
    /// The account the client is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_account: Option<&'a str>,
    /// [`API_LEVEL`].
    pub api_lvl: u8,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_false(value: &bool) -> bool {
    !value
}

impl Info<'_> {
    /// The whole line.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        let mut line = b"INFO ".to_vec();
        line.extend(serde_json::to_vec(self).unwrap_or_default());
        line.extend_from_slice(b" \r\n");
        line
    }
}
