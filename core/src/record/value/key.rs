//! The order-preserving form of values in keys: bytes compare as the values do.

use super::error::{Result, ValueError};
use super::types::Type;
use super::value::Value;

/// Appends the form of a value; NULL sorts last. Forms are self-delimiting, so the
/// concatenation of several orders as a tuple does. Errors: 42883 for a type without order.
pub fn encode(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    let _ = (value, out);
    Err(ValueError::unsupported("not yet"))
}

/// Reads one value of this type back, advancing `bytes` past it. Errors: XX001.
///
/// Equal values share one form, so what equality ignores comes back normalised:
/// `1.00` as `1`, a `char(n)` unpadded, an interval of a month as 30 days.
pub fn decode(bytes: &mut &[u8], ty: &Type) -> Result<Value> {
    let _ = (bytes, ty);
    Err(ValueError::unsupported("not yet"))
}
