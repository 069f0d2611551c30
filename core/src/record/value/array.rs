//! Arrays: a shape, its elements in row-major order, and their text form.

use serde::{Deserialize, Serialize};

use super::error::{Result, ValueError};
use super::settings::Settings;
use super::types::{ColumnType, Type};
use super::value::Value;

/// Most dimensions of an array.
pub const DIMENSIONS_MAX: usize = 6;
/// Most elements of an array.
pub const ELEMENTS_MAX: usize = 1 << 27;

/// An array value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Array {
    /// The element type.
    pub element: Type,
    /// Outermost first; none for an empty array.
    pub dimensions: Vec<Dimension>,
    /// The elements, row-major.
    pub values: Vec<Value>,
    /// Whether this is an `int2vector`/`oidvector`, printed without braces.
    pub vector: bool,
}

/// One dimension of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dimension {
    /// Number of elements.
    pub length: i32,
    /// Index of the first one, normally 1.
    pub lower: i32,
}

impl Dimension {
    /// Index of the last element.
    pub fn upper(&self) -> i32 {
        self.lower.saturating_add(self.length).saturating_sub(1)
    }
}

impl Array {
    /// An array of one dimension with indexes from 1; no dimension when empty.
    pub fn one_dimensional(element: Type, values: Vec<Value>) -> Array {
        let length = i32::try_from(values.len()).unwrap_or(i32::MAX);
        let dimensions = match length {
            0 => vec![],
            length => vec![Dimension { length, lower: 1 }],
        };
        Array {
            element,
            dimensions,
            values,
            vector: false,
        }
    }

    /// A catalogue vector: `int2vector` or `oidvector`, indexes from 0.
    pub fn vector(element: Type, values: Vec<Value>) -> Array {
        let mut array = Array::one_dimensional(element, values);
        array.vector = true;
        for dimension in &mut array.dimensions {
            dimension.lower = 0;
        }
        array
    }

    /// An array one dimension above its items, which are arrays of one shape, or NULL for none.
    ///
    /// Errors: 2202E when the shapes differ, 54000 too many dimensions.
    pub fn stack(element: Type, items: &[Value]) -> Result<Array> {
        let mut shape: Option<&[Dimension]> = None;
        let mut values = Vec::new();
        for item in items {
            let dimensions: &[Dimension] = match item {
                Value::Array(array) => {
                    values.extend(array.values.iter().cloned());
                    &array.dimensions
                }
                _ => &[],
            };
            if shape.get_or_insert(dimensions) != &dimensions {
                let message =
                    "multidimensional arrays must have array expressions with matching dimensions";
                return Err(ValueError::new("2202E", message));
            }
        }
        let inner = shape.unwrap_or_default();
        if inner.is_empty() {
            return Ok(Array::one_dimensional(element, vec![]));
        }
        if inner.len() >= DIMENSIONS_MAX {
            return Err(too_many_dimensions(inner.len() + 1));
        }
        let length = i32::try_from(items.len()).unwrap_or(i32::MAX);
        let mut dimensions = vec![Dimension { length, lower: 1 }];
        dimensions.extend(inner);
        Ok(Array {
            element,
            dimensions,
            values,
            vector: false,
        })
    }

    /// The array's type.
    pub fn array_type(&self) -> Type {
        match (&self.element, self.vector) {
            (Type::Int2, true) => Type::Int2vector,
            (Type::Oid, true) => Type::Oidvector,
            (element, _) => Type::array_of(element.clone()),
        }
    }

    /// The element at these indexes; `None` outside the array or with too few indexes.
    pub fn at(&self, indexes: &[i64]) -> Option<&Value> {
        if indexes.len() != self.dimensions.len() {
            return None;
        }
        let mut position: usize = 0;
        for (index, dimension) in indexes.iter().zip(&self.dimensions) {
            let offset = index.checked_sub(i64::from(dimension.lower))?;
            if !(0..i64::from(dimension.length)).contains(&offset) {
                return None;
            }
            position = position
                .checked_mul(usize::try_from(dimension.length).ok()?)?
                .checked_add(usize::try_from(offset).ok()?)?;
        }
        self.values.get(position)
    }
}

pub(super) fn too_many_dimensions(count: usize) -> ValueError {
    let message = format!(
        "number of array dimensions ({count}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
    );
    ValueError::new("54000", message)
}

