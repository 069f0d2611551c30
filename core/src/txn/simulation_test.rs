//! The simulation: workers that transfer, count and change rows at every level,
//! interleaved by dice, on a machine that loses power in the middle. Whatever
//! the dice say, nothing that was answered is lost and nothing is half done.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::check::{changes_of, check};
use super::fixture::*;
use super::{Batch, Isolation, LockMode, LockWait, RowError};
use crate::env::spawn;
use crate::error::{Error, ErrorKind, Result};
use crate::node::{Database, Node, NodeOptions};
use crate::op::{ExpireCondition, Op};
use crate::record::table::{Definition, Sequence, Table};
use crate::record::value::{Type, Value};
use crate::record::{CollectionId, Fsync, Key, Level};
use crate::store::Memory;

const SEEDS: u64 = 25;
const WORKERS: usize = 4;
const ACTIONS: usize = 14;
const ACCOUNTS: usize = 6;
const START: i64 = 100;

/// What was answered.
#[derive(Default)]
struct Answers {
    /// Transactions, by number, that were answered as durable.
    durable: Vec<u64>,
    /// Plain increments by worker: begun, and durable.
    begun: [i64; WORKERS],
    counted: [i64; WORKERS],
    safe: [i64; WORKERS],
    values: Vec<i64>,
    next: u64,
}

#[derive(Clone)]
struct Town {
    database: Database,
    table: Arc<Table>,
    sequence: CollectionId,
    answers: Arc<Mutex<Answers>>,
}

fn account(number: usize) -> Key {
    key(format!("account{number}"))
}

fn counter(worker: usize) -> Key {
    key(format!("counter{worker}"))
}

/// The two halves of a transaction, of different partitions as a rule.
fn halves(number: u64) -> [Key; 2] {
    [key(format!("left{number}")), key(format!("right{number}"))]
}

