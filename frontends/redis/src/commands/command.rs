//! A row of the table: everything there is to know about one command.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use super::plan::{Plan, Writing};
use super::{Deciding, Reading};
use crate::fault::Fault;
use crate::resp::Out;
use crate::session::Session;

/// A future of a command that has to wait.
pub type Boxed<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// How a command is carried out. All forms get the whole request, the command's name first.
#[derive(Clone, Copy)]
pub enum Run {
    /// Concerns only the connection.
    Here(fn(&mut Session, &[Bytes]) -> Result<(), Fault>),
    /// Concerns the connection or the node, and waits.
    Wait(for<'a> fn(&'a mut Session, &'a [Bytes]) -> Boxed<'a>),
    /// Reads the keys it names.
    Read(fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>),
    /// Reads the whole database.
    Survey(fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>),
    /// Becomes ops; a run of these in one pipeline is one batch.
    Write(fn(&Writing, &[Bytes]) -> Result<Plan, Fault>),
    /// Reads first and then decides what to write: a transaction of its own.
    Decide(for<'a> fn(&'a mut Deciding<'_>, &'a [Bytes], &'a mut Out) -> Boxed<'a>),
    /// Empties databases: this one, or all.
    Clear(fn(&[Bytes]) -> Result<Clear, Fault>),
    /// Sends a message to whoever listens.
    Signal,
    /// Has subcommands.
    Parent(&'static [Command]),
}

/// What FLUSHDB and FLUSHALL empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clear {
    /// The connection's database.
    Selected,
    /// All sixteen.
    All,
}

/// Which words of a request are keys.
#[derive(Debug, Clone, Copy)]
pub enum Keys {
    /// None.
    None,
    /// From `first` to `last` (negative: from the end), every `step`-th word.
    Range {
        /// The first key's position; the command's name is at 0.
        first: usize,
        /// The last key's position; -1 is the last word.
        last: isize,
        /// The distance between two keys.
        step: usize,
    },
    /// As many as the word at `at` says, after it.
    Counted {
        /// The position of the number.
        at: usize,
    },
}

/// What the table says of a command besides how to run it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    /// Changes data.
    pub const WRITE: Self = Self(1);
    /// Reads data.
    pub const READONLY: Self = Self(1 << 1);
    /// Takes constant or logarithmic time.
    pub const FAST: Self = Self(1 << 2);
    /// For whoever runs the node.
    pub const ADMIN: Self = Self(1 << 3);
    /// Belongs to publish and subscribe.
    pub const PUBSUB: Self = Self(1 << 4);
    /// Allowed before the client has authenticated.
    pub const NO_AUTH: Self = Self(1 << 5);
    /// May make a record larger.
    pub const DENYOOM: Self = Self(1 << 6);
    /// Not queued by MULTI.
    pub const NO_MULTI: Self = Self(1 << 7);
    /// Allowed while a RESP2 connection is subscribed.
    pub const SUBSCRIBED: Self = Self(1 << 8);
    /// Reads nothing of a record but its head.
    pub const HEAD: Self = Self(1 << 9);
    /// None of these.
    pub const NONE: Self = Self(0);

    /// Both sets of flags.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all flags of `other` are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names COMMAND INFO shows.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let named = [
            (Self::WRITE, "write"),
            (Self::READONLY, "readonly"),
            (Self::DENYOOM, "denyoom"),
            (Self::ADMIN, "admin"),
            (Self::PUBSUB, "pubsub"),
            (Self::NO_AUTH, "no_auth"),
            (Self::NO_MULTI, "no_multi"),
            (Self::FAST, "fast"),
        ];
        named
            .into_iter()
            .filter(|(flag, _)| self.has(*flag))
            .map(|(_, name)| name)
            .collect()
    }
}

/// The families, as Redis names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Group {
    Connection,
    Server,
    Generic,
    String,
    Hash,
    List,
    Set,
    SortedSet,
    Stream,
    Transactions,
    Pubsub,
    Cluster,
    Stele,
}

