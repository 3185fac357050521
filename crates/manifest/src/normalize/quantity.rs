//! Kubernetes quantities (`500m`, `1.5Gi`, `1e3`) in their canonical form.

/// How a quantity is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Decimal,
    Exponent,
    Binary,
}

/// Digits kept after the point: nano.
const SCALE: u32 = 9;

/// The canonical form of a quantity: the largest suffix that needs no fraction. `None` if it is none, or too large.
pub(super) fn canonical(text: &str) -> Option<String> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(number_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || whole.len() > 20 {
        return None;
    }
    let (format, base, exponent) = parse_suffix(suffix)?;
    let nano = to_nano(whole, fraction, base, exponent)?;
    if nano == 0 {
        return Some("0".into());
    }
    let one = 10_i128.pow(SCALE);
    let sign = if negative { "-" } else { "" };
    if format == Format::Binary && nano % one == 0 && nano >= 1024 * one {
        let mut value = nano / one;
        let mut step = 0;
        while value % 1024 == 0 && step < 6 {
            value /= 1024;
            step += 1;
        }
        return Some(format!("{sign}{value}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][step]));
    }
    let (mut value, mut exponent) = (nano, -9_i32);
    while value % 1000 == 0 && exponent < 18 {
        value /= 1000;
        exponent += 3;
    }
    let suffix = if format == Format::Exponent {
        if exponent == 0 { String::new() } else { format!("e{exponent}") }
    } else {
        let names = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
        names[usize::try_from((exponent + 9) / 3).ok()?].to_owned()
    };
    Some(format!("{sign}{value}{suffix}"))
}

/// The format, the base and the exponent of a suffix.
fn parse_suffix(suffix: &str) -> Option<(Format, i128, i32)> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [(&str, i32); 10] =
        [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
    if let Some(i) = BINARY.iter().position(|s| *s == suffix) {
        return Some((Format::Binary, 1024, i32::try_from(i).ok()? + 1));
    }
    if let Some((_, exponent)) = DECIMAL.iter().find(|(s, _)| *s == suffix) {
        return Some((Format::Decimal, 10, *exponent));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok().filter(|e| e.abs() <= 18)?;
    Some((Format::Exponent, 10, exponent))
}

/// The value times 10⁹, rounded away from zero.
fn to_nano(whole: &str, fraction: &str, base: i128, exponent: i32) -> Option<i128> {
    let fraction = &fraction[..fraction.len().min(15)];
    let digits = format!("{whole}{fraction}");
    let mantissa: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let factor = base.checked_pow(exponent.unsigned_abs())?.checked_mul(1)?;
    let scaled = mantissa.checked_mul(10_i128.pow(SCALE))?;
    let (numerator, mut divisor) = if exponent >= 0 { (scaled.checked_mul(factor)?, 1) } else { (scaled, factor) };
    divisor *= 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    Some((numerator + divisor - 1) / divisor)
}
