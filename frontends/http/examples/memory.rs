//! A node that keeps nothing but its search indexes, with the HTTP door on a free port:
//! `cargo run -p stele-http --example memory` and talk to the address it prints.

use stele_core::Node;
use stele_http::{Facts, Http};
use stele_search::Search;
use tokio::net::TcpListener;

#[tokio::main]
#[allow(clippy::print_stdout)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let node = Node::in_memory().await?;
    let db = node.database();
    let search = Search::open(db.clone(), folder.path())?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let facts = Facts {
        name: "memory".to_owned(),
        doors: Vec::new(),
        fsync: "never",
        started_us: db.now_us(),
    };
    let door = Http::new(search.clone(), facts);
    let opened = stele_kit::open(door, listener, db, stele_kit::Limits::default())?;
    println!("http://{}", opened.address());
    tokio::signal::ctrl_c().await?;
    opened.close().await;
    search.close().await;
    Ok(())
}
