//! Names: those given, and those PostgreSQL would make up.

use stele_core::record::table::{Catalog, Table};

use super::search_index;
use crate::error::SqlError;

/// PostgreSQL's NAMEDATALEN less one.
const NAME_BYTES_MAX: usize = 63;

/// 42P07 when a table, index, sequence or stream has this name.
pub fn check_free(catalog: &Catalog, name: &str) -> Result<(), SqlError> {
    match is_taken(catalog, name) {
        true => Err(SqlError::new(
            "42P07",
            format!("relation \"{name}\" already exists"),
        )),
        false => Ok(()),
    }
}

/// Whether a table, index, sequence or stream has this name.
pub fn is_taken(catalog: &Catalog, name: &str) -> bool {
    catalog.table(name).is_some()
        || catalog.sequence(name).is_some()
        || catalog.stream(name).is_some()
        || owner_of_index(catalog, name).is_some()
        || search_index::find(catalog, name).is_some()
}

/// The table whose index or primary key has this name.
pub fn owner_of_index<'c>(catalog: &'c Catalog, name: &str) -> Option<&'c std::sync::Arc<Table>> {
    catalog.tables().find(|table| has_index(table, name))
}

fn has_index(table: &Table, name: &str) -> bool {
    table.indexes.iter().any(|index| index.name == name)
        || table
            .primary_key
            .as_ref()
            .is_some_and(|key| key.name == name)
}

/// Whether the table has a constraint of this name.
pub fn has_constraint(table: &Table, name: &str) -> bool {
    table
        .primary_key
        .as_ref()
        .is_some_and(|key| key.name == name)
        || table
            .indexes
            .iter()
            .any(|index| index.constraint && index.name == name)
        || table.checks.iter().any(|check| check.name == name)
        || table.foreign_keys.iter().any(|key| key.name == name)
}

/// `parts_suffix`, cut to fit, with a number when it is taken.
pub fn made_up(parts: &[&str], suffix: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let stem = parts.join("_");
    for number in 0u32.. {
        let tail = match number {
            0 => format!("_{suffix}"),
            number => format!("_{suffix}{number}"),
        };
        let room = NAME_BYTES_MAX.saturating_sub(tail.len());
        let cut = (0..=room.min(stem.len()))
            .rev()
            .find(|at| stem.is_char_boundary(*at))
            .unwrap_or(0);
        let name = format!("{}{tail}", stem.get(..cut).unwrap_or_default());
        if !is_taken(&name) {
            return name;
        }
    }
    stem
}

/// A name for a constraint of this table.
pub fn constraint(table: &Table, columns: &[&str], suffix: &str) -> String {
    let mut parts = vec![table.name.as_str()];
    parts.extend(columns);
    made_up(&parts, suffix, |name| has_constraint(table, name))
}

/// A name for an index, unique among all relations.
pub fn index(catalog: &Catalog, table: &Table, columns: &[&str], suffix: &str) -> String {
    let mut parts = vec![table.name.as_str()];
    parts.extend(columns);
    made_up(&parts, suffix, |name| {
        is_taken(catalog, name) || has_index(table, name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_are_cut_and_numbered() {
        let taken = |name: &str| name == "t_a_key";
        assert_eq!(made_up(&["t", "a"], "key", taken), "t_a_key1");
        let long = "x".repeat(80);
        assert_eq!(made_up(&[&long], "pkey", |_| false).len(), 63);
    }
}
