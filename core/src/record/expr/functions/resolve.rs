//! Overload resolution: which entry a call means, and the casts it needs.

use super::super::expr::Expr;
use super::registry::{Function, FunctionRef, is_operator, named};
use crate::record::value::{CastContext, Type, ValueError, cast_exists};

/// The entry a call means.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The function.
    pub function: FunctionRef,
    /// The type each argument must be cast to, implicitly.
    pub args: Vec<Type>,
    /// The result type, polymorphism settled.
    pub result: Type,
}

/// Finds the function or operator of this name for arguments of these types.
///
/// Literals of unknown type are [`Type::Unknown`]. A prefix operator has one argument.
/// Errors: 42883 when there is none, 42725 when several fit equally.
pub fn resolve(name: &str, args: &[Type]) -> Result<Resolved, ValueError> {
    resolve_among(
        name,
        named(name).into_iter().map(|function| function.0).collect(),
        args,
    )
}

/// The same among these functions.
pub(in crate::record::expr) fn resolve_among(
    name: &str,
    functions: Vec<&'static Function>,
    args: &[Type],
) -> Result<Resolved, ValueError> {
    let candidates: Vec<Candidate> = functions
        .into_iter()
        .filter_map(|function| Candidate::new(FunctionRef(function), args.len()))
        .collect();
    if let Some(exact) = find_exact(name, &candidates, args) {
        return settle(exact, args, name);
    }
    let fitting: Vec<&Candidate> = candidates.iter().filter(|c| c.accepts(args)).collect();
    match narrow(fitting, args) {
        Narrowed::One(candidate) => settle(candidate, args, name),
        Narrowed::None => Err(undefined(name, args)),
        Narrowed::Many => Err(ambiguous(name, args)),
    }
}

/// A call of the named function or operator, with implicit casts inserted.
///
/// `int4(x)`, `date(x)` and their like, when no function has the name, are casts.
pub fn call(name: &str, args: Vec<Expr>) -> Result<Expr, ValueError> {
    let types: Vec<Type> = args.iter().map(Expr::ty).collect();
    let resolved = match resolve(name, &types) {
        Ok(resolved) => resolved,
        Err(error) => return functional_cast(name, args).ok_or(error),
    };
    let args = args
        .into_iter()
        .zip(resolved.args)
        .map(|(arg, ty)| arg.cast_to(ty, CastContext::Implicit))
        .collect();
    Ok(Expr::Call {
        function: resolved.function,
        args,
        ty: resolved.result,
    })
}

fn functional_cast(name: &str, mut args: Vec<Expr>) -> Option<Expr> {
    let to = Type::from_name(name)?;
    let expr = args.pop()?;
    let known = cast_exists(&expr.ty(), &to, CastContext::Explicit);
    (args.is_empty() && known).then(|| expr.cast_to(to, CastContext::Explicit))
}

/// The `=` of one type, for IN, NULLIF and their like.
pub fn equality(ty: &Type) -> Result<FunctionRef, ValueError> {
    resolve("=", &[ty.clone(), ty.clone()]).map(|resolved| resolved.function)
}

/// One entry spread over the number of arguments of the call.
struct Candidate {
    function: FunctionRef,
    args: Vec<Type>,
    variadic: bool,
}

impl Candidate {
    fn new(function: FunctionRef, count: usize) -> Option<Candidate> {
        let mut args = function.args.clone();
        if function.variadic {
            let last = args.last()?.clone();
            if count < args.len() {
                return None;
            }
            args.resize(count, last);
        }
        (args.len() == count).then_some(Candidate {
            function,
            args,
            variadic: function.variadic,
        })
    }

    fn accepts(&self, args: &[Type]) -> bool {
        let each = self.args.iter().zip(args);
        let mut fits = true;
        for (wanted, given) in each {
            fits &= accepts(wanted, given);
        }
        fits && settle_polymorphic(&self.args, args).is_some()
    }

    fn exact_matches(&self, args: &[Type]) -> usize {
        self.args
            .iter()
            .zip(args)
            .filter(|(wanted, given)| wanted == given)
            .count()
    }
}

fn accepts(wanted: &Type, given: &Type) -> bool {
    match wanted {
        _ if *given == Type::Unknown => true,
        Type::Any | Type::AnyElement => true,
        Type::AnyNonArray => !matches!(given, Type::Array(_)),
        Type::AnyArray => given.element().is_some(),
        Type::Array(wanted) if **wanted == Type::Any => matches!(given, Type::Array(_)),
        wanted => wanted == given || cast_exists(given, wanted, CastContext::Implicit),
    }
}

