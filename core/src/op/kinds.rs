//! The ops: everything that can be asked of one record, as plain data.
//!
//! The order of variants is the order on disk: new ones go at the end.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::stream::{Append, Removal, StreamLimits};
use crate::record::CollectionId;

/// What happens to a record's deadline when it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expiry {
    /// There is none afterwards.
    #[default]
    Clear,
    /// It stays as it was.
    Keep,
    /// It is this, milliseconds since the Unix epoch.
    At(u64),
}

/// Whether a record must be there for an op to do anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// It may or may not.
    #[default]
    Always,
    /// It must not be there.
    IfAbsent,
    /// It must be there.
    IfPresent,
}

/// Which deadlines a new one may replace. A record without a deadline lives
/// for ever, so every deadline is less than its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExpireCondition {
    /// Any.
    #[default]
    Always,
    /// None: the record must have no deadline.
    Nx,
    /// The record must have one.
    Xx,
    /// Only an earlier one.
    Gt,
    /// Only a later one.
    Lt,
    /// Only a later one, and the record must have one.
    XxLt,
}

/// One end of a range of scores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreBound {
    /// The score; infinities are open ends. Never NaN.
    pub score: f64,
    /// Does the range begin (end) just after (before) it?
    pub exclusive: bool,
}

/// One end of a range of members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LexBound {
    /// Before every member.
    Min,
    /// After every member.
    Max,
    /// This member and on.
    Included(Bytes),
    /// Everything beyond this member.
    Excluded(Bytes),
}

/// Some members of a sorted set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ZsetRange {
    /// From one rank to another, both included; negative ranks count from the end.
    Rank {
        /// First.
        start: i64,
        /// Last.
        stop: i64,
    },
    /// From one score to another.
    Score {
        /// The lower end.
        min: ScoreBound,
        /// The upper end.
        max: ScoreBound,
    },
    /// From one member to another; meaningful when all scores are the same.
    Lex {
        /// The lower end.
        min: LexBound,
        /// The upper end.
        max: LexBound,
    },
}

/// Everything a record holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// Bytes.
    String(Bytes),
    /// Fields and values.
    Hash(Vec<(Bytes, Bytes)>),
    /// Elements, left to right.
    List(Vec<Bytes>),
    /// Members.
    Set(Vec<Bytes>),
    /// Members and scores.
    Zset(Vec<(Bytes, f64)>),
}

