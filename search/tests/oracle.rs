//! Search equals a plain look at every row, whatever was written, in whatever order,
//! and whether or not the index is up to date or had to be built anew.

// A failed test is allowed to panic.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use stele_core::record::table::{Column, Definition, PrimaryKey, SearchIndex, Table};
use stele_core::record::value::{ColumnType, Type};
use stele_core::txn::{RowRecord, Txn, TxnOptions};
use stele_core::{Database, Node};
use stele_search::document::source::{ID_COLUMN, SOURCE_COLUMN};
use stele_search::document::{Field, Kind, Mapping};
use stele_search::query::{Operator, Query, Request, Track};
use stele_search::{Document, Search};

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
}

fn mapping() -> Mapping {
    let mut mapping = Mapping {
        documents: true,
        ..Mapping::default()
    };
    for (name, kind) in [
        ("words", Kind::Text),
        ("tag", Kind::Keyword),
        ("n", Kind::Long),
    ] {
        mapping.fields.insert(name.to_owned(), Field::new(kind));
    }
    mapping
}

/// A collection of documents with a search index.
async fn define(db: &Database) -> (Arc<Table>, Arc<SearchIndex>) {
    let id = db.engine().new_id().await.expect("an id");
    let column = |id, name: &str, ty, not_null| Column {
        id,
        name: name.to_owned(),
        ty: ColumnType { ty, typmod: -1 },
        not_null,
        default: None,
        sequence: None,
        identity: None,
        missing: None,
    };
    let table = Table {
        id,
        storage: id,
        name: "docs".to_owned(),
        columns: vec![
            column(1, ID_COLUMN, Type::Text, true),
            column(2, SOURCE_COLUMN, Type::Json, false),
        ],
        next_column: 3,
        primary_key: Some(PrimaryKey {
            id: db.engine().new_id().await.expect("an id"),
            name: "docs_pkey".to_owned(),
            columns: vec![1],
        }),
        indexes: Vec::new(),
        checks: Vec::new(),
        foreign_keys: Vec::new(),
    };
    let search = SearchIndex {
        id: db.engine().new_id().await.expect("an id"),
        table: id,
        name: "docs_search".to_owned(),
        mapping: mapping().print(),
    };
    let mut txn = Txn::begin(db.engine().clone(), TxnOptions::default());
    txn.define(&Definition::Table(table))
        .await
        .expect("defined");
    txn.define(&Definition::Search(search))
        .await
        .expect("defined");
    txn.commit().await.expect("committed");
    let catalog = db.catalog();
    let table = catalog.table("docs").expect("there").clone();
    let search = catalog.search_of(table.id).expect("there").clone();
    (table, search)
}

/// Writes, replaces or deletes a document.
async fn write(db: &Database, table: &Arc<Table>, id: u64, document: Option<&Json>) {
    let key = table.key_of_spelling(&id.to_string()).expect("a key");
    let mut txn = Txn::begin(db.engine().clone(), TxnOptions::default());
    txn.use_table(table).await.expect("used");
    let old = {
        let view = txn.latest(std::slice::from_ref(&key)).await.expect("read");
        RowRecord::read(&view, table, &key, view.now_ms()).expect("read")
    };
    match (old, document) {
        (None, None) => return,
        (Some(old), None) => txn.delete_row(table, &old).await.expect("deleted"),
        (old, Some(json)) => {
            let document = Document::of_fields(json.as_object().expect("an object").clone());
            let row = document.to_row(table, &mapping(), &id.to_string());
            match old {
                Some(old) => txn.update_row(table, &old, row).await.expect("updated"),
                None => drop(txn.insert_row(table, row).await.expect("inserted")),
            }
        }
    }
    txn.commit().await.expect("committed");
}

const WORDS: [&str; 6] = ["red", "green", "blue", "shoe", "hat", "boat"];

fn document(dice: &mut Dice) -> Json {
    let count = 1 + dice.below(4);
    let words: Vec<&str> = (0..count).map(|_| WORDS[dice.below(6) as usize]).collect();
    json!({"words": words.join(" "), "tag": WORDS[dice.below(3) as usize], "n": dice.below(10)})
}

