//! Every setting there is: its default, what it accepts, and whether clients follow it.

/// What a setting accepts.
#[derive(Clone, Copy, Debug)]
pub enum Accepts {
    /// on or off.
    Flag,
    /// A whole number in the setting's unit, between these.
    Number(i64, i64, Unit),
    /// A number.
    Real,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Only this: naming it is harmless, changing it is not supported.
    Only(&'static [&'static str]),
    /// Nothing: it cannot be changed.
    Nothing,
    /// Any text.
    Text,
    /// A list of names, joined by commas.
    Names,
    /// A time zone.
    TimeZone,
    /// ISO and an order of fields.
    DateStyle,
    /// A read level.
    ReadLevel,
    /// A write level.
    WriteLevel,
    /// always, everysec, off, or nothing.
    Fsync,
    /// A token, or nothing.
    Token,
}

/// The unit of a number without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    None,
    /// Milliseconds.
    Ms,
    /// Kilobytes.
    Kb,
}

/// One setting.
#[derive(Debug)]
pub struct Definition {
    /// As SHOW spells it.
    pub name: &'static str,
    /// Without SET.
    pub default: &'static str,
    /// What it accepts.
    pub accepts: Accepts,
    /// Clients are told when it changes.
    pub reported: bool,
    /// One line of explanation.
    pub about: &'static str,
}

const fn setting(
    name: &'static str,
    default: &'static str,
    accepts: Accepts,
    about: &'static str,
) -> Definition {
    Definition {
        name,
        default,
        accepts,
        reported: false,
        about,
    }
}

const fn reported(
    name: &'static str,
    default: &'static str,
    accepts: Accepts,
    about: &'static str,
) -> Definition {
    Definition {
        name,
        default,
        accepts,
        reported: true,
        about,
    }
}

const ISOLATIONS: &[&str] = &[
    "read committed",
    "repeatable read",
    "serializable",
    "read uncommitted",
];
const MS: Accepts = Accepts::Number(0, i32::MAX as i64, Unit::Ms);
const KB: Accepts = Accepts::Number(64, i32::MAX as i64, Unit::Kb);

