//! What templates print.

use crate::prints;

/// HE-TPL-01
#[test]
fn white_space_is_trimmed_on_request() {
    prints(&[
        ("a \n {{- 1 -}} \n b", "a1b"),
        ("{{-3}}", "-3"),
        ("a {{- /* note */ -}} b", "ab"),
        ("{{ `a\n`\n}}", "a\n"),
        ("}} {{ 1 }}", "}} 1"),
    ]);
}

/// HE-TPL-02, HE-TPL-05, HE-TPL-06
#[test]
fn control_structures() {
    prints(&[
        ("{{ if .Values.missing }}a{{ else if .Values.n }}b{{ else }}c{{ end }}", "b"),
        ("{{ with .Values.missing }}a{{ else with .Values.str }}{{ . }}{{ end }}", "text"),
        ("{{ range $i, $e := .Values.list }}{{ $i }}={{ $e }};{{ end }}", "0=a;1=;2=1.5;"),
        ("{{ range $k, $v := .Values.map }}{{ $k }}{{ end }}", "ab"),
        ("{{ range 3 }}{{ . }}{{ end }}{{ range 0 }}{{ else }}none{{ end }}", "012none"),
        ("{{ range .Values.list }}{{ if . }}{{ continue }}{{ end }}{{ break }}{{ else }}x{{ end }}", ""),
        ("{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" 1 }}{{ block \"u\" 2 }}[{{ . }}]{{ end }}", "<1>[2]"),
        ("{{ if 0.0 }}y{{ end }}{{ if \"\" }}y{{ end }}{{ if \" \" }}n{{ end }}", "n"),
    ]);
}

/// HE-TPL-03, HE-TPL-09
#[test]
fn constants_have_types() {
    prints(&[
        ("{{ printf \"%T %T %T %T\" 1 1.0 'a' 1i }}", "int float64 int complex128"),
        ("{{ 0x1F }} {{ 0o17 }} {{ 017 }} {{ 0b11 }} {{ 1_000 }} {{ 1e6 }} {{ 'a' }}", "31 15 15 3 1000 1e+06 97"),
        ("{{ \"\\u00e9\\x41\\n\" }}", "éA\n"),
    ]);
}

/// HE-TPL-04
#[test]
fn variables_have_scopes() {
    prints(&[
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}", "32"),
        ("{{ with .Values.map }}{{ $.Values.str }}{{ end }}", "text"),
        ("{{ $x := 0 }}{{ range $x = .Values.list }}{{ end }}{{ $x }}", "1.5"),
    ]);
}

/// HE-TPL-07, HE-TPL-08
#[test]
fn missing_things_are_empty() {
    prints(&[
        ("[{{ .Values.missing }}]", "[]"),
        ("[{{ (.Values.missing).x.y }}]", "[]"),
        ("{{ $n := .Values.missing }}[{{ $n.x.y }}]", "[]"),
        ("{{ .Values.list }} {{ .Values.map }}", "[a <nil> 1.5] map[a:map[x:y] b:2]"),
        ("{{ print nil }} {{ printf \"%v %s\" nil nil }}", "<nil> <nil> %!s(<nil>)"),
        ("{{ \"<no value>\" }}x", "x"),
        ("{{ define \"e\" }}{{ .Values.missing }}{{ end }}{{ include \"e\" . | len }}", "10"),
    ]);
}

/// HE-TPL-08, HE-TPL-12: infinities show their sign; `%w` is bad, and its report has the flags of `%v`.
#[test]
fn infinities_and_bad_verbs() {
    prints(&[
        ("{{ float64 \"inf\" }} {{ list (float64 \"-inf\") (float64 \"nan\") }}", "+Inf [-Inf NaN]"),
        (
            "{{ $i := float64 \"inf\" }}{{ printf \"%6v|%-6v|% v|%06.1f|%#v|%d\" $i $i $i $i $i $i }}",
            "  +Inf|+Inf  | Inf|  +Inf|+Inf|%!d(float64=+Inf)",
        ),
        (
            "{{ printf \"%#w %#w %+w %06w\" \"x\" (list \"a\" 1) 3 4 }}",
            "%!w(string=\"x\") %!w([]interface {}=[]interface {}{\"a\", 1}) %!w(int=3) %!w(int=000004)",
        ),
    ]);
}

/// HE-TPL-10
#[test]
fn comparisons() {
    prints(&[
        ("{{ eq .Values.n 3.0 }} {{ eq 1 2 1 }} {{ ne \"a\" \"b\" }} {{ lt 1 2 }} {{ ge 1.5 1.5 }}", "true true true true true"),
        ("{{ eq nil \"x\" }} {{ eq .Values.missing nil }} {{ eq .Values.nul nil }}", "false true true"),
    ]);
}

/// HE-TPL-11
#[test]
fn built_ins() {
    prints(&[
        ("{{ and 1 0 2 }} {{ or 0 \"\" \"x\" }} {{ not 0 }}", "0 x true"),
        ("{{ len \"é\" }} {{ index .Values.map \"a\" \"x\" }} {{ index \"abc\" 1 }}", "2 y 98"),
        ("{{ print 1 2 \"a\" \"b\" 3 }}|{{ println 1 \"a\" }}", "1 2ab3|1 a\n"),
        (
            "{{ html \"<a & 'b'>\" }} {{ js \"it's <b>\" }} {{ urlquery \"a b&c\" }}",
            "&lt;a &amp; &#39;b&#39;&gt; it\\'s \\u003Cb\\u003E a+b%26c",
        ),
        ("{{ or true (fail \"never\") }}", "true"),
    ]);
}

