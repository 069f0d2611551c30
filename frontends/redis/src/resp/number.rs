//! Numbers as Redis reads and prints them.

/// An integer in its one canonical spelling: an optional `-`, digits without leading zeros, in
/// the range of `i64`. Anything else, ` 1`, `+1`, `01`, `-0`, is no integer.
#[must_use]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [] | [b'0', ..] => return None,
        _ => {}
    }
    let mut value: i64 = 0;
    for digit in digits {
        let digit = i64::from(digit.checked_sub(b'0').filter(|digit| *digit <= 9)?);
        value = value.checked_mul(10)?.checked_sub(digit)?;
    }
    // Summed up below zero, because i64::MIN has no positive counterpart.
    if negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

/// A floating point number: decimal or exponent form, `inf`, `infinity` with a sign, never
/// `nan`, no blanks around it.
#[must_use]
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(hex) => hex_f64(hex)?,
        None if digits.starts_with(['-', '+']) => return None,
        None => digits.parse::<f64>().ok()?,
    };
    if value.is_nan() || digits.starts_with(['n', 'N']) {
        return None;
    }
    Some(if negative { -value } else { value })
}

/// Hexadecimal integers are understood because C's `strtod` understands them.
fn hex_f64(digits: &str) -> Option<f64> {
    let value = u64::from_str_radix(digits, 16).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
    Some(value as f64)
}

/// The shortest decimal that reads back as the same number: `3`, `0.1`, `1e+20`, `inf`.
#[must_use]
pub fn print_f64(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    if value == 0.0 {
        return if value.is_sign_negative() {
            "-0".into()
        } else {
            "0".into()
        };
    }
    let plain = format!("{value}");
    // `{}` never uses an exponent; past 17 digits Redis does.
    let digits = plain.trim_start_matches(['-', '0', '.']).len();
    let tiny = value.abs() < 1e-5;
    if !tiny && digits <= 17 {
        plain
    } else {
        exponent_form(value)
    }
}

/// `1e+20`, `1.5e-7`: the sign of the exponent is always shown.
fn exponent_form(value: f64) -> String {
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

/// Appends an integer's digits.
pub fn put_i64(buffer: &mut impl Extend<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        }
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        if let Some(digit) = digits.get_mut(at) {
            *digit = b'-';
        }
    }
    buffer.extend(digits.into_iter().skip(at));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_has_one_spelling() {
        assert_eq!(parse_i64(b"0"), Some(0));
        assert_eq!(parse_i64(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_i64(b"9223372036854775807"), Some(i64::MAX));
        for text in [
            "",
            "-",
            "-0",
            "01",
            "+1",
            " 1",
            "1 ",
            "9223372036854775808",
            "1.0",
            "0x1",
        ] {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_are_read_without_blanks_or_nan() {
        assert_eq!(parse_f64(b"-inf"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_f64(b"+1.5e3"), Some(1500.0));
        assert_eq!(parse_f64(b"0xff"), Some(255.0));
        for text in ["nan", "-nan", " 1", "1 ", "", "--1", "abc"] {
            assert_eq!(parse_f64(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_print_short_and_read_back() {
        assert_eq!(print_f64(3.0), "3");
        assert_eq!(print_f64(0.1), "0.1");
        assert_eq!(print_f64(1e20), "1e+20");
        assert_eq!(print_f64(1.5e-7), "1.5e-7");
        assert_eq!(print_f64(f64::NEG_INFINITY), "-inf");
        for value in [1.1, -2.2e300, 4.9e-324, 123_456_789.125, 1e16] {
            assert_eq!(parse_f64(print_f64(value).as_bytes()), Some(value));
        }
    }

    #[test]
    fn integers_print_at_both_ends_of_their_range() {
        for value in [0, -1, i64::MIN, i64::MAX, 1000] {
            let mut text = Vec::new();
            put_i64(&mut text, value);
            assert_eq!(String::from_utf8_lossy(&text), value.to_string());
        }
    }
}
