//! A stream's config: JetStream's JSON, its defaults, and what is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stele_core::op::stream::StreamLimits;

use super::error::{Answer, ApiError};
use super::json;
use super::republish::Republish;
use super::transform::{SubjectTransform, Transform};
use crate::wire::info::{API_LEVEL, VERSION};
use crate::wire::subject;

/// How long message ids are remembered by default: two minutes, in nanoseconds.
const DUPLICATE_WINDOW_NS: i64 = 120_000_000_000;
/// The longest name.
const NAME_BYTES_MAX: usize = 255;
/// No time limit may be shorter, nanoseconds.
const WINDOW_NS_MIN: i64 = 100_000_000;
/// The shortest life of a marker.
const SECOND_NS: i64 = 1_000_000_000;

/// When messages are removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Retention {
    /// When a limit says so.
    #[default]
    Limits,
    /// When every consumer has had them.
    Interest,
    /// When one consumer has had them.
    WorkQueue,
}

/// What a full stream does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Discard {
    /// Drops the oldest message.
    #[default]
    Old,
    /// Refuses the newest.
    New,
}

fn minus_one() -> i64 {
    -1
}

/// What a consumer may ask for at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsumerLimits {
    #[serde(skip_serializing_if = "is_zero")]
    pub inactive_threshold: i64,
    #[serde(skip_serializing_if = "is_zero")]
    pub max_ack_pending: i64,
}

/// A stream's config. Durations in nanoseconds, -1 = no limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {
    #[serde(default)]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjects: Option<Vec<String>>,
    #[serde(default)]
    pub retention: Retention,
    #[serde(default = "minus_one")]
    pub max_consumers: i64,
    #[serde(default = "minus_one")]
    pub max_msgs: i64,
    #[serde(default = "minus_one")]
    pub max_bytes: i64,
    #[serde(default)]
    pub max_age: i64,
    #[serde(default = "minus_one")]
    pub max_msgs_per_subject: i64,
    #[serde(default = "minus_one")]
    pub max_msg_size: i64,
    #[serde(default)]
    pub discard: Discard,
    #[serde(default)]
    pub storage: Option<String>,
    #[serde(default)]
    pub num_replicas: i64,
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_ack: bool,
    #[serde(default)]
    pub duplicate_window: i64,
    #[serde(default)]
    pub compression: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero_u64")]
    pub first_seq: u64,
    #[serde(default)]
    pub allow_direct: bool,
    #[serde(default)]
    pub mirror_direct: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub discard_new_per_subject: bool,
    #[serde(default)]
    pub sealed: bool,
    #[serde(default)]
    pub deny_delete: bool,
    #[serde(default)]
    pub deny_purge: bool,
    #[serde(default)]
    pub allow_rollup_hdrs: bool,
    #[serde(default)]
    pub consumer_limits: ConsumerLimits,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_transform: Option<SubjectTransform>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub republish: Option<Republish>,
    #[serde(default)]
    pub allow_msg_ttl: bool,
    /// How long a marker stays that tells that a subject has lost its last message; 0 = no
    /// markers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub subject_delete_marker_ttl: i64,
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
    /// Ignored: one node has one place.
    #[serde(default, skip_serializing)]
    placement: Value,
    /// Ignored but for its being said.
    #[serde(default, skip_serializing)]
    pedantic: Value,
    // What is known and refused.
    #[serde(default, skip_serializing)]
    mirror: Value,
    #[serde(default, skip_serializing)]
    sources: Value,
    #[serde(default, skip_serializing)]
    allow_msg_counter: Value,
    #[serde(default, skip_serializing)]
    allow_atomic: Value,
    #[serde(default, skip_serializing)]
    allow_msg_schedules: Value,
    #[serde(default, skip_serializing)]
    allow_batched: Value,
    #[serde(default, skip_serializing)]
    persist_mode: Value,
    #[serde(default, skip_serializing)]
    template_owner: Value,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_false(value: &bool) -> bool {
    !value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero_u64(value: &u64) -> bool {
    *value == 0
}

/// Does a member say anything?
fn says(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(true) | Value::Object(_) => true,
    }
}

impl StreamConfig {
    /// Reads a request, fills in what it leaves open, refuses what cannot be.
    pub fn read(payload: &[u8], name: &str) -> Answer<Self> {
        let mut config: Self = json::read(payload)?;
        if config.name != name {
            let why = "stream name in subject does not match request";
            return Err(ApiError::new(400, 10056, why));
        }
        config.check_name()?;
        config.refuse_unsupported()?;
        config.fill_in();
        config.check_subjects()?;
        config.check_limits()?;
        config.check_changes()?;
        Ok(config)
    }

