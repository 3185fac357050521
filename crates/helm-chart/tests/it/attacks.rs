use std::time::{Duration, Instant};

use ferroflux_go_template::limits::Limits;

use super::{chart, render_with};

/// Enough for any honest chart of these tests.
fn limits() -> Limits {
    Limits { steps: 2_000_000, bytes: 32 << 20, deadline: Instant::now().checked_add(Duration::from_secs(60)) }
}

fn fails(files: &[(&str, &str)]) -> String {
    match render_with(&chart(files), "{}", limits()) {
        Ok(_) => panic!("rendered"),
        Err(error) => error.to_string(),
    }
}

/// HE-RND-03, HE-TPL-15: charts that loop forever, grow without end or nest without end get an error within the limits.
#[test]
fn endless_templates() {
    assert!(
        fails(&[("templates/a.yaml", "{{ range until 100000 }}{{ range until 100000 }}x{{ end }}{{ end }}")]).contains("limit")
            || fails(&[("templates/a.yaml", "{{ range until 100000 }}{{ range until 100000 }}x{{ end }}{{ end }}")]).contains("more than")
    );
    assert!(
        fails(&[("templates/a.yaml", "{{ $x := \"0123456789\" }}{{ range until 60 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}{{ $x }}")])
            .contains("more than")
    );
    assert!(fails(&[("templates/a.yaml", "{{ repeat 1000000000 \"x\" }}")]).contains("more than"));
    let recursion =
        fails(&[("templates/_h.tpl", "{{ define \"l\" }}{{ include \"l\" . }}{{ end }}"), ("templates/a.yaml", "{{ include \"l\" . }}")]);
    assert!(recursion.contains("nested reference name: l"), "{}", &recursion[recursion.len() - 200..]);
    let tpl = fails(&[("values.yaml", "t: '{{ tpl .Values.t . }}'\n"), ("templates/a.yaml", "{{ tpl .Values.t . }}")]);
    assert!(!tpl.is_empty());
}

/// HE-AR-02: templates cannot read what is not in the chart.
#[test]
fn files_outside_the_chart() {
    let rendered = render_with(
        &chart(&[("templates/a.yaml", "a: {{ .Files.Get \"../../../../etc/passwd\" | quote }}\nb: {{ .Files.Get \"/etc/passwd\" | quote }}\nc: {{ len (.Files.Glob \"/**\") }}\n")]),
        "{}",
        limits(),
    )
    .unwrap();
    assert_eq!(rendered.manifests[0].text(), "a: \"\"\nb: \"\"\nc: 0\n");
}

/// HE-MAN-05, HE-VAL-01: documents and values that nest or alias without end are refused, not followed.
#[test]
fn deep_documents() {
    let deep = format!("a: {}1{}\n", "[".repeat(50_000), "]".repeat(50_000));
    assert!(ferroflux_helm_chart::read_values(deep.as_bytes()).is_err());
    assert!(fails(&[("templates/a.yaml", &deep)]).contains("YAML parse error on app/templates/a.yaml"));
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        bomb.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")));
    }
    assert!(ferroflux_helm_chart::read_values(bomb.as_bytes()).is_err());
    assert!(fails(&[("templates/a.yaml", &bomb)]).contains("YAML parse error"));
}

/// HE-SCH-01: schemas that refer to themselves or explode end with an error.
#[test]
fn hostile_schemas() {
    let circle = r##"{"properties":{"b":{"$ref":"#/properties/b"}}}"##;
    assert!(fails(&[("values.schema.json", circle), ("values.yaml", "b: 1\n"), ("templates/a.yaml", "a: 1\n")]).contains("cycle"));
    let remote = r#"{"$ref":"https://example.com/x.json"}"#;
    assert!(fails(&[("values.schema.json", remote), ("templates/a.yaml", "a: 1\n")]).contains("not fetched from the network"));
    let mut doubling = String::from(r#"{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"d0":{"type":"string"}"#);
    for i in 1..40 {
        doubling.push_str(&format!(
            r##","d{i}":{{"allOf":[{{"$ref":"#/definitions/d{}"}},{{"$ref":"#/definitions/d{}"}}]}}"##,
            i - 1,
            i - 1
        ));
    }
    doubling.push_str(r##"},"properties":{"x":{"$ref":"#/definitions/d39"}}}"##);
    assert!(
        fails(&[("values.schema.json", &doubling), ("values.yaml", "x: a\n"), ("templates/a.yaml", "a: 1\n")]).contains("too many steps")
    );
}
