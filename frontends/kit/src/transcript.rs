//! Golden transcripts: a conversation kept as a text file, replayed and compared.
//!
//! A transcript reads like a terminal session. A line `> SET k v` is said by the first
//! client, `bob> GET k` by one named bob; the lines after it, up to a blank line or the next
//! prompt, are the answer. Lines starting with `#` are prose. Replaying keeps prose and
//! prompts and prints the answers anew, so a difference is a changed answer; with `UPDATE=1`
//! in the environment the file is rewritten instead.

use std::future::Future;
use std::path::Path;

/// Replays one transcript; `say(client, line)` performs a line and returns the answer, which
/// may span lines. The client's name is empty for a bare `>`.
pub async fn replay<F, A>(script: &str, mut say: F) -> String
where
    F: FnMut(String, String) -> A,
    A: Future<Output = String>,
{
    let mut printed = String::new();
    let mut in_answer = false;
    for line in script.lines() {
        if let Some((client, said)) = prompt(line) {
            let answer = say(client.to_owned(), said.to_owned()).await;
            printed.push_str(line);
            printed.push('\n');
            for answered in answer.lines() {
                printed.push_str(answered);
                printed.push('\n');
            }
            in_answer = true;
        } else if line.trim().is_empty() || line.starts_with('#') || !in_answer {
            printed.push_str(line);
            printed.push('\n');
            in_answer = false;
        }
    }
    printed
}

/// Compares a replayed transcript with its file, or rewrites the file when `UPDATE=1`.
///
/// # Errors
/// A readable account of the first difference, or of a file that cannot be written.
pub fn compare(path: &Path, expected: &str, printed: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        return std::fs::write(path, printed)
            .map_err(|error| format!("{}: {error}", path.display()));
    }
    let mut theirs = expected.lines();
    let mut ours = printed.lines();
    for number in 1.. {
        match (theirs.next(), ours.next()) {
            (None, None) => break,
            (left, right) if left == right => {}
            (left, right) => {
                return Err(format!(
                    "{}:{number}: expected {:?}, got {:?} (UPDATE=1 accepts)\n{printed}",
                    path.display(),
                    left.unwrap_or("<end>"),
                    right.unwrap_or("<end>")
                ));
            }
        }
    }
    Ok(())
}

fn prompt(line: &str) -> Option<(&str, &str)> {
    let (client, said) = line.split_once('>')?;
    let named = client
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    named.then(|| (client, said.strip_prefix(' ').unwrap_or(said)))
}
