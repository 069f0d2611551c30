//! Levels: how much order and durability one call wants.
//!
//! On one node every read level reads the same base and every write level is
//! sequenced before the answer, which is at least what was asked. The words are
//! in the API from the first day so that callers need not change.

use super::Token;

/// What a read may return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadLevel {
    /// This replica's base and its pending ops.
    Local,
    /// This replica's base only.
    Prefix,
    /// Base and pending of `k` replicas merged.
    Gather(u8),
    /// A base no older than this many milliseconds.
    Bounded(u64),
    /// Linearizable over confirmed writes.
    #[default]
    Latest,
}

/// When a write is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteLevel {
    /// Durable on any node at all.
    TentativeAny,
    /// Durable on `k` replicas.
    Tentative(u8),
    /// In the log and folded at the leader.
    #[default]
    Confirmed,
    /// Folded on every replica.
    AppliedAll,
}

/// When the log is forced to disk. Ordered from weak to strong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fsync {
    /// When the operating system likes.
    Off,
    /// About once a second: a crash of the machine may lose the last second.
    EverySec,
    /// Before the answer.
    #[default]
    Always,
}

/// What one call asks for.
#[derive(Clone, Debug, Default)]
pub struct Level {
    /// What a read may return.
    pub read: ReadLevel,
    /// When a write is answered.
    pub write: WriteLevel,
    /// Overrides the node's setting when given.
    pub fsync: Option<Fsync>,
    /// What the caller has already seen and must see again.
    pub token: Option<Token>,
    /// How long the caller is willing to wait, milliseconds.
    pub deadline_ms: Option<u64>,
}

impl Fsync {
    /// Parses the setting's name.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "always" => Some(Self::Always),
            "everysec" => Some(Self::EverySec),
            "off" | "no" => Some(Self::Off),
            _ => None,
        }
    }
}

impl ReadLevel {
    /// Parses a level or one of its well-known aliases.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "local" | "any" | "one" | "eventual" => Some(Self::Local),
            "prefix" => Some(Self::Prefix),
            "latest" | "strong" | "quorum" | "all" | "serial" => Some(Self::Latest),
            _ => {
                let (word, number) = argument(&name)?;
                match word {
                    "gather" => u8::try_from(number).ok().map(Self::Gather),
                    "bounded" => Some(Self::Bounded(number)),
                    _ => None,
                }
            }
        }
    }
}

impl WriteLevel {
    /// Parses a level or one of its well-known aliases.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "tentative" | "one" => Some(Self::Tentative(1)),
            "two" => Some(Self::Tentative(2)),
            "any" | "tentative(any)" => Some(Self::TentativeAny),
            "confirmed" | "quorum" | "serial" | "strong" => Some(Self::Confirmed),
            "applied_all" | "all" => Some(Self::AppliedAll),
            _ => match argument(&name)? {
                ("tentative", number) => u8::try_from(number).ok().map(Self::Tentative),
                _ => None,
            },
        }
    }
}

fn argument(name: &str) -> Option<(&str, u64)> {
    let (word, rest) = name.split_once('(')?;
    Some((word, rest.strip_suffix(')')?.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_their_aliases_parse() {
        assert_eq!(ReadLevel::parse("Gather(2)"), Some(ReadLevel::Gather(2)));
        assert_eq!(ReadLevel::parse("QUORUM"), Some(ReadLevel::Latest));
        assert_eq!(
            WriteLevel::parse("tentative(3)"),
            Some(WriteLevel::Tentative(3))
        );
        assert_eq!(WriteLevel::parse("sometimes"), None);
        assert!(Fsync::Off < Fsync::EverySec && Fsync::EverySec < Fsync::Always);
    }
}
