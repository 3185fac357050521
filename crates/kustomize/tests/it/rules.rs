//! The rules of patches, replacements, references and generators, each in its smallest form.

use ferroflux_kustomize::{ErrorKind, Options, build, to_yaml_stream};

use crate::{config_map, render, tree};

/// What a kustomization prints over the objects of `r.yaml`.
fn one(kustomization: &str, resources: &str) -> Result<String, String> {
    render(&[("/kustomization.yaml", &format!("resources: [r.yaml]\n{kustomization}")), ("/r.yaml", resources)], "/")
}

fn fails(kustomization: &str, resources: &str, part: &str) {
    let e = one(kustomization, resources).unwrap_err();
    assert!(e.contains(part), "{part} in {e}");
}

fn warnings(kustomization: &str, resources: &str) -> String {
    let kustomization = format!("resources: [r.yaml]\n{kustomization}");
    let output = build(&tree(&[("/kustomization.yaml", &kustomization), ("/r.yaml", resources)]), "/", &Options::default(), None).unwrap();
    output.warnings.iter().map(|w| format!("{w}\n")).collect()
}

fn deployment(ports: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        ports: {ports}\n"
    )
}

/// KB-FILE-01: exactly one file of the three names.
#[test]
fn one_kustomization_file() {
    let e = build(&tree(&[("/a.yaml", "")]), "/", &Options::default(), None).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::KustomizationMissing);
    assert!(
        e.to_string().contains("unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '/'"),
        "{e}"
    );
    let two = tree(&[("/kustomization.yaml", "namespace: a\n"), ("/Kustomization", "namespace: a\n")]);
    let e = build(&two, "/", &Options::default(), None).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::KustomizationMultiple);
    assert!(e.to_string().contains("Found multiple kustomization files under: /"), "{e}");
    assert_eq!(render(&[("/kustomization.yml", "namespace: a\n")], "/"), Ok(String::new()));
}

/// KB-LOAD-04: components and resources are not mixed up.
#[test]
fn kinds_of_kustomizations() {
    let component = ("/c/kustomization.yaml", "kind: Component\nnamePrefix: a-\n");
    let e = render(&[("/kustomization.yaml", "resources: [c]\n"), component], "/").unwrap_err();
    assert!(e.contains("expected kind != 'Component' for path '/c'"), "{e}");
    let e = render(&[("/kustomization.yaml", "components: [c]\n"), ("/c/kustomization.yaml", "namePrefix: a-\n")], "/").unwrap_err();
    assert!(e.contains("expected kind 'Component' for path '/c' but got 'Kustomization'"), "{e}");
}

/// KB-DOC-04: an object has a kind and a name; the command does not ask for an apiVersion.
#[test]
fn objects_have_kind_and_name() {
    fails("", "apiVersion: v1\nkind: ConfigMap\n", "missing metadata.name in object v1 ConfigMap");
    fails("", "apiVersion: v1\nmetadata: {name: a}\n", "missing kind in object");
    fails("", "a: b\n", "missing Resource metadata");
    assert_eq!(one("", "kind: Foo\nmetadata: {name: a}\nspec: [null]\n").unwrap(), "kind: Foo\nmetadata:\n  name: a\nspec:\n- null\n");
}

/// KB-PROF-03: programs and containers are not run.
#[test]
fn external_plugins_are_refused() {
    let e = one("transformers: ['{apiVersion: example.com/v1, kind: Nope, metadata: {name: n}}']\n", &config_map("a")).unwrap_err();
    assert!(e.contains("external plugins disabled; unable to load external plugin 'Nope'"), "{e}");
    fails("transformers: ['{apiVersion: builtin, kind: Nope, metadata: {name: n}}']\n", &config_map("a"), "unable to load builtin Nope");
}

/// KB-PLUG-02: a validator may add its label and nothing else.
#[test]
fn validators_change_nothing() {
    let label = |key: &str| {
        format!(
            "validators: ['{{apiVersion: builtin, kind: LabelTransformer, metadata: {{name: l}}, labels: {{{key}: x}}, fieldSpecs: [{{path: metadata/labels, create: true}}]}}']\n"
        )
    };
    fails(&label("a"), &config_map("a"), "validator shouldn't modify the resource map");
    assert!(one(&label("validated-by"), &config_map("a")).is_ok());
}

