//! The fold: one op against the rows below it.

use super::held::{Answer, Held, Stop};
use super::zset::Rules;
use super::{Op, Reply, hash, list, row, set, stream, string, whole, zset};
use crate::record::Key;
use crate::record::overlay::Overlay;

/// Evaluates an op: reads the record's head once, writes what follows from the
/// op into the overlay, and answers. Pure: the time is the overlay's stamp,
/// which must be the op's own, for it also names the elements it creates.
///
/// The outer error means the rows could not be read; whatever was written until
/// then must not be used. The inner one is a refusal, and nothing was written.
pub fn fold(op: &Op, key: &Key, rows: &mut Overlay<'_>) -> Answer<Reply> {
    match evaluate(op, key, rows) {
        Ok(reply) => Ok(Ok(reply)),
        Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

fn evaluate(op: &Op, key: &Key, rows: &mut Overlay<'_>) -> Result<Reply, Stop> {
    let held = &Held::read(rows, key)?;
    match op {
        Op::Delete => whole::delete(held, rows),
        Op::Expire { at_ms, condition } => Ok(whole::expire(held, rows, *at_ms, *condition)),
        Op::Persist => Ok(whole::persist(held, rows)),
        Op::Replace { content, expire_ms } => whole::replace(held, rows, content, *expire_ms),

        Op::Set {
            value,
            expiry,
            condition,
            get,
        } => string::set(held, rows, value, *expiry, *condition, *get),
        Op::Append(value) => string::append(held, rows, value),
        Op::SetRange { offset, value } => string::set_range(held, rows, *offset, value),
        Op::Add(delta) => string::add(held, rows, *delta),
        Op::AddFloat(delta) => string::add_float(held, rows, delta),
        Op::GetDelete => string::get_delete(held, rows),
        Op::GetExpire(expiry) => string::get_expire(held, rows, *expiry),
        Op::SetBit { offset, bit } => string::set_bit(held, rows, *offset, *bit),

        Op::HashSet { fields } => hash::set(held, rows, fields),
        Op::HashSetIfAbsent { field, value } => hash::set_if_absent(held, rows, field, value),
        Op::HashDelete { fields } => hash::delete(held, rows, fields),
        Op::HashAdd { field, delta } => hash::add(held, rows, field, *delta),
        Op::HashAddFloat { field, delta } => hash::add_float(held, rows, field, delta),

        Op::ListPush {
            left,
            values,
            must_exist,
        } => list::push(held, rows, *left, values, *must_exist),
        Op::ListPop { left, count } => list::pop(held, rows, *left, *count),
        Op::ListSet { index, value } => list::set(held, rows, *index, value),
        Op::ListInsert {
            before,
            pivot,
            value,
        } => list::insert(held, rows, *before, pivot, value),
        Op::ListRemove { count, value } => list::remove(held, rows, *count, value),
        Op::ListTrim { start, stop } => list::trim(held, rows, *start, *stop),

        Op::SetAdd { members } => set::add(held, rows, members),
        Op::SetRemove { members } => set::remove(held, rows, members),
        Op::SetPop { count, seed } => set::pop(held, rows, *count, *seed),

        &Op::ZsetAdd {
            ref members,
            nx,
            xx,
            gt,
            lt,
            ch,
            incr,
        } => {
            let rules = Rules {
                nx,
                xx,
                gt,
                lt,
                ch,
                incr,
            };
            zset::add(held, rows, members, rules)
        }
        Op::ZsetRemove { members } => zset::remove(held, rows, members),
        Op::ZsetPop { max, count } => zset::pop(held, rows, *max, *count),
        Op::ZsetRemoveRange(range) => zset::remove_range(held, rows, range),

        Op::RowPut {
            fields,
            index_add,
            index_remove,
            expire,
        } => row::put(held, rows, fields, (index_add, index_remove), *expire),
        Op::RowDelete { index_remove } => row::delete(held, rows, index_remove),
        Op::IndexEntries { add, remove } => Ok(row::backfill(held, rows, add, remove)?),

        Op::StreamConfigure { limits, first_seq } => {
            stream::configure(held, rows, limits, *first_seq)
        }
        Op::StreamAppend(message) => stream::append(held, rows, message),
        Op::StreamRemove(removal) => stream::remove(held, rows, removal),
    }
}
