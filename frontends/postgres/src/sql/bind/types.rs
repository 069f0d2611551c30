//! Type names: what `varchar(10)` or `timestamp(3)[]` in a statement means.

use sqlparser::ast::{self, DataType, ExactNumberInfo, TimezoneInfo};
use stele_core::record::value::{ColumnType, Type};

use super::names;
use crate::error::{Result, SqlError};

/// The longest `varchar(n)` and `char(n)`.
const CHARACTERS_MAX: u64 = 10_485_760;
/// The most digits a `numeric(p, s)` may have.
const PRECISION_MAX: u64 = 1000;

/// The type a statement names. Errors: 42704 when there is none, 22023 for a bad modifier.
pub fn column_type(data_type: &DataType) -> Result<ColumnType> {
    let plain = |ty: Type| Ok(ColumnType::from(ty));
    match data_type {
        DataType::Bool | DataType::Boolean => plain(Type::Bool),
        DataType::SmallInt(None) | DataType::Int2(None) => plain(Type::Int2),
        DataType::Int(None) | DataType::Integer(None) | DataType::Int4(None) => plain(Type::Int4),
        DataType::BigInt(None) | DataType::Int8(None) => plain(Type::Int8),
        DataType::Real | DataType::Float4 => plain(Type::Float4),
        DataType::Float8 | DataType::DoublePrecision => plain(Type::Float8),
        DataType::Float(info) => float(info),
        DataType::Numeric(info) | DataType::Decimal(info) | DataType::Dec(info) => numeric(info),
        DataType::Text => plain(Type::Text),
        DataType::Varchar(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length) => characters(Type::Varchar, length.as_ref(), "varchar"),
        // A bare `char` is `char(1)`.
        DataType::Char(None) | DataType::Character(None) => Ok(ColumnType::new(Type::Bpchar, 5)),
        DataType::Char(length) | DataType::Character(length) => {
            characters(Type::Bpchar, length.as_ref(), "char")
        }
        DataType::Bytea => plain(Type::Bytea),
        DataType::Date => plain(Type::Date),
        DataType::Time(digits, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            time(Type::Time, *digits)
        }
        DataType::Timestamp(digits, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            time(Type::Timestamp, *digits)
        }
        DataType::Timestamp(digits, _) => time(Type::Timestamptz, *digits),
        DataType::Interval {
            fields: None,
            precision,
        } => time(Type::Interval, *precision),
        // The fields restrict input only; all are kept.
        DataType::Interval { .. } => plain(Type::Interval),
        DataType::Uuid => plain(Type::Uuid),
        DataType::JSON => plain(Type::Json),
        DataType::JSONB => plain(Type::Jsonb),
        DataType::Regclass => plain(Type::Regclass),
        DataType::Array(element) => array(element),
        DataType::Custom(name, modifiers) => custom(name, modifiers),
        other => Err(unknown(&other.to_string().to_lowercase())),
    }
}

fn unknown(name: &str) -> SqlError {
    SqlError::new("42704", format!("type \"{name}\" does not exist"))
}

fn float(info: &ExactNumberInfo) -> Result<ColumnType> {
    match info {
        ExactNumberInfo::None => Ok(Type::Float8.into()),
        ExactNumberInfo::Precision(1..=24) => Ok(Type::Float4.into()),
        ExactNumberInfo::Precision(25..=53) => Ok(Type::Float8.into()),
        ExactNumberInfo::Precision(0) => Err(SqlError::new(
            "22023",
            "precision for type float must be at least 1 bit",
        )),
        _ => Err(SqlError::new(
            "22023",
            "precision for type float must be less than 54 bits",
        )),
    }
}

fn numeric(info: &ExactNumberInfo) -> Result<ColumnType> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => return Ok(Type::Numeric.into()),
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
    };
    if !(1..=PRECISION_MAX).contains(&precision) {
        let message = format!("NUMERIC precision {precision} must be between 1 and 1000");
        return Err(SqlError::new("22023", message));
    }
    if !(-1000..=1000).contains(&scale) {
        let message = format!("NUMERIC scale {scale} must be between -1000 and 1000");
        return Err(SqlError::new("22023", message));
    }
    let (precision, scale) = (precision as i32, scale as i32);
    Ok(ColumnType::new(
        Type::Numeric,
        ColumnType::numeric_typmod(precision, scale),
    ))
}

