//! `to_char` of numbers and `to_number`.

use super::args::{float, int, numeric, text};
use super::registry::Register;
use super::template::suffix;
use crate::record::value::{Numeric, Result, Value, ValueError};

pub(super) fn register(register: &mut Register) {
    for ty in ["integer", "bigint"] {
        register.strict(&format!("to_char({ty}, text) text"), |a, _| {
            to_char(&Numeric::from(int(a, 0)?), text(a, 1)?)
        });
    }
    register.strict("to_char(numeric, text) text", |a, _| {
        to_char(numeric(a, 0)?, text(a, 1)?)
    });
    register.strict("to_char(double precision, text) text", |a, _| {
        to_char(&Numeric::from_f64(float(a, 0)?), text(a, 1)?)
    });
    register.strict("to_char(real, text) text", |a, _| {
        to_char(&Numeric::from_f32(float(a, 0)? as f32), text(a, 1)?)
    });
    register.strict("to_number(text, text) numeric", |a, _| {
        to_number(text(a, 0)?, text(a, 1)?)
    });
}

/// One piece of a number template.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// `9` or `0`.
    Digit {
        zero: bool,
    },
    Point,
    Comma,
    Sign(SignForm),
    Ordinal {
        upper: bool,
    },
    Literal(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum SignForm {
    /// `S`: a sign next to the number.
    Anchored,
    /// `MI`: a minus or blank here.
    Minus,
    /// `PL`: a plus or blank here.
    Plus,
    /// `SG`: a sign here.
    Both,
}

#[derive(Default)]
struct Template {
    pieces: Vec<Piece>,
    fill: bool,
    brackets: bool,
    scientific: bool,
    roman: bool,
    shift: usize,
}

fn parse(template: &str) -> Result<Template> {
    let mut parsed = Template::default();
    let mut rest = template;
    let mut shifting = false;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix('"') {
            let (literal, after) = after.split_once('"').unwrap_or((after, ""));
            parsed.pieces.push(Piece::Literal(literal.to_string()));
            rest = after;
            continue;
        }
        let upper = rest
            .get(..4.min(rest.len()))
            .unwrap_or_default()
            .to_ascii_uppercase();
        let (piece, length) = match upper.as_str() {
            word if word.starts_with("EEEE") => {
                parsed.scientific = true;
                (None, 4)
            }
            word if word.starts_with("FM") => {
                parsed.fill = true;
                (None, 2)
            }
            word if word.starts_with("PR") => {
                parsed.brackets = true;
                (None, 2)
            }
            word if word.starts_with("RN") => {
                parsed.roman = true;
                (None, 2)
            }
            word if word.starts_with("MI") => (Some(Piece::Sign(SignForm::Minus)), 2),
            word if word.starts_with("PL") => (Some(Piece::Sign(SignForm::Plus)), 2),
            word if word.starts_with("SG") => (Some(Piece::Sign(SignForm::Both)), 2),
            word if word.starts_with("TH") => (
                Some(Piece::Ordinal {
                    upper: rest.starts_with('T'),
                }),
                2,
            ),
            word if word.starts_with('S') => (Some(Piece::Sign(SignForm::Anchored)), 1),
            word if word.starts_with('9') || word.starts_with('0') => {
                parsed.shift += usize::from(shifting);
                (Some(Piece::Digit { zero: first == '0' }), 1)
            }
            word if word.starts_with(['.', 'D']) => (Some(Piece::Point), 1),
            word if word.starts_with([',', 'G']) => (Some(Piece::Comma), 1),
            word if word.starts_with('L') => (Some(Piece::Literal(" ".to_string())), 1),
            word if word.starts_with('V') => {
                shifting = true;
                (None, 1)
            }
            _ => (Some(Piece::Literal(first.to_string())), first.len_utf8()),
        };
        parsed.pieces.extend(piece);
        rest = rest.get(length..).unwrap_or_default();
    }
    if parsed
        .pieces
        .iter()
        .filter(|piece| **piece == Piece::Point)
        .count()
        > 1
    {
        return Err(ValueError::new("42601", "multiple decimal points"));
    }
    Ok(parsed)
}

