//! Transcripts in `tests/flows/`: a session at two terminals, replayed.
//!
//! ```text
//! # a comment
//! psql> SELECT 1 AS one
//!  one
//! -----
//!    1
//! (1 row)
//!
//! redis> SET k v
//! OK
//!
//! kill -9
//! ```
//!
//! A blank line ends the expected output, so blank lines in it are not shown. `UPDATE=1`
//! writes what was seen into the transcript; the diff is then yours to judge.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::Server;

#[test]
fn every_transcript_replays() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for path in paths {
        let expected = std::fs::read_to_string(&path).unwrap();
        let seen = replay(&expected);
        if update {
            std::fs::write(&path, &seen).unwrap();
        } else if seen != expected {
            wrong.push(format!(
                "{}:\n{}",
                path.display(),
                difference(&expected, &seen)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs a transcript's commands against a new server; answers the transcript as seen.
fn replay(transcript: &str) -> String {
    let mut server = Server::start();
    let mut paragraphs = Vec::new();
    for paragraph in transcript.split("\n\n") {
        let shown: Vec<&str> = paragraph
            .lines()
            .take_while(|line| line.starts_with('#'))
            .collect();
        let mut lines: Vec<String> = shown.iter().map(|line| (*line).to_string()).collect();
        if let Some(command) = paragraph.lines().find(|line| !line.starts_with('#')) {
            lines.push(command.to_string());
            lines.extend(run(&mut server, command));
        }
        paragraphs.push(lines.join("\n"));
    }
    let ends = if transcript.ends_with('\n') { "\n" } else { "" };
    paragraphs.join("\n\n").trim_end().to_string() + ends
}

fn run(server: &mut Server, command: &str) -> Vec<String> {
    if let Some(sql) = command.strip_prefix("psql> ") {
        return psql(server, sql);
    }
    if let Some(words) = command.strip_prefix("redis> ") {
        return redis_cli(server, words);
    }
    match command {
        "kill -9" => {
            server.kill();
            server.start_again();
        }
        "restart" => {
            assert!(server.terminate().success());
            server.start_again();
        }
        other => panic!("a transcript has psql>, redis>, kill -9 and restart, not {other:?}"),
    }
    Vec::new()
}

fn psql(server: &Server, sql: &str) -> Vec<String> {
    let address = server.doors.postgres;
    let mut command = Command::new("psql");
    command.args([
        "-X",
        "-h",
        &address.ip().to_string(),
        "-p",
        &address.port().to_string(),
    ]);
    command.args(["-U", "stele", "-d", "stele", "-c", sql]);
    command
        .env("PGTZ", "UTC")
        .env("PGCLIENTENCODING", "UTF8")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("PAGER");
    output(&mut command)
}

fn redis_cli(server: &Server, words: &str) -> Vec<String> {
    let address = server.doors.redis;
    // redis-cli splits a line it reads the way its prompt does, quotes and all.
    let mut command = Command::new("sh");
    let line = format!(
        "printf '%s\\n' \"$LINE\" | redis-cli --no-raw -h {} -p {}",
        address.ip(),
        address.port()
    );
    command.args(["-c", &line]).env("LINE", words);
    output(&mut command)
}

/// Both outputs of a command, without blank lines and trailing blanks.
fn output(command: &mut Command) -> Vec<String> {
    let seen = command.output().unwrap();
    let text =
        String::from_utf8_lossy(&seen.stdout).into_owned() + &String::from_utf8_lossy(&seen.stderr);
    text.lines()
        .map(|line| line.trim_end().to_string())
        .filter(|line| !line.is_empty())
        .collect()
}

fn difference(expected: &str, seen: &str) -> String {
    let (expected, seen): (Vec<&str>, Vec<&str>) = (
        expected.split("\n\n").collect(),
        seen.split("\n\n").collect(),
    );
    let pairs = expected
        .iter()
        .zip(&seen)
        .filter(|(expected, seen)| expected != seen);
    pairs
        .map(|(expected, seen)| format!("--- expected\n{expected}\n--- seen\n{seen}\n"))
        .collect()
}
