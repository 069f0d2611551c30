//! What scripts rely on: the ready line, exit codes, and words refused with a hint.

use super::harness::{Server, ends, serve, stele};

#[test]
fn a_server_that_is_asked_to_stop_drains_and_exits_with_zero() {
    let mut server = Server::start();
    let mut client = server.redis();
    redis::cmd("SET")
        .arg("k")
        .arg("v")
        .exec(&mut client)
        .unwrap();
    assert!(server.terminate().success(), "{}", server.log());
    server.start_again();
    let value: String = redis::cmd("GET")
        .arg("k")
        .query(&mut server.redis())
        .unwrap();
    assert_eq!(value, "v");
}

#[test]
fn a_port_in_use_is_named_before_anything_is_touched() {
    let server = Server::start();
    let doors = [
        ("--redis-port", server.doors.redis),
        ("--postgres-port", server.doors.postgres),
        ("--http-port", server.doors.http),
        ("--nats-port", server.doors.nats),
    ];
    for (flag, taken) in doors {
        let folder = tempfile::tempdir().unwrap();
        let mut command = stele();
        let data = folder.path().join("data");
        command.arg("serve").arg("--data").arg(&data);
        for (other, _) in doors {
            let port = if other == flag { taken.port() } else { 0 };
            command.args([other, &port.to_string()]);
        }
        let output = ends(&mut command);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{flag}: {error}");
        let expected = format!("port {}", taken.port());
        assert!(error.contains(&expected), "{flag}: {error}");
        assert!(!error.contains("panicked"), "{flag}: {error}");
        assert!(!data.exists(), "{flag}");
    }
}

#[test]
fn a_public_address_without_users_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = ends(serve(folder.path()).args(["--bind", "0.0.0.0"]));
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{error}");
    assert!(
        error.contains("0.0.0.0") && error.contains("127.0.0.1"),
        "names what is wrong and a way out: {error}"
    );
}

#[test]
fn an_unknown_setting_is_refused_with_the_nearest_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    std::fs::write(&file, "fsink = 'always'\n").unwrap();
    let output = ends(serve(folder.path()).arg("--config").arg(&file));
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{error}");
    assert!(
        error.contains("my.toml:1") && error.contains("`fsync`"),
        "{error}"
    );
}

#[test]
fn two_servers_cannot_share_a_folder() {
    let server = Server::start();
    let output = ends(&mut serve(server.folder()));
    assert!(!output.status.success());
    assert!(!String::from_utf8_lossy(&output.stdout).contains("ready"));
}

#[test]
fn every_stored_byte_can_be_printed() {
    let mut server = Server::start();
    redis::cmd("SET")
        .arg("greeting")
        .arg("hello")
        .exec(&mut server.redis())
        .unwrap();
    assert!(server.terminate().success());
    let output = ends(stele().arg("print").arg("--data").arg(server.data()));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("greeting") && text.contains("hello"),
        "{text}"
    );
}
