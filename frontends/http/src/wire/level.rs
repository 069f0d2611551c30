//! Levels: `?read=`, `?write=`, and the headers of the same meaning.

use stele_core::record::{Level, ReadLevel, Token, WriteLevel};

use super::{Call, Fault};

/// What a request asks of reads and writes.
pub fn of(call: &Call) -> Result<Level, Fault> {
    let mut level = Level::default();
    let said = |parameter: &str, header: &str| {
        call.parameter(parameter)
            .or_else(|| call.header(header))
            .map(str::to_owned)
    };
    if let Some(name) = said("read", "x-stele-read") {
        level.read = ReadLevel::parse(&name)
            .ok_or_else(|| Fault::argument(format!("read level [{name}] is not known")))?;
    }
    if let Some(name) = said("write", "x-stele-write") {
        level.write = WriteLevel::parse(&name)
            .ok_or_else(|| Fault::argument(format!("write level [{name}] is not known")))?;
    }
    if let Some(text) = call.header("x-stele-token") {
        let token = Token::parse(text)
            .ok_or_else(|| Fault::argument(format!("token [{text}] does not parse")))?;
        level.token = Some(token);
    }
    Ok(level)
}
