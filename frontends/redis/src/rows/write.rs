//! Commands that write rows of tables: as hashes, but through types and constraints.

use std::sync::Arc;

use bytes::Bytes;
use stele_core::op::{Op, Reply};
use stele_core::record::table::Table;
use stele_core::record::value::{Numeric, Settings, Value, text};
use stele_core::record::{Key, Kind, head};
use stele_core::txn::{RowError, RowRecord};

use super::fields::{parse_field, refused};
use super::{Place, default};
use crate::commands::hash::write::pairs;
use crate::commands::plan::Plan;
use crate::commands::registry::wrong_arity;
use crate::commands::{Command, Deciding, Group, Run, integer, rest, word};
use crate::fault::{Fault, NOT_FLOAT, WRONG_TYPE, said};
use crate::resp::Out;
use crate::resp::number::{parse_f64, parse_i64, print_f64};

/// Carries out a command one of whose keys is a row's.
///
/// # Errors
/// `WRONGTYPE` for commands of other types than hashes, the constraint's message where one would
/// not hold, and a clear refusal where the command makes no sense for a row. Nothing is changed
/// then: the caller takes back what was done.
pub async fn write(
    deciding: &mut Deciding<'_>,
    command: &Command,
    args: &[Bytes],
    out: &mut Out,
) -> Result<(), Fault> {
    match command.name {
        "hset" => assign(deciding, args, out, true).await,
        "hmset" => assign(deciding, args, out, false).await,
        "hsetnx" => assign_if_absent(deciding, args, out).await,
        "hdel" => delete_fields(deciding, args, out).await,
        "hincrby" => add(deciding, args, out).await,
        "hincrbyfloat" => add_float(deciding, args, out).await,
        "del" | "unlink" => delete(deciding, args, out).await,
        "expire" | "pexpire" | "expireat" | "pexpireat" | "persist" => {
            change_deadline(deciding, command, args, out).await
        }
        name => Err(unsupported(deciding, name, command.group, args)),
    }
}

/// A command of another type is answered as for any hash; the others say what is wrong.
fn unsupported(deciding: &Deciding<'_>, name: &str, group: Group, args: &[Bytes]) -> Fault {
    if matches!(group, Group::List | Group::Set | Group::SortedSet) {
        return WRONG_TYPE;
    }
    let is_row = |word: &&Bytes| deciding.tables.owns(deciding.database, word);
    let key = args
        .iter()
        .skip(1)
        .find(is_row)
        .map(|key| String::from_utf8_lossy(key).into_owned());
    let (name, key) = (name.to_ascii_uppercase(), key.unwrap_or_default());
    format!("ERR {name} is not possible on '{key}', which is a row of a table").into()
}

/// The row a key names, locked, and what it is now.
struct Held {
    table: Arc<Table>,
    key: Key,
    spelling: String,
    row: Option<RowRecord>,
}

