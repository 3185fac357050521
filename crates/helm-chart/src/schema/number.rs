//! Numbers of schemas and instances.

use ferroflux_yaml::number::format_g;
use serde_json::Number;

/// A number with English digit groups and powers of ten, as messages show it: `1,234.5`, `1×10⁰⁶`.
pub(super) fn localized(value: f64) -> String {
    let text = format_g(value);
    if let Some((mantissa, exponent)) = text.split_once('e') {
        let raised = exponent.chars().filter(|c| *c != '+').map(|c| match c {
            '-' => '⁻',
            digit => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'].get(digit as usize - '0' as usize).copied().unwrap_or(digit),
        });
        return format!("{mantissa}×10{}", raised.collect::<String>());
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |d| ("-", d));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    match fraction {
        Some(fraction) => format!("{sign}{grouped}.{fraction}"),
        None => format!("{sign}{grouped}"),
    }
}

/// A count with English digit groups.
pub(super) fn count(value: usize) -> String {
    let text = value.to_string();
    let mut grouped = String::new();
    for (i, c) in text.chars().enumerate() {
        if i > 0 && (text.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped
}

/// A number as the schema's text has it in its usual form: a whole number that is no integer there ends in `.0`.
pub(super) fn plain(number: &Number) -> String {
    match number.as_f64() {
        Some(f) if number.is_f64() && f.fract() == 0.0 && f.abs() < 1e16 => format!("{f:.1}"),
        Some(f) if number.is_f64() => ferroflux_yaml::number::format_json(f),
        _ => number.to_string(),
    }
}

/// Whether `value` is a whole multiple of `of`, exact for numbers with up to about 30 decimal digits.
pub(super) fn is_multiple(value: f64, of: f64) -> bool {
    match (decimal(value), decimal(of)) {
        (Some((a, scale_a)), Some((b, scale_b))) if b != 0 => {
            let scale = scale_a.max(scale_b);
            let grow = |n: i128, from: u32| 10i128.checked_pow(scale - from).and_then(|f| n.checked_mul(f));
            match (grow(a, scale_a), grow(b, scale_b)) {
                (Some(a), Some(b)) => a % b == 0,
                _ => value % of == 0.0,
            }
        }
        _ => value % of == 0.0,
    }
}

/// The shortest decimal form as digits and a number of decimal places.
fn decimal(value: f64) -> Option<(i128, u32)> {
    let text = format!("{value}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{whole}{fraction}");
    Some((digits.parse().ok()?, u32::try_from(fraction.len()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::{count, is_multiple, localized};

    /// HE-SCH-02: how messages print numbers.
    #[test]
    fn english_numbers() {
        for (value, want) in [
            (1.0, "1"),
            (123_456.789, "123,456.789"),
            (1_234_567.0, "1.234567×10⁰⁶"),
            (1e21, "1×10²¹"),
            (0.001, "0.001"),
            (-1234.0, "-1,234"),
        ] {
            assert_eq!(localized(value), want);
        }
        assert_eq!((count(12).as_str(), count(1234).as_str(), count(1_234_567).as_str()), ("12", "1,234", "1,234,567"));
        assert!(is_multiple(0.3, 0.1) && is_multiple(4.0, 2.0) && !is_multiple(1.0, 0.3));
    }
}
