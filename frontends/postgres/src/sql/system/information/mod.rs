//! # The views of `information_schema`
//!
//! **What.** SQL's own catalogue: tables, columns, constraints, sequences, privileges.
//!
//! **Why.** Tools that want to run on every database ask here rather than in `pg_catalog`.
//!
//! **How.** The same `virtual_table!`s over the same relations and constraints; [`facts`] turns
//! a type into the lengths and digits SQL wants to hear.
//!
//! **Limits.** Domains, routines and triggers do not exist, so their views are empty. Every
//! role sees everything: privileges list the owner's only.
//!
//! **Further reading.** PostgreSQL manual, chapter 37; ISO/IEC 9075-11.

use crate::sql::virtual_table::VirtualTable;

mod absent;
mod column;
mod constraint;
mod facts;
mod relation;
mod role;
mod sequence;

/// Every view.
pub(super) static TABLES: &[&VirtualTable] = &[
    &absent::ROUTINES,
    &absent::PARAMETERS,
    &absent::TRIGGERS,
    &absent::DOMAINS,
    &absent::USER_DEFINED_TYPES,
    &absent::DOMAIN_CONSTRAINTS,
    &absent::CHECK_CONSTRAINT_ROUTINE_USAGE,
    &absent::COLUMN_DOMAIN_USAGE,
    &absent::COLUMN_UDT_USAGE,
    &absent::TRIGGERED_UPDATE_COLUMNS,
    &absent::VIEW_COLUMN_USAGE,
    &absent::VIEW_ROUTINE_USAGE,
    &absent::FOREIGN_TABLES,
    &absent::FOREIGN_SERVERS,
    &absent::USER_MAPPINGS,
    &absent::ATTRIBUTES,
    &absent::ROUTINE_PRIVILEGES,
    &absent::UDT_PRIVILEGES,
    &absent::ROLE_COLUMN_GRANTS,
    &column::COLUMNS,
    &column::ELEMENT_TYPES,
    &constraint::TABLE_CONSTRAINTS,
    &constraint::KEY_COLUMN_USAGE,
    &constraint::CONSTRAINT_COLUMN_USAGE,
    &constraint::CONSTRAINT_TABLE_USAGE,
    &constraint::REFERENTIAL_CONSTRAINTS,
    &constraint::CHECK_CONSTRAINTS,
    &relation::TABLES,
    &relation::VIEWS,
    &relation::SCHEMATA,
    &relation::INFORMATION_SCHEMA_CATALOG_NAME,
    &relation::CHARACTER_SETS,
    &relation::COLLATIONS,
    &relation::VIEW_TABLE_USAGE,
    &role::ENABLED_ROLES,
    &role::TABLE_PRIVILEGES,
    &role::ROLE_TABLE_GRANTS,
    &role::APPLICABLE_ROLES,
    &role::COLUMN_PRIVILEGES,
    &role::USAGE_PRIVILEGES,
    &sequence::SEQUENCES,
];