/// KB-PATCH-01: a patch is a merge or a list of operations, from one place.
#[test]
fn patches_have_one_form() {
    let cm = config_map("a");
    fails("patches: [{patch: 'a b'}]\n", &cm, "unable to parse SM or JSON patch from");
    fails("patches: [{target: {kind: ConfigMap}}]\n", &cm, "must specify one of patch and path");
    fails("patches: [{path: p.yaml, patch: 'a: b'}]\n", &cm, "patch and path can't be set at the same time");
    fails("patches: [{path: p.yaml}]\n", &cm, "failed to get the patch file from path(p.yaml)");
}

/// KB-PATCH-02: without a target each document finds its one object; several may stand in one patch.
#[test]
fn patches_find_their_object() {
    let both = format!("{}---\n{}", config_map("a"), config_map("b"));
    let patch = |name: &str, value: &str| {
        format!("    apiVersion: v1\n    kind: ConfigMap\n    metadata: {{name: {name}}}\n    data: {{a: {value}}}\n")
    };
    let out = one(&format!("patches:\n- patch: |\n{}    ---\n{}", patch("a", "x"), patch("b", "y")), &both).unwrap();
    assert!(out.contains("a: x\n") && out.contains("a: \"y\"\n"), "{out}");
    fails(
        &format!("patches:\n- patch: |\n{}", patch("nope", "x")),
        &both,
        "no matches for Id ConfigMap.v1.[noGrp]/nope.[noNs]; failed to find unique target for patch ConfigMap.v1.[noGrp]/nope.[noNs]",
    );
}

/// KB-PATCH-03: with a target the patch goes to every object selected, whatever its own name; it is then one document.
#[test]
fn patches_with_a_target() {
    let both = format!("{}---\n{}", config_map("a"), config_map("b"));
    let patch = "    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: any}\n    data: {new: m}\n";
    let out = one(&format!("patches:\n- target: {{kind: Config.*}}\n  patch: |\n{patch}"), &both).unwrap();
    assert_eq!(out.matches("new: m\n").count(), 2, "{out}");
    fails(
        &format!("patches:\n- target: {{kind: ConfigMap}}\n  patch: |\n{patch}    ---\n{patch}"),
        &both,
        "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field",
    );
}

/// KB-PATCH-04: name and kind survive a patch unless it may change them.
#[test]
fn names_and_kinds_survive_patches() {
    let patch = |options: &str| {
        let patch = "    apiVersion: v1\n    kind: Other\n    metadata: {name: new}\n";
        one(&format!("patches:\n- target: {{name: a}}\n  options: {options}\n  patch: |\n{patch}"), &config_map("a")).unwrap()
    };
    assert!(patch("{}").contains("kind: ConfigMap\nmetadata:\n  name: a\n"));
    assert!(patch("{allowNameChange: true}").contains("kind: ConfigMap\nmetadata:\n  name: new\n"));
    assert!(patch("{allowKindChange: true}").contains("kind: Other\nmetadata:\n  name: a\n"));
}

/// KB-SMP-02: `$patch` replaces and deletes; directives that kustomize does not know stay, and that is said (KB-UX-02).
#[test]
fn directives_of_a_merge() {
    let patch = |spec: &str| {
        format!("patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: d}}\n    spec: {spec}\n")
    };
    let target = deployment("[{containerPort: 80}]");
    let merge = |spec: &str| one(&patch(spec), &target).unwrap();
    assert!(
        merge("{template: {spec: {containers: [{name: c, $patch: delete}]}}}").ends_with("template:\n    spec:\n      containers: []\n")
    );
    assert!(merge("{$patch: replace, replicas: 2}").ends_with("spec:\n  replicas: 2\n"));
    assert!(merge("{template: null}").ends_with("spec: {}\n"));
    let retain = patch("{strategy: {$retainKeys: [type], type: Recreate}}");
    assert!(one(&retain, &target).unwrap().contains("$retainKeys:"));
    assert!(warnings(&retain, &target).contains("$retainKeys"));
    fails(&patch("{$patch: frob}"), &target, "unknown patch strategy 'frob'");
}

