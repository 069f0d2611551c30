//! XADD: publishes. In MULTI it happens with the rest of the transaction or not at all.

use bytes::Bytes;
use stele_core::op::stream::Append;
use stele_core::op::{Op, Reply};
use stele_core::record::table::StreamDefinition;

use super::{DATA, NO_STREAM, SUBJECT, found, id};
use crate::commands::{Boxed, Command, Deciding, Flags, Group, Run, is, rest, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::resp::Out;

/// This file's row of the table.
pub const COMMAND: Command = Command::new(
    Group::Stream,
    "xadd",
    -5,
    Run::Decide(add),
    "Publishes a message to a stream.",
)
.key()
.flag(Flags::DENYOOM);

const GIVEN_ID: Fault = said("ERR the ID is the stream's to give: use *");
const LIMITED: Fault = said("ERR a stream's limits are set where it was made");
const FED: Fault = said("ERR the stream is fed by a publication");
const PAIRS: Fault = said("ERR wrong number of arguments for 'xadd' command");

fn add<'a>(deciding: &'a mut Deciding<'_>, args: &'a [Bytes], out: &'a mut Out) -> Boxed<'a> {
    Box::pin(async move {
        let mut at = 2;
        let makes = !is(word(args, at)?, "NOMKSTREAM");
        if !makes {
            at += 1;
        }
        match word(args, at)? {
            option if is(option, "MAXLEN") || is(option, "MINID") => return Err(LIMITED),
            id if id.as_ref() != b"*" => return Err(GIVEN_ID),
            _ => {}
        }
        let name = word(args, 1)?;
        let tables = deciding.tables;
        let stream = match found(tables, deciding.database, name) {
            Ok(stream) => stream,
            Err(_) if !makes => {
                out.null();
                return Ok(());
            }
            Err(_) => return Err(NO_STREAM),
        };
        if tables.is_fed(stream) {
            return Err(FED);
        }
        let append = message(stream, rest(args, at + 1))?;
        let key = stream.key();
        drop(deciding.view(std::slice::from_ref(&key)).await?);
        let reply = deciding
            .write(&key, Op::StreamAppend(Box::new(append)))
            .await?;
        match reply {
            Reply::List(parts) => match parts.first() {
                Some(Reply::Int(seq)) => out.bulk(id::print(seq.unsigned_abs()).as_bytes()),
                _ => out.null(),
            },
            _ => out.null(),
        }
        Ok(())
    })
}

fn message(stream: &StreamDefinition, fields: &[Bytes]) -> Result<Append, Fault> {
    if fields.is_empty() || !fields.len().is_multiple_of(2) {
        return Err(PAIRS);
    }
    let (mut subject, mut payload) = (None, None);
    let mut headers = Vec::new();
    for pair in fields.chunks(2) {
        let [field, value] = pair else {
            return Err(SYNTAX);
        };
        match field.as_ref() {
            name if name == SUBJECT.as_bytes() => subject = Some(text(value)?),
            name if name == DATA.as_bytes() => payload = Some(value.clone()),
            _ => headers.push((text(field)?, text(value)?)),
        }
    }
    let subject = subject.or_else(|| stream.only_subject().map(str::to_owned));
    let subject = subject.ok_or("ERR the field subject is missing")?;
    if !stream.takes(&subject) {
        let own = stream.subjects.join(", ");
        let name = &stream.name;
        return Err(format!("ERR '{subject}' is not a subject of stream {name}: {own}").into());
    }
    let append = Append {
        subject: subject.into(),
        payload: payload.unwrap_or_default(),
        ..Append::default()
    };
    let append = append
        .with_headers(&headers)
        .map_err(|error| Fault::from(format!("ERR {error}")))?;
    match append.is_too_large() {
        true => Err(said("ERR a message has at most 1 MiB")),
        false => Ok(append),
    }
}

fn text(bytes: &Bytes) -> Result<String, Fault> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned)
        .map_err(|_| said("ERR subjects and headers are UTF-8"))
}
