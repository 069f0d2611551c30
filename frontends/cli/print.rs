//! `stele print`: every stored byte in words.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use clap::ArgMatches;
use stele_core::store::{Family, StoreView, print::print};
use stele_rocks::{Rocks, RocksOptions};

use super::Failure;
use super::folder::Folder;

/// Above every key: none is this long and all ones.
const END: [u8; 64] = [u8::MAX; 64];

pub fn run(words: &ArgMatches) -> Result<(), Failure> {
    let path = words.get_one::<String>("data").map(PathBuf::from);
    let folder = Folder::existing(&path.unwrap_or_default())?;
    let families = families(words.get_one::<String>("cf"))?;
    let store = Rocks::open(&folder.store(), &RocksOptions::default()).map_err(Failure::running)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for family in families {
        for row in store.scan(family, &[], &END, false) {
            let (key, value) = row.map_err(Failure::running)?;
            match writeln!(out, "{} {}", family.name(), print(family, &key, &value)) {
                // Whoever reads has seen enough, as `head` does.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
                written => written.map_err(Failure::running)?,
            }
        }
    }
    out.flush().map_err(Failure::running)
}

/// The family asked for, or all.
fn families(name: Option<&String>) -> Result<Vec<Family>, Failure> {
    let Some(name) = name else {
        return Ok(Family::ALL.to_vec());
    };
    let family = Family::of_name(name).ok_or_else(|| {
        let known = Family::ALL.map(Family::name).join(", ");
        Failure::config(format!("--cf {name}: there are {known}"))
    })?;
    Ok(vec![family])
}