/// KB-SMP-05: a merge walks over the whole object, and keyed lists lose twins that it never touched.
#[test]
fn a_merge_drops_twins() {
    let patch = "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: d, labels: {a: b}}\n";
    let target = deployment("[{containerPort: 80, name: a}, {containerPort: 80, name: b}]");
    let out = one(patch, &target).unwrap();
    assert_eq!((out.matches("containerPort").count(), out.contains("name: b\n")), (1, true), "{out}");
    assert!(!warnings(patch, &target).is_empty());
}

/// KB-SMP-06: a port of the patch without the protocol that the target has is lost, and that is said.
#[test]
fn ports_without_protocol_are_lost() {
    let patch = "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: d}\n    spec: {template: {spec: {containers: [{name: c, ports: [{containerPort: 80, name: web}]}]}}}\n";
    let target = deployment("[{containerPort: 80, protocol: TCP}]");
    let out = one(patch, &target).unwrap();
    assert!(!out.contains("name: web") && out.contains("protocol: TCP"), "{out}");
    assert!(warnings(patch, &target).contains("port"), "{}", warnings(patch, &target));
}

/// KB-NS-02: subjects named `default` get the namespace; others follow their account.
#[test]
fn namespaces_of_subjects() {
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b}\nsubjects:\n- {kind: ServiceAccount, name: default}\n- {kind: ServiceAccount, name: other, namespace: x}\n- {kind: ServiceAccount, name: mine, namespace: old}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: mine, namespace: old}\n";
    let out = one("namespace: new\n", binding).unwrap();
    assert!(out.contains("name: default\n  namespace: new\n"), "{out}");
    assert!(out.contains("name: other\n  namespace: x\n") && out.contains("name: mine\n  namespace: new\n"), "{out}");
}

/// KB-REPL-01: the count goes to the kinds that have one; a name that none of them has is an error.
#[test]
fn replicas_find_their_object() {
    let set = "apiVersion: example.com/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec: {a: b}\n";
    assert!(one("namePrefix: p-\nreplicas: [{name: s, count: 0}]\n", set).unwrap().ends_with("name: p-s\nspec:\n  a: b\n  replicas: 0\n"));
    fails("replicas: [{name: a, count: 1}]\n", &config_map("a"), "resource with name a does not match a config with the following GVK");
}

const SOURCES: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: x.y.z, j: '{\"n\":[1,2]}'}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: q-r}\n";

/// KB-RPL-01: the source is one object, found by exact name, and a part of its value.
#[test]
fn sources_of_replacements() {
    let from = |source: &str| format!("replacements: [{{source: {source}, targets: [{{select: {{name: b}}, fieldPaths: [data.k]}}]}}]\n");
    assert!(
        one(&from("{kind: ConfigMap, name: a, fieldPath: data.k, options: {delimiter: ., index: 1}}"), SOURCES)
            .unwrap()
            .contains("k: \"y\"\n")
    );
    assert!(one(&from("{kind: ConfigMap, name: a}"), SOURCES).unwrap().contains("data:\n  k: a\n"));
    fails(&from("{kind: ConfigMap}"), SOURCES, "multiple matches for selector");
    fails(&from("{kind: ConfigMap, name: '.*'}"), SOURCES, "nothing selected by");
    fails(&from("{kind: ConfigMap, name: a, fieldPath: data.nope}"), SOURCES, "fieldPath `data.nope` is missing for replacement source");
    fails(
        &from("{kind: ConfigMap, name: a, fieldPath: data.k, options: {delimiter: ., index: 9}}"),
        SOURCES,
        "options.index 9 is out of bounds",
    );
}