fn characters(ty: Type, length: Option<&ast::CharacterLength>, name: &str) -> Result<ColumnType> {
    let count = match length {
        None => return Ok(ty.into()),
        Some(ast::CharacterLength::IntegerLength { length, .. }) => *length,
        Some(ast::CharacterLength::Max) => {
            return Err(SqlError::syntax("syntax error at or near \"max\""));
        }
    };
    if count == 0 {
        return Err(SqlError::new(
            "22023",
            format!("length for type {name} must be at least 1"),
        ));
    }
    if count > CHARACTERS_MAX {
        let message = format!("length for type {name} cannot exceed {CHARACTERS_MAX}");
        return Err(SqlError::new("22023", message));
    }
    Ok(ColumnType::new(
        ty,
        ColumnType::characters_typmod(count as u32),
    ))
}

fn time(ty: Type, digits: Option<u64>) -> Result<ColumnType> {
    let Some(digits) = digits else {
        return Ok(ty.into());
    };
    // PostgreSQL warns and takes 6 when more are asked for.
    let digits = digits.min(6) as i32;
    const INTERVAL_FULL_RANGE: i32 = 0x7fff;
    Ok(match ty {
        Type::Interval => ColumnType::new(ty, (INTERVAL_FULL_RANGE << 16) | digits),
        _ => ColumnType::new(ty, digits),
    })
}

fn array(element: &ast::ArrayElemTypeDef) -> Result<ColumnType> {
    match element {
        ast::ArrayElemTypeDef::SquareBracket(element, _)
        | ast::ArrayElemTypeDef::AngleBracket(element)
        | ast::ArrayElemTypeDef::Parenthesis(element) => {
            let element = column_type(element)?;
            Ok(ColumnType::new(Type::array_of(element.ty), element.typmod))
        }
        ast::ArrayElemTypeDef::None => Err(SqlError::syntax("syntax error at or near \"array\"")),
    }
}

fn custom(name: &ast::ObjectName, modifiers: &[String]) -> Result<ColumnType> {
    let qualified = names::qualified(name)?;
    let quoted = matches!(name.0.last(), Some(ast::ObjectNamePart::Identifier(ident)) if ident.quote_style.is_some());
    let known_schema = matches!(qualified.schema.as_deref(), None | Some("pg_catalog"));
    // `"char"` is the catalogue's one-byte type, `char` is character(1).
    let spelled = if qualified.name == "char" && (quoted || qualified.schema.is_some()) {
        "\"char\""
    } else {
        &qualified.name
    };
    let serial = matches!(
        spelled,
        "serial" | "bigserial" | "smallserial" | "serial4" | "serial8" | "serial2"
    );
    let found = match Type::from_name(spelled) {
        Some(ty) if known_schema && !serial && !ty.is_polymorphic() => ty,
        _ => return Err(unknown(&name.to_string())),
    };
    match (modifiers, &found) {
        ([], Type::Bpchar) => Ok(found.into()),
        ([], _) => Ok(found.into()),
        ([count], Type::Varchar | Type::Bpchar) => {
            let length = count.parse().map_err(|_| unknown(&name.to_string()))?;
            let length = ast::CharacterLength::IntegerLength { length, unit: None };
            let spelled = if found == Type::Varchar {
                "varchar"
            } else {
                "char"
            };
            characters(found, Some(&length), spelled)
        }
        ([digits], Type::Timestamp | Type::Timestamptz | Type::Time | Type::Interval) => {
            time(found, digits.parse().ok())
        }
        _ => Err(SqlError::syntax(format!(
            "type modifier is not allowed for type \"{}\"",
            qualified.name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::PostgreSqlDialect;
    use sqlparser::parser::Parser;

    use super::*;

    fn named(sql: &str) -> String {
        let dialect = PostgreSqlDialect {};
        let mut parser = match Parser::new(&dialect).try_with_sql(sql) {
            Ok(parser) => parser,
            Err(error) => return error.to_string(),
        };
        match parser.parse_data_type() {
            Ok(data_type) => match column_type(&data_type) {
                Ok(ty) => ty.sql_name(),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn type_names_mean_what_postgres_means() {
        assert_eq!(named("int"), "integer");
        assert_eq!(named("character varying(3)"), "character varying(3)");
        assert_eq!(named("char"), "character(1)");
        assert_eq!(named("numeric(12,2)"), "numeric(12,2)");
        assert_eq!(
            named("timestamp(3) with time zone"),
            "timestamp(3) with time zone"
        );
        assert_eq!(named("text[]"), "text[]");
        assert_eq!(named("pg_catalog.regclass"), "regclass");
        assert_eq!(named("\"char\""), "\"char\"");
        assert_eq!(
            named("nonsense"),
            "type \"nonsense\" does not exist (42704)"
        );
    }
}
