//! What hostile and stalled clients of the nats door cost others: the protocol's own error,
//! bounded memory, nothing else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::harness::Server;
use super::nats_client::NatsClient;

/// What a hostile client may cost, bytes.
const GROWTH_BYTES_MAX: u64 = 64 << 20;

fn client(server: &Server) -> NatsClient {
    NatsClient::connect(server.doors.nats).unwrap()
}

/// Lets `attack` at a server, then checks that memory did not grow past the bound and that
/// an ordinary client, with a stream of its own, is served.
fn under_attack(attack: impl FnOnce(&Server)) {
    let server = Server::start();
    let mut bystander = client(&server);
    let made = bystander.ask_json(
        "$JS.API.STREAM.CREATE.S",
        r#"{"name":"S","subjects":["s"]}"#,
    );
    assert_eq!(made["did_create"], true, "{made}");
    let before = server.resident_bytes();
    attack(&server);
    let growth = server.resident_bytes().saturating_sub(before);
    assert!(growth < GROWTH_BYTES_MAX, "memory grew by {growth} bytes");
    bystander.say("PING\r\n").unwrap();
    bystander.until("PONG").unwrap();
    assert_eq!(client(&server).ask_json("s", "still here")["seq"], 1);
}

/// Says something and then no more; what the server said until it closed.
fn last_words(server: &Server, bytes: &[u8]) -> String {
    let mut socket = server.nats_socket();
    // The server may close while we are still talking: that is an answer too.
    let _ = socket.write_all(bytes);
    let _ = socket.shutdown(Shutdown::Write);
    read_to_end(&mut socket)
}

