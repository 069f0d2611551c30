//! Who, where and since when: the session and the server.

use stele_core::record::value::{Result, Type, Value, ValueError};

use super::super::schema;
use super::super::table::array;
use super::{Args, text};
use crate::sql::virtual_table::SystemContext;

/// The server version drivers see.
const VERSION: &str = concat!("PostgreSQL 15.18 (Stele ", env!("CARGO_PKG_VERSION"), ")");

pub(super) fn call(cx: &SystemContext<'_>, name: &str, args: Args<'_>) -> Option<Result<Value>> {
    Some(match name {
        "version" => Ok(VERSION.into()),
        "current_database" | "current_catalog" => Ok(cx.database.into()),
        "current_user" | "current_role" | "user" => Ok(cx.user.into()),
        "session_user" => Ok(cx.session_user.into()),
        "current_schema" => text(current_schema(cx)),
        "current_schemas" => Ok(current_schemas(cx, args.flag(0))),
        "current_setting" => current_setting(cx, args),
        "pg_backend_pid" => Ok(Value::Int4(cx.backend_pid)),
        "pg_postmaster_start_time" | "pg_conf_load_time" => Ok(Value::Timestamptz(cx.started_us)),
        "pg_is_in_recovery" | "pg_is_wal_replay_paused" | "pg_is_other_temp_schema" => {
            Ok(Value::Bool(false))
        }
        "pg_my_temp_schema" => Ok(Value::Oid(0)),
        "inet_client_addr" | "inet_client_port" | "inet_server_addr" | "inet_server_port" => {
            Ok(Value::Null)
        }
        "pg_encoding_to_char" => Ok(encoding_name(args).into()),
        "pg_char_to_encoding" => Ok(Value::Int4(encoding_number(args))),
        "pg_tablespace_location" => Ok("".into()),
        "getdatabaseencoding" | "pg_client_encoding" => Ok("UTF8".into()),
        _ => return None,
    })
}

fn current_schema(cx: &SystemContext<'_>) -> Option<String> {
    let mut existing = cx.search_path.iter().filter_map(|name| schema::named(name));
    existing.next().map(|schema| schema.name.to_string())
}

/// The search path that exists, with the implied `pg_catalog` when asked for.
fn current_schemas(cx: &SystemContext<'_>, implied: bool) -> Value {
    let named = cx.search_path.iter().filter_map(|name| schema::named(name));
    let names: Vec<&str> = match implied {
        true => schema::search_path(cx).map(|schema| schema.name).collect(),
        false => named.map(|schema| schema.name).collect(),
    };
    array(Type::Name, names)
}

/// A setting by name, in any case. Errors: 42704 when there is none, unless told to be lenient.
fn current_setting(cx: &SystemContext<'_>, args: Args<'_>) -> Result<Value> {
    let Some(name) = args.text(0) else {
        return Ok(Value::Null);
    };
    let found = cx
        .settings
        .iter()
        .find(|setting| setting.name.eq_ignore_ascii_case(name));
    match found {
        Some(setting) => Ok(setting.value.as_str().into()),
        None if args.flag(1) => Ok(Value::Null),
        None => Err(ValueError::new(
            "42704",
            format!("unrecognized configuration parameter \"{name}\""),
        )),
    }
}

/// The encodings clients ask about; the database's is always UTF8.
const ENCODINGS: [(i32, &str); 3] = [(0, "SQL_ASCII"), (6, "UTF8"), (8, "LATIN1")];

fn encoding_name(args: Args<'_>) -> &'static str {
    let number = args.int(0);
    let found = ENCODINGS
        .iter()
        .find(|(known, _)| Some(i64::from(*known)) == number);
    found.map_or("", |(_, name)| name)
}

fn encoding_number(args: Args<'_>) -> i32 {
    let name = args.text(0).unwrap_or_default().replace(['-', '_'], "");
    let same = |known: &str| known.replace('_', "").eq_ignore_ascii_case(&name);
    ENCODINGS
        .iter()
        .find(|(_, known)| same(known))
        .map_or(-1, |(number, _)| *number)
}
