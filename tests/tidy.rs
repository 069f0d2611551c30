//! The rules of the house that neither the compiler nor clippy knows, as a test.
//!
//! Each rule is a function from one file to complaints, in a file of its own under
//! `tidy/`, with tests that show it can fail. This file reads the tree once and asks
//! every rule about every file; a complaint names the file, the line and what to do.
//! The longest files and functions are printed and fail nothing: a long function that
//! reads well may stay.

mod tidy {
    pub mod doors;
    pub mod essays;
    pub mod floors;
    pub mod paths;
    pub mod rooms;
    pub mod sizes;
    pub mod source;
    pub mod words;
}

use std::io::Write;
use tidy::source::{Complaint, File, read_tree};
use tidy::{doors, essays, floors, paths, rooms, sizes, words};

/// One rule: a file in, complaints out.
type Rule = fn(&File) -> Vec<Complaint>;

const RULES: [Rule; 6] = [
    floors::check,
    doors::check,
    essays::check,
    rooms::check,
    words::check,
    paths::check,
];

#[test]
fn the_house_is_tidy() {
    let files = read_tree();
    assert!(
        files.iter().any(|file| file.path == "core/src/lib.rs"),
        "the tree was not found"
    );
    let complaints: Vec<String> = files
        .iter()
        .flat_map(|file| RULES.iter().flat_map(|rule| rule(file)))
        .map(|complaint| complaint.to_string())
        .collect();
    assert!(
        complaints.is_empty(),
        "{} complaints:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

/// Written to standard output itself, which the test runner does not capture.
#[test]
fn the_longest_are_named() {
    let report = sizes::report(&read_tree());
    assert!(report.contains("longest functions"));
    let _ = std::io::stdout().write_all(report.as_bytes());
}
