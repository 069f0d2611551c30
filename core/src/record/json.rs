//! Rows and JSON: a row as an object, a member of one as a column's value.

use serde_json::Value as Json;

use super::expr::json_text;
use super::table::{Column, Table};
use super::value::{Settings, Type, Value, ValueError, text};

impl Table {
    /// A row's columns by name, in their order.
    pub fn json(&self, values: &[Value]) -> String {
        let settings = Settings::default();
        let text =
            |value: &Value| json_text(value, &settings).unwrap_or_else(|_| "null".to_owned());
        let name = |name: &str| text(&Value::Text(name.into()));
        let columns = self.columns.iter().zip(values);
        let members: Vec<String> = columns
            .map(|(column, value)| format!("{}:{}", name(&column.name), text(value)))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

impl Column {
    /// A member's value as the column's: text is read as SQL reads it.
    ///
    /// Errors: the column cannot hold it; the message names the column.
    pub fn value_of(&self, json: &Json) -> Result<Value, ValueError> {
        let text = match (json, &self.ty.ty) {
            (Json::Null, _) => return Ok(Value::Null),
            (json, Type::Json | Type::Jsonb) => json.to_string(),
            (Json::String(text), _) => text.clone(),
            (Json::Array(items), Type::Array(_)) => self.array(items)?,
            (Json::Bool(_) | Json::Number(_), _) => json.to_string(),
            _ => return Err(self.cannot_hold(json)),
        };
        text::parse(&text, &self.ty, &Settings::default()).map_err(|error| self.named(error))
    }

    /// SQL's spelling of an array of plain values.
    fn array(&self, items: &[Json]) -> Result<String, ValueError> {
        let spell = |item: &Json| match item {
            Json::Null => Ok("NULL".to_owned()),
            Json::String(text) => {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"");
                Ok(format!("\"{text}\""))
            }
            Json::Bool(_) | Json::Number(_) => Ok(item.to_string()),
            item => Err(self.cannot_hold(item)),
        };
        let items = items.iter().map(spell).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("{{{}}}", items.join(",")))
    }

    fn cannot_hold(&self, json: &Json) -> ValueError {
        self.named(ValueError::new("22023", format!("cannot hold [{json}]")))
    }

    fn named(&self, error: ValueError) -> ValueError {
        let message = format!("column [{}]: {}", self.name, error.message);
        ValueError::new(error.code, message)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::value::ColumnType;

    fn column(ty: Type) -> Column {
        Column {
            id: 1,
            name: "c".to_owned(),
            ty: ColumnType::new(ty, -1),
            not_null: false,
            default: None,
            sequence: None,
            identity: None,
            missing: None,
        }
    }

    #[test]
    fn a_member_is_read_as_sql_reads_its_text() {
        let int = column(Type::Int4);
        assert_eq!(int.value_of(&json!(7)), Ok(Value::Int4(7)));
        assert_eq!(int.value_of(&json!("7")), Ok(Value::Int4(7)));
        assert_eq!(int.value_of(&json!(null)), Ok(Value::Null));
        let texts = column(Type::array_of(Type::Text));
        let value = texts.value_of(&json!(["a\"b\\", null])).expect("an array");
        assert_eq!(
            text::print(&value, &Settings::default()),
            r#"{"a\"b\\",NULL}"#
        );
    }

    #[test]
    fn what_a_column_cannot_hold_is_said_with_its_name() {
        for bad in [json!({"a": 1}), json!([1]), json!("x")] {
            let error = column(Type::Int4).value_of(&bad).expect_err("refused");
            assert!(
                error.message.starts_with("column [c]: "),
                "{}",
                error.message
            );
        }
    }
}