/// One thing to do to one record. Each says what it answers; unless it says
/// otherwise, a record of another type is refused with `WrongType`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Op {
    /// Removes the record, whatever its type but a table row. `Int` 1, or 0 if
    /// there was none.
    Delete,
    /// Gives the record a deadline; one that has passed removes the record.
    /// `Int` 1, or 0 if there is no record or the condition does not hold.
    Expire {
        /// Milliseconds since the Unix epoch.
        at_ms: u64,
        /// Which deadlines may be replaced.
        condition: ExpireCondition,
    },
    /// Takes the deadline away. `Int` 1, or 0 if there was none.
    Persist,
    /// Puts a whole value in the place of whatever was there (but a table
    /// row); an empty collection removes the record. `Done`.
    Replace {
        /// What the record holds afterwards.
        content: Content,
        /// Its deadline afterwards.
        expire_ms: Option<u64>,
    },

    /// Writes a string over whatever was there (but a table row). `Done`, or
    /// `None` if the condition does not hold; with `get`, what was there:
    /// `Bytes` or `None`, and `WrongType` if it was not a string.
    Set {
        /// The string.
        value: Bytes,
        /// Its deadline.
        expiry: Expiry,
        /// Whether there must be a record.
        condition: Condition,
        /// Answer the old string?
        get: bool,
    },
    /// Adds to the end of a string. `Int` = its length.
    Append(Bytes),
    /// Overwrites part of a string, filling a gap with zeros. `Int` = its length.
    SetRange {
        /// Where, in bytes.
        offset: u64,
        /// With what; nothing changes if it is empty.
        value: Bytes,
    },
    /// Adds to a string that is a whole number. `Int` = the sum.
    Add(i64),
    /// Adds to a string that is a number; the increment is decimal text.
    /// `Bytes` = the sum as stored.
    AddFloat(Bytes),
    /// Reads a string and removes it. `Bytes` or `None`.
    GetDelete,
    /// Reads a string and changes its deadline; one that has passed removes
    /// it. `Bytes` or `None`.
    GetExpire(Expiry),

    /// Writes fields of a hash. `Int` = how many were not there before.
    HashSet {
        /// Fields and values; of the same field twice, the last counts.
        fields: Vec<(Bytes, Bytes)>,
    },
    /// Writes a field unless it is there. `Int` 1 if written, or 0.
    HashSetIfAbsent {
        /// Which field.
        field: Bytes,
        /// Its value.
        value: Bytes,
    },
    /// Removes fields. `Int` = how many were there.
    HashDelete {
        /// Which.
        fields: Vec<Bytes>,
    },
    /// Adds to a field that is a whole number. `Int` = the sum.
    HashAdd {
        /// Which field.
        field: Bytes,
        /// How much.
        delta: i64,
    },
    /// Adds to a field that is a number; the increment is decimal text.
    /// `Bytes` = the sum as stored.
    HashAddFloat {
        /// Which field.
        field: Bytes,
        /// How much.
        delta: Bytes,
    },

    /// Pushes values, one after the other, at one end. `Int` = the length, 0 if
    /// there had to be a list and was none.
    ListPush {
        /// At the left end?
        left: bool,
        /// Which values.
        values: Vec<Bytes>,
        /// Must there be a list already?
        must_exist: bool,
    },
    /// Pops values at one end. `List` of them, or `None` if there is no list.
    ListPop {
        /// At the left end?
        left: bool,
        /// How many at most.
        count: u64,
    },
    /// Overwrites one element. `Done`, or `NoKey`, `IndexOutOfRange`.
    ListSet {
        /// Which; negative counts from the end.
        index: i64,
        /// With what.
        value: Bytes,
    },
    /// Inserts beside the first element that equals the pivot. `Int` = the
    /// length, 0 if there is no list, -1 if no such element.
    ListInsert {
        /// Before it, or after?
        before: bool,
        /// Beside which element.
        pivot: Bytes,
        /// What.
        value: Bytes,
    },
    /// Removes elements that equal a value. `Int` = how many.
    ListRemove {
        /// How many at most: from the left if positive, from the right if
        /// negative, all if 0.
        count: i64,
        /// Which.
        value: Bytes,
    },
    /// Keeps the elements from one index to another and removes the others. `Done`.
    ListTrim {
        /// First to keep; negative counts from the end.
        start: i64,
        /// Last to keep; negative counts from the end.
        stop: i64,
    },

    /// Adds members. `Int` = how many were not there before.
    SetAdd {
        /// Which.
        members: Vec<Bytes>,
    },
    /// Removes members. `Int` = how many were there.
    SetRemove {
        /// Which.
        members: Vec<Bytes>,
    },
    /// Removes members at random. `List` of them.
    SetPop {
        /// How many at most.
        count: u64,
        /// What decides which.
        seed: u64,
    },

    /// Adds members with scores, or changes scores. `Int` = how many were added
    /// (or, with `ch`, also changed); with `incr`, the last new score as `Float`
    /// or `None` if a condition did not hold.
    ZsetAdd {
        /// Scores and members.
        members: Vec<(f64, Bytes)>,
        /// Only add, never change.
        nx: bool,
        /// Only change, never add.
        xx: bool,
        /// Change only to a greater score.
        gt: bool,
        /// Change only to a lesser score.
        lt: bool,
        /// Count changes too.
        ch: bool,
        /// Add to the score instead of replacing it.
        incr: bool,
    },
    /// Removes members. `Int` = how many were there.
    ZsetRemove {
        /// Which.
        members: Vec<Bytes>,
    },
    /// Removes the members with the least or greatest scores. `List` of
    /// `Bytes`, `Float`, `Bytes`, `Float`...
    ZsetPop {
        /// The greatest?
        max: bool,
        /// How many at most.
        count: u64,
    },
    /// Removes a range of members. `Int` = how many.
    ZsetRemoveRange(ZsetRange),

    /// Writes a table row and its index entries. `Done`.
    RowPut {
        /// The row's encoded fields.
        fields: Bytes,
        /// Entries to write: index, values that sort.
        index_add: Vec<(CollectionId, Bytes)>,
        /// Entries to remove.
        index_remove: Vec<(CollectionId, Bytes)>,
        /// Its deadline.
        expire: Expiry,
    },
    /// Removes a table row and its index entries. `Int` 1, or 0 if there was none.
    RowDelete {
        /// Entries to remove: index, values that sort.
        index_remove: Vec<(CollectionId, Bytes)>,
    },
    /// Writes and removes index entries of a row without touching the row. `Done`.
    IndexEntries {
        /// Entries to write: index, values that sort.
        add: Vec<(CollectionId, Bytes)>,
        /// Entries to remove.
        remove: Vec<(CollectionId, Bytes)>,
    },

    /// Sets one bit of a string, counted from the most significant of its first
    /// byte, filling a gap with zeros. `Int` = the old bit.
    SetBit {
        /// Which bit.
        offset: u64,
        /// Its value.
        bit: bool,
    },

    /// Makes a stream, or gives one other limits, which are kept at once. `Done`.
    StreamConfigure {
        /// What it may hold.
        limits: StreamLimits,
        /// The number of a new stream's first message.
        first_seq: u64,
    },
    /// Appends a message. `List` of its number and 1 if it had been there
    /// before, or 0; `NoKey` without a stream.
    StreamAppend(Box<Append>),
    /// Removes messages. `Int` = how many; `NoKey` without a stream.
    StreamRemove(Removal),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_keeps_its_number_on_disk() {
        let row = Op::RowDelete {
            index_remove: Vec::new(),
        };
        let push = Op::ListPush {
            left: true,
            values: Vec::new(),
            must_exist: false,
        };
        let bit = Op::SetBit {
            offset: 0,
            bit: true,
        };
        for (op, number) in [
            (Op::Delete, 0),
            (Op::Persist, 2),
            (Op::Append(Bytes::new()), 5),
            (Op::GetExpire(Expiry::Keep), 10),
            (Op::HashDelete { fields: vec![] }, 13),
            (push, 16),
            (Op::SetAdd { members: vec![] }, 22),
            (Op::ZsetRemove { members: vec![] }, 26),
            (row, 30),
            (bit, 32),
        ] {
            let written = postcard::to_stdvec(&op).expect("encodes");
            assert_eq!(written.first(), Some(&number), "{op:?}");
        }
    }
}
