use ferroflux_helm_chart::{install_rank, uninstall_rank};

use super::{chart, render_with};

/// The order of installation, as the contract lists it.
const INSTALL: &str = "PriorityClass Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget \
    ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume PersistentVolumeClaim CustomResourceDefinition ClusterRole \
    ClusterRoleList ClusterRoleBinding ClusterRoleBindingList Role RoleList RoleBinding RoleBindingList Service DaemonSet Pod \
    ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass Ingress APIService \
    MutatingWebhookConfiguration ValidatingWebhookConfiguration";

fn sorted<'k>(kinds: &[&'k str], rank: impl Fn(&'k str) -> (usize, &'k str)) -> Vec<&'k str> {
    let mut kinds = kinds.to_vec();
    kinds.sort_unstable();
    kinds.sort_by_key(|kind| rank(kind));
    kinds
}

/// HE-MAN-03: both orders; unknown kinds are last in both, by name.
#[test]
fn orders_of_kinds() {
    let known: Vec<&str> = INSTALL.split_whitespace().collect();
    let mut all = known.clone();
    all.extend(["", "Certificate", "AppProject"]);
    let mut want = known.clone();
    want.extend(["", "AppProject", "Certificate"]);
    assert_eq!(sorted(&all, install_rank), want);
    let removal = sorted(&all, uninstall_rank);
    assert_eq!(&removal[..4], ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "Ingress"]);
    assert_eq!(&removal[38..], ["", "AppProject", "Certificate"]);
    let before = |a: &str, b: &str| {
        let at = |kind: &str| removal.iter().position(|k| *k == kind).unwrap();
        assert!(at(a) < at(b), "{a} goes before {b}");
    };
    before("Ingress", "Deployment");
    before("Deployment", "ConfigMap");
    before("Secret", "ServiceAccount");
    before("CustomResourceDefinition", "PersistentVolumeClaim");
    before("Namespace", "PriorityClass");
    for kind in ["RoleBinding", "Role", "ClusterRoleBinding", "ClusterRole", "Secret"] {
        before(&format!("{kind}List"), kind);
    }
}

/// HE-MAN-02: files in byte order of their paths, documents in file order, then by kind; documents that are no objects
/// stay, unknown kinds are last.
#[test]
fn order_of_documents() {
    let chart = chart(&[
        (
            "templates/b.yaml",
            "kind: Service\nmetadata: {name: b1}\n---\nkind: Zebra\nmetadata: {name: b2}\n---\nkind: ConfigMap\nmetadata: {name: b3}\n",
        ),
        ("templates/B.yaml", "kind: Service\nmetadata: {name: B1}\n"),
        (
            "templates/a.yaml",
            "# nothing but words\n---\nkind: Apple\nmetadata: {name: a1}\n---\nkind: Service\nmetadata: {name: a2}\n---\n   \n",
        ),
        ("templates/a-1.yaml", "kind: Service\nmetadata: {name: dash}\n"),
    ]);
    let rendered = render_with(&chart, "{}", Default::default()).unwrap();
    let names: Vec<&str> = rendered
        .manifests
        .iter()
        .map(|m| m.text().split("name: ").nth(1).map_or("words", |rest| rest.split('}').next().unwrap()))
        .collect();
    assert_eq!(names, ["b3", "B1", "dash", "a2", "b1", "words", "a1", "b2"]);
}

/// HE-HK-03: hooks are in no manifest and keep the text of their templates: nobody's marks are added.
#[test]
fn hooks_stand_apart() {
    let hook = "kind: Job\nmetadata:\n  name: j\n  annotations:\n    helm.sh/hook: pre-install\n";
    let chart = chart(&[("templates/h.yaml", hook), ("templates/c.yaml", "kind: ConfigMap\nmetadata: {name: c}\n")]);
    let rendered = render_with(&chart, "{}", Default::default()).unwrap();
    assert_eq!(rendered.manifest(), "---\n# Source: app/templates/c.yaml\nkind: ConfigMap\nmetadata: {name: c}\n\n");
    assert_eq!(rendered.hooks.len(), 1);
    assert_eq!(rendered.hooks[0].manifest.text(), hook);
}

/// HE-MAN-05: a document whose head has values of other types is refused by the name of the JSON type that stands there;
/// of several such values the first in the order of keys counts, and scalars become text where text belongs.
#[test]
fn heads_of_wrong_types() {
    let said = |text: &str| match render_with(&chart(&[("templates/a.yaml", text)]), "{}", Default::default()) {
        Ok(_) => "taken".to_owned(),
        Err(e) => e.to_string().split("cannot unmarshal ").nth(1).unwrap_or_default().to_owned(),
    };
    assert_eq!(said("5"), "number into Go value of type util.SimpleHead");
    assert_eq!(said("metadata: {annotations: true}"), "bool into Go struct field .metadata.annotations of type map[string]string");
    assert_eq!(
        said("metadata: {annotations: {b: [x], a: {c: d}, z: 1}}"),
        "object into Go struct field .metadata.annotations of type string"
    );
    assert_eq!(said("kind: {a: b}\napiVersion: [v1]"), "array into Go struct field SimpleHead.apiVersion of type string");
    assert_eq!(said("kind: 1\nmetadata: {name: true, annotations: {a: 1.5}}"), "taken");
}

/// HE-MAN-05: bytes that are no text are no manifest; the first such file by path is named, with what is wrong.
#[test]
fn bytes_that_are_no_text() {
    let error = |template: &str| {
        let chart = chart(&[("templates/b.yaml", template), ("templates/c.yaml", "a: {{ b64dec `/w==` }}\n")]);
        render_with(&chart, "{}", Default::default()).unwrap_err().to_string()
    };
    for (bytes, problem) in [
        ("/w==", "invalid leading UTF-8 octet"),
        ("w0E=", "invalid trailing UTF-8 octet"),
        ("wYE=", "invalid length of a UTF-8 sequence"),
        ("7aCA", "invalid Unicode character"),
    ] {
        let want = format!("YAML parse error on app/templates/b.yaml: error converting YAML to JSON: yaml: {problem}");
        assert_eq!(error(&format!("a: {{{{ b64dec `{bytes}` }}}}\n")), want);
    }
    assert!(error("a: 1\n").starts_with("YAML parse error on app/templates/c.yaml"));
    let notes = chart(&[("templates/NOTES.txt", "{{ b64dec `/w==` }}")]);
    assert!(render_with(&notes, "{}", Default::default()).is_ok(), "notes are no manifest");
}