/// KB-RPL-02: a part of a text is replaced, put before it or behind it, and made where there is none; a source that is
/// written to is read anew.
#[test]
fn targets_of_replacements() {
    let to = |fields: &str, options: &str| {
        one(
            &format!(
                "replacements: [{{source: {{kind: ConfigMap, name: b, fieldPath: data.k}}, targets: [{{select: {{name: a}}, fieldPaths: {fields}, options: {options}}}]}}]\n"
            ),
            SOURCES,
        )
    };
    assert!(to("[data.k]", "{delimiter: ., index: 1}").unwrap().contains("k: x.q-r.z\n"));
    assert!(to("[data.k]", "{delimiter: ., index: -1}").unwrap().contains("k: q-r.x.y.z\n"));
    assert!(to("[data.k]", "{delimiter: ., index: 7}").unwrap().contains("k: x.y.z.q-r\n"));
    assert!(to("[data.new]", "{create: true}").unwrap().contains("new: q-r\n"));
    assert!(to("[data.new]", "{}").unwrap_err().contains("unable to find field \"data.new\" in replacement target"));
    let own = "replacements: [{source: {kind: ConfigMap, name: b, fieldPath: data.k}, targets: [{select: {name: b}, fieldPaths: [data.k, data.new], options: {delimiter: /, index: 1, create: true}}]}]\n";
    assert!(one(own, SOURCES).unwrap().contains("k: q-r/q-r\n  new: /q-r/q-r\n"));
}

/// KB-RPL-03: a path below a text edits the JSON in it.
#[test]
fn replacements_in_json() {
    let k = "replacements: [{sourceValue: '7', targets: [{select: {name: a}, fieldPaths: [data.j.n.0]}]}]\n";
    assert!(one(k, SOURCES).unwrap().contains("j: '{\"n\":[7,2]}'\n"), "{:?}", one(k, SOURCES));
}

/// KB-RPL-04: what a replacement needs.
#[test]
fn incomplete_replacements() {
    let target = "targets: [{select: {name: b}, fieldPaths: [data.k]}]";
    fails("replacements: [{source: {name: a}}]\n", SOURCES, "must specify a source and at least one target");
    fails(
        &format!("replacements: [{{source: {{name: a}}, sourceValue: x, {target}}}]\n"),
        SOURCES,
        "value and resource selectors are mutually exclusive",
    );
    fails(
        "replacements: [{source: {name: a, kind: ConfigMap}, targets: [{fieldPaths: [data.k]}]}]\n",
        SOURCES,
        "target must specify resources to select",
    );
    fails(
        &format!("replacements: [{{path: p.yaml, source: {{name: a}}, {target}}}]\n"),
        SOURCES,
        "cannot specify both path and inline replacement",
    );
}

/// KB-REF-02: of two objects with one former name the referrer of the same prefix chain takes its own.
#[test]
fn references_stay_in_their_family() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, configMap: {name: m}}]}\n";
    let map = config_map("m");
    let out = render(
        &[
            ("/kustomization.yaml", "resources: [a, b]\n"),
            ("/a/kustomization.yaml", "namePrefix: a-\nresources: [../base]\n"),
            ("/b/kustomization.yaml", "namePrefix: b-\nresources: [../base]\n"),
            ("/base/kustomization.yaml", "resources: [pod.yaml, map.yaml]\n"),
            ("/base/pod.yaml", pod),
            ("/base/map.yaml", &map),
        ],
        "/",
    )
    .unwrap();
    let pods: Vec<&str> = out.split("---\n").filter(|d| d.contains("kind: Pod")).collect();
    assert!(
        pods[0].contains("name: a-p") && pods[0].contains("name: a-m") && pods[1].contains("name: b-p") && pods[1].contains("name: b-m"),
        "{out}"
    );
}

/// KB-REF-03: a reference that is a map gets the name and the namespace of its object.
#[test]
fn references_with_a_namespace() {
    let hook = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: w}\nwebhooks:\n- name: h\n  clientConfig: {service: {name: s, namespace: old}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: old}\n";
    let out = one("namespace: new\nnamePrefix: p-\n", hook).unwrap();
    assert!(out.contains("service:\n      name: p-s\n      namespace: new\n"), "{out}");
    fails("namePrefix: p-\n", &hook.replace("{name: s, namespace: old}}", "{path: s}}"), "no 'name' field in node");
}

