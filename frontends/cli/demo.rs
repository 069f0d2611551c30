//! `stele demo`: a node on free ports in a temporary folder, with a shop to play with.

use std::net::SocketAddr;

use crate::config::Settings;

use super::Failure;
use super::node::{Node, runtime};
use super::progress::Progress;
use super::psql::Psql;
use super::shop;
use super::stop::Stop;

pub fn run(settings: Settings) -> Result<(), Failure> {
    runtime(&settings)?.block_on(demo(settings))
}

async fn demo(settings: Settings) -> Result<(), Failure> {
    let mut stop = Stop::listen().map_err(Failure::running)?;
    // Removed with everything in it when this function returns.
    let folder = tempfile::tempdir().map_err(Failure::running)?;
    let node = Node::open(&in_folder(settings, folder.path())).await?;
    tokio::select! {
        loaded = load(node.postgres()) => loaded.map_err(Failure::running)?,
        () = stop.asked() => return node.close().await.map(drop),
    }
    show(&lines(&node));
    tokio::select! {
        () = stop.asked() => {}
        failure = node.failed() => return Err(failure),
    }
    node.close().await.map(drop)
}

/// The demo's own folder and ports, whatever the settings say.
fn in_folder(settings: Settings, folder: &std::path::Path) -> Settings {
    Settings {
        data: folder.join("data"),
        redis_port: 0,
        postgres_port: 0,
        http_port: 0,
        nats_port: 0,
        log_filter: "warn,openraft=error".to_string(),
        ..settings
    }
}

async fn load(postgres: SocketAddr) -> Result<(), String> {
    let mut psql = Psql::connect(postgres).await?;
    for table in shop::TABLES {
        psql.run(table).await?;
    }
    let statements = shop::statements();
    let mut progress = Progress::new(
        "filling the shop",
        statements.iter().map(|statement| statement.rows).sum(),
    );
    for statement in &statements {
        psql.run(&statement.sql).await?;
        progress.step(statement.rows);
    }
    progress.finish();
    Ok(())
}

/// What to paste into another terminal, and what it will show.
fn lines(node: &Node) -> String {
    let (postgres, redis) = (node.postgres(), node.redis());
    let (http, nats) = (node.http(), node.nats());
    // Where this program is: it need not be in the path.
    let stele = std::env::current_exe().unwrap_or_else(|_| "stele".into());
    let stele = stele.display();
    let psql = format!(
        "psql -h {} -p {} -U stele stele -c",
        postgres.ip(),
        postgres.port()
    );
    let redis = format!("redis-cli -h {} -p {}", redis.ip(), redis.port());
    format!(
        r#"
A node with a small shop is running: products, customers, orders. Paste into another terminal:

# the tables, and the five best customers: a join, an aggregate, a sort
{psql} '\d products'
{psql} 'SELECT c.name, c.city, sum(o.quantity * p.price) AS spent FROM orders o JOIN customers c ON c.id = o.customer JOIN products p ON p.id = o.product GROUP BY c.id, c.name, c.city ORDER BY spent DESC LIMIT 5'

# every change of a product is an event: leave this one running
{stele} sub --nats {nats} 'db.products.>'

# the same record through the other doors: product 7 is a row, a hash and a document
{redis} HGETALL products:7
{redis} HSET products:7 price 4.20                             # seen by the subscriber, too
{psql} 'SELECT name, price FROM products WHERE id = 7'        # price is 4.20
curl http://{http}/products/_doc/7                             # as Elasticsearch answers

# the table's rules hold for every door: an error, and nothing changes
{redis} HSET products:7 price -1                               # violates the check on price
{redis} HINCRBY products:7 stock -1                            # one fewer in stock

# plain Redis keys are a view in SQL
{redis} SET visits 41
{redis} INCR visits                                            # 42
{psql} "SELECT key, value FROM redis.strings"                  # visits | 42

The console: http://{http}/_stele/console

Ctrl-C stops the node and removes its folder.
"#
    )
}

#[allow(clippy::print_stdout)] // what this command is for
fn show(text: &str) {
    println!("{text}");
}
