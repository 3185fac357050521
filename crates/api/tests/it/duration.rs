//! Durations against what Go reads and prints.

use ferroflux_api::{Duration, ParseDurationError};
use proptest::prelude::*;

fn parse(text: &str) -> Result<Duration, ParseDurationError> {
    text.parse()
}

/// RT-01: Go's syntax, and Go's way of printing.
#[test]
fn reads_and_prints_as_go() {
    for (text, printed) in [
        ("0", "0s"),
        ("0s", "0s"),
        ("-0s", "0s"),
        ("+5s", "5s"),
        ("5s", "5s"),
        ("30s", "30s"),
        ("1478s", "24m38s"),
        ("60s", "1m0s"),
        ("5.0s", "5s"),
        ("5.6s", "5.6s"),
        ("5.s", "5s"),
        (".5s", "500ms"),
        ("1.0s", "1s"),
        ("1.004s", "1.004s"),
        ("1.0040s", "1.004s"),
        ("100.00100s", "1m40.001s"),
        ("10ns", "10ns"),
        ("11us", "11µs"),
        ("12µs", "12µs"),
        ("12μs", "12µs"),
        ("13ms", "13ms"),
        ("14s", "14s"),
        ("15m", "15m0s"),
        ("16h", "16h0m0s"),
        ("3h30m", "3h30m0s"),
        ("10.5s4m", "4m10.5s"),
        ("1h2m3s4ms5us6ns", "1h2m3.004005006s"),
        ("39h9m14.425s", "39h9m14.425s"),
        ("0.3333333333333333333h", "20m0s"),
        ("0.100000000000000000000h", "6m0s"),
        ("9223372036854775807ns", "2562047h47m16.854775807s"),
        ("1m30s", "1m30s"),
        ("750ms", "750ms"),
    ] {
        assert_eq!(parse(text).map(|d| d.to_string()).as_deref(), Ok(printed), "{text}");
    }
}

/// RT-01: what Go refuses; and negative ones, which no field or flag of ours takes.
#[test]
fn refuses() {
    for text in ["", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "1 s", "1s ", "3000000h", "9223372036854775808ns", "0x1s", "1e3s", "１s"]
    {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(matches!(parse("-1m"), Err(ParseDurationError::Negative(_))));
    assert!(matches!(parse("99999999999999999999h"), Err(ParseDurationError::TooLong(_))));
}

/// KC-API-02: a number that the schema's pattern lets through but Go cannot hold does not make an object unreadable.
#[test]
fn too_long_in_an_object_is_cut() {
    assert_eq!(serde_json::from_str::<Duration>(r#""99999999999999999999h""#).unwrap(), Duration::MAX);
    assert!(serde_json::from_str::<Duration>(r#""soon""#).is_err());
}

proptest! {
    #[test]
    fn printed_durations_read_back(nanos in 0..=i64::MAX as u64) {
        let duration = Duration::from(std::time::Duration::from_nanos(nanos));
        prop_assert_eq!(parse(&duration.to_string()), Ok(duration));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-+0-9.nuµmsh]{0,24}|.{0,12}") {
        if let Ok(duration) = parse(&text) {
            prop_assert!(duration <= Duration::MAX);
            prop_assert_eq!(parse(&duration.to_string()), Ok(duration));
        }
    }
}
