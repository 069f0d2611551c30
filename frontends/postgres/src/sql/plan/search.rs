//! Searches: which conditions a full-text index answers, and in what order it does.
//!
//! `t @@@ 'words'` is bound as a call over the address of `t`'s row. Nothing can compute that
//! call for one row alone, so each must become part of a scan; [`check`] refuses what is left.

use std::collections::BTreeSet;
use std::sync::Arc;

use stele_core::record::expr::Expr;
use stele_core::record::table::{SearchIndex, Table};
use stele_core::record::value::Type;

use super::access::is_settled;
use super::visit::is_volatile;
use super::{Access, Limit, Plan, Scan, Searched, Source, Top};
use crate::error::{Result, SqlError};
use crate::sql::bind::BoundQuery;

/// The function that `@@@` becomes: a row's address, a query, a field or none.
pub const MATCHES: &str = "stele_matches";
/// The type of `score()`.
pub const SCORE: Type = Type::Float4;

/// A scan through a full-text index.
#[derive(Clone, Debug)]
pub struct Search {
    /// The index.
    pub index: Arc<SearchIndex>,
    /// What must all match: a query, and the field it is about (empty = those listed).
    /// They read no column of the scan.
    pub queries: Vec<(Expr, Expr)>,
    /// At most this many rows are wanted (LIMIT plus OFFSET).
    pub top: Option<Top>,
}

/// A full-text index that a query reads.
#[derive(Clone, Debug)]
pub struct Use {
    /// The index.
    pub index: Arc<SearchIndex>,
    /// Its table.
    pub table: Arc<Table>,
}

impl Search {
    pub(super) fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        let queries = self.queries.iter_mut();
        let queries = queries.flat_map(|(query, field)| [query, field]);
        let top = self.top.iter_mut();
        let top = top.flat_map(|top| std::iter::once(&mut top.limit).chain(&mut top.offset));
        queries.chain(top).collect()
    }
}

/// The arguments of a condition `t @@@ query` over the row of a scan of `table`.
fn condition<'e>(expr: &'e Expr, table: &Table) -> Option<(&'e Expr, &'e Expr)> {
    let Expr::Call { function, args, .. } = expr else {
        return None;
    };
    let [Expr::Column { index, .. }, query, field] = args.as_slice() else {
        return None;
    };
    let is_own = function.name == MATCHES && *index == table.columns.len();
    (is_own && is_settled(query)).then_some((query, field))
}

/// The way through the index, if conditions ask for it. A scan that was chosen a path
/// before, as a subquery's, keeps what it was asked then.
pub(super) fn path(searched: &Searched, scan: &Scan) -> Option<Access> {
    let mut search = match &scan.access {
        Access::Search(search) => search.as_ref().clone(),
        _ => Search {
            index: searched.index.clone(),
            queries: Vec::new(),
            top: None,
        },
    };
    let conditions = scan
        .filter
        .iter()
        .filter_map(|expr| condition(expr, &searched.table));
    let queries = conditions.map(|(query, field)| (query.clone(), field.clone()));
    search.queries.extend(queries);
    (!search.queries.is_empty()).then(|| Access::Search(Box::new(search)))
}

/// What the index answers is not asked of each row again: it could not be.
pub(super) fn take(scan: &mut Scan) {
    if let (Access::Search(_), Source::Searched(searched)) = (&scan.access, &scan.source) {
        let table = searched.table.clone();
        scan.filter.retain(|expr| condition(expr, &table).is_none());
    }
}

/// A search gives the best rows first: a sort by score alone is not needed, and a limit
/// says how many are looked for.
pub(super) fn order(plan: &mut Plan) {
    plan.walk_mut(&mut unsorted);
    plan.walk_mut(&mut bounded);
}

fn unsorted(plan: &mut Plan) {
    while let Plan::Sort { input, keys, .. } = plan {
        let [key] = keys.as_slice() else { return };
        let Expr::Column { index, .. } = key.expr else {
            return;
        };
        if !key.descending || !is_score(input, index) {
            return;
        }
        *plan = std::mem::replace(&mut **input, Plan::OneRow);
    }
}

