//! Transfers through both doors at once, with a power cut every few seconds.
//!
//! Every transfer moves money between two rows of `accounts` and writes a row of
//! `transfers`, in one transaction: half of the clients say BEGIN ... COMMIT, the other
//! half MULTI ... EXEC. Whenever anybody looks, the sum is what it was; at the end every
//! acknowledged transfer is there and the balances are exactly what the transfers say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::full;
use super::harness::{Dice, Doors, Server, postgres, redis};

const ACCOUNT_COUNT: u64 = 40;
const OPENING_BALANCE: i64 = 1_000;
const CLIENT_COUNT: u64 = 8;
const KILL_EVERY: Duration = Duration::from_secs(5);

/// What every client shares.
struct Bank {
    doors: Mutex<Doors>,
    closing: AtomicBool,
    acknowledged: Mutex<BTreeSet<String>>,
    audits: AtomicUsize,
}

struct Transfer {
    id: String,
    from: u64,
    to: u64,
    amount: i64,
}

#[test]
fn the_sum_never_changes_and_no_acknowledged_transfer_is_lost() {
    let mut server = Server::start();
    open_accounts(&mut server.postgres());
    let bank = Arc::new(Bank {
        doors: Mutex::new(server.doors),
        closing: AtomicBool::new(false),
        acknowledged: Mutex::new(BTreeSet::new()),
        audits: AtomicUsize::new(0),
    });
    let mut clients: Vec<_> = (0..CLIENT_COUNT)
        .map(|client| spawn(&bank, move |bank| transfer_until_closed(bank, client)))
        .collect();
    clients.push(spawn(&bank, audit_until_closed));
    let open_for = Duration::from_secs(if full() { 60 } else { 20 });
    let closing_time = Instant::now() + open_for;
    while Instant::now() + KILL_EVERY <= closing_time {
        std::thread::sleep(KILL_EVERY);
        server.kill();
        server.start_again();
        *bank.doors.lock().unwrap() = server.doors;
    }
    std::thread::sleep(closing_time.saturating_duration_since(Instant::now()));
    bank.closing.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
    let acknowledged = bank.acknowledged.lock().unwrap();
    assert!(
        acknowledged.len() > 100,
        "only {} transfers in {open_for:?}",
        acknowledged.len()
    );
    assert!(bank.audits.load(Ordering::SeqCst) > 0);
    balance_the_books(&mut server.postgres(), &acknowledged);
}

fn spawn(
    bank: &Arc<Bank>,
    work: impl FnOnce(&Bank) + Send + 'static,
) -> std::thread::JoinHandle<()> {
    let bank = Arc::clone(bank);
    std::thread::spawn(move || work(&bank))
}

fn open_accounts(client: &mut postgres::Client) {
    let rows: Vec<String> = (0..ACCOUNT_COUNT)
        .map(|id| format!("({id}, {OPENING_BALANCE})"))
        .collect();
    client
        .batch_execute("CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL)")
        .unwrap();
    client
        .batch_execute(
            "CREATE TABLE transfers (id text PRIMARY KEY, \"from\" int NOT NULL, \"to\" int NOT NULL, amount bigint NOT NULL)",
        )
        .unwrap();
    client
        .batch_execute(&format!("INSERT INTO accounts VALUES {}", rows.join(", ")))
        .unwrap();
}

/// One client: transfers until the bank closes, connecting again after every error. What
/// failed may have happened or not; what succeeded is acknowledged.
fn transfer_until_closed(bank: &Bank, client: u64) {
    let mut dice = Dice(client);
    let mut number = 0;
    while !bank.closing.load(Ordering::SeqCst) {
        let doors = *bank.doors.lock().unwrap();
        let mut one = match client % 2 {
            0 => match postgres(doors) {
                Ok(mut session) => {
                    Box::new(move |transfer: &Transfer| through_sql(&mut session, transfer))
                        as Teller
                }
                Err(_) => continue,
            },
            _ => match redis(doors) {
                Ok(mut session) => {
                    Box::new(move |transfer: &Transfer| through_redis(&mut session, transfer))
                        as Teller
                }
                Err(_) => continue,
            },
        };
        while !bank.closing.load(Ordering::SeqCst) {
            number += 1;
            let transfer = draw(&mut dice, format!("{client}-{number}"));
            match one(&transfer) {
                Outcome::Done => {
                    bank.acknowledged.lock().unwrap().insert(transfer.id);
                }
                Outcome::Refused => {}
                Outcome::Broken => break,
            }
        }
    }
}

type Teller = Box<dyn FnMut(&Transfer) -> Outcome>;

enum Outcome {
    Done,
    /// It did not happen, and the connection still works.
    Refused,
    /// It may have happened; the connection is gone.
    Broken,
}

