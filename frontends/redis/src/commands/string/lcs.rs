//! LCS: the longest common subsequence of two strings.

use bytes::Bytes;

use super::set::text;
use crate::commands::{Command, Group, Reading, Run, integer, is, word};
use crate::fault::{Fault, SYNTAX, said};
use crate::resp::Out;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[Command::new(
    Group::String,
    "lcs",
    -3,
    Run::Read(lcs),
    "Finds the longest common subsequence of two strings.",
)
.keys(1, 2, 1)];

/// The table of lengths takes 4 bytes for each pair of bytes; this bounds it to 256 MB.
const PAIRS_MAX: usize = 64 * 1024 * 1024;

#[derive(Default)]
struct Options {
    length: bool,
    ranges: bool,
    shortest: i64,
    with_lengths: bool,
}

/// A stretch the strings share: where it starts in each, and how long it is.
struct Stretch {
    left: usize,
    right: usize,
    length: usize,
}

fn lcs(reading: &Reading<'_>, args: &[Bytes], out: &mut Out) -> Result<(), Fault> {
    let options = options(args)?;
    let wrong = || said("ERR The specified keys must contain string values");
    let left = text(reading, word(args, 1)?)
        .map_err(|_| wrong())?
        .unwrap_or_default();
    let right = text(reading, word(args, 2)?)
        .map_err(|_| wrong())?
        .unwrap_or_default();
    if (left.len() + 1).saturating_mul(right.len() + 1) > PAIRS_MAX {
        return Err(said("ERR String too long for LCS"));
    }
    let stretches = stretches(&left, &right);
    let total: usize = stretches.iter().map(|stretch| stretch.length).sum();
    if options.length {
        out.count(total);
    } else if options.ranges {
        show_ranges(&stretches, total, &options, out);
    } else {
        let parts = stretches.iter().rev();
        let parts = parts.filter_map(|found| left.get(found.left..found.left + found.length));
        out.bulk(&parts.collect::<Vec<_>>().concat());
    }
    Ok(())
}

fn options(args: &[Bytes]) -> Result<Options, Fault> {
    let mut options = Options::default();
    let mut at = 3;
    while let Some(option) = args.get(at) {
        if is(option, "len") {
            options.length = true;
        } else if is(option, "idx") {
            options.ranges = true;
        } else if is(option, "withmatchlen") {
            options.with_lengths = true;
        } else if is(option, "minmatchlen") && args.get(at + 1).is_some() {
            at += 1;
            options.shortest = integer(args, at)?.max(0);
        } else {
            return Err(SYNTAX);
        }
        at += 1;
    }
    if options.length && options.ranges {
        return Err(said(
            "ERR If you want both the length and indexes, please just use IDX.",
        ));
    }
    Ok(options)
}

/// The lengths of the longest common subsequences of all pairs of prefixes.
struct Lengths {
    width: usize,
    cells: Vec<u32>,
}

impl Lengths {
    fn new(left: &[u8], right: &[u8]) -> Self {
        let width = right.len() + 1;
        let mut lengths = Self {
            width,
            cells: vec![0; (left.len() + 1) * width],
        };
        for (i, a) in left.iter().enumerate() {
            for (j, b) in right.iter().enumerate() {
                let length = if a == b {
                    lengths.at(i, j) + 1
                } else {
                    lengths.at(i, j + 1).max(lengths.at(i + 1, j))
                };
                if let Some(cell) = lengths.cells.get_mut((i + 1) * width + j + 1) {
                    *cell = length;
                }
            }
        }
        lengths
    }

    /// For the first `i` bytes of the left string and the first `j` of the right one.
    fn at(&self, i: usize, j: usize) -> u32 {
        self.cells.get(i * self.width + j).copied().unwrap_or(0)
    }
}

/// The stretches of one longest common subsequence, from the end of the strings to the start.
fn stretches(left: &[u8], right: &[u8]) -> Vec<Stretch> {
    let lengths = Lengths::new(left, right);
    let mut found: Vec<Stretch> = Vec::new();
    let (mut i, mut j) = (left.len(), right.len());
    while i > 0 && j > 0 {
        if left.get(i - 1) == right.get(j - 1) {
            (i, j) = (i - 1, j - 1);
            match found.last_mut() {
                Some(last) if last.left == i + 1 && last.right == j + 1 => {
                    (last.left, last.right, last.length) = (i, j, last.length + 1);
                }
                _ => found.push(Stretch {
                    left: i,
                    right: j,
                    length: 1,
                }),
            }
        } else if lengths.at(i - 1, j) > lengths.at(i, j - 1) {
            i -= 1;
        } else {
            j -= 1;
        }
    }
    found
}

fn show_ranges(stretches: &[Stretch], total: usize, options: &Options, out: &mut Out) {
    let shortest = usize::try_from(options.shortest).unwrap_or(usize::MAX);
    let shown: Vec<_> = stretches
        .iter()
        .filter(|found| found.length >= shortest)
        .collect();
    out.map(2);
    out.bulk(b"matches");
    out.array(shown.len());
    for stretch in shown {
        out.array(if options.with_lengths { 3 } else { 2 });
        for start in [stretch.left, stretch.right] {
            out.array(2);
            out.count(start);
            out.count(start + stretch.length - 1);
        }
        if options.with_lengths {
            out.count(stretch.length);
        }
    }
    out.bulk(b"len");
    out.count(total);
}
