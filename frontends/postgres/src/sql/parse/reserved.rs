//! Reserved words: no names, unless they are quoted.
//!
//! sqlparser takes any word where a name may stand, so that `SELECT FROM where` would ask for a
//! table and `CREATE TABLE t (order int)` make a column nobody can name in PostgreSQL. Here the
//! words are PostgreSQL's, and so are the places: `begins_expression` is asked before each
//! expression, `misused` after a statement was read.
//!
//! **Limits.** Labels (`AS order`, `t.order`) are any word, as in PostgreSQL. The names of things
//! that this door refuses anyway are not looked at.
//!
//! **Further reading.** PostgreSQL manual, appendix C (SQL key words).

use std::ops::ControlFlow;

use sqlparser::ast::{
    AlterTableOperation, AssignmentTarget, ColumnDef, Ident, ObjectName, ObjectNamePart, Query,
    Statement, TableAlias, TableFactor, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use Place::{Call, Joint, Start};

/// Where a reserved word stands, other than as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between other things: it begins nothing that has a value.
    Joint,
    /// At the start of an expression.
    Start,
    /// As the name of a function before its arguments, too.
    Call,
}

/// PostgreSQL 15's reserved words, in order.
const WORDS: [(&str, Place); 100] = [
    ("all", Joint),
    ("analyse", Joint),
    ("analyze", Joint),
    ("and", Joint),
    ("any", Joint),
    ("array", Start),
    ("as", Joint),
    ("asc", Joint),
    ("asymmetric", Joint),
    ("authorization", Call),
    ("binary", Call),
    ("both", Joint),
    ("case", Start),
    ("cast", Start),
    ("check", Joint),
    ("collate", Joint),
    ("collation", Call),
    ("column", Joint),
    ("concurrently", Call),
    ("constraint", Joint),
    ("create", Joint),
    ("cross", Call),
    ("current_catalog", Start),
    ("current_date", Start),
    ("current_role", Start),
    ("current_schema", Start),
    ("current_time", Start),
    ("current_timestamp", Start),
    ("current_user", Start),
    ("default", Start),
    ("deferrable", Joint),
    ("desc", Joint),
    ("distinct", Joint),
    ("do", Joint),
    ("else", Joint),
    ("end", Joint),
    ("except", Joint),
    ("false", Start),
    ("fetch", Joint),
    ("for", Joint),
    ("foreign", Joint),
    ("freeze", Call),
    ("from", Joint),
    ("full", Call),
    ("grant", Joint),
    ("group", Joint),
    ("having", Joint),
    ("ilike", Call),
    ("in", Joint),
    ("initially", Joint),
    ("inner", Call),
    ("intersect", Joint),
    ("into", Joint),
    ("is", Call),
    ("isnull", Call),
    ("join", Call),
    ("lateral", Joint),
    ("leading", Joint),
    ("left", Call),
    ("like", Call),
    ("limit", Joint),
    ("localtime", Start),
    ("localtimestamp", Start),
    ("natural", Call),
    ("not", Start),
    ("notnull", Call),
    ("null", Start),
    ("offset", Joint),
    ("on", Joint),
    ("only", Joint),
    ("or", Joint),
    ("order", Joint),
    ("outer", Call),
    ("overlaps", Call),
    ("placing", Joint),
    ("primary", Joint),
    ("references", Joint),
    ("returning", Joint),
    ("right", Call),
    ("select", Joint),
    ("session_user", Start),
    ("similar", Call),
    ("some", Joint),
    ("symmetric", Joint),
    ("table", Joint),
    ("tablesample", Call),
    ("then", Joint),
    ("to", Joint),
    ("trailing", Joint),
    ("true", Start),
    ("union", Joint),
    ("unique", Joint),
    ("user", Start),
    ("using", Joint),
    ("variadic", Start),
    ("verbose", Call),
    ("when", Joint),
    ("where", Joint),
    ("window", Joint),
    ("with", Joint),
];

fn place(word: &str) -> Option<Place> {
    let lower = || word.bytes().map(|byte| byte.to_ascii_lowercase());
    let at = WORDS.binary_search_by(|(known, _)| known.bytes().cmp(lower()));
    at.ok()
        .and_then(|at| WORDS.get(at))
        .map(|(_, place)| *place)
}

/// Whether an unquoted word may not be a name.
pub fn is_reserved(word: &str) -> bool {
    place(word).is_some()
}

/// Whether an unquoted word, with or without a parenthesis behind it, can begin an expression.
pub fn begins_expression(word: &str, is_call: bool) -> bool {
    match place(word) {
        None | Some(Start) => true,
        Some(Call) => is_call,
        Some(Joint) => false,
    }
}

/// The place of the first reserved word that a statement uses as a name.
pub fn misused(statement: &Statement) -> Option<Span> {
    match statement.visit(&mut Names::default()) {
        ControlFlow::Break(span) => Some(span),
        ControlFlow::Continue(()) => None,
    }
}

/// Looks at the names of relations and columns, wherever they stand.
#[derive(Default)]
struct Names {
    /// The next relation is a function's name: `FROM left('a', 1)`, `FROM current_user`.
    is_function: bool,
}

