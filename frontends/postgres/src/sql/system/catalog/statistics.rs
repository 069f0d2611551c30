//! What monitoring reads about tables. Only sizes are kept; nothing counts scans.

use stele_core::record::CollectionId;

use super::super::relation::all_indexes;
use super::super::schema::PUBLIC;
use super::super::table::{NULL, empty_table, virtual_table};
use super::namespace::DATABASE_OID;
use crate::sql::virtual_table::SystemContext;

virtual_table!(PG_STAT_USER_TABLES = pg_catalog.pg_stat_user_tables, 12161, (table, count) in cx: cx.catalog.tables().map(|table| (table, rows(cx, table.storage))).collect::<Vec<_>>() => {
    relid "oid" = table.id.0,
    schemaname "name" = PUBLIC.name,
    relname "name" = &table.name,
    seq_scan "int8" = NULL,
    seq_tup_read "int8" = NULL,
    idx_scan "int8" = NULL,
    idx_tup_fetch "int8" = NULL,
    n_tup_ins "int8" = NULL,
    n_tup_upd "int8" = NULL,
    n_tup_del "int8" = NULL,
    n_tup_hot_upd "int8" = NULL,
    n_live_tup "int8" = count,
    n_dead_tup "int8" = NULL,
    n_mod_since_analyze "int8" = NULL,
    n_ins_since_vacuum "int8" = NULL,
    last_vacuum "timestamptz" = NULL,
    last_autovacuum "timestamptz" = NULL,
    last_analyze "timestamptz" = NULL,
    last_autoanalyze "timestamptz" = NULL,
    vacuum_count "int8" = NULL,
    autovacuum_count "int8" = NULL,
    analyze_count "int8" = NULL,
    autoanalyze_count "int8" = NULL,
});

virtual_table!(PG_STAT_ALL_TABLES = pg_catalog.pg_stat_all_tables, 12142, (table, count) in cx: cx.catalog.tables().map(|table| (table, rows(cx, table.storage))).collect::<Vec<_>>() => {
    relid "oid" = table.id.0,
    schemaname "name" = PUBLIC.name,
    relname "name" = &table.name,
    seq_scan "int8" = NULL,
    seq_tup_read "int8" = NULL,
    idx_scan "int8" = NULL,
    idx_tup_fetch "int8" = NULL,
    n_tup_ins "int8" = NULL,
    n_tup_upd "int8" = NULL,
    n_tup_del "int8" = NULL,
    n_tup_hot_upd "int8" = NULL,
    n_live_tup "int8" = count,
    n_dead_tup "int8" = NULL,
    n_mod_since_analyze "int8" = NULL,
    n_ins_since_vacuum "int8" = NULL,
    last_vacuum "timestamptz" = NULL,
    last_autovacuum "timestamptz" = NULL,
    last_analyze "timestamptz" = NULL,
    last_autoanalyze "timestamptz" = NULL,
    vacuum_count "int8" = NULL,
    autovacuum_count "int8" = NULL,
    analyze_count "int8" = NULL,
    autoanalyze_count "int8" = NULL,
});

virtual_table!(PG_STAT_USER_INDEXES = pg_catalog.pg_stat_user_indexes, 12192, index in cx: all_indexes(cx) => {
    relid "oid" = index.table.id.0,
    indexrelid "oid" = index.oid,
    schemaname "name" = PUBLIC.name,
    relname "name" = &index.table.name,
    indexrelname "name" = index.name,
    idx_scan "int8" = NULL,
    idx_tup_read "int8" = NULL,
    idx_tup_fetch "int8" = NULL,
});

virtual_table!(PG_STAT_ALL_INDEXES = pg_catalog.pg_stat_all_indexes, 12183, index in cx: all_indexes(cx) => {
    relid "oid" = index.table.id.0,
    indexrelid "oid" = index.oid,
    schemaname "name" = PUBLIC.name,
    relname "name" = &index.table.name,
    indexrelname "name" = index.name,
    idx_scan "int8" = NULL,
    idx_tup_read "int8" = NULL,
    idx_tup_fetch "int8" = NULL,
});

