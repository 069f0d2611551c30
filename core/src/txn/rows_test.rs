//! Rows: what a table's schema owes them, through every way a row can change.

use std::sync::Arc;

use super::check::check;
use super::fixture::*;
use super::{Isolation, RowError, RowResult};
use crate::error::ErrorKind;
use crate::node::{Database, Node};
use crate::record::table::{ForeignKey, Index, ReferenceAction, Table};
use crate::record::value::Value;
use crate::record::{CollectionId, Level};

async fn node() -> (Node, Arc<Table>) {
    let node = Node::in_memory().await.expect("opens");
    let table = table(&node.database(), "t").await;
    (node, table)
}

async fn insert(database: &Database, table: &Arc<Table>, fields: Vec<Value>) -> RowResult<()> {
    let mut txn = begin(database, Isolation::ReadCommitted);
    txn.use_table(table).await?;
    txn.insert_row(table, fields).await?;
    txn.commit().await?;
    Ok(())
}

async fn update(
    database: &Database,
    table: &Arc<Table>,
    id: i32,
    fields: Vec<Value>,
) -> RowResult<()> {
    let mut txn = begin(database, Isolation::ReadCommitted);
    txn.use_table(table).await?;
    let old = find(&mut txn, table, id).await?.expect("there");
    txn.update_row(table, &old, fields).await?;
    txn.commit().await?;
    Ok(())
}

async fn delete(database: &Database, table: &Arc<Table>, id: i32) -> RowResult<()> {
    let mut txn = begin(database, Isolation::ReadCommitted);
    txn.use_table(table).await?;
    let old = find(&mut txn, table, id).await?.expect("there");
    txn.delete_row(table, &old).await?;
    txn.commit().await?;
    Ok(())
}

/// The SQLSTATE of a refusal.
fn code<T>(outcome: RowResult<T>) -> Option<&'static str> {
    match outcome {
        Ok(_) => None,
        Err(RowError::Violation(violation)) => Some(violation.code),
        Err(other) => panic!("{other}"),
    }
}

fn is_conflict<T>(outcome: RowResult<T>) -> bool {
    matches!(outcome, Err(RowError::Core(error)) if error.kind == ErrorKind::Conflict)
}

#[tokio::test]
async fn a_unique_value_belongs_to_one_row_and_nulls_to_any() {
    let (node, t) = node().await;
    let db = node.database();
    for (fields, refused) in [
        (row(1, Some("a"), 1), None),
        (row(2, Some("a"), 1), Some("23505")),
        (row(1, Some("b"), 1), Some("23505")),
        (row(2, None, 1), None),
        (row(3, None, 1), None),
    ] {
        assert_eq!(code(insert(&db, &t, fields).await), refused);
    }
    let missing = vec![Value::Null, Value::Null, Value::Null];
    assert_eq!(code(insert(&db, &t, missing).await), Some("23502"));
    assert_eq!(
        code(update(&db, &t, 2, row(2, Some("a"), 1)).await),
        Some("23505")
    );
    assert_eq!(code(update(&db, &t, 1, row(1, Some("b"), 2)).await), None);
    assert_eq!(code(update(&db, &t, 2, row(2, Some("a"), 3)).await), None);
    delete(&db, &t, 1).await.expect("there");
    assert_eq!(code(insert(&db, &t, row(4, Some("b"), 1)).await), None);
    check(&db, "unique values");
}

#[tokio::test]
async fn a_row_that_changes_its_key_keeps_everything_else() {
    let (node, t) = node().await;
    let db = node.database();
    insert(&db, &t, row(1, Some("a"), 1)).await.expect("new");
    insert(&db, &t, row(2, Some("b"), 1)).await.expect("new");
    let taken = update(&db, &t, 1, row(2, Some("a"), 1)).await;
    assert_eq!(code(taken), Some("23505"));
    update(&db, &t, 1, row(9, Some("a"), 5))
        .await
        .expect("moved");
    assert_eq!(shown(&db, &t, 1).await, None);
    assert_eq!(shown(&db, &t, 9).await.as_deref(), Some("9|a|5"));
    assert_eq!(db.count(t.storage), 2);
    check(&db, "a changed key");
}

