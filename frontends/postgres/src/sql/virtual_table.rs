//! Tables without rows on disk: `pg_catalog` and `information_schema` are computed when read.

use stele_core::record::CollectionId;
use stele_core::record::table::Catalog;
use stele_core::record::value::{ColumnType, Type, Value};

/// A table whose rows are computed from the session and the catalogue.
pub struct VirtualTable {
    /// `pg_catalog` or `information_schema`.
    pub schema: &'static str,
    /// The name users see.
    pub name: &'static str,
    /// `pg_class.oid`, below 16384.
    pub oid: u32,
    /// In the order users see them.
    pub columns: &'static [VirtualColumn],
    /// Every row, one value per column, each of the column's type or NULL.
    pub rows: fn(&SystemContext<'_>) -> Vec<Vec<Value>>,
}

/// A column of a virtual table.
#[derive(Clone, Copy, Debug)]
pub struct VirtualColumn {
    /// The name users see.
    pub name: &'static str,
    /// The type as SQL spells it: `oid`, `name`, `text[]`, `int2vector`, `"char"`.
    pub ty: &'static str,
}

impl VirtualColumn {
    /// The column's type; text when the spelling is not a type's.
    pub fn column_type(&self) -> ColumnType {
        Type::from_name(self.ty).unwrap_or(Type::Text).into()
    }
}

/// What virtual tables and system functions may look at.
pub struct SystemContext<'a> {
    /// Tables, sequences and roles as the statement sees them.
    pub catalog: &'a Catalog,
    /// `session_user`.
    pub session_user: &'a str,
    /// `current_user`.
    pub user: &'a str,
    /// `current_database()`.
    pub database: &'a str,
    /// `current_schemas(false)`: the schemas of `search_path` that exist.
    pub search_path: &'a [String],
    /// `pg_backend_pid()`.
    pub backend_pid: i32,
    /// Every session setting, by name.
    pub settings: &'a [SettingRow],
    /// Every session of this node.
    pub sessions: &'a [SessionRow],
    /// When the node started, microseconds since 2000-01-01 UTC.
    pub started_us: i64,
    /// The records of a collection, exactly.
    pub count: &'a (dyn Fn(CollectionId) -> u64 + Sync),
}

/// One row of `pg_settings`.
#[derive(Clone, Debug)]
pub struct SettingRow {
    /// The setting's name, as SHOW spells it.
    pub name: String,
    /// Its value now.
    pub value: String,
    /// Its value after RESET.
    pub reset: String,
    /// One line of explanation.
    pub description: String,
}

/// One row of `pg_stat_activity`.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// The number cancel requests name.
    pub pid: i32,
    /// The user who logged in.
    pub user: String,
    /// The database connected to.
    pub database: String,
    /// `application_name`.
    pub application: String,
    /// The client's address, without its port.
    pub client_addr: String,
    /// The client's port.
    pub client_port: i32,
    /// Microseconds since 2000-01-01 UTC.
    pub started_us: i64,
    /// `idle`, `active`, `idle in transaction`, `idle in transaction (aborted)`.
    pub state: String,
    /// The statement that runs or ran last.
    pub query: String,
}
