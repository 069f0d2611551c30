//! The directory beneath an index: files that are written without fsync, and
//! checkpoints that make a commit durable and keep its files.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite,
    WatchCallback, WatchHandle, WritePtr,
};

const META: &str = "meta.json";
const CHECKPOINT: &str = "checkpoint.json";

/// A folder whose newest commit the kernel has, and whose last checkpoint the disk has.
#[derive(Clone, Debug)]
pub struct Durable {
    root: PathBuf,
    inner: MmapDirectory,
    kept: Arc<Mutex<Kept>>,
}

/// Files of the last checkpoint.
#[derive(Debug, Default)]
struct Kept {
    files: BTreeSet<PathBuf>,
    /// Files that would be gone by now but for the checkpoint.
    doomed: BTreeSet<PathBuf>,
    /// Bytes written since the checkpoint.
    bytes: u64,
}

impl Durable {
    /// Opens a folder, which must be there.
    pub fn open(root: &Path) -> tantivy::Result<Self> {
        let kept = Kept {
            files: fs::read(root.join(CHECKPOINT))
                .map_or_else(|_| BTreeSet::new(), |text| files_of(root, &text)),
            ..Kept::default()
        };
        Ok(Self {
            root: root.to_owned(),
            inner: MmapDirectory::open(root)?,
            kept: Arc::new(Mutex::new(kept)),
        })
    }

    /// Bytes written since the last checkpoint.
    pub fn unsafe_bytes(&self) -> u64 {
        self.kept.lock().bytes
    }

    /// Makes the newest commit durable: its files, then the note that names them.
    pub fn checkpoint(&self) -> io::Result<()> {
        let meta = fs::read(self.root.join(META))?;
        let files = files_of(&self.root, &meta);
        for file in &files {
            File::open(self.root.join(file))?.sync_data()?;
        }
        self.sync_folder()?;
        let draft = self.root.join("checkpoint.tmp");
        let mut note = File::create(&draft)?;
        note.write_all(&meta)?;
        note.sync_data()?;
        fs::rename(&draft, self.root.join(CHECKPOINT))?;
        self.sync_folder()?;
        let mut kept = self.kept.lock();
        kept.bytes = 0;
        let doomed = std::mem::take(&mut kept.doomed);
        for file in doomed.difference(&files) {
            let _ = fs::remove_file(self.root.join(file));
        }
        kept.doomed = doomed.intersection(&files).cloned().collect();
        kept.files = files;
        Ok(())
    }

    /// Takes the last checkpoint for the newest commit. Is there one?
    pub fn fall_back(root: &Path) -> bool {
        let draft = root.join("meta.tmp");
        fs::copy(root.join(CHECKPOINT), &draft).is_ok()
            && fs::rename(&draft, root.join(META)).is_ok()
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.root)?.sync_all()
    }
}

/// The segment files there are of a commit's note: every file that starts with
/// the name of one of its segments.
fn files_of(root: &Path, meta: &[u8]) -> BTreeSet<PathBuf> {
    let note: serde_json::Value = serde_json::from_slice(meta).unwrap_or_default();
    let segments = note["segments"].as_array().cloned().unwrap_or_default();
    let names: BTreeSet<String> = segments
        .iter()
        .filter_map(|segment| segment["segment_id"].as_str())
        .map(|name| name.replace('-', ""))
        .collect();
    let found = fs::read_dir(root).into_iter().flatten().flatten();
    found
        .map(|file| PathBuf::from(file.file_name()))
        .filter(|file| {
            let name = file.to_string_lossy();
            let segment = name.split('.').next().unwrap_or_default();
            names.contains(segment)
        })
        .collect()
}

/// Writes a file that the kernel will bring to the disk when it likes.
struct Lazy {
    file: File,
    kept: Arc<Mutex<Kept>>,
}

impl Write for Lazy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.kept.lock().bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl TerminatingWrite for Lazy {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.file.flush()
    }
}

impl Directory for Durable {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.inner.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        let mut kept = self.kept.lock();
        if kept.files.contains(path) {
            kept.doomed.insert(path.to_owned());
            return Ok(());
        }
        self.inner.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.inner.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let opened = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(self.root.join(path));
        let file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OpenWriteError::FileAlreadyExists(path.to_owned()),
            _ => OpenWriteError::wrap_io_error(error, path.to_owned()),
        })?;
        let kept = self.kept.clone();
        Ok(BufWriter::new(Box::new(Lazy { file, kept })))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.inner.atomic_read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let draft = self.root.join(path).with_extension("draft");
        fs::write(&draft, data)?;
        fs::rename(&draft, self.root.join(path))
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.inner.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.inner.watch(callback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_keeps_its_files_until_the_next() {
        let folder = tempfile::tempdir().expect("a folder");
        let note = |segment: &str| {
            let text = format!(r#"{{"segments":[{{"segment_id":"{segment}"}}]}}"#);
            fs::write(folder.path().join(META), text).expect("written");
        };
        let directory = Durable::open(folder.path()).expect("opens");
        let write = |name: &str| {
            let mut file = directory.open_write(Path::new(name)).expect("opens");
            file.write_all(b"words").expect("written");
            file.terminate().expect("ends");
        };
        write("aa.term");
        note("aa");
        assert_eq!(directory.unsafe_bytes(), 5);
        directory.checkpoint().expect("synced");
        assert_eq!(directory.unsafe_bytes(), 0);
        directory.delete(Path::new("aa.term")).expect("put off");
        assert!(folder.path().join("aa.term").exists());
        write("bb.term");
        note("bb");
        assert!(Durable::fall_back(folder.path()));
        assert!(
            fs::read_to_string(folder.path().join(META))
                .expect("read")
                .contains("aa")
        );
        note("bb");
        directory.checkpoint().expect("synced");
        assert!(!folder.path().join("aa.term").exists());
    }
}
