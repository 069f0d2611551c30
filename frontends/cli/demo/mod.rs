//! # The demo: a shop to play with
//!
//! **What.** `stele demo` starts a node on free ports in a temporary folder, fills a shop
//! (products, customers, orders), keeps a little traffic going, and prints lines to paste
//! into other terminals. Ctrl-C ends it and removes the folder.
//!
//! **Why.** Five minutes decide whether somebody goes on: one record has to be seen through
//! four doors before anything is installed, configured or read.
//!
//! **How.**
//! ```text
//! goods.txt -> goods -> shop (rows) -+-> keeper: the thread that has the clients
//!                                    |     fill: tables, COPY, a progress bar
//!                                    |     traffic: one small thing after the other
//!                       node  <------+-- postgres, redis, http, nats
//! ```
//! The keeper is an ordinary client of each door; what it does, anybody could.
//!
//! **Limits.** The shop is the same every time; the traffic is not a benchmark.
//!
//! **Further reading.** `super::node` for what is started.

mod fill;
mod goods;
mod keeper;
mod progress;
mod shop;
mod traffic;

use clap::{Arg, ArgMatches, Command};

use super::Failure;
use super::node::{Node, runtime};
use super::stop::Stop;
use crate::config::Settings;
use keeper::{Doors, Keeper};
use shop::Size;

/// What the demo logs; it prints what is to be read.
const LOG_FILTER: &str = "warn,openraft=error";
/// The product whose change is shown: a red shoe, in the smallest shop, too.
const FEATURED: usize = 68;

/// The words of `stele demo`.
pub fn words() -> Command {
    Command::new("demo")
        .about("Runs a node with a shop to play with, in a temporary folder on free ports")
        .after_help("Ctrl-C stops it and removes the folder.")
        .arg(
            Arg::new("products")
                .long("products")
                .value_name("N")
                .value_parser(clap::value_parser!(u32).range(100..=1_000_000))
                .default_value("5000")
                .help("How many products there are; orders are four times as many"),
        )
}

/// Runs `stele demo`.
pub fn run(words: &ArgMatches) -> Result<(), Failure> {
    super::log_to_stderr(LOG_FILTER)?;
    let products = words.get_one::<u32>("products").copied();
    let size = Size::of(products.and_then(|n| n.try_into().ok()).unwrap_or(1));
    let settings = Settings::default();
    runtime(&settings)?.block_on(demo(settings, size))
}

async fn demo(settings: Settings, size: Size) -> Result<(), Failure> {
    let mut stop = Stop::listen().map_err(Failure::running)?;
    // Removed with everything in it when this function returns.
    let folder = tempfile::tempdir().map_err(Failure::running)?;
    let node = Node::open(&in_folder(settings, folder.path())).await?;
    let doors = Doors::of(&node);
    let (keeper, filled) = Keeper::start(doors.clone(), size)?;
    let outcome = tokio::select! {
        filled = filled => match filled {
            Ok(Ok(())) => open(&doors, size, &node, &mut stop).await,
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::running("the shop was not filled")),
        },
        () = stop.asked() => Ok(()),
        failure = node.failed() => Err(failure),
    };
    keeper.stop();
    outcome?;
    node.close().await.map(drop)
}

/// Shows what to paste, and waits for the end.
async fn open(doors: &Doors, size: Size, node: &Node, stop: &mut Stop) -> Result<(), Failure> {
    show(&lines(doors, size));
    tokio::select! {
        () = stop.asked() => Ok(()),
        failure = node.failed() => Err(failure),
    }
}

/// The demo's own folder, on free ports.
fn in_folder(settings: Settings, folder: &std::path::Path) -> Settings {
    Settings {
        data: folder.join("data"),
        redis_port: 0,
        postgres_port: 0,
        http_port: 0,
        nats_port: 0,
        ..settings
    }
}

/// What to paste into other terminals.
fn lines(doors: &Doors, size: Size) -> String {
    let Doors {
        postgres,
        redis,
        http,
        nats,
    } = doors;
    // Where this program is: it need not be in the path.
    let stele = std::env::current_exe().unwrap_or_else(|_| "stele".into());
    let stele = stele.display();
    let (psql, redis) = (
        format!("psql -h {} -p {} -U stele", postgres.ip(), postgres.port()),
        format!("redis-cli -h {} -p {}", redis.ip(), redis.port()),
    );
    let Size {
        products,
        customers,
        orders,
    } = size;
    format!(
        r#"
The shop is open: {products} products, {customers} customers, {orders} orders, and a little traffic.
Four lines for other terminals. Leave the first one running; the second changes a record
that all the others show.

{stele} sub --nats {nats} 'db.products.>'
{psql} -c "UPDATE products SET name = 'Red shoe of the week', price = 4.20 WHERE id = {FEATURED}"
{redis} HGETALL products:{FEATURED}
curl -s 'http://{http}/products/_search?q=red+shoe'

The console: http://{http}/_stele/console

Ctrl-C stops the node and removes its folder.
"#
    )
}

#[allow(clippy::print_stdout)] // what this command is for
fn show(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_changes_a_red_shoe() {
        let product = goods::Goods::read().product(FEATURED);
        assert_eq!(product.name, "Robust red dance shoe");
    }
}
