//! The floors of `core`: a module imports its own floor and lower ones, never a higher.

use super::source::{Complaint, File};

/// From the ground up. Modules on one line share a floor.
const FLOORS: [&[&str]; 8] = [
    &["env", "error"],
    &["record"],
    &["op"],
    &["store"],
    &["log"],
    &["apply"],
    &["txn"],
    &["node"],
];

pub fn check(file: &File) -> Vec<Complaint> {
    let Some(module) = module_of(&file.path) else {
        return Vec::new();
    };
    let Some(own) = floor_of(module) else {
        let what =
            format!("`{module}` is on no floor: add it to FLOORS here and to docs/architecture.md");
        return vec![file.complain(1, what)];
    };
    imports(file)
        .into_iter()
        .filter(|(_, name)| floor_of(name).is_some_and(|floor| floor > own))
        .map(|(line, name)| {
            file.complain(
                line,
                format!("`{module}` imports `{name}`, a floor above it"),
            )
        })
        .collect()
}

/// The module a file of `core` belongs to; None for the crate root and other crates.
fn module_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("core/src/")?;
    let first = rest.split('/').next()?;
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (module != "lib").then_some(module.strip_suffix("_test").unwrap_or(module))
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Every module of the crate named in the file: `crate::name`, and the first part of
/// each item in `use crate::{...}`, which may span lines. Tests may look up.
fn imports(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut depth = 0;
    for (line, code) in file.shipped() {
        let mut rest = code.as_str();
        if depth > 0 {
            depth = group(rest, depth, line, &mut found);
            continue;
        }
        while let Some(at) = rest.find("crate::") {
            let whole_word =
                !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
            rest = &rest[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                Some(inside) => {
                    depth = group(inside, 1, line, &mut found);
                    break;
                }
                None if whole_word => found.push((line, first_word(rest))),
                None => {}
            }
        }
    }
    found
}

/// Reads names at depth 1 of a `use` group; answers the depth at the end of the line.
fn group(text: &str, mut depth: usize, line: usize, found: &mut Vec<(usize, String)>) -> usize {
    let mut fresh = true;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => fresh = true,
            c if fresh && depth == 1 && (c.is_alphabetic() || c == '_') => {
                found.push((line, first_word(&text[at..])));
                fresh = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    depth
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn a_lower_floor_may_not_import_a_higher() {
    let bad = File::new(
        "core/src/record/key.rs",
        "//! k\nuse crate::store::Store;\n",
    );
    assert_eq!(check(&bad).len(), 1);
    let inline = File::new("core/src/op/mod.rs", "fn f() { crate::node::boot() }");
    assert_eq!(check(&inline).len(), 1);
    let grouped = File::new(
        "core/src/op/mod.rs",
        "use crate::{\n  error::{Error, Result},\n  apply::fold,\n};",
    );
    assert_eq!(check(&grouped).len(), 1);
}

#[test]
fn a_higher_floor_may_import_a_lower() {
    let good = File::new(
        "core/src/node/mod.rs",
        "use crate::{record::Key, log::Group};\nuse crate::error::Error;",
    );
    assert_eq!(check(&good), Vec::new());
    let comment = File::new("core/src/record/mod.rs", "//! see `crate::node`");
    assert_eq!(check(&comment), Vec::new());
}

#[test]
fn a_test_may_build_on_a_higher_floor() {
    let test = File::new("core/src/txn/tests.rs", "use crate::node::Node;");
    assert_eq!(check(&test), Vec::new());
}

#[test]
fn a_new_module_must_choose_a_floor() {
    assert_eq!(check(&File::new("core/src/cellar.rs", "")).len(), 1);
}
