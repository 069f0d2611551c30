//! Where a new consumer begins.

use stele_core::Result;
use stele_core::op::stream::Stream;

use super::config::{ConsumerConfig, DeliverPolicy};
use super::progress::Progress;
use crate::jetstream::time::parse_rfc3339;

/// The position of a consumer that has delivered nothing.
pub fn beginning(config: &ConsumerConfig, stream: &Stream<'_>) -> Result<Progress> {
    let state = stream.state();
    let mut first = Vec::new();
    let next = match config.deliver_policy {
        DeliverPolicy::All => state.first_seq,
        DeliverPolicy::New => state.last_seq + 1,
        DeliverPolicy::ByStartSequence => config.opt_start_seq.unwrap_or(1).max(state.first_seq),
        DeliverPolicy::Last => last_of(config, stream)?.unwrap_or(state.last_seq + 1),
        DeliverPolicy::ByStartTime => {
            let time = config.opt_start_time.as_deref().and_then(parse_rfc3339);
            first_at(stream, time.unwrap_or(0))?
        }
        DeliverPolicy::LastPerSubject => {
            for filter in config.filters() {
                for found in stream.subjects(filter.as_bytes()) {
                    first.push(found?.1.last_seq);
                }
            }
            first.sort_unstable();
            state.last_seq + 1
        }
    };
    let floor_seq = match first.first() {
        Some(first) => first.saturating_sub(1),
        None => next.saturating_sub(1),
    };
    Ok(Progress {
        nth: 0,
        next,
        floor_nth: 0,
        floor_seq,
        outstanding: Vec::new(),
        first,
    })
}

fn last_of(config: &ConsumerConfig, stream: &Stream<'_>) -> Result<Option<u64>> {
    let filters = config.filters();
    if filters.is_empty() {
        let state = stream.state();
        return Ok((state.messages > 0).then_some(state.last_seq));
    }
    let mut last = None;
    for filter in filters {
        let found = stream.last(filter.as_bytes())?;
        last = last.max(found.map(|message| message.seq));
    }
    Ok(last)
}

/// The first message put in at or after a time: times rise with numbers, so half
/// of what is left is ruled out at each look.
pub fn first_at(stream: &Stream<'_>, time_ns: u64) -> Result<u64> {
    let state = stream.state();
    let (mut low, mut high) = (state.first_seq, state.last_seq + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match stream.next(b"", middle)? {
            Some(found) if found.time_ns() < time_ns => low = found.seq + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}
