//! Every function `pg_proc` has a row for, and every operator of `pg_operator`.

use std::sync::LazyLock;

use stele_core::record::expr::{Volatility, functions};
use stele_core::record::value::Type;

use super::catalog::cast::casts;
use super::catalog::type_function::type_functions;

/// Added to a function's or operator's place in the registry for its OID.
const REGISTRY_OID_BASE: u32 = 10_000;

/// A function as the catalogue shows it.
pub(super) struct Procedure {
    /// `pg_proc.oid`.
    pub oid: u32,
    /// The name users see.
    pub name: &'static str,
    /// Argument types.
    pub args: Vec<Type>,
    /// The result type.
    pub result: Type,
    /// Whether the last argument may repeat.
    pub variadic: bool,
    /// Whether NULL in is NULL out.
    pub strict: bool,
    /// `i`, `s` or `v`.
    pub volatility: char,
}

/// An operator as the catalogue shows it.
pub(super) struct Operator {
    /// `pg_operator.oid`.
    pub oid: u32,
    /// Its characters.
    pub name: &'static str,
    /// Left and right types; none on the left of a prefix operator.
    pub left: Option<Type>,
    /// The right operand's type.
    pub right: Type,
    /// The result type.
    pub result: Type,
}

static PROCEDURES: LazyLock<Vec<Procedure>> = LazyLock::new(|| {
    let mut all: Vec<Procedure> = type_procedures().collect();
    all.extend(cast_procedures());
    all.extend(registry_procedures());
    all
});

static OPERATORS: LazyLock<Vec<Operator>> = LazyLock::new(|| {
    let numbered = (REGISTRY_OID_BASE..).zip(functions());
    let operators = numbered.filter(|(_, function)| function.is_operator());
    operators
        .filter_map(|(oid, function)| {
            let mut args = function.args.iter().cloned().rev();
            let right = args.next()?;
            Some(Operator {
                oid,
                name: &function.name,
                left: args.next(),
                right,
                result: function.result.clone(),
            })
        })
        .collect()
});

/// Every function.
pub(super) fn procedures() -> &'static [Procedure] {
    &PROCEDURES
}

/// Every operator.
pub(super) fn operators() -> &'static [Operator] {
    &OPERATORS
}

/// Input, output and their like; they take and give internal forms.
fn type_procedures() -> impl Iterator<Item = Procedure> {
    type_functions().iter().map(|(oid, name)| Procedure {
        oid: *oid,
        name,
        args: vec![Type::Any],
        result: Type::Any,
        variadic: false,
        strict: true,
        volatility: 'i',
    })
}

fn cast_procedures() -> Vec<Procedure> {
    let mut found: Vec<Procedure> = Vec::new();
    for cast in casts() {
        let types = Type::from_oid(cast.source).zip(Type::from_oid(cast.target));
        let Some((source, target)) = types.filter(|_| cast.function != 0) else {
            continue;
        };
        if found.iter().all(|known| known.oid != cast.function) {
            found.push(Procedure {
                oid: cast.function,
                name: cast.name,
                args: vec![source],
                result: target,
                variadic: false,
                strict: true,
                volatility: 'i',
            });
        }
    }
    found
}

fn registry_procedures() -> impl Iterator<Item = Procedure> {
    let numbered = (REGISTRY_OID_BASE..).zip(functions());
    numbered
        .filter(|(_, function)| !function.is_operator())
        .map(|(oid, function)| Procedure {
            oid,
            name: &function.name,
            args: function.args.clone(),
            result: function.result.clone(),
            variadic: function.variadic,
            strict: function.strict,
            volatility: match function.volatility {
                Volatility::Immutable => 'i',
                Volatility::Stable => 's',
                Volatility::Volatile => 'v',
            },
        })
}

impl Procedure {
    /// `integer, VARIADIC text`: the argument list.
    pub fn arguments(&self) -> String {
        let last = self.args.len().saturating_sub(1);
        let shown =
            self.args
                .iter()
                .enumerate()
                .map(|(index, ty)| match self.variadic && index == last {
                    true => format!("VARIADIC {ty}"),
                    false => ty.to_string(),
                });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// `abs(integer)`.
    pub fn signature(&self) -> String {
        let args: Vec<String> = self.args.iter().map(Type::to_string).collect();
        format!(
            "{}({})",
            super::deparse::quote_ident(self.name),
            args.join(",")
        )
    }
}

impl Operator {
    /// `+(integer,integer)`.
    pub fn signature(&self) -> String {
        let left = self
            .left
            .as_ref()
            .map_or("NONE".to_string(), Type::to_string);
        format!("{}({left},{})", self.name, self.right)
    }
}
