//! EXPLAIN: the plan in words, and with ANALYZE what running it came to.

use std::sync::Arc;
use std::time::Duration;

use stele_core::record::value::{Type, Value};

use super::control::text_rows;
use super::{Field, Mode, Outcome, Session};
use crate::error::SqlError;
use crate::sql::bind::BoundQuery;
use crate::sql::parse::Parsed;
use crate::sql::plan::explain;
use crate::sql::statement::Body;

impl Session {
    /// EXPLAIN [ANALYZE].
    pub(super) async fn explain(
        &mut self,
        inner: &Parsed,
        analyze: bool,
        params: &[Value],
        mode: Mode,
    ) -> Result<Outcome, SqlError> {
        let prepared = self.prepare(inner.clone(), &[], true)?;
        let mut lines = match &prepared.body {
            Some(Body::Query(query)) => plan_of(query),
            Some(Body::Insert(insert)) => under(
                &format!("Insert on {}", insert.table.name),
                &insert.scope.query,
            ),
            Some(Body::Update(update)) => under(
                &format!("Update on {}", update.table.name),
                &update.scope.query,
            ),
            Some(Body::Delete(delete)) => under(
                &format!("Delete on {}", delete.table.name),
                &delete.scope.query,
            ),
            _ => {
                return Err(SqlError::unsupported(
                    "EXPLAIN of this statement is not supported",
                ));
            }
        };
        if analyze {
            let began_us = self.db.now_us();
            let (_, outcome) = self.run_inner(inner, params, mode).await?;
            let took = Duration::from_micros(self.db.now_us().saturating_sub(began_us));
            if let Outcome::Rows(rows) = outcome {
                lines.push(format!("Rows: {}", rows.rows.len()));
            }
            lines.push(format!(
                "Execution Time: {:.3} ms",
                took.as_secs_f64() * 1_000.0
            ));
        }
        let fields = Arc::from([Field::new("QUERY PLAN", Type::Text)]);
        let lines = lines.into_iter().map(|line| vec![line]).collect();
        Ok(text_rows(fields, lines, "EXPLAIN"))
    }
}

fn plan_of(query: &BoundQuery) -> Vec<String> {
    explain::explain(query)
}

fn under(first: &str, query: &BoundQuery) -> Vec<String> {
    let mut lines = vec![first.to_owned()];
    for (at, line) in plan_of(query).into_iter().enumerate() {
        let arrow = if at == 0 { "  ->  " } else { "      " };
        lines.push(format!("{arrow}{line}"));
    }
    lines
}