/// Whether a column of a plan that keeps the order of its rows is the score of a search.
fn is_score(plan: &Plan, column: usize) -> bool {
    match plan {
        Plan::Project { input, exprs } => match exprs.get(column) {
            Some(Expr::Column { index, .. }) => is_score(input, *index),
            _ => false,
        },
        Plan::Filter { input, .. } => is_score(input, column),
        Plan::Scan(scan) => match (&scan.source, &scan.access) {
            (Source::Searched(searched), Access::Search(_)) => {
                searched.has_score && column == searched.table.columns.len() + 1
            }
            _ => false,
        },
        _ => false,
    }
}

fn bounded(plan: &mut Plan) {
    let Plan::Limit(limit) = plan else { return };
    let Limit {
        input,
        limit: Some(count),
        offset,
        ties: None,
    } = limit.as_mut()
    else {
        return;
    };
    if is_volatile(count) || offset.as_ref().is_some_and(is_volatile) {
        return;
    }
    let mut below = input;
    while let Plan::Project { input, .. } = below {
        below = input;
    }
    let Plan::Scan(scan) = below else { return };
    if let (Access::Search(search), true) = (&mut scan.access, scan.filter.is_empty()) {
        search.top = Some(Top {
            limit: count.clone(),
            offset: offset.clone(),
        });
    }
}

/// A constant's digits.
fn shown(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Const { value, .. } => value.as_i64().map(|number| number.to_string()),
        Expr::Cast { expr, .. } => shown(expr),
        _ => None,
    }
}

/// ` (top 10)`, for EXPLAIN.
pub(super) fn top_text(top: &Top) -> String {
    let count = shown(&top.limit).unwrap_or_else(|| "n".to_owned());
    match &top.offset {
        None => format!(" (top {count})"),
        Some(offset) => {
            let offset = shown(offset).unwrap_or_else(|| "n".to_owned());
            format!(" (top {count} after {offset})")
        }
    }
}

/// The full-text indexes that a query reads. `scored` = relations whose score is asked for.
///
/// # Errors
/// 0A000 for a search or a score that no index answers.
pub(crate) fn check(query: &mut BoundQuery, scored: &BTreeSet<usize>) -> Result<Vec<Use>> {
    let mut found = Found::default();
    for subplan in &mut query.subplans {
        subplan.plan.walk_mut(&mut |plan| found.look(plan, scored));
    }
    query.plan.walk_mut(&mut |plan| found.look(plan, scored));
    match found {
        Found { is_left: true, .. } => Err(SqlError::unsupported(
            "this use of @@@ is not supported",
        )
        .with_hint(
            "An index answers it where it stands in WHERE or ON, joined to other conditions by AND only, and its right side reads no row.",
        )),
        Found {
            unscored: Some(name),
            ..
        } => Err(SqlError::unsupported(format!(
            "score() needs a search: there is no condition \"{name} @@@ ...\" that an index answers"
        ))),
        Found { uses, .. } => Ok(uses),
    }
}

#[derive(Default)]
struct Found {
    uses: Vec<Use>,
    is_left: bool,
    unscored: Option<String>,
}

impl Found {
    fn look(&mut self, plan: &mut Plan, scored: &BTreeSet<usize>) {
        for expr in plan.exprs_mut() {
            expr.walk(&mut |part| {
                self.is_left |=
                    matches!(part, Expr::Call { function, .. } if function.name == MATCHES);
            });
        }
        let Plan::Scan(scan) = plan else { return };
        match (&scan.access, scan.source.table()) {
            (Access::Search(search), Some(table)) => self.note(search, table),
            _ if scored.contains(&scan.rel) => self.unscored = Some(scan.alias.clone()),
            _ => {}
        }
    }

    fn note(&mut self, search: &Search, table: &Arc<Table>) {
        let is_known = |known: &Use| known.index.id == search.index.id;
        if !self.uses.iter().any(is_known) {
            self.uses.push(Use {
                index: search.index.clone(),
                table: table.clone(),
            });
        }
    }
}