fn malformed(text: &str, detail: &str) -> ValueError {
    let error = ValueError::new("22P02", format!("malformed array literal: \"{text}\""));
    if detail.is_empty() {
        error
    } else {
        error.with_detail(detail)
    }
}

/// Reads `{1,2}`, `{{1,2},{3,4}}`, `[0:1]={a,NULL}`. Errors: 22P02 and the elements' own.
pub fn parse(text: &str, element: &ColumnType, settings: &Settings) -> Result<Array> {
    let trimmed = text.trim();
    let (bounds, body) = match trimmed.starts_with('[') {
        true => match trimmed.split_once('=') {
            Some((bounds, body)) => (parse_bounds(bounds.trim(), text)?, body.trim()),
            None => return Err(malformed(text, "Missing \"=\" after array dimensions.")),
        },
        false => (vec![], trimmed),
    };
    if !body.starts_with('{') {
        let detail = "Array value must start with \"{\" or dimension information.";
        return Err(malformed(text, detail));
    }
    let mut reader = Reader {
        text,
        rest: body,
        lengths: vec![],
        values: vec![],
        element,
        settings,
    };
    reader.level(0)?;
    if !reader.rest.trim().is_empty() {
        return Err(malformed(text, "Junk after closing right brace."));
    }
    let mut array = Array::one_dimensional(element.ty.clone(), reader.values);
    if !array.values.is_empty() {
        let lengths = reader
            .lengths
            .iter()
            .map(|length| i32::try_from(length.unwrap_or(0)).unwrap_or(i32::MAX));
        array.dimensions = lengths
            .map(|length| Dimension { length, lower: 1 })
            .collect();
    }
    if bounds.is_empty() {
        return Ok(array);
    }
    let same = bounds.len() == array.dimensions.len()
        && bounds
            .iter()
            .zip(&array.dimensions)
            .all(|(a, b)| a.length == b.length);
    if !same {
        return Err(malformed(
            text,
            "Specified array dimensions do not match array contents.",
        ));
    }
    array.dimensions = bounds;
    Ok(array)
}

/// `[1:2][0:3]`.
fn parse_bounds(bounds: &str, text: &str) -> Result<Vec<Dimension>> {
    let bad = || malformed(text, "Missing array dimension value.");
    let mut dimensions = Vec::new();
    for part in bounds
        .split(']')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let range = part.strip_prefix('[').ok_or_else(bad)?;
        let (lower, upper) = range.split_once(':').unwrap_or(("1", range));
        let (lower, upper): (i32, i32) = match (lower.trim().parse(), upper.trim().parse()) {
            (Ok(lower), Ok(upper)) => (lower, upper),
            _ => return Err(bad()),
        };
        if upper < lower {
            return Err(ValueError::new(
                "2202E",
                "upper bound cannot be less than lower bound",
            ));
        }
        let length = upper
            .checked_sub(lower)
            .and_then(|length| length.checked_add(1))
            .ok_or_else(bad)?;
        dimensions.push(Dimension { length, lower });
    }
    match dimensions.len() {
        0..=DIMENSIONS_MAX => Ok(dimensions),
        count => Err(too_many_dimensions(count)),
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    /// Elements per level, once known.
    lengths: Vec<Option<usize>>,
    values: Vec<Value>,
    element: &'a ColumnType,
    settings: &'a Settings,
}

