//! `timeout`: how long a search may look.

use stele_search::query::TIME_US;

use crate::wire::Fault;

/// Elasticsearch's units of time, in nanoseconds; `ms` before `s`, whose end it is.
const UNITS: [(&str, u64); 7] = [
    ("nanos", 1),
    ("micros", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Microseconds, at most [`TIME_US`]: nothing looks for ever. `-1` = as long as may be.
pub fn parse(text: &str) -> Result<u64, Fault> {
    let text = text.trim();
    if text == "-1" {
        return Ok(TIME_US);
    }
    let failed = || {
        Fault::argument(format!(
            "failed to parse setting [timeout] with value [{text}] as a time value: unit is missing or unrecognized"
        ))
    };
    let units = UNITS.iter();
    let mut found = units.filter_map(|(unit, ns)| Some((text.strip_suffix(unit)?, ns)));
    let (number, ns) = found.next().ok_or_else(failed)?;
    let number: u64 = number.trim().parse().map_err(|_| failed())?;
    Ok((number.saturating_mul(*ns) / 1_000).min(TIME_US))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_an_end() {
        for (text, us) in [
            ("50ms", 50_000),
            ("2s", 2_000_000),
            ("7micros", 7),
            ("900nanos", 0),
            ("3d", TIME_US),
            ("-1", TIME_US),
        ] {
            assert_eq!(parse(text).ok(), Some(us), "{text}");
        }
        for text in ["", "5", "s", "-2s", "1.5s", "soon"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
