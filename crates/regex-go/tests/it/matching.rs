use ferroflux_regex_go::{Regex, quote_meta};

fn matches(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).unwrap().is_match(text)
}

fn replaced(pattern: &str, text: &str, template: &str) -> String {
    String::from_utf8(Regex::new(pattern).unwrap().replace_all(text, template)).unwrap()
}

/// Perl classes and word boundaries are ASCII; Unicode classes and case folding are not.
#[test]
fn classes() {
    assert!(!matches(r"^\w$", "é") && matches(r"^\W$", "é") && matches(r"^\pL$", "é"));
    assert!(!matches(r"^\d$", "٣") && matches(r"^\p{Nd}$", "٣"));
    assert!(!matches(r"\s", "\u{b}") && matches("[[:space:]]", "\u{b}"));
    assert!(matches(r"é\b", "éa") && !matches(r"\bé", " é"));
    assert!(matches("(?i)k", "\u{212a}") && matches(r"(?i)\w", "\u{17f}"));
    assert!(matches(r"^[a&&b]+$", "a&b") && matches("^[[a]$", "[") && matches(r"^[]a]+$", "]a"));
}

#[test]
fn literals_that_look_like_operators() {
    assert!(matches(r"^{,2}$", "{,2}") && matches("^a{2$", "a{2") && matches(r"^\Qa.*\E+$", "a.***"));
    assert!(matches(r"^\<\/$", "</") && matches(r"^\101\x42\x{1F600}$", "AB\u{1F600}"));
}

/// `$` is the end of the text, not before a final newline, unless `m` is set.
#[test]
fn anchors() {
    assert!(!matches("a$", "a\n") && matches("(?m)a$", "a\nb") && !matches("(?m-m)a$", "a\n"));
}

#[test]
fn leftmost_first() {
    let re = Regex::new("a|ab").unwrap();
    assert_eq!(re.find("xab"), Some(1..2));
    let re = Regex::new("(?U)a+").unwrap();
    assert_eq!(re.find("aaa"), Some(0..1));
}

/// Empty matches directly behind a match do not count.
#[test]
fn all_matches() {
    let re = Regex::new("a*").unwrap();
    assert_eq!(re.find_all("baaac", None), [0..0, 1..4, 5..5]);
    assert_eq!(re.find_all("baaac", Some(2)), [0..0, 1..4]);
}

#[test]
fn replacement_templates() {
    assert_eq!(replaced("a(x*)b", "-ab-axxb-", "$1W"), "---");
    assert_eq!(replaced("a(x*)b", "-ab-axxb-", "${1}W"), "-W-xxW-");
    assert_eq!(replaced("(?P<n>x)", "x", "[$n|$$|$|${|$9|$é]"), "[x|$|$|${||]");
    let re = Regex::new("x").unwrap();
    assert_eq!(re.replace_all_literal("x", "$0"), b"$0");
}

#[test]
fn splitting() {
    let split = |p: &str, t: &'static str, n| -> Vec<&str> { Regex::new(p).unwrap().split(t, n).into_iter().map(|r| &t[r]).collect() };
    assert_eq!(split("a", "banana", None), ["b", "n", "n", ""]);
    assert_eq!(split("a", "banana", Some(2)), ["b", "nana"]);
    assert_eq!(split("", "abc", None), ["a", "b", "c"]);
    assert_eq!(split("a", "", None), [""]);
    assert!(split("a", "banana", Some(0)).is_empty());
}

/// IMG-POL-01: the template is expanded for the first match of a tag.
#[test]
fn expansion() {
    let re = Regex::new("^main-(?P<ts>[0-9]+)").unwrap();
    assert_eq!(re.expand("main-17-x", "$ts"), Some(b"17".to_vec()));
    assert_eq!(re.expand("v1", "$ts"), None);
}

/// Bytes that are not UTF-8 count as U+FFFD, one a byte, and survive replacement.
#[test]
fn invalid_utf8() {
    let re = Regex::new("^.(b)..$").unwrap();
    assert_eq!(re.find(b"\xffb\xe6\x97"), Some(0..4));
    assert_eq!(re.replace_all(b"\xffb\xe6\x97", "$0-$1"), b"\xffb\xe6\x97-b");
}

#[test]
fn quoting() {
    assert_eq!(quote_meta("a.b*[é]-"), r"a\.b\*\[é\]-");
}

/// Patterns on which backtracking engines take exponential time.
#[test]
fn time_is_linear() {
    let text = "a".repeat(50_000);
    assert!(!matches("^(a+)+$", &format!("{text}b")));
    assert!(!matches("(a|a)*(a|aa)+$", &format!("{text}b")));
}
