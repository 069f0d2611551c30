//! The table of functions, and how an entry is declared, named and stored.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::super::context::EvalContext;
use super::super::expr::Expr;
use crate::record::value::{Type, Value, ValueError};

/// How a function's result may change while its arguments do not; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volatility {
    /// Never.
    Immutable,
    /// Between statements or sessions only.
    Stable,
    /// At any call.
    Volatile,
}

/// What an entry computes with: arguments, then the surroundings of the call.
pub type EvalFn = fn(&[Value], &Call<'_>) -> Result<Value, ValueError>;

/// Who computes an entry.
#[derive(Clone, Copy)]
pub enum Eval {
    /// This module.
    Pure(EvalFn),
    /// The door, through [`super::super::Host::call`].
    Host,
}

/// The surroundings of one call.
pub struct Call<'a> {
    /// The evaluation's context.
    pub cx: &'a EvalContext<'a>,
    /// The argument expressions, empty when there are only values.
    pub args: &'a [Expr],
}

impl Call<'_> {
    /// The declared type of an argument; the value's own when there is no expression.
    pub fn arg_type(&self, index: usize, values: &[Value]) -> Type {
        match (self.args.get(index), values.get(index)) {
            (Some(expr), _) => expr.ty(),
            (None, Some(value)) => value.natural_type(),
            (None, None) => Type::Unknown,
        }
    }
}

/// One function or operator.
pub struct Function {
    /// Name in lower case, or the operator's characters.
    pub name: String,
    /// Argument types; polymorphic ones stand for any.
    pub args: Vec<Type>,
    /// Whether the last argument may repeat.
    pub variadic: bool,
    /// The result type.
    pub result: Type,
    /// Whether any NULL argument makes the result NULL without a call.
    pub strict: bool,
    /// How far the result can be trusted to stay.
    pub volatility: Volatility,
    /// Who computes it.
    pub eval: Eval,
}

impl Function {
    /// Whether the name is an operator's.
    pub fn is_operator(&self) -> bool {
        is_operator(&self.name)
    }

    /// The unique spelling stored expressions use: `abs(integer)`.
    pub fn signature(&self) -> String {
        let args: Vec<String> = self.args.iter().map(Type::sql_name).collect();
        format!("{}({})", self.name, args.join(","))
    }

    /// Computes the result; strictness is applied here.
    pub fn eval(&self, values: &[Value], call: &Call<'_>) -> Result<Value, ValueError> {
        if self.strict && values.iter().any(Value::is_null) {
            return Ok(Value::Null);
        }
        match self.eval {
            Eval::Pure(eval) => eval(values, call),
            Eval::Host => call.cx.host.call(self, values, call.cx),
        }
    }
}

/// Whether a name is made of operator characters.
pub(super) fn is_operator(name: &str) -> bool {
    name.starts_with(|c: char| !c.is_alphanumeric() && c != '_')
}

/// A function of the registry, by reference.
#[derive(Clone, Copy)]
pub struct FunctionRef(pub(super) &'static Function);

impl Deref for FunctionRef {
    type Target = Function;

    fn deref(&self) -> &Function {
        self.0
    }
}

impl PartialEq for FunctionRef {
    fn eq(&self, other: &FunctionRef) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl fmt::Debug for FunctionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signature())
    }
}

impl Serialize for FunctionRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.signature())
    }
}

impl<'de> Deserialize<'de> for FunctionRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FunctionRef, D::Error> {
        let signature = String::deserialize(deserializer)?;
        let index = REGISTRY.by_signature.get(&signature).copied();
        match index.and_then(|index| REGISTRY.functions.get(index)) {
            Some(function) => Ok(FunctionRef(function)),
            None => Err(de::Error::custom(format!("unknown function {signature}"))),
        }
    }
}

/// Where the families declare their entries.
#[derive(Default)]
pub struct Register {
    functions: Vec<Function>,
    /// Declarations that could not be read; a test keeps it empty.
    malformed: Vec<String>,
}

impl Register {
    /// An immutable function that is NULL when any argument is.
    pub fn strict(&mut self, signature: &str, eval: EvalFn) {
        self.add(signature, Volatility::Immutable, true, Eval::Pure(eval));
    }

    /// An immutable function that sees its NULLs.
    pub fn lenient(&mut self, signature: &str, eval: EvalFn) {
        self.add(signature, Volatility::Immutable, false, Eval::Pure(eval));
    }

