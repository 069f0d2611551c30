//! Locks: who may touch which record now. In memory, at the leader.
//!
//! Three modes: *op* for a plain write on its way through the log (compatible
//! with itself: increments of one counter share an entry), *shared* and
//! *exclusive* for transactions, held to the end (strict two-phase locking).
//!
//! Plain writes never hold a lock while they wait for another, so they take no
//! part in deadlocks. Transactions do: whoever begins to wait looks for a
//! circle through the transactions it waits for, and the youngest in the circle
//! is wounded. The survivors are always the oldest, so nobody starves.
//!
//! Source: Rosenkrantz et al., "System Level Concurrency Control" (1978), for
//! wounding by age. There a younger holder is wounded at once; here only if
//! it stands in a circle, because an SQL client counts every abort as an error.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::record::Key;

/// A transaction, named by its age: smaller is older.
pub type Owner = u64;

/// What the holder means to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Read; others may read too.
    Shared,
    /// Write; nobody else may do anything.
    Exclusive,
}

/// How a request for a lock ended.
#[derive(Debug)]
pub enum Acquired {
    /// The lock is held.
    Held,
    /// Somebody has it; the receiver resolves when it is granted, or to
    /// `false` when the waiter is wounded.
    Waiting(oneshot::Receiver<bool>),
    /// The requester itself is the youngest in a circle.
    Wounded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Op,
    Owned(Owner, LockMode),
}

struct Waiter {
    wish: Wish,
    grant: oneshot::Sender<bool>,
}

#[derive(Default)]
struct Lock {
    ops: usize,
    shared: Vec<Owner>,
    exclusive: Option<Owner>,
    queue: VecDeque<Waiter>,
}

#[derive(Default)]
struct State {
    locks: HashMap<Key, Lock>,
    waiting: HashMap<Owner, Key>,
    wounded: HashSet<Owner>,
}

/// Every lock of this node.
#[derive(Clone, Default)]
pub struct LockTable {
    state: Arc<Mutex<State>>,
}

/// A plain write's turn at one key. Dropped before it came, it leaves no lock
/// behind, also when the lock was granted and nobody had looked yet.
pub struct OpTurn {
    table: LockTable,
    key: Key,
    granted: oneshot::Receiver<bool>,
}

impl OpTurn {
    /// Waits. The op lock is held if this answers `true`, and the caller must
    /// give it back.
    pub async fn came(mut self) -> bool {
        // Taken out of the channel, the lock is the caller's: `drop` finds none.
        (&mut self.granted).await.unwrap_or(false)
    }
}

impl Drop for OpTurn {
    fn drop(&mut self) {
        self.granted.close();
        if self.granted.try_recv() == Ok(true) {
            self.table.release_ops([&self.key]);
        }
    }
}

impl Lock {
    fn admits(&self, wish: Wish) -> bool {
        match wish {
            Wish::Op => self.shared.is_empty() && self.exclusive.is_none(),
            Wish::Owned(owner, LockMode::Shared) => {
                self.ops == 0 && self.exclusive.is_none_or(|holder| holder == owner)
            }
            Wish::Owned(owner, LockMode::Exclusive) => {
                self.ops == 0
                    && self.exclusive.is_none_or(|holder| holder == owner)
                    && self.shared.iter().all(|holder| *holder == owner)
            }
        }
    }

    fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Op => self.ops += 1,
            Wish::Owned(owner, LockMode::Shared) => {
                if !self.shared.contains(&owner) {
                    self.shared.push(owner);
                }
            }
            Wish::Owned(owner, LockMode::Exclusive) => self.exclusive = Some(owner),
        }
    }

    fn holds(&self, owner: Owner) -> bool {
        self.exclusive == Some(owner) || self.shared.contains(&owner)
    }

    /// Does one queue before the other?
    fn is_before(&self, first: Owner, second: Owner) -> bool {
        let place = |owner: Owner| {
            let of = |waiter: &Waiter| matches!(waiter.wish, Wish::Owned(who, _) if who == owner);
            self.queue.iter().position(of)
        };
        match (place(first), place(second)) {
            (Some(first), Some(second)) => first < second,
            _ => false,
        }
    }

    fn is_free(&self) -> bool {
        self.ops == 0 && self.shared.is_empty() && self.exclusive.is_none() && self.queue.is_empty()
    }

    /// Hands the lock to whoever waits first, and to those who can share it.
    fn pass_on(&mut self, waiting: &mut HashMap<Owner, Key>) {
        while let Some(first) = self.queue.front() {
            if !self.admits(first.wish) {
                return;
            }
            let Some(waiter) = self.queue.pop_front() else {
                return;
            };
            if let Wish::Owned(owner, _) = waiter.wish {
                waiting.remove(&owner);
            }
            if waiter.grant.send(true).is_ok() {
                self.grant(waiter.wish);
            }
        }
    }
}

impl LockTable {
    /// Takes op locks on all keys, or none: then the first key that is taken.
    pub fn try_ops(&self, keys: &[&Key]) -> Result<(), Key> {
        let mut state = self.state.lock();
        for (taken, key) in keys.iter().enumerate() {
            match state.locks.entry((*key).clone()) {
                Entry::Vacant(free) => free.insert(Lock::default()).ops = 1,
                Entry::Occupied(mut lock) => {
                    let lock = lock.get_mut();
                    if !lock.admits(Wish::Op) || !lock.queue.is_empty() {
                        state.release_ops(keys.iter().take(taken).copied());
                        return Err((*key).clone());
                    }
                    lock.ops += 1;
                }
            }
        }
        Ok(())
    }

    /// Queues for an op lock on one key; `None` when it is free by now.
    pub fn wait_op(&self, key: &Key) -> Option<OpTurn> {
        let mut state = self.state.lock();
        let lock = state.locks.entry(key.clone()).or_default();
        if lock.admits(Wish::Op) && lock.queue.is_empty() {
            if lock.is_free() {
                state.locks.remove(key);
            }
            return None;
        }
        let (grant, granted) = oneshot::channel();
        lock.queue.push_back(Waiter {
            wish: Wish::Op,
            grant,
        });
        Some(OpTurn {
            table: self.clone(),
            key: key.clone(),
            granted,
        })
    }

    /// Gives op locks back.
    pub fn release_ops<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) {
        self.state.lock().release_ops(keys);
    }

    /// Asks for a lock; with `wait` = false the answer is `None` if it is taken.
    pub fn acquire(&self, owner: Owner, key: &Key, mode: LockMode, wait: bool) -> Option<Acquired> {
        let mut state = self.state.lock();
        if state.wounded.contains(&owner) {
            return Some(Acquired::Wounded);
        }
        let lock = state.locks.entry(key.clone()).or_default();
        let wish = Wish::Owned(owner, mode);
        let is_upgrade = lock.holds(owner);
        if lock.admits(wish) && (is_upgrade || lock.queue.is_empty()) {
            lock.grant(wish);
            return Some(Acquired::Held);
        }
        if !wait {
            return None;
        }
        let (grant, granted) = oneshot::channel();
        let waiter = Waiter { wish, grant };
        if is_upgrade {
            lock.queue.push_front(waiter);
        } else {
            lock.queue.push_back(waiter);
        }
        state.waiting.insert(owner, key.clone());
        // One wait may close several circles: through each reader of a record.
        while let Some(wounded) = state.wound_a_circle(owner) {
            if wounded == owner {
                return Some(Acquired::Wounded);
            }
        }
        Some(Acquired::Waiting(granted))
    }

    /// Gives up waiting (a timeout, a cancelled statement).
    pub fn give_up(&self, owner: Owner) {
        self.state.lock().leave_queue(owner, false);
    }

    /// Gives back everything a transaction holds.
    pub fn release<'k>(&self, owner: Owner, keys: impl IntoIterator<Item = &'k Key>) {
        let mut state = self.state.lock();
        state.leave_queue(owner, false);
        state.wounded.remove(&owner);
        let State { locks, waiting, .. } = &mut *state;
        for key in keys {
            let Some(lock) = locks.get_mut(key) else {
                continue;
            };
            lock.shared.retain(|holder| *holder != owner);
            if lock.exclusive == Some(owner) {
                lock.exclusive = None;
            }
            lock.pass_on(waiting);
            if lock.is_free() {
                locks.remove(key);
            }
        }
    }

    /// Does a transaction hold all of these?
    pub fn holds(&self, owner: Owner, keys: &[Key]) -> bool {
        let state = self.state.lock();
        let holds = |key: &Key| state.locks.get(key).is_some_and(|lock| lock.holds(owner));
        keys.iter().all(holds)
    }

    /// How many records are locked.
    pub fn count(&self) -> usize {
        self.state.lock().locks.len()
    }

    /// Who waits for what, for people who ask.
    pub fn waiting(&self) -> Vec<(Owner, Key)> {
        let state = self.state.lock();
        let mut all: Vec<_> = state.waiting.iter().map(|(o, k)| (*o, k.clone())).collect();
        all.sort();
        all
    }
}