/// KB-GEN-03: maps of both options are united, the generator's own winning; flags are or-ed.
#[test]
fn options_of_generators() {
    let k = "generatorOptions: {disableNameSuffixHash: true, labels: {a: all, b: all}}\nconfigMapGenerator: [{name: m, literals: [k=v], options: {disableNameSuffixHash: false, immutable: true, labels: {b: own}}}]\n";
    let out = render(&[("/kustomization.yaml", k)], "/").unwrap();
    assert_eq!(
        out,
        "apiVersion: v1\ndata:\n  k: v\nimmutable: true\nkind: ConfigMap\nmetadata:\n  labels:\n    a: all\n    b: own\n  name: m\n"
    );
}

/// KB-CONF-02: definitions of a custom kind say which of its fields hold names; a plain CRD says nothing.
#[test]
fn definitions_of_custom_kinds() {
    let definitions = r#"{"v1.Foo": {"Schema": {"properties": {"apiVersion": {}, "kind": {}, "metadata": {}, "spec": {"$ref": "v1.FooSpec"}}}},
        "v1.FooSpec": {"Schema": {"properties": {"ref": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "ConfigMap", "type": "object"}}}}}"#;
    let objects =
        format!("apiVersion: example.com/v1\nkind: Foo\nmetadata: {{name: f}}\nspec: {{ref: {{name: m}}}}\n---\n{}", config_map("m"));
    let files = |crd: &str| {
        let files =
            [("/kustomization.yaml", "namePrefix: p-\nresources: [r.yaml]\ncrds: [crd.json]\n"), ("/r.yaml", &objects), ("/crd.json", crd)];
        let output = build(&tree(&files), "/", &Options::flux(), None).unwrap();
        to_yaml_stream(&output.objects).unwrap()
    };
    assert!(files(definitions).contains("ref:\n    name: p-m\n"), "{}", files(definitions));
    let plain =
        r#"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "foos.example.com"}}"#;
    assert!(files(plain).contains("ref:\n    name: m\n"));
}

/// KB-COMP-01, KB-ID-01: what a component makes of its parent's objects must differ like any other objects.
#[test]
fn components_keep_objects_apart() {
    let both = format!("{}---\n{}", config_map("a"), config_map("b"));
    let component =
        "kind: Component\nreplacements: [{sourceValue: same, targets: [{select: {kind: ConfigMap}, fieldPaths: [metadata.name]}]}]\n";
    let files = [
        ("/kustomization.yaml", "resources: [r.yaml]\ncomponents: [c]\nnamePrefix: p-\n"),
        ("/r.yaml", &both),
        ("/c/kustomization.yaml", component),
    ];
    let e = build(&tree(&files), "/", &Options::default(), None).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::DuplicateId);
    assert!(e.to_string().contains("may not add resource with an already registered id: ConfigMap.v1.[noGrp]/same.[noNs]"), "{e}");
}

/// KB-CONF-01: a configuration that contradicts a default is found out as soon as the two meet again.
#[test]
fn contradicting_configurations() {
    let files = [
        ("/kustomization.yaml", "resources: [r.yaml]\nconfigurations: [c.yaml]\ncomponents: [c]\n"),
        ("/c.yaml", "commonLabels: [{path: metadata/labels, create: false, kind: ConfigMap}]\n"),
        ("/r.yaml", &config_map("a")),
        ("/c/kustomization.yaml", "kind: Component\nnamePrefix: p-\n"),
    ];
    let e = build(&tree(&files), "/", &Options::default(), None).unwrap_err();
    assert!(e.to_string().contains("conflicting fieldspecs"), "{e}");
}

/// A label that is added to annotations as well reaches objects on which the build has kept state, also where the
/// field spec creates nothing: in the original that state is in annotations. KB-LAB-01
#[test]
fn labels_in_annotations_that_the_build_made() {
    let k = "resources: [r.yaml]\nconfigMapGenerator: [{name: m, literals: [k=v]}]\nlabels: [{pairs: {a: b}, fields: [{path: metadata/annotations, create: false}]}]\n";
    let out = render(&[("/kustomization.yaml", k), ("/r.yaml", &config_map("plain"))], "/").unwrap();
    let (plain, made) = out.split_once("---\n").unwrap();
    assert!(!plain.contains("annotations") && made.contains("annotations:\n    a: b\n"), "{out}");
}