virtual_table!(PG_STATIO_USER_TABLES = pg_catalog.pg_statio_user_tables, 12179, table in cx: cx.catalog.tables() => {
    relid "oid" = table.id.0,
    schemaname "name" = PUBLIC.name,
    relname "name" = &table.name,
    heap_blks_read "int8" = NULL,
    heap_blks_hit "int8" = NULL,
    idx_blks_read "int8" = NULL,
    idx_blks_hit "int8" = NULL,
    toast_blks_read "int8" = NULL,
    toast_blks_hit "int8" = NULL,
    tidx_blks_read "int8" = NULL,
    tidx_blks_hit "int8" = NULL,
});

virtual_table!(PG_STAT_DATABASE = pg_catalog.pg_stat_database, 12266, (name, sessions) in cx: [(cx.database, cx.sessions.len())] => {
    datid "oid" = DATABASE_OID,
    datname "name" = name,
    numbackends "int4" = i32::try_from(sessions).unwrap_or(i32::MAX),
    xact_commit "int8" = NULL,
    xact_rollback "int8" = NULL,
    blks_read "int8" = NULL,
    blks_hit "int8" = NULL,
    tup_returned "int8" = NULL,
    tup_fetched "int8" = NULL,
    tup_inserted "int8" = NULL,
    tup_updated "int8" = NULL,
    tup_deleted "int8" = NULL,
    conflicts "int8" = NULL,
    temp_files "int8" = NULL,
    temp_bytes "int8" = NULL,
    deadlocks "int8" = NULL,
    checksum_failures "int8" = NULL,
    checksum_last_failure "timestamptz" = NULL,
    blk_read_time "float8" = NULL,
    blk_write_time "float8" = NULL,
    session_time "float8" = NULL,
    active_time "float8" = NULL,
    idle_in_transaction_time "float8" = NULL,
    sessions "int8" = NULL,
    sessions_abandoned "int8" = NULL,
    sessions_fatal "int8" = NULL,
    sessions_killed "int8" = NULL,
    stats_reset "timestamptz" = NULL,
});

empty_table!(PG_STAT_BGWRITER = pg_catalog.pg_stat_bgwriter, 12289 => {
    checkpoints_timed "int8", checkpoints_req "int8", checkpoint_write_time "float8",
    checkpoint_sync_time "float8", buffers_checkpoint "int8", buffers_clean "int8",
    maxwritten_clean "int8", buffers_backend "int8", buffers_backend_fsync "int8",
    buffers_alloc "int8", stats_reset "timestamptz",
});

empty_table!(PG_STATISTIC = pg_catalog.pg_statistic, 2619 => {
    starelid "oid", staattnum "int2", stainherit "bool", stanullfrac "float4", stawidth "int4",
    stadistinct "float4", stakind1 "int2", stakind2 "int2", stakind3 "int2", stakind4 "int2",
    stakind5 "int2", staop1 "oid", staop2 "oid", staop3 "oid", staop4 "oid", staop5 "oid",
    stacoll1 "oid", stacoll2 "oid", stacoll3 "oid", stacoll4 "oid", stacoll5 "oid",
    stanumbers1 "float4[]", stanumbers2 "float4[]", stanumbers3 "float4[]",
    stanumbers4 "float4[]", stanumbers5 "float4[]", stavalues1 "text[]", stavalues2 "text[]",
    stavalues3 "text[]", stavalues4 "text[]", stavalues5 "text[]",
});

empty_table!(PG_STATISTIC_EXT = pg_catalog.pg_statistic_ext, 3381 => {
    oid "oid", stxrelid "oid", stxname "name", stxnamespace "oid", stxowner "oid",
    stxstattarget "int4", stxkeys "int2vector", stxkind "text[]", stxexprs "text",
});

empty_table!(PG_STATS = pg_catalog.pg_stats, 12053 => {
    schemaname "name", tablename "name", attname "name", inherited "bool", null_frac "float4",
    avg_width "int4", n_distinct "float4", most_common_vals "text[]",
    most_common_freqs "float4[]", histogram_bounds "text[]", correlation "float4",
    most_common_elems "text[]", most_common_elem_freqs "float4[]",
    elem_count_histogram "float4[]",
});

/// The exact number of records, as a statistic.
fn rows(cx: &SystemContext<'_>, storage: CollectionId) -> i64 {
    i64::try_from((cx.count)(storage)).unwrap_or(i64::MAX)
}
