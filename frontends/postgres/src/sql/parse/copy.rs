//! COPY, with both spellings of its options.

use sqlparser::tokenizer::Token;

use super::Statement;
use super::cursor::Cursor;
use crate::error::SqlError;

/// COPY between the client and a table or query.
#[derive(Clone, Debug)]
pub struct CopyStatement {
    /// What is copied.
    pub source: CopySource,
    /// FROM STDIN rather than TO STDOUT.
    pub is_from: bool,
    /// How it is spelled on the way.
    pub options: CopyOptions,
}

/// What is copied.
#[derive(Clone, Debug)]
pub enum CopySource {
    /// A table, or some of its columns; none named = all.
    Table {
        /// The table's name.
        name: String,
        /// The columns named.
        columns: Vec<String>,
    },
    /// A query's rows.
    Query(Box<sqlparser::ast::Statement>),
}

/// The spelling of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CopyFormat {
    /// One line per row, tabs between fields, backslashes before what is special.
    #[default]
    Text,
    /// Comma-separated, quoted where needed.
    Csv,
    /// PostgreSQL's binary tuples.
    Binary,
}

/// Options of COPY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOptions {
    /// The spelling of rows.
    pub format: CopyFormat,
    /// Between fields.
    pub delimiter: u8,
    /// What stands for NULL.
    pub null: String,
    /// The first line names the columns.
    pub header: bool,
    /// CSV's quote.
    pub quote: u8,
    /// What escapes a quote inside quotes.
    pub escape: u8,
    /// CSV: columns always quoted; `None` = none, empty = all.
    pub force_quote: Option<Vec<String>>,
}

#[derive(Default)]
struct Given {
    format: CopyFormat,
    delimiter: Option<u8>,
    null: Option<String>,
    header: bool,
    quote: Option<u8>,
    escape: Option<u8>,
    force_quote: Option<Vec<String>>,
}

impl Cursor<'_> {
    /// The COPY at the cursor.
    pub(super) fn copy(&mut self) -> Result<Statement, SqlError> {
        self.skip(1);
        self.take("binary");
        let source = self.copy_source()?;
        let is_from = self.take("from");
        if !is_from {
            self.expect("to")?;
        }
        if matches!(self.token(), Some(Token::SingleQuotedString(_))) || self.word() == "program" {
            return Err(SqlError::new("42501", "must be superuser or have privileges of the pg_read_server_files role to COPY from a file")
                .with_detail("This node does not read or write files for clients.")
                .with_hint("Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone."));
        }
        let stream = if is_from { "stdin" } else { "stdout" };
        self.expect(stream)?;
        let options = self.copy_options()?;
        if is_from && matches!(source, CopySource::Query(_)) {
            return Err(self.unexpected());
        }
        if self.word() == "where" {
            return Err(SqlError::unsupported(
                "COPY FROM ... WHERE is not supported",
            ));
        }
        self.end()?;
        Ok(Statement::Copy(Box::new(CopyStatement {
            source,
            is_from,
            options,
        })))
    }

    fn copy_source(&mut self) -> Result<CopySource, SqlError> {
        if self.take_token(&Token::LParen) {
            let Statement::Sql(query) = self.enclosed()?.sql()? else {
                return Err(self.unexpected());
            };
            self.expect_token(&Token::RParen)?;
            return Ok(CopySource::Query(query));
        }
        let name = self.dotted()?;
        let mut columns = Vec::new();
        if self.take_token(&Token::LParen) {
            columns = self.names()?;
        }
        Ok(CopySource::Table { name, columns })
    }

    /// Names up to a closing parenthesis, which is taken.
    fn names(&mut self) -> Result<Vec<String>, SqlError> {
        let mut names = vec![self.own_name()?];
        while self.take_token(&Token::Comma) {
            names.push(self.own_name()?);
        }
        self.expect_token(&Token::RParen)?;
        Ok(names)
    }

    fn copy_options(&mut self) -> Result<CopyOptions, SqlError> {
        let mut given = Given::default();
        self.take("with");
        if self.take_token(&Token::LParen) {
            loop {
                self.copy_option(&mut given)?;
                if !self.take_token(&Token::Comma) {
                    self.expect_token(&Token::RParen)?;
                    break;
                }
            }
        } else {
            while self.token().is_some() && self.word() != "where" {
                self.copy_old_option(&mut given)?;
            }
        }
        given.settle()
    }

    fn copy_option(&mut self, given: &mut Given) -> Result<(), SqlError> {
        let option = self.name()?;
        match option.as_str() {
            "format" => {
                let format = self.name()?;
                given.format = match format.as_str() {
                    "text" => CopyFormat::Text,
                    "csv" => CopyFormat::Csv,
                    "binary" => CopyFormat::Binary,
                    _ => {
                        return Err(SqlError::new(
                            "22023",
                            format!("COPY format \"{format}\" not recognized"),
                        ));
                    }
                };
            }
            "delimiter" => given.delimiter = Some(self.byte("delimiter")?),
            "null" => given.null = Some(self.string()?),
            "header" => given.header = self.copy_flag()?,
            "quote" => given.quote = Some(self.byte("quote")?),
            "escape" => given.escape = Some(self.byte("escape")?),
            "freeze" => {
                self.copy_flag()?;
            }
            "force_quote" => given.force_quote = Some(self.force_list()?),
            "encoding" => {
                let encoding = self.string()?;
                if !matches!(encoding.to_lowercase().as_str(), "utf8" | "utf-8") {
                    return Err(SqlError::unsupported(
                        "encodings other than UTF8 are not supported",
                    ));
                }
            }
            "force_not_null" | "force_null" | "default" => {
                return Err(SqlError::unsupported(format!(
                    "COPY option \"{option}\" is not supported"
                )));
            }
            _ => {
                return Err(SqlError::new(
                    "42601",
                    format!("option \"{option}\" not recognized"),
                ));
            }
        }
        Ok(())
    }

    fn copy_old_option(&mut self, given: &mut Given) -> Result<(), SqlError> {
        match self.word().as_str() {
            "csv" => {
                self.skip(1);
                given.format = CopyFormat::Csv;
            }
            "binary" => {
                self.skip(1);
                given.format = CopyFormat::Binary;
            }
            "header" => {
                self.skip(1);
                given.header = true;
            }
            "freeze" => self.skip(1),
            "delimiter" | "delimiters" | "null" | "quote" | "escape" => {
                let option = self.name()?;
                self.take("as");
                match option.as_str() {
                    "null" => given.null = Some(self.string()?),
                    "quote" => given.quote = Some(self.byte("quote")?),
                    "escape" => given.escape = Some(self.byte("escape")?),
                    _ => given.delimiter = Some(self.byte("delimiter")?),
                }
            }
            "force" if self.word_at(1) == "quote" => {
                self.skip(2);
                given.force_quote = Some(match self.take_token(&Token::Mul) {
                    true => Vec::new(),
                    false => vec![self.name()?],
                });
            }
            _ => return Err(self.unexpected()),
        }
        Ok(())
    }

    fn force_list(&mut self) -> Result<Vec<String>, SqlError> {
        if self.take_token(&Token::Mul) {
            return Ok(Vec::new());
        }
        self.expect_token(&Token::LParen)?;
        self.names()
    }

    fn copy_flag(&mut self) -> Result<bool, SqlError> {
        match self.token() {
            Some(Token::Comma | Token::RParen) => Ok(true),
            Some(Token::Number(..)) => Ok(self.integer()? != 0),
            Some(Token::SingleQuotedString(_)) => {
                Ok(matches!(self.string()?.as_str(), "on" | "true" | "1"))
            }
            _ => Ok(matches!(self.name()?.as_str(), "on" | "true")),
        }
    }

    fn byte(&mut self, what: &str) -> Result<u8, SqlError> {
        match self.string()?.as_bytes() {
            [one] if one.is_ascii() && !matches!(one, b'\n' | b'\r') => Ok(*one),
            _ => Err(SqlError::unsupported(format!(
                "COPY {what} must be a single one-byte character"
            ))),
        }
    }
}

