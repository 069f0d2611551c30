//! # Plans: how the rows of a query come to be
//!
//! **What.** [`Plan`] is a tree of row sources. Expressions in it read the row of their own
//! node by position, and the row of the enclosing query as `Outer { depth: 0, index }`.
//!
//! **Why.** A bound statement must be kept, shown (EXPLAIN) and run many times; a tree of
//! plain data can be all three, and an analytic engine may take it over whole.
//!
//! **How.** The binder builds the obvious tree; [`optimize`] then improves it:
//!
//! ```text
//!   inline     a CTE used once becomes an ordinary subtree
//!   pushdown   conditions move towards the scans; `a = b` across a join becomes a hash key
//!   semijoin   EXISTS (...) and x IN (...) become semi and anti joins
//!   access     conditions on a scan become a key, a list of keys, an index range, or a search
//!   search     best first is the order a search has; the best ten are all it looks for
//!   needed     columns nobody reads are not decoded
//! ```
//!
//! Whatever one part of a plan needs of another's row is passed explicitly: a correlated
//! subquery and the right side of a lateral join have a list of arguments, and `Outer`
//! counts in it. Nothing else crosses that boundary, so each side can be changed alone.
//!
//! **Limits.** Joins run in the order they are written. There are no statistics: a join
//! whose right side has a key looks rows up while the left side is short, else it hashes.
//!
//! **Further reading.** `explain.rs` prints plans; Selinger et al., "Access Path Selection" (1979).

pub mod access;
pub mod explain;
mod inline;
mod needed;
pub mod optimize;
pub mod point;
mod pushdown;
pub mod search;
mod semijoin;
mod source;
mod visit;

use stele_core::record::expr::{self, Expr};
use stele_core::record::value::Type;

pub use access::Access;
pub use optimize::optimize;
pub use point::{PointGet, point_get};
pub use source::{Searched, Source};

use super::execute::set_function::SetFunction;

/// A source of rows.
#[derive(Clone, Debug)]
pub enum Plan {
    /// One row without columns.
    OneRow,
    /// No rows, of this width.
    NoRows(usize),
    /// Rows of a table.
    Scan(Box<Scan>),
    /// The rows for which the condition holds.
    Filter {
        /// Where the rows come from.
        input: Box<Plan>,
        /// The condition.
        predicate: Expr,
    },
    /// One row of expressions for each row.
    Project {
        /// Where the rows come from.
        input: Box<Plan>,
        /// The new row.
        exprs: Vec<Expr>,
    },
    /// Each row as often as its set-returning functions return rows, followed by their values.
    ProjectSet {
        /// Where the rows come from.
        input: Box<Plan>,
        /// Run in step; those that end early are NULL.
        calls: Vec<SetCall>,
    },
    /// Rows of two sources, combined.
    Join(Box<Join>),
    /// One row per group: its keys, its aggregates, the number of its grouping set.
    Aggregate(Box<Aggregate>),
    /// Each row, followed by its window functions' values.
    Window(Box<Window>),
    /// The rows in order.
    Sort {
        /// Where the rows come from.
        input: Box<Plan>,
        /// What they are ordered by.
        keys: Vec<SortKey>,
        /// At most this many rows are wanted (LIMIT plus OFFSET).
        top: Option<Box<Top>>,
    },
    /// Some of the rows.
    Limit(Box<Limit>),
    /// The first of the rows that are equal.
    Distinct {
        /// Where the rows come from.
        input: Box<Plan>,
        /// DISTINCT ON: rows arrive with equal ones together. `None` compares whole rows.
        on: Option<Vec<Expr>>,
    },
    /// UNION, INTERSECT or EXCEPT.
    SetOp {
        /// Which.
        op: SetOp,
        /// Keep duplicates.
        all: bool,
        /// The first operand.
        left: Box<Plan>,
        /// The second operand, with columns of the same types.
        right: Box<Plan>,
    },
    /// Rows of expressions.
    Values {
        /// The rows.
        rows: Vec<Vec<Expr>>,
        /// How many columns they have.
        width: usize,
    },
    /// A function's rows.
    Function(Box<FunctionScan>),
    /// A query with common table expressions, computed when first read.
    With {
        /// Their definitions; each may read those before it.
        ctes: Vec<CtePlan>,
        /// What reads them.
        body: Box<Plan>,
    },
    /// The rows of a common table expression.
    CteScan {
        /// Which of the statement.
        slot: usize,
        /// How many columns it has.
        width: usize,
        /// Its name, for EXPLAIN.
        name: String,
    },
    /// A recursive union: `base`, then `step` over the rows it last gave, until it gives none.
    Recursive(Box<Recursive>),
}

