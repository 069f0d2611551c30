//! `stele print`: every stored byte in words.

use std::path::PathBuf;

use clap::ArgMatches;

use super::Failure;
use super::node;

pub fn run(words: &ArgMatches) -> Result<(), Failure> {
    let data = words
        .get_one::<String>("data")
        .map(PathBuf::from)
        .unwrap_or_default();
    if !data.is_dir() {
        return Err(Failure::config(format!(
            "{}: no such folder",
            data.display()
        )));
    }
    let family = words.get_one::<String>("cf").map(String::as_str);
    node::print(&data, family, &mut std::io::stdout().lock())
}