impl Given {
    /// Defaults filled in, contradictions refused.
    fn settle(self) -> Result<CopyOptions, SqlError> {
        let is_csv = self.format == CopyFormat::Csv;
        let only_csv = [
            ("quote", self.quote.is_some()),
            ("escape", self.escape.is_some()),
            ("force quote", self.force_quote.is_some()),
        ];
        if let Some((option, _)) = only_csv.iter().find(|(_, given)| *given && !is_csv) {
            return Err(SqlError::unsupported(format!(
                "COPY {option} available only in CSV mode"
            )));
        }
        if self.format == CopyFormat::Binary
            && (self.delimiter.is_some() || self.null.is_some() || self.header)
        {
            return Err(SqlError::syntax(
                "cannot specify DELIMITER, NULL or HEADER in BINARY mode",
            ));
        }
        let quote = self.quote.unwrap_or(b'"');
        let delimiter = self.delimiter.unwrap_or(if is_csv { b',' } else { b'\t' });
        if !is_csv
            && (delimiter.is_ascii_lowercase()
                || delimiter.is_ascii_digit()
                || matches!(delimiter, b'\\' | b'.'))
        {
            return Err(SqlError::new(
                "22023",
                format!("COPY delimiter cannot be \"{}\"", char::from(delimiter)),
            ));
        }
        Ok(CopyOptions {
            format: self.format,
            delimiter,
            null: self.null.unwrap_or(if is_csv {
                String::new()
            } else {
                "\\N".to_owned()
            }),
            header: self.header,
            quote,
            escape: self.escape.unwrap_or(quote),
            force_quote: self.force_quote,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(text: &str) -> Result<CopyStatement, SqlError> {
        let parsed = super::super::parse(text)?.pop().expect("a statement");
        match parsed.statement {
            Statement::Copy(copy) => Ok(*copy),
            other => panic!("not a COPY: {other:?}"),
        }
    }

    #[test]
    fn pgbench_and_pg_dump_spellings_are_read() {
        let read = copy("copy pgbench_accounts from stdin with (freeze on)").expect("parses");
        assert!(read.is_from && read.options.delimiter == b'\t');
        let read = copy("COPY public.t (a, \"B\") FROM stdin;").expect("parses");
        assert!(
            matches!(read.source, CopySource::Table { name, columns } if name == "t" && columns == ["a", "B"])
        );
        let read = copy("copy (select 1) to stdout csv header delimiter as ';'").expect("parses");
        assert!(!read.is_from && read.options.header && read.options.delimiter == b';');
    }

    #[test]
    fn files_are_refused_before_anything_happens() {
        assert_eq!(
            copy("copy t from '/etc/passwd'").expect_err("refused").code,
            "42501"
        );
        assert_eq!(
            copy("copy t from program 'ls'").expect_err("refused").code,
            "42501"
        );
    }
}
