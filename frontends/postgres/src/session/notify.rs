//! LISTEN and NOTIFY: the live bus, in SQL's idiom. A note is told when its transaction commits.

use std::collections::VecDeque;

use bytes::Bytes;

use super::Session;
use crate::error::SqlError;

/// The longest payload, as in PostgreSQL.
const PAYLOAD_BYTES_MAX: usize = 7_999;

/// A note that reached this session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The session that told it, 0 when it came through another door.
    pub pid: i32,
    /// The channel.
    pub channel: String,
    /// What was told.
    pub payload: String,
}

/// The channels a session listens to.
#[derive(Default)]
pub struct Listening {
    listener: Option<stele_core::node::Listener>,
    /// Told by this session and not heard back yet.
    own: VecDeque<(String, String)>,
}

/// How many of its own notes a session waits to hear.
const OWN_COUNT_MAX: usize = 1_024;

impl Session {
    /// LISTEN.
    pub(super) fn listen(&mut self, channel: &str) {
        let db = &self.db;
        let listener = self.listening.listener.get_or_insert_with(|| db.listen());
        listener.subscribe(Bytes::copy_from_slice(channel.as_bytes()));
    }

    /// UNLISTEN, `None` = everything.
    pub(super) fn unlisten(&mut self, channel: Option<&str>) {
        match (channel, self.listening.listener.as_mut()) {
            (Some(channel), Some(listener)) => {
                listener.unsubscribe(channel.as_bytes());
            }
            _ => self.listening = Listening::default(),
        }
    }

    /// NOTIFY: remembered until the transaction commits.
    ///
    /// # Errors
    /// 22023 for a channel or payload that is too long.
    pub(super) fn note(&mut self, channel: &str, payload: &str) -> Result<(), SqlError> {
        if channel.is_empty() {
            return Err(SqlError::new("22023", "channel name cannot be empty"));
        }
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(SqlError::new("22023", "payload string too long"));
        }
        let note = (channel.to_owned(), payload.to_owned());
        // The same note twice in one transaction is told once.
        if !self.transaction.notes.contains(&note) {
            self.transaction.notes.push(note);
        }
        Ok(())
    }

    /// Tells everybody who listens.
    pub(super) fn tell(&mut self, notes: Vec<(String, String)>) {
        for (channel, payload) in notes {
            self.db.signal(channel.as_bytes(), payload.as_bytes());
            if self.listening.listener.is_some() && self.listening.own.len() < OWN_COUNT_MAX {
                self.listening.own.push_back((channel, payload));
            }
        }
    }

    /// The next note. Cancel safe: one that is not taken waits.
    pub async fn heard(&mut self) -> Heard {
        match self.listening.listener.as_mut() {
            Some(listener) => match listener.next().await {
                Some(signal) => heard(
                    &signal.subject,
                    &signal.payload,
                    &mut self.listening.own,
                    self.pid,
                ),
                None => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }

    /// A note that is already there.
    pub fn heard_now(&mut self) -> Option<Heard> {
        let signal = self.listening.listener.as_mut()?.try_next()?;
        Some(heard(
            &signal.subject,
            &signal.payload,
            &mut self.listening.own,
            self.pid,
        ))
    }
}

/// A note as the client is told it. The bus does not say who sent a message, so a session
/// knows its own notes by what they say.
fn heard(subject: &[u8], payload: &[u8], own: &mut VecDeque<(String, String)>, pid: i32) -> Heard {
    let channel = String::from_utf8_lossy(subject).into_owned();
    let payload = String::from_utf8_lossy(payload).into_owned();
    let at = own
        .iter()
        .position(|(to, said)| *to == channel && *said == payload);
    Heard {
        pid: at.and_then(|at| own.remove(at)).map_or(0, |_| pid),
        channel,
        payload,
    }
}
