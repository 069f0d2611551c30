//! The compatibility page, printed from the table of commands.

use std::fmt::Write as _;

use crate::commands::{Command, Group, Keys, registry};

const OPENING: &str = "\
# What the redis door speaks

This page is generated from the door's table of commands: `UPDATE=1 cargo test -p stele-redis \
--test compatibility` writes it anew, and the same test fails when it is stale.

The door reports `redis_version:7.2.4` and speaks RESP2 and RESP3. A command that is not below is \
answered as Redis answers a command it does not know, `ERR unknown command`, and changes nothing.

## Where it differs from Redis

- **A write may have an outcome that is not known.** An error that starts with `UNKNOWN` says that \
the write was sent and nobody can say yet whether it happened: look before you repeat it. `TRYAGAIN` \
says that nothing happened and the same command may succeed now. `CLUSTERDOWN` says that this node \
cannot serve now.
- **Every acknowledged write is durable** as `appendfsync` says, `always` unless changed. There is \
nothing to save: `SAVE`, `BGSAVE` and `BGREWRITEAOF` do not exist, and `CONFIG SET save` is kept and \
means nothing.
- **EXEC is a transaction of the database.** Its keys may be anywhere. If the node stops in the \
middle, all of it happened or none. A command in it that fails is taken back alone, as in Redis.
- **Messages published in EXEC are sent after its commit**, so whoever hears one can read what it is \
about. Channels are the subjects of one bus: `NOTIFY` in SQL is heard by `SUBSCRIBE`. A subscriber \
that does not read loses messages beyond 16,384.
- **SCAN** returns whole slots, so a call may return more than COUNT; its cursor means the same on \
every node and after a restart. HSCAN, SSCAN and ZSCAN return collections of up to 128 elements \
whole; a cursor the node has forgotten starts over.
- **Expired keys** are never seen and are reclaimed later; DBSIZE counts those not reclaimed yet.
- **Ranges by member** (`ZRANGE ... BYLEX` and its relatives) are in the order of members, whatever \
their scores.
- **OBJECT ENCODING** names the encoding Redis would choose for a value of this size; `IDLETIME` \
counts from the last write; `MEMORY USAGE` is an estimate.
- **Keyspace events, eviction and replication** do not exist: `notify-keyspace-events` can only be \
empty, `maxmemory` is kept and not enforced, `WAIT` answers 0 at once.
- **A stream** is one that NATS or `CREATE PUBLICATION` has made; XADD makes none. The ID `17-0` is \
message 17; the fields `subject` and `data` are its subject and what it says, all others are headers. \
Streams stand beside the keys: DEL, TYPE and KEYS do not know them. XREAD does not wait, and there \
are no groups: consumers are JetStream's.
- **FLUSHALL and FLUSHDB** empty keyspaces. Tables stay: what SQL created, SQL drops.

## Rows of tables

A key of database 0 whose part before the first `:` names a table addresses that table's row: \
`users:42`. Parts of a composite key are joined by `:`, with `\\` before a `:` or `\\` inside one.

- `HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HSCAN HRANDFIELD` read its columns as text; \
a NULL is an absent field. `TYPE` says `hash`.
- `HSET HMSET HSETNX HINCRBY HINCRBYFLOAT` write columns, and begin the row with its defaults if it \
is not there; `HDEL` writes NULL. Types, constraints and indexes hold: a violation is \
`ERR <the message psql would show>`, and nothing changed.
- `DEL UNLINK EXISTS TOUCH EXPIRE` and its relatives, `PERSIST TTL KEYS SCAN RANDOMKEY DBSIZE` and \
`WATCH` treat it like any key.
- Commands of lists, sets and sorted sets answer `WRONGTYPE`; whatever else would write it, `SET` or \
`RENAME`, is refused by name.

## Redis's own tests

The Tcl suite of Redis 7.0.15 in external mode, in the profile of servers without `DEBUG`, \
replication and `SAVE` (`tests/conformance/redis_suite.py`, but `--timeout 200`: the machine was \
busy), against the release binary at `fsync everysec`; the rows with a star against a node in memory:

| unit | passed | failed | why |
|---|---|---|---|
| type/string | 71 | 0 | one more runs only where `mem_allocator` is jemalloc |
| type/incr | 23 | 0 | |
| type/hash | 70 | 2 | `DUMP` |
| expire | 56 | 0 | |
| keyspace | 40 | 2 | `XADD` |
| scan | 17 | 0 | |
| multi | 24 | 8 | `SORT`, `SCRIPT KILL` (4), `XGROUP`, `SAVE` and `SHUTDOWN` in MULTI |
| protocol | 19 | 0 | |
| type/set * | 94 | 0 | |
| quit *, info-command * | 3, 3 | 0 | |

Every failure is a command this door does not have. type/list and type/zset were run \
on a node in memory with the tests of blocking pops, `LMPOP`, `ZMPOP`, `ZUNION` and their relatives \
left out: 117 and 133 passed, 3 and 3 failed, for `DUMP`, `BLMOVE`, `ZUNION`, and keys that the \
tests left out would have made. In pubsub, keyspace events are refused, and one test that does not \
wait for its own UNSUBSCRIBE fails when two processors serve its two connections.

## Levels

`STELE.AT read=local write=tentative GET k` runs one command at other levels, `STELE.LEVEL` reads or \
changes those of the connection, `STELE.TOKEN` is what the client has seen. Options: `read`, `write`, \
`fsync`, `token`, `deadline`. On one node every level gives at least what it says.
";

/// The whole page.
#[must_use]
pub fn page() -> String {
    let mut text = OPENING.to_owned();
    let all = registry::all();
    let _ = write!(text, "\n## The {} commands\n", all.len());
    let mut groups: Vec<Group> = all.iter().map(|command| command.group).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let _ = write!(
            text,
            "\n### {}\n\n| command | words | keys | |\n|---|---|---|---|\n",
            group.name()
        );
        for command in all.iter().filter(|command| command.group == group) {
            row(&mut text, "", command);
            for child in command.children() {
                row(&mut text, command.name, child);
            }
        }
    }
    text
}

fn row(text: &mut String, parent: &str, command: &Command) {
    let name = format!("{parent} {}", command.name)
        .trim()
        .to_ascii_uppercase();
    let words = if command.arity < 0 {
        format!("at least {}", command.arity.unsigned_abs())
    } else {
        command.arity.to_string()
    };
    let keys = match command.keys {
        Keys::None => String::new(),
        Keys::Counted { .. } => "counted".to_owned(),
        Keys::Range { first, last, .. } if isize::try_from(first) == Ok(last) => "one".to_owned(),
        Keys::Range {
            last: -1, step: 1, ..
        } => "all".to_owned(),
        Keys::Range { last: -1, .. } => "every other".to_owned(),
        Keys::Range { .. } => "two".to_owned(),
    };
    let _ = writeln!(
        text,
        "| `{name}` | {words} | {keys} | {} |",
        command.summary
    );
}
