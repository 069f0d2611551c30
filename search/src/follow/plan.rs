//! Plans: what the schema says a search index should be.

use std::sync::Arc;

use stele_core::record::CollectionId;
use stele_core::record::table::{Catalog, Table};

use crate::document::Mapping;

/// Changes when an index of an older release cannot be read any more.
const FORMAT: u64 = 2;

/// A search index as the schema has it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The search index.
    pub id: CollectionId,
    /// The table it describes.
    pub table: Arc<Table>,
    /// How.
    pub mapping: Mapping,
    /// Equal for plans that one generation serves.
    pub fingerprint: u64,
}

impl Plan {
    /// The plan of a search index; `None` when it is gone.
    pub fn of(catalog: &Catalog, id: CollectionId) -> Result<Option<Self>, String> {
        let Some(search) = catalog.searches().find(|search| search.id == id) else {
            return Ok(None);
        };
        let Some(table) = catalog.table_by_id(search.table) else {
            return Ok(None);
        };
        let mut mapping = Mapping::of(search, table)?;
        // A dropped column takes its field along.
        let has_column =
            |column: Option<u32>| column.is_none_or(|column| table.position(column).is_some());
        mapping.fields.retain(|_, field| has_column(field.column));
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| format!("{} {}", column.id, column.name))
            .collect();
        let said = format!(
            "{FORMAT} {} {} {}",
            table.storage.0,
            columns.join(","),
            mapping.print()
        );
        Ok(Some(Self {
            id,
            table: table.clone(),
            mapping,
            fingerprint: fingerprint(said.as_bytes()),
        }))
    }
}

/// FNV-1a, 64 bits: the same on every node and in every release.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