/// HE-TPL-12
#[test]
fn printf_of_structs() {
    prints(&[
        (
            r#"{{ printf "%#v" (semver "1.2.3-a+b") }}"#,
            r#"&semver.Version{major:0x1, minor:0x2, patch:0x3, pre:"a", metadata:"b", original:"1.2.3-a+b"}"#,
        ),
        (r#"{{ printf "%#v" (mustToDate "2006-01-02 MST" "2024-03-05 UTC") }}"#, "time.Date(2024, time.March, 5, 0, 0, 0, 0, time.UTC)"),
    ]);
}

/// HE-TPL-12
#[test]
fn printf_verbs() {
    prints(&[
        (
            "{{ printf \"%5d|%-5d|%05d|%+d|%x|%X|%o|%O|%b|%c|%U|%q\" 42 42 42 42 42 42 42 42 5 65 65 65 }}",
            "   42|42   |00042|+42|2a|2A|52|0o52|101|A|U+0041|'A'",
        ),
        ("{{ printf \"%6.2f|%e|%g|%v\" 3.14159 3.0 1000000.0 0.00001 }}", "  3.14|3.000000e+00|1e+06|1e-05"),
        ("{{ printf \"%s|%q|%x|%10s|%-5s|%.2s\" \"é\" \"a\\\"b\" \"hi\" \"r\" \"l\" \"cut\" }}", "é|\"a\\\"b\"|6869|         r|l    |cu"),
        ("{{ printf \"%d %s %z\" 1.0 1 1 }}", "%!d(float64=1) %!s(int=1) %!z(int=1)"),
        (
            "{{ printf \"%d\" }} {{ printf \"x\" 2 }} {{ printf \"%[2]v %[1]v\" 1 2 }} {{ printf \"%*d\" 4 7 }}",
            "%!d(MISSING) x%!(EXTRA int=2) 2 1    7",
        ),
        (
            "{{ printf \"%#v %#v\" .Values.map .Values.list }}",
            "map[string]interface {}{\"a\":map[string]interface {}{\"x\":\"y\"}, \"b\":2} []interface {}{\"a\", interface {}(nil), 1.5}",
        ),
        ("{{ printf \"%#x|%#q|%+q|%t|%%\" 255 \"a\" \"é\" true }}", "0xff|`a`|\"\\u00e9\"|true|%"),
    ]);
}

/// HE-TPL-15: definitions are global, the file that is parsed later wins unless its body is empty.
#[test]
fn definitions_are_global() {
    let set = crate::parse(&[
        ("c/templates/a.yaml", "{{ define \"d\" }}shallow{{ end }}"),
        ("c/charts/s/templates/b.yaml", "{{ define \"d\" }}deep{{ end }}{{ define \"e\" }}kept{{ end }}"),
        ("c/templates/_z.tpl", "{{ define \"e\" }} {{/* nothing */}}\n{{ end }}"),
        ("c/templates/t.yaml", "{{ template \"d\" }} {{ template \"e\" }}"),
    ])
    .unwrap();
    let rendered = crate::render_set(&set, &crate::values(), ferroflux_go_template::limits::Limits::default()).unwrap();
    // HE-RND-01, HE-RND-02: deeper files first, then by name downwards; `_` files are not rendered.
    let names: Vec<&str> = rendered.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["c/charts/s/templates/b.yaml", "c/templates/t.yaml", "c/templates/a.yaml"]);
    assert_eq!(rendered[1].1, "shallow kept");
}

/// HE-RND-03: what a text given to `tpl` defines is seen by its own includes, and gone after the call.
#[test]
fn tpl_sees_all_and_keeps_its_own() {
    prints(&[
        ("{{ tpl \"{{ define \\\"x\\\" }}in{{ end }}{{ include \\\"x\\\" . }} {{ .Values.missing }}\" . }}", "in "),
        ("{{ tpl \"plain\" . }}", "plain"),
    ]);
    crate::fails(&[(
        "{{ $_ := tpl \"{{ define \\\"x\\\" }}in{{ end }}\" . }}{{ include \"x\" . }}",
        "template: no template \"x\" associated with template \"gotpl\"",
    )]);
}

/// HE-RND-03: strict renders refuse missing keys; lint renders go on where a chart would end the render.
#[test]
fn strict_and_lint_modes() {
    use ferroflux_go_template::engine::{Options, Scope};
    let render = |text: &str, strict: bool, lint: bool| {
        let set = crate::parse(&[("c/templates/t.yaml", text)]).unwrap();
        let context = ferroflux_go_template::value::Map::new();
        context.insert("Values", ferroflux_go_template::objects::values(&crate::values()));
        let scope = Scope { context, base_path: "c/templates".into() };
        let options = Options { host: &crate::Fixed, limits: ferroflux_go_template::limits::Limits::default(), strict, lint };
        set.render(&options, |_| Some(&scope)).map(|r| String::from_utf8_lossy(&r[0].text).into_owned()).map_err(|e| e.text)
    };
    assert!(render("{{ .Values.missing }}", true, false).unwrap_err().ends_with("map has no entry for key \"missing\""));
    assert_eq!(render("a{{ fail \"x\" }}{{ required \"y\" .Values.missing }}b", false, true).as_deref(), Ok("ab"));
}