#[tokio::test]
async fn a_row_that_was_changed_meanwhile_is_not_changed_as_it_was() {
    let (node, t) = node().await;
    let db = node.database();
    insert(&db, &t, row(1, Some("a"), 1)).await.expect("new");
    let mut txn = begin(&db, Isolation::ReadCommitted);
    let old = find(&mut txn, &t, 1)
        .await
        .expect("readable")
        .expect("there");
    txn.update_row(&t, &old, row(1, Some("b"), 2))
        .await
        .expect("current");
    assert!(is_conflict(
        txn.update_row(&t, &old, row(1, Some("c"), 3)).await
    ));
    assert!(is_conflict(txn.delete_row(&t, &old).await));
    txn.commit().await.expect("committed");
    check(&db, "a stale row");
}

#[tokio::test]
async fn a_statement_that_is_taken_back_leaves_no_entry() {
    let (node, t) = node().await;
    let db = node.database();
    insert(&db, &t, row(1, Some("a"), 1)).await.expect("new");
    let mut txn = begin(&db, Isolation::ReadCommitted);
    let savepoint = txn.savepoint();
    let old = find(&mut txn, &t, 1)
        .await
        .expect("readable")
        .expect("there");
    txn.update_row(&t, &old, row(2, Some("z"), 9))
        .await
        .expect("current");
    txn.rollback_to(&savepoint);
    txn.insert_row(&t, row(2, Some("b"), 2)).await.expect("new");
    txn.commit().await.expect("committed");
    assert_eq!(shown(&db, &t, 1).await.as_deref(), Some("1|a|1"));
    assert_eq!(shown(&db, &t, 2).await.as_deref(), Some("2|b|2"));
    check(&db, "taken back");
}

/// `child.v` refers to `t.id`.
async fn child(
    db: &Database,
    t: &Arc<Table>,
    actions: (ReferenceAction, ReferenceAction),
) -> Arc<Table> {
    let mut child = (*table(db, "child").await).clone();
    child.foreign_keys.push(ForeignKey {
        id: db.engine().new_id().await.expect("a number"),
        name: "child_v_fkey".to_owned(),
        columns: vec![3],
        target: t.id,
        target_columns: vec![1],
        on_delete: actions.0,
        on_update: actions.1,
    });
    define(db, child).await
}

#[tokio::test]
async fn a_reference_needs_its_target_and_holds_it() {
    use ReferenceAction::NoAction;
    let (node, t) = node().await;
    let db = node.database();
    let child = child(&db, &t, (NoAction, NoAction)).await;
    insert(&db, &t, row(1, Some("a"), 0)).await.expect("new");
    let orphan = insert(&db, &child, row(10, None, 5)).await;
    assert_eq!(code(orphan), Some("23503"));
    insert(&db, &child, row(10, None, 1))
        .await
        .expect("it is there");
    let unset = vec![Value::Int4(11), Value::Null, Value::Null];
    insert(&db, &child, unset).await.expect("refers to nothing");
    assert_eq!(code(delete(&db, &t, 1).await), Some("23503"));
    assert_eq!(
        code(update(&db, &t, 1, row(2, None, 0)).await),
        Some("23503")
    );
    update(&db, &t, 1, row(1, Some("b"), 0))
        .await
        .expect("the key stays");
    let lost = update(&db, &child, 10, row(10, None, 7)).await;
    assert_eq!(code(lost), Some("23503"));
    delete(&db, &child, 10).await.expect("there");
    delete(&db, &t, 1).await.expect("nothing refers to it");
    check(&db, "references");
}

#[tokio::test]
async fn a_target_that_goes_takes_its_references_along_or_sets_them_to_null() {
    use ReferenceAction::{Cascade, NoAction, SetNull};
    for (action, left) in [(Cascade, None), (SetNull, Some("10||"))] {
        let (node, t) = node().await;
        let db = node.database();
        let child = child(&db, &t, (action, NoAction)).await;
        for id in [1, 2] {
            insert(&db, &t, row(id, None, 0)).await.expect("new");
        }
        insert(&db, &child, row(10, None, 1)).await.expect("new");
        insert(&db, &child, row(11, None, 2)).await.expect("new");
        delete(&db, &t, 1).await.expect("its references follow");
        assert_eq!(shown(&db, &child, 10).await.as_deref(), left, "{action:?}");
        assert_eq!(shown(&db, &child, 11).await.as_deref(), Some("11||2"));
        check(&db, "references that follow");
    }
}

