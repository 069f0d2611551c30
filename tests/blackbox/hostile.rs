//! Hostile input on both doors: the right error, bounded memory, and others unharmed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::harness::Server;

/// What a hostile client may cost, bytes.
const GROWTH_BYTES_MAX: u64 = 96 << 20;

/// Starts a server, lets `attack` at it, then checks that memory did not grow past the
/// bound and that an ordinary client of either door is served.
fn under_attack(attack: impl FnOnce(&Server)) {
    let server = Server::start();
    server.postgres().batch_execute("SELECT 1").unwrap();
    let before = server.resident_bytes();
    attack(&server);
    let growth = server.resident_bytes().saturating_sub(before);
    assert!(growth < GROWTH_BYTES_MAX, "memory grew by {growth} bytes");
    let pong: String = redis::cmd("PING").query(&mut server.redis()).unwrap();
    assert_eq!(pong, "PONG");
    let one: i32 = server.postgres().query_one("SELECT 1", &[]).unwrap().get(0);
    assert_eq!(one, 1);
}

/// Sends bytes and reads until the server closes or has said something and falls silent.
fn say(socket: &mut TcpStream, bytes: &[u8]) -> String {
    // The server may close while we are still talking: that is an answer too.
    let _ = socket.write_all(bytes);
    listen(socket)
}