/// Seeds `from..from + SEEDS`, or the one in the variable `SEED`.
fn run(from: u64) {
    let only = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds = only.map_or(from..from + SEEDS, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let run = std::panic::AssertUnwindSafe(|| runtime.block_on(simulate(seed)));
        if let Err(panic) = std::panic::catch_unwind(run) {
            eprintln!("seed {seed} fails; run it alone with SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

// Four tests, so that they share the machine's cores.

#[test]
fn whatever_the_dice_say_the_books_balance() {
    run(0);
}

#[test]
fn nothing_that_was_answered_is_lost_whatever_the_dice_say() {
    run(1000);
}

#[test]
fn nothing_is_half_done_whatever_the_dice_say() {
    run(2000);
}

#[test]
fn indexes_follow_their_rows_whatever_the_dice_say() {
    run(3000);
}

async fn start(memory: &Arc<Memory>, world: &Arc<World>) -> Node {
    let options = NodeOptions {
        partition_count: 2,
        ..NodeOptions::default()
    };
    open_with(memory, world, options).await
}

async fn simulate(seed: u64) {
    let mut dice = Dice(seed);
    let world = World::new(seed);
    let mut memory = Arc::new(Memory::new());
    let answers = Arc::new(Mutex::new(Answers::default()));
    let (table, sequence) = found(&memory, &world).await;
    for round in 0..2 {
        let node = start(&memory, &world).await;
        let context = format!("seed {seed}, start {round}");
        inspect(&node.database(), &mut answers.lock(), &context);
        let town = Town {
            database: node.database(),
            table: table.clone(),
            sequence,
            answers: answers.clone(),
        };
        let workers = (0..WORKERS).map(|worker| {
            let dice = Dice(dice.roll());
            spawn(work(town.clone(), worker, dice))
        });
        let workers: Vec<_> = workers.collect();
        if round == 1 {
            for worker in workers {
                let done = tokio::time::timeout(Duration::from_secs(20), worker).await;
                done.expect("nobody waits for ever").expect("no panic");
            }
            node.close().await.expect("closes");
            break;
        }
        rest(dice.below(6000)).await;
        let survivors = dice.below(memory.unsynced() as u64 + 1);
        let survivors = usize::try_from(survivors).expect("small");
        memory = Arc::new(memory.crash(survivors));
        // Whatever is answered from here on is answered by a ghost.
        let told = std::mem::take(&mut *answers.lock());
        for worker in &workers {
            worker.abort();
        }
        for worker in workers {
            if let Err(error) = worker.await {
                assert!(error.is_cancelled(), "{error}");
            }
        }
        drop((town, node));
        *answers.lock() = told;
        world.shift_ms(i64::try_from(dice.below(2000)).expect("small") - 1000);
    }
    let node = start(&memory, &world).await;
    inspect(
        &node.database(),
        &mut answers.lock(),
        &format!("seed {seed}, end"),
    );
}

/// The town on its first day.
async fn found(memory: &Arc<Memory>, world: &Arc<World>) -> (Arc<Table>, CollectionId) {
    let node = start(memory, world).await;
    let database = node.database();
    let accounts = (0..ACCOUNTS).map(|number| (account(number), set(START.to_string())));
    let batch = Batch {
        ops: accounts.collect(),
        atomic: true,
    };
    let written = database.write(batch, &Level::default()).await;
    written.expect("written");
    let table = table(&database, "t").await;
    let id = database.engine().new_id().await.expect("a number");
    let mut txn = begin_with(&database, Isolation::ReadCommitted, Fsync::Always);
    let sequence = Sequence {
        id,
        name: "s".to_owned(),
        ty: Type::Int8,
        start: 1,
        increment: 1,
        min: 1,
        max: i64::MAX,
        owner: None,
    };
    txn.define(&Definition::Sequence(sequence))
        .await
        .expect("defined");
    txn.commit().await.expect("committed");
    node.close().await.expect("closes");
    (table, id)
}

/// Looks at a node that nobody uses.
fn inspect(database: &Database, answers: &mut Answers, context: &str) {
    check(database, context);
    let rows = database.engine().latest();
    let now_ms = database.now_ms();
    let sum: i64 = (0..ACCOUNTS)
        .map(|number| number_in(&rows, &account(number), now_ms))
        .sum();
    assert_eq!(sum, START * ACCOUNTS as i64, "{context}: the sum");
    for number in 0..answers.next {
        let [left, right] = halves(number).map(|half| text_in(&rows, &half, now_ms));
        assert_eq!(left, right, "{context}: transaction {number} is half done");
        let must = answers.durable.contains(&number);
        assert!(left.is_some() || !must, "{context}: {number} was answered");
        for half in halves(number) {
            let changes = changes_of(database, &half);
            assert_eq!(changes, usize::from(left.is_some()), "{context}: {half}");
        }
    }
    for worker in 0..WORKERS {
        let key = counter(worker);
        let count = number_in(&rows, &key, now_ms);
        let (safe, begun) = (answers.safe[worker], answers.begun[worker]);
        assert!(
            (safe..=begun).contains(&count),
            "{context}: {safe} {count} {begun}"
        );
        assert_eq!(changes_of(database, &key) as i64, count, "{context}: {key}");
        // What was lost, answered but not as durable, is not expected again.
        (answers.safe[worker], answers.counted[worker]) = (count, count);
    }
    let mut values = answers.values.clone();
    values.sort_unstable();
    values.dedup();
    assert_eq!(
        values.len(),
        answers.values.len(),
        "{context}: a value twice"
    );
}

async fn work(town: Town, worker: usize, mut dice: Dice) {
    for _ in 0..ACTIONS {
        rest(dice.below(8)).await;
        let patience = (dice.below(6) == 0).then(|| dice.below(60));
        let action = act(&town, worker, &mut dice);
        let outcome = match patience {
            None => action.await,
            // A caller that goes away in the middle.
            Some(turns) => tokio::select! {
                biased;
                outcome = action => outcome,
                () = rest(turns) => Ok(()),
            },
        };
        match outcome {
            Ok(()) => {}
            Err(error) if may_happen(&error) => {}
            Err(error) => panic!("worker {worker}: {:?} {error}", error.kind),
        }
    }
}

fn may_happen(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Conflict | ErrorKind::Deadlock)
}

async fn act(town: &Town, worker: usize, dice: &mut Dice) -> Result<()> {
    match dice.below(10) {
        0..=2 => transfer(town, dice).await,
        3 => count(town, worker, dice).await,
        4 => together(town, dice).await,
        5 | 6 => match change_row(town, dice).await {
            Ok(()) | Err(RowError::Violation(_)) => Ok(()),
            Err(RowError::Core(error)) => Err(error),
            Err(RowError::Value(error)) => panic!("{}", error.message),
        },
        7 => look(town, dice).await,
        8 => lists(town, dice).await,
        _ => {
            let value = town.database.next_value(town.sequence).await?;
            town.answers.lock().values.push(value);
            Ok(())
        }
    }
}

fn any_isolation(dice: &mut Dice) -> Isolation {
    *dice.pick(&[
        Isolation::ReadCommitted,
        Isolation::RepeatableRead,
        Isolation::Serializable,
    ])
}

fn any_fsync(dice: &mut Dice) -> Fsync {
    *dice.pick(&[Fsync::Always, Fsync::EverySec, Fsync::Off, Fsync::Off])
}

async fn transfer(town: &Town, dice: &mut Dice) -> Result<()> {
    let (isolation, fsync) = (any_isolation(dice), any_fsync(dice));
    let name = {
        let mut answers = town.answers.lock();
        answers.next += 1;
        answers.next - 1
    };
    let mut txn = begin_with(&town.database, isolation, fsync);
    let from = dice.below(ACCOUNTS as u64) as usize;
    let to = (from + 1 + dice.below(ACCOUNTS as u64 - 1) as usize) % ACCOUNTS;
    let amount = 1 + dice.below(9) as i64;
    for (place, by) in [(from, -amount), (to, amount)] {
        rest(dice.below(4)).await;
        let key = account(place);
        if dice.below(3) == 0 {
            let savepoint = txn.savepoint();
            put(&mut txn, &key, -1).await?;
            txn.rollback_to(&savepoint);
        }
        if dice.below(2) == 0 {
            let added = txn.write(&key, Op::Add(by)).await?;
            added.expect("a number");
            continue;
        }
        let keys = std::slice::from_ref(&key);
        let before = if isolation == Isolation::ReadCommitted {
            txn.lock(keys, LockMode::Exclusive, LockWait::Block).await?;
            let view = txn.latest(keys).await?;
            number_in(&view, &key, view.now_ms())
        } else {
            number(&mut txn, &key).await?
        };
        rest(dice.below(4)).await;
        put(&mut txn, &key, before + by).await?;
    }
    for half in halves(name) {
        let written = txn.write(&half, set("x")).await?;
        written.expect("written");
    }
    if dice.below(8) == 0 {
        return Ok(()); // it never happened
    }
    txn.commit().await?;
    if fsync == Fsync::Always {
        town.answers.lock().durable.push(name);
    }
    Ok(())
}

async fn count(town: &Town, worker: usize, dice: &mut Dice) -> Result<()> {
    let fsync = any_fsync(dice);
    town.answers.lock().begun[worker] += 1;
    let batch = Batch::one(counter(worker), Op::Add(1));
    let written = town.database.write(batch, &level(fsync)).await?;
    written.replies[0].as_ref().expect("a number");
    let mut answers = town.answers.lock();
    answers.counted[worker] += 1;
    if fsync == Fsync::Always {
        // One journal: whatever was answered before is durable too.
        answers.safe = answers.counted;
    }
    Ok(())
}

async fn together(town: &Town, dice: &mut Dice) -> Result<()> {
    let from = dice.below(ACCOUNTS as u64) as usize;
    let to = (from + 1 + dice.below(ACCOUNTS as u64 - 1) as usize) % ACCOUNTS;
    let ops = vec![(account(from), Op::Add(-5)), (account(to), Op::Add(5))];
    let batch = Batch { ops, atomic: true };
    let written = town.database.write(batch, &level(any_fsync(dice))).await?;
    assert!(written.replies.iter().all(Result::is_ok));
    Ok(())
}

async fn change_row(town: &Town, dice: &mut Dice) -> super::RowResult<()> {
    let table = &town.table;
    let id = dice.below(6) as i32;
    if dice.below(4) == 0 {
        let at_ms = town.database.now_ms() + dice.below(200);
        let op = Op::Expire {
            at_ms,
            condition: ExpireCondition::Always,
        };
        let batch = Batch::one(table.key(&[Value::Int4(id)])?, op);
        town.database.write(batch, &level(Fsync::Off)).await?;
        return Ok(());
    }
    let mut txn = begin_with(&town.database, any_isolation(dice), any_fsync(dice));
    txn.use_table(table).await?;
    for _ in 0..=dice.below(2) {
        let u = *dice.pick(&[None, Some("a"), Some("b"), Some("c"), Some("d")]);
        let v = dice.below(3) as i32;
        let id = dice.below(6) as i32;
        rest(dice.below(4)).await;
        match find(&mut txn, table, id).await? {
            None => drop(txn.insert_row(table, row(id, u, v)).await?),
            Some(old) if dice.below(3) == 0 => txn.delete_row(table, &old).await?,
            Some(old) => {
                let to = if dice.below(3) == 0 {
                    dice.below(6) as i32
                } else {
                    id
                };
                txn.update_row(table, &old, row(to, u, v)).await?;
            }
        }
    }
    txn.commit().await?;
    Ok(())
}

/// Lists that are cleared under the transactions that change them.
async fn lists(town: &Town, dice: &mut Dice) -> Result<()> {
    let list = |number: u64| Key::keyspace(1, format!("list{number}"));
    if dice.below(3) == 0 {
        town.database.clear(CollectionId(1)).await?;
        return Ok(());
    }
    let mut txn = begin_with(&town.database, any_isolation(dice), any_fsync(dice));
    for _ in 0..2 {
        let key = list(dice.below(4));
        let push = Op::ListPush {
            left: false,
            values: vec!["x".into()],
            must_exist: false,
        };
        let change = Op::ListSet {
            index: 0,
            value: "y".into(),
        };
        if txn.write(&key, change).await?.is_err() {
            txn.write(&key, push).await?.expect("a list");
        }
    }
    txn.commit().await?;
    Ok(())
}

/// Nobody ever sees the books out of balance.
async fn look(town: &Town, dice: &mut Dice) -> Result<()> {
    let accounts: Vec<Key> = (0..ACCOUNTS).map(account).collect();
    let sum = |rows: &dyn crate::record::rows::Rows, now_ms: u64| -> i64 {
        let values = accounts.iter().map(|key| number_in(rows, key, now_ms));
        values.sum()
    };
    let seen = match dice.below(3) {
        0 => {
            let view = town.database.read(&accounts, &Level::default()).await?;
            sum(&view, view.now_ms())
        }
        1 => {
            let view = town.database.read_all(&Level::default()).await?;
            let first = sum(&view, view.now_ms());
            rest(dice.below(30)).await;
            assert_eq!(first, sum(&view, view.now_ms()), "a snapshot moved");
            first
        }
        _ => {
            let mut txn = begin(&town.database, any_isolation(dice));
            let view = txn.view().await?;
            sum(&view, view.now_ms())
        }
    };
    assert_eq!(seen, START * ACCOUNTS as i64, "seen out of balance");
    Ok(())
}