async fn hold(deciding: &mut Deciding<'_>, name: &Bytes) -> Result<Held, Fault> {
    let (key, table, spelling) = match deciding.tables.place(deciding.database, name) {
        Place::Row {
            key,
            table,
            spelling,
        } => (key, table, spelling),
        Place::NoRow { table } => {
            let text = format!(
                "ERR '{}' cannot be a key of table {}",
                shown(name),
                table.name
            );
            return Err(text.into());
        }
        Place::Keyspace(_) => return Err(WRONG_TYPE),
    };
    deciding.txn.use_table(&table).await.map_err(row_fault)?;
    let now_ms = deciding.now_ms;
    let view = deciding.view(std::slice::from_ref(&key)).await?;
    let row = RowRecord::read(&view, &table, &key, now_ms)?;
    drop(view);
    Ok(Held {
        table,
        key,
        spelling,
        row,
    })
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

pub(super) fn row_fault(error: RowError) -> Fault {
    match error {
        RowError::Core(error) => Fault::Core(error),
        RowError::Value(error) => refused(&error),
        RowError::Violation(violation) => format!("ERR {}", violation.message).into(),
    }
}

fn position(table: &Table, field: &[u8]) -> Result<usize, Fault> {
    let name = shown(field);
    table.position_of(&name).ok_or_else(|| {
        format!(
            "ERR column \"{name}\" of relation \"{}\" does not exist",
            table.name
        )
        .into()
    })
}

/// Writes fields of a row that may not be there yet; how many were NULL or absent before.
async fn put(
    deciding: &mut Deciding<'_>,
    held: &Held,
    fields: &[(Bytes, Bytes)],
) -> Result<i64, Fault> {
    let table = &held.table;
    let mut changes = Vec::with_capacity(fields.len());
    for (field, value) in fields {
        let at = position(table, field)?;
        let column = table.columns.get(at).ok_or(WRONG_TYPE)?;
        changes.push((at, parse_field(column, value)?));
    }
    let mut values = match &held.row {
        Some(row) => row.fields.clone(),
        None => default::row(deciding, table, &held.spelling, &changes).await?,
    };
    let before = held.row.as_ref().map(|row| row.fields.clone());
    let mut added = std::collections::BTreeSet::new();
    for (at, value) in changes {
        let was_null = before
            .as_ref()
            .is_none_or(|row| row.get(at).is_none_or(Value::is_null));
        if was_null {
            added.insert(at);
        }
        if let Some(slot) = values.get_mut(at) {
            *slot = value;
        }
    }
    match &held.row {
        Some(row) => deciding
            .txn
            .update_row(table, row, values)
            .await
            .map_err(row_fault)?,
        None => {
            let key = deciding
                .txn
                .insert_row(table, values)
                .await
                .map_err(row_fault)?;
            if key != held.key {
                let text = "ERR the primary key's fields contradict the key";
                return Err(said(text));
            }
        }
    }
    Ok(i64::try_from(added.len()).unwrap_or(i64::MAX))
}

async fn assign(
    deciding: &mut Deciding<'_>,
    args: &[Bytes],
    out: &mut Out,
    counts: bool,
) -> Result<(), Fault> {
    let command = if counts { "hset" } else { "hmset" };
    let fields = pairs(rest(args, 2)).ok_or_else(|| wrong_arity(command))?;
    let held = hold(deciding, word(args, 1)?).await?;
    let added = put(deciding, &held, &fields).await?;
    if counts {
        out.int(added)
    } else {
        out.ok()
    }
    Ok(())
}

async fn assign_if_absent(
    deciding: &mut Deciding<'_>,
    args: &[Bytes],
    out: &mut Out,
) -> Result<(), Fault> {
    let (field, value) = (word(args, 2)?.clone(), word(args, 3)?.clone());
    let held = hold(deciding, word(args, 1)?).await?;
    let at = position(&held.table, &field)?;
    let old = held.row.as_ref().and_then(|row| row.fields.get(at));
    if old.is_some_and(|old| !old.is_null()) {
        out.flag(false);
        return Ok(());
    }
    put(deciding, &held, &[(field, value)]).await?;
    out.flag(true);
    Ok(())
}

/// A deleted field is NULL, where the table allows that.
async fn delete_fields(
    deciding: &mut Deciding<'_>,
    args: &[Bytes],
    out: &mut Out,
) -> Result<(), Fault> {
    let held = hold(deciding, word(args, 1)?).await?;
    let Some(row) = &held.row else {
        out.int(0);
        return Ok(());
    };
    let mut values = row.fields.clone();
    let mut deleted = 0;
    for field in rest(args, 2) {
        let at = held.table.position_of(&shown(field));
        let slot = at
            .and_then(|at| values.get_mut(at))
            .filter(|slot| !slot.is_null());
        if let Some(slot) = slot {
            *slot = Value::Null;
            deleted += 1;
        }
    }
    if deleted > 0 {
        deciding
            .txn
            .update_row(&held.table, row, values)
            .await
            .map_err(row_fault)?;
    }
    out.int(deleted);
    Ok(())
}

/// A field as text; `None` for NULL and for a row that is not there.
fn current(held: &Held, at: usize) -> Option<String> {
    let value = held.row.as_ref()?.fields.get(at)?;
    (!value.is_null()).then(|| text::print(value, &Settings::default()))
}

async fn add(deciding: &mut Deciding<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let delta = integer(args, 3)?;
    let held = hold(deciding, word(args, 1)?).await?;
    let at = position(&held.table, word(args, 2)?)?;
    let old = match current(&held, at) {
        None => 0,
        Some(old) => parse_i64(old.as_bytes()).ok_or(said("ERR hash value is not an integer"))?,
    };
    let sum = old.checked_add(delta);
    let sum = sum.ok_or(said("ERR increment or decrement would overflow"))?;
    put(
        deciding,
        &held,
        &[(word(args, 2)?.clone(), Bytes::from(sum.to_string()))],
    )
    .await?;
    out.int(sum);
    Ok(())
}

async fn add_float(
    deciding: &mut Deciding<'_>,
    args: &[Bytes],
    out: &mut Out,
) -> Result<(), Fault> {
    let delta = parse_f64(word(args, 3)?).ok_or(NOT_FLOAT)?;
    let held = hold(deciding, word(args, 1)?).await?;
    let at = position(&held.table, word(args, 2)?)?;
    let old = current(&held, at).unwrap_or_else(|| "0".to_owned());
    let sum = sum(&old, word(args, 3)?, delta)?;
    let field = (word(args, 2)?.clone(), Bytes::from(sum));
    put(deciding, &held, std::slice::from_ref(&field)).await?;
    out.bulk(&field.1);
    Ok(())
}

/// Adds decimals exactly, so that a numeric column does not collect the dust of binary fractions;
/// what is no decimal (`inf`, `0x10`) is added as floating point numbers are.
fn sum(old: &str, delta: &[u8], delta_float: f64) -> Result<String, Fault> {
    let decimal = |text: &str| text.parse::<Numeric>().ok().filter(Numeric::is_finite);
    let given = std::str::from_utf8(delta).ok().and_then(decimal);
    if let Some((old, delta)) = decimal(old).zip(given) {
        let sum = old.add(&delta).map_err(|error| refused(&error))?;
        return Ok(sum.trim_scale().to_string());
    }
    let old = parse_f64(old.as_bytes()).ok_or(said("ERR hash value is not a float"))?;
    let sum = old + delta_float;
    if !sum.is_finite() {
        return Err(said("ERR increment would produce NaN or Infinity"));
    }
    Ok(print_f64(sum))
}

/// Rows and ordinary keys may be deleted together.
async fn delete(deciding: &mut Deciding<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let mut deleted = 0;
    for name in rest(args, 1) {
        match deciding.tables.place(deciding.database, name) {
            Place::NoRow { .. } => {}
            Place::Keyspace(key) => {
                deleted += i64::from(deciding.write(&key, Op::Delete).await? == Reply::Int(1));
            }
            Place::Row { .. } => {
                let held = hold(deciding, name).await?;
                if let Some(row) = &held.row {
                    deciding
                        .txn
                        .delete_row(&held.table, row)
                        .await
                        .map_err(row_fault)?;
                    deleted += 1;
                }
            }
        }
    }
    out.int(deleted);
    Ok(())
}

/// The op is the one of ordinary keys; only its address differs.
async fn change_deadline(
    deciding: &mut Deciding<'_>,
    command: &Command,
    args: &[Bytes],
    out: &mut Out,
) -> Result<(), Fault> {
    let Run::Write(plan) = command.run else {
        return Err(WRONG_TYPE);
    };
    let writing = crate::commands::plan::Writing {
        database: deciding.database,
        now_ms: deciding.now_ms,
        seed: deciding.seed,
    };
    let Plan::One(_, op, shape) = plan(&writing, args)? else {
        return Err(WRONG_TYPE);
    };
    let Place::Row { key, .. } = deciding.tables.place(deciding.database, word(args, 1)?) else {
        out.int(0);
        return Ok(());
    };
    let now_ms = deciding.now_ms;
    let view = deciding.view(std::slice::from_ref(&key)).await?;
    let is_row = head::live(&view, &key, now_ms)?.is_some_and(|head| head.kind == Kind::Row);
    drop(view);
    let reply = if is_row {
        deciding.write(&key, op).await?
    } else {
        Reply::Int(0)
    };
    shape(reply, out);
    Ok(())
}
