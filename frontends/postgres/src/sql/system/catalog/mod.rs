//! # The tables of `pg_catalog`
//!
//! **What.** PostgreSQL 15's system tables and views with all their columns, one family per
//! file, filled from the live catalogue.
//!
//! **Why.** psql, drivers and migration tools learn everything about a database from here.
//!
//! **How.** Every table is one `virtual_table!`: a line per column with its type and its
//! value. What this database does not have is an `empty_table!`, so that a query for it finds
//! nothing rather than an error.
//!
//! **Limits.** Types PostgreSQL has and this database does not (`aclitem`, `pg_node_tree`,
//! `pg_lsn`, `inet`) show as text. Sizes in pages and statistics are not kept.
//!
//! **Further reading.** PostgreSQL manual, chapter 53 (system catalogs) and 54 (system views).

use crate::sql::virtual_table::VirtualTable;

mod absent;
mod attribute;
pub(super) mod cast;
mod class;
mod constraint;
mod depend;
mod index;
mod namespace;
mod procedure;
mod publication;
mod role;
mod sequence;
mod session;
mod statistics;
pub(super) mod type_function;
pub(super) mod types;
mod view;

/// Every table and view.
pub(super) static TABLES: &[&VirtualTable] = &[
    &absent::PG_INHERITS,
    &absent::PG_TRIGGER,
    &absent::PG_POLICY,
    &absent::PG_POLICIES,
    &absent::PG_CONVERSION,
    &absent::PG_EXTENSION,
    &absent::PG_AVAILABLE_EXTENSIONS,
    &absent::PG_PREPARED_XACTS,
    &absent::PG_ENUM,
    &absent::PG_RANGE,
    &absent::PG_PUBLICATION_NAMESPACE,
    &absent::PG_FOREIGN_TABLE,
    &absent::PG_FOREIGN_SERVER,
    &absent::PG_FOREIGN_DATA_WRAPPER,
    &absent::PG_USER_MAPPING,
    &absent::PG_USER_MAPPINGS,
    &absent::PG_PARTITIONED_TABLE,
    &absent::PG_REWRITE,
    &absent::PG_RULES,
    &absent::PG_EVENT_TRIGGER,
    &absent::PG_DEFAULT_ACL,
    &absent::PG_INIT_PRIVS,
    &absent::PG_SECLABEL,
    &absent::PG_SECLABELS,
    &absent::PG_LARGEOBJECT,
    &absent::PG_LARGEOBJECT_METADATA,
    &absent::PG_SUBSCRIPTION,
    &absent::PG_SUBSCRIPTION_REL,
    &absent::PG_TRANSFORM,
    &absent::PG_TS_CONFIG,
    &absent::PG_TS_CONFIG_MAP,
    &absent::PG_TS_DICT,
    &absent::PG_TS_PARSER,
    &absent::PG_TS_TEMPLATE,
    &absent::PG_AMOP,
    &absent::PG_AMPROC,
    &attribute::PG_ATTRIBUTE,
    &attribute::PG_ATTRDEF,
    &cast::PG_CAST,
    &class::PG_CLASS,
    &constraint::PG_CONSTRAINT,
    &depend::PG_DEPEND,
    &depend::PG_DESCRIPTION,
    &depend::PG_SHDESCRIPTION,
    &depend::PG_SHDEPEND,
    &index::PG_INDEX,
    &index::PG_AM,
    &index::PG_OPCLASS,
    &index::PG_OPFAMILY,
    &namespace::PG_NAMESPACE,
    &namespace::PG_DATABASE,
    &namespace::PG_TABLESPACE,
    &procedure::PG_PROC,
    &procedure::PG_OPERATOR,
    &procedure::PG_LANGUAGE,
    &procedure::PG_COLLATION,
    &procedure::PG_AGGREGATE,
    &publication::PG_PUBLICATION,
    &publication::PG_PUBLICATION_REL,
    &publication::PG_PUBLICATION_TABLES,
    &role::PG_AUTHID,
    &role::PG_ROLES,
    &role::PG_USER,
    &role::PG_SHADOW,
    &role::PG_GROUP,
    &role::PG_AUTH_MEMBERS,
    &role::PG_DB_ROLE_SETTING,
    &sequence::PG_SEQUENCE,
    &sequence::PG_SEQUENCES,
    &session::PG_SETTINGS,
    &session::PG_STAT_ACTIVITY,
    &session::PG_PREPARED_STATEMENTS,
    &session::PG_CURSORS,
    &session::PG_TIMEZONE_NAMES,
    &session::PG_TIMEZONE_ABBREVS,
    &session::PG_REPLICATION_SLOTS,
    &session::PG_STAT_REPLICATION,
    &session::PG_LOCKS,
    &statistics::PG_STAT_USER_TABLES,
    &statistics::PG_STAT_ALL_TABLES,
    &statistics::PG_STAT_USER_INDEXES,
    &statistics::PG_STAT_ALL_INDEXES,
    &statistics::PG_STATIO_USER_TABLES,
    &statistics::PG_STAT_DATABASE,
    &statistics::PG_STAT_BGWRITER,
    &statistics::PG_STATISTIC,
    &statistics::PG_STATISTIC_EXT,
    &statistics::PG_STATS,
    &types::PG_TYPE,
    &view::PG_TABLES,
    &view::PG_VIEWS,
    &view::PG_INDEXES,
    &view::PG_MATVIEWS,
];