fn draw(dice: &mut Dice, id: String) -> Transfer {
    let from = dice.below(ACCOUNT_COUNT);
    let to = (from + 1 + dice.below(ACCOUNT_COUNT - 1)) % ACCOUNT_COUNT;
    let amount = i64::try_from(dice.below(50)).unwrap() + 1;
    Transfer {
        id,
        from,
        to,
        amount,
    }
}

fn through_sql(session: &mut postgres::Client, transfer: &Transfer) -> Outcome {
    let Transfer {
        id,
        from,
        to,
        amount,
    } = transfer;
    let moved = || -> Result<(), postgres::Error> {
        let mut transaction = session.transaction()?;
        transaction.execute(
            &format!("UPDATE accounts SET balance = balance - {amount} WHERE id = {from}"),
            &[],
        )?;
        transaction.execute(
            &format!("UPDATE accounts SET balance = balance + {amount} WHERE id = {to}"),
            &[],
        )?;
        transaction.execute(
            &format!("INSERT INTO transfers VALUES ('{id}', {from}, {to}, {amount})"),
            &[],
        )?;
        transaction.commit()
    };
    let outcome = { moved }();
    match outcome {
        Ok(()) => Outcome::Done,
        Err(error) => match error.code().map(|code| code.code()) {
            Some("40001" | "40P01") => Outcome::Refused,
            Some(code) if !code.starts_with("57") && !code.starts_with("08") => {
                panic!("{code}: {error}")
            }
            _ => Outcome::Broken,
        },
    }
}

fn through_redis(session: &mut redis::Connection, transfer: &Transfer) -> Outcome {
    let Transfer {
        id,
        from,
        to,
        amount,
    } = transfer;
    let mut pipe = redis::pipe();
    pipe.atomic();
    pipe.cmd("HINCRBY")
        .arg(format!("accounts:{from}"))
        .arg("balance")
        .arg(-amount);
    pipe.cmd("HINCRBY")
        .arg(format!("accounts:{to}"))
        .arg("balance")
        .arg(*amount);
    pipe.cmd("HSET")
        .arg(format!("transfers:{id}"))
        .arg("from")
        .arg(*from)
        .arg("to")
        .arg(*to)
        .arg("amount")
        .arg(*amount);
    match pipe.query::<(i64, i64, i64)>(session) {
        Ok((_, _, 3)) => Outcome::Done,
        Ok(other) => panic!("a transfer answered {other:?}"),
        Err(error)
            if error.is_io_error() || error.is_connection_dropped() || error.is_timeout() =>
        {
            Outcome::Broken
        }
        // An aborted EXEC says so; nothing happened.
        Err(error) => match error.code() {
            Some("EXECABORT" | "TRYAGAIN") => Outcome::Refused,
            _ => panic!("{error}"),
        },
    }
}

/// Reads the sum as fast as it can: in every snapshot it is the same.
fn audit_until_closed(bank: &Bank) {
    while !bank.closing.load(Ordering::SeqCst) {
        let doors = *bank.doors.lock().unwrap();
        let Ok(mut session) = postgres(doors) else {
            continue;
        };
        while let Ok(row) = session.query_one("SELECT sum(balance)::bigint FROM accounts", &[]) {
            let sum: i64 = row.get(0);
            assert_eq!(sum, opening_sum());
            bank.audits.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
            if bank.closing.load(Ordering::SeqCst) {
                return;
            }
        }
    }
}

fn opening_sum() -> i64 {
    i64::try_from(ACCOUNT_COUNT).unwrap() * OPENING_BALANCE
}

/// The balances are the opening balances and the transfers, and nothing else.
fn balance_the_books(client: &mut postgres::Client, acknowledged: &BTreeSet<String>) {
    let mut expected: BTreeMap<i32, i64> = (0..ACCOUNT_COUNT)
        .map(|id| (i32::try_from(id).unwrap(), OPENING_BALANCE))
        .collect();
    let mut written = BTreeSet::new();
    for row in client
        .query("SELECT id, \"from\", \"to\", amount FROM transfers", &[])
        .unwrap()
    {
        let (id, from, to, amount): (String, i32, i32, i64) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        *expected.get_mut(&from).unwrap() -= amount;
        *expected.get_mut(&to).unwrap() += amount;
        written.insert(id);
    }
    let lost: Vec<&String> = acknowledged.difference(&written).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let rows = client
        .query("SELECT id, balance FROM accounts", &[])
        .unwrap();
    let balances: BTreeMap<i32, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(balances.values().sum::<i64>(), opening_sum());
    assert_eq!(balances, expected, "a transfer is half done");
}