fn query(dice: &mut Dice, depth: u64) -> Query {
    match dice.below(if depth == 0 { 5 } else { 7 }) {
        0 => Query::Match {
            field: "words".to_owned(),
            text: format!(
                "{} {}",
                WORDS[dice.below(6) as usize],
                WORDS[dice.below(6) as usize]
            ),
            operator: if dice.below(2) == 0 {
                Operator::And
            } else {
                Operator::Or
            },
            minimum: None,
            fuzziness: None,
            analyzer: None,
            prefix: false,
            all_if_empty: false,
        },
        1 => Query::Term {
            field: "tag".to_owned(),
            value: WORDS[dice.below(3) as usize].into(),
            ignore_case: false,
        },
        2 => {
            let (low, high) = (dice.below(10), dice.below(10));
            Query::Range {
                field: "n".to_owned(),
                lower: Bound::Included(low.into()),
                upper: Bound::Excluded(high.into()),
            }
        }
        3 => Query::Phrase {
            field: "words".to_owned(),
            text: format!(
                "{} {}",
                WORDS[dice.below(6) as usize],
                WORDS[dice.below(6) as usize]
            ),
            slop: 0,
            analyzer: None,
            prefix: false,
        },
        4 => Query::Prefix {
            field: "words".to_owned(),
            text: WORDS[dice.below(6) as usize][..2].to_owned(),
            ignore_case: false,
        },
        _ => Query::Bool {
            must: (0..dice.below(2)).map(|_| query(dice, depth - 1)).collect(),
            filter: (0..dice.below(2)).map(|_| query(dice, depth - 1)).collect(),
            should: (0..dice.below(3)).map(|_| query(dice, depth - 1)).collect(),
            must_not: (0..dice.below(2)).map(|_| query(dice, depth - 1)).collect(),
            minimum: None,
        },
    }
}

/// Does a document match? Said as plainly as can be.
fn matches(query: &Query, document: &Json) -> bool {
    let words: Vec<&str> = document["words"]
        .as_str()
        .expect("text")
        .split(' ')
        .collect();
    match query {
        Query::Match { text, operator, .. } => match operator {
            Operator::And => text.split(' ').all(|word| words.contains(&word)),
            Operator::Or => text.split(' ').any(|word| words.contains(&word)),
        },
        Query::Term { value, .. } => document["tag"] == *value,
        Query::Range {
            lower: Bound::Included(low),
            upper: Bound::Excluded(high),
            ..
        } => {
            let n = document["n"].as_u64();
            n >= low.as_u64() && n < high.as_u64()
        }
        Query::Phrase { text, .. } => {
            let wanted: Vec<&str> = text.split(' ').collect();
            words.windows(2).any(|pair| pair == wanted)
        }
        Query::Prefix { text, .. } => words.iter().any(|word| word.starts_with(text)),
        Query::Bool {
            must,
            filter,
            should,
            must_not,
            ..
        } => {
            let needs_one = must.is_empty() && filter.is_empty() && !should.is_empty();
            must.iter()
                .chain(filter)
                .all(|query| matches(query, document))
                && !must_not.iter().any(|query| matches(query, document))
                && (!needs_one || should.iter().any(|query| matches(query, document)))
        }
        other => panic!("no oracle for {other:?}"),
    }
}

async fn check(
    search: &Search,
    index: &SearchIndex,
    rows: &BTreeMap<u64, Json>,
    query: &Query,
    is_fresh: bool,
) {
    let request = Request {
        query: query.clone(),
        size: 1000,
        track: Track::Exact,
        ..Request::default()
    };
    let answer = search.search(index, &request).await.expect("answered");
    let found: BTreeSet<u64> = answer
        .hits
        .iter()
        .map(|hit| hit.id.parse().expect("a number"))
        .collect();
    let expected: BTreeSet<u64> = rows
        .iter()
        .filter(|(_, row)| matches(query, row))
        .map(|(id, _)| *id)
        .collect();
    for hit in &answer.hits {
        let row = rows.get(&hit.id.parse().expect("a number"));
        assert_eq!(
            row.map(ToString::to_string),
            Some(hit.document.text.clone()),
            "{query:?}"
        );
    }
    if is_fresh {
        assert_eq!(found, expected, "{query:?}");
        assert_eq!(answer.total, Some(expected.len() as u64), "{query:?}");
    } else {
        // Rows may be missing until they are indexed; none may be wrong.
        assert!(
            found.is_subset(&expected),
            "{query:?}: {found:?} but {expected:?}"
        );
    }
}