fn listen(socket: &mut TcpStream) -> String {
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let (mut heard, mut chunk) = (Vec::new(), [0; 4096]);
    while Instant::now() < deadline {
        match socket.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => heard.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && !heard.is_empty() => {
                break;
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&heard).into_owned()
}

#[test]
fn redis_requests_that_make_no_sense_get_rediss_own_words() {
    under_attack(|server| {
        let nested = "*1\r\n".repeat(100_000);
        let cases: [(&[u8], &str); 6] = [
            (
                nested.as_bytes(),
                "-ERR Protocol error: expected '$', got '*'",
            ),
            (
                b"*2147483648\r\n",
                "-ERR Protocol error: invalid multibulk length",
            ),
            (
                b"*1\r\n$1073741824\r\n",
                "-ERR Protocol error: invalid bulk length",
            ),
            (b"*1\r\n$-5\r\n", "-ERR Protocol error: invalid bulk length"),
            (b"*1\r\n$x\r\n", "-ERR Protocol error: invalid bulk length"),
            (
                b"\"unbalanced\r\n",
                "-ERR Protocol error: unbalanced quotes in request",
            ),
        ];
        for (bytes, expected) in cases {
            let heard = say(&mut server.redis_socket(), bytes);
            assert!(heard.starts_with(expected), "{expected}: {heard:?}");
        }
        let endless = vec![b'x'; 200_000];
        let heard = say(&mut server.redis_socket(), &endless);
        assert!(
            heard.starts_with("-ERR Protocol error: too big inline request"),
            "{heard:?}"
        );
    });
}

#[test]
fn a_giant_count_reserves_nothing() {
    under_attack(|server| {
        let sockets: Vec<TcpStream> = (0..20)
            .map(|_| {
                let mut socket = server.redis_socket();
                socket.write_all(b"*1000000\r\n$500000000\r\nabc").unwrap();
                socket
            })
            .collect();
        let pong: String = redis::cmd("PING").query(&mut server.redis()).unwrap();
        assert_eq!(pong, "PONG");
        drop(sockets);
    });
}

#[test]
fn slow_bytes_hold_up_nobody_else() {
    under_attack(|server| {
        let mut slow = server.redis_socket();
        let mut other = server.redis();
        for byte in b"*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n" {
            slow.write_all(&[*byte]).unwrap();
            let pong: String = redis::cmd("PING").query(&mut other).unwrap();
            assert_eq!(pong, "PONG");
        }
        assert_eq!(listen(&mut slow), "$2\r\nhi\r\n");
    });
}

#[test]
fn a_key_of_any_bytes_is_a_key() {
    under_attack(|server| {
        let mut client = server.redis();
        let key = b"\xff\xfe\x00\r\n".to_vec();
        redis::cmd("SET")
            .arg(&key)
            .arg("v")
            .exec(&mut client)
            .unwrap();
        let value: String = redis::cmd("GET").arg(&key).query(&mut client).unwrap();
        assert_eq!(value, "v");
    });
}

#[test]
fn half_a_startup_packet_and_impossible_lengths_close_the_connection() {
    under_attack(|server| {
        for bytes in [
            &b"\x00\x00"[..],
            b"\x00\x00\x00\x03",
            b"\x7f\xff\xff\xff\x00\x03\x00\x00",
            b"\xff\xff\xff\xff",
        ] {
            let mut socket = server.postgres_socket();
            socket.write_all(bytes).unwrap();
            socket.shutdown(std::net::Shutdown::Write).unwrap();
            listen(&mut socket);
        }
        let heard = say(
            &mut server.postgres_socket(),
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        );
        assert!(!heard.contains("HTTP"), "{heard:?}");
    });
}

/// A session past its startup, as bytes.
fn started(server: &Server) -> TcpStream {
    let mut socket = server.postgres_socket();
    let mut startup = vec![0, 0, 0, 36, 0, 3, 0, 0];
    startup.extend_from_slice(b"user\0stele\0database\0stele\0\0");
    startup[3] = u8::try_from(startup.len()).unwrap();
    socket.write_all(&startup).unwrap();
    let mut heard = Vec::new();
    let mut byte = [0];
    // ReadyForQuery: Z, length 5, idle.
    while !heard.ends_with(b"Z\x00\x00\x00\x05I") {
        socket.read_exact(&mut byte).unwrap();
        heard.push(byte[0]);
    }
    socket
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    message.extend_from_slice(body);
    message
}

#[test]
fn a_giant_message_is_refused_before_it_is_read() {
    under_attack(|server| {
        let mut socket = started(server);
        let heard = say(&mut socket, b"Q\x3f\xff\xff\xf0SELECT 1");
        assert!(
            heard.is_empty() || heard.contains("08P01") || heard.contains("54000"),
            "{heard:?}"
        );
    });
}

#[test]
fn a_giant_row_limit_is_only_a_limit() {
    under_attack(|server| {
        for limit in [i32::MAX, 1, 0, -1] {
            let mut socket = started(server);
            let mut bytes = message(b'P', b"\0SELECT 1 AS one\0\0\0");
            bytes.extend(message(b'B', b"\0\0\0\0\0\0\0\0"));
            let mut execute = vec![0];
            execute.extend_from_slice(&limit.to_be_bytes());
            bytes.extend(message(b'E', &execute));
            bytes.extend(message(b'S', b""));
            let heard = say(&mut socket, &bytes);
            assert!(
                heard.contains('D') && heard.ends_with("Z\0\0\0\u{5}I"),
                "{limit}: {heard:?}"
            );
        }
    });
}

#[test]
fn text_that_is_not_utf8_is_an_error_and_the_session_goes_on() {
    under_attack(|server| {
        let mut socket = started(server);
        let heard = say(&mut socket, &message(b'Q', b"SELECT '\xff\xfe'\0"));
        assert!(heard.contains("22021"), "{heard:?}");
        let heard = say(&mut socket, &message(b'Q', b"SELECT 1\0"));
        assert!(heard.contains("SELECT 1"), "{heard:?}");
    });
}

#[test]
fn deep_expressions_are_answered_or_refused_and_never_overflow() {
    under_attack(|server| {
        let mut client = server.postgres();
        let deep = 20_000;
        let chains = [
            format!("SELECT {}1{}", "(".repeat(deep), ")".repeat(deep)),
            format!("SELECT 1{}", "+1".repeat(deep * 5)),
            format!("SELECT {}true", "NOT ".repeat(deep)),
            format!("SELECT 1 WHERE true{}", " AND true".repeat(deep)),
            format!("SELECT '{}{}'::jsonb", "[".repeat(deep), "]".repeat(deep)),
            format!("SELECT {}1{}", "(SELECT ".repeat(deep), ")".repeat(deep)),
            format!("SELECT {}1{}", "abs(".repeat(deep), ")".repeat(deep)),
            format!("SELECT {}1", "CASE WHEN true THEN ".repeat(deep)),
            format!("SELECT 1{}", " UNION SELECT 1".repeat(deep)),
        ];
        for sql in chains {
            if let Err(error) = client.simple_query(&sql) {
                let code = error.code().map(|code| code.code().to_string());
                let refused = ["54001", "54000", "42601", "22P02", "54011"]
                    .map(|code| Some(code.to_string()));
                assert!(
                    refused.contains(&code),
                    "{}...: {error} {code:?}",
                    &sql[..30]
                );
            }
        }
        client.batch_execute("SELECT 1").unwrap();
    });
}

#[test]
fn clients_that_leave_in_the_middle_leave_nothing_behind() {
    under_attack(|server| {
        for _ in 0..200 {
            server
                .redis_socket()
                .write_all(b"*3\r\n$3\r\nSET\r\n$1\r\nk")
                .unwrap();
            let mut socket = server.postgres_socket();
            socket.write_all(b"\x00\x00\x00\x20\x00\x03").unwrap();
        }
        let mut open = started(server);
        open.write_all(&message(b'Q', b"BEGIN; CREATE TABLE gone (id int)\0"))
            .unwrap();
        listen(&mut open);
        drop(open);
        let mut client = server.postgres();
        client
            .batch_execute("CREATE TABLE gone (id int PRIMARY KEY)")
            .unwrap();
    });
}
