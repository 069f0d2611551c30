//! Every file says what it is in its first line; every folder opens with an essay.

use super::source::{Complaint, File};

/// Lines of `//!` with words in them that make an essay.
const ESSAY_LINES_MIN: usize = 5;

pub fn check(file: &File) -> Vec<Complaint> {
    if !file.is_rust() {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    if !file.text.starts_with("//!") {
        complaints.push(file.complain(
            1,
            "the first line must be a `//!` sentence that says what the file is",
        ));
    }
    let lines = file.text.lines().take_while(|line| line.starts_with("//!"));
    let written = lines.filter(|line| line.len() > "//! ".len()).count();
    if opens_folder(&file.path) && !file.test && written < ESSAY_LINES_MIN {
        let what = format!(
            "a folder opens with an essay of at least {ESSAY_LINES_MIN} lines: what, why, how, limits"
        );
        complaints.push(file.complain(1, what));
    }
    complaints
}

fn opens_folder(path: &str) -> bool {
    path.ends_with("/mod.rs") || path.ends_with("/lib.rs")
}

#[test]
fn a_file_without_a_sentence_is_named() {
    assert_eq!(
        check(&File::new("core/src/env.rs", "use std::fmt;")).len(),
        1
    );
    assert_eq!(
        check(&File::new("core/src/env.rs", "//! The clock.")),
        Vec::new()
    );
}

#[test]
fn a_folder_without_an_essay_is_named() {
    let short = File::new("core/src/op/mod.rs", "//! Ops.\n//!\n//!\n//!\n//!\n//!\n");
    assert_eq!(check(&short).len(), 1);
    let essay = File::new(
        "core/src/op/mod.rs",
        "//! What.\n//! Why.\n//!\n//! How.\n//! Limits.\n//! Reading.\n",
    );
    assert_eq!(check(&essay), Vec::new());
}
