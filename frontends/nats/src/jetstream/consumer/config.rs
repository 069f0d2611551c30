//! A consumer's config: JetStream's JSON, its defaults, and what is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::priority::Policy;
use crate::jetstream::config::{ConsumerLimits, Retention, StreamConfig};
use crate::jetstream::error::{Answer, ApiError};
use crate::jetstream::time::{go_duration, parse_rfc3339};
use crate::wire::info::{API_LEVEL, VERSION};
use crate::wire::subject;

/// How long an acknowledgement is waited for by default: 30 s, in nanoseconds.
const ACK_WAIT_NS: i64 = 30_000_000_000;
/// How long an ephemeral consumer lives without interest by default: 5 s.
const INACTIVE_NS: i64 = 5_000_000_000;
/// Pull requests that may wait by default.
const WAITING_COUNT: i64 = 512;
/// Unacknowledged messages by default.
const ACK_PENDING_COUNT: i64 = 1000;
/// The shortest heartbeat.
const HEARTBEAT_NS_MIN: i64 = 100_000_000;

/// Where a consumer begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliverPolicy {
    #[default]
    All,
    Last,
    New,
    ByStartSequence,
    ByStartTime,
    LastPerSubject,
}

/// What must be acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckPolicy {
    #[default]
    None,
    /// A message's acknowledgement counts for all before it.
    All,
    Explicit,
}

