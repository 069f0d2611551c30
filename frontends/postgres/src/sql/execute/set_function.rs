//! Set-returning functions: which there are, what they take and what their rows are.

use stele_core::record::expr::EvalContext;
use stele_core::record::value::{Array, ColumnType, Type, Value};

use super::{Row, set_generate, set_json, set_text};
use crate::error::{Result, SqlError};

/// Rows of a call.
pub(super) type SetRows = Box<dyn Iterator<Item = Result<Row>> + Send>;

/// A set-returning function for arguments of known types.
#[derive(Clone, Debug, PartialEq)]
pub struct SetFunction {
    kind: Kind,
    args: Vec<Type>,
    columns: Vec<(String, ColumnType)>,
}

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Series,
    Subscripts,
    Unnest,
    JsonElements {
        text: bool,
    },
    JsonEach {
        text: bool,
    },
    JsonKeys,
    RegexpMatches,
    RegexpSplit,
    StringToTable,
    /// No table here is a partition.
    PartitionAncestors,
}

impl SetFunction {
    /// The function of this name for arguments of these types: `None` when no set-returning
    /// function has the name, 42883 when the types do not fit.
    pub fn resolve(name: &str, types: &[Type]) -> Option<Result<Self>> {
        let found = match name {
            "generate_series" => series(types),
            "generate_subscripts" => subscripts(types),
            "unnest" => unnest(types),
            "json_array_elements" | "jsonb_array_elements" => json_elements(name, types, false),
            "json_array_elements_text" | "jsonb_array_elements_text" => {
                json_elements(name, types, true)
            }
            "json_each" | "jsonb_each" => json_each(name, types, false),
            "json_each_text" | "jsonb_each_text" => json_each(name, types, true),
            "json_object_keys" | "jsonb_object_keys" => {
                let ty = json_type(name);
                fits(types, std::slice::from_ref(&ty))
                    .then(|| Self::of(Kind::JsonKeys, vec![ty], vec![unnamed(Type::Text)]))
            }
            "regexp_matches" => strings(Kind::RegexpMatches, types, Type::array_of(Type::Text)),
            "regexp_split_to_table" => strings(Kind::RegexpSplit, types, Type::Text),
            "string_to_table" => strings(Kind::StringToTable, types, Type::Text),
            "pg_partition_ancestors" => {
                let args = vec![Type::Regclass];
                let columns = vec![("relid".to_owned(), Type::Regclass.into())];
                (types.len() == 1).then(|| Self::of(Kind::PartitionAncestors, args, columns))
            }
            _ => return None,
        };
        Some(found.ok_or_else(|| undefined(name, types)))
    }

    fn of(kind: Kind, args: Vec<Type>, columns: Vec<(String, ColumnType)>) -> Self {
        Self {
            kind,
            args,
            columns,
        }
    }

    /// The type each argument must be cast to.
    pub fn args(&self) -> &[Type] {
        &self.args
    }

    /// The columns of a row; an empty name stands for the name of the function or its alias.
    pub fn columns(&self) -> &[(String, ColumnType)] {
        &self.columns
    }

    /// The rows for these arguments. A NULL argument gives none.
    pub(super) fn rows(&self, values: &[Value], cx: &EvalContext<'_>) -> Result<SetRows> {
        if values.iter().any(Value::is_null) && self.kind != Kind::StringToTable {
            return Ok(Box::new(std::iter::empty()));
        }
        match self.kind {
            Kind::Series => set_generate::series(values, cx),
            Kind::Subscripts => set_generate::subscripts(values),
            Kind::Unnest => Ok(elements(values)),
            Kind::JsonElements { text } => set_json::elements(values, text),
            Kind::JsonEach { text } => set_json::each(values, text),
            Kind::JsonKeys => set_json::keys(values),
            Kind::RegexpMatches => set_text::matches(values),
            Kind::RegexpSplit => set_text::split(values),
            Kind::StringToTable => set_text::to_table(values),
            Kind::PartitionAncestors => Ok(Box::new(std::iter::empty())),
        }
    }
}

fn unnamed(ty: Type) -> (String, ColumnType) {
    (String::new(), ty.into())
}

fn undefined(name: &str, types: &[Type]) -> SqlError {
    let types: Vec<String> = types.iter().map(Type::sql_name).collect();
    SqlError::new("42883", format!("function {name}({}) does not exist", types.join(", "))).with_hint(
        "No function matches the given name and argument types. You might need to add explicit type casts.",
    )
}

