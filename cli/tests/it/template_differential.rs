//! Charts that are made up, rendered here and by the original.

use std::fs;
use std::path::Path;

use super::template::{ferroflux, helm, original, text};

/// Charts of each kind.
const CHARTS: usize = 40;
/// Actions in a template.
const ACTIONS: usize = 6;

/// A linear congruential generator: the same charts in every run.
struct Choice(u64);

impl Choice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const TEXTS: &[&str] = &[
    ".Values.text",
    ".Values.empty",
    ".Values.number",
    "\"a,b,,c\"",
    "`raw\\n`",
    "\"Hello-World_foo bar\"",
    "\"日本 é\"",
    "\"12\"",
    "\"-0x1F\"",
    "\"a: b\"",
    "\"yes\"",
    "\"1e3\"",
    ".Values.lines",
    "\"%d\"",
    "nil",
];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "3",
    "2.5",
    "-2.5",
    "100",
    "1e6",
    ".Values.int",
    ".Values.float",
    ".Values.big",
    "(add 1 2)",
    "\"7\"",
    "\"x\"",
    ".Values.missing",
];
const LISTS: &[&str] =
    &[".Values.list", ".Values.mixed", "(list)", "(list 1 nil \"a\" 1)", "(until 3)", "(splitList \",\" \"c,a,b\")", ".Values.text", "nil"];
const MAPS: &[&str] =
    &[".Values.map", "(dict)", "(dict \"a\" 1 \"b\" (dict \"x\" nil))", ".Values", "(fromYaml \"a: [1, ~]\\nb: 0x1F\")", ".Chart", "nil"];
const KEYS: &[&str] = &["\"a\"", "\"b\"", "\"none\"", "\"\""];
const WIDTHS: &[&str] = &["0", "1", "2", "5", "-1", "20"];
const FORMATS: &[&str] = &["\"%v\"", "\"%d\"", "\"%5s|\"", "\"%q\"", "\"%T\"", "\"%.2f\"", "\"%x\"", "\"%#v\"", "\"%z %[2]v\"", "\"%\""];

