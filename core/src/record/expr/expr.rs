//! The bound expression: every name resolved, every type settled, fit to be stored.

use serde::{Deserialize, Serialize};

use super::functions::{FunctionRef, Volatility};
use crate::record::value::{CastContext, ColumnType, Type, Value};

/// A bound, typed expression over one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Expr {
    /// A constant.
    Const {
        /// The value.
        value: Value,
        /// Its type.
        ty: ColumnType,
    },
    /// A column of the row at hand.
    Column {
        /// Position in the row.
        index: usize,
        /// Its type.
        ty: ColumnType,
    },
    /// A column of an enclosing query's row.
    Outer {
        /// 0 is the nearest enclosing query.
        depth: usize,
        /// Position in that row.
        index: usize,
        /// Its type.
        ty: ColumnType,
    },
    /// A parameter; `$1` has index 0.
    Param {
        /// Position among the parameters.
        index: usize,
        /// Its type.
        ty: ColumnType,
    },
    /// A function or operator over its arguments, already cast to its signature.
    Call {
        /// The function.
        function: FunctionRef,
        /// The arguments.
        args: Vec<Expr>,
        /// The result type.
        ty: Type,
    },
    /// All of them, by three-valued logic.
    And(Vec<Expr>),
    /// Any of them, by three-valued logic.
    Or(Vec<Expr>),
    /// Not it, by three-valued logic.
    Not(Box<Expr>),
    /// `IS [NOT] NULL`.
    IsNull {
        /// The operand.
        expr: Box<Expr>,
        /// IS NOT NULL.
        negated: bool,
    },
    /// `IS [NOT] TRUE / FALSE / UNKNOWN`: the test holds for this truth value.
    IsTruth {
        /// The operand, boolean.
        expr: Box<Expr>,
        /// The truth value: true, false, or unknown (`None`).
        truth: Option<bool>,
        /// With NOT.
        negated: bool,
    },
    /// `IS [NOT] DISTINCT FROM`, both sides of one type.
    IsDistinct {
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
        /// IS NOT DISTINCT FROM.
        negated: bool,
    },
    /// `CASE WHEN condition THEN result ... ELSE otherwise END`.
    ///
    /// The binder turns `CASE x WHEN y` into conditions `x = y`.
    Case {
        /// Conditions and results, in order.
        whens: Vec<(Expr, Expr)>,
        /// The ELSE, or nothing for NULL.
        otherwise: Option<Box<Expr>>,
        /// The result type.
        ty: ColumnType,
    },
    /// The first argument that is not null.
    Coalesce {
        /// The arguments, of one type.
        args: Vec<Expr>,
        /// The result type.
        ty: Type,
    },
    /// Null when both are equal, else the left.
    NullIf {
        /// Left side, cast as the operator wants it: its type is the result's.
        left: Box<Expr>,
        /// `left = right`, cast as needed: evaluated as a whole.
        equal: Box<Expr>,
    },
    /// The greatest argument that is not null.
    Greatest {
        /// The arguments, of one type.
        args: Vec<Expr>,
        /// The result type.
        ty: Type,
    },
    /// The least argument that is not null.
    Least {
        /// The arguments, of one type.
        args: Vec<Expr>,
        /// The result type.
        ty: Type,
    },
    /// A conversion; `from` is the operand's type.
    Cast {
        /// The operand.
        expr: Box<Expr>,
        /// The operand's type.
        from: Type,
        /// The target.
        to: ColumnType,
        /// Which rules apply.
        context: CastContext,
    },
    /// `x [NOT] IN (a, b, ...)`: the list in the type of x.
    InList {
        /// The operand.
        expr: Box<Expr>,
        /// The alternatives.
        list: Vec<Expr>,
        /// The equality used.
        equal: FunctionRef,
        /// NOT IN.
        negated: bool,
    },
    /// `x op ANY (array)` / `x op ALL (array)`.
    AnyAll {
        /// The left operand.
        left: Box<Expr>,
        /// A boolean operator over (left, element).
        operator: FunctionRef,
        /// An array.
        array: Box<Expr>,
        /// ALL rather than ANY.
        all: bool,
    },
    /// `ARRAY[...]`.
    Array {
        /// The items: elements, or arrays of the same shape for more dimensions.
        items: Vec<Expr>,
        /// The element type.
        element: Type,
    },
    /// `array[i][j]`.
    Subscript {
        /// The array.
        array: Box<Expr>,
        /// One integer expression per dimension.
        indexes: Vec<Expr>,
        /// The element type.
        ty: Type,
    },
    /// `array[a:b]`, one dimension; a missing bound is the array's own.
    Slice {
        /// The array.
        array: Box<Expr>,
        /// Lower bound.
        lower: Option<Box<Expr>>,
        /// Upper bound.
        upper: Option<Box<Expr>>,
        /// The array type.
        ty: Type,
    },
    /// `ROW(a, b)`.
    Row {
        /// The fields.
        fields: Vec<Expr>,
        /// Their names; empty for f1, f2, ...
        names: Vec<String>,
    },
    /// `(record).field`, by position.
    Field {
        /// The record.
        record: Box<Expr>,
        /// Position of the field.
        index: usize,
        /// Its type.
        ty: ColumnType,
    },
    /// A subquery, run by [`super::Host::subquery`].
    Subquery {
        /// Which subquery of the statement.
        slot: usize,
        /// What the subquery needs of this row: `Outer { depth: 0, index }` inside it is the
        /// value of the argument at that index.
        args: Vec<Expr>,
        /// What its rows are made into.
        form: SubqueryForm,
        /// The result type.
        ty: ColumnType,
    },
}

