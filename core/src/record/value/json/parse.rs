//! Builds the normalised tree from JSON text.

use super::Jsonb;
use super::scan::Scanner;
use crate::record::value::error::Result;

/// Reads one JSON value. Errors: 22P02 malformed, 22P05 `\u0000`, 54001 too deep,
/// 22003 a number beyond `numeric`.
pub fn parse(text: &str) -> Result<Jsonb> {
    let mut scanner = Scanner::new(text, true);
    let value = tree(&mut scanner, 0)?;
    scanner.end()?;
    Ok(value)
}

fn tree(scanner: &mut Scanner<'_>, depth: usize) -> Result<Jsonb> {
    match scanner.peek() {
        Some(b'{') => {
            let depth = Scanner::deeper(depth)?;
            let mut members = Vec::new();
            scanner.each_member(|scanner, key| {
                members.push((key.into(), tree(scanner, depth)?));
                Ok(())
            })?;
            Ok(Jsonb::object(members))
        }
        Some(b'[') => {
            let depth = Scanner::deeper(depth)?;
            let mut elements = Vec::new();
            scanner.each_element(|scanner| {
                elements.push(tree(scanner, depth)?);
                Ok(())
            })?;
            Ok(Jsonb::Array(elements))
        }
        Some(b'"') => Ok(Jsonb::String(scanner.string()?.into())),
        Some(b'-' | b'0'..=b'9') => Ok(Jsonb::Number(scanner.number()?.parse()?)),
        first => {
            scanner.literal()?;
            Ok(match first {
                Some(b't') => Jsonb::Bool(true),
                Some(b'f') => Jsonb::Bool(false),
                _ => Jsonb::Null,
            })
        }
    }
}