fn to_char(value: &Numeric, template: &str) -> Result<Value> {
    let template = parse(template)?;
    if template.roman {
        return Err(ValueError::unsupported(
            "Roman numerals are not supported in to_char",
        ));
    }
    let point = template
        .pieces
        .iter()
        .position(|piece| *piece == Piece::Point);
    let is_digit = |piece: &&Piece| matches!(piece, Piece::Digit { .. });
    let digits = template.pieces.iter().filter(is_digit).count();
    let before = match point {
        Some(point) => template.pieces.iter().take(point).filter(is_digit).count(),
        None => digits,
    };
    let places = digits - before;
    if template.scientific {
        return Ok(Value::from(scientific(value, places)));
    }
    let shifted = match template.shift {
        0 => value.clone(),
        shift => value.mul(&Numeric::from(10).power(&Numeric::from(shift as i64))?)?,
    };
    let rounded = shifted.round(places as i64);
    let negative = rounded.signum() < 0 && !rounded.is_nan();
    let printed = rounded.abs().to_string();
    let (whole, fraction) = printed.split_once('.').unwrap_or((&printed, ""));
    let whole = if whole == "0" { "" } else { whole };
    let number = Number {
        negative,
        whole,
        fraction,
        before,
        places,
        finite: value.is_finite(),
    };
    Ok(Value::from(lay_out(&template, &number)))
}

struct Number<'a> {
    negative: bool,
    /// Digits before the point; none for zero.
    whole: &'a str,
    fraction: &'a str,
    before: usize,
    places: usize,
    finite: bool,
}

impl Number<'_> {
    /// The character at a digit's place before the point: `#` when the number does not fit.
    fn whole_at(&self, place: usize) -> Option<char> {
        if self.whole.len() > self.before || !self.finite {
            return Some('#');
        }
        let skip = self.before - self.whole.len();
        place
            .checked_sub(skip)
            .and_then(|at| self.whole.chars().nth(at))
    }

    fn fraction_at(&self, place: usize) -> char {
        match self.whole.len() > self.before || !self.finite {
            true => '#',
            false => self.fraction.chars().nth(place).unwrap_or('0'),
        }
    }
}

fn lay_out(template: &Template, number: &Number<'_>) -> String {
    let signed = template
        .pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Sign(form) if *form != SignForm::Plus));
    let anchored = template
        .pieces
        .iter()
        .position(|piece| *piece == Piece::Sign(SignForm::Anchored));
    let first_digit = template
        .pieces
        .iter()
        .position(|piece| matches!(piece, Piece::Digit { .. }));
    let leading = anchored.is_some_and(|at| first_digit.is_none_or(|first| at < first));
    let mut body = lay_out_digits(template, number);
    let implicit = !signed && !template.brackets;
    let sign = match (number.negative, leading) {
        (true, _) if implicit || leading => "-",
        (false, true) => "+",
        (false, false) if implicit && !template.fill => " ",
        _ => "",
    };
    if template.brackets {
        let (open, close) = match (number.negative, template.fill) {
            (true, _) => ("<", ">"),
            (false, false) => (" ", " "),
            (false, true) => ("", ""),
        };
        body = put_before_digits(&body, open) + close;
    } else if !sign.is_empty() {
        body = put_before_digits(&body, sign);
    }
    body
}

/// Puts a sign between the blanks and the first digit.
fn put_before_digits(body: &str, sign: &str) -> String {
    let blanks = body.len() - body.trim_start_matches(' ').len();
    let (head, tail) = body.split_at(blanks);
    format!("{head}{sign}{tail}")
}

