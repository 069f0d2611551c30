//! What a write becomes before it is sent: ops, and how their answers are shown.

use bytes::Bytes;
use stele_core::op::{Op, Reply};
use stele_core::record::Key;

use crate::fault::Fault;
use crate::resp::Out;

/// Shows the answer of one op.
pub type Shape = fn(Reply, &mut Out);

/// What a write command becomes.
pub enum Plan {
    /// One op on one record: joins its neighbours of the pipeline in one batch.
    One(Key, Op, Shape),
    /// Ops that happen together; the shape gets all their answers.
    Together(Vec<(Key, Op)>, fn(Vec<Reply>, &mut Out)),
}

/// What a plan may depend on: nothing that another client can change.
#[derive(Debug, Clone, Copy)]
pub struct Writing {
    /// The selected database.
    pub database: u8,
    /// Wall time, milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// Random bits, for ops that choose.
    pub seed: u64,
}

impl Writing {
    /// The address of a record in the selected database.
    #[must_use]
    pub fn key(&self, name: &Bytes) -> Key {
        Key::keyspace(self.database, name.clone())
    }

    /// A plan of one op on the first argument.
    ///
    /// # Errors
    /// When there is no first argument, which the arity check excludes.
    pub fn one(&self, args: &[Bytes], op: Op, shape: Shape) -> Result<Plan, Fault> {
        Ok(Plan::One(self.key(super::word(args, 1)?), op, shape))
    }
}

/// Shapes shared by many commands.
pub mod shape {
    use super::{Out, Reply};

    /// `OK` whatever the answer, null where a condition did not hold.
    pub fn ok(reply: Reply, out: &mut Out) {
        match reply {
            Reply::None => out.null(),
            _ => out.ok(),
        }
    }

    /// The number; 1 for done, 0 for nothing.
    pub fn int(reply: Reply, out: &mut Out) {
        match reply {
            Reply::Int(value) => out.int(value),
            Reply::Done => out.int(1),
            _ => out.int(0),
        }
    }

    /// The bytes, or null.
    pub fn bulk(reply: Reply, out: &mut Out) {
        match reply {
            Reply::Bytes(value) => out.bulk(&value),
            Reply::Int(value) => out.bulk(value.to_string().as_bytes()),
            Reply::Float(value) => out.double(value),
            _ => out.null(),
        }
    }

    /// The fraction, or null.
    pub fn double(reply: Reply, out: &mut Out) {
        match reply {
            Reply::Float(value) => out.double(value),
            other => bulk(other, out),
        }
    }

    /// A list of bytes; no list where there was nothing.
    pub fn list(reply: Reply, out: &mut Out) {
        match reply {
            Reply::List(replies) => {
                out.array(replies.len());
                replies.into_iter().for_each(|reply| bulk(reply, out));
            }
            _ => out.null_array(),
        }
    }

    /// A set of bytes; the empty set where there was nothing.
    pub fn set(reply: Reply, out: &mut Out) {
        match reply {
            Reply::List(replies) => {
                out.set(replies.len());
                replies.into_iter().for_each(|reply| bulk(reply, out));
            }
            _ => out.set(0),
        }
    }

    /// Whether a condition held: 1, or 0 for nothing.
    pub fn held(reply: Reply, out: &mut Out) {
        out.flag(!matches!(reply, Reply::None | Reply::Int(0)));
    }

    /// The sum of all answers.
    pub fn sum(replies: Vec<Reply>, out: &mut Out) {
        let counts = replies.into_iter().map(|reply| match reply {
            Reply::Int(value) => value,
            Reply::Done => 1,
            _ => 0,
        });
        out.int(counts.sum());
    }

    /// `OK` once for all.
    pub fn ok_once(_replies: Vec<Reply>, out: &mut Out) {
        out.ok();
    }
}
