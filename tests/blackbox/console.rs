//! The console in a browser without a screen: what it shows, and that its script has no error.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::harness::{Server, ends};
use super::http_client::asked;

/// The browser, by the names it has.
fn chromium() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut places =
        std::env::split_paths(&folders).flat_map(|path| names.map(|name| path.join(name)));
    places.find(|path| path.exists())
}

/// Opens the console and lets its script run for some seconds; the document as it is then.
/// `CONSOLE_PICTURE=path` has a picture of it taken.
fn page(chromium: &Path, server: &Server, query: &str) -> String {
    let address = format!("http://{}/_stele/console{query}", server.doors.http);
    let open = |flag: String| {
        let profile = server.folder().join("browser");
        let mut command = Command::new(chromium);
        command
            .args(["--headless", "--no-sandbox", "--disable-gpu"])
            .args(["--virtual-time-budget=6000", "--window-size=1280,1300"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .args([flag, address.clone()]);
        let output = ends(&mut command);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    if let Some(path) = std::env::var_os("CONSOLE_PICTURE") {
        open(format!("--screenshot={}", Path::new(&path).display()));
    }
    open("--dump-dom".to_owned())
}

#[test]
fn the_console_shows_the_node_in_a_browser() {
    let Some(chromium) = chromium() else {
        println!("skipped: no Chromium is installed");
        return;
    };
    let server = Server::start();
    let mapping = json!({"mappings": {"properties": {"name": {"type": "text"}}}});
    assert_eq!(asked(&server, "PUT", "/shop", &mapping).0, 200);
    for (id, name) in [("1", "red running shoe"), ("2", "a hat <b>bold</b>")] {
        let path = format!("/shop/_doc/{id}?refresh=true");
        assert_eq!(asked(&server, "PUT", &path, &json!({"name": name})).0, 201);
    }
    let mut sql = server.postgres();
    sql.batch_execute("CREATE TABLE users (id int PRIMARY KEY, name text)")
        .unwrap();
    sql.batch_execute("INSERT INTO users VALUES (1, 'Ada')")
        .unwrap();
    let dom = page(&chromium, &server, "?index=shop&q=shoe");
    let shows = |what: &str| {
        assert!(
            dom.contains(what),
            "the console does not show {what}\n{dom}"
        )
    };
    // No error of the script, none of the node.
    shows("<p id=\"trouble\" role=\"alert\"></p>");
    // Each collection as each door spells it.
    for table in ["shop", "users"] {
        shows(&format!("SELECT * FROM {table}"));
        shows(&format!("HGETALL {table}:id"));
        shows(&format!("GET /{table}/_doc/id"));
        shows(&format!("db.{table}.&gt;"));
    }
    // Durability in words, positions, lags, doors.
    shows("Every acknowledged write is on disk.");
    shows("partition 0</span>");
    shows("<td class=\"number\">0</td><td class=\"good\">up to date</td>");
    shows(&server.doors.nats.to_string());
    // Charts have been drawn.
    shows("class=\"graph\" d=\"M");
    assert_eq!(dom.matches("class=\"graph\" d=\"M").count(), 2);
    // The search of the address has been made; a document is shown and never run.
    shows("1 found in");
    shows("red running <mark>shoe</mark>");
    let dom = page(&chromium, &server, "?index=shop&q=hat");
    assert!(dom.contains("a <mark>hat</mark> &lt;b&gt;bold"), "{dom}");
}