/// What is set when nothing is set. Sorted by name, as SHOW ALL shows them.
pub static SETTINGS: &[Definition] = &[
    reported(
        "application_name",
        "",
        Accepts::Text,
        "The application's name, for pg_stat_activity.",
    ),
    setting(
        "block_size",
        "8192",
        Accepts::Nothing,
        "The size of a disk block in PostgreSQL.",
    ),
    setting(
        "bytea_output",
        "hex",
        Accepts::Word(&["hex", "escape"]),
        "How bytea values print.",
    ),
    setting(
        "check_function_bodies",
        "on",
        Accepts::Flag,
        "There are no function bodies to check.",
    ),
    reported(
        "client_encoding",
        "UTF8",
        Accepts::Only(&["utf8", "utf-8", "unicode", "sql_ascii"]),
        "The client's encoding.",
    ),
    setting(
        "client_min_messages",
        "notice",
        Accepts::Word(&[
            "debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "notice", "warning",
            "error",
        ]),
        "The least message sent to the client.",
    ),
    setting(
        "constraint_exclusion",
        "partition",
        Accepts::Word(&["partition", "on", "off"]),
        "There are no inherited tables to exclude.",
    ),
    reported(
        "DateStyle",
        "ISO, MDY",
        Accepts::DateStyle,
        "How dates print, and the order of ambiguous ones.",
    ),
    setting(
        "default_statistics_target",
        "100",
        Accepts::Number(1, 10_000, Unit::None),
        "There are no statistics to aim for.",
    ),
    setting(
        "default_table_access_method",
        "heap",
        Accepts::Only(&["heap"]),
        "Tables are stored in one way.",
    ),
    setting(
        "default_tablespace",
        "",
        Accepts::Only(&[""]),
        "There is one tablespace.",
    ),
    setting(
        "default_transaction_deferrable",
        "off",
        Accepts::Flag,
        "Snapshots are never waited for.",
    ),
    setting(
        "default_transaction_isolation",
        "read committed",
        Accepts::Word(ISOLATIONS),
        "The isolation of transactions that do not say.",
    ),
    reported(
        "default_transaction_read_only",
        "off",
        Accepts::Flag,
        "Whether transactions that do not say are read only.",
    ),
    setting(
        "escape_string_warning",
        "on",
        Accepts::Flag,
        "Backslashes in ordinary strings are ordinary.",
    ),
    setting(
        "extra_float_digits",
        "1",
        Accepts::Number(-15, 3, Unit::None),
        "Above 0 floats print exactly.",
    ),
    setting(
        "idle_in_transaction_session_timeout",
        "0",
        MS,
        "How long a transaction may wait for its client.",
    ),
    setting(
        "idle_session_timeout",
        "0",
        MS,
        "How long a session may wait for its client.",
    ),
    reported(
        "in_hot_standby",
        "off",
        Accepts::Nothing,
        "Whether this is a standby.",
    ),
    reported(
        "integer_datetimes",
        "on",
        Accepts::Nothing,
        "Times are whole microseconds.",
    ),
    reported(
        "IntervalStyle",
        "postgres",
        Accepts::Word(&["postgres", "iso_8601"]),
        "How intervals print.",
    ),
    reported(
        "is_superuser",
        "on",
        Accepts::Nothing,
        "Whether the user may do anything.",
    ),
    setting(
        "jit",
        "off",
        Accepts::Flag,
        "Nothing is compiled at run time.",
    ),
    setting(
        "lc_collate",
        "C",
        Accepts::Nothing,
        "Text sorts by its bytes.",
    ),
    setting("lc_ctype", "C.UTF-8", Accepts::Nothing, "What is a letter."),
    setting(
        "lc_messages",
        "C",
        Accepts::Only(&["c", "en_us.utf-8", "en_us.utf8", ""]),
        "The language of messages.",
    ),
    setting(
        "lc_monetary",
        "C",
        Accepts::Only(&["c", ""]),
        "How money prints.",
    ),
    setting(
        "lc_numeric",
        "C",
        Accepts::Only(&["c", ""]),
        "How numbers print.",
    ),
    setting(
        "lc_time",
        "C",
        Accepts::Only(&["c", ""]),
        "How month names print.",
    ),
    setting(
        "lock_timeout",
        "0",
        MS,
        "How long a statement may wait for one lock.",
    ),
    setting(
        "maintenance_work_mem",
        "65536",
        KB,
        "Nothing is sorted on disk.",
    ),
    setting(
        "max_connections",
        "10000",
        Accepts::Nothing,
        "Clients served at once.",
    ),
    setting(
        "max_identifier_length",
        "63",
        Accepts::Nothing,
        "Bytes in a name.",
    ),
    setting(
        "max_index_keys",
        "32",
        Accepts::Nothing,
        "Columns in an index.",
    ),
    setting(
        "quote_all_identifiers",
        "off",
        Accepts::Flag,
        "Whether printed expressions quote every name.",
    ),
    setting(
        "role",
        "none",
        Accepts::Only(&["none", "stele"]),
        "The current role.",
    ),
    setting(
        "row_security",
        "on",
        Accepts::Flag,
        "There are no row policies.",
    ),
    setting(
        "search_path",
        "\"$user\", public",
        Accepts::Names,
        "Where unqualified names are looked for.",
    ),
    reported(
        "server_encoding",
        "UTF8",
        Accepts::Nothing,
        "The database's encoding.",
    ),
    reported(
        "server_version",
        "15.18",
        Accepts::Nothing,
        "The version of PostgreSQL this door speaks.",
    ),
    setting(
        "server_version_num",
        "150018",
        Accepts::Nothing,
        "The same as a number.",
    ),
    reported(
        "session_authorization",
        "stele",
        Accepts::Nothing,
        "The user who logged in.",
    ),
    reported(
        "standard_conforming_strings",
        "on",
        Accepts::Only(&["on", "true", "yes", "1"]),
        "Backslashes in ordinary strings are ordinary.",
    ),
    setting(
        "statement_timeout",
        "0",
        MS,
        "How long a statement may take.",
    ),
    setting(
        "stele.fsync",
        "",
        Accepts::Fsync,
        "When this session's writes are forced to disk; empty = the node's setting.",
    ),
    setting(
        "stele.read",
        "latest",
        Accepts::ReadLevel,
        "What reads may return.",
    ),
    setting(
        "stele.token",
        "",
        Accepts::Token,
        "What this session has seen; setting it makes the session see at least that.",
    ),
    setting(
        "stele.write",
        "confirmed",
        Accepts::WriteLevel,
        "When writes are answered.",
    ),
    setting(
        "synchronize_seqscans",
        "on",
        Accepts::Flag,
        "Scans do not share their way.",
    ),
    setting(
        "synchronous_commit",
        "on",
        Accepts::Word(&["on", "off", "local", "remote_write", "remote_apply"]),
        "off: writes are answered before they are forced to disk.",
    ),
    reported(
        "TimeZone",
        "UTC",
        Accepts::TimeZone,
        "The session's time zone.",
    ),
    setting(
        "transaction_deferrable",
        "off",
        Accepts::Flag,
        "Snapshots are never waited for.",
    ),
    setting(
        "transaction_isolation",
        "read committed",
        Accepts::Word(ISOLATIONS),
        "The isolation of the transaction at hand.",
    ),
    setting(
        "transaction_read_only",
        "off",
        Accepts::Flag,
        "Whether the transaction at hand is read only.",
    ),
    setting(
        "work_mem",
        "4096",
        KB,
        "Statements share one budget of memory.",
    ),
    setting(
        "xmloption",
        "content",
        Accepts::Word(&["content", "document"]),
        "There is no XML.",
    ),
];

/// The setting of this name, whatever its case.
pub fn find(name: &str) -> Option<&'static Definition> {
    SETTINGS
        .iter()
        .find(|setting| setting.name.eq_ignore_ascii_case(name))
}
