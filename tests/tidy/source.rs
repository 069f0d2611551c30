//! The tree as rules see it: every text file, by its path from the root of the clone.

use std::fmt;
use std::path::Path;

/// One text file.
pub struct File {
    /// From the root of the clone, with forward slashes.
    pub path: String,
    pub text: String,
    /// Compiled for tests only.
    pub test: bool,
}

/// What is wrong, where, and what to do about it.
#[derive(Debug, PartialEq)]
pub struct Complaint {
    pub path: String,
    /// 1-based.
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

impl File {
    /// A file made up by a rule's own test.
    #[cfg(test)]
    pub fn new(path: &str, text: &str) -> File {
        File {
            path: path.to_string(),
            text: text.to_string(),
            test: lies_with_tests(path),
        }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Lines of Rust with their 1-based numbers, without comments, and without the text
    /// of one-line string literals. Not a parser; good enough for names.
    pub fn code(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        self.text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, strip(line)))
    }

    /// Like `code`, up to the first `#[cfg(test)]` that opens a module: what ships.
    pub fn shipped(&self) -> impl Iterator<Item = (usize, String)> + '_ {
        let end = self.tests_from();
        self.code().take_while(move |(line, _)| *line < end)
    }

    fn tests_from(&self) -> usize {
        if self.test {
            return 0;
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let opens = |at: usize| {
            lines
                .get(at + 1)
                .is_some_and(|next| next.trim_start().contains("mod "))
        };
        (0..lines.len())
            .find(|&at| lines[at].trim() == "#[cfg(test)]" && opens(at))
            .map_or(usize::MAX, |at| at + 1)
    }

    pub fn complain(&self, line: usize, what: impl Into<String>) -> Complaint {
        Complaint {
            path: self.path.clone(),
            line,
            what: what.into(),
        }
    }
}

/// Removes string contents and a trailing comment from one line.
fn strip(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => {
                chars.next();
            }
            '"' => {
                quoted = !quoted;
                out.push(c);
            }
            '\'' if !quoted && chars.peek() == Some(&'"') => {
                chars.next();
            }
            '/' if !quoted && chars.peek() == Some(&'/') => break,
            _ if quoted => {}
            _ => out.push(c),
        }
    }
    out
}

/// Whether `name` stands in `line` as a whole word.
pub fn has_word(line: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        !before.is_some_and(part_of_word) && !after.is_some_and(part_of_word)
    })
}

/// Every text file of the clone, in order of path. Hidden folders are skipped except
/// those that hold our own files.
pub fn read_tree() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    walk(&root, "", &mut files);
    mark_test_modules(&mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// By its place or name.
fn lies_with_tests(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.contains("/examples/")
        || path.ends_with("_test.rs")
        || path.ends_with("/tests.rs")
}

/// A module declared below `#[cfg(test)]` is a test, whatever it is called.
fn mark_test_modules(files: &mut [File]) {
    let named: Vec<String> = files.iter().flat_map(test_modules).collect();
    for file in files {
        file.test |= named.contains(&file.path);
    }
}

/// The files of the modules that this file declares for tests.
fn test_modules(file: &File) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let base = match name {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_string(),
        name => format!("{folder}/{}", name.trim_end_matches(".rs")),
    };
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let pairs = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    pairs
        .filter_map(|pair| pair[1].split("mod ").nth(1)?.strip_suffix(';'))
        .flat_map(|module| {
            [
                format!("{base}/{module}.rs"),
                format!("{base}/{module}/mod.rs"),
            ]
        })
        .collect()
}

const OURS: [&str; 2] = [".ci", ".cargo"];
const TEXT: [&str; 10] = [
    "rs", "toml", "md", "sh", "py", "txt", "sql", "slt", "c", "tcl",
];

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            let ours = !name.starts_with('.') || OURS.contains(&name.as_str());
            if ours && name != "target" {
                walk(&entry.path(), &format!("{path}/"), files);
            }
        } else if is_text(&path)
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            let test = lies_with_tests(&path);
            files.push(File { path, text, test });
        }
    }
}

fn is_text(path: &str) -> bool {
    let extension = path.rsplit('.').next().unwrap_or("");
    TEXT.contains(&extension) || path == "Makefile" || path.starts_with(".ci/")
}

#[test]
fn comments_and_strings_are_not_code() {
    assert_eq!(strip(r#"a("b // c"); // d"#), r#"a(""); "#);
    assert_eq!(strip(r#"a("b \" c", 'x')"#), r#"a("", 'x')"#);
}

#[test]
fn a_word_is_not_found_inside_another() {
    assert!(has_word("use rocksdb::DB;", "rocksdb"));
    assert!(!has_word("use rust_rocksdb::DB;", "rocksdb"));
}

#[test]
fn a_module_declared_for_tests_is_a_test() {
    let mut files = [
        File::new(
            "core/src/txn/mod.rs",
            "mod commit;\n#[cfg(test)]\nmod check;\n",
        ),
        File::new("core/src/txn/check.rs", ""),
        File::new("core/src/txn/commit.rs", ""),
    ];
    mark_test_modules(&mut files);
    assert_eq!(files.map(|file| file.test), [false, true, false]);
}

#[test]
fn what_ships_ends_where_the_tests_begin() {
    let file = File::new(
        "core/src/a.rs",
        "one();\n#[cfg(test)]\nmod tests {\n two();\n}",
    );
    assert_eq!(file.shipped().count(), 1);
}