async fn open(node: &Node, folder: &Path) -> Search {
    Search::open(node.database(), folder).expect("opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_what_a_look_at_every_row_finds() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::in_memory().await.expect("opens");
    let db = node.database();
    let (table, index) = define(&db).await;
    let mut search = open(&node, folder.path()).await;
    let (mut dice, mut rows) = (Dice(7), BTreeMap::new());
    for round in 0..30u64 {
        for _ in 0..10 {
            let id = dice.below(40);
            if dice.below(4) == 0 {
                rows.remove(&id);
                write(&db, &table, id, None).await;
            } else {
                let json = document(&mut dice);
                write(&db, &table, id, Some(&json)).await;
                rows.insert(id, json);
            }
        }
        for _ in 0..5 {
            check(&search, &index, &rows, &query(&mut dice, 2), false).await;
        }
        search.refresh(index.id).await.expect("refreshed");
        for _ in 0..10 {
            check(&search, &index, &rows, &query(&mut dice, 2), true).await;
        }
        match round % 10 {
            // The index goes on where it was, or is lost and built anew.
            4 => {
                search.close().await;
                search = open(&node, folder.path()).await;
            }
            9 => {
                search.close().await;
                std::fs::remove_dir_all(folder.path()).expect("removed");
                search = open(&node, folder.path()).await;
            }
            _ => {}
        }
    }
    search.close().await;
}

/// The ids of a page of hits.
async fn page(search: &Search, index: &SearchIndex, query: &Query, from: usize) -> Vec<String> {
    let request = Request {
        query: query.clone(),
        from,
        size: 7,
        ..Request::default()
    };
    let answer = search.search(index, &request).await.expect("answered");
    answer.hits.into_iter().map(|hit| hit.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_hits_come_in_the_order_of_their_keys_however_the_index_lies() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::in_memory().await.expect("opens");
    let db = node.database();
    let (table, index) = define(&db).await;
    let search = open(&node, folder.path()).await;
    // The last keys first, in segments of which some are longer than a block of postings.
    let json = json!({"words": "red shoe", "tag": "red", "n": 7});
    let mut keys: Vec<u64> = (1000..1400).collect();
    for part in [150usize, 2, 1, 200, 47] {
        for id in keys.split_off(keys.len() - part) {
            write(&db, &table, id, Some(&json)).await;
        }
        search.refresh(index.id).await.expect("refreshed");
    }
    let word = |field: &str, value: Json| Query::Term {
        field: field.to_owned(),
        value,
        ignore_case: false,
    };
    let both = Query::Bool {
        must: Vec::new(),
        filter: vec![word("n", 7.into())],
        should: Vec::new(),
        must_not: Vec::new(),
        minimum: None,
    };
    for query in [
        Query::All,
        word("tag", "red".into()),
        word("words", "shoe".into()),
        both,
    ] {
        for from in [0, 7, 140, 396] {
            let expected: Vec<String> = (1000..1400)
                .skip(from)
                .take(7)
                .map(|id| id.to_string())
                .collect();
            let found = page(&search, &index, &query, from).await;
            assert_eq!(found, expected, "{query:?} from {from}");
        }
    }
    search.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_whose_time_is_up_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::in_memory().await.expect("opens");
    let db = node.database();
    let (table, index) = define(&db).await;
    let search = open(&node, folder.path()).await;
    write(&db, &table, 1, Some(&json!({"words": "red", "tag": "red"}))).await;
    search.refresh(index.id).await.expect("refreshed");
    for (time_us, is_found) in [(0, false), (10_000_000, true)] {
        let request = Request {
            time_us,
            aggregations: json!({"a": {"terms": {"field": "tag"}}})
                .as_object()
                .cloned(),
            ..Request::default()
        };
        let answer = search.search(&index, &request).await.expect("answered");
        assert_eq!(answer.timed_out, !is_found);
        assert_eq!(answer.hits.len(), usize::from(is_found));
        let buckets = &answer.aggregations.expect("there")["a"]["buckets"];
        assert_eq!(
            buckets.as_array().map(Vec::len),
            Some(usize::from(is_found))
        );
    }
    search.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_filled_while_rows_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::in_memory().await.expect("opens");
    let db = node.database();
    let (table, index) = define(&db).await;
    let mut rows = BTreeMap::new();
    for id in 0..2000 {
        let json = json!({"words": "red shoe", "tag": "red", "n": id % 10});
        write(&db, &table, id, Some(&json)).await;
        rows.insert(id, json);
    }
    let search = open(&node, folder.path()).await;
    for id in 0..200 {
        write(&db, &table, id, None).await;
        rows.remove(&id);
        let json = json!({"words": "blue hat", "tag": "blue", "n": 1});
        write(&db, &table, 5000 + id, Some(&json)).await;
        rows.insert(5000 + id, json);
    }
    search.refresh(index.id).await.expect("refreshed");
    for (word, count) in [("red", 1800), ("blue", 200)] {
        let query = Query::Term {
            field: "tag".to_owned(),
            value: word.into(),
            ignore_case: false,
        };
        let found = search
            .count(&index, &query, &Default::default())
            .await
            .expect("counted");
        assert_eq!(found, count, "{word}");
    }
    search.close().await;
}
