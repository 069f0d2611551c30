//! A log whose end was torn, and a disk that fails an fsync.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::harness::{Dice, Server};

const ACKNOWLEDGED: u64 = 200;
const ROUNDS: u64 = 5;

#[test]
fn a_log_torn_past_the_last_fsync_opens_cleanly() {
    let mut dice = Dice(11);
    for round in 0..ROUNDS {
        let mut server = Server::start();
        acknowledge(&server);
        let (_, synced) = newest_log(&server.data());
        send_without_reading(&server);
        server.kill();
        tear(&server.data(), synced, &mut dice);
        server.start_again();
        let found: Vec<Option<u64>> = all(&mut server);
        let expected: Vec<Option<u64>> = (0..ACKNOWLEDGED).map(Some).collect();
        assert_eq!(found, expected, "round {round}");
        redis::cmd("SET")
            .arg("after")
            .arg(1)
            .exec(&mut server.redis())
            .unwrap();
    }
}

#[test]
fn a_failed_fsync_stops_the_node_and_nothing_after_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let library = build_shim(folder.path());
    let trigger = folder.path().join("broken");
    // The file that breaks the disk travels in the variable the shim reads.
    let mut server = Server::start_preloaded(
        &[],
        &[("LD_PRELOAD", &library), ("FAIL_FSYNC_WHEN", &trigger)],
    );
    acknowledge(&server);
    File::create(&trigger).unwrap();
    let mut client = server.redis();
    let answer = redis::cmd("SET").arg("late").arg(1).exec(&mut client);
    assert!(answer.is_err(), "acknowledged without an fsync");
    assert!(!server.exited().success(), "{}", server.log());
    server.start_again();
    let expected: Vec<Option<u64>> = (0..ACKNOWLEDGED).map(Some).collect();
    assert_eq!(all(&mut server), expected);
}

fn acknowledge(server: &Server) {
    let mut client = server.redis();
    for n in 0..ACKNOWLEDGED {
        redis::cmd("SET")
            .arg(format!("k{n}"))
            .arg(n)
            .exec(&mut client)
            .unwrap();
    }
}

fn all(server: &mut Server) -> Vec<Option<u64>> {
    let keys: Vec<String> = (0..ACKNOWLEDGED).map(|n| format!("k{n}")).collect();
    redis::cmd("MGET")
        .arg(keys)
        .query(&mut server.redis())
        .unwrap()
}

/// Writes that nobody waits for, so that the log's end is in motion when the kill comes.
fn send_without_reading(server: &Server) {
    let mut socket = server.redis_socket();
    let mut commands = Vec::new();
    for n in 0..500 {
        commands.extend_from_slice(format!("SET unread{n} {}\r\n", "x".repeat(400)).as_bytes());
    }
    socket.write_all(&commands).unwrap();
    // One answer: some of them are in the log by now.
    let mut answer = [0; 5];
    socket.read_exact(&mut answer).unwrap();
}

/// RocksDB's newest write-ahead log and its length.
fn newest_log(data: &Path) -> (PathBuf, u64) {
    let mut logs = Vec::new();
    let mut folders = vec![data.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "log") {
                logs.push(path);
            }
        }
    }
    logs.sort();
    let newest = logs.pop().unwrap();
    let length = std::fs::metadata(&newest).unwrap().len();
    (newest, length)
}

/// Cuts the log anywhere past what was synced, and every other time leaves noise there.
fn tear(data: &Path, synced: u64, dice: &mut Dice) {
    let (path, length) = newest_log(data);
    assert!(length >= synced);
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    let cut = synced + dice.below(length - synced + 1);
    file.set_len(cut).unwrap();
    if dice.below(2) == 0 {
        file.seek(SeekFrom::End(0)).unwrap();
        let noise: Vec<u8> = (0..dice.below(200))
            .map(|_| u8::try_from(dice.below(256)).unwrap())
            .collect();
        file.write_all(&noise).unwrap();
    }
}

fn build_shim(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blackbox/fail_fsync.c");
    let library = folder.join("fail_fsync.so");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .status()
        .unwrap();
    assert!(status.success());
    library
}
