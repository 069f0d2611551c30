//! A third-party name lives in one room, so that a change of mind touches one crate.

use super::source::{Complaint, File, has_word};

/// A library, and the only folders whose code may name it.
const ROOMS: [(&str, &[&str]); 6] = [
    ("rocksdb", &["core/rocks/"]),
    ("openraft", &["core/src/log/"]),
    ("redis_protocol", &["frontends/redis/"]),
    ("pgwire", &["frontends/postgres/"]),
    ("sqlparser", &["frontends/postgres/"]),
    ("datafusion", &["frontends/postgres/"]),
];

pub fn check(file: &File) -> Vec<Complaint> {
    if !file.is_rust() || file.test {
        return Vec::new();
    }
    let away: Vec<_> = ROOMS
        .iter()
        .filter(|(_, rooms)| !rooms.iter().any(|room| file.path.starts_with(room)))
        .collect();
    file.code()
        .flat_map(|(line, code)| {
            let named = away
                .iter()
                .filter(|(name, _)| names(&code, name))
                .map(|(name, _)| *name);
            named.map(|name| (line, name)).collect::<Vec<_>>()
        })
        .map(|(line, name)| file.complain(line, format!("`{name}` is named outside its room")))
        .collect()
}

/// As the head of a path; a field or a file of that name is no dependency.
fn names(code: &str, library: &str) -> bool {
    code.match_indices(library).any(|(at, _)| {
        let head = !code[..at].ends_with("::") && has_word(&code[at..], library);
        let whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        head && whole && code[at + library.len()..].starts_with("::")
    })
}

#[test]
fn a_library_outside_its_room_is_named() {
    assert_eq!(
        check(&File::new("core/src/store/mod.rs", "use rocksdb::DB;")).len(),
        1
    );
    assert_eq!(
        check(&File::new(
            "core/src/node/mod.rs",
            "fn f(r: openraft::Raft) {}"
        ))
        .len(),
        1
    );
}

#[test]
fn a_library_in_its_room_is_welcome() {
    assert_eq!(
        check(&File::new("core/rocks/src/lib.rs", "use rocksdb::DB;")),
        Vec::new()
    );
    assert_eq!(
        check(&File::new(
            "core/src/node/mod.rs",
            "// openraft::Raft\nlet rocksdb = 1;"
        )),
        Vec::new()
    );
}