/// Functions with the kinds of their parameters.
const FUNCTIONS: &[(&str, &[&[&str]])] = &[
    ("upper", &[TEXTS]),
    ("title", &[TEXTS]),
    ("trim", &[TEXTS]),
    ("snakecase", &[TEXTS]),
    ("camelcase", &[TEXTS]),
    ("initials", &[TEXTS]),
    ("quote", &[TEXTS]),
    ("squote", &[NUMBERS]),
    ("trunc", &[WIDTHS, TEXTS]),
    ("abbrev", &[WIDTHS, TEXTS]),
    ("indent", &[WIDTHS, TEXTS]),
    ("wrap", &[WIDTHS, TEXTS]),
    ("substr", &[WIDTHS, WIDTHS, TEXTS]),
    ("replace", &[TEXTS, TEXTS, TEXTS]),
    ("contains", &[TEXTS, TEXTS]),
    ("splitn", &[KEYS, WIDTHS, TEXTS]),
    ("b64enc", &[TEXTS]),
    ("sha256sum", &[TEXTS]),
    ("regexReplaceAll", &[TEXTS, TEXTS, TEXTS]),
    ("add", &[NUMBERS, NUMBERS]),
    ("sub", &[NUMBERS, NUMBERS]),
    ("div", &[NUMBERS, NUMBERS]),
    ("mod", &[NUMBERS, NUMBERS]),
    ("mulf", &[NUMBERS, NUMBERS]),
    ("round", &[NUMBERS, WIDTHS]),
    ("int", &[NUMBERS]),
    ("float64", &[NUMBERS]),
    ("max", &[NUMBERS, NUMBERS]),
    ("eq", &[NUMBERS, NUMBERS]),
    ("lt", &[NUMBERS, TEXTS]),
    ("len", &[LISTS]),
    ("first", &[LISTS]),
    ("rest", &[LISTS]),
    ("uniq", &[LISTS]),
    ("sortAlpha", &[LISTS]),
    ("compact", &[LISTS]),
    ("has", &[NUMBERS, LISTS]),
    ("without", &[LISTS, NUMBERS]),
    ("chunk", &[WIDTHS, LISTS]),
    ("slice", &[LISTS, WIDTHS, WIDTHS]),
    ("join", &[TEXTS, LISTS]),
    ("index", &[LISTS, WIDTHS]),
    ("get", &[MAPS, KEYS]),
    ("hasKey", &[MAPS, KEYS]),
    ("pick", &[MAPS, KEYS]),
    ("omit", &[MAPS, KEYS]),
    ("dig", &[KEYS, KEYS, MAPS]),
    ("index", &[MAPS, KEYS]),
    ("toYaml", &[MAPS]),
    ("toJson", &[LISTS]),
    ("toToml", &[MAPS]),
    ("fromYaml", &[TEXTS]),
    ("fromJson", &[TEXTS]),
    ("fromToml", &[TEXTS]),
    ("default", &[NUMBERS, TEXTS]),
    ("empty", &[MAPS]),
    ("coalesce", &[TEXTS, NUMBERS]),
    ("ternary", &[TEXTS, NUMBERS, &["true", ".Values.map"]]),
    ("kindOf", &[MAPS]),
    ("typeOf", &[NUMBERS]),
    ("printf", &[FORMATS, NUMBERS]),
    ("printf", &[FORMATS, LISTS, TEXTS]),
    ("semverCompare", &[&["\">=1.2\"", "\"^1 || x\"", "\"!\""], TEXTS]),
    ("and", &[NUMBERS, MAPS]),
    ("or", &[TEXTS, LISTS]),
    ("not", &[NUMBERS]),
    ("required", &[TEXTS, NUMBERS]),
    ("include", &[&["\"part\"", "\"none\""], MAPS]),
    ("tpl", &[&["\"{{ . }}\"", "\"{{ .a.b }}\"", "\"{{\""], MAPS]),
];

const VALUES: &str = "text: some words\nempty: ''\nnumber: '42'\nlines: |\n  one\n   two\n\nint: 5\nfloat: 3.75\nbig: 12345678901\nlist: [3, 1, 2]\nmixed: [a, 1.5, ~, {k: v}, [x]]\nmap: {a: {b: c}, b: 2}\n";

fn action(choice: &mut Choice) -> String {
    let (name, kinds) = FUNCTIONS[choice.below(FUNCTIONS.len())];
    let arguments: Vec<_> = kinds.iter().map(|kind| choice.of(kind)).collect();
    let call = format!("{name} {}", arguments.join(" "));
    match choice.below(8) {
        0 => format!("{{{{ range $k, $v := ({call}) }}}}{{{{ $k }}}}={{{{ $v }}}};{{{{ else }}}}none{{{{ end }}}}"),
        1 => format!("{{{{- with {call} -}}}} <{{{{ . }}}}> {{{{- else }}}} empty{{{{ end }}}}"),
        2 => format!("{{{{ if {call} }}}}yes{{{{ else if eq 1 2 }}}}no{{{{ end }}}}"),
        3 => format!("{{{{ $x := {call} }}}}{{{{ printf \"%T %v\" $x $x }}}}"),
        4 => format!("{{{{ {call} | toJson }}}}"),
        _ => format!("{{{{ {call} }}}}"),
    }
}

fn chart(root: &Path, values: &str, template: &str) {
    fs::create_dir_all(root.join("app/templates")).unwrap();
    fs::write(root.join("app/Chart.yaml"), "apiVersion: v2\nname: app\nversion: 1.0.0\n").unwrap();
    fs::write(root.join("app/values.yaml"), values).unwrap();
    fs::write(root.join("app/templates/_part.tpl"), "{{ define \"part\" }}[{{ . }}]{{ end }}").unwrap();
    fs::write(root.join("app/templates/a.yaml"), template).unwrap();
}