/// What a subquery's rows become.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SubqueryForm {
    /// The one value of at most one row; 21000 when there are more.
    Scalar,
    /// Whether there is a row.
    Exists,
    /// `ARRAY(SELECT ...)` of this element type.
    Array(Type),
    /// `left op ANY (SELECT ...)` (IN is `= ANY`); several columns compare as rows.
    Any {
        /// The left operands, one per column.
        left: Vec<Expr>,
        /// Operators, one per column, over (left, column).
        operators: Vec<FunctionRef>,
    },
    /// `left op ALL (SELECT ...)` (NOT IN is `<> ALL`).
    All {
        /// The left operand.
        left: Vec<Expr>,
        /// The operator over (left, column).
        operators: Vec<FunctionRef>,
    },
}

impl Expr {
    /// A constant of this type.
    pub fn constant(value: Value, ty: impl Into<ColumnType>) -> Expr {
        Expr::Const {
            value,
            ty: ty.into(),
        }
    }

    /// NULL of unknown type.
    pub fn null() -> Expr {
        Expr::constant(Value::Null, Type::Unknown)
    }

    /// A column of the row at hand.
    pub fn column(index: usize, ty: impl Into<ColumnType>) -> Expr {
        Expr::Column {
            index,
            ty: ty.into(),
        }
    }

    /// A cast of this expression, or itself when it has the type already.
    pub fn cast_to(self, to: impl Into<ColumnType>, context: CastContext) -> Expr {
        let (from, to) = (self.column_type(), to.into());
        if from == to || (from.ty == to.ty && to.typmod < 0) {
            return self;
        }
        Expr::Cast {
            expr: Box::new(self),
            from: from.ty,
            to,
            context,
        }
    }

    /// The type of the result.
    pub fn ty(&self) -> Type {
        self.column_type().ty
    }

    /// The type of the result with its modifier.
    pub fn column_type(&self) -> ColumnType {
        match self {
            Expr::Const { ty, .. }
            | Expr::Column { ty, .. }
            | Expr::Outer { ty, .. }
            | Expr::Param { ty, .. }
            | Expr::Case { ty, .. }
            | Expr::Field { ty, .. }
            | Expr::Cast { to: ty, .. }
            | Expr::Subquery { ty, .. } => ty.clone(),
            Expr::Call { ty, .. }
            | Expr::Coalesce { ty, .. }
            | Expr::Greatest { ty, .. }
            | Expr::Least { ty, .. }
            | Expr::Subscript { ty, .. }
            | Expr::Slice { ty, .. } => ty.clone().into(),
            Expr::And(_)
            | Expr::Or(_)
            | Expr::Not(_)
            | Expr::IsNull { .. }
            | Expr::IsTruth { .. }
            | Expr::IsDistinct { .. }
            | Expr::InList { .. }
            | Expr::AnyAll { .. } => Type::Bool.into(),
            Expr::NullIf { left, .. } => left.column_type(),
            Expr::Array { element, .. } => Type::array_of(element.clone()).into(),
            Expr::Row { .. } => Type::Record.into(),
        }
    }

