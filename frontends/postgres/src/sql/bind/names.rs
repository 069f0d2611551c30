//! Names: how identifiers fold, and what a qualified name's parts are.

use sqlparser::ast;
use sqlparser::tokenizer::Span;

use crate::error::{Result, SqlError};

/// PostgreSQL's NAMEDATALEN less one.
const NAME_BYTES_MAX: usize = 63;

/// An identifier as the catalogue spells it: folded unless quoted, cut to 63 bytes.
pub fn fold(ident: &ast::Ident) -> String {
    let mut name = match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    };
    if name.len() > NAME_BYTES_MAX {
        let cut = (0..=NAME_BYTES_MAX)
            .rev()
            .find(|at| name.is_char_boundary(*at));
        name.truncate(cut.unwrap_or(0));
    }
    name
}

/// A possibly qualified name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qualified {
    /// The schema, when given.
    pub schema: Option<String>,
    /// The object's own name.
    pub name: String,
}

/// The parts of a name: `t`, `schema.t`, `database.schema.t`. Errors: 42601 for more.
pub fn qualified(name: &ast::ObjectName) -> Result<Qualified> {
    let mut parts: Vec<String> = Vec::with_capacity(name.0.len());
    for part in &name.0 {
        match part {
            ast::ObjectNamePart::Identifier(ident) => parts.push(fold(ident)),
            ast::ObjectNamePart::Function(_) => return Err(improper(name)),
        }
    }
    let own = parts.pop().ok_or_else(|| improper(name))?;
    let schema = parts.pop();
    if parts.len() > 1 {
        return Err(improper(name));
    }
    Ok(Qualified { schema, name: own })
}

fn improper(name: &ast::ObjectName) -> SqlError {
    SqlError::syntax(format!(
        "improper qualified name (too many dotted names): {name}"
    ))
}

/// The place of a name in the statement.
pub fn span(name: &ast::ObjectName) -> Span {
    match name.0.first() {
        Some(ast::ObjectNamePart::Identifier(ident)) => ident.span,
        _ => Span::empty(),
    }
}

/// The character (from 1) of a line and column (both from 1); `None` for an empty span.
pub fn position(source: &str, span: Span) -> Option<usize> {
    let (line, column) = (span.start.line, span.start.column);
    if line == 0 || column == 0 {
        return None;
    }
    let before: usize = source
        .split_inclusive('\n')
        .take(usize::try_from(line - 1).ok()?)
        .map(|line| line.chars().count())
        .sum();
    Some(before + usize::try_from(column).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fold_unless_quoted() {
        assert_eq!(fold(&ast::Ident::new("Users")), "users");
        assert_eq!(fold(&ast::Ident::with_quote('"', "Users")), "Users");
        assert_eq!(fold(&ast::Ident::new("é".repeat(40))).len(), 62);
    }

    #[test]
    fn a_position_counts_characters_over_lines() {
        let at = |line, column| {
            let place = sqlparser::tokenizer::Location::new(line, column);
            position("sélect\nx", Span::new(place, place))
        };
        assert_eq!(at(2, 1), Some(8));
        assert_eq!(at(1, 3), Some(3));
    }
}