fn lay_out_digits(template: &Template, number: &Number<'_>) -> String {
    let digits = || {
        template.pieces.iter().filter_map(|piece| match piece {
            Piece::Digit { zero } => Some(*zero),
            _ => None,
        })
    };
    let first_zero = digits()
        .take(number.before)
        .position(|zero| zero)
        .unwrap_or(usize::MAX);
    let last_zero = digits()
        .skip(number.before)
        .collect::<Vec<bool>>()
        .iter()
        .rposition(|zero| *zero);
    let kept = match template.fill {
        true => {
            let significant = number.fraction.trim_end_matches('0').len();
            significant.max(last_zero.map_or(0, |at| at + 1))
        }
        false => number.places,
    };
    let mut out = String::new();
    let (mut place, mut after_point, mut started) = (0, false, false);
    for piece in &template.pieces {
        match piece {
            Piece::Digit { .. } if after_point => {
                if place < kept {
                    out.push(number.fraction_at(place));
                }
                place += 1;
            }
            Piece::Digit { .. } => {
                let last = place + 1 == number.before && number.places == 0;
                let digit = number
                    .whole_at(place)
                    .or((place >= first_zero || last).then_some('0'));
                match digit {
                    Some(digit) => out.push(digit),
                    None if template.fill => {}
                    None => out.push(' '),
                }
                started |= digit.is_some();
                place += 1;
            }
            Piece::Point => {
                out.push('.');
                after_point = true;
                place = 0;
            }
            Piece::Comma if started => out.push(','),
            Piece::Comma if template.fill => {}
            Piece::Comma => out.push(' '),
            Piece::Sign(form) => out.push_str(sign_here(
                *form,
                number.negative,
                started || after_point,
                template.fill,
            )),
            Piece::Ordinal { upper } if !number.negative => {
                let value: i64 = number.whole.parse().unwrap_or(0);
                out.push_str(suffix(value, *upper));
            }
            Piece::Ordinal { .. } => {}
            Piece::Literal(literal) => out.push_str(literal),
        }
    }
    out
}

fn sign_here(form: SignForm, negative: bool, after_digits: bool, fill: bool) -> &'static str {
    match (form, negative) {
        // In front it is put next to the digits, once they are laid out.
        (SignForm::Anchored, _) if !after_digits => "",
        (SignForm::Anchored | SignForm::Both, true) | (SignForm::Minus, true) => "-",
        (SignForm::Anchored | SignForm::Both, false) | (SignForm::Plus, false) => "+",
        _ if fill => "",
        _ => " ",
    }
}

/// ` 1.23e+04`.
fn scientific(value: &Numeric, places: usize) -> String {
    // More digits than a float has are zeros; formatting itself has a limit.
    let places = places.min(60);
    let printed = format!("{:.places$e}", value.abs().to_f64());
    let (mantissa, exponent) = printed.split_once('e').unwrap_or((&printed, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if value.signum() < 0 { '-' } else { ' ' };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{mantissa}e{direction}{:02}", exponent.abs())
}

/// Reads a number laid out by a template: its digits, point and sign; the rest is passed over.
fn to_number(input: &str, template: &str) -> Result<Value> {
    let template = parse(template)?;
    let places = template
        .pieces
        .iter()
        .skip_while(|piece| **piece != Piece::Point)
        .filter(|piece| matches!(piece, Piece::Digit { .. }))
        .count();
    let mut digits = String::new();
    let mut negative = false;
    for c in input.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '.' if !digits.contains('.') => digits.push('.'),
            '-' => negative = true,
            '<' if template.brackets => negative = true,
            _ => {}
        }
    }
    if !digits.contains(|c: char| c.is_ascii_digit()) {
        return Err(ValueError::syntax("numeric", " "));
    }
    let value: Numeric = digits.parse()?;
    let value = value.trunc(places as i64);
    let value = if negative { value.neg() } else { value };
    Ok(Value::Numeric(value))
}
