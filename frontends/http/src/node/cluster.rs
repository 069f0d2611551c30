//! `_cluster/health`: one node that holds everything is green.

use axum::extract::State;
use serde_json::json;

use crate::App;
use crate::indices::resolve;
use crate::wire::{Answer, Call, Outcome};

/// `GET /_cluster/health`
pub async fn health(State(app): State<App>, call: Call) -> Outcome {
    call.allow(&[
        "wait_for_status",
        "level",
        "local",
        "expand_wildcards",
        "wait_for_no_relocating_shards",
        "wait_for_no_initializing_shards",
        "wait_for_nodes",
        "wait_for_events",
    ])?;
    let indexes = resolve::several(&app, call.part("index"))?;
    let filling = indexes.iter().filter_map(|index| index.search.as_ref());
    let filling = filling
        .filter(|search| {
            app.search
                .status(search.id)
                .is_none_or(|status| !status.is_ready)
        })
        .count();
    let count = indexes.len();
    let share = if count == 0 {
        100.0
    } else {
        ratio(count - filling, count) * 100.0
    };
    Ok(Answer::json(json!({
        "cluster_name": "stele",
        "status": if filling == 0 { "green" } else { "yellow" },
        "timed_out": false,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": count - filling,
        "active_shards": count - filling,
        "relocating_shards": 0,
        "initializing_shards": filling,
        "unassigned_shards": 0,
        "unassigned_primary_shards": 0,
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": share,
    })))
}

#[allow(clippy::cast_precision_loss)] // a handful of indexes
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
