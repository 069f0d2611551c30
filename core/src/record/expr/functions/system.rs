//! Functions the door answers: the session, sequences, and the catalogue described.
//!
//! Only their types are here; [`super::super::Host::call`] computes them.

use super::registry::{Eval, Register, Volatility};

/// Questions about the session and the server.
const SESSION: &[&str] = &[
    "version() text",
    "current_database() name",
    "current_catalog() name",
    "current_user() name",
    "current_role() name",
    "session_user() name",
    "user() name",
    "current_schema() name",
    "current_schemas(boolean) name[]",
    "current_setting(text) text",
    "current_setting(text, boolean) text",
    "pg_backend_pid() integer",
    "pg_postmaster_start_time() timestamptz",
    "pg_conf_load_time() timestamptz",
    "pg_is_in_recovery() boolean",
    "pg_is_wal_replay_paused() boolean",
    "pg_my_temp_schema() oid",
    "pg_is_other_temp_schema(oid) boolean",
    "inet_client_addr() text",
    "inet_client_port() integer",
    "inet_server_addr() text",
    "inet_server_port() integer",
    "pg_client_encoding() name",
    "getdatabaseencoding() name",
    "pg_encoding_to_char(integer) name",
    "pg_char_to_encoding(name) integer",
    "txid_current() bigint",
    "pg_tablespace_location(oid) text",
];

/// Objects as SQL text.
const DEFINITIONS: &[&str] = &[
    "pg_get_expr(text, oid) text",
    "pg_get_expr(text, oid, boolean) text",
    "pg_get_constraintdef(oid) text",
    "pg_get_constraintdef(oid, boolean) text",
    "pg_get_indexdef(oid) text",
    "pg_get_indexdef(oid, integer, boolean) text",
    "pg_get_viewdef(text) text",
    "pg_get_viewdef(oid) text",
    "pg_get_viewdef(text, boolean) text",
    "pg_get_viewdef(oid, boolean) text",
    "pg_get_viewdef(oid, integer) text",
    "pg_get_triggerdef(oid) text",
    "pg_get_triggerdef(oid, boolean) text",
    "pg_get_ruledef(oid) text",
    "pg_get_ruledef(oid, boolean) text",
    "pg_get_functiondef(oid) text",
    "pg_get_function_result(oid) text",
    "pg_get_function_arguments(oid) text",
    "pg_get_function_identity_arguments(oid) text",
    "pg_get_partkeydef(oid) text",
    "pg_get_partition_constraintdef(oid) text",
    "pg_get_statisticsobjdef(oid) text",
    "pg_get_statisticsobjdef_columns(oid) text",
    "pg_get_userbyid(oid) name",
    "pg_get_serial_sequence(text, text) text",
];

/// Comments, sizes, and what may be done with an object.
const DESCRIPTIONS: &[&str] = &[
    "obj_description(oid) text",
    "obj_description(oid, name) text",
    "col_description(oid, integer) text",
    "shobj_description(oid, name) text",
    "pg_relation_is_publishable(regclass) boolean",
    "pg_relation_is_updatable(regclass, boolean) integer",
    "pg_column_is_updatable(regclass, smallint, boolean) boolean",
    "pg_table_size(regclass) bigint",
    "pg_relation_size(regclass) bigint",
    "pg_relation_size(regclass, text) bigint",
    "pg_total_relation_size(regclass) bigint",
    "pg_indexes_size(regclass) bigint",
    "pg_database_size(name) bigint",
    "pg_database_size(oid) bigint",
    "pg_tablespace_size(name) bigint",
    "pg_tablespace_size(oid) bigint",
    "pg_size_pretty(bigint) text",
    "row_security_active(oid) boolean",
    "row_security_active(text) boolean",
    "to_regclass(text) regclass",
    "to_regtype(text) regtype",
    "to_regnamespace(text) regnamespace",
    "to_regproc(text) regproc",
    "to_regprocedure(text) regprocedure",
    "to_regoper(text) regoper",
    "to_regoperator(text) regoperator",
    "to_regrole(text) regrole",
];

/// Kinds of objects with a `pg_..._is_visible`.
const VISIBLE: &[&str] = &[
    "table",
    "type",
    "function",
    "operator",
    "opclass",
    "opfamily",
    "collation",
    "conversion",
    "statistics_obj",
    "ts_config",
    "ts_dict",
    "ts_parser",
    "ts_template",
];

/// Kinds of objects with a `has_..._privilege`, by name or by OID.
const PRIVILEGED: &[&str] = &[
    "table",
    "any_column",
    "sequence",
    "schema",
    "type",
    "database",
    "function",
    "language",
    "server",
    "tablespace",
    "foreign_data_wrapper",
];

/// What changes something outside the expression, so is volatile.
const EFFECTS: &[&str] = &[
    "nextval(regclass) bigint",
    "currval(regclass) bigint",
    "lastval() bigint",
    "setval(regclass, bigint) bigint",
    "setval(regclass, bigint, boolean) bigint",
    "pg_notify(text, text) void",
    "pg_cancel_backend(integer) boolean",
    "pg_terminate_backend(integer) boolean",
];

pub(super) fn register(register: &mut Register) {
    for signature in SESSION.iter().chain(DEFINITIONS).chain(DESCRIPTIONS) {
        register.add(signature, Volatility::Stable, true, Eval::Host);
    }
    for kind in VISIBLE {
        let signature = format!("pg_{kind}_is_visible(oid) boolean");
        register.add(&signature, Volatility::Stable, true, Eval::Host);
    }
    for signature in EFFECTS {
        register.add(signature, Volatility::Volatile, true, Eval::Host);
    }
    // A missing modifier and a missing value mean something.
    register.add(
        "format_type(oid, integer) text",
        Volatility::Stable,
        false,
        Eval::Host,
    );
    register.add(
        "set_config(text, text, boolean) text",
        Volatility::Volatile,
        false,
        Eval::Host,
    );
    privileges(register);
}

/// Every way to name a user (or none), an object and, for columns, a column.
fn privileges(register: &mut Register) {
    for user in ["", "name, ", "oid, "] {
        for object in ["text", "oid"] {
            for kind in PRIVILEGED {
                let signature = format!("has_{kind}_privilege({user}{object}, text) boolean");
                register.add(&signature, Volatility::Stable, true, Eval::Host);
            }
            for column in ["text", "smallint"] {
                let signature =
                    format!("has_column_privilege({user}{object}, {column}, text) boolean");
                register.add(&signature, Volatility::Stable, true, Eval::Host);
            }
        }
        for role in ["name", "oid"] {
            let signature = format!("pg_has_role({user}{role}, text) boolean");
            register.add(&signature, Volatility::Stable, true, Eval::Host);
        }
    }
}
