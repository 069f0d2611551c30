//! `stele demo`, as a newcomer meets it: every line it prints is pasted into a shell.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use super::harness::stele;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a command and hands over its lines as they come.
fn start(command: &mut Command) -> (Running, Receiver<String>) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (line, lines) = sync_channel(10_000);
    std::thread::spawn(move || {
        for text in stdout.lines().map_while(Result::ok) {
            if line.send(text).is_err() {
                return;
            }
        }
    });
    (Running(child), lines)
}

/// The first line that has a text in it.
fn until(lines: &Receiver<String>, text: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = lines.recv_timeout(left);
        let line = line.unwrap_or_else(|_| panic!("no line with {text:?}"));
        if line.contains(text) {
            return line;
        }
    }
}

fn shell(line: &str) -> Command {
    let mut shell = Command::new("sh");
    // The shell becomes the command, so that ending one ends the other.
    shell.args(["-c", &format!("exec {line}")]);
    shell
}

fn pasted(line: &str) -> String {
    let output = shell(line).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_update_pasted_into_psql_arrives_in_the_three_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = stele();
    demo.args(["demo", "--products", "200"])
        .env("TMPDIR", folder.path());
    let (mut demo, said) = start(&mut demo);
    until(
        &said,
        "The shop is open: 200 products, 80 customers, 800 orders",
    );
    let sub = until(&said, " sub ");
    let psql = until(&said, "psql ");
    let redis = until(&said, "redis-cli ");
    let curl = until(&said, "curl ");
    let console = until(&said, "The console: ");
    until(&said, "Ctrl-C");

    let (_subscriber, heard) = start(&mut shell(&sub));
    // The traffic is heard without anybody's doing: the subscriber is there.
    until(&heard, "db.products.");
    assert_eq!(pasted(&psql), "UPDATE 1\n");
    let updated = Instant::now();
    while !pasted(&curl).contains("Red shoe of the week") {
        // A second, and what curl takes to start.
        assert!(
            updated.elapsed() < Duration::from_secs(2),
            "not found within a second"
        );
    }
    let row = pasted(&redis);
    assert!(
        row.contains("Red shoe of the week") && row.contains("price\n4.20\n"),
        "{row}"
    );
    let event = until(&heard, "Red shoe of the week");
    assert!(event.starts_with("db.products.68.update {"), "{event}");
    let (_, console) = console.split_once(": ").unwrap();
    assert!(
        pasted(&format!("curl -sf {console}")).contains("<html"),
        "{console}"
    );

    let pid = demo.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = demo.0.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "it does not stop");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "{status}");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "its folder is gone"
    );
}
