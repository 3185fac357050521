use ferroflux_regex_go::Regex;

/// What Go refuses is refused, in Go's words.
#[test]
fn texts() {
    let cases = [
        ("[", "missing closing ]: `[`"),
        ("(", "missing closing ): `(`"),
        ("a)", "unexpected ): `a)`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{2}{3}?", "invalid nested repetition operator: `{2}{3}?`"),
        ("|*", "missing argument to repetition operator: `*`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("(a{40}){40}", "invalid repeat count: `{40}`"),
        ("a{3,2}", "invalid repeat count: `{3,2}`"),
        (r"\8", r"invalid escape sequence: `\8`"),
        (r"\C", r"invalid escape sequence: `\C`"),
        (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
        (r"a\", "trailing backslash at end of expression: ``"),
        ("(?x)", "invalid or unsupported Perl syntax: `(?x`"),
        ("(?<=a)", "invalid named capture: `(?<=a)`"),
        ("(?P<a-b>c)", "invalid named capture: `(?P<a-b>`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (r"\p{IsGreek}", r"invalid character class range: `\p{IsGreek}`"),
        (r"\p{Emoji}", r"invalid character class range: `\p{Emoji}`"),
    ];
    for (pattern, want) in cases {
        assert_eq!(Regex::new(pattern).unwrap_err().to_string(), format!("error parsing regexp: {want}"), "{pattern}");
    }
    assert!(Regex::new(b"a\xff").unwrap_err().to_string().contains("invalid UTF-8"));
}

/// Depth and size are capped, and the deepest allowed pattern compiles on a small stack.
#[test]
fn caps() {
    let deep = |n: usize| format!("{}a{}", "(".repeat(n), ")".repeat(n));
    assert!(Regex::new(deep(10_000)).unwrap_err().to_string().contains("nests too deeply"));
    let worker = std::thread::Builder::new().stack_size(2 << 20).spawn(move || Regex::new(deep(240)).is_ok()).unwrap();
    assert!(worker.join().unwrap());
    assert!(Regex::new(r"(?i)\pL{1000}\pN{1000}\pP{1000}").unwrap_err().to_string().contains("too large"));
}