fn read_to_end(socket: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let _ = socket.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

/// What was said after INFO.
fn errors(said: &str) -> Vec<&str> {
    said.lines()
        .filter(|line| line.starts_with("-ERR"))
        .collect()
}

#[test]
fn frames_that_make_no_sense_get_the_protocols_own_error() {
    under_attack(|server| {
        let long_line = [&b"PUB "[..], &vec![b'a'; 1 << 20]].concat();
        let deep_connect = format!("CONNECT {}\r\nPING\r\n", "[".repeat(10_000));
        let cases: [(&[u8], &[&str]); 16] = [
            (b"PUB a 1048577\r\n", &["-ERR 'Maximum Payload Violation'"]),
            (
                b"PUB a 999999999\r\n",
                &["-ERR 'Maximum Payload Violation'"],
            ),
            // A size that no int holds is no size: closed without a word.
            (b"PUB a 2147483647\r\n", &[]),
            (b"PUB a -1\r\n", &[]),
            (b"PUB a\r\n", &[]),
            (b"HPUB a 5 4\r\nabcd\r\n", &[]),
            (
                b"CONNECT {}\r\nPUB a 1\r\nabc\r\n",
                &["-ERR 'Unknown Protocol Operation'"],
            ),
            (
                b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                &["-ERR 'Unknown Protocol Operation'"],
            ),
            (b"\0\0\0\0\r\n", &["-ERR 'Unknown Protocol Operation'"]),
            (b"\xff\xfe\xfd\r\n", &["-ERR 'Unknown Protocol Operation'"]),
            (&long_line, &["-ERR 'maximum control line exceeded'"]),
            (
                deep_connect.as_bytes(),
                &["-ERR 'maximum control line exceeded'"],
            ),
            (b"CONNECT {\"verbose\":\xff}\r\nPING\r\n", &[]),
            (
                b"SUB foo..bar 1\r\nSUB foo.>.x 2\r\n",
                &["-ERR 'Invalid Subject'", "-ERR 'Invalid Subject'"],
            ),
            (
                b"CONNECT {\"pedantic\":true}\r\nPUB a.* 0\r\n\r\n",
                &["-ERR 'Invalid Publish Subject'"],
            ),
            (
                b"CONNECT {\"no_responders\":true}\r\n",
                &["-ERR 'no responders requires headers support'"],
            ),
        ];
        for (bytes, wanted) in cases {
            let said = last_words(server, bytes);
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
            assert_eq!(errors(&said), wanted, "{shown:?}");
        }
        let nested = format!("CONNECT {}\r\nPING\r\n", "[".repeat(4_000));
        let said = last_words(server, nested.as_bytes());
        assert!(!said.contains("PONG"), "JSON that does not read ends it");
    });
}

#[test]
fn every_truncation_of_a_conversation_is_let_go_of() {
    under_attack(|server| {
        let whole =
            b"CONNECT {\"headers\":true}\r\nSUB a 1\r\nHPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n";
        for end in 0..whole.len() {
            let said = last_words(server, &whole[..end]);
            assert!(said.starts_with("INFO "), "{end}: {said}");
        }
        let said = last_words(server, whole);
        assert!(
            said.contains("HMSG a 1 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"),
            "{said}"
        );
    });
}

#[test]
fn bytes_that_are_no_text_are_carried_and_never_trusted() {
    under_attack(|server| {
        let said = last_words(
            server,
            b"CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB \xff.> 1\r\n\
              HPUB \xff.\xfe 6 8\r\n\xff\xff\xff\xff\xff\xff\xfd\xfc\r\nPING\r\n",
        );
        assert!(said.contains("HMSG ") && said.contains("PONG"), "{said}");
        // In a stream: kept, or refused, and the node lives.
        let mut socket = server.nats_socket();
        let frames = b"CONNECT {\"verbose\":false,\"headers\":true}\r\n\
            PUB $JS.API.STREAM.CREATE.B 27\r\n{\"name\":\"B\",\"subjects\":[\"b.>\"]}\r\n\
            HPUB b.\xff 6 8\r\n\xff\xff\xff\xff\xff\xff\xfd\xfc\r\n\
            PUB $JS.API.STREAM.MSG.GET.\xff 2\r\n{}\r\nPUB $JS.ACK.\xff.\xff 0\r\n\r\nPING\r\n";
        let _ = socket.write_all(frames);
        let _ = socket.shutdown(Shutdown::Write);
        read_to_end(&mut socket);
        let tokens = "a.".repeat(2_000) + "b";
        let said = last_words(
            server,
            format!("SUB {tokens} 1\r\nPUB {tokens} 0\r\n\r\nPING\r\n").as_bytes(),
        );
        assert!(said.contains("PONG"), "{said}");
    });
}

#[test]
fn requests_that_make_no_sense_get_jetstreams_own_error() {
    under_attack(|server| {
        let mut nats = client(server);
        let deep = "[".repeat(10_000);
        let deep_object = "{\"a\":".repeat(10_000);
        let config = r#"{"stream_name":"S","config":{"durable_name":"d"}}"#;
        nats.ask_json("$JS.API.CONSUMER.DURABLE.CREATE.S.d", config);
        for request in [
            "STREAM.CREATE.T",
            "STREAM.UPDATE.S",
            "STREAM.INFO.S",
            "STREAM.PURGE.S",
            "STREAM.MSG.GET.S",
            "STREAM.MSG.DELETE.S",
            "STREAM.NAMES",
            "STREAM.LIST",
            "CONSUMER.CREATE.S",
            "CONSUMER.CREATE.S.c",
            "CONSUMER.NAMES.S",
            "CONSUMER.PAUSE.S.d",
        ] {
            for body in [
                deep.as_str(),
                &deep_object,
                "{",
                "\u{0}",
                "[]",
                "{\"name\":1e999}",
            ] {
                let refused = nats.ask_json(&format!("$JS.API.{request}"), body);
                let code = refused["error"]["err_code"].as_u64();
                assert_eq!(code, Some(10025), "{request}: {refused}");
            }
        }
        for body in [deep.as_str(), &deep_object, "{"] {
            let refused = nats.ask("$JS.API.CONSUMER.MSG.NEXT.S.d", body);
            assert!(refused.headers.starts_with("NATS/1.0 400 "), "{refused:?}");
        }
        for (name, code) in [("a b", 10025), ("x".repeat(300).as_str(), 10102)] {
            let body = format!(r#"{{"name":"{name}"}}"#);
            let subject = format!("$JS.API.STREAM.CREATE.{}", name.replace(' ', ""));
            let refused = nats.ask_json(&subject, &body);
            let is_known = [code, 10056].contains(&refused["error"]["err_code"].as_u64().unwrap());
            assert!(is_known, "{refused}");
        }
    });
}

#[test]
fn announced_bytes_and_unread_answers_cost_nothing_until_they_come() {
    under_attack(|server| {
        let announcing: Vec<TcpStream> = (0..200)
            .map(|_| {
                let mut socket = server.nats_socket();
                socket.write_all(b"PUB a 1048576\r\nx").unwrap();
                socket
            })
            .collect();
        // Answers that nobody reads: more than a megabyte for each asker.
        let asking: Vec<TcpStream> = (0..2)
            .map(|_| {
                let mut socket = server.nats_socket();
                let ask = "PUB $JS.API.STREAM.INFO.S _J.a 0\r\n\r\n".repeat(1_500);
                let _ = socket.write_all(format!("SUB _J.> 1\r\n{ask}").as_bytes());
                socket
            })
            .collect();
        assert_eq!(client(server).ask_json("$JS.API.INFO", "")["streams"], 1);
        drop((announcing, asking));
    });
}

/// What may wait for one client in the test below, bytes.
const PENDING_BYTES_MAX: u64 = 16 << 20;
/// What a node may take besides, while a flood goes through it.
const SLACK_BYTES: u64 = 48 << 20;

#[test]
fn a_stalled_subscriber_is_cut_off_at_its_limit_and_holds_nobody_up() {
    let limit = PENDING_BYTES_MAX.to_string();
    let server = Server::start_with(&["--nats-pending-bytes-max", &limit]);
    let mut deaf = client(&server);
    deaf.subscribe("flood");
    let mut attentive = client(&server);
    attentive.subscribe("calm");
    let mut publisher = client(&server);
    let before = server.resident_bytes();
    let frame = format!("PUB flood {}\r\n{}\r\n", 64 << 10, "x".repeat(64 << 10));
    let flood_count = 2_000;
    let mut highest = 0;
    for nth in 0..flood_count {
        publisher.say(&frame).unwrap();
        if nth % 100 == 0 {
            // Whoever reads is served in between, by the same publisher and by others.
            publisher.say("PUB calm 2\r\nhi\r\n").unwrap();
            assert_eq!(attentive.message().unwrap().payload, "hi");
            highest = highest.max(server.resident_bytes());
        }
    }
    publisher.say("PING\r\n").unwrap();
    publisher.until("PONG").unwrap();
    highest = highest.max(server.resident_bytes());
    let growth = highest.saturating_sub(before);
    println!(
        "memory grew by {growth} bytes while {} MiB were published",
        flood_count >> 4
    );
    assert!(
        growth < PENDING_BYTES_MAX + SLACK_BYTES,
        "grew by {growth} bytes"
    );
    let mut heard = 0u64;
    let mut bytes = vec![0; 1 << 20];
    while let Ok(read @ 1..) = deaf.stream.read(&mut bytes) {
        heard += read as u64;
    }
    assert!(heard < flood_count * (64 << 10), "it was cut off");
    assert!(server.log().contains("slow consumer"), "and that is told");
}
