//! Walking elements: HSCAN, SSCAN, ZSCAN, and the options all scans share.

use bytes::Bytes;

use super::{Command, Group, Reading, Run, integer, is, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::glob;
use crate::resp::Out;
use crate::resp::number::{parse_i64, print_f64};

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row(
        Group::Hash,
        "hscan",
        scan_hash,
        "Walks the fields of a hash, some at a time.",
    ),
    row(
        Group::Set,
        "sscan",
        scan_set,
        "Walks the members of a set, some at a time.",
    ),
    row(
        Group::SortedSet,
        "zscan",
        scan_zset,
        "Walks the members of a sorted set, some at a time.",
    ),
];

const fn row(
    group: Group,
    name: &'static str,
    run: fn(&Reading<'_>, &[Bytes], &mut Out) -> Result<(), Fault>,
    summary: &'static str,
) -> Command {
    Command::new(group, name, -3, Run::Read(run), summary).key()
}

/// Collections this small are returned whole, as Redis does with its compact encodings.
const WHOLE_COUNT_MAX: u64 = 128;

/// `[MATCH pattern] [COUNT n] [TYPE type]`
pub struct Options {
    pattern: Option<Bytes>,
    kind: Option<String>,
    /// How many to look at.
    pub count: usize,
}

impl Options {
    /// Reads the options from a position on; TYPE only where it is known.
    ///
    /// # Errors
    /// A syntax error, or a count that is none.
    pub fn read(args: &[Bytes], from: usize, knows_type: bool) -> Result<Self, Fault> {
        let mut options = Self {
            pattern: None,
            kind: None,
            count: 10,
        };
        let mut at = from;
        while let Some(option) = args.get(at) {
            let value = args.get(at + 1).ok_or(SYNTAX)?;
            if is(option, "match") {
                options.pattern =
                    Some(value.clone()).filter(|pattern| !glob::is_everything(pattern));
            } else if is(option, "count") {
                let count = integer(args, at + 1)?;
                options.count = usize::try_from(count)
                    .ok()
                    .filter(|count| *count > 0)
                    .ok_or(SYNTAX)?;
            } else if knows_type && is(option, "type") {
                options.kind = Some(String::from_utf8_lossy(value).to_ascii_lowercase());
            } else {
                return Err(SYNTAX);
            }
            at += 2;
        }
        Ok(options)
    }

    /// Whether a name matches.
    #[must_use]
    pub fn wants(&self, name: &[u8]) -> bool {
        self.pattern
            .as_ref()
            .is_none_or(|pattern| glob::matches(pattern, name))
    }

    /// Whether a type is asked for.
    #[must_use]
    pub fn wants_type(&self, kind: &str) -> bool {
        self.kind.as_ref().is_none_or(|wanted| wanted == kind)
    }
}

/// A cursor: any number of 64 bits.
///
/// # Errors
/// When it is none.
pub fn cursor(word: &[u8]) -> Result<u64, Fault> {
    let text = std::str::from_utf8(word).ok();
    let canonical = parse_i64(word).and_then(|number| u64::try_from(number).ok());
    let number = canonical.or_else(|| text?.parse().ok());
    number.ok_or(said("ERR invalid cursor"))
}

/// Where a scan of elements is, and how far it goes in this call.
struct Stride {
    options: Options,
    from: Bytes,
    count: usize,
}

fn stride(reading: &Reading<'_>, args: &[Bytes], size: u64) -> Result<Stride, Fault> {
    let place = reading.server.cursors.place(cursor(word(args, 2)?)?);
    let options = Options::read(args, 3, false)?;
    let count = if size <= WHOLE_COUNT_MAX {
        usize::MAX
    } else {
        options.count
    };
    Ok(Stride {
        options,
        from: place.unwrap_or_default(),
        count,
    })
}

fn answer(reading: &Reading<'_>, next: Option<Bytes>, shown: &[Bytes], out: &mut Out) {
    let next = next.map_or(0, |place| reading.server.cursors.keep(place));
    out.array(2);
    out.bulk(next.to_string().as_bytes());
    out.array(shown.len());
    shown.iter().for_each(|word| out.bulk(word));
}

fn nothing(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    stride(reading, args, 0)?;
    answer(reading, None, &[], out);
    Ok(())
}

fn scan_hash(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let source = reading.hash(word(args, 1)?)?;
    let stride = stride(
        reading,
        args,
        u64::try_from(source.count()).unwrap_or(u64::MAX),
    )?;
    let (fields, next) = source.page(&stride.from, stride.count)?;
    let wanted = fields
        .into_iter()
        .filter(|(field, _)| stride.options.wants(field));
    let shown: Vec<Bytes> = wanted.flat_map(|(field, value)| [field, value]).collect();
    answer(reading, next, &shown, out);
    Ok(())
}

fn scan_set(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let Some(set) = reading.set(word(args, 1)?)? else {
        return nothing(reading, args, out);
    };
    let stride = stride(reading, args, set.len())?;
    let (members, next) = set.page(&stride.from, stride.count)?;
    let wanted = members
        .into_iter()
        .filter(|member| stride.options.wants(member));
    answer(reading, next, &wanted.collect::<Vec<_>>(), out);
    Ok(())
}

fn scan_zset(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let Some(zset) = reading.zset(word(args, 1)?)? else {
        return nothing(reading, args, out);
    };
    let stride = stride(reading, args, zset.len())?;
    let (members, next) = zset.page(&stride.from, stride.count)?;
    let wanted = members
        .into_iter()
        .filter(|(member, _)| stride.options.wants(member));
    let words = wanted.flat_map(|(member, score)| [member, Bytes::from(print_f64(score))]);
    answer(reading, next, &words.collect::<Vec<_>>(), out);
    Ok(())
}
