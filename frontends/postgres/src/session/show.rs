//! SHOW: settings as rows.

use std::sync::Arc;

use stele_core::record::value::Type;

use super::control::text_rows;
use super::settings::SessionSettings;
use super::{Field, Outcome, Session};
use crate::error::SqlError;

impl Session {
    /// The columns of SHOW.
    pub(super) fn show_fields(&self, name: Option<&str>) -> Arc<[Field]> {
        match name {
            Some(name) => Arc::from([Field::new(SessionSettings::spelled(name), Type::Text)]),
            None => ["name", "setting", "description"]
                .map(|name| Field::new(name, Type::Text))
                .into(),
        }
    }

    /// SHOW, `None` = ALL.
    pub(super) fn show(&self, name: Option<&str>) -> Result<Outcome, SqlError> {
        let lines = match name {
            Some(name) => vec![vec![self.value(name)?]],
            None => {
                let rows = self.settings.rows().into_iter();
                rows.map(|row| {
                    vec![
                        row.name.clone(),
                        self.value(&row.name).unwrap_or(row.value),
                        row.description,
                    ]
                })
                .collect()
            }
        };
        Ok(text_rows(self.show_fields(name), lines, "SHOW"))
    }

    fn value(&self, name: &str) -> Result<String, SqlError> {
        match name {
            "transaction_isolation" => Ok(self.isolation().name().to_owned()),
            "transaction_read_only" => {
                Ok(if self.is_read_only() { "on" } else { "off" }.to_owned())
            }
            "stele.token" => Ok(self.seen.to_string()),
            name => self.settings.show(name),
        }
    }
}
