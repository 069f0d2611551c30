//! # Rows of tables, as this door spells them
//!
//! **What.** A key of database 0 whose part before the first `:` names a table addresses that
//! table's row: `users:42` is the row of `users` whose primary key is 42. It reads as a hash
//! (`fields`) and is written through the table's types and constraints (`write`).
//!
//! **Why.** One record, two doors: what psql inserts, redis-cli reads, and neither can store what
//! the table's definition forbids.
//!
//! **How.**
//! ```text
//!   users:42 --Tables::place--> Row { table, key } --head--> columns, printed   HGETALL
//!                                                 \-- Txn::update_row --------> HSET, HDEL, HINCRBY
//!   users:x  --Tables::place--> NoRow              nothing there, and nothing can be
//!   other:1  --Tables::place--> Keyspace           an ordinary key
//! ```
//!
//! **Limits.** NULL is an absent field. A row cannot be renamed, copied, moved or replaced by
//! another type. Other databases than 0 know no tables.
//!
//! **Further reading.** `core/src/record/table.rs` for the spelling of composite keys.

mod default;
mod fields;
mod place;
mod write;

pub use fields::{fields_of, parse_field, refused};
pub use place::{Place, Tables};
pub use write::write;