#[tokio::test]
async fn a_chain_of_rows_of_one_table_goes_as_a_whole() {
    let (node, t) = node().await;
    let db = node.database();
    let mut chain = (*t).clone();
    chain.foreign_keys.push(ForeignKey {
        id: db.engine().new_id().await.expect("a number"),
        name: "t_v_fkey".to_owned(),
        columns: vec![3],
        target: t.id,
        target_columns: vec![1],
        on_delete: ReferenceAction::Cascade,
        on_update: ReferenceAction::NoAction,
    });
    let chain = define(&db, chain).await;
    // 1 refers to itself, 2 and 3 to 1, 4 to 3.
    for (id, to) in [(1, 1), (2, 1), (3, 1), (4, 3)] {
        insert(&db, &chain, row(id, None, to)).await.expect("new");
    }
    let alone = update(&db, &chain, 4, row(5, None, 5)).await;
    assert_eq!(code(alone), None, "it refers to itself from now on");
    delete(&db, &chain, 1).await.expect("all but one go");
    assert_eq!(db.count(chain.storage), 1);
    check(&db, "a chain");
}

#[tokio::test]
async fn a_target_may_change_while_it_is_referred_to_but_not_go() {
    use ReferenceAction::NoAction;
    let (node, t) = node().await;
    let db = node.database();
    let child = child(&db, &t, (NoAction, NoAction)).await;
    insert(&db, &t, row(1, Some("a"), 0)).await.expect("new");
    let mut changing = begin(&db, Isolation::ReadCommitted);
    let old = find(&mut changing, &t, 1).await.expect("readable");
    let old = old.expect("there");
    let changed = changing.update_row(&t, &old, row(1, Some("b"), 5)).await;
    changed.expect("current");
    // Neither waits for the other.
    let mut referring = begin(&db, Isolation::ReadCommitted);
    let referred = referring.insert_row(&child, row(10, None, 1)).await;
    referred.expect("its target is there");
    changing.commit().await.expect("committed");
    let going = delete(&db, &t, 1);
    let commit = async {
        rest(20).await;
        referring.commit().await.expect("committed");
    };
    let (gone, ()) = futures::join!(going, commit);
    assert_eq!(code(gone), Some("23503"), "it waited for who refers to it");
    check(&db, "a target");
}

/// The target goes after the snapshot was taken, so the snapshot shows it still.
#[tokio::test]
async fn a_reference_is_checked_against_what_is_there_not_what_was() {
    use ReferenceAction::NoAction;
    let (node, t) = node().await;
    let db = node.database();
    let child = child(&db, &t, (NoAction, NoAction)).await;
    insert(&db, &t, row(1, None, 0)).await.expect("new");
    let mut late = begin(&db, Isolation::RepeatableRead);
    drop(late.view().await.expect("a snapshot"));
    delete(&db, &t, 1).await.expect("nothing refers to it");
    let refused = late.insert_row(&child, row(10, None, 1)).await;
    assert_eq!(code(refused), Some("23503"));
}

#[tokio::test]
async fn a_reference_to_a_unique_value_waits_for_who_changes_it() {
    use ReferenceAction::NoAction;
    let (node, t) = node().await;
    let db = node.database();
    let mut by_value = (*table(&db, "by_value").await).clone();
    by_value.foreign_keys.push(ForeignKey {
        id: db.engine().new_id().await.expect("a number"),
        name: "by_value_u_fkey".to_owned(),
        columns: vec![2],
        target: t.id,
        target_columns: vec![2],
        on_delete: NoAction,
        on_update: NoAction,
    });
    let by_value = define(&db, by_value).await;
    insert(&db, &t, row(1, Some("a"), 0)).await.expect("new");
    let mut changing = begin(&db, Isolation::ReadCommitted);
    let old = find(&mut changing, &t, 1).await.expect("readable");
    let old = old.expect("there");
    let changed = changing.update_row(&t, &old, row(1, Some("b"), 0)).await;
    changed.expect("current");
    let referring = insert(&db, &by_value, row(7, Some("a"), 0));
    let change = async {
        rest(20).await;
        changing.commit().await.expect("committed");
    };
    let (referred, ()) = futures::join!(referring, change);
    assert_eq!(code(referred), Some("23503"));
    let right = insert(&db, &by_value, row(7, Some("b"), 0)).await;
    assert_eq!(code(right), None);
    check(&db, "a moving value");
}

