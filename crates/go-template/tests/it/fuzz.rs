//! No input makes the lexer, parser or executor panic or hang.

use std::time::{Duration, Instant};

use ferroflux_go_template::limits::Limits;
use proptest::prelude::*;

/// Pieces that templates are made of, good and bad.
const PIECES: &[&str] = &[
    "{{",
    "}}",
    "{{- ",
    " -}}",
    "{{/*",
    "*/}}",
    "if ",
    "else",
    "else if ",
    "end",
    "range ",
    "with ",
    "define \"a\"",
    "template \"a\" .",
    "block \"b\" .",
    "break",
    "continue",
    "$x := ",
    "$x = ",
    "$x",
    "$x, $y := ",
    "$",
    ".",
    ".Values",
    ".Values.map.a",
    ".Values.missing.x",
    "(",
    ")",
    "|",
    " ",
    "\n",
    "\t",
    "nil",
    "true",
    "1",
    "-1",
    "1.5",
    "0x1F",
    "1i",
    "'a'",
    "\"s\"",
    "\"%v %d %[3]*.[2]*[1]f\"",
    "`raw`",
    "\"",
    "`",
    "'",
    "\\",
    "é",
    "\u{0}",
    "text",
    "eq ",
    "and ",
    "or ",
    "index ",
    "len ",
    "printf ",
    "print ",
    "include \"a\" .",
    "tpl ",
    "call ",
    "not ",
    "slice ",
    "html ",
    ",",
    ":=",
    "=",
    "@",
    "100000000",
];

fn limits() -> Limits {
    Limits { steps: 20_000, bytes: 1 << 20, deadline: Some(Instant::now() + Duration::from_secs(10)) }
}

fn run(text: &str) {
    if let Ok(set) = crate::parse(&[("c/templates/t.yaml", text)]) {
        let _ = crate::render_set(&set, &crate::values(), limits());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// HE-TPL-02, HE-TPL-17
    #[test]
    fn pieces_of_templates(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..24)) {
        run(&pieces.concat());
    }

    /// HE-TPL-11, HE-TPL-12, HE-TPL-13
    #[test]
    fn actions(words in proptest::collection::vec(proptest::sample::select(PIECES), 1..8), tail in "[ -~]{0,12}") {
        run(&format!("{{{{ {} {tail} }}}}", words.join(" ")));
    }

    /// HE-TPL-01, HE-TPL-17
    #[test]
    fn any_text(text in "(?s).{0,64}") {
        run(&text);
        run(&format!("{{{{{text}}}}}"));
    }

    /// HE-TPL-12
    #[test]
    fn any_format(format in "[%+\\-# 0-9.*\\[\\]a-zA-Z]{0,16}", number in any::<i64>(), float in any::<f64>()) {
        let quoted = format!("{format:?}");
        run(&format!("{{{{ printf {quoted} {number} {float:e} \"s\" .Values.map nil true }}}}"));
    }
}