    /// The direct operands, left to right.
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Const { .. } | Expr::Column { .. } | Expr::Outer { .. } | Expr::Param { .. } => {
                vec![]
            }
            Expr::Call { args, .. }
            | Expr::And(args)
            | Expr::Or(args)
            | Expr::Coalesce { args, .. }
            | Expr::Greatest { args, .. }
            | Expr::Least { args, .. }
            | Expr::Array { items: args, .. }
            | Expr::Row { fields: args, .. } => args.iter().collect(),
            Expr::Not(expr)
            | Expr::IsNull { expr, .. }
            | Expr::IsTruth { expr, .. }
            | Expr::Cast { expr, .. }
            | Expr::Field { record: expr, .. } => vec![expr],
            Expr::IsDistinct { left, right, .. } => vec![left, right],
            Expr::NullIf { left, equal } => vec![left, equal],
            Expr::AnyAll { left, array, .. } => vec![left, array],
            Expr::InList { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
            Expr::Subscript { array, indexes, .. } => {
                std::iter::once(&**array).chain(indexes).collect()
            }
            Expr::Slice {
                array,
                lower,
                upper,
                ..
            } => {
                let bounds = lower.iter().chain(upper).map(|bound| &**bound);
                std::iter::once(&**array).chain(bounds).collect()
            }
            Expr::Case {
                whens, otherwise, ..
            } => {
                let whens = whens.iter().flat_map(|(when, then)| [when, then]);
                whens
                    .chain(otherwise.iter().map(|otherwise| &**otherwise))
                    .collect()
            }
            Expr::Subquery { form, args, .. } => match form {
                SubqueryForm::Any { left, .. } | SubqueryForm::All { left, .. } => {
                    left.iter().chain(args).collect()
                }
                _ => args.iter().collect(),
            },
        }
    }

    /// The direct operands, to be rewritten in place.
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Expr::Const { .. } | Expr::Column { .. } | Expr::Outer { .. } | Expr::Param { .. } => {
                vec![]
            }
            Expr::Call { args, .. }
            | Expr::And(args)
            | Expr::Or(args)
            | Expr::Coalesce { args, .. }
            | Expr::Greatest { args, .. }
            | Expr::Least { args, .. }
            | Expr::Array { items: args, .. }
            | Expr::Row { fields: args, .. } => args.iter_mut().collect(),
            Expr::Not(expr)
            | Expr::IsNull { expr, .. }
            | Expr::IsTruth { expr, .. }
            | Expr::Cast { expr, .. }
            | Expr::Field { record: expr, .. } => vec![expr],
            Expr::IsDistinct { left, right, .. } => vec![left, right],
            Expr::NullIf { left, equal } => vec![left, equal],
            Expr::AnyAll { left, array, .. } => vec![left, array],
            Expr::InList { expr, list, .. } => std::iter::once(&mut **expr).chain(list).collect(),
            Expr::Subscript { array, indexes, .. } => {
                std::iter::once(&mut **array).chain(indexes).collect()
            }
            Expr::Slice {
                array,
                lower,
                upper,
                ..
            } => {
                let bounds = lower.iter_mut().chain(upper).map(|bound| &mut **bound);
                std::iter::once(&mut **array).chain(bounds).collect()
            }
            Expr::Case {
                whens, otherwise, ..
            } => {
                let whens = whens.iter_mut().flat_map(|(when, then)| [when, then]);
                whens
                    .chain(otherwise.iter_mut().map(|otherwise| &mut **otherwise))
                    .collect()
            }
            Expr::Subquery { form, args, .. } => match form {
                SubqueryForm::Any { left, .. } | SubqueryForm::All { left, .. } => {
                    left.iter_mut().chain(args).collect()
                }
                _ => args.iter_mut().collect(),
            },
        }
    }

    /// Calls `visit` on this expression and everything below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// Rewrites every expression of the tree in place, children first.
    pub fn rewrite(&mut self, change: &mut dyn FnMut(&mut Expr)) {
        for child in self.children_mut() {
            child.rewrite(change);
        }
        change(self);
    }

    /// The most volatile part decides: only an immutable expression may index or be folded.
    pub fn volatility(&self) -> Volatility {
        let own = match self {
            Expr::Call { function, .. } => function.volatility,
            Expr::Cast { from, to, .. } => super::eval::cast_volatility(from, &to.ty),
            Expr::Subquery { .. } => Volatility::Volatile,
            Expr::Param { .. } | Expr::Outer { .. } => Volatility::Stable,
            _ => Volatility::Immutable,
        };
        self.children()
            .into_iter()
            .map(Expr::volatility)
            .fold(own, Ord::max)
    }

    /// Whether the expression reads no row, so can be evaluated once.
    pub fn is_constant(&self) -> bool {
        let mut constant = true;
        self.walk(&mut |expr| {
            if matches!(
                expr,
                Expr::Column { .. } | Expr::Outer { .. } | Expr::Subquery { .. }
            ) {
                constant = false;
            }
        });
        constant
    }
}
