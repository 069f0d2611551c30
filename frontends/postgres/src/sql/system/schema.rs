//! The schemas there are, and which of them a bare name is looked for in.

use crate::sql::virtual_table::SystemContext;

/// A schema.
pub(super) struct Schema {
    /// `pg_namespace.oid`.
    pub oid: u32,
    /// The name users see.
    pub name: &'static str,
    /// One line for `\dn+`.
    pub description: &'static str,
}

/// Where the system tables are.
pub(super) static PG_CATALOG: Schema = Schema {
    oid: 11,
    name: "pg_catalog",
    description: "system catalog schema",
};
/// Where users' tables are.
pub(super) static PUBLIC: Schema = Schema {
    oid: 2200,
    name: "public",
    description: "standard public schema",
};
/// Where the views of the Redis databases are.
pub(super) static REDIS: Schema = Schema {
    oid: 13000,
    name: "redis",
    description: "the Redis databases as views",
};
/// SQL's own catalogue.
pub(super) static INFORMATION: Schema = Schema {
    oid: 13229,
    name: "information_schema",
    description: "",
};

/// Every schema.
pub(super) static SCHEMAS: [&Schema; 4] = [&PG_CATALOG, &PUBLIC, &REDIS, &INFORMATION];

/// The schema of this name.
pub(super) fn named(name: &str) -> Option<&'static Schema> {
    SCHEMAS.into_iter().find(|schema| schema.name == name)
}

/// The schemas a bare name is looked for in, `pg_catalog` first unless it is named later.
pub(super) fn search_path<'a>(
    cx: &SystemContext<'a>,
) -> impl Iterator<Item = &'static Schema> + use<'a> {
    let named_path = cx.search_path.iter().filter_map(|name| named(name));
    let explicit = cx.search_path.iter().any(|name| name == PG_CATALOG.name);
    let implied = (!explicit).then_some(&PG_CATALOG);
    implied.into_iter().chain(named_path)
}
