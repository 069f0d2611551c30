//! What the tests of transactions, rows and the node stand on: keys, a table,
//! dice, and a world whose clock only they move.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::env::Env;
use crate::error::Result;
use crate::node::{Database, Node, NodeOptions};
use crate::op::{Condition, Expiry, Op, string};
use crate::record::rows::Rows;
use crate::record::table::{Column, Definition, Index, PrimaryKey, Table};
use crate::record::value::{ColumnType, Type, Value};
use crate::record::{Fsync, Key, Level};
use crate::store::Memory;
use crate::txn::{Isolation, RowRecord, RowResult, Txn, TxnOptions};

/// Dice whose throws are a function of the seed.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit.max(1)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).expect("small")]
    }
}

/// A world in which whoever sleeps lets others go first, and time flies.
pub(crate) struct World {
    now_us: AtomicU64,
    dice: AtomicU64,
}

impl World {
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            now_us: AtomicU64::new(1_800_000_000_000_000),
            dice: AtomicU64::new(seed),
        })
    }

    /// Moves the clock, forwards or backwards.
    pub fn shift_ms(&self, by_ms: i64) {
        let by_us = by_ms * 1000;
        self.now_us
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| {
                now.checked_add_signed(by_us)
            })
            .expect("after the epoch");
    }
}

/// The same world, for several nodes in turn.
pub(crate) struct Shared(pub Arc<World>);