/// Standard output, or the error without advice.
fn outcome(output: &std::process::Output) -> Result<String, String> {
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let said = text(&output.stderr);
    let error = said.find("Error: ").map_or("", |at| &said[at..]);
    Err(error.split("\n\nUse --debug flag").next().unwrap_or_default().trim_end().to_owned())
}

fn compare(root: &Path, args: &[&str], what: &str) {
    let Some(original) = original() else { return };
    let (ours, theirs) = (outcome(&ferroflux(args, root)), outcome(&helm(&original, args, root)));
    assert_eq!(ours, theirs, "{what}");
}

/// HE-TPL-08, HE-TPL-11, HE-TPL-12, HE-TPL-13, HE-TPL-16, HE-TYP-01: functions with arguments of the right and of wrong
/// kinds, inside of all control structures: the same output, or the same error.
#[test]
fn templates() {
    let dir = tempfile::tempdir().unwrap();
    for seed in 0..CHARTS {
        let mut choice = Choice(seed as u64 + 1);
        // One action alone shows each error; several show the output around them.
        let count = if seed % 2 == 0 { 1 } else { ACTIONS };
        let actions: Vec<_> = (0..count).map(|n| format!("a{n}: {{{{ print `` }}}}|-\n  {}\n", action(&mut choice))).collect();
        let wrapped =
            format!("{{{{ define \"all\" }}}}{}{{{{ end }}}}kind: X\nall: {{{{ include \"all\" . | b64enc }}}}\n", actions.concat());
        chart(dir.path(), VALUES, &wrapped);
        compare(dir.path(), &["rel", "app"], &wrapped);
    }
}

/// HE-VAL-01, HE-VAL-02, HE-VAL-06: values files with YAML's corners, and the `--set` family over them.
#[test]
fn values() {
    const SCALARS: &[&str] = &[
        "1",
        "010",
        "0x1F",
        "1e3",
        "1_000",
        ".5",
        "~",
        "",
        "yes",
        "No",
        "12:30",
        "2001-01-01",
        "'it''s'",
        "\"q\\n\\u00e9\"",
        "[a, {b: c}]",
        "{a: ~, b: [1]}",
        "|\n    text\n      more\n\n",
        ">-\n    folded\n    text\n",
        "&x 1",
        "*x",
        "!!str 5",
        "!!int x",
        ".inf",
        "a: b",
        "@x",
        "\"open",
        "[1,",
        "a\tb",
        "<<",
        "# c",
    ];
    const PATHS: &[&str] = &["a", "b", "c.d", "c", "l[0]", "l[1].x", "l[-1]", "l[1", "new.x", "a\\.b", "", "n"];
    const SET: &[&str] = &["1", "01", "true", "null", "", "text", "{a,b}", "{", "a\\,b", "1,b=2", "{\"k\":null}", "[1,2]", "\"t\""];
    let dir = tempfile::tempdir().unwrap();
    let template = "kind: X\nall: {{ toJson .Values | b64enc }}\n";
    for seed in 0..CHARTS {
        let mut choice = Choice(seed as u64 + 1000);
        let mut yaml = String::from("l: [1, {x: 1}]\nc: {d: 1}\n");
        for key in ["a", "b", "n"] {
            yaml.push_str(&format!("{key}: {}\n", choice.of(SCALARS)));
        }
        chart(dir.path(), &yaml, template);
        let option = choice.of(&["--set", "--set", "--set-string", "--set-json", "--set-literal"]);
        let set = format!("{}={}", choice.of(PATHS), choice.of(SET));
        let args: &[&str] = if seed % 2 == 0 { &["rel", "app"] } else { &["rel", "app", option, &set] };
        compare(dir.path(), args, &format!("{yaml}\n{args:?}"));
    }
}
