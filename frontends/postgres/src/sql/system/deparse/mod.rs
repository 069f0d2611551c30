//! # Deparse: a bound expression back as PostgreSQL would print it
//!
//! **What.** `expression` prints an [`Expr`] the way `pg_get_expr` does, in its plain form with
//! every parenthesis and in its pretty form with only the needed ones; `quote_ident` quotes a
//! name where SQL would need it.
//!
//! **Why.** `\d`, migration tools and dumps read defaults and CHECK constraints as text, and
//! compare that text. The catalogue stores trees, so the text has to be made again.
//!
//! **How.** One pass over the tree:
//!
//! ```text
//! node.rs     operators, calls, CASE: one function per shape of node
//! cast.rs     what casts show: implicit ones only under an operator or in an argument
//! list.rs     IN, ANY, ARRAY and subscripts
//! literal.rs  constants: 0, '-1'::integer, 'x'::text, 'parent_id_seq'::regclass
//! paren.rs    which operands stand without parentheses in the pretty form
//! ident.rs    names
//! ```
//!
//! **Limits.** A tree forgets which of two spellings the user chose: `substring(x, 1, 2)` and
//! `SUBSTRING(x FROM 1 FOR 2)` both print as the call. Subqueries never reach the catalogue and
//! print as `(SubPlan)`.
//!
//! **Further reading.** `ruleutils.c` in PostgreSQL; its manual, section 9.26.

mod cast;
#[cfg(test)]
mod expression_test;
mod ident;
mod list;
mod literal;
mod node;
mod paren;

use stele_core::record::expr::Expr;
use stele_core::record::value::Type;

use literal::Label;

pub use ident::{quote_ident, quote_literal};

/// The names an expression's numbers stand for.
pub trait Names {
    /// The name of the column at this position of the row.
    fn column(&self, index: usize) -> String;

    /// The text form of an object-naming value: `parent_id_seq` for a regclass.
    fn object(&self, ty: &Type, oid: u32) -> String;
}

/// The expression as `pg_get_expr` prints it; `pretty` leaves out needless parentheses.
pub fn expression(expr: &Expr, names: &dyn Names, pretty: bool) -> String {
    let mut writer = Writer {
        out: String::new(),
        indent: 0,
        names,
        pretty,
    };
    match expr {
        // A literal that took a column's type, modifier and all; the user wrote the literal.
        Expr::Const { value, ty } => writer.literal(value, &ty.ty.clone().into(), Label::Needed),
        _ => writer.node(expr, false),
    }
    writer.out
}

/// The text so far and how to continue it.
struct Writer<'a> {
    out: String,
    /// Spaces before CASE's keywords.
    indent: usize,
    names: &'a dyn Names,
    pretty: bool,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A parenthesis that only the plain form prints.
    fn plain(&mut self, text: &str) {
        if !self.pretty {
            self.out.push_str(text);
        }
    }

    /// Starts a line with a keyword of CASE.
    fn line(&mut self, keyword: &str) {
        let kept = self.out.trim_end_matches(' ').len();
        self.out.truncate(kept);
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', self.indent));
        self.out.push_str(keyword);
    }
}