impl Env for Shared {
    fn now_us(&self) -> u64 {
        self.0.now_us.fetch_add(20, Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        Dice(self.0.dice.fetch_add(1, Ordering::SeqCst)).roll()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let world = self.0.clone();
        Box::pin(async move {
            rest(40).await;
            let us = u64::try_from(duration.as_micros()).unwrap_or(0);
            world.now_us.fetch_add(us, Ordering::SeqCst);
        })
    }
}

/// Lets everybody else have so many turns.
pub(crate) async fn rest(turns: u64) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn open(memory: &Arc<Memory>, world: &Arc<World>) -> Node {
    open_with(memory, world, NodeOptions::default()).await
}

pub(crate) async fn open_with(
    memory: &Arc<Memory>,
    world: &Arc<World>,
    options: NodeOptions,
) -> Node {
    let env = Arc::new(Shared(world.clone()));
    let node = Node::open(memory.clone(), env, options).await;
    node.expect("opens")
}

pub(crate) fn set(value: impl Into<String>) -> Op {
    Op::Set {
        value: value.into().into(),
        expiry: Expiry::Clear,
        condition: Condition::Always,
        get: false,
    }
}

pub(crate) fn key(name: impl Into<String>) -> Key {
    Key::keyspace(0, name.into())
}

/// Keys of four different partitions.
pub(crate) fn spread() -> Vec<Key> {
    let partitions = stele_placement::Partitions::new(4);
    let mut found: Vec<Option<Key>> = vec![None; 4];
    for number in 0.. {
        let key = key(format!("k{number}"));
        let partition = partitions.of_slot(key.slot).0 - 1;
        found[usize::from(partition)].get_or_insert(key);
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    found.into_iter().flatten().collect()
}

pub(crate) fn begin(database: &Database, isolation: Isolation) -> Txn {
    begin_with(database, isolation, Fsync::Off)
}

pub(crate) fn begin_with(database: &Database, isolation: Isolation, fsync: Fsync) -> Txn {
    database.begin(TxnOptions {
        isolation,
        level: level(fsync),
        ..TxnOptions::default()
    })
}

pub(crate) fn level(fsync: Fsync) -> Level {
    Level {
        fsync: Some(fsync),
        ..Level::default()
    }
}

pub(crate) fn text_in(rows: &dyn Rows, key: &Key, now_ms: u64) -> Option<String> {
    let value = string::get(rows, key, now_ms)
        .expect("readable")
        .expect("a string");
    value.map(|value| String::from_utf8_lossy(&value).into_owned())
}

pub(crate) fn number_in(rows: &dyn Rows, key: &Key, now_ms: u64) -> i64 {
    text_in(rows, key, now_ms).map_or(0, |text| text.parse().expect("a number"))
}

/// What the transaction's snapshot shows.
pub(crate) async fn number(txn: &mut Txn, key: &Key) -> Result<i64> {
    let view = txn.view().await?;
    Ok(number_in(&view, key, view.now_ms()))
}

pub(crate) async fn put(txn: &mut Txn, key: &Key, value: i64) -> Result<()> {
    let reply = txn.write(key, set(value.to_string())).await?;
    reply.expect("a string can always be set");
    Ok(())
}

/// `t (id int primary key, u text unique, v int)`, with an index on `v`.
pub(crate) async fn table(database: &Database, name: &str) -> Arc<Table> {
    let engine = database.engine();
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(engine.new_id().await.expect("a number"));
    }
    let column = |id: u32, name: &str, ty: Type| Column {
        id,
        name: name.to_owned(),
        ty: ColumnType::new(ty, -1),
        not_null: id == 1,
        default: None,
        sequence: None,
        identity: None,
        missing: None,
    };
    let index = |at: usize, suffix: &str, column: u32, unique: bool| Index {
        id: ids[at],
        storage: ids[at],
        name: format!("{name}_{suffix}"),
        columns: vec![column],
        unique,
        constraint: unique,
    };
    let table = Table {
        id: ids[0],
        storage: ids[0],
        name: name.to_owned(),
        columns: vec![
            column(1, "id", Type::Int4),
            column(2, "u", Type::Text),
            column(3, "v", Type::Int4),
        ],
        next_column: 4,
        primary_key: Some(PrimaryKey {
            id: ids[1],
            name: format!("{name}_pkey"),
            columns: vec![1],
        }),
        indexes: vec![index(2, "u_key", 2, true), index(3, "v_idx", 3, false)],
        checks: Vec::new(),
        foreign_keys: Vec::new(),
    };
    define(database, table).await
}

/// Writes a definition, and answers it as the catalogue has it.
pub(crate) async fn define(database: &Database, table: Table) -> Arc<Table> {
    let id = table.id;
    let mut txn = database.begin(TxnOptions::default());
    txn.define(&Definition::Table(table))
        .await
        .expect("defined");
    txn.commit().await.expect("committed");
    database.catalog().table_by_id(id).expect("there").clone()
}

pub(crate) fn row(id: i32, u: Option<&str>, v: i32) -> Vec<Value> {
    vec![
        Value::Int4(id),
        u.map_or(Value::Null, Value::from),
        Value::Int4(v),
    ]
}

/// The living row of this id, locked, as it is now (at READ COMMITTED).
pub(crate) async fn find(
    txn: &mut Txn,
    table: &Arc<Table>,
    id: i32,
) -> RowResult<Option<RowRecord>> {
    let key = table.key(&[Value::Int4(id)])?;
    let keys = std::slice::from_ref(&key);
    txn.lock(keys, super::LockMode::Exclusive, super::LockWait::Block)
        .await?;
    let view = txn.latest(keys).await?;
    Ok(RowRecord::read(&view, table, &key, view.now_ms())?)
}

/// The row as text: `1|a|5`.
pub(crate) async fn shown(database: &Database, table: &Arc<Table>, id: i32) -> Option<String> {
    let key = table.key(&[Value::Int4(id)]).expect("a key");
    let view = database
        .read(std::slice::from_ref(&key), &Level::default())
        .await
        .expect("readable");
    let row = RowRecord::read(&view, table, &key, view.now_ms()).expect("decodes")?;
    let settings = crate::record::value::Settings::default();
    let print = |value: &Value| match value.is_null() {
        true => String::new(),
        false => crate::record::value::text::print(value, &settings),
    };
    let fields: Vec<String> = row.fields.iter().map(print).collect();
    Some(fields.join("|"))
}