/// A consumer's config. Durations in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsumerConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub durable_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub deliver_policy: DeliverPolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_start_seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_start_time: Option<String>,
    pub ack_policy: AckPolicy,
    #[serde(skip_serializing_if = "is_zero")]
    pub ack_wait: i64,
    pub max_deliver: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Vec<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_subjects: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver_subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver_group: Option<String>,
    pub replay_policy: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    pub max_waiting: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub max_ack_pending: i64,
    #[serde(skip_serializing_if = "is_false")]
    pub flow_control: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub headers_only: bool,
    #[serde(skip_serializing_if = "is_zero")]
    pub idle_heartbeat: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub max_batch: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub max_expires: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub max_bytes: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub inactive_threshold: i64,
    pub num_replicas: i64,
    #[serde(skip_serializing_if = "is_false")]
    pub mem_storage: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub direct: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_until: Option<String>,
    pub metadata: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_groups: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_none")]
    pub priority_policy: Policy,
    #[serde(skip_serializing_if = "is_zero")]
    pub priority_timeout: i64,
    /// Kept and shown; no samples of acknowledgements are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_freq: Option<String>,
    // What is known and refused.
    #[serde(skip_serializing)]
    rate_limit_bps: Value,
    #[serde(skip_serializing)]
    sourcing: Value,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_false(value: &bool) -> bool {
    !value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_none(policy: &Policy) -> bool {
    *policy == Policy::None
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

fn refuse<T>(err_code: u16, why: &str) -> Answer<T> {
    Err(ApiError::new(400, err_code, why))
}

fn some_text(text: &mut Option<String>) {
    if text.as_deref() == Some("") {
        *text = None;
    }
}

impl ConsumerConfig {
    /// Fills in what is left open and refuses what cannot be.
    pub fn settle(&mut self, stream: &StreamConfig) -> Answer<()> {
        for text in [
            &mut self.durable_name,
            &mut self.name,
            &mut self.filter_subject,
            &mut self.deliver_subject,
            &mut self.deliver_group,
        ] {
            some_text(text);
        }
        self.refuse_unsupported()?;
        self.check_filters(stream)?;
        self.check_start()?;
        self.check_delivery()?;
        self.check_groups()?;
        self.check_retention(stream)?;
        self.fill_in();
        self.keep_to(&stream.consumer_limits)
    }

    fn refuse_unsupported(&self) -> Answer<()> {
        let says = |value: &Value| match value {
            Value::Null => false,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty() && text != "none",
            Value::Array(items) => !items.is_empty(),
            Value::Bool(is_said) => *is_said,
            Value::Object(_) => true,
        };
        let is_original = self
            .replay_policy
            .as_deref()
            .is_some_and(|policy| policy != "instant");
        let unsupported = [
            ("replay_policy other than instant", is_original),
            ("rate_limit_bps", says(&self.rate_limit_bps)),
            ("sourcing", says(&self.sourcing)),
            ("num_replicas > 1", self.num_replicas > 1),
        ];
        match unsupported.iter().find(|(_, is_asked)| *is_asked) {
            Some((what, _)) => Err(ApiError::new(
                500,
                10012,
                format!("{what} is not supported"),
            )),
            None => Ok(()),
        }
    }

    fn check_filters(&self, stream: &StreamConfig) -> Answer<()> {
        let several = self.filter_subjects.as_deref().unwrap_or_default();
        if self.filter_subject.is_some() && !several.is_empty() {
            let why = "consumer cannot have both FilterSubject and FilterSubjects specified";
            return refuse(10136, why);
        }
        for (at, filter) in several.iter().enumerate() {
            if filter.is_empty() {
                return refuse(10139, "consumer filter in FilterSubjects cannot be empty");
            }
            if several
                .iter()
                .skip(at + 1)
                .any(|other| subject::overlaps(filter, other))
            {
                return refuse(10138, "consumer subject filters cannot overlap");
            }
        }
        // Of several filters some may wait for subjects to come.
        let is_taken = |own: &String, filter: &str| subject::overlaps(own, filter);
        let is_missing = |filter: &String| {
            let mut own = stream.subjects().iter();
            !own.any(|own| is_taken(own, filter))
        };
        let is_invalid = |filter: &&str| !subject::is_valid(filter.as_bytes());
        if self.filters().iter().any(is_invalid)
            || self.filter_subject.as_ref().is_some_and(is_missing)
        {
            let why = "consumer filter subject is not a valid subset of the interest subjects";
            return refuse(10093, why);
        }
        Ok(())
    }

    fn check_start(&self) -> Answer<()> {
        let refuse = |why: &str| Err(ApiError::new(400, 10094, why));
        match self.deliver_policy {
            DeliverPolicy::ByStartSequence if self.opt_start_seq.unwrap_or(0) == 0 => refuse(
                "consumer delivery policy is deliver by start sequence, but optional start sequence is not set",
            ),
            DeliverPolicy::ByStartTime => {
                let time = self.opt_start_time.as_deref().and_then(parse_rfc3339);
                match time {
                    Some(_) => Ok(()),
                    None => refuse(
                        "consumer delivery policy is deliver by start time, but optional start time is not set",
                    ),
                }
            }
            DeliverPolicy::LastPerSubject if self.filters().is_empty() => refuse(
                "consumer delivery policy is deliver last per subject, but FilterSubject is not set",
            ),
            _ => Ok(()),
        }
    }

    fn check_delivery(&self) -> Answer<()> {
        let backoff = self.backoff.as_deref().unwrap_or_default();
        let deliveries = usize::try_from(self.max_deliver).unwrap_or(0);
        if !backoff.is_empty() && deliveries > 0 && deliveries <= backoff.len() {
            let why = "max deliver is required to be > length of backoff values";
            return refuse(10116, why);
        }
        let beats = self.idle_heartbeat;
        match &self.deliver_subject {
            None if beats > 0 => refuse(
                10082,
                "consumer in pull mode can not have idle heartbeats set",
            ),
            None if self.flow_control => refuse(
                10089,
                "consumer flow control requires a push based consumer",
            ),
            None => Ok(()),
            Some(to) if !subject::is_valid_literal(to.as_bytes()) => {
                refuse(10079, "consumer deliver subject has wildcards")
            }
            Some(_) if self.max_waiting > 0 => {
                refuse(10080, "consumer in push mode can not set max waiting")
            }
            Some(_) if beats > 0 && beats < HEARTBEAT_NS_MIN => {
                refuse(10083, "consumer idle heartbeat needs to be >= 100ms")
            }
            Some(_) if self.flow_control && beats == 0 => {
                refuse(10108, "consumer with flow control also needs heartbeats")
            }
            Some(_) => Ok(()),
        }
    }

    fn check_retention(&self, stream: &StreamConfig) -> Answer<()> {
        if stream.retention != Retention::WorkQueue {
            return Ok(());
        }
        if self.ack_policy != AckPolicy::Explicit {
            return refuse(10098, "workqueue stream requires explicit ack");
        }
        if self.deliver_policy != DeliverPolicy::All {
            return refuse(10101, "consumer must be deliver all on workqueue stream");
        }
        Ok(())
    }

    /// Keeps to what the stream allows its consumers; 0 = no limit.
    fn keep_to(&mut self, limits: &ConsumerLimits) -> Answer<()> {
        let ConsumerLimits {
            inactive_threshold: inactive,
            max_ack_pending: pending,
        } = *limits;
        if inactive > 0 && self.inactive_threshold == 0 {
            self.inactive_threshold = inactive;
        }
        if inactive > 0 && self.inactive_threshold > inactive {
            let limit = go_duration(u64::try_from(inactive).unwrap_or(0));
            let what = "consumer inactive threshold exceeds system limit of";
            return refuse(10153, &format!("{what} {limit}"));
        }
        if pending > 0 && self.max_ack_pending > pending {
            let what = "consumer max ack pending exceeds system limit of";
            return refuse(10121, &format!("{what} {pending}"));
        }
        Ok(())
    }

    fn fill_in(&mut self) {
        if self.filter_subjects.as_ref().is_some_and(Vec::is_empty) {
            self.filter_subjects = None;
        }
        if let Some(first) = self.backoff.as_ref().and_then(|backoff| backoff.first()) {
            self.ack_wait = *first;
        }
        if self.ack_policy == AckPolicy::None {
            self.ack_wait = 0;
            self.max_ack_pending = 0;
        } else {
            if self.ack_wait == 0 {
                self.ack_wait = ACK_WAIT_NS;
            }
            if self.max_ack_pending == 0 {
                self.max_ack_pending = ACK_PENDING_COUNT;
            }
        }
        if self.max_deliver == 0 {
            self.max_deliver = -1;
        }
        if self.deliver_subject.is_none() {
            if self.max_waiting == 0 {
                self.max_waiting = WAITING_COUNT;
            }
            if self.ack_policy == AckPolicy::None {
                self.max_ack_pending = 0;
            }
        }
        if self.durable_name.is_none() && self.inactive_threshold == 0 {
            self.inactive_threshold = INACTIVE_NS;
        }
        self.replay_policy = Some("instant".to_owned());
        let metadata = self.metadata.get_or_insert_default();
        let mut said = |key: &str, value: String| metadata.insert(key.to_owned(), value);
        said("_nats.level", API_LEVEL.to_string());
        said("_nats.req.level", "0".to_owned());
        said("_nats.ver", VERSION.to_owned());
    }

    /// Has requests ask for no more than the server lets them; 0 = as many as they like.
    pub fn limit_pulls(&mut self, count_max: u64) -> Answer<()> {
        let limit = i64::try_from(count_max).unwrap_or(i64::MAX);
        if self.deliver_subject.is_some() || limit == 0 {
            return Ok(());
        }
        if self.max_batch > limit {
            let why = format!("consumer max request batch exceeds server limit of {limit}");
            return refuse(10125, &why);
        }
        if self.max_batch <= 0 {
            self.max_batch = limit;
        }
        Ok(())
    }

    /// When it goes on delivering, if it pauses now; nanoseconds since the Unix epoch.
    pub fn paused_until(&self, now_ns: u64) -> Option<u64> {
        let until = self.pause_until.as_deref().and_then(parse_rfc3339);
        until.filter(|until| *until > now_ns)
    }

    /// The subjects it wants; none = all.
    pub fn filters(&self) -> Vec<&str> {
        let several = self.filter_subjects.iter().flatten();
        let filters = self.filter_subject.iter().chain(several);
        filters.map(String::as_str).collect()
    }

    /// Does it want a message with this subject?
    pub fn wants(&self, subject: &[u8]) -> bool {
        let filters = self.filters();
        let lets = |filter: &&str| stele_core::record::subject::matches(filter.as_bytes(), subject);
        filters.is_empty() || filters.iter().any(lets)
    }

    /// May a consumer with this config get that one?
    pub fn check_update(&self, new: &Self) -> Answer<()> {
        let changes = [
            ("deliver policy", self.deliver_policy != new.deliver_policy),
            ("start sequence", self.opt_start_seq != new.opt_start_seq),
            ("start time", self.opt_start_time != new.opt_start_time),
            ("ack policy", self.ack_policy != new.ack_policy),
            (
                "push/pull mode",
                self.deliver_subject.is_some() != new.deliver_subject.is_some(),
            ),
            ("flow control", self.flow_control != new.flow_control),
            ("max waiting", self.max_waiting != new.max_waiting),
        ];
        match changes.iter().find(|(_, is_other)| *is_other) {
            Some((what, _)) => {
                let why = format!("{what} can not be updated");
                Err(ApiError::new(500, 10012, why))
            }
            None => Ok(()),
        }
    }
}
