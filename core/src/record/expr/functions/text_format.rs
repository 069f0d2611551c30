//! `format()` and the quoting of identifiers and literals.

use super::registry::Call;
use super::text::{RESULT_BYTES_MAX, too_long};
use crate::record::value::{Result, Value, ValueError, print};

/// Key words an identifier may not be without quotes.
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

/// An identifier, quoted when SQL needs it.
pub(super) fn quote_ident(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c == '_';
    let safe = name.starts_with(plain)
        && name.chars().all(|c| plain(c) || c.is_ascii_digit())
        && RESERVED.binary_search(&name).is_err();
    match safe {
        true => name.to_string(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A string literal; backslashes make it an `E''` one.
pub(super) fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    match quoted.contains('\\') {
        true => format!("E'{}'", quoted.replace('\\', "\\\\")),
        false => format!("'{quoted}'"),
    }
}

/// `%[position][-][width]type`.
struct Directive {
    position: Option<usize>,
    left: bool,
    width: Width,
    kind: char,
}

enum Width {
    None,
    Fixed(usize),
    /// From the next argument, or this one.
    Argument(Option<usize>),
}

fn invalid(message: &str) -> ValueError {
    ValueError::new("22023", message)
}

fn unterminated() -> ValueError {
    invalid("unterminated format() type specifier").with_hint("For a single \"%\" use \"%%\".")
}

/// `format(template, ...)`. Errors: 22023.
pub(super) fn format(args: &[Value], call: &Call<'_>) -> Result<Value> {
    let Some(template) = args.first().and_then(Value::as_str) else {
        return Ok(Value::Null);
    };
    let mut out = String::new();
    let mut next = 1;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (directive, after) = read_directive(after)?;
        append(&directive, args, &mut next, call, &mut out)?;
        if out.len() > RESULT_BYTES_MAX {
            return Err(too_long());
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

fn read_number(text: &str) -> Result<(Option<usize>, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    if digits.is_empty() {
        return Ok((None, after));
    }
    match digits.parse::<i32>() {
        Ok(number) => Ok((usize::try_from(number).ok(), after)),
        Err(_) => Err(ValueError::new("22003", "number is out of range")),
    }
}

fn read_directive(text: &str) -> Result<(Directive, &str)> {
    let mut directive = Directive {
        position: None,
        left: false,
        width: Width::None,
        kind: 's',
    };
    let (number, after) = read_number(text)?;
    let mut rest = text;
    if let (Some(number), Some(after)) = (number, after.strip_prefix('$')) {
        if number == 0 {
            return Err(invalid(
                "format specifies argument 0, but arguments are numbered from 1",
            ));
        }
        directive.position = Some(number);
        rest = after;
    }
    while let Some(after) = rest.strip_prefix('-') {
        directive.left = true;
        rest = after;
    }
    if let Some(after) = rest.strip_prefix('*') {
        let (number, after_number) = read_number(after)?;
        match after_number.strip_prefix('$') {
            Some(after) if number.is_some() => {
                directive.width = Width::Argument(number);
                rest = after;
            }
            _ => {
                directive.width = Width::Argument(None);
                rest = after;
            }
        }
    } else {
        let (number, after) = read_number(rest)?;
        if let Some(number) = number {
            directive.width = Width::Fixed(number);
        }
        rest = after;
    }
    let kind = rest.chars().next().ok_or_else(unterminated)?;
    if !matches!(kind, 's' | 'I' | 'L') {
        let message = format!("unrecognized format() type specifier \"{kind}\"");
        return Err(invalid(&message).with_hint("For a single \"%\" use \"%%\"."));
    }
    directive.kind = kind;
    Ok((directive, rest.get(1..).unwrap_or_default()))
}

fn append(
    directive: &Directive,
    args: &[Value],
    next: &mut usize,
    call: &Call<'_>,
    out: &mut String,
) -> Result<()> {
    let mut argument = |position: Option<usize>| {
        let index = position.unwrap_or(*next);
        *next = index + 1;
        args.get(index)
            .ok_or_else(|| invalid("too few arguments for format()"))
    };
    let (width, flipped) = match &directive.width {
        Width::None => (0, false),
        Width::Fixed(width) => (*width, false),
        Width::Argument(position) => {
            let width = argument(*position)?.as_i64().unwrap_or(0);
            (
                usize::try_from(width.unsigned_abs()).unwrap_or(0),
                width < 0,
            )
        }
    };
    let value = argument(directive.position)?;
    let text = match (directive.kind, value) {
        ('s', Value::Null) => String::new(),
        ('L', Value::Null) => "NULL".to_string(),
        ('I', Value::Null) => {
            return Err(ValueError::new(
                "22004",
                "null values cannot be formatted as an SQL identifier",
            ));
        }
        ('I', value) => quote_ident(&print(value, call.cx.settings)),
        ('L', value) => quote_literal(&print(value, call.cx.settings)),
        (_, value) => print(value, call.cx.settings),
    };
    let padding = width.saturating_sub(text.chars().count());
    if padding > RESULT_BYTES_MAX {
        return Err(too_long());
    }
    match directive.left || flipped {
        true => out.push_str(&(text + &" ".repeat(padding))),
        false => out.push_str(&(" ".repeat(padding) + &text)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_sorted_for_the_search() {
        assert!(RESERVED.is_sorted());
        assert_eq!(quote_ident("select"), "\"select\"");
        assert_eq!(quote_ident("a_1"), "a_1");
        assert_eq!(quote_ident("A\"b"), "\"A\"\"b\"");
    }
}
