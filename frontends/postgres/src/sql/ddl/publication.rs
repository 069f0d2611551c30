//! CREATE and DROP PUBLICATION: a stream, and whose changes feed it.

use serde_json::json;
use stele_core::op::Op;
use stele_core::op::stream::StreamLimits;
use stele_core::record::CollectionId;
use stele_core::record::subject;
use stele_core::record::table::{Definition, Publication, StreamDefinition, Table};

use super::{Ddl, naming};
use crate::error::SqlError;
use crate::sql::parse::PublicationStatement;

impl Ddl<'_> {
    /// Carries a statement about publications out; answers its command tag.
    pub async fn publication(
        &mut self,
        statement: &PublicationStatement,
    ) -> Result<&'static str, SqlError> {
        match statement {
            PublicationStatement::Create { name, tables } => {
                self.create_publication(name, tables).await?;
                Ok("CREATE PUBLICATION")
            }
            PublicationStatement::Drop { names, if_exists } => {
                for name in names {
                    self.drop_publication(name, *if_exists).await?;
                }
                Ok("DROP PUBLICATION")
            }
        }
    }

    async fn create_publication(&mut self, name: &str, tables: &[String]) -> Result<(), SqlError> {
        let catalog = self.catalog()?;
        if catalog.publication(name).is_some() {
            let message = format!("publication \"{name}\" already exists");
            return Err(SqlError::new("42710", message));
        }
        naming::check_free(&catalog, name)?;
        check_stream_name(name)?;
        let mut sources: Vec<(CollectionId, String)> = Vec::new();
        for table in tables {
            let bare = table.strip_prefix("public.").unwrap_or(table);
            let Some(found) = catalog.table(bare) else {
                let message = format!("relation \"{table}\" does not exist");
                return Err(SqlError::new("42P01", message));
            };
            if !sources.iter().any(|(id, _)| *id == found.id) {
                let token = subject::token_of(found.name.as_bytes());
                sources.push((found.id, format!("db.{token}.>")));
            }
        }
        let (tables, subjects) = sources.into_iter().unzip();
        self.define_publication(name, tables, subjects).await
    }

    async fn define_publication(
        &mut self,
        name: &str,
        tables: Vec<CollectionId>,
        subjects: Vec<String>,
    ) -> Result<(), SqlError> {
        let stream = StreamDefinition {
            id: self.new_id().await?,
            name: name.to_owned(),
            config: config(name, &subjects),
            subjects,
            created_ns: self.db.now_us().saturating_mul(1000),
        };
        let publication = Publication {
            id: self.new_id().await?,
            name: name.to_owned(),
            stream: stream.id,
            tables,
        };
        let key = stream.key();
        self.define(Definition::Stream(stream)).await?;
        self.define(Definition::Publication(publication)).await?;
        let configure = Op::StreamConfigure {
            limits: StreamLimits::default(),
            first_seq: 1,
        };
        let made = self.txn.write(&key, configure).await?;
        made.map_err(|refusal| SqlError::internal(refusal.to_string()))?;
        Ok(())
    }

    async fn drop_publication(&mut self, name: &str, if_exists: bool) -> Result<(), SqlError> {
        let found = self.catalog()?.publication(name).cloned();
        let Some(publication) = found else {
            if if_exists {
                let notice = format!("publication \"{name}\" does not exist, skipping");
                self.notices.push(notice);
                return Ok(());
            }
            let message = format!("publication \"{name}\" does not exist");
            return Err(SqlError::new("42704", message));
        };
        self.undefine(publication.id).await?;
        self.undefine(publication.stream).await
    }

    /// A published table keeps its storage: its feed would end, and nobody would be told.
    pub(super) fn refuse_published(&mut self, table: &Table) -> Result<(), SqlError> {
        let catalog = self.catalog()?;
        let mut publications = catalog.publications();
        let publication = publications.find(|one| one.tables.contains(&table.id));
        match (catalog.table_by_id(table.id), publication) {
            (Some(known), Some(publication)) if known.storage != table.storage => {
                Err(SqlError::unsupported(format!(
                    "table \"{}\" is published and cannot be truncated, renamed or given another key",
                    known.name
                ))
                .with_hint(format!("DROP PUBLICATION \"{}\" first.", publication.name)))
            }
            _ => Ok(()),
        }
    }
}

/// The stream as JetStream describes it.
fn config(name: &str, subjects: &[String]) -> String {
    json!({
        "name": name,
        "subjects": subjects,
        "storage": "file",
        "num_replicas": 1,
        "allow_direct": true,
        "deny_delete": true,
    })
    .to_string()
}

/// A stream's name is part of subjects.
fn check_stream_name(name: &str) -> Result<(), SqlError> {
    let is_bad = |letter: char| letter.is_whitespace() || ".*>/\\".contains(letter);
    match name.is_empty() || name.contains(is_bad) {
        true => Err(SqlError::new(
            "42602",
            format!("\"{name}\" cannot be the name of a stream"),
        )),
        false => Ok(()),
    }
}
