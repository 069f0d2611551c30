//! CREATE and DROP PUBLICATION.

use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use crate::error::SqlError;

/// A statement about publications.
#[derive(Clone, Debug)]
pub enum PublicationStatement {
    /// CREATE PUBLICATION.
    Create {
        /// The publication's name, and its stream's.
        name: String,
        /// Whose changes.
        tables: Vec<String>,
    },
    /// DROP PUBLICATION.
    Drop {
        /// The publications' names.
        names: Vec<String>,
        /// Missing ones are no error.
        if_exists: bool,
    },
}

impl Cursor<'_> {
    /// The statement about publications here, if it is one.
    pub(super) fn publication(&mut self) -> Result<Option<PublicationStatement>, SqlError> {
        let verb = self.word();
        if self.word_at(1) != "publication" {
            return Ok(None);
        }
        match verb.as_str() {
            "create" => self.skip(2),
            "drop" => {
                self.skip(2);
                let if_exists = self.take_all(&["if", "exists"]);
                let mut names = vec![self.name()?];
                while self.take_token(&Token::Comma) {
                    names.push(self.name()?);
                }
                if !self.take("cascade") {
                    self.take("restrict");
                }
                return Ok(Some(PublicationStatement::Drop { names, if_exists }));
            }
            "alter" => return Err(SqlError::unsupported("ALTER PUBLICATION is not supported")),
            _ => return Ok(None),
        }
        let name = self.name()?;
        if !self.take_all(&["for", "table"]) {
            return Err(SqlError::unsupported(
                "a publication is FOR TABLE name [, ...]: nothing else is supported",
            ));
        }
        let mut tables = Vec::new();
        loop {
            self.take("only");
            tables.push(self.dotted()?);
            if !self.take_token(&Token::Comma) {
                break;
            }
        }
        if self.token().is_some() {
            return Err(SqlError::unsupported(
                "column lists, conditions and options of a publication are not supported",
            ));
        }
        Ok(Some(PublicationStatement::Create { name, tables }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Statement, parse};
    use super::*;

    fn read(text: &str) -> Result<PublicationStatement, SqlError> {
        let parsed = parse(text)?.remove(0);
        match parsed.statement {
            Statement::Publication(statement) => Ok(statement),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_publication_names_its_tables() {
        let read_back = read("CREATE PUBLICATION p FOR TABLE a, \"B\"");
        let Ok(PublicationStatement::Create { name, tables }) = read_back else {
            panic!("{read_back:?}");
        };
        assert_eq!(
            (name.as_str(), tables),
            ("p", vec!["a".to_owned(), "B".to_owned()])
        );
        assert!(matches!(
            read("drop publication if exists p, q"),
            Ok(PublicationStatement::Drop { names, if_exists: true }) if names == ["p", "q"]
        ));
    }

    #[test]
    fn what_is_not_done_is_refused() {
        for text in [
            "create publication p for all tables",
            "create publication p for table t (id)",
            "create publication p for table t where (id > 1)",
            "create publication p for table t with (publish = 'insert')",
            "alter publication p add table t",
        ] {
            assert_eq!(read(text).expect_err(text).code, "0A000", "{text}");
        }
    }
}
