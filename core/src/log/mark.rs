//! The mark: a small file beside the store that says how far each log was known
//! to be durable.
//!
//! A store that finds damage in the middle of its journal starts without
//! everything after it, and says nothing. Acknowledged writes would be gone and
//! this member could vote twice. So the mark lies outside the journal's reach,
//! is rewritten every few seconds, and a log behind it is not opened.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use stele_placement::PartitionId;

use crate::error::{Error, Result};
use crate::store::entry::{Position, VoteRow};

const TITLE: &str = "stele mark 1";

/// How far the logs were durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub lines: Vec<MarkLine>,
}

/// How far one log was durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MarkLine {
    pub group: PartitionId,
    pub last: Position,
    pub vote: Option<VoteRow>,
}

impl Mark {
    /// Reads the mark; none if there is no such file.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map(Some).ok_or_else(|| {
                Error::corrupt(format!("the mark {} does not parse", path.display()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", path, &error)),
        }
    }

    /// Replaces the mark, all or nothing.
    pub fn save(&self, path: &Path) -> Result<()> {
        let next = path.with_extension("next");
        write_durably(&next, &self.to_text())
            .and_then(|()| fs::rename(&next, path))
            .and_then(|()| match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
                _ => File::open(".")?.sync_all(),
            })
            .map_err(|error| failed("write", path, &error))
    }

    /// The line of a group.
    pub fn of(&self, group: PartitionId) -> Option<&MarkLine> {
        self.lines.iter().find(|line| line.group == group)
    }

    fn to_text(&self) -> String {
        let mut text = format!("{TITLE}\n");
        for line in &self.lines {
            let MarkLine { group, last, vote } = line;
            let _ = write!(text, "{} {} {}", group.0, last.term, last.index);
            if let Some(vote) = vote {
                let elected = u8::from(vote.elected);
                let _ = write!(text, " {} {} {elected}", vote.term, vote.member);
            }
            text.push('\n');
        }
        let check = check(&text);
        let _ = writeln!(text, "check {check:016x}");
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let at = text.rfind("check ")?;
        let (body, last) = text.split_at(at);
        let found = u64::from_str_radix(last.strip_prefix("check ")?.trim_end(), 16).ok()?;
        if found != check(body) {
            return None;
        }
        let rest = body.strip_prefix(TITLE)?.strip_prefix('\n')?;
        let lines = rest.lines().map(parse_line).collect::<Option<_>>()?;
        Some(Self { lines })
    }
}

fn parse_line(line: &str) -> Option<MarkLine> {
    let numbers: Vec<u64> = line
        .split(' ')
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    let (group, term, index, rest) = match numbers.as_slice() {
        [group, term, index, rest @ ..] => (*group, *term, *index, rest),
        _ => return None,
    };
    let vote = match rest {
        [] => None,
        [term, member, elected] => Some(VoteRow {
            term: *term,
            member: *member,
            elected: *elected != 0,
        }),
        _ => return None,
    };
    Some(MarkLine {
        group: PartitionId(u16::try_from(group).ok()?),
        last: Position { term, index },
        vote,
    })
}

/// FNV-1a: against damage, not against malice.
fn check(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

fn write_durably(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    let path = path.display();
    Error::unavailable(format!("cannot {what} the mark {path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        let vote = VoteRow {
            term: 7,
            member: 1,
            elected: true,
        };
        let line = |group, vote| MarkLine {
            group: PartitionId(group),
            last: Position { term: 7, index: 90 },
            vote,
        };
        Mark {
            lines: vec![line(0, Some(vote)), line(3, None)],
        }
    }

    #[test]
    fn a_mark_is_text_and_comes_back() {
        let text = mark().to_text();
        assert!(
            text.starts_with("stele mark 1\n0 7 90 7 1 1\n3 7 90\ncheck "),
            "{text}"
        );
        assert_eq!(Mark::parse(&text), Some(mark()));
    }

    #[test]
    fn a_damaged_mark_is_noticed() {
        let text = mark().to_text();
        assert_eq!(Mark::parse(&text.replace("90", "91")), None);
        assert_eq!(Mark::parse(&text[..text.len() / 2]), None);
        assert_eq!(Mark::parse(""), None);
    }

    #[test]
    fn a_mark_is_replaced_as_a_whole() {
        let folder = std::env::temp_dir().join(format!("stele-mark-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("mark");
        assert_eq!(Mark::load(&path).expect("readable"), None);
        mark().save(&path).expect("written");
        mark().save(&path).expect("written again");
        assert_eq!(Mark::load(&path).expect("readable"), Some(mark()));
        fs::remove_dir_all(&folder).expect("removed");
    }
}