/// A scan of one relation.
#[derive(Clone, Debug)]
pub struct Scan {
    /// What is scanned.
    pub source: Source,
    /// The relation's number in the statement.
    pub rel: usize,
    /// The name the statement calls it by.
    pub alias: String,
    /// How rows are found.
    pub access: Access,
    /// Conditions over the scan's row, all of which must hold.
    pub filter: Vec<Expr>,
    /// Which columns anybody reads; the others are NULL.
    pub needed: Vec<bool>,
}

/// A join of two sources. Its row is the left row, then the right row (not for semi and anti joins).
#[derive(Clone, Debug)]
pub struct Join {
    /// Which rows without a partner survive.
    pub kind: JoinKind,
    /// The first operand.
    pub left: Plan,
    /// The second operand.
    pub right: Plan,
    /// With `Some`, the right side is opened anew for each left row and its `Outer` columns
    /// are these expressions over the left row.
    pub args: Option<Vec<Expr>>,
    /// Pairs that must be equal: over the left row, over the right row.
    pub keys: Vec<(Expr, Expr)>,
    /// What else must hold, over both rows.
    pub filter: Vec<Expr>,
    /// Another way to the right side's rows, worthwhile while there are few left rows.
    pub probe: Option<Probe>,
}

/// A right side that finds the rows of one left row by key.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The right side, opened for each left row.
    pub right: Plan,
    /// What its `Outer` columns are, over the left row.
    pub args: Vec<Expr>,
}

/// The kinds of join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// Pairs only.
    Inner,
    /// Also left rows without a partner.
    Left,
    /// Also right rows without a partner.
    Right,
    /// Also rows of both sides without a partner.
    Full,
    /// Left rows that have a partner.
    Semi,
    /// Left rows that have no partner.
    Anti,
    /// `x NOT IN (...)`: left rows that have no partner, and no NULL in the way.
    NotIn,
}

impl JoinKind {
    /// Whether the right row is part of the join's row.
    pub fn keeps_right(self) -> bool {
        !matches!(self, Self::Semi | Self::Anti | Self::NotIn)
    }
}

/// Groups and their aggregates.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Where the rows come from.
    pub input: Plan,
    /// Grouping expressions.
    pub groups: Vec<Expr>,
    /// Grouping sets as positions in `groups`; one set of all of them, normally.
    pub sets: Vec<Vec<usize>>,
    /// What is computed for each group.
    pub calls: Vec<AggregateCall>,
}

/// One aggregate.
#[derive(Clone, Debug, PartialEq)]
pub struct AggregateCall {
    /// The accumulator.
    pub aggregate: expr::Aggregate,
    /// Its arguments, cast to its types.
    pub args: Vec<Expr>,
    /// Each set of arguments once.
    pub distinct: bool,
    /// Only rows for which this holds.
    pub filter: Option<Expr>,
    /// In this order.
    pub order: Vec<SortKey>,
}

/// Window functions that share partitions and order.
#[derive(Clone, Debug)]
pub struct Window {
    /// Where the rows come from.
    pub input: Plan,
    /// PARTITION BY.
    pub partition: Vec<Expr>,
    /// ORDER BY.
    pub order: Vec<SortKey>,
    /// What is computed.
    pub calls: Vec<WindowCall>,
}

/// One window function.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowCall {
    /// Which.
    pub function: WindowFunction,
    /// Its arguments.
    pub args: Vec<Expr>,
    /// Only rows for which this holds (aggregates).
    pub filter: Option<Expr>,
    /// The rows it sees.
    pub frame: Frame,
    /// The result type.
    pub ty: Type,
}

/// What a window function computes.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each is the SQL function of that name
pub enum WindowFunction {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    Ntile,
    Lag,
    Lead,
    FirstValue,
    LastValue,
    NthValue,
    /// Any aggregate, over the frame.
    Aggregate(expr::Aggregate),
}

/// A window frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// ROWS, RANGE or GROUPS.
    pub units: FrameUnits,
    /// Where it starts.
    pub start: Bound,
    /// Where it ends.
    pub end: Bound,
    /// For RANGE with an offset: expressions over the row `[key, offset]`.
    pub range: Option<Box<RangeArithmetic>>,
}

