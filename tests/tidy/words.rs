//! Banned words: what has no limit, what is not written yet, and tasks started out of
//! sight; and, in the rooms where the glossary rules, synonyms of its words.

use super::source::{Complaint, File, has_word};

/// What may not be said anywhere, not even in a test.
const NEVER: [(&str, &str); 6] = [
    ("todo!", "write it, or refuse before anything changes"),
    (
        "unimplemented!",
        "write it, or refuse before anything changes",
    ),
    ("dbg!", "use tracing"),
    ("unbounded_channel", "use a bounded channel"),
    ("UnboundedSender", "use a bounded channel"),
    ("unbounded", "everything has a limit"),
];

/// Ways to start a task or a thread, and where that is done; the core's own tasks start
/// through `env::spawn`, in the node's boot.
const SPAWN: [&str; 5] = [
    "tokio::spawn",
    "tokio::task::spawn",
    "thread::spawn",
    "spawn_blocking",
    "thread::Builder::new",
];
const SPAWNERS: [&str; 5] = [
    "core/src/env.rs",
    "core/src/log/",
    "frontends/kit/src/door.rs",
    "frontends/cli/",
    "frontends/main.rs",
];

/// Synonyms, and the word of docs/glossary.md to say instead.
const SYNONYMS: [(&str, &str); 3] = [
    ("vnode", "partition"),
    ("mutation", "batch"),
    ("changelog", "feed"),
];

pub fn check(file: &File) -> Vec<Complaint> {
    // The rule's own words would be its first complaints.
    if !file.is_rust() || file.path.starts_with("tests/tidy") {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    for (line, code) in file.code() {
        for (word, instead) in NEVER.iter().filter(|(word, _)| says(&code, word)) {
            complaints.push(file.complain(line, format!("`{word}`: {instead}")));
        }
        if in_core(&file.path) {
            let lower = code.to_lowercase();
            for (word, instead) in SYNONYMS.iter().filter(|(word, _)| lower.contains(word)) {
                complaints.push(file.complain(
                    line,
                    format!("say `{instead}`, not `{word}` (docs/glossary.md)"),
                ));
            }
        }
    }
    complaints.extend(spawns(file));
    complaints
}

fn says(code: &str, word: &str) -> bool {
    match word.strip_suffix('!') {
        Some(name) => has_word(code, name) && code.contains(word),
        None => has_word(code, word),
    }
}

fn spawns(file: &File) -> Vec<Complaint> {
    if SPAWNERS
        .iter()
        .any(|allowed| file.path.starts_with(allowed))
    {
        return Vec::new();
    }
    file.shipped()
        .filter(|(_, code)| SPAWN.iter().any(|word| code.contains(word)))
        .map(|(line, _)| {
            file.complain(
                line,
                format!("tasks and threads start in {} only", SPAWNERS.join(", ")),
            )
        })
        .collect()
}

fn in_core(path: &str) -> bool {
    path.starts_with("core/") || path.starts_with("placement/")
}

#[test]
fn an_unwritten_function_is_named() {
    assert_eq!(
        check(&File::new("core/src/env.rs", "fn f() { todo!() }")).len(),
        1
    );
    assert_eq!(
        check(&File::new("core/src/env.rs", "let todo = 1; // todo!")),
        Vec::new()
    );
}

#[test]
fn a_task_out_of_sight_is_named() {
    let text = "fn f() { tokio::spawn(g()); }";
    assert_eq!(
        check(&File::new("frontends/redis/src/lib.rs", text)).len(),
        1
    );
    assert_eq!(
        check(&File::new("frontends/kit/src/door.rs", text)),
        Vec::new()
    );
    let test = format!("#[cfg(test)]\nmod tests {{ {text} }}");
    assert_eq!(
        check(&File::new("frontends/redis/src/lib.rs", &test)),
        Vec::new()
    );
}

#[test]
fn a_synonym_is_named_where_the_glossary_rules() {
    assert_eq!(
        check(&File::new("core/src/node/mod.rs", "struct VnodeMap;")).len(),
        1
    );
    assert_eq!(
        check(&File::new("frontends/redis/src/lib.rs", "struct VnodeMap;")),
        Vec::new()
    );
}
