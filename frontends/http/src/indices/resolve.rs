//! Names: `products`, `a,b*,-c`, `_all`.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use stele_core::record::table::{Catalog, SearchIndex, Table};
use stele_search::document::Mapping;
use stele_search::pattern;

use super::properties;
use crate::App;
use crate::wire::Fault;

/// A table as an index.
#[derive(Clone, Debug)]
pub struct Index {
    /// The table.
    pub table: Arc<Table>,
    /// Its search index, if it has one.
    pub search: Option<Arc<SearchIndex>>,
    /// The search index's mapping.
    pub mapping: Option<Arc<Mapping>>,
}

impl Index {
    /// A table as an index.
    pub fn of(app: &App, catalog: &Catalog, table: &Arc<Table>) -> Result<Self, Fault> {
        let search = catalog.search_of(table.id).cloned();
        let mapping = search
            .as_ref()
            .map(|search| app.search.mapping(search, table))
            .transpose();
        let mapping = mapping.map_err(stele_core::Error::corrupt)?;
        Ok(Self {
            table: table.clone(),
            search,
            mapping,
        })
    }

    /// The mapping of a collection of documents; `None` for any other table.
    pub fn documents(&self) -> Option<&Mapping> {
        self.mapping.as_deref().filter(|mapping| mapping.documents)
    }

    /// The mapping as Elasticsearch spells it; empty without a search index.
    pub fn printed_mapping(&self) -> Json {
        let mapping = self.mapping.as_deref();
        mapping.map_or_else(|| json!({}), properties::print)
    }

    /// The search index, without which there is nothing to search.
    pub fn searched(&self) -> Result<&Arc<SearchIndex>, Fault> {
        self.search.as_ref().ok_or_else(|| {
            Fault::argument(format!(
                "table [{0}] has no search index: make one in SQL, CREATE INDEX ON {0} USING search (column)",
                self.table.name
            ))
        })
    }
}

/// The index of a name.
pub fn one(app: &App, name: &str) -> Result<Index, Fault> {
    let catalog = app.db.catalog();
    match catalog.table(name) {
        Some(table) => Index::of(app, &catalog, table),
        None => Err(absent(name)),
    }
}

/// There is no such index; what begins like a path of this door is none either.
fn absent(name: &str) -> Fault {
    if !name.starts_with('_') {
        return Fault::no_index(name);
    }
    Fault::new(
        axum::http::StatusCode::BAD_REQUEST,
        "invalid_index_name_exception",
        format!("Invalid index name [{name}], must not start with '_'."),
    )
}

/// The indexes that a list of names and patterns means. A name that is not there is an
/// error, a pattern that matches nothing is not.
pub fn several(app: &App, names: &str) -> Result<Vec<Index>, Fault> {
    let catalog = app.db.catalog();
    let names = if matches!(names, "" | "_all") {
        "*"
    } else {
        names
    };
    let mut found: Vec<Index> = Vec::new();
    for name in names.split(',') {
        if let Some(left_out) = name.strip_prefix('-') {
            found.retain(|index| !pattern::matches(left_out, &index.table.name));
            continue;
        }
        if !name.contains('*') {
            let table = catalog.table(name).ok_or_else(|| absent(name))?;
            add(&mut found, Index::of(app, &catalog, table)?);
            continue;
        }
        for table in catalog
            .tables()
            .filter(|table| pattern::matches(name, &table.name))
        {
            let index = Index::of(app, &catalog, table)?;
            // A pattern means what can be searched.
            if index.search.is_some() {
                add(&mut found, index);
            }
        }
    }
    Ok(found)
}

fn add(found: &mut Vec<Index>, index: Index) {
    if found.iter().all(|known| known.table.id != index.table.id) {
        found.push(index);
    }
}
