//! What is shared: values by reference, parsed templates between threads.

use std::sync::Arc;

use ferroflux_go_template::limits::Limits;

/// HE-RND-01: what `set` changes in the values is seen by the files that are rendered later.
#[test]
fn set_is_seen_by_later_files() {
    let set = crate::parse(&[
        ("c/templates/b.yaml", "{{ $_ := set .Values \"str\" \"changed\" }}{{ $_ = set .Values.map.a \"x\" \"z\" }}"),
        ("c/templates/a.yaml", "{{ .Values.str }} {{ .Values.map.a.x }} {{ .Template.Name }} {{ .Template.BasePath }}"),
    ])
    .unwrap();
    let rendered = crate::render_set(&set, &crate::values(), Limits::default()).unwrap();
    assert_eq!(rendered[1].1, "changed z c/templates/a.yaml c/templates");
}

/// HE-PAIN-06: one parsed set serves any number of threads.
#[test]
fn a_set_renders_on_many_threads() {
    let text = "{{ define \"d\" }}{{ . }}{{ end }}{{ range 50 }}{{ tpl \"{{ include \\\"d\\\" . }}\" . }}{{ end }}";
    let set = Arc::new(crate::parse(&[("c/templates/t.yaml", text)]).unwrap());
    let render = |set: &ferroflux_go_template::engine::TemplateSet| crate::render_set(set, &crate::values(), Limits::default()).unwrap();
    let want = render(&set);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let set = Arc::clone(&set);
            std::thread::spawn(move || crate::render_set(&set, &crate::values(), Limits::default()).unwrap())
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), want);
    }
}

/// HE-PAIN-01: a chart that makes its values part of themselves does not leak them.
#[test]
fn values_that_hold_themselves_are_freed() {
    let text = "{{ $_ := set .Values \"self\" .Values }}{{ $d := dict }}{{ $_ = set $d \"list\" (list $d) }}{{ .Values.self.self.str }}";
    let set = crate::parse(&[("c/templates/t.yaml", text)]).unwrap();
    let values = crate::values();
    let rendered = crate::render_set(&set, &values, Limits::default()).unwrap();
    assert_eq!(rendered[0].1, "text");
    assert!(values.is_empty(), "the map that holds itself was emptied");
}
