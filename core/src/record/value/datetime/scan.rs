//! Splits date and time input into fields.

/// One field of date and time input.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Field<'a> {
    /// `2020-01-02`, `1/2/2020`, `08-Jan-1999`: its parts.
    Date(Vec<&'a str>),
    /// `10:20`, `10:20:30.5`.
    Time(&'a str),
    /// Digits alone, perhaps with a fraction: `20200102`, `101112.5`, `1999`.
    Digits(&'a str),
    /// Letters, or a zone name such as `America/New_York`.
    Word(&'a str),
    /// A sign and what follows: a zone offset, or `-infinity`.
    Signed(&'a str),
}

/// The fields of the input, or nothing when a character fits none.
pub(super) fn scan(text: &str) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_whitespace() || first == ',' {
            rest = rest.get(1..)?;
            continue;
        }
        let (field, after) = match first {
            '0'..='9' => scan_number(rest)?,
            '+' | '-' => scan_signed(rest)?,
            c if c.is_ascii_alphabetic() => scan_word(rest)?,
            _ => return None,
        };
        rest = after;
        // `T` between a date and a time, and the dash after a month's name, only separate.
        match &field {
            Field::Word(word) if word.eq_ignore_ascii_case("t") && !fields.is_empty() => {}
            _ => fields.push(field),
        }
    }
    Some(fields)
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !keep(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn scan_number(text: &str) -> Option<(Field<'_>, &str)> {
    let (digits, after) = split_while(text, |c| c.is_ascii_digit());
    match after.chars().next() {
        Some(':') => {
            let (time, after) = split_while(text, |c| c.is_ascii_digit() || c == ':' || c == '.');
            Some((Field::Time(time), after))
        }
        Some(delimiter @ ('-' | '/' | '.')) => scan_date(digits, after, delimiter).or_else(|| {
            let (number, after) = split_while(text, |c| c.is_ascii_digit() || c == '.');
            (delimiter == '.').then_some((Field::Digits(number), after))
        }),
        _ => Some((Field::Digits(digits), after)),
    }
}

/// `first`, then a delimiter, a number or month name, and usually a third number.
fn scan_date<'a>(first: &'a str, after: &'a str, delimiter: char) -> Option<(Field<'a>, &'a str)> {
    let after = after.strip_prefix(delimiter)?;
    let (second, after) = match after.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => split_while(after, |c| c.is_ascii_alphabetic()),
        false => split_while(after, |c| c.is_ascii_digit()),
    };
    if second.is_empty() {
        return None;
    }
    let Some(last) = after.strip_prefix(delimiter) else {
        return (delimiter != '.').then(|| (Field::Date(vec![first, second]), after));
    };
    let (third, after) = split_while(last, |c| c.is_ascii_digit());
    (!third.is_empty()).then(|| (Field::Date(vec![first, second, third]), after))
}

fn scan_signed(text: &str) -> Option<(Field<'_>, &str)> {
    let sign = text.get(..1)?;
    let body = text.get(1..)?;
    let trimmed = body.trim_start();
    if trimmed.starts_with(|c: char| c.is_ascii_alphabetic()) && sign == "-" {
        let (word, after) = split_while(body, |c| c.is_ascii_alphabetic());
        let whole = text.get(..1 + word.len())?;
        return Some((Field::Signed(whole), after));
    }
    let (digits, after) = split_while(body, |c| c.is_ascii_digit() || c == ':' || c == '.');
    if digits.is_empty() {
        return None;
    }
    Some((Field::Signed(text.get(..1 + digits.len())?), after))
}

fn scan_word(text: &str) -> Option<(Field<'_>, &str)> {
    let (letters, after) = split_while(text, |c| c.is_ascii_alphabetic() || c == '.');
    let letters_only = letters.trim_end_matches('.');
    if after.starts_with(['/', '_']) {
        let (zone, after) = split_while(text, |c| {
            c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+')
        });
        return Some((Field::Word(zone), after));
    }
    let is_month = month_of(letters_only).is_some();
    let after = match after.strip_prefix('-') {
        Some(rest) if is_month => rest,
        _ => after,
    };
    Some((Field::Word(letters_only), after))
}

/// The month of a name or its first three letters or more: 1 to 12.
pub(super) fn month_of(word: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let lower = word.to_ascii_lowercase();
    if lower == "sept" {
        return Some(9);
    }
    let found = NAMES
        .iter()
        .position(|name| lower == *name || (lower.len() == 3 && name.starts_with(&lower)))?;
    Some(found as i64 + 1)
}

/// Whether the word names a day of the week, which input may carry and nothing heeds.
pub(super) fn is_weekday(word: &str) -> bool {
    const NAMES: [&str; 7] = [
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ];
    let lower = word.to_ascii_lowercase();
    let short = |name: &&str| (3..=5).contains(&lower.len()) && name.starts_with(&lower);
    NAMES.iter().any(|name| lower == *name || short(name))
}
