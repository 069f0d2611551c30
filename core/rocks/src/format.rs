//! The file `FORMAT`: which store this folder holds, known before it is opened.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use stele_core::error::{Error, Result};

/// The format this code writes, and the newest it reads.
const FORMAT: u32 = 1;
const NAME: &str = "FORMAT";
const TITLE: &str = "stele store";

/// Refuses a folder that is not a store of ours, or of a newer format; marks an
/// empty one as ours.
pub(crate) fn check(folder: &Path) -> Result<()> {
    let shown = folder.display();
    match fs::read_to_string(folder.join(NAME)) {
        Ok(text) => match parse(&text) {
            Some(found) if found <= FORMAT => Ok(()),
            Some(found) => Err(Error::invalid(format!(
                "{shown} has format {found}; this version reads up to {FORMAT}: use a newer one"
            ))),
            None => Err(Error::corrupt(format!("{shown}/{NAME} does not parse"))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => begin(folder),
        Err(error) => Err(unreadable(folder, &error)),
    }
}

fn parse(text: &str) -> Option<u32> {
    text.strip_prefix(TITLE)?.trim().parse().ok()
}

fn begin(folder: &Path) -> Result<()> {
    let failed = |error: io::Error| unreadable(folder, &error);
    fs::create_dir_all(folder).map_err(failed)?;
    let next = format!("{NAME}.next");
    for found in fs::read_dir(folder).map_err(failed)? {
        if found.map_err(failed)?.file_name() != next.as_str() {
            let shown = folder.display();
            return Err(Error::invalid(format!(
                "{shown} is not empty and not a Stele store: choose another folder"
            )));
        }
    }
    mark(folder, &next).map_err(failed)
}

fn mark(folder: &Path, next: &str) -> io::Result<()> {
    let next = folder.join(next);
    let mut file = File::create(&next)?;
    writeln!(file, "{TITLE} {FORMAT}")?;
    file.sync_all()?;
    fs::rename(&next, folder.join(NAME))?;
    File::open(folder)?.sync_all()
}

fn unreadable(folder: &Path, error: &io::Error) -> Error {
    Error::unavailable(format!(
        "cannot use the folder {}: {error}",
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_folder_becomes_ours_and_stays_so() {
        let folder = tempfile::tempdir().expect("a folder");
        check(folder.path()).expect("marked");
        fs::write(folder.path().join("CURRENT"), "x").expect("written");
        check(folder.path()).expect("known again");
    }

    #[test]
    fn a_newer_format_is_refused_clearly() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(NAME), "stele store 99\n").expect("written");
        let error = check(folder.path()).expect_err("refused");
        assert!(error.message.contains("has format 99"), "{error}");
    }

    #[test]
    fn a_folder_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("CURRENT"), "x").expect("written");
        let error = check(folder.path()).expect_err("refused");
        assert!(error.message.contains("not a Stele store"), "{error}");
        assert!(!folder.path().join(NAME).exists());
    }
}
