//! Reading clauses: each argument must be known, and of its type.

use serde_json::{Map, Value as Json};

use crate::wire::Fault;

/// A clause's arguments, taken one by one; what is left at the end is refused.
pub struct Arguments<'a> {
    clause: &'a str,
    left: Map<String, Json>,
}

impl<'a> Arguments<'a> {
    /// The arguments of a clause.
    pub fn new(clause: &'a str, json: &Json) -> Result<Self, Fault> {
        match json {
            Json::Object(object) => Ok(Self {
                clause,
                left: object.clone(),
            }),
            _ => Err(Fault::parsing(format!(
                "[{clause}] query malformed, no start_object after query name"
            ))),
        }
    }

    /// `{"field": value}`: the field, and its arguments; a value alone is the argument
    /// named `short`.
    pub fn of_field(clause: &'a str, json: &Json, short: &str) -> Result<(String, Self), Fault> {
        let mut outer = Self::new(clause, json)?;
        // Some clauses may have the boost beside the field.
        let boost = outer
            .left
            .get("boost")
            .filter(|boost| boost.is_number())
            .cloned();
        if boost.is_some() {
            outer.left.shift_remove("boost");
        }
        outer.left.shift_remove("_name");
        let mut fields = outer.left.into_iter();
        let (Some((field, value)), None) = (fields.next(), fields.next()) else {
            return Err(Fault::parsing(format!(
                "[{clause}] query doesn't support multiple fields, or has none"
            )));
        };
        let mut left = match value {
            Json::Object(object) => object,
            value => [(short.to_owned(), value)].into_iter().collect(),
        };
        if let Some(boost) = boost {
            left.insert("boost".to_owned(), boost);
        }
        Ok((field, Self { clause, left }))
    }

    /// An argument as it is.
    pub fn take(&mut self, name: &str) -> Option<Json> {
        self.left.shift_remove(name)
    }

    /// An argument that has to be there.
    pub fn need(&mut self, name: &str) -> Result<Json, Fault> {
        let clause = self.clause;
        self.take(name)
            .ok_or_else(|| Fault::parsing(format!("[{clause}] requires [{name}]")))
    }

    /// Text, or a plain value as text.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        self.take(name)
            .map(|json| self.text_of(name, &json))
            .transpose()
    }

    /// Text that has to be there.
    pub fn need_text(&mut self, name: &str) -> Result<String, Fault> {
        let json = self.need(name)?;
        self.text_of(name, &json)
    }

    fn text_of(&self, name: &str, json: &Json) -> Result<String, Fault> {
        match json {
            Json::String(text) => Ok(text.clone()),
            Json::Number(_) | Json::Bool(_) => Ok(json.to_string()),
            _ => Err(self.wrong(name)),
        }
    }

    /// A number that fits.
    pub fn number<T: TryFrom<u64>>(&mut self, name: &str) -> Result<Option<T>, Fault> {
        let Some(json) = self.take(name) else {
            return Ok(None);
        };
        let number = json.as_u64().or_else(|| json.as_str()?.parse().ok());
        let number = number.and_then(|number| T::try_from(number).ok());
        number.map(Some).ok_or_else(|| self.wrong(name))
    }

    /// A number with a fraction.
    #[allow(clippy::cast_possible_truncation)] // relevance is 32 bits
    pub fn float(&mut self, name: &str) -> Result<Option<f32>, Fault> {
        let Some(json) = self.take(name) else {
            return Ok(None);
        };
        let number = json.as_f64().or_else(|| json.as_str()?.parse().ok());
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        number
            .map(|number| Some(number as f32))
            .ok_or_else(|| self.wrong(name))
    }

    /// true or false; false if it is not there.
    pub fn flag(&mut self, name: &str) -> Result<bool, Fault> {
        match self.take(name) {
            None => Ok(false),
            Some(Json::Bool(value)) => Ok(value),
            Some(Json::String(text)) if text == "true" => Ok(true),
            Some(Json::String(text)) if text == "false" => Ok(false),
            Some(_) => Err(self.wrong(name)),
        }
    }

    /// An argument that may have these values only, all of which mean what is done anyway.
    pub fn only(&mut self, name: &str, values: &[&str]) -> Result<(), Fault> {
        match self.text(name)? {
            Some(value) if !values.contains(&value.as_str()) => Err(self.wrong(name)),
            _ => Ok(()),
        }
    }

    /// Nothing may be left but a name, which is for people.
    pub fn end(mut self) -> Result<(), Fault> {
        self.left.shift_remove("_name");
        match self.left.keys().next() {
            Some(name) => Err(Fault::parsing(format!(
                "[{}] query does not support [{name}]",
                self.clause
            ))),
            None => Ok(()),
        }
    }

    /// An argument that makes no sense.
    pub fn wrong(&self, name: &str) -> Fault {
        Fault::parsing(format!(
            "[{}] failed to parse or does not support this value of [{name}]",
            self.clause
        ))
    }
}