impl Reader<'_> {
    /// Reads `{...}` at this depth.
    fn level(&mut self, depth: usize) -> Result<()> {
        if depth >= DIMENSIONS_MAX {
            return Err(too_many_dimensions(depth + 1));
        }
        if self.lengths.len() <= depth {
            if !self.values.is_empty() {
                return Err(self.ragged());
            }
            self.lengths.push(None);
        }
        self.take('{')?;
        let mut count = 0;
        if self.peek() == Some('}') && depth > 0 {
            return Err(malformed(self.text, "Unexpected \"}\" character."));
        }
        if self.peek() == Some('}') {
            self.take('}')?;
            return self.close(depth, 0);
        }
        loop {
            match self.peek() {
                Some('{') => self.level(depth + 1)?,
                Some(_) if self.lengths.len() > depth + 1 => return Err(self.ragged()),
                Some(_) => self.item()?,
                None => return Err(malformed(self.text, "Unexpected end of input.")),
            }
            count += 1;
            match self.peek() {
                Some(',') => self.take(',')?,
                _ => break,
            }
        }
        self.take('}')?;
        self.close(depth, count)
    }

    fn ragged(&self) -> ValueError {
        let detail = "Multidimensional arrays must have sub-arrays with matching dimensions.";
        malformed(self.text, detail)
    }

    fn close(&mut self, depth: usize, count: usize) -> Result<()> {
        match self.lengths.get_mut(depth) {
            Some(Some(known)) if *known != count => Err(self.ragged()),
            Some(known) => {
                *known = Some(count);
                Ok(())
            }
            None => Err(self.ragged()),
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> Result<()> {
        match self.peek() {
            Some(found) if found == wanted => {
                self.rest = self.rest.get(found.len_utf8()..).unwrap_or_default();
                Ok(())
            }
            Some(found) => {
                let detail = format!("Unexpected \"{found}\" character.");
                Err(malformed(self.text, &detail))
            }
            None => Err(malformed(self.text, "Unexpected end of input.")),
        }
    }

    fn item(&mut self) -> Result<()> {
        if self.values.len() >= ELEMENTS_MAX {
            return Err(ValueError::new(
                "54000",
                "array size exceeds the maximum allowed",
            ));
        }
        let (item, quoted) = match self.peek() {
            Some('"') => (self.quoted()?, true),
            _ => (self.bare()?, false),
        };
        let value = match !quoted && item.eq_ignore_ascii_case("null") {
            true => Value::Null,
            false => super::text::parse(&item, self.element, self.settings)?,
        };
        self.values.push(value);
        Ok(())
    }

    fn quoted(&mut self) -> Result<String> {
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(out);
                }
                '\\' => match chars.next() {
                    Some((_, escaped)) => out.push(escaped),
                    None => break,
                },
                c => out.push(c),
            }
        }
        Err(malformed(self.text, "Unexpected end of input."))
    }

    fn bare(&mut self) -> Result<String> {
        let mut out = String::new();
        // Escaped blanks at the end are kept, others are not.
        let mut kept = 0;
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                ',' | '}' => {
                    self.rest = self.rest.get(at..).unwrap_or_default();
                    let end = out.trim_end().len().max(kept);
                    out.truncate(end);
                    return match out.is_empty() {
                        true => {
                            let detail = format!("Unexpected \"{c}\" character.");
                            Err(malformed(self.text, &detail))
                        }
                        false => Ok(out),
                    };
                }
                '{' | '"' => {
                    let detail = if c == '{' {
                        "Unexpected \"{\" character."
                    } else {
                        "Unexpected array element."
                    };
                    return Err(malformed(self.text, detail));
                }
                '\\' => match chars.next() {
                    Some((_, escaped)) => {
                        out.push(escaped);
                        kept = out.len();
                    }
                    None => break,
                },
                c => out.push(c),
            }
        }
        Err(malformed(self.text, "Unexpected end of input."))
    }
}

/// Appends the text form.
pub fn print(array: &Array, settings: &Settings, out: &mut String) {
    if array.vector {
        for (index, value) in array.values.iter().enumerate() {
            out.push_str(if index > 0 { " " } else { "" });
            super::text::print_to(value, settings, out);
        }
        return;
    }
    if array
        .dimensions
        .iter()
        .any(|dimension| dimension.lower != 1)
    {
        for dimension in &array.dimensions {
            out.push_str(&format!("[{}:{}]", dimension.lower, dimension.upper()));
        }
        out.push('=');
    }
    if array.dimensions.is_empty() {
        out.push_str("{}");
        return;
    }
    print_level(array, 0, &mut array.values.iter(), settings, out);
}

fn print_level(
    array: &Array,
    depth: usize,
    values: &mut std::slice::Iter<'_, Value>,
    settings: &Settings,
    out: &mut String,
) {
    let length = array
        .dimensions
        .get(depth)
        .map_or(0, |dimension| dimension.length);
    out.push('{');
    for index in 0..length {
        out.push_str(if index > 0 { "," } else { "" });
        if depth + 1 < array.dimensions.len() {
            print_level(array, depth + 1, values, settings, out);
        } else if let Some(value) = values.next() {
            print_item(value, settings, out);
        }
    }
    out.push('}');
}

fn print_item(value: &Value, settings: &Settings, out: &mut String) {
    if value.is_null() {
        out.push_str("NULL");
        return;
    }
    let text = super::text::print(value, settings);
    let special = |c: char| {
        matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_ascii_whitespace() || c == '\x0b'
    };
    if !text.is_empty() && !text.contains(special) && !text.eq_ignore_ascii_case("null") {
        out.push_str(&text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