/// How RANGE compares: functions over (key, offset).
#[derive(Clone, Debug, PartialEq)]
pub struct RangeArithmetic {
    /// `key + offset`.
    pub plus: Expr,
    /// `key - offset`.
    pub minus: Expr,
    /// `key`, in the type of the two.
    pub widen: Expr,
}

/// What a frame's offsets count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum FrameUnits {
    Rows,
    Range,
    Groups,
}

/// An end of a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// The partition's first row.
    First,
    /// So far before the current row.
    Preceding(Expr),
    /// The current row (or its peers).
    Current,
    /// So far after the current row.
    Following(Expr),
    /// The partition's last row.
    Last,
}

/// What rows are ordered by.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    /// Over the row.
    pub expr: Expr,
    /// DESC.
    pub descending: bool,
    /// NULLS FIRST.
    pub nulls_first: bool,
}

/// How many rows of a sort are wanted: the sum of both.
#[derive(Clone, Debug)]
pub struct Top {
    /// LIMIT.
    pub limit: Expr,
    /// OFFSET.
    pub offset: Option<Expr>,
}

/// LIMIT and OFFSET; both `bigint`, NULL for none.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Where the rows come from.
    pub input: Plan,
    /// How many.
    pub limit: Option<Expr>,
    /// After how many.
    pub offset: Option<Expr>,
    /// WITH TIES: and those equal to the last by these keys.
    pub ties: Option<Vec<SortKey>>,
}

/// The set operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SetOp {
    Union,
    Intersect,
    Except,
}

/// A set-returning function and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct SetCall {
    /// Which.
    pub function: SetFunction,
    /// Its arguments, cast to its types.
    pub args: Vec<Expr>,
}

/// Functions in FROM.
#[derive(Clone, Debug)]
pub struct FunctionScan {
    /// Run in step, as `ROWS FROM` does.
    pub calls: Vec<FunctionCall>,
    /// A last column counts from 1.
    pub ordinality: bool,
    /// The name the statement calls it by.
    pub alias: String,
}

/// One function in FROM.
#[derive(Clone, Debug, PartialEq)]
pub enum FunctionCall {
    /// A set-returning function.
    Set(SetCall),
    /// Any other expression: one row of one column.
    Scalar(Expr),
}

/// A common table expression.
#[derive(Clone, Debug)]
pub struct CtePlan {
    /// Its number in the statement.
    pub slot: usize,
    /// Its name.
    pub name: String,
    /// Its rows.
    pub plan: Plan,
    /// Whether it must be computed once even if used once (MATERIALIZED, volatile, recursive).
    pub keep: bool,
}

/// `base UNION [ALL] step`.
#[derive(Clone, Debug)]
pub struct Recursive {
    /// The number under which `step` reads the rows last given.
    pub slot: usize,
    /// The first rows.
    pub base: Plan,
    /// The rows that follow from the last.
    pub step: Plan,
    /// Without ALL: rows seen before are dropped.
    pub distinct: bool,
    /// How many columns.
    pub width: usize,
}

impl Plan {
    /// How many columns each row has.
    pub fn width(&self) -> usize {
        match self {
            Self::OneRow => 0,
            Self::NoRows(width) | Self::Values { width, .. } | Self::CteScan { width, .. } => {
                *width
            }
            Self::Scan(scan) => scan.source.width(),
            Self::Filter { input, .. }
            | Self::Sort { input, .. }
            | Self::Distinct { input, .. } => input.width(),
            Self::Project { exprs, .. } => exprs.len(),
            Self::ProjectSet { input, calls } => input.width() + calls.len(),
            Self::Join(join) if join.kind.keeps_right() => join.left.width() + join.right.width(),
            Self::Join(join) => join.left.width(),
            Self::Aggregate(aggregate) => aggregate.groups.len() + aggregate.calls.len() + 1,
            Self::Window(window) => window.input.width() + window.calls.len(),
            Self::Limit(limit) => limit.input.width(),
            Self::SetOp { left, .. } => left.width(),
            Self::Function(function) => function.width(),
            Self::With { body, .. } => body.width(),
            Self::Recursive(recursive) => recursive.width,
        }
    }
}

impl FunctionScan {
    /// How many columns each row has.
    pub fn width(&self) -> usize {
        let columns = self.calls.iter().map(|call| match call {
            FunctionCall::Set(call) => call.function.columns().len(),
            FunctionCall::Scalar(_) => 1,
        });
        columns.sum::<usize>() + usize::from(self.ordinality)
    }
}