    fn check_name(&self) -> Answer<()> {
        if self.name.len() > NAME_BYTES_MAX {
            let why = "stream name is too long, maximum allowed is 255";
            return Err(ApiError::new(400, 10102, why));
        }
        if !subject::is_name(&self.name) {
            return Err(ApiError::stream_config("stream name is invalid"));
        }
        Ok(())
    }

    fn refuse_unsupported(&self) -> Answer<()> {
        if self.num_replicas > 1 {
            let why = "replicas > 1 not supported in non-clustered mode";
            return Err(ApiError::new(500, 10074, why));
        }
        let unsupported = [
            ("mirror", says(&self.mirror)),
            ("sources", says(&self.sources)),
            ("allow_msg_counter", says(&self.allow_msg_counter)),
            ("allow_atomic", says(&self.allow_atomic)),
            ("allow_msg_schedules", says(&self.allow_msg_schedules)),
            ("allow_batched", says(&self.allow_batched)),
            ("mirror_direct", self.mirror_direct),
        ];
        match unsupported.iter().find(|(_, is_asked)| *is_asked) {
            Some((name, _)) => Err(ApiError::stream_config(format!("{name} is not supported"))),
            None => Ok(()),
        }
    }

    fn fill_in(&mut self) {
        if self.subjects.as_ref().is_none_or(Vec::is_empty) {
            self.subjects = Some(vec![self.name.clone()]);
        }
        for limit in [
            &mut self.max_consumers,
            &mut self.max_msgs,
            &mut self.max_bytes,
            &mut self.max_msgs_per_subject,
            &mut self.max_msg_size,
        ] {
            if *limit <= 0 {
                *limit = -1;
            }
        }
        self.num_replicas = 1;
        self.storage.get_or_insert_with(|| "file".to_owned());
        self.compression.get_or_insert_with(|| "none".to_owned());
        if self.duplicate_window == 0 {
            self.duplicate_window = match self.max_age {
                1..DUPLICATE_WINDOW_NS => self.max_age,
                _ => DUPLICATE_WINDOW_NS,
            };
        }
        if let Some(republish) = &mut self.republish
            && republish.src.is_empty()
        {
            republish.src = ">".to_owned();
        }
        if self.subject_delete_marker_ttl > 0 {
            // Markers have a time to live and stand for all before them.
            self.allow_msg_ttl = true;
            self.allow_rollup_hdrs = true;
        }
        let metadata = self.metadata.get_or_insert_default();
        let mut said = |key: &str, value: String| metadata.insert(key.to_owned(), value);
        said("_nats.level", API_LEVEL.to_string());
        said("_nats.req.level", "0".to_owned());
        said("_nats.ver", VERSION.to_owned());
    }

    fn check_subjects(&self) -> Answer<()> {
        for (at, own) in self.subjects().iter().enumerate() {
            if !subject::is_valid(own.as_bytes()) {
                return Err(ApiError::stream_config("invalid subject"));
            }
            let is_taken = |other: &String| subject::overlaps(own, other);
            if self.subjects().iter().skip(at + 1).any(is_taken) {
                let why = format!("duplicate subjects detected: {own}");
                return Err(ApiError::stream_config(why));
            }
            if subject::overlaps(own, "$JS.>") || subject::overlaps(own, "$SYS.>") {
                let why = "subjects that overlap with jetstream api require no-ack to be true";
                return Err(ApiError::stream_config(why));
            }
        }
        Ok(())
    }

    /// Transforms and republishing.
    fn check_changes(&self) -> Answer<()> {
        if let Some(transform) = &self.subject_transform {
            let read = Transform::read(transform);
            read.map_err(|why| ApiError::new(400, 10156, format!("stream transform: {why}")))?;
        }
        let Some(republish) = &self.republish else {
            return Ok(());
        };
        let Republish { src, dest, .. } = republish;
        let is_own = |own: &String| subject::overlaps(own, src);
        if !self.subjects().iter().any(is_own) {
            let why = "stream configuration for republish source is not valid subset of subjects";
            return Err(ApiError::stream_config(why));
        }
        if self
            .subjects()
            .iter()
            .any(|own| subject::overlaps(own, dest))
        {
            let why = "stream configuration for republish destination forms a cycle";
            return Err(ApiError::stream_config(why));
        }
        let what = "stream configuration for republish with transform";
        let why = format!("{what} from '{src}' to '{dest}' not valid");
        republish
            .transform()
            .map_err(|_| ApiError::stream_config(why))?;
        Ok(())
    }

