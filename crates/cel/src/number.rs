//! Floating point numbers as text, with the rules of Go.

/// Parses a number. `None` if it is none or too large.
pub(crate) fn parse_double(text: &str) -> Option<f64> {
    let mut digits = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    for (n, c) in text.char_indices() {
        // Underscores may stand between digits.
        if c == '_' {
            let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
            if !digit(n.checked_sub(1)) || !digit(Some(n + 1)) {
                return None;
            }
        } else {
            digits.push(c);
        }
    }
    let number: f64 = match hexadecimal(&digits) {
        Some(number) => number,
        None => digits.parse().ok()?,
    };
    let named = digits.trim_start_matches(['+', '-']).starts_with(['i', 'I', 'n', 'N']);
    // Only "nan" without a sign is a number.
    if number.is_nan() && !digits.starts_with(['n', 'N']) {
        return None;
    }
    (named || number.is_finite()).then_some(number)
}

/// A number like `0x1.8p-2`.
#[allow(clippy::cast_precision_loss, reason = "mantissas of up to 13 digits are exact, and longer ones are refused")]
fn hexadecimal(text: &str) -> Option<f64> {
    let negative = text.starts_with('-');
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let rest = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"))?;
    let (mantissa, exponent) = rest.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() > 13 {
        return None;
    }
    let digits = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let shift = exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?;
    let number = digits as f64 * 2f64.powi(shift);
    Some(if negative { -number } else { number })
}

/// The shortest text that reads as the same number, as `%g`: with an exponent below -4 and from 6 on.
pub(crate) fn shortest(number: f64) -> String {
    if let Some(text) = special(number, "+Inf", "-Inf") {
        return text.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) { format!("{number}") } else { with_exponent(mantissa, exponent) }
}

fn with_exponent(mantissa: &str, exponent: i32) -> String {
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// The text of what is no ordinary number.
pub(crate) fn special(number: f64, infinity: &'static str, negative: &'static str) -> Option<&'static str> {
    if number.is_nan() {
        Some("NaN")
    } else if number == f64::INFINITY {
        Some(infinity)
    } else if number == f64::NEG_INFINITY {
        Some(negative)
    } else {
        None
    }
}

/// As `%.<precision>e`.
pub(crate) fn scientific(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => with_exponent(mantissa, exponent.parse().unwrap_or(0)),
        None => text,
    }
}