/// An exact match; for operators an unknown side is first taken for the other side's type.
fn find_exact<'a>(name: &str, candidates: &'a [Candidate], args: &[Type]) -> Option<&'a Candidate> {
    let find = |args: &[Type]| {
        candidates
            .iter()
            .filter(|candidate| !candidate.variadic)
            .find(|candidate| candidate.args == args)
    };
    if !args.is_empty()
        && let Some(found) = find(args)
        && !args.contains(&Type::Unknown)
    {
        return Some(found);
    }
    if args.is_empty() {
        return find(args);
    }
    match args {
        [Type::Unknown, known] | [known, Type::Unknown]
            if is_operator(name) && *known != Type::Unknown =>
        {
            find(&[known.clone(), known.clone()])
        }
        _ => None,
    }
}

enum Narrowed<'a> {
    None,
    One(&'a Candidate),
    Many,
}

/// Steps of PostgreSQL's `func_select_candidate`: most exact matches, then preferred
/// types, then the categories unknown literals could be, then one shared known type.
fn narrow<'a>(candidates: Vec<&'a Candidate>, args: &[Type]) -> Narrowed<'a> {
    let candidates = keep_best(candidates, |candidate| candidate.exact_matches(args));
    if candidates.len() <= 1 {
        return narrowed(candidates);
    }
    let candidates = keep_best(candidates, |candidate| {
        let each = candidate.args.iter().zip(args);
        each.filter(|(wanted, given)| {
            wanted == given
                || (**given != Type::Unknown
                    && wanted.is_preferred()
                    && wanted.category() == given.category())
        })
        .count()
    });
    if candidates.len() <= 1 || !args.contains(&Type::Unknown) {
        return narrowed(candidates);
    }
    let candidates = keep_unknown_categories(candidates, args);
    if candidates.len() <= 1 {
        return narrowed(candidates);
    }
    keep_shared_type(candidates, args)
}

fn narrowed(candidates: Vec<&Candidate>) -> Narrowed<'_> {
    match candidates.as_slice() {
        [] => Narrowed::None,
        [one] => Narrowed::One(one),
        [first, rest @ ..] => {
            // A non-variadic entry beats a variadic one with the same types.
            let plain: Vec<&&Candidate> = candidates.iter().filter(|c| !c.variadic).collect();
            match plain.as_slice() {
                [one] if rest.iter().all(|c| c.args == first.args) => Narrowed::One(one),
                _ => Narrowed::Many,
            }
        }
    }
}

fn keep_best(candidates: Vec<&Candidate>, score: impl Fn(&Candidate) -> usize) -> Vec<&Candidate> {
    let best = candidates.iter().map(|c| score(c)).max().unwrap_or(0);
    candidates
        .into_iter()
        .filter(|c| score(c) == best)
        .collect()
}

/// At each unknown argument: string if any candidate takes strings, else the category all
/// share; within the category, preferred types when any candidate has one.
fn keep_unknown_categories<'a>(
    candidates: Vec<&'a Candidate>,
    args: &[Type],
) -> Vec<&'a Candidate> {
    let mut wanted = Vec::new();
    for (index, arg) in args.iter().enumerate() {
        if *arg != Type::Unknown {
            wanted.push(None);
            continue;
        }
        let types: Vec<&Type> = candidates
            .iter()
            .filter_map(|c| c.args.get(index))
            .collect();
        let Some(first) = types.first() else {
            return candidates;
        };
        let category = if types.iter().any(|ty| ty.category() == 'S') {
            'S'
        } else if types.iter().all(|ty| ty.category() == first.category()) {
            first.category()
        } else {
            return candidates;
        };
        let preferred = types
            .iter()
            .any(|ty| ty.category() == category && ty.is_preferred());
        wanted.push(Some((category, preferred)));
    }
    let kept: Vec<&Candidate> = candidates
        .iter()
        .copied()
        .filter(|candidate| {
            candidate
                .args
                .iter()
                .zip(&wanted)
                .all(|(ty, wanted)| match wanted {
                    None => true,
                    Some((category, preferred)) => {
                        ty.category() == *category && (!preferred || ty.is_preferred())
                    }
                })
        })
        .collect();
    if kept.is_empty() { candidates } else { kept }
}

/// When all known arguments share a type, the unknown ones are taken for it too.
fn keep_shared_type<'a>(candidates: Vec<&'a Candidate>, args: &[Type]) -> Narrowed<'a> {
    let mut known = args.iter().filter(|ty| **ty != Type::Unknown);
    let Some(first) = known.next() else {
        return narrowed(candidates);
    };
    if known.any(|ty| ty != first) {
        return narrowed(candidates);
    }
    let assumed = vec![first.clone(); args.len()];
    let kept: Vec<&Candidate> = candidates
        .iter()
        .copied()
        .filter(|c| c.accepts(&assumed))
        .collect();
    match kept.as_slice() {
        [one] => Narrowed::One(one),
        _ => narrowed(candidates),
    }
}