    fn check_limits(&self) -> Answer<()> {
        let storage = self.storage.as_deref();
        if !matches!(storage, Some("file" | "memory")) {
            return Err(ApiError::stream_config("unknown storage type"));
        }
        if !matches!(self.compression.as_deref(), Some("none" | "s2")) {
            return Err(ApiError::stream_config("unknown compression"));
        }
        if self.max_age < 0 || (self.max_age > 0 && self.max_age < WINDOW_NS_MIN) {
            return Err(ApiError::stream_config("max age needs to be >= 100ms"));
        }
        if self.duplicate_window < WINDOW_NS_MIN {
            let why = "duplicates window needs to be >= 100ms";
            return Err(ApiError::stream_config(why));
        }
        if self.max_age > 0 && self.duplicate_window > self.max_age {
            let why = "duplicates window can not be larger then max age";
            return Err(ApiError::stream_config(why));
        }
        if (1..SECOND_NS).contains(&self.subject_delete_marker_ttl) {
            let why = "subject delete marker TTL must be at least 1 second";
            return Err(ApiError::stream_config(why));
        }
        if self.discard_new_per_subject
            && (self.discard != Discard::New || self.max_msgs_per_subject <= 0)
        {
            let why = "discard new per subject requires discard new policy to be set";
            return Err(ApiError::stream_config(why));
        }
        Ok(())
    }

    /// The subjects it takes.
    pub fn subjects(&self) -> &[String] {
        self.subjects.as_deref().unwrap_or_default()
    }

    /// What the core keeps it to.
    pub fn limits(&self) -> StreamLimits {
        let positive = |limit: i64| u64::try_from(limit).unwrap_or(0);
        StreamLimits {
            messages_max: positive(self.max_msgs),
            bytes_max: positive(self.max_bytes),
            per_subject_max: positive(self.max_msgs_per_subject),
            message_bytes_max: positive(self.max_msg_size),
            age_ms_max: positive(self.max_age) / 1_000_000,
            duplicate_ms: positive(self.duplicate_window) / 1_000_000,
            discard_new: self.discard == Discard::New,
            discard_new_per_subject: self.discard_new_per_subject,
            rollup: self.allow_rollup_hdrs,
            sealed: self.sealed,
        }
    }

    /// May a stream with this config get that one?
    pub fn check_update(&self, new: &Self) -> Answer<()> {
        let refuse = |why: &str| Err(ApiError::stream_config(why));
        let workqueue = Retention::WorkQueue;
        if self.retention != new.retention
            && (self.retention == workqueue || new.retention == workqueue)
        {
            return refuse(
                "stream configuration update can not change retention policy to/from workqueue",
            );
        }
        if self.storage != new.storage {
            return refuse("stream configuration update can not change storage type");
        }
        if self.max_consumers != new.max_consumers {
            return refuse("stream configuration update can not change MaxConsumers");
        }
        if self.sealed && !new.sealed {
            return refuse("stream configuration update can not unseal a sealed stream");
        }
        if self.deny_delete && !new.deny_delete {
            return refuse("stream configuration update can not cancel deny message deletes");
        }
        if self.deny_purge && !new.deny_purge {
            return refuse("stream configuration update can not cancel deny purge");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Answer<StreamConfig> {
        StreamConfig::read(json.as_bytes(), "S")
    }

    #[test]
    fn what_is_left_open_is_filled_in() {
        let config = read(r#"{"name":"S","max_age":1000000000}"#).expect("reads");
        assert_eq!(config.subjects(), ["S"]);
        assert_eq!(config.duplicate_window, 1_000_000_000);
        let again = serde_json::to_string(&config).expect("writes");
        assert_eq!(read(&again), Ok(config));
    }

    #[test]
    fn what_is_not_known_or_not_there_is_refused() {
        let code = |json| read(json).map_err(|error| (error.err_code, error.description));
        let unknown = r#"invalid JSON: json: unknown field "bogus""#.to_owned();
        assert_eq!(code(r#"{"name":"S","bogus":1}"#), Err((10025, unknown)));
        let mirror = "mirror is not supported".to_owned();
        let asked = code(r#"{"name":"S","mirror":{"name":"T"}}"#);
        assert_eq!(asked, Err((10052, mirror)));
        assert!(code(r#"{"name":"S","mirror":null,"sources":[]}"#).is_ok());
        assert!(code(r#"{"name":"S","subjects":["a..b"]}"#).is_err());
        assert!(code(r#"{"name":"S","subjects":["a.*","a.b"]}"#).is_err());
    }
}
