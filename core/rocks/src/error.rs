//! RocksDB's errors as ours: all of them stop the node.

use stele_core::error::{Error, ErrorKind};

/// What RocksDB could not do, and why.
pub(crate) fn failed(what: &str, error: &rocksdb::Error) -> Error {
    let kind = match error.kind() {
        rocksdb::ErrorKind::Corruption => ErrorKind::Corrupt,
        _ => ErrorKind::Unavailable,
    };
    let message = error.to_string();
    if message.contains("lock hold by current process") || message.contains("/LOCK:") {
        return Error::unavailable("another process has this store open");
    }
    Error::new(kind, format!("cannot {what}: {message}"))
}
