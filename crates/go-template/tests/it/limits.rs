//! Charts that loop forever, grow without end or nest without end get an error.

use std::time::{Duration, Instant, SystemTime};

use ferroflux_go_template::engine::{ErrorClass, Options};
use ferroflux_go_template::error::CallError;
use ferroflux_go_template::host::Host;
use ferroflux_go_template::limits::Limits;

fn stopped(text: &str, limits: Limits) -> String {
    let set = crate::parse(&[("c/templates/t.yaml", text)]).unwrap();
    let error = crate::render_set(&set, &crate::values(), limits).unwrap_err();
    assert_eq!(error.class, ErrorClass::Limit, "{}", error.text);
    error.text
}

/// HE-PAIN-06
#[test]
fn steps_bytes_and_time_are_limited() {
    let limits = Limits { steps: 100_000, ..Limits::default() };
    assert!(stopped("{{ range 1000000000 }}{{ range 1000000000 }}{{ end }}{{ end }}", limits).contains("steps"));
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    assert!(stopped("{{ range 100000 }}0123456789{{ $.Values.str }}{{ end }}", limits.clone()).contains("bytes"));
    assert!(stopped("{{ $s := \"xxxxxxxx\" }}{{ range 100 }}{{ $s = printf \"%s%s\" $s $s }}{{ end }}", limits).contains("bytes"));
    let limits = Limits { deadline: Some(Instant::now() - Duration::from_secs(1)), ..Limits::default() };
    assert!(stopped("{{ range 1000000000 }}{{ end }}", limits).contains("deadline"));
}

/// HE-TPL-15
#[test]
fn recursion_ends_with_an_error() {
    let error = crate::render("{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}").unwrap_err();
    assert!(error.ends_with("exceeded maximum template depth (100000)"), "{error}");
    let error = crate::render("{{ define \"r\" }}{{ include \"r\" . }}{{ end }}{{ include \"r\" . }}").unwrap_err();
    assert!(error.ends_with("rendering template has a nested reference name: r: unable to execute template"), "{:.200}", error);
    let error = crate::render("{{ tpl \"{{ include \\\"gotpl\\\" . }}\" . }}").unwrap_err();
    assert!(error.contains("nested reference name: gotpl"), "{:.200}", error);
}

/// HE-TPL-02: nesting in the source is bounded, and what is allowed neither overflows the stack nor fails.
#[test]
fn nesting_is_bounded() {
    let nested = |n: usize| format!("{}1{}", "{{ if true }}".repeat(n), "{{ end }}".repeat(n));
    assert_eq!(crate::render(&nested(900)).as_deref(), Ok("1"));
    assert!(crate::render(&nested(5000)).unwrap_err().ends_with("nested too deeply"));
    let parens = |n: usize| format!("{{{{ {}1{} }}}}", "(".repeat(n), ")".repeat(n));
    assert_eq!(crate::render(&parens(900)).as_deref(), Ok("1"));
    assert!(crate::render(&parens(20_000)).unwrap_err().ends_with("max expression depth exceeded"));
}

/// HE-TPL-08: a value that is nested without end can be built, printed and dropped.
#[test]
fn deep_values_do_no_harm() {
    let deep = "{{ $l := .Values.list }}{{ range 200000 }}{{ $l = list $l }}{{ end }}{{ printf \"%v\" $l | len | lt 10 }}";
    assert_eq!(crate::render(deep).as_deref(), Ok("true"));
}

/// A host that no longer wants the result.
struct Cancelled;

impl Host for Cancelled {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn random(&self, _: &mut [u8]) -> Result<(), CallError> {
        Ok(())
    }

    fn is_cancelled(&self) -> bool {
        true
    }
}

/// HE-PAIN-06
#[test]
fn a_render_can_be_cancelled() {
    let set = crate::parse(&[("c/templates/t.yaml", "{{ range 1000000000 }}{{ end }}")]).unwrap();
    let options = Options { host: &Cancelled, limits: Limits::default(), strict: false, lint: false };
    let error = set.render(&options, |_| None).unwrap_err();
    assert_eq!(error.class, ErrorClass::Limit);
    assert!(error.text.contains("cancelled"), "{}", error.text);
}