impl Group {
    /// The name COMMAND DOCS shows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Server => "server",
            Self::Generic => "generic",
            Self::String => "string",
            Self::Hash => "hash",
            Self::List => "list",
            Self::Set => "set",
            Self::SortedSet => "sorted-set",
            Self::Stream => "stream",
            Self::Transactions => "transactions",
            Self::Pubsub => "pubsub",
            Self::Cluster => "cluster",
            Self::Stele => "stele",
        }
    }

    /// The category ACLs know it by.
    #[must_use]
    pub fn category(self) -> &'static str {
        match self {
            Self::Server | Self::Cluster | Self::Stele => "@admin",
            Self::Generic => "@keyspace",
            Self::SortedSet => "@sortedset",
            Self::Transactions => "@transaction",
            Self::Connection => "@connection",
            Self::String => "@string",
            Self::Hash => "@hash",
            Self::List => "@list",
            Self::Set => "@set",
            Self::Stream => "@stream",
            Self::Pubsub => "@pubsub",
        }
    }
}

/// One command or subcommand.
#[derive(Clone, Copy)]
pub struct Command {
    /// Its name in lower case.
    pub name: &'static str,
    /// How many words a request has, the name included; negative: at least so many.
    pub arity: i32,
    /// How it is carried out.
    pub run: Run,
    /// What else there is to know.
    pub flags: Flags,
    /// Which words are keys.
    pub keys: Keys,
    /// Its family.
    pub group: Group,
    /// One sentence for people.
    pub summary: &'static str,
}

impl Command {
    /// A command without keys and flags.
    #[must_use]
    pub const fn new(
        group: Group,
        name: &'static str,
        arity: i32,
        run: Run,
        summary: &'static str,
    ) -> Self {
        let flags = match run {
            Run::Read(_) | Run::Survey(_) => Flags::READONLY,
            Run::Write(_) | Run::Decide(_) | Run::Clear(_) => Flags::WRITE,
            Run::Signal => Flags::PUBSUB,
            Run::Here(_) | Run::Wait(_) | Run::Parent(_) => Flags::NONE,
        };
        Self {
            name,
            arity,
            run,
            flags,
            keys: Keys::None,
            group,
            summary,
        }
    }

    /// Adds flags.
    #[must_use]
    pub const fn flag(mut self, flags: Flags) -> Self {
        self.flags = self.flags.and(flags);
        self
    }

    /// Adds the flag of commands whose time does not depend on the record's size.
    #[must_use]
    pub const fn fast(self) -> Self {
        self.flag(Flags::FAST)
    }

    /// Adds the flag of reads that look at heads only: a single one needs no frozen view.
    #[must_use]
    pub const fn head(self) -> Self {
        self.flag(Flags::HEAD)
    }

    /// Says which words are keys.
    #[must_use]
    pub const fn keys(mut self, first: usize, last: isize, step: usize) -> Self {
        self.keys = Keys::Range { first, last, step };
        self
    }

    /// The first argument is the only key.
    #[must_use]
    pub const fn key(self) -> Self {
        self.keys(1, 1, 1)
    }

    /// The word at `at` says how many keys follow it.
    #[must_use]
    pub const fn counted_keys(mut self, at: usize) -> Self {
        self.keys = Keys::Counted { at };
        self
    }

    /// Whether a request of `words` words has the right number.
    #[must_use]
    pub fn takes(&self, words: usize) -> bool {
        let wanted = usize::try_from(self.arity.unsigned_abs()).unwrap_or(usize::MAX);
        if self.arity < 0 {
            words >= wanted
        } else {
            words == wanted
        }
    }

    /// The positions of the keys in a request; none where it is malformed.
    #[must_use]
    pub fn key_positions(&self, args: &[Bytes]) -> Vec<usize> {
        match self.keys {
            Keys::None => Vec::new(),
            Keys::Range { first, last, step } => {
                let last = match usize::try_from(last) {
                    Ok(last) => last,
                    Err(_) => args.len().saturating_sub(last.unsigned_abs()),
                };
                (first..=last.min(args.len().saturating_sub(1)))
                    .step_by(step.max(1))
                    .collect()
            }
            Keys::Counted { at } => {
                let count = args
                    .get(at)
                    .and_then(|word| crate::resp::number::parse_i64(word));
                let count = count
                    .and_then(|count| usize::try_from(count).ok())
                    .unwrap_or(0);
                let end = (at + 1).saturating_add(count);
                if end <= args.len() {
                    (at + 1..end).collect()
                } else {
                    Vec::new()
                }
            }
        }
    }

    /// The subcommands.
    #[must_use]
    pub fn children(&self) -> &'static [Command] {
        match self.run {
            Run::Parent(children) => children,
            _ => &[],
        }
    }
}
