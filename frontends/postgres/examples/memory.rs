//! A door onto a node that keeps nothing, to try psql against: `cargo run --example memory -- 5433`.

use std::error::Error;

use stele_core::Node;
use stele_kit::Limits;
use stele_postgres::Postgres;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let port = std::env::args().nth(1).unwrap_or_else(|| "5433".to_owned());
    let node = Node::in_memory().await?;
    let db = node.database();
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let opened = stele_kit::open(Postgres::new(&db), listener, db, Limits::default())?;
    println!(
        "psql -h 127.0.0.1 -p {} -U stele stele",
        opened.address().port()
    );
    std::future::pending::<()>().await;
    Ok(())
}
