//! Full text in SQL: what is found is what a look at every row of the statement's own moment
//! finds, in the order of its score; what no index answers is refused.

#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::panic)]

mod support;

use support::{Door, shown};
use tokio_postgres::Client;

/// Numbers that look random and repeat from their seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }

    fn text(&mut self) -> String {
        const WORDS: [&str; 6] = ["red", "green", "blue", "shoe", "hat", "boat"];
        let words = (0..1 + self.below(5)).map(|_| WORDS[self.below(6) as usize]);
        words.collect::<Vec<_>>().join(" ")
    }
}

async fn run(client: &Client, sql: &str) {
    if let Err(error) = client.batch_execute(sql).await {
        panic!("{sql}: {error:?}");
    }
}

async fn ask(client: &Client, sql: &str) -> String {
    shown(client.simple_query(sql).await)
}

/// A shop with an index over its names and texts.
async fn shop(client: &Client) {
    run(
        client,
        "CREATE TABLE products (id int PRIMARY KEY, name text, description varchar(200), price numeric);
         INSERT INTO products VALUES
           (1, 'red shoe', 'a shoe that is red', 10), (2, 'blue shoe', 'a shoe', 20),
           (3, 'red hat', 'a hat', 30), (4, 'boat', 'with a red sail', 40);
         CREATE INDEX i ON products USING search (name, description) WITH (analyzer = 'english')",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_rows_by_their_words_and_by_other_conditions() {
    let door = Door::open_with_search().await;
    let client = door.client().await;
    shop(&client).await;
    for (condition, expected) in [
        ("products @@@ 'shoes AND red'", "1"),
        ("products @@@ 'red'", "1 3 4"),
        ("name @@@ 'red'", "1 3"),
        ("products.description @@@ 'red'", "1 4"),
        ("products @@@ 'red' AND price > 20", "3 4"),
        ("products @@@ 'red' AND name @@@ 'shoe'", "1"),
        ("products @@@ 'price:[15 TO 35] AND hat'", "3"),
        ("products @@@ '\"red sail\"'", "4"),
        ("products @@@ ('re' || 'd') AND id = 3", "3"),
        ("products @@@ NULL", ""),
        ("products @@@ ''", ""),
    ] {
        let sql =
            format!("SELECT string_agg(id::text, ' ' ORDER BY id) FROM products WHERE {condition}");
        let expected = if expected.is_empty() {
            "NULL"
        } else {
            expected
        };
        assert_eq!(
            ask(&client, &sql).await,
            format!("{expected}\n(1)"),
            "{condition}"
        );
    }
    let statement = client
        .prepare("SELECT id, score() FROM products p WHERE p @@@ $1 ORDER BY score() DESC LIMIT $2")
        .await
        .expect("prepared");
    let rows = client
        .query(&statement, &[&"red", &2_i64])
        .await
        .expect("rows");
    assert_eq!(rows.len(), 2);
    let scores: Vec<f32> = rows.iter().map(|row| row.get(1)).collect();
    assert!(scores[0] >= scores[1] && scores[1] > 0.0, "{scores:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_stand_in_joins_subqueries_and_aggregates() {
    let door = Door::open_with_search().await;
    let client = door.client().await;
    shop(&client).await;
    run(
        &client,
        "CREATE TABLE reviews (id int PRIMARY KEY, product int, body text);
         INSERT INTO reviews VALUES (1, 1, 'good'), (2, 1, 'bad'), (3, 2, 'good'), (4, 3, 'good');
         CREATE INDEX ON reviews USING search (body);
         CREATE TABLE wishes (word text); INSERT INTO wishes VALUES ('hat'), ('boat')",
    )
    .await;
    for (sql, expected) in [
        ("SELECT count(*) FROM products WHERE products @@@ 'red'", "3\n(1)"),
        (
            "SELECT r.id FROM products p JOIN reviews r ON r.product = p.id
             WHERE p @@@ 'red' AND r @@@ 'good' ORDER BY r.id",
            "1\n4\n(2)",
        ),
        (
            "SELECT id FROM products WHERE id IN (SELECT product FROM reviews WHERE reviews @@@ 'bad')",
            "1\n(1)",
        ),
        (
            "SELECT w.word, f.id FROM wishes w, LATERAL
               (SELECT id FROM products p WHERE p @@@ w.word ORDER BY score() DESC LIMIT 1) f
             ORDER BY 1",
            "boat|4\nhat|3\n(2)",
        ),
        (
            "SELECT p.id, r.id FROM products p LEFT JOIN reviews r ON r.product = p.id AND r @@@ 'bad'
             WHERE p @@@ 'red' ORDER BY p.id",
            "1|2\n3|NULL\n4|NULL\n(3)",
        ),
        (
            "SELECT score(p) > 0, score(r) > 0 FROM products p JOIN reviews r ON r.product = p.id
             WHERE p @@@ 'hat' AND r @@@ 'good'",
            "t|t\n(1)",
        ),
    ] {
        assert_eq!(ask(&client, sql).await, expected, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_rows_by_score_are_those_of_the_whole_order() {
    let door = Door::open_with_search().await;
    let client = door.client().await;
    run(
        &client,
        "CREATE TABLE t (id int PRIMARY KEY, a text); CREATE INDEX i ON t USING search (a)",
    )
    .await;
    let mut dice = Dice(3);
    for start in 0..10 {
        let rows = (0..50).map(|n| format!("({}, '{}')", start * 50 + n, dice.text()));
        let rows = rows.collect::<Vec<_>>().join(", ");
        run(&client, &format!("INSERT INTO t VALUES {rows}")).await;
    }
    for query in ["red", "red shoe", "red AND hat", "*", "-boat"] {
        // Another sort stands above it: this is the order of every row.
        let all = format!(
            "SELECT id, s FROM (SELECT id, score() AS s, row_number() OVER () AS n FROM t WHERE t @@@ '{query}') x ORDER BY s DESC, n"
        );
        let all = ask(&client, &all).await;
        let all: Vec<&str> = all.lines().collect();
        for count in [1, 7, 60] {
            let sql = format!(
                "SELECT id, score() FROM t WHERE t @@@ '{query}' ORDER BY score() DESC LIMIT {count} OFFSET 2"
            );
            let first = ask(&client, &sql).await;
            let first: Vec<&str> = first.lines().collect();
            let wanted = all
                .iter()
                .skip(2)
                .take(count)
                .filter(|line| !line.starts_with('('));
            let wanted: Vec<&str> = wanted.copied().collect();
            assert_eq!(first[..first.len() - 1], wanted, "{query}, {count}");
        }
    }
    let plan = ask(
        &client,
        "EXPLAIN SELECT id FROM t WHERE t @@@ 'red' ORDER BY score() DESC LIMIT 10",
    )
    .await;
    assert!(plan.contains("Search Scan using i on t (top 10)"), "{plan}");
    assert!(!plan.contains("Sort"), "{plan}");
}

/// Rows that a search finds, and rows that a look at every row finds.
async fn compare(client: &Client, word: &str) {
    let found = format!("SELECT id FROM t WHERE t @@@ '{word}' ORDER BY id");
    let looked = format!("SELECT id FROM t WHERE ' ' || a || ' ' LIKE '% {word} %' ORDER BY id");
    let (found, looked) = (ask(client, &found).await, ask(client, &looked).await);
    assert_eq!(found, looked, "{word}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_finds_what_its_own_snapshot_shows() {
    let door = Door::open_with_search().await;
    let (writer, reader) = (door.client().await, door.client().await);
    run(
        &writer,
        "CREATE TABLE t (id int PRIMARY KEY, a text); CREATE INDEX i ON t USING search (a)",
    )
    .await;
    let mut dice = Dice(11);
    for round in 0..20 {
        let level = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"][round % 3];
        run(&reader, &format!("BEGIN ISOLATION LEVEL {level}")).await;
        for _ in 0..4 {
            compare(&reader, "red").await;
            for _ in 0..dice.below(6) {
                let (id, text) = (dice.below(30), dice.text());
                let write = match dice.below(4) {
                    0 => format!("DELETE FROM t WHERE id = {id}"),
                    _ => format!(
                        "INSERT INTO t VALUES ({id}, '{text}') ON CONFLICT (id) DO UPDATE SET a = excluded.a"
                    ),
                };
                run(&writer, &write).await;
                // At once, whether or not the index has seen it.
                compare(&writer, "shoe").await;
            }
            compare(&reader, "red").await;
            // Its own writes, of rows that the writer never touches.
            let (id, text) = (100 + dice.below(5), dice.text());
            run(&reader, "SAVEPOINT s").await;
            run(
                &reader,
                &format!("INSERT INTO t VALUES ({id}, '{text}') ON CONFLICT (id) DO UPDATE SET a = excluded.a"),
            )
            .await;
            compare(&reader, "hat").await;
            if dice.below(2) == 0 {
                run(&reader, "ROLLBACK TO s").await;
                compare(&reader, "hat").await;
            }
        }
        // SERIALIZABLE cannot commit what it read while others wrote it.
        let gives_up = round % 2 == 0 || level == "SERIALIZABLE";
        run(&reader, if gives_up { "ROLLBACK" } else { "COMMIT" }).await;
        compare(&reader, "blue").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_finds_its_own_rows_while_others_write() {
    let door = Door::open_with_search().await;
    let reader = door.client().await;
    run(
        &reader,
        "CREATE TABLE t (id int PRIMARY KEY, a text); CREATE INDEX i ON t USING search (a)",
    )
    .await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut writers = Vec::new();
    for seed in 0..3 {
        let (client, stop) = (door.client().await, stop.clone());
        writers.push(tokio::spawn(async move {
            let mut dice = Dice(seed);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                // Two rows change at once: nobody may see one without the other.
                let (id, text) = (dice.below(20), dice.text());
                let pair = format!("({id}, '{text}'), ({}, '{text}')", id + 1000);
                let write = format!(
                    "INSERT INTO t VALUES {pair} ON CONFLICT (id) DO UPDATE SET a = excluded.a"
                );
                run(&client, &write).await;
            }
        }));
    }
    for _ in 0..60 {
        run(&reader, "BEGIN ISOLATION LEVEL REPEATABLE READ").await;
        compare(&reader, "red").await;
        compare(&reader, "boat").await;
        run(&reader, "COMMIT").await;
        let pairs = "SELECT count(*) % 2 FROM t WHERE t @@@ 'red'";
        assert_eq!(ask(&reader, pairs).await, "0\n(1)");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("wrote");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_changed_and_locked_by_what_a_search_finds() {
    let door = Door::open_with_search().await;
    let client = door.client().await;
    shop(&client).await;
    for (sql, expected) in [
        (
            "UPDATE products SET price = 1 WHERE products @@@ 'red' AND price < 40",
            "(2)",
        ),
        (
            "DELETE FROM products WHERE name @@@ 'boat' RETURNING id",
            "4\n(1)",
        ),
        (
            "SELECT id FROM products WHERE products @@@ 'red' ORDER BY id FOR UPDATE",
            "1\n3\n(2)",
        ),
        (
            "INSERT INTO products SELECT id + 10, name FROM products WHERE products @@@ 'hat'",
            "(1)",
        ),
        (
            "SELECT id FROM products WHERE products @@@ 'red' ORDER BY id",
            "1\n3\n13\n(3)",
        ),
        (
            "UPDATE products SET name = 'green coat' WHERE id = 13",
            "(1)",
        ),
        (
            "SELECT id FROM products WHERE products @@@ 'red' ORDER BY id",
            "1\n3\n(2)",
        ),
        ("TRUNCATE products", "(0)"),
        ("SELECT id FROM products WHERE products @@@ 'red'", "(0)"),
    ] {
        assert_eq!(ask(&client, sql).await, expected, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_index_follows_its_table() {
    let door = Door::open_with_search().await;
    let client = door.client().await;
    shop(&client).await;
    let find = "SELECT id FROM products WHERE products @@@ 'boat'";
    let definition = "SELECT indexdef FROM pg_indexes WHERE indexname = 'i'";
    for (sql, expected) in [
        (
            definition,
            "CREATE INDEX i ON public.products USING search (name, description) WITH (analyzer='english')\n(1)",
        ),
        (
            "SELECT amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE relname = 'i'",
            "search\n(1)",
        ),
        ("ALTER TABLE products RENAME COLUMN name TO title", "(0)"),
        (find, "4\n(1)"),
        ("SELECT id FROM products WHERE title @@@ 'boat'", "4\n(1)"),
        (
            "ALTER TABLE products ADD COLUMN more text DEFAULT 'x'",
            "(0)",
        ),
        (find, "4\n(1)"),
        (
            "SELECT id FROM products WHERE products @@@ 'more:x AND boat'",
            "4\n(1)",
        ),
        ("ALTER TABLE products DROP COLUMN price", "(0)"),
        (find, "4\n(1)"),
        ("ALTER TABLE products RENAME TO goods", "(0)"),
        ("SELECT id FROM goods WHERE goods @@@ 'boat'", "4\n(1)"),
        // As any index of several columns, it goes with one of them.
        ("ALTER TABLE goods DROP COLUMN title", "(0)"),
        (definition, "(0)"),
        ("CREATE INDEX i ON goods USING search (description)", "(0)"),
        ("SELECT id FROM goods WHERE goods @@@ 'sail'", "4\n(1)"),
        ("DROP INDEX i", "(0)"),
        ("CREATE INDEX ON goods USING search (description)", "(0)"),
        (
            "SELECT indexname FROM pg_indexes WHERE tablename = 'goods' ORDER BY 1",
            "goods_description_idx\nproducts_pkey\n(2)",
        ),
        ("DROP TABLE goods", "(0)"),
        ("SELECT count(*) FROM pg_indexes", "0\n(1)"),
    ] {
        assert_eq!(ask(&client, sql).await, expected, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_index_answers_is_refused_and_changes_nothing() {
    let door = Door::open_with_search().await;
    let client = door.client().await;
    shop(&client).await;
    run(&client, "CREATE TABLE plain (id int, \"_w\" text)").await;
    let create = "CREATE INDEX j ON plain USING search";
    for (sql, code) in [
        (
            "SELECT * FROM products WHERE products @@@ 'a' OR id = 1",
            "0A000",
        ),
        ("SELECT * FROM products WHERE NOT products @@@ 'a'", "0A000"),
        ("SELECT products @@@ 'a' FROM products", "0A000"),
        ("SELECT * FROM plain WHERE plain @@@ 'a'", "0A000"),
        ("SELECT * FROM products WHERE price @@@ 'a'", "0A000"),
        (
            "SELECT * FROM products p JOIN plain q ON p @@@ q.\"_w\"",
            "0A000",
        ),
        ("SELECT * FROM products WHERE nothing @@@ 'a'", "42P01"),
        ("SELECT score() FROM products", "0A000"),
        ("SELECT score() FROM plain", "0A000"),
        (
            "SELECT score() FROM products a, products b WHERE a @@@ 'a'",
            "42702",
        ),
        (
            "SELECT * FROM products WHERE products @@@ 'red AND'",
            "42601",
        ),
        ("SELECT * FROM products WHERE products @@@ '(red'", "42601"),
        (
            "SELECT * FROM products WHERE products @@@ 'price:cheap'",
            "22P02",
        ),
        (&format!("{create} (id)"), "42704"),
        (&format!("{create} (nothing)"), "42703"),
        (&format!("{create} (\"_w\")"), "0A000"),
        (&format!("{create} (lower(\"_w\"))"), "0A000"),
        (
            "CREATE UNIQUE INDEX j ON products USING search (name)",
            "0A000",
        ),
        ("CREATE INDEX j ON products USING search (name)", "0A000"),
        ("CREATE INDEX i ON plain (id)", "42P07"),
        (
            "CREATE INDEX j ON products USING search (name) WITH (analyser = 'x')",
            "22023",
        ),
        (
            "CREATE INDEX j ON products USING search (name) WITH (analyzer = 'klingon')",
            "22023",
        ),
        (
            "CREATE INDEX j ON products (name) WITH (analyzer = 'english')",
            "22023",
        ),
        (
            "CREATE INDEX j ON products USING search (name) WHERE id > 1",
            "0A000",
        ),
        (
            "CREATE INDEX j ON products USING search (name, name)",
            "42701",
        ),
        (
            "ALTER TABLE products RENAME COLUMN name TO \"a.b\"",
            "0A000",
        ),
    ] {
        let error = client.simple_query(sql).await.expect_err(sql);
        let found = error.code().map(|code| code.code().to_owned());
        assert_eq!(found.as_deref(), Some(code), "{sql}: {error:?}");
    }
    let count = ask(&client, "SELECT count(*) FROM pg_indexes").await;
    assert_eq!(count, "2\n(1)");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_made_in_a_transaction_is_searched_after_it() {
    let door = Door::open_with_search().await;
    let client = door.client().await;
    run(
        &client,
        "BEGIN; CREATE TABLE t (a text); INSERT INTO t VALUES ('red')",
    )
    .await;
    run(&client, "CREATE INDEX ON t USING search (a)").await;
    let refused = ask(&client, "SELECT * FROM t WHERE t @@@ 'red'").await;
    assert!(refused.starts_with("ERROR 0A000"), "{refused}");
    run(&client, "ROLLBACK").await;
    run(
        &client,
        "BEGIN; CREATE TABLE t (a text); INSERT INTO t VALUES ('red')",
    )
    .await;
    run(&client, "CREATE INDEX ON t USING search (a); COMMIT").await;
    assert_eq!(
        ask(&client, "SELECT * FROM t WHERE t @@@ 'red'").await,
        "red\n(1)"
    );
}