type Found = ControlFlow<Span>;

impl Visitor for Names {
    type Break = Span;

    fn pre_visit_statement(&mut self, statement: &Statement) -> Found {
        match statement {
            Statement::CreateTable(create) => columns(&create.columns),
            Statement::AlterTable(alter) => alter.operations.iter().try_for_each(altered),
            Statement::CreateIndex(index) => index.name.iter().try_for_each(object),
            Statement::Insert(insert) => insert.columns.iter().try_for_each(object),
            Statement::Update(update) => {
                let mut targets = update.assignments.iter().map(|set| &set.target);
                targets.try_for_each(|target| match target {
                    AssignmentTarget::ColumnName(name) => object(name),
                    AssignmentTarget::Tuple(names) => names.iter().try_for_each(object),
                })
            }
            Statement::Drop { names, .. } => names.iter().try_for_each(object),
            _ => Found::Continue(()),
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> Found {
        let with = query.with.iter().flat_map(|with| &with.cte_tables);
        with.map(|cte| &cte.alias).try_for_each(alias)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Found {
        match factor {
            TableFactor::Table {
                name,
                alias: own,
                args,
                ..
            } => {
                let is_value = first(name).is_some_and(|ident| place(&ident.value) == Some(Start));
                self.is_function = args.is_some() || is_value;
                own.iter().try_for_each(alias)
            }
            TableFactor::Derived { alias: own, .. } => own.iter().try_for_each(alias),
            _ => Found::Continue(()),
        }
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> Found {
        match std::mem::take(&mut self.is_function) {
            true => Found::Continue(()),
            false => object(name),
        }
    }
}

fn columns(defs: &[ColumnDef]) -> Found {
    defs.iter().try_for_each(|def| name(&def.name))
}

fn altered(operation: &AlterTableOperation) -> Found {
    match operation {
        AlterTableOperation::AddColumn { column_def, .. } => name(&column_def.name),
        AlterTableOperation::RenameColumn {
            old_column_name,
            new_column_name,
        } => [old_column_name, new_column_name]
            .into_iter()
            .try_for_each(name),
        _ => Found::Continue(()),
    }
}

fn alias(alias: &TableAlias) -> Found {
    name(&alias.name)?;
    let mut columns = alias.columns.iter();
    columns.try_for_each(|column| name(&column.name))
}

/// Only the first part: the others are behind a dot.
fn object(object: &ObjectName) -> Found {
    first(object).map_or(Found::Continue(()), name)
}

fn first(object: &ObjectName) -> Option<&Ident> {
    object.0.first().and_then(ObjectNamePart::as_ident)
}

fn name(ident: &Ident) -> Found {
    match ident.quote_style.is_none() && is_reserved(&ident.value) {
        true => Found::Break(ident.span),
        false => Found::Continue(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn the_words_are_in_order() {
        assert!(WORDS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_reserved_word_is_no_name() {
        for text in [
            "select from ^where",
            "select * from t, ^where",
            "select * from t join ^where on true",
            "select * from t as ^where",
            "with ^order as (select 1) select 1",
            "select * from (select 1) as ^user",
            "select * from (values (1)) as v (^limit)",
            "insert into ^order values (1)",
            "insert into t (a, ^where) values (1, 2)",
            "update ^where set a = 1",
            "update t set ^where = 1",
            "delete from ^where",
            "create table ^user (a int)",
            "create table t (a int, ^user int)",
            "alter table t add column ^order int",
            "alter table t rename column a to ^order",
            "create index ^where on t (a)",
            "create index on ^where (a)",
            "drop table t, ^where",
            "table ^where",
            "savepoint ^where",
            "copy ^where from stdin",
            "prepare ^where as select 1",
        ] {
            refused_at_mark(text);
        }
    }

    #[test]
    fn a_reserved_word_begins_no_expression() {
        for text in [
            "select ^select from t",
            "select 1 + ^from t",
            "select a from t where ^where = 1",
            "select a from t group by ^where",
            "select f(^where)",
            "select * from t limit ^where",
            "select a between ^and 1 from t",
        ] {
            refused_at_mark(text);
        }
    }

    /// Refused as a syntax error at the word behind the mark.
    fn refused_at_mark(marked: &str) {
        let text = marked.replace('^', "");
        let at = marked.find('^').map(|at| at + 1);
        let error = parse(&text).expect_err(&text);
        assert_eq!(
            (error.code, error.position),
            ("42601", at),
            "{text}: {error}"
        );
    }

    #[test]
    fn a_reserved_word_may_be_quoted_a_label_or_a_function() {
        for text in [
            "select from \"where\"",
            "select 1 as where, t.order from t",
            "select 1 as from where true",
            "select left('abc', 1), case when true then null else user end",
            "select * from left('abc', 1)",
            "select * from current_user",
            "select current_schema, current_date, not true, array[1], cast('1' as int)",
            "insert into t values (default)",
            "create table \"user\" (\"order\" int default null check (\"order\" > 0))",
            "select * from t natural join s left join u using (a)",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text).err());
        }
    }
}