#[tokio::test]
async fn an_index_that_is_filled_finds_every_row_and_refuses_duplicates() {
    let (node, t) = node().await;
    let db = node.database();
    for (id, v) in [(1, 5), (2, 6), (3, 6)] {
        insert(&db, &t, row(id, None, v)).await.expect("new");
    }
    for (name, unique, refused) in [("once", true, Some("23505")), ("again", false, None)] {
        let id = db.engine().new_id().await.expect("a number");
        let index = Index {
            id,
            storage: id,
            name: name.to_owned(),
            columns: vec![3],
            unique,
            constraint: false,
        };
        let mut with = (*t).clone();
        with.indexes.push(index.clone());
        let with = Arc::new(with);
        // The snapshot is older than the last row: it must be indexed too.
        let mut txn = begin(&db, Isolation::RepeatableRead);
        txn.lock_schema().await.expect("free");
        txn.lock_table(t.id).await.expect("free");
        let filled = txn.fill_index(&with, &index).await;
        assert_eq!(code(filled), refused, "{name}");
        if refused.is_none() {
            let definition = crate::record::table::Definition::Table((*with).clone());
            txn.define(&definition).await.expect("defined");
            txn.commit().await.expect("committed");
        }
    }
    let now = db.catalog().table_by_id(t.id).expect("there").clone();
    assert_eq!(now.indexes.len(), 3);
    check(&db, "a new index");
    let old = insert(&db, &t, row(4, None, 1)).await;
    assert!(is_conflict(old), "the definition in hand is an old one");
    insert(&db, &now, row(4, None, 1)).await.expect("as it is");
    check(&db, "after the new index");
}

#[tokio::test]
async fn what_no_definition_names_is_an_orphan_unless_a_change_is_under_way() {
    let (node, t) = node().await;
    let db = node.database();
    let engine = db.engine();
    insert(&db, &t, row(1, Some("a"), 1)).await.expect("new");
    assert_eq!(engine.orphans().await.expect("readable"), Some(vec![]));
    let mut change = begin(&db, Isolation::ReadCommitted);
    change.lock_schema().await.expect("free");
    assert_eq!(engine.orphans().await.expect("readable"), None);
    change.undefine(t.id).await.expect("there");
    change.commit().await.expect("committed");
    let orphans = engine
        .orphans()
        .await
        .expect("readable")
        .expect("nobody changes it");
    let mut left = vec![t.storage];
    left.extend(t.indexes.iter().map(|index| index.storage));
    assert_eq!(orphans, left, "rows, claims and entries");
    for orphan in orphans {
        engine.clear(orphan, true).await.expect("cleared");
    }
    assert_eq!(engine.orphans().await.expect("readable"), Some(vec![]));
    check(&db, "orphans");
}

#[tokio::test]
async fn a_large_storage_is_cleared_in_small_steps() {
    let node = Node::in_memory().await.expect("opens");
    let db = node.database();
    let storage = CollectionId(50_000);
    let write = async |numbers: std::ops::Range<u32>| {
        let ops = numbers.map(|number| {
            let name = number.to_be_bytes().to_vec();
            let key = crate::record::Key::spelled(storage, &name, name.clone());
            (key, set("1"))
        });
        db.engine().write_unseen(ops.collect()).await
    };
    let clear = async || db.engine().clear(storage, true).await.expect("cleared");
    write(0..2500).await.expect("written");
    assert_eq!(db.count(storage), 2500);
    assert_eq!(clear().await, 2500);
    assert_eq!(db.count(storage), 0);
    // What was written since is found again, though it lies before where clearing ended.
    write(0..300).await.expect("written");
    assert_eq!(clear().await, 300);
    assert_eq!(db.count(storage), 0);
}

#[tokio::test]
async fn equal_keys_that_print_differently_are_one_row() {
    let (node, t) = node().await;
    let db = node.database();
    let mut money = (*t).clone();
    money.columns[0].ty.ty = crate::record::value::Type::Numeric;
    let parse = |text: &str| {
        let settings = crate::record::value::Settings::default();
        crate::record::value::text::parse(text, &money.columns[0].ty, &settings).expect("a number")
    };
    let keys: Vec<_> = ["1", "1.00", "1.000"]
        .map(|text| money.key(&[parse(text)]).expect("a key"))
        .to_vec();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    drop(db.read(&keys, &Level::default()).await);
}
