//! The data folder: what lies in it, and what is decided once for its whole life.
//!
//! ```text
//! node.toml   what this folder was made with: the number of partitions
//! store/      RocksDB
//! mark        how far the log was synced, beside the store so that both cannot be lost to
//!             one fault
//! ```

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::Failure;

const FACTS: &str = "node.toml";

/// A data folder that is there.
pub struct Folder {
    path: PathBuf,
    pub partition_count: u16,
}

impl Folder {
    /// Opens the folder, or makes it with this number of partitions.
    pub fn open(path: &Path, partition_count: u16) -> Result<Self, Failure> {
        let blame =
            |error: std::io::Error| Failure::config(format!("data = {}: {error}", path.display()));
        fs::create_dir_all(path).map_err(blame)?;
        if !path.join(FACTS).exists() {
            write_facts(path, partition_count).map_err(blame)?;
        }
        Self::existing(path)
    }

    /// Opens a folder that must be there.
    pub fn existing(path: &Path) -> Result<Self, Failure> {
        let facts = path.join(FACTS);
        let text = fs::read_to_string(&facts)
            .map_err(|error| Failure::config(format!("{}: {error}", facts.display())))?;
        let partition_count = read_facts(&text).ok_or_else(|| {
            let facts = facts.display();
            Failure::config(format!(
                "{facts} does not say how many partitions there are"
            ))
        })?;
        Ok(Self {
            path: path.to_path_buf(),
            partition_count,
        })
    }

    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    pub fn mark(&self) -> PathBuf {
        self.path.join("mark")
    }
}

/// Whole or not at all: written beside, synced, renamed, and the rename synced.
fn write_facts(folder: &Path, partition_count: u16) -> std::io::Result<()> {
    let draft = folder.join("node.toml.new");
    let mut file = File::create(&draft)?;
    file.write_all(
        format!(
            "# Written once, when this folder was made.\npartition_count = {partition_count}\n"
        )
        .as_bytes(),
    )?;
    file.sync_all()?;
    fs::rename(draft, folder.join(FACTS))?;
    File::open(folder)?.sync_all()
}

fn read_facts(text: &str) -> Option<u16> {
    let facts: toml::Table = text.parse().ok()?;
    let count = u16::try_from(facts.get("partition_count")?.as_integer()?).ok()?;
    count.is_power_of_two().then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_the_number_of_partitions_it_was_made_with() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("data");
        assert_eq!(Folder::open(&path, 8).ok().unwrap().partition_count, 8);
        assert_eq!(Folder::open(&path, 2).ok().unwrap().partition_count, 8);
    }

    #[test]
    fn a_folder_that_does_not_say_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(FACTS), "partition_count = 3\n").unwrap();
        assert!(Folder::open(root.path(), 4).is_err());
    }
}
