//! Acknowledgements: the words that answer a delivered message.

use serde::Deserialize;

use super::config::{AckPolicy, ConsumerConfig};
use super::pull::PullRequest;
use super::step::{Inner, Pending};
use crate::jetstream::time::parse_duration;

#[derive(Deserialize)]
struct Delay {
    delay: i64,
}

impl Inner {
    /// Takes one word in. `true`: the message counts as had.
    pub(super) fn acknowledge(
        &mut self,
        config: &ConsumerConfig,
        seq: u64,
        word: &[u8],
        reply: &[u8],
        now_ms: u64,
    ) {
        let word = word.trim_ascii();
        if let Some(rest) = word.strip_prefix(b"-NAK") {
            self.again(seq, delay_ms(rest), now_ms);
        } else if word.starts_with(b"+WPI") {
            if let Some(pending) = self.pending.get_mut(&seq) {
                pending.due_ms = now_ms + wait_ms(config, pending.deliveries);
                self.redeliver.remove(&seq);
            }
        } else if let Some(rest) = word.strip_prefix(b"+NXT") {
            self.had(config, seq);
            if let Ok(request) = PullRequest::read(rest, reply, config, now_ms) {
                self.waiting.push_back(request);
            }
            return;
        } else {
            // Empty, +ACK, +OK, and +TERM, after which nobody tries again either.
            self.had(config, seq);
        }
        if !reply.is_empty() {
            self.todo.confirm.push(reply.to_vec().into());
        }
    }

    /// To be delivered again, at once or later.
    fn again(&mut self, seq: u64, delay_ms: u64, now_ms: u64) {
        if let Some(pending) = self.pending.get_mut(&seq) {
            pending.due_ms = now_ms + delay_ms;
            if delay_ms == 0 {
                self.redeliver.insert(seq);
            } else {
                self.redeliver.remove(&seq);
            }
            self.is_dirty = true;
        }
    }

    /// Counts a message as had: this one, or all up to it.
    pub(super) fn had(&mut self, config: &ConsumerConfig, seq: u64) {
        let done: Vec<u64> = match config.ack_policy {
            AckPolicy::None => return,
            AckPolicy::Explicit => self
                .pending
                .contains_key(&seq)
                .then_some(seq)
                .into_iter()
                .collect(),
            AckPolicy::All => self.pending.range(..=seq).map(|(seq, _)| *seq).collect(),
        };
        for seq in done {
            if let Some(pending) = self.pending.remove(&seq) {
                self.redeliver.remove(&seq);
                self.todo.had.push((pending.subject, seq));
                self.is_dirty = true;
            }
        }
        self.raise_floor();
    }

    /// Everything before the first outstanding message was acknowledged.
    pub(super) fn raise_floor(&mut self) {
        let first = self
            .pending
            .iter()
            .map(|(seq, pending)| (pending.nth, *seq))
            .min();
        let (nth, seq) = match first {
            Some((nth, seq)) => (nth.saturating_sub(1), seq.saturating_sub(1)),
            None => (self.nth, self.delivered_seq),
        };
        self.floor_nth = self.floor_nth.max(nth);
        self.floor_seq = self.floor_seq.max(seq);
    }
}

/// How long the next acknowledgement is waited for.
pub(super) fn wait_ms(config: &ConsumerConfig, deliveries: u64) -> u64 {
    let steps = config.backoff.as_deref().unwrap_or_default();
    let at = usize::try_from(deliveries.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait = steps.get(at).or(steps.last()).unwrap_or(&config.ack_wait);
    u64::try_from(*wait).unwrap_or(0) / 1_000_000
}

/// `{"delay": ns}` or a duration of Go's; anything else means at once.
fn delay_ms(rest: &[u8]) -> u64 {
    let text = std::str::from_utf8(rest).unwrap_or_default().trim();
    let ns = match serde_json::from_str::<Delay>(text) {
        Ok(delay) => u64::try_from(delay.delay).ok(),
        Err(_) => parse_duration(text),
    };
    ns.unwrap_or(0) / 1_000_000
}

impl Pending {
    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        self.due_ms <= now_ms
    }
}