fn fits(types: &[Type], wanted: &[Type]) -> bool {
    types.len() == wanted.len()
        && types
            .iter()
            .zip(wanted)
            .all(|(ty, wanted)| ty == wanted || *ty == Type::Unknown)
}

fn series(types: &[Type]) -> Option<SetFunction> {
    if !(2..=3).contains(&types.len()) {
        return None;
    }
    let known = || types.iter().filter(|ty| **ty != Type::Unknown);
    let integer = |ty: &Type| matches!(ty, Type::Int2 | Type::Int4);
    let number = |ty: &Type| integer(ty) || matches!(ty, Type::Int8 | Type::Numeric);
    let time = |ty: &Type| matches!(ty, Type::Date | Type::Timestamp | Type::Timestamptz);
    let ty = if known().all(integer) {
        Type::Int4
    } else if known().all(number) {
        if known().any(|ty| *ty == Type::Numeric) {
            Type::Numeric
        } else {
            Type::Int8
        }
    } else {
        let bounds = || types.iter().take(2).filter(|ty| **ty != Type::Unknown);
        let stepped = matches!(types.get(2), Some(Type::Interval | Type::Unknown));
        if !stepped || !bounds().all(time) {
            return None;
        }
        // Dates and open literals become timestamptz, the preferred type, unless a timestamp is there.
        let ty = match bounds().any(|ty| *ty == Type::Timestamp)
            && bounds().all(|ty| *ty != Type::Timestamptz)
        {
            true => Type::Timestamp,
            false => Type::Timestamptz,
        };
        let args = vec![ty.clone(), ty.clone(), Type::Interval];
        return Some(SetFunction::of(Kind::Series, args, vec![unnamed(ty)]));
    };
    Some(SetFunction::of(
        Kind::Series,
        vec![ty.clone(); types.len()],
        vec![unnamed(ty)],
    ))
}

fn subscripts(types: &[Type]) -> Option<SetFunction> {
    let (array, rest) = types.split_first()?;
    array.element()?;
    let mut args = vec![array.clone(), Type::Int4];
    match rest {
        [_] => {}
        [_, Type::Bool | Type::Unknown] => args.push(Type::Bool),
        _ => return None,
    }
    Some(SetFunction::of(
        Kind::Subscripts,
        args,
        vec![unnamed(Type::Int4)],
    ))
}

fn unnest(types: &[Type]) -> Option<SetFunction> {
    let [array] = types else { return None };
    let element = array.element()?.clone();
    Some(SetFunction::of(
        Kind::Unnest,
        vec![array.clone()],
        vec![unnamed(element)],
    ))
}

fn json_type(name: &str) -> Type {
    if name.starts_with("jsonb") {
        Type::Jsonb
    } else {
        Type::Json
    }
}

fn json_elements(name: &str, types: &[Type], text: bool) -> Option<SetFunction> {
    let ty = json_type(name);
    let value = if text { Type::Text } else { ty.clone() };
    let columns = vec![("value".to_owned(), value.into())];
    fits(types, std::slice::from_ref(&ty))
        .then(|| SetFunction::of(Kind::JsonElements { text }, vec![ty], columns))
}

fn json_each(name: &str, types: &[Type], text: bool) -> Option<SetFunction> {
    let ty = json_type(name);
    let value = if text { Type::Text } else { ty.clone() };
    let columns = vec![
        ("key".to_owned(), Type::Text.into()),
        ("value".to_owned(), value.into()),
    ];
    fits(types, std::slice::from_ref(&ty))
        .then(|| SetFunction::of(Kind::JsonEach { text }, vec![ty], columns))
}

fn strings(kind: Kind, types: &[Type], result: Type) -> Option<SetFunction> {
    let strings = types.iter().all(Type::is_string) && (2..=3).contains(&types.len());
    strings.then(|| SetFunction::of(kind, vec![Type::Text; types.len()], vec![unnamed(result)]))
}

fn elements(values: &[Value]) -> SetRows {
    let elements = match values.first() {
        Some(Value::Array(array)) => Array::clone(array).values,
        _ => Vec::new(),
    };
    Box::new(elements.into_iter().map(|element| Ok(vec![element])))
}
