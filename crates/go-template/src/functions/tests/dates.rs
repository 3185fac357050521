use proptest::prelude::*;

use super::{call, text};
use crate::value::Value;

fn in_zone(layout: &str, unix: i64, zone: &str) -> String {
    text("dateInZone", &[layout.into(), Value::Int64(unix), zone.into()])
}

/// Zone rules come with the program; names are case-sensitive and an unknown one means UTC.
#[test]
fn zones() {
    const LAYOUT: &str = "2006-01-02T15:04:05 MST -07:00";
    assert_eq!(in_zone(LAYOUT, 1_625_140_800, "Europe/Berlin"), "2021-07-01T14:00:00 CEST +02:00");
    assert_eq!(in_zone(LAYOUT, 1_609_459_200, "America/St_Johns"), "2020-12-31T20:30:00 NST -03:30");
    for unknown in ["europe/berlin", "../etc/passwd", "Nowhere", "/etc/localtime"] {
        assert_eq!(in_zone(LAYOUT, 0, unknown), "1970-01-01T00:00:00 UTC +00:00", "{unknown}");
    }
    // Beyond the years that zone tables know, the rules go on.
    assert_eq!(in_zone("2006 MST", 9_999_999_999_999, "Europe/Berlin"), "318857 CEST");
}

#[test]
fn elements_of_layouts() {
    let t = 1_694_074_509; // Thu 2023-09-07 08:15:09 UTC
    let cases = [
        ("Mon Monday Jan January 1 01 2 02 _2 002 __2 06 2006", "Thu Thursday Sep September 9 09 7 07  7 250 250 23 2023"),
        ("15 3 03 4 04 5 05 PM pm", "08 8 08 15 15 9 09 AM am"),
        ("Z07:00 Z0700 -07 -070000 .000 .999 ,000", "Z Z +00 +000000 .000  ,000"),
        ("Money Janitor _2006 20061", "Money Janitor _2023 20239"),
    ];
    for (layout, want) in cases {
        assert_eq!(in_zone(layout, t, "UTC"), want);
    }
    // Before the year 0 the last two digits are those of the number without its sign.
    assert_eq!(in_zone("2006 06", -72_000_000_000, "UTC"), "-0312 12");
}

#[test]
fn durations() {
    let cases = [("90s", "1m30s"), ("1.5h", "1h30m0s"), ("100us", "100µs"), ("-1ns", "-1ns"), ("1h0.5s", "1h0m0.5s"), ("+0", "0s")];
    let epoch = call("mustToDate", &["2006".into(), "2000".into()]).unwrap();
    for (given, _) in cases {
        assert!(call("mustDateModify", &[given.into(), epoch.clone()]).is_ok(), "{given}");
    }
    let refused = [
        ("", "invalid duration \"\""),
        ("1", "missing unit in duration \"1\""),
        ("1d", "unknown unit \"d\" in duration \"1d\""),
        (".s", "invalid duration \".s\""),
    ];
    for (given, want) in refused {
        let error = call("mustDateModify", &[given.into(), epoch.clone()]).unwrap_err().to_string();
        assert_eq!(error, format!("time: {want}"));
    }
    assert_eq!(text("duration", &["95".into()]), "1m35s");
    assert_eq!(text("durationRound", &["2400h10m5s".into()]), "3mo");
}

proptest! {
    /// What a layout writes it reads again.
    #[test]
    fn layouts_round_trip(unix in -9_000_000_000i64..9_000_000_000, nanos in 0i64..1_000_000_000) {
        let layouts = ["2006-01-02T15:04:05.999999999Z07:00", "Mon Jan _2 15:04:05.000000000 2006 -0700", "2006-002 03:04:05.000000000 PM"];
        let base = call("toDate", &["2006".into(), "1970".into()]).unwrap();
        let shift = format!("{}s{nanos}ns", unix.unsigned_abs());
        let sign = if unix < 0 { "-" } else { "" };
        let time = call("mustDateModify", &[format!("{sign}{shift}").into(), base]).unwrap();
        for layout in layouts {
            let written = text("dateInZone", &[layout.into(), time.clone(), "UTC".into()]);
            let read = call("mustToDate", &[layout.into(), written.as_str().into()]).unwrap();
            prop_assert!(read.deep_equal(&time), "{} {}", layout, written);
        }
    }

    #[test]
    fn no_layout_and_no_text_panics(layout in "[-0-9JanMonPM_.,:Z +T]{0,20}", value in "[-0-9JanMonPMZ+:., T]{0,20}", any in "\\PC{0,12}") {
        let _ = call("toDate", &[layout.as_str().into(), value.as_str().into()]).unwrap();
        let _ = call("toDate", &[layout.as_str().into(), any.as_str().into()]).unwrap();
        let _ = text("dateInZone", &[layout.into(), Value::Int64(1), "UTC".into()]);
        let _ = call("duration", &[value.into()]).unwrap();
        let _ = call("durationRound", &[any.into()]).unwrap();
    }
}
