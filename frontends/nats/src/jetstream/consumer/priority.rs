//! Priority groups: which of the requests that wait is served first, and which not yet.
//!
//! *Overflow* serves a request only while enough is pending; *prioritized* serves the lowest
//! number first; *pinned client* serves one client alone until it has asked for nothing for
//! too long, or is unpinned.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::config::ConsumerConfig;
use super::pull::PullRequest;
use super::step::{Inner, send_status};
use crate::jetstream::error::{Answer, ApiError};
use crate::jetstream::stream::Stream;
use crate::jetstream::time::rfc3339;
use crate::wire::headers::Headers;

/// Tells a client that another is pinned.
pub(super) const WRONG_PIN: &str = "423 Nats-Wrong-Pin-Id";
/// How long a pin lasts without a request, where the config says nothing: 2 min, nanoseconds.
const PIN_NS: i64 = 120_000_000_000;
/// The lowest priority there is.
const PRIORITY_MAX: u64 = 9;
/// The longest name of a group.
const GROUP_BYTES_MAX: usize = 16;

/// Who is served first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Whoever asked first.
    #[default]
    None,
    Overflow,
    PinnedClient,
    Prioritized,
}

/// Who has a group for itself.
#[derive(Debug, Clone, Default)]
pub struct Pin {
    pub id: String,
    /// Since when, and when it last asked; milliseconds since the Unix epoch.
    pub since_ms: u64,
    pub asked_ms: u64,
}

/// What a request says about its place.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    pub group: String,
    pub min_pending: u64,
    pub min_ack_pending: u64,
    pub id: String,
    pub priority: u64,
}

impl ConsumerConfig {
    /// Are the groups in order?
    pub(super) fn check_groups(&mut self) -> Answer<()> {
        let refuse = |code, why: &str| Err(ApiError::new(400, code, why));
        let groups = self.priority_groups.as_deref().unwrap_or_default();
        if self.priority_policy == Policy::None {
            return Ok(());
        }
        if self.deliver_subject.is_some() {
            return refuse(10178, "priority groups can not be used with push consumers");
        }
        if groups.is_empty() {
            let why = "Setting PriorityPolicy requires at least one PriorityGroup to be set";
            return refuse(10159, why);
        }
        if groups.len() > 1 {
            return refuse(
                10160,
                "Provided priority group does not exist for this consumer",
            );
        }
        let is_good = |letter: char| letter.is_ascii_alphanumeric() || "-_/=".contains(letter);
        for group in groups {
            if group.is_empty() {
                return refuse(10161, "Group name cannot be an empty string");
            }
            if group.len() > GROUP_BYTES_MAX || !group.chars().all(is_good) {
                let why = "Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not exceed 16 characters";
                return refuse(10162, why);
            }
        }
        if self.priority_policy == Policy::PinnedClient && self.priority_timeout == 0 {
            self.priority_timeout = PIN_NS;
        }
        Ok(())
    }

    /// What is wrong with a request's place. `None`: nothing.
    pub(super) fn misplaced(&self, place: &Place) -> Option<&'static str> {
        let groups = self.priority_groups.as_deref().unwrap_or_default();
        if self.priority_policy == Policy::None {
            return None;
        }
        if place.group.is_empty() {
            return Some("400 Bad Request - Priority Group missing");
        }
        if !groups.contains(&place.group) {
            return Some("400 Bad Request - Invalid Priority Group");
        }
        let is_overflow = place.min_pending > 0 || place.min_ack_pending > 0;
        if is_overflow && self.priority_policy != Policy::Overflow {
            return Some("400 Bad Request - Not a Overflow Priority consumer");
        }
        if place.priority > PRIORITY_MAX {
            return Some("400 Bad Request - Priority should be less than 10");
        }
        None
    }

    fn pin_ms(&self) -> u64 {
        u64::try_from(self.priority_timeout).unwrap_or(0) / 1_000_000
    }
}

