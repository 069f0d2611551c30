//! Byte strings: operators, hashes, and their text encodings.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::{Digest, Md5};
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::args::{bytes, int, text};
use super::registry::Register;
use super::text::{RESULT_BYTES_MAX, too_long};
use crate::record::value::{Result, Value, ValueError, bytea, utf8};

/// Characters of base64 in a line, as MIME has it.
const BASE64_LINE: usize = 76;

pub(super) fn register(register: &mut Register) {
    register.strict("||(bytea, bytea) bytea", |a, _| {
        let (a, b) = (bytes(a, 0)?, bytes(a, 1)?);
        if a.len().saturating_add(b.len()) > RESULT_BYTES_MAX {
            return Err(too_long());
        }
        Ok(Value::bytea([a, b].concat()))
    });
    register.strict("length(bytea) integer", |a, _| {
        Ok(Value::Int4(bytes(a, 0)?.len() as i32))
    });
    register.strict("octet_length(bytea) integer", |a, _| {
        Ok(Value::Int4(bytes(a, 0)?.len() as i32))
    });
    register.strict("md5(text) text", |a, _| {
        Ok(hex(&Md5::digest(text(a, 0)?.as_bytes())))
    });
    register.strict("md5(bytea) text", |a, _| {
        Ok(hex(&Md5::digest(bytes(a, 0)?)))
    });
    register.strict("sha224(bytea) bytea", |a, _| {
        Ok(Value::bytea(Sha224::digest(bytes(a, 0)?).to_vec()))
    });
    register.strict("sha256(bytea) bytea", |a, _| {
        Ok(Value::bytea(Sha256::digest(bytes(a, 0)?).to_vec()))
    });
    register.strict("sha384(bytea) bytea", |a, _| {
        Ok(Value::bytea(Sha384::digest(bytes(a, 0)?).to_vec()))
    });
    register.strict("sha512(bytea) bytea", |a, _| {
        Ok(Value::bytea(Sha512::digest(bytes(a, 0)?).to_vec()))
    });
    register.strict("encode(bytea, text) text", |a, _| {
        encode(bytes(a, 0)?, text(a, 1)?)
    });
    register.strict("decode(text, text) bytea", |a, _| {
        decode(text(a, 0)?, text(a, 1)?)
    });
    register.strict("convert_from(bytea, name) text", |a, _| {
        check_utf8(text(a, 1)?)?;
        Ok(Value::from(utf8(bytes(a, 0)?)?))
    });
    register.strict("convert_to(text, name) bytea", |a, _| {
        check_utf8(text(a, 1)?)?;
        Ok(Value::bytea(text(a, 0)?.as_bytes()))
    });
    for name in ["substring", "substr"] {
        register.strict(&format!("{name}(bytea, integer) bytea"), |a, _| cut(a));
        register.strict(&format!("{name}(bytea, integer, integer) bytea"), |a, _| {
            cut(a)
        });
    }
    register.strict("get_byte(bytea, integer) integer", |a, _| {
        let (bytes, index) = (bytes(a, 0)?, int(a, 1)?);
        let found = usize::try_from(index).ok().and_then(|at| bytes.get(at));
        found
            .map(|byte| Value::Int4(i32::from(*byte)))
            .ok_or_else(|| index_error(index, bytes.len()))
    });
}

fn index_error(index: i64, length: usize) -> ValueError {
    let last = length as i64 - 1;
    ValueError::new(
        "2202E",
        format!("index {index} out of valid range, 0..{last}"),
    )
}

fn hex(bytes: &[u8]) -> Value {
    let mut out = String::new();
    bytea::print_hex(bytes, &mut out);
    Value::from(out)
}

fn check_utf8(encoding: &str) -> Result<()> {
    match encoding
        .to_ascii_lowercase()
        .replace(['-', '_'], "")
        .as_str()
    {
        "utf8" | "unicode" | "sqlascii" => Ok(()),
        _ => Err(ValueError::unsupported(format!(
            "encoding \"{encoding}\" is not supported"
        ))),
    }
}

fn unknown(encoding: &str) -> ValueError {
    ValueError::new("22023", format!("unrecognized encoding: \"{encoding}\""))
}

fn encode(bytes: &[u8], encoding: &str) -> Result<Value> {
    let mut out = String::new();
    match encoding.to_ascii_lowercase().as_str() {
        "hex" => bytea::print_hex(bytes, &mut out),
        "escape" => bytea::print_escape(bytes, &mut out),
        "base64" => {
            let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
            let mut rest = encoded.as_str();
            while let Some((line, after)) = rest.split_at_checked(BASE64_LINE) {
                out.push_str(line);
                out.push('\n');
                rest = after;
            }
            out.push_str(rest);
            // No line break after the last full line.
            if rest.is_empty() {
                out.pop();
            }
        }
        _ => return Err(unknown(encoding)),
    }
    Ok(Value::from(out))
}

fn decode(text: &str, encoding: &str) -> Result<Value> {
    match encoding.to_ascii_lowercase().as_str() {
        "hex" => bytea::parse_hex(text).map(Value::bytea),
        "escape" => bytea::parse_escape(text).map(Value::bytea),
        "base64" => {
            let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let config = GeneralPurposeConfig::new()
                .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
            let engine = GeneralPurpose::new(&alphabet::STANDARD, config);
            match engine.decode(&compact) {
                Ok(bytes) => Ok(Value::bytea(bytes)),
                Err(error) => Err(base64_error(&compact, error)),
            }
        }
        _ => Err(unknown(encoding)),
    }
}

fn base64_error(text: &str, error: base64::DecodeError) -> ValueError {
    match error {
        base64::DecodeError::InvalidByte(at, byte) if byte != b'=' => {
            let symbol = text
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .unwrap_or(char::from(byte));
            let message =
                format!("invalid symbol \"{symbol}\" found while decoding base64 sequence");
            ValueError::new("22023", message)
        }
        _ => ValueError::new("22023", "invalid base64 end sequence")
            .with_hint("Input data is missing padding, is truncated, or is otherwise corrupted."),
    }
}

fn cut(args: &[Value]) -> Result<Value> {
    let (bytes, start) = (bytes(args, 0)?, int(args, 1)?);
    let end = match args.len() > 2 {
        true if int(args, 2)? < 0 => {
            return Err(ValueError::new(
                "22011",
                "negative substring length not allowed",
            ));
        }
        true => start.saturating_add(int(args, 2)?),
        false => i64::MAX,
    };
    let skip = usize::try_from(start - 1).unwrap_or(0);
    let take = usize::try_from(end.saturating_sub(start.max(1))).unwrap_or(0);
    Ok(Value::bytea(
        bytes
            .iter()
            .skip(skip)
            .take(take)
            .copied()
            .collect::<Vec<u8>>(),
    ))
}
