//! CLIENT LIST and CLIENT KILL: all connections of this door on this node.

use std::sync::Arc;

use bytes::Bytes;

use super::{integer, is, rest, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::server::clients::Card;
use crate::session::Session;

/// The kinds of clients Redis tells apart.
const KINDS: &[&str] = &["normal", "master", "replica", "slave", "pubsub"];

fn kind(word: &[u8]) -> Result<String, Fault> {
    let text = String::from_utf8_lossy(word).into_owned();
    let lower = text.to_ascii_lowercase();
    if KINDS.contains(&lower.as_str()) {
        Ok(lower)
    } else {
        Err(format!("ERR Unknown client type '{text}'").into())
    }
}

fn client_id(args: &[Bytes], at: usize, error: &'static str) -> Result<u64, Fault> {
    let id = integer(args, at).ok().and_then(|id| u64::try_from(id).ok());
    id.filter(|id| *id > 0).ok_or(said(error))
}

/// `CLIENT LIST [TYPE type | ID id [id ...]]`
///
/// # Errors
/// A syntax error, or an unknown type.
pub fn list(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    session.show();
    let mut cards = session.server.clients.all();
    match rest(args, 2) {
        [] => {}
        [option, wanted] if is(option, "type") => {
            let wanted = kind(wanted)?;
            cards.retain(|card| card.kind() == wanted);
        }
        [option, ids @ ..] if is(option, "id") && !ids.is_empty() => {
            let ids = (0..ids.len()).map(|at| client_id(ids, at, "ERR Invalid client ID"));
            let ids = ids.collect::<Result<Vec<u64>, Fault>>()?;
            cards.retain(|card| ids.contains(&card.id));
        }
        _ => return Err(SYNTAX),
    }
    let now_ms = session.db.now_ms();
    let lines: String = cards
        .iter()
        .map(|card| format!("{}\n", card.line(now_ms)))
        .collect();
    session.out.verbatim("txt", lines.as_bytes());
    Ok(())
}

/// Which connections to end.
struct Filter {
    id: Option<u64>,
    kind: Option<String>,
    addr: Option<String>,
    local: Option<String>,
    age_ms: Option<u64>,
    skip_me: bool,
}

/// `CLIENT KILL addr:port`, or filters: `ID`, `TYPE`, `ADDR`, `LADDR`, `USER`, `MAXAGE`, `SKIPME`.
///
/// # Errors
/// A syntax error; in the old form, that there is no such client.
pub fn kill(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let is_old = args.len() == 3;
    let filter = if is_old {
        by_address(word(args, 2)?)
    } else {
        filter(args)?
    };
    let now_ms = session.db.now_ms();
    let mut killed = 0;
    for card in session.server.clients.all() {
        let is_me = Arc::ptr_eq(&card, &session.card);
        if !filter.hits(&card, now_ms) || (is_me && filter.skip_me) {
            continue;
        }
        killed += 1;
        if is_me {
            // The answer is sent before the connection ends.
            session.is_closing = true;
        } else {
            card.kill();
        }
    }
    match (is_old, killed) {
        (true, 0) => return Err(said("ERR No such client")),
        (true, _) => session.out.ok(),
        (false, _) => session.out.count(killed),
    }
    Ok(())
}

fn text(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

fn by_address(address: &[u8]) -> Filter {
    Filter {
        addr: Some(text(address)),
        skip_me: false,
        ..nobody()
    }
}

fn nobody() -> Filter {
    Filter {
        id: None,
        kind: None,
        addr: None,
        local: None,
        age_ms: None,
        skip_me: true,
    }
}

fn filter(args: &[Bytes]) -> Result<Filter, Fault> {
    let mut filter = nobody();
    let (pairs, left_over) = rest(args, 2).as_chunks::<2>();
    if !left_over.is_empty() {
        return Err(SYNTAX);
    }
    for pair in pairs {
        let [option, value] = pair;
        if is(option, "id") {
            filter.id = Some(client_id(
                pair,
                1,
                "ERR client-id should be greater than 0",
            )?);
        } else if is(option, "type") {
            filter.kind = Some(kind(value)?);
        } else if is(option, "addr") {
            filter.addr = Some(text(value));
        } else if is(option, "laddr") {
            filter.local = Some(text(value));
        } else if is(option, "user") {
            if value != "default" {
                return Err(format!("ERR No such user '{}'", text(value)).into());
            }
        } else if is(option, "maxage") {
            let seconds = u64::try_from(integer(pair, 1)?)
                .ok()
                .filter(|seconds| *seconds > 0);
            let seconds = seconds.ok_or(said("ERR maxage is not an integer or out of range"))?;
            filter.age_ms = Some(seconds.saturating_mul(1000));
        } else if is(option, "skipme") && (is(value, "yes") || is(value, "no")) {
            filter.skip_me = is(value, "yes");
        } else {
            return Err(SYNTAX);
        }
    }
    Ok(filter)
}

impl Filter {
    fn hits(&self, card: &Card, now_ms: u64) -> bool {
        let age_ms = now_ms.saturating_sub(card.since_ms);
        self.id.is_none_or(|id| card.id == id)
            && self.kind.as_ref().is_none_or(|kind| card.kind() == kind)
            && self
                .addr
                .as_ref()
                .is_none_or(|addr| card.addr.to_string() == *addr)
            && self
                .local
                .as_ref()
                .is_none_or(|local| card.local.to_string() == *local)
            && self.age_ms.is_none_or(|limit| age_ms >= limit)
    }
}