impl State {
    fn release_ops<'k>(&mut self, keys: impl IntoIterator<Item = &'k Key>) {
        let Self { locks, waiting, .. } = self;
        for key in keys {
            let Entry::Occupied(mut held) = locks.entry(key.clone()) else {
                continue;
            };
            let lock = held.get_mut();
            lock.ops = lock.ops.saturating_sub(1);
            if !lock.queue.is_empty() {
                lock.pass_on(waiting);
            }
            if lock.is_free() {
                held.remove();
            }
        }
    }

    fn leave_queue(&mut self, owner: Owner, answer: bool) {
        let Some(key) = self.waiting.remove(&owner) else {
            return;
        };
        let State { locks, waiting, .. } = self;
        let Some(lock) = locks.get_mut(&key) else {
            return;
        };
        let is_owners =
            |waiter: &Waiter| matches!(waiter.wish, Wish::Owned(who, _) if who == owner);
        if let Some(at) = lock.queue.iter().position(is_owners)
            && let Some(waiter) = lock.queue.remove(at)
        {
            let _ = waiter.grant.send(answer);
        }
        lock.pass_on(waiting);
        if lock.is_free() {
            locks.remove(&key);
        }
    }

    /// Looks for a circle through `start` and wounds the youngest in it.
    fn wound_a_circle(&mut self, start: Owner) -> Option<Owner> {
        let circle = self.find_circle(start)?;
        let youngest = circle.into_iter().max()?;
        self.wounded.insert(youngest);
        self.leave_queue(youngest, false);
        Some(youngest)
    }

    /// The transactions of a circle of waiting through `start`.
    ///
    /// Only holders are followed: whoever queues for the same record before a
    /// waiter waits for the same holders, so a long queue costs nothing.
    fn find_circle(&self, start: Owner) -> Option<Vec<Owner>> {
        let mut came_from: HashMap<Owner, Owner> = HashMap::new();
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let Some((key, lock)) = self.wait_of(at) else {
                continue;
            };
            let queued_behind =
                at != start && self.waiting.get(&start) == Some(key) && lock.is_before(start, at);
            if queued_behind || (at != start && lock.holds(start)) {
                return Some(way_back(&came_from, at, start));
            }
            for holder in lock.shared.iter().chain(&lock.exclusive) {
                if *holder != at && *holder != start && !came_from.contains_key(holder) {
                    came_from.insert(*holder, at);
                    open.push(*holder);
                }
            }
        }
        None
    }

    fn wait_of(&self, owner: Owner) -> Option<(&Key, &Lock)> {
        let key = self.waiting.get(&owner)?;
        Some((key, self.locks.get(key)?))
    }
}

fn way_back(came_from: &HashMap<Owner, Owner>, mut at: Owner, start: Owner) -> Vec<Owner> {
    let mut way = vec![start];
    while at != start {
        way.push(at);
        let Some(before) = came_from.get(&at) else {
            break;
        };
        at = *before;
    }
    way
}
