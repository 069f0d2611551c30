//! Fills the shop: its tables, then their rows a thousand at a time, by COPY.

use std::io::Write;
use std::time::Duration;

use postgres::{Client, Config, NoTls};

use super::goods::Goods;
use super::keeper::{Doors, Stopped};
use super::progress::Progress;
use super::shop::{Size, TABLES};
use crate::cli::Failure;
use crate::cli::clients::http;

/// Rows of one COPY, which is one transaction.
const COPY_ROWS: usize = 1_000;

/// Fills the shop and waits until everything in it can be found.
///
/// # Errors
/// What a door refuses; and nothing is filled any more once the keeper is to stop.
pub fn fill(doors: &Doors, size: Size, goods: &Goods, stopped: &Stopped) -> Result<(), Failure> {
    let http = doors.http.to_string();
    let mut client = connect(doors)?;
    for table in TABLES {
        client.batch_execute(table).map_err(blame)?;
    }
    let mut progress = Progress::new("filling the shop", size.rows());
    for delivery in size.deliveries(goods) {
        let mut from = 1;
        while from <= delivery.count {
            if stopped.within(Duration::ZERO) {
                return Ok(());
            }
            let count = COPY_ROWS.min(delivery.count + 1 - from);
            let lines = delivery.lines(from, count);
            let mut copy = client.copy_in(delivery.copy).map_err(blame)?;
            copy.write_all(lines.as_bytes()).map_err(Failure::running)?;
            copy.finish().map_err(blame)?;
            progress.step(count);
            from += count;
        }
    }
    progress.finish();
    http::ask(&http, "POST", "/products/_refresh", "").map(drop)
}

/// An ordinary client of the postgres door.
pub fn connect(doors: &Doors) -> Result<Client, Failure> {
    let mut config = Config::new();
    config
        .hostaddr(doors.postgres.ip())
        .port(doors.postgres.port())
        .user("stele")
        .dbname("stele")
        .application_name("the shop");
    config.connect(NoTls).map_err(blame)
}

/// The server's words, if there are any.
pub fn blame(error: postgres::Error) -> Failure {
    match error.as_db_error() {
        Some(said) => Failure::running(said.message()),
        None => Failure::running(error),
    }
}