impl Inner {
    /// A request comes: is it from the client that is pinned? `false`: it carries the name of
    /// one that is not any more.
    pub(super) fn asks(&mut self, config: &ConsumerConfig, place: &Place, now_ms: u64) -> bool {
        if config.priority_policy != Policy::PinnedClient || place.id.is_empty() {
            return true;
        }
        match &mut self.pin {
            Some(pin) if pin.id == place.id => {
                pin.asked_ms = now_ms;
                true
            }
            _ => false,
        }
    }

    /// A pin that nobody has used for too long ends.
    pub(super) fn loosen(&mut self, config: &ConsumerConfig, now_ms: u64) {
        let limit = config.pin_ms();
        let has_request = |id: &str| self.waiting.iter().any(|request| request.place.id == id);
        if let Some(pin) = &self.pin
            && !has_request(&pin.id)
            && pin.asked_ms + limit <= now_ms
        {
            self.pin = None;
        }
    }

    /// Lets the pinned client go; those who carry its name are told.
    pub(super) fn unpin(&mut self, stream: &Stream) {
        self.pin = None;
        let headers = Headers::status(WRONG_PIN).block();
        self.waiting.retain(|request| {
            let is_pinned = !request.place.id.is_empty();
            if is_pinned {
                send_status(stream, &request.reply, &headers);
            }
            !is_pinned
        });
    }

    /// When the pin ends, if nobody asks.
    pub(super) fn loosens_ms(&self, config: &ConsumerConfig) -> Option<u64> {
        let pin = self.pin.as_ref()?;
        let is_asking = self
            .waiting
            .iter()
            .any(|request| request.place.id == pin.id);
        (!is_asking).then_some(pin.asked_ms + config.pin_ms())
    }

    /// The request that is served next.
    pub(super) fn served_next(&self, config: &ConsumerConfig, now_ms: u64) -> Option<usize> {
        let here = self.waiting.iter().enumerate();
        let mut here = here.filter(|(_, request)| !request.is_over(now_ms));
        let found = match config.priority_policy {
            Policy::None => here.next(),
            Policy::Overflow => here.find(|(_, request)| self.overflows(&request.place)),
            Policy::Prioritized => here.min_by_key(|(_, request)| request.place.priority),
            Policy::PinnedClient => match &self.pin {
                Some(pin) => here.find(|(_, request)| request.place.id == pin.id),
                None => here.next(),
            },
        };
        found.map(|(at, _)| at)
    }

    fn overflows(&self, place: &Place) -> bool {
        let (pending, unacknowledged) = (place.min_pending, place.min_ack_pending);
        let is_free = pending == 0 && unacknowledged == 0;
        is_free
            || (pending > 0 && self.unread >= pending)
            || (unacknowledged > 0 && self.pending.len() as u64 >= unacknowledged)
    }

    /// Pins the client that is about to be served, if it is not: the name it is to use.
    pub(super) fn pin(
        &mut self,
        config: &ConsumerConfig,
        request: &mut PullRequest,
        id: impl FnOnce() -> String,
        now_ms: u64,
    ) -> Option<String> {
        if config.priority_policy != Policy::PinnedClient {
            return None;
        }
        if self.pin.is_none() {
            self.pin = Some(Pin {
                id: id(),
                since_ms: now_ms,
                asked_ms: now_ms,
            });
        }
        let pin = self.pin.as_ref()?;
        request.place.id.clone_from(&pin.id);
        Some(pin.id.clone())
    }

    /// What CONSUMER.INFO says of the groups.
    pub(super) fn groups(&self, config: &ConsumerConfig) -> Option<Value> {
        if config.priority_policy == Policy::None {
            return None;
        }
        let group = |name: &String| match &self.pin {
            Some(pin) => json!({
                "group": name,
                "pinned_client_id": pin.id,
                "pinned_ts": rfc3339(pin.since_ms * 1_000_000),
            }),
            None => json!({"group": name}),
        };
        let groups = config.priority_groups.iter().flatten();
        Some(groups.map(group).collect())
    }
}
