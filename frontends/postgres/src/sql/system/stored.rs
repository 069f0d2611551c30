//! What stands in `pg_attrdef.adbin` and `pg_constraint.conbin`: where the expression is.
//!
//! PostgreSQL keeps a dump of its tree there, which clients only hand back to `pg_get_expr`.
//! So does this: a reference is enough, and `pg_get_expr` looks the tree up.

use std::fmt;

/// A reference to an expression of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// A column's default.
    Default {
        /// The table.
        table: u32,
        /// The column's id.
        column: u32,
    },
    /// A CHECK constraint's condition.
    Check {
        /// The table.
        table: u32,
        /// The constraint.
        constraint: u32,
    },
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stored::Default { table, column } => {
                write!(f, "{{DEFAULT :table {table} :column {column}}}")
            }
            Stored::Check { table, constraint } => {
                write!(f, "{{CHECK :table {table} :constraint {constraint}}}")
            }
        }
    }
}

impl Stored {
    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Stored> {
        let inner = text.strip_prefix('{')?.strip_suffix('}')?;
        let mut words = inner.split(' ');
        let kind = words.next()?;
        let mut numbers = words
            .filter(|word| !word.starts_with(':'))
            .map(str::parse::<u32>);
        let table = numbers.next()?.ok()?;
        let second = numbers.next()?.ok()?;
        match kind {
            "DEFAULT" => Some(Stored::Default {
                table,
                column: second,
            }),
            "CHECK" => Some(Stored::Check {
                table,
                constraint: second,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back() {
        for stored in [
            Stored::Default {
                table: 16384,
                column: 2,
            },
            Stored::Check {
                table: 16384,
                constraint: 16390,
            },
        ] {
            assert_eq!(Stored::parse(&stored.to_string()), Some(stored));
        }
        assert_eq!(Stored::parse("now()"), None);
        assert_eq!(Stored::parse("{DEFAULT :table x}"), None);
    }
}
