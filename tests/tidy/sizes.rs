//! The ten longest files and functions: an example to follow, not a limit.

use super::source::File;

const SHOWN: usize = 10;

pub fn report(files: &[File]) -> String {
    let rust: Vec<&File> = files.iter().filter(|file| file.is_rust()).collect();
    let lines: Vec<(usize, String)> = rust
        .iter()
        .map(|file| (file.shipped().count(), file.path.clone()))
        .collect();
    let total: usize = lines.iter().map(|(count, _)| count).sum();
    let functions: Vec<(usize, String)> = rust.iter().flat_map(|file| functions(file)).collect();
    format!(
        "\n{} files, {total} lines without tests, {} functions\nlongest files (aim: 150, rarely over 400)\n{}longest functions (aim: 25, rarely over 70)\n{}",
        rust.len(),
        functions.len(),
        top(lines),
        top(functions)
    )
}

fn top(mut sized: Vec<(usize, String)>) -> String {
    sized.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    sized
        .iter()
        .take(SHOWN)
        .map(|(size, name)| format!("  {size:>5}  {name}\n"))
        .collect()
}

/// The functions of a file with their lengths, from `fn` to the brace that closes it.
fn functions(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // Open functions: name, first line, depth before the opening brace (None before it).
    let mut open: Vec<(String, usize, Option<usize>)> = Vec::new();
    let mut depth = 0usize;
    for (line, code) in file.shipped() {
        if let Some(name) = declares(&code) {
            open.push((name, line, None));
        }
        for c in code.chars() {
            match c {
                '{' => {
                    if let Some((_, _, before @ None)) = open.last_mut() {
                        *before = Some(depth);
                    }
                    depth += 1;
                }
                '}' => {
                    depth = depth.saturating_sub(1);
                    if let Some((name, first, _)) =
                        open.pop_if(|(_, _, before)| *before == Some(depth))
                    {
                        found.push((line - first + 1, format!("{}:{first} {name}", file.path)));
                    }
                }
                ';' => {
                    // A declaration without a body, as in a trait.
                    open.pop_if(|(_, first, before)| before.is_none() && *first == line);
                }
                _ => {}
            }
        }
    }
    found
}

fn declares(code: &str) -> Option<String> {
    let at = code.find("fn ")?;
    let head = &code[..at];
    let modifiers = head.split_whitespace().all(|word| {
        matches!(word, "pub" | "async" | "const" | "unsafe" | "extern") || word.starts_with("pub(")
    });
    let name: String = code[at + 3..]
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (modifiers && !name.is_empty()).then_some(name)
}

#[test]
fn a_function_is_as_long_as_its_braces() {
    let file = File::new(
        "core/src/a.rs",
        "//! a\npub fn one() {\n  if x {\n  }\n}\nfn two() {}\n",
    );
    let found = functions(&file);
    assert_eq!(
        found,
        [
            (4, "core/src/a.rs:2 one".to_string()),
            (1, "core/src/a.rs:6 two".to_string())
        ]
    );
}
