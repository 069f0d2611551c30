//! # Black-box tests
//!
//! **What.** Each file starts the release binary in a folder of its own, on free ports,
//! talks to it as a user would, kills it, starts it again, and checks what was promised.
//!
//! **Why.** What a crate's own tests cannot see: the wiring, the disk after a kill, and
//! what real clients send. A promise to a client is only kept if a client says so.
//!
//! **How.** [`harness`] owns processes and folders. `flows` replays the transcripts in
//! `tests/flows/`, which read like a session at two terminals; accept new output with
//! `UPDATE=1`. The other files are one promise each: `bank`, `durable`, `torn`,
//! `isolation`, `hostile`, `types`, `clients`, `command_line`, `nats` and `nats_hostile`
//! (with `nats_client`), `records`, `search`, `full_text`, `hostile_http` and `console` (with
//! `http_client`), `streams`, `together`, `doors`, `thin`, `demo`.
//!
//! **Limits.** One node. `make test` runs short versions; `BLACKBOX_FULL=1` runs the long
//! ones (bank 60 s, twenty kills). Power loss is not simulated: a killed process loses no
//! page that the kernel already has, so the torn-log and failed-fsync tests stand in.
//!
//! **Further reading.** `docs/checks.md` names the check each test belongs to.

mod bank;
mod clients;
mod command_line;
mod console;
mod demo;
mod doors;
mod durable;
mod flows;
mod full_text;
mod harness;
mod hostile;
mod hostile_http;
mod http_client;
mod isolation;
mod nats;
mod nats_client;
mod nats_hostile;
mod records;
mod search;
mod streams;
mod thin;
mod together;
mod torn;
mod types;

/// Whether the long versions were asked for.
fn full() -> bool {
    std::env::var_os("BLACKBOX_FULL").is_some()
}
