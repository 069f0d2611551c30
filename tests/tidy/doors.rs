//! Arrows between crates: doors know `kit` and `core`, never each other, nor where data
//! is placed, nor what stores it. Cargo would allow the arrow; this does not.

use super::source::{Complaint, File, has_word};

/// A folder, and the crates it must not name.
const ARROWS: [(&str, &[&str]); 9] = [
    (
        "frontends/nats/",
        &["redis", "postgres", "http", "search", "placement", "rocks"],
    ),
    (
        "frontends/redis/",
        &["postgres", "http", "nats", "placement", "rocks"],
    ),
    (
        "frontends/postgres/",
        &["redis", "http", "nats", "placement", "rocks"],
    ),
    (
        "frontends/http/",
        &["redis", "postgres", "nats", "placement", "rocks"],
    ),
    (
        "search/",
        &[
            "kit",
            "redis",
            "postgres",
            "http",
            "nats",
            "placement",
            "rocks",
        ],
    ),
    (
        "frontends/kit/",
        &["redis", "postgres", "http", "nats", "placement", "rocks"],
    ),
    (
        "core/src/",
        &["kit", "redis", "postgres", "http", "nats", "rocks"],
    ),
    ("core/rocks/", &["kit", "redis", "postgres", "http", "nats"]),
    (
        "placement/",
        &["core", "kit", "redis", "postgres", "http", "nats", "rocks"],
    ),
];

pub fn check(file: &File) -> Vec<Complaint> {
    let Some((folder, banned)) = ARROWS
        .iter()
        .find(|(folder, _)| file.path.starts_with(folder))
    else {
        return Vec::new();
    };
    let names_it = |line: &str, name: &str| {
        has_word(line, &format!("stele_{name}")) || line.starts_with(&format!("stele-{name}"))
    };
    let lines: Vec<(usize, String)> = file.code().collect();
    lines
        .iter()
        .flat_map(|(line, code)| {
            banned
                .iter()
                .filter(move |name| names_it(code, name))
                .map(move |name| (*line, name))
        })
        .map(|(line, name)| {
            file.complain(
                line,
                format!("{folder} must not know stele-{name}: a new arrow is a decision page"),
            )
        })
        .collect()
}

#[test]
fn a_door_may_not_know_another() {
    let code = File::new(
        "frontends/redis/src/lib.rs",
        "use stele_postgres::Postgres;",
    );
    assert_eq!(check(&code).len(), 1);
    let manifest = File::new(
        "frontends/postgres/Cargo.toml",
        "stele-rocks.workspace = true",
    );
    assert_eq!(check(&manifest).len(), 1);
}

#[test]
fn a_door_may_know_core() {
    let code = File::new(
        "frontends/redis/src/lib.rs",
        "use stele_core::Database; // not stele_postgres",
    );
    assert_eq!(check(&code), Vec::new());
}