/// Settles polymorphic arguments and the result.
fn settle(candidate: &Candidate, given: &[Type], name: &str) -> Result<Resolved, ValueError> {
    let Some(element) = settle_polymorphic(&candidate.args, given) else {
        return Err(undefined(name, given));
    };
    let array = || match &element {
        Some(element) => Type::array_of(element.clone()),
        None => Type::array_of(Type::Text),
    };
    let scalar = || element.clone().unwrap_or(Type::Text);
    let settle_one = |wanted: &Type, given: Option<&Type>| match wanted {
        Type::Any => given.cloned().unwrap_or(Type::Text),
        Type::Array(inner) if **inner == Type::Any => given.cloned().unwrap_or(Type::Text),
        Type::AnyElement | Type::AnyNonArray => scalar(),
        Type::AnyArray => array(),
        other => other.clone(),
    };
    let args: Vec<Type> = candidate
        .args
        .iter()
        .zip(given)
        .map(|(wanted, given)| settle_one(wanted, Some(given)))
        .collect();
    Ok(Resolved {
        function: candidate.function,
        args,
        result: settle_one(&candidate.function.result, None),
    })
}

/// What anyelement stands for: `None` when the arguments disagree, `Some(None)` when
/// nothing says (no polymorphic argument, or only unknown ones).
fn settle_polymorphic(wanted: &[Type], given: &[Type]) -> Option<Option<Type>> {
    let mut found: Vec<Type> = Vec::new();
    for (wanted, given) in wanted.iter().zip(given) {
        match (wanted, given) {
            (_, Type::Unknown) => {}
            (Type::AnyElement | Type::AnyNonArray, given) => found.push(given.clone()),
            (Type::AnyArray, given) => found.push(given.element()?.clone()),
            _ => {}
        }
    }
    let Some(first) = found.first() else {
        return Some(None);
    };
    let agreed = common(&found).unwrap_or_else(|| first.clone());
    found
        .iter()
        .all(|ty| *ty == agreed || cast_exists(ty, &agreed, CastContext::Implicit))
        .then_some(Some(agreed))
}

/// The one type for the branches of CASE, COALESCE, UNION, VALUES, ARRAY and IN.
///
/// `construct` names it in the error: `CASE types integer and text cannot be matched` (42804).
pub fn common_type(construct: &str, types: &[Type]) -> Result<Type, ValueError> {
    let known: Vec<Type> = types
        .iter()
        .filter(|ty| **ty != Type::Unknown)
        .cloned()
        .collect();
    let Some(mut chosen) = known.first().cloned() else {
        return Ok(Type::Text);
    };
    for ty in &known {
        if ty.category() != chosen.category() {
            return Err(ValueError::new(
                "42804",
                format!("{construct} types {chosen} and {ty} cannot be matched"),
            ));
        }
        let forwards = cast_exists(&chosen, ty, CastContext::Implicit);
        let backwards = cast_exists(ty, &chosen, CastContext::Implicit);
        if *ty != chosen && !chosen.is_preferred() && forwards && !backwards {
            chosen = ty.clone();
        }
    }
    match known
        .iter()
        .find(|ty| **ty != chosen && !cast_exists(ty, &chosen, CastContext::Implicit))
    {
        None => Ok(chosen),
        Some(ty) => Err(ValueError::new(
            "42846",
            format!("{construct} could not convert type {ty} to {chosen}"),
        )),
    }
}

fn common(types: &[Type]) -> Option<Type> {
    common_type("", types).ok()
}

const HINT_FUNCTION: &str = "No function matches the given name and argument types. You might need to add explicit type casts.";
const HINT_OPERATOR: &str = "No operator matches the given name and argument types. You might need to add explicit type casts.";
const HINT_PREFIX: &str = "No operator matches the given name and argument type. You might need to add an explicit type cast.";

fn undefined(name: &str, args: &[Type]) -> ValueError {
    if !is_operator(name) {
        let message = format!("function {} does not exist", describe(name, args));
        return ValueError::new("42883", message).with_hint(HINT_FUNCTION);
    }
    let message = format!("operator does not exist: {}", describe(name, args));
    let hint = if args.len() == 1 {
        HINT_PREFIX
    } else {
        HINT_OPERATOR
    };
    ValueError::new("42883", message).with_hint(hint)
}

fn ambiguous(name: &str, args: &[Type]) -> ValueError {
    let described = describe(name, args);
    let (kind, message) = match is_operator(name) {
        true => ("operator", format!("operator is not unique: {described}")),
        false => ("function", format!("function {described} is not unique")),
    };
    ValueError::new("42725", message).with_hint(format!(
        "Could not choose a best candidate {kind}. You might need to add explicit type casts."
    ))
}

fn describe(name: &str, args: &[Type]) -> String {
    match (is_operator(name), args) {
        (true, [left, right]) => format!("{left} {name} {right}"),
        (true, [only]) => format!("{name} {only}"),
        _ => {
            let args: Vec<String> = args.iter().map(Type::sql_name).collect();
            format!("{name}({})", args.join(", "))
        }
    }
}
