//! The Raft library's type parameters, and the way between its types and ours.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use openraft::impls::leader_id_std::LeaderId;
use openraft::impls::{BoxedErrorSource, InlineBatch};
use openraft::raft::responder::Responder;
use openraft::vote::leader_id_std::CommittedLeaderId;
use openraft::{EmptyNode, EntryPayload, RaftTypeConfig};

use super::proposal::Proposal;
use crate::error::Result;
use crate::store::entry::{self, EntryBody, EntryRow, MembersRow, Position, VoteRow};

/// Members are numbers without addresses (those are meta records); one leader
/// per term, so that a position is a term and an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Config;

impl RaftTypeConfig for Config {
    type D = Payload;
    type R = ();
    type NodeId = u64;
    type Node = EmptyNode;
    type Term = u64;
    type LeaderId = LeaderId<u64, u64>;
    type Vote = openraft::Vote<Self::LeaderId>;
    type Payload = EntryPayload<Payload, u64, EmptyNode>;
    type Entry = openraft::Entry<CommittedLeaderId<u64>, Self::Payload>;
    #[allow(deprecated)] // the new path is a crate of its own, for one name
    type AsyncRuntime = openraft::TokioRuntime;
    type Responder<T>
        = Callback<T>
    where
        T: Send + 'static;
    type Batch<T>
        = InlineBatch<T>
    where
        T: Send + 'static;
    type ErrorSource = BoxedErrorSource;
}

pub(super) type LogId = openraft::LogId<CommittedLeaderId<u64>>;
pub(super) type RaftEntry = <Config as RaftTypeConfig>::Entry;
pub(super) type Vote = <Config as RaftTypeConfig>::Vote;
pub(super) type Membership = openraft::Membership<u64, EmptyNode>;
pub(super) type StoredMembership =
    openraft::StoredMembership<CommittedLeaderId<u64>, u64, EmptyNode>;
pub(super) type SnapshotMeta = openraft::SnapshotMeta<CommittedLeaderId<u64>, u64, EmptyNode>;
pub(super) type Snapshot = openraft::Snapshot<CommittedLeaderId<u64>, u64, EmptyNode, ()>;

/// What an entry of ours carries through Raft: a pointer.
#[derive(Clone)]
pub(super) struct Payload(pub Arc<Proposal>);

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = &self.0.entry;
        write!(f, "{} commands at {}", entry.commands.len(), entry.stamp)
    }
}

/// Told how Raft took a proposal.
pub(super) struct Callback<T>(pub Box<dyn FnOnce(T) + Send>);

impl<T: Send + 'static> Responder<Config, T> for Callback<T> {
    fn on_complete(self, result: T) {
        (self.0)(result);
    }
}

/// Raft's position, from ours.
pub(super) fn log_id(position: Position) -> LogId {
    LogId {
        leader_id: CommittedLeaderId::new(position.term),
        index: position.index,
    }
}

/// Our position, from Raft's.
pub(super) fn position(log_id: &LogId) -> Position {
    Position {
        term: log_id.leader_id.term,
        index: log_id.index,
    }
}

/// Our vote, from Raft's.
pub(super) fn vote_row(vote: &Vote) -> VoteRow {
    VoteRow {
        term: vote.leader_id.term,
        member: vote.leader_id.voted_for,
        elected: vote.committed,
    }
}

/// Raft's vote, from ours.
pub(super) fn vote(row: VoteRow) -> Vote {
    Vote {
        leader_id: LeaderId {
            term: row.term,
            voted_for: row.member,
        },
        committed: row.elected,
    }
}

/// Our members, from Raft's.
pub(super) fn members_row(membership: &Membership) -> MembersRow {
    MembersRow {
        voters: membership
            .get_joint_config()
            .iter()
            .map(|voters| voters.iter().copied().collect())
            .collect(),
        learners: membership.learner_ids().collect(),
    }
}

/// Raft's members, from ours.
pub(super) fn membership(row: &MembersRow) -> Membership {
    let voters: Vec<BTreeSet<u64>> = row
        .voters
        .iter()
        .map(|voters| voters.iter().copied().collect())
        .collect();
    Membership::new_with_defaults(voters, row.learners.iter().copied())
}

/// An entry's stored form.
pub(super) fn entry_bytes(raft: &RaftEntry) -> Result<bytes::Bytes> {
    let term = raft.log_id.leader_id.term;
    let body = match &raft.payload {
        EntryPayload::Normal(Payload(proposal)) => {
            return entry::encode_commands(term, &proposal.entry, &proposal.body);
        }
        EntryPayload::Blank => EntryBody::Blank,
        EntryPayload::Membership(membership) => EntryBody::Members(members_row(membership)),
    };
    entry::encode(&EntryRow { term, body })
}

/// Raft's entry, from a stored row.
pub(super) fn raft_entry(index: u64, row: EntryRow) -> RaftEntry {
    let payload = match row.body {
        EntryBody::Blank => EntryPayload::Blank,
        EntryBody::Commands(entry) => {
            EntryPayload::Normal(Payload(Arc::new(Proposal::recovered(entry))))
        }
        EntryBody::Members(row) => EntryPayload::Membership(membership(&row)),
    };
    let log_id = log_id(Position {
        term: row.term,
        index,
    });
    RaftEntry { log_id, payload }
}

/// How much memory an entry's commands take, about.
pub(super) fn body_bytes(raft: &RaftEntry) -> usize {
    match &raft.payload {
        EntryPayload::Normal(Payload(proposal)) => proposal.body.len(),
        EntryPayload::Blank | EntryPayload::Membership(_) => 0,
    }
}
