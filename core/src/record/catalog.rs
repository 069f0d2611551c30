//! The catalogue: every definition there is, found by name and by number.
//!
//! Built anew when the schema changes and shared until then, so that looking
//! something up costs the same however many tables there are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::CollectionId;
use super::table::{
    Definition, ForeignKey, Publication, Role, SearchIndex, Sequence, StreamDefinition, Table,
};

/// Every definition, as of one moment.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The moment: the META collection's last change.
    pub version: u64,
    tables: BTreeMap<String, Arc<Table>>,
    sequences: BTreeMap<String, Arc<Sequence>>,
    roles: BTreeMap<String, Arc<Role>>,
    by_id: HashMap<CollectionId, Arc<Table>>,
    /// Tables by the collections their rows and index entries lie in.
    by_storage: HashMap<CollectionId, Arc<Table>>,
    /// Who refers to a table, and by which of its foreign keys.
    referrers: HashMap<CollectionId, Vec<(Arc<Table>, usize)>>,
    sequences_by_id: HashMap<CollectionId, Arc<Sequence>>,
    /// Full-text indexes by the table they describe, which has one at most.
    searches: BTreeMap<CollectionId, Arc<SearchIndex>>,
    streams: BTreeMap<String, Arc<StreamDefinition>>,
    publications: BTreeMap<String, Arc<Publication>>,
}

impl Catalog {
    /// A catalogue of these definitions.
    pub fn new(version: u64, definitions: impl IntoIterator<Item = Definition>) -> Self {
        let mut catalog = Self {
            version,
            ..Self::default()
        };
        for definition in definitions {
            match definition {
                Definition::Table(table) => catalog.add_table(table.into()),
                Definition::Sequence(sequence) => {
                    let sequence = Arc::new(sequence);
                    let by_id = &mut catalog.sequences_by_id;
                    by_id.insert(sequence.id, sequence.clone());
                    catalog.sequences.insert(sequence.name.clone(), sequence);
                }
                Definition::Role(role) => {
                    catalog.roles.insert(role.name.clone(), role.into());
                }
                Definition::Search(search) => {
                    catalog.searches.insert(search.table, search.into());
                }
                Definition::Stream(stream) => {
                    catalog.streams.insert(stream.name.clone(), stream.into());
                }
                Definition::Publication(publication) => {
                    let name = publication.name.clone();
                    catalog.publications.insert(name, publication.into());
                }
            }
        }
        catalog
    }

    fn add_table(&mut self, table: Arc<Table>) {
        self.by_id.insert(table.id, table.clone());
        self.by_storage.insert(table.storage, table.clone());
        for index in &table.indexes {
            self.by_storage.insert(index.storage, table.clone());
        }
        for (place, foreign) in table.foreign_keys.iter().enumerate() {
            let referrers = self.referrers.entry(foreign.target).or_default();
            referrers.push((table.clone(), place));
        }
        self.tables.insert(table.name.clone(), table);
    }

    /// A table by name.
    pub fn table(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    /// A table by identity.
    pub fn table_by_id(&self, id: CollectionId) -> Option<&Arc<Table>> {
        self.by_id.get(&id)
    }

    /// Every table, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }

    /// The table that a Redis key addresses, and the rest of the spelling.
    pub fn table_of_spelling<'a>(&self, spelling: &'a [u8]) -> Option<(&Arc<Table>, &'a str)> {
        if self.tables.is_empty() {
            return None;
        }
        let at = spelling.iter().position(|&byte| byte == b':')?;
        let name = std::str::from_utf8(spelling.get(..at)?).ok()?;
        let table = self.tables.get(name)?;
        let rest = std::str::from_utf8(spelling.get(at + 1..)?).ok()?;
        Some((table, rest))
    }

    /// The collection whose rows an index describes; any other collection is
    /// its own.
    pub fn storage_of(&self, collection: CollectionId) -> CollectionId {
        let owner = self.by_storage.get(&collection);
        owner.map_or(collection, |table| table.storage)
    }

    /// The table whose rows live in this collection.
    pub fn table_of_storage(&self, storage: CollectionId) -> Option<&Arc<Table>> {
        let owner = self.by_storage.get(&storage);
        owner.filter(|table| table.storage == storage)
    }

    /// Foreign keys that reference a table, with the referencing table.
    pub fn references_to(
        &self,
        target: CollectionId,
    ) -> impl Iterator<Item = (&Arc<Table>, &ForeignKey)> {
        let referrers = self.referrers.get(&target).into_iter().flatten();
        referrers.filter_map(|(table, place)| Some((table, table.foreign_keys.get(*place)?)))
    }

    /// A sequence by name.
    pub fn sequence(&self, name: &str) -> Option<&Arc<Sequence>> {
        self.sequences.get(name)
    }

    /// A sequence by identity.
    pub fn sequence_by_id(&self, id: CollectionId) -> Option<&Arc<Sequence>> {
        self.sequences_by_id.get(&id)
    }

    /// Every sequence, by name.
    pub fn sequences(&self) -> impl Iterator<Item = &Arc<Sequence>> {
        self.sequences.values()
    }

    /// A role by name.
    pub fn role(&self, name: &str) -> Option<&Arc<Role>> {
        self.roles.get(name)
    }

    /// Every role, by name.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// A stream by name.
    pub fn stream(&self, name: &str) -> Option<&Arc<StreamDefinition>> {
        self.streams.get(name)
    }

    /// Every stream, by name.
    pub fn streams(&self) -> impl Iterator<Item = &Arc<StreamDefinition>> {
        self.streams.values()
    }

    /// A publication by name.
    pub fn publication(&self, name: &str) -> Option<&Arc<Publication>> {
        self.publications.get(name)
    }

    /// Every publication, by name.
    pub fn publications(&self) -> impl Iterator<Item = &Arc<Publication>> {
        self.publications.values()
    }

    /// The publication that makes a stream.
    pub fn publication_of(&self, stream: &StreamDefinition) -> Option<&Arc<Publication>> {
        let publication = self.publications.get(&stream.name);
        publication.filter(|publication| publication.stream == stream.id)
    }

    /// The full-text index of a table.
    pub fn search_of(&self, table: CollectionId) -> Option<&Arc<SearchIndex>> {
        self.searches.get(&table)
    }

    /// Every full-text index.
    pub fn searches(&self) -> impl Iterator<Item = &Arc<SearchIndex>> {
        self.searches.values()
    }
}
