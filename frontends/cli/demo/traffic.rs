//! What happens in an open shop, a few small things a second, through every door.
//!
//! | | door |
//! |---|---|
//! | somebody orders: an order, and so many fewer in stock, in one transaction | postgres |
//! | something is delivered, and a visit is counted | redis |
//! | a price changes a little | http |
//! | a visit is noted in the stream `VISITS` | nats |

use postgres::Client;
use postgres::error::SqlState;
use redis::{Connection, cmd};
use serde_json::json;

use super::fill::{blame, connect};
use super::goods::scatter;
use super::keeper::Doors;
use super::shop::Size;
use crate::cli::Failure;
use crate::cli::clients::nats::{self, Wire};
use crate::cli::clients::{get, http};

/// The stream of visits keeps the last ones.
const STREAM: &str = r#"{"name":"VISITS","subjects":["shop.visits"],"max_msgs":10000}"#;
/// Where the stream's answers come.
const INBOX: &str = "_INBOX.shop";

/// A client for each door, and how many things have happened.
pub struct Traffic {
    size: Size,
    sql: Client,
    redis: Connection,
    http: String,
    nats: Wire,
    count: usize,
}

impl Traffic {
    /// Connects to every door.
    pub fn begin(doors: &Doors, size: Size) -> Result<Self, Failure> {
        let mut nats = Wire::connect_as(&doors.nats.to_string(), json!({}))?;
        nats.say(&format!("SUB {INBOX} 1\r\n"))?;
        let mut traffic = Self {
            size,
            sql: connect(doors)?,
            redis: get::connect(&doors.redis.to_string())?,
            http: doors.http.to_string(),
            nats,
            count: 0,
        };
        traffic.request("$JS.API.STREAM.CREATE.VISITS", STREAM)?;
        Ok(traffic)
    }

    /// The next thing happens.
    pub fn step(&mut self) -> Result<(), Failure> {
        self.count += 1;
        match self.count % 4 {
            0 => self.order(),
            1 => self.delivery(),
            2 => self.price(),
            _ => self.visit(),
        }
    }

    /// A number below `end`, another for each purpose.
    fn dice(&self, purpose: usize, end: usize) -> usize {
        scatter(self.count * 8 + purpose) % end
    }

    fn product(&self) -> i32 {
        i32::try_from(self.dice(0, self.size.products) + 1).unwrap_or(1)
    }

    fn order(&mut self) -> Result<(), Failure> {
        let product = self.product();
        let customer = i32::try_from(self.dice(1, self.size.customers) + 1).unwrap_or(1);
        let quantity = i32::try_from(self.dice(2, 3) + 1).unwrap_or(1);
        let mut ordered = || -> Result<(), postgres::Error> {
            let mut txn = self.sql.transaction()?;
            txn.execute(
                "INSERT INTO orders (customer, product, quantity) VALUES ($1, $2, $3)",
                &[&customer, &product, &quantity],
            )?;
            txn.execute(
                "UPDATE products SET stock = stock - $1 WHERE id = $2",
                &[&quantity, &product],
            )?;
            txn.commit()
        };
        match ordered() {
            Ok(()) => Ok(()),
            Err(error) if is_part_of_life(&error) => Ok(()),
            Err(error) => Err(blame(error)),
        }
    }

    fn delivery(&mut self) -> Result<(), Failure> {
        let key = format!("products:{}", self.product());
        let pieces = self.dice(1, 5) + 1;
        let there: bool = cmd("EXISTS")
            .arg(&key)
            .query(&mut self.redis)
            .map_err(Failure::running)?;
        // Whoever plays may have deleted it.
        if there {
            cmd("HINCRBY")
                .arg(&key)
                .arg("stock")
                .arg(pieces)
                .exec(&mut self.redis)
                .map_err(Failure::running)?;
        }
        cmd("INCR")
            .arg("visits")
            .exec(&mut self.redis)
            .map_err(Failure::running)
    }

    fn price(&mut self) -> Result<(), Failure> {
        let cents = 900 + self.dice(1, 9_000);
        let path = format!("/products/_update/{}", self.product());
        let body = json!({"doc": {"price": cents as f64 / 100.0}}).to_string();
        match http::exchange(&self.http, "POST", &path, &body)? {
            // Whoever plays has deleted it, or changes it at this moment.
            (404 | 409, _) => Ok(()),
            answer => http::granted(answer).map(drop),
        }
    }

    fn visit(&mut self) -> Result<(), Failure> {
        let visit = json!({"product": self.product(), "seconds": self.dice(1, 90)}).to_string();
        self.request("shop.visits", &visit)
    }

    /// Says something to a stream or its API, and waits for the answer.
    fn request(&mut self, subject: &str, payload: &str) -> Result<(), Failure> {
        let length = payload.len();
        self.nats
            .say(&format!("PUB {subject} {INBOX} {length}\r\n{payload}\r\n"))?;
        self.nats.message()?.ok_or_else(nats::gone).map(drop)
    }
}

/// Sold out, deleted by whoever plays, or in the way of another.
fn is_part_of_life(error: &postgres::Error) -> bool {
    let code = error.code().map(SqlState::code).unwrap_or_default();
    code.starts_with("23") || code.starts_with("40")
}
