//! `pg_settings`, `pg_stat_activity`, `pg_locks` and what else shows sessions.

use stele_core::record::value::Value;

use super::super::owner::role_oid;
use super::super::table::{NULL, empty_table, virtual_table};
use super::namespace::DATABASE_OID;

virtual_table!(PG_SETTINGS = pg_catalog.pg_settings, 12104, setting in cx: cx.settings.iter() => {
    name "text" = &setting.name,
    setting "text" = &setting.value,
    unit "text" = NULL,
    category "text" = "Customized Options",
    short_desc "text" = &setting.description,
    extra_desc "text" = NULL,
    context "text" = "user",
    vartype "text" = "string",
    source "text" = if setting.value == setting.reset { "default" } else { "session" },
    min_val "text" = NULL,
    max_val "text" = NULL,
    enumvals "text[]" = NULL,
    boot_val "text" = &setting.reset,
    reset_val "text" = &setting.reset,
    sourcefile "text" = NULL,
    sourceline "int4" = NULL,
    pending_restart "bool" = false,
});

virtual_table!(PG_STAT_ACTIVITY = pg_catalog.pg_stat_activity, 12222, (session, role) in cx: cx.sessions.iter().map(|session| (session, role_oid(cx, &session.user))).collect::<Vec<_>>() => {
    datid "oid" = DATABASE_OID,
    datname "name" = &session.database,
    pid "int4" = session.pid,
    leader_pid "int4" = NULL,
    usesysid "oid" = role,
    usename "name" = &session.user,
    application_name "text" = &session.application,
    client_addr "text" = &session.client_addr,
    client_hostname "text" = NULL,
    client_port "int4" = session.client_port,
    backend_start "timestamptz" = Value::Timestamptz(session.started_us),
    xact_start "timestamptz" = NULL,
    query_start "timestamptz" = NULL,
    state_change "timestamptz" = NULL,
    wait_event_type "text" = NULL,
    wait_event "text" = NULL,
    state "text" = &session.state,
    backend_xid "xid" = NULL,
    backend_xmin "xid" = NULL,
    query_id "int8" = NULL,
    query "text" = &session.query,
    backend_type "text" = "client backend",
});

empty_table!(PG_PREPARED_STATEMENTS = pg_catalog.pg_prepared_statements, 12095 => {
    name "text", statement "text", prepare_time "timestamptz", parameter_types "oid[]",
    from_sql "bool", generic_plans "int8", custom_plans "int8",
});

empty_table!(PG_CURSORS = pg_catalog.pg_cursors, 12077 => {
    name "text", statement "text", is_holdable "bool", is_binary "bool", is_scrollable "bool",
    creation_time "timestamptz",
});

empty_table!(PG_TIMEZONE_NAMES = pg_catalog.pg_timezone_names, 12126 => {
    name "text", abbrev "text", utc_offset "interval", is_dst "bool",
});

empty_table!(PG_TIMEZONE_ABBREVS = pg_catalog.pg_timezone_abbrevs, 12122 => {
    abbrev "text", utc_offset "interval", is_dst "bool",
});

empty_table!(PG_REPLICATION_SLOTS = pg_catalog.pg_replication_slots, 12257 => {
    slot_name "name", plugin "name", slot_type "text", datoid "oid", database "name",
    temporary "bool", active "bool", active_pid "int4", xmin "xid", catalog_xmin "xid",
    restart_lsn "text", confirmed_flush_lsn "text", wal_status "text", safe_wal_size "int8",
    two_phase "bool",
});

empty_table!(PG_STAT_REPLICATION = pg_catalog.pg_stat_replication, 12227 => {
    pid "int4", usesysid "oid", usename "name", application_name "text", client_addr "text",
    client_hostname "text", client_port "int4", backend_start "timestamptz", backend_xmin "xid",
    state "text", sent_lsn "text", write_lsn "text", flush_lsn "text", replay_lsn "text",
    write_lag "interval", flush_lag "interval", replay_lag "interval", sync_priority "int4",
    sync_state "text", reply_time "timestamptz",
});

empty_table!(PG_LOCKS = pg_catalog.pg_locks, 12073 => {
    locktype "text", database "oid", relation "oid", page "int4", tuple "int2", virtualxid "text",
    transactionid "xid", classid "oid", objid "oid", objsubid "int2", virtualtransaction "text",
    pid "int4", mode "text", granted "bool", fastpath "bool", waitstart "timestamptz",
});