    /// A strict function that depends on the session or the transaction's time.
    pub fn stable(&mut self, signature: &str, eval: EvalFn) {
        self.add(signature, Volatility::Stable, true, Eval::Pure(eval));
    }

    /// A function whose result changes at every call.
    pub fn volatile(&mut self, signature: &str, eval: EvalFn) {
        self.add(signature, Volatility::Volatile, true, Eval::Pure(eval));
    }

    /// A signature alone, for what the registry does not compute.
    pub(in crate::record::expr) fn declare(&mut self, signature: &str) {
        self.add(signature, Volatility::Immutable, false, Eval::Host);
    }

    /// Everything declared.
    pub(in crate::record::expr) fn into_functions(self) -> Vec<Function> {
        self.functions
    }

    /// A function with everything spelled out.
    pub fn add(&mut self, signature: &str, volatility: Volatility, strict: bool, eval: Eval) {
        match parse_signature(signature) {
            Some((name, args, variadic, result)) => self.functions.push(Function {
                name,
                args,
                variadic,
                result,
                strict,
                volatility,
                eval,
            }),
            None => self.malformed.push(signature.to_string()),
        }
    }
}

/// Reads `name(type, variadic type) result`.
fn parse_signature(signature: &str) -> Option<(String, Vec<Type>, bool, Type)> {
    let (name, rest) = signature.split_once('(')?;
    let (args, result) = rest.rsplit_once(')')?;
    let mut types = Vec::new();
    let mut variadic = false;
    for arg in args.split(',').map(str::trim).filter(|arg| !arg.is_empty()) {
        let arg = match arg.strip_prefix("variadic ") {
            Some(arg) => {
                variadic = true;
                arg
            }
            None => arg,
        };
        types.push(Type::from_name(arg)?);
    }
    Some((
        name.trim().to_string(),
        types,
        variadic,
        Type::from_name(result)?,
    ))
}

struct Registry {
    functions: Vec<Function>,
    by_name: HashMap<String, Vec<usize>>,
    by_signature: HashMap<String, usize>,
    #[cfg_attr(not(test), allow(dead_code))]
    malformed: Vec<String>,
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(build);

fn build() -> Registry {
    let mut register = Register::default();
    super::math::register(&mut register);
    super::bits::register(&mut register);
    super::compare::register(&mut register);
    super::text::register(&mut register);
    super::encoding::register(&mut register);
    super::like::register(&mut register);
    super::pattern::register(&mut register);
    super::datetime::register(&mut register);
    super::format_datetime::register(&mut register);
    super::format_number::register(&mut register);
    super::array::register(&mut register);
    super::json::register(&mut register);
    super::json_build::register(&mut register);
    super::misc::register(&mut register);
    super::system::register(&mut register);
    let mut registry = Registry {
        functions: register.functions,
        by_name: HashMap::new(),
        by_signature: HashMap::new(),
        malformed: register.malformed,
    };
    for (index, function) in registry.functions.iter().enumerate() {
        registry
            .by_name
            .entry(function.name.clone())
            .or_default()
            .push(index);
        let signature = function.signature();
        if registry
            .by_signature
            .insert(signature.clone(), index)
            .is_some()
        {
            registry
                .malformed
                .push(format!("declared twice: {signature}"));
        }
    }
    registry
}

/// Every entry, for `pg_proc` and `pg_operator`.
pub fn functions() -> &'static [Function] {
    &REGISTRY.functions
}

/// The entries of this name.
pub fn named(name: &str) -> Vec<FunctionRef> {
    let indexes = REGISTRY
        .by_name
        .get(name)
        .map(Vec::as_slice)
        .unwrap_or_default();
    indexes
        .iter()
        .filter_map(|index| REGISTRY.functions.get(*index).map(FunctionRef))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declaration_is_readable_and_unique() {
        assert_eq!(REGISTRY.malformed, Vec::<String>::new());
    }

    #[test]
    fn a_stored_function_is_found_again() {
        for function in functions() {
            let stored = postcard::to_allocvec(&FunctionRef(function)).unwrap();
            let found: FunctionRef = postcard::from_bytes(&stored).unwrap();
            assert_eq!(found.signature(), function.signature());
        }
    }
}
