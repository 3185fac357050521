//! The same repository and the same Kustomizations under Flux's controllers and under ours, side by side on one cluster:
//! the same objects, inventories, conditions and revisions. Skipped where Flux's controllers are not there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use ferroflux_e2e::{Controllers, World};
use kube::api::{Api, DynamicObject, ListParams};
use serde_json::{Value, json};

const PLAIN: &str = r#"apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: in-list, creationTimestamp: null}
  data: {}
- apiVersion: v1
  kind: Secret
  metadata: {name: plain}
  stringData: {user: admin}
- apiVersion: v1
  kind: Service
  metadata: {name: plain}
  spec: {ports: [{name: dns, port: 53, protocol: UDP}, {name: http, port: 80, targetport: 8080}], prots: []}
- apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata: {name: plain}
  spec:
    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: nothing}
    maxReplicas: 3
    metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 99}}}]
- apiVersion: rbac.authorization.k8s.io/v1
  kind: Role
  metadata: {name: "role:reader"}
  rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: nightly}
  spec: {schedule: "0 0 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "example.com/a:1"}]}}}}}
"#;

const DIRECTIVES: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: once, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: "VALUE"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: off, labels: {kustomize.toolkit.fluxcd.io/reconcile: disabled}}
---
apiVersion: v1
kind: Secret
metadata: {name: immutable, annotations: {kustomize.toolkit.fluxcd.io/force: enabled}}
immutable: true
stringData: {a: VALUE}
"#;

const KINDS: [&str; 8] = ["ConfigMap", "Secret", "Service", "Deployment", "Role", "batch/CronJob", "Kustomization", "GitRepository"];

/// How long the sides may differ.
const PATIENCE: Duration = Duration::from_secs(60);

/// One side: its namespace, and the label that its controllers select.
struct Side {
    world: World,
    shard: Option<&'static str>,
}

impl Side {
    async fn set_up(&self) {
        let files = [
            ("plain/all.yaml", PLAIN.to_owned()),
            ("generated/kustomization.yaml", "resources: [app.yaml]\nnamePrefix: my-\nimages: [{name: example.com/app, newTag: v2}]\nconfigMapGenerator: [{name: gen, literals: [k=one]}]\n".into()),
            ("generated/app.yaml", crate::deployment("app").replace("        image:", "        envFrom: [{configMapRef: {name: gen}}]\n        image:")),
            ("substituted/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: sub-${NAME}\n  annotations:\n    q: \"${QUOTED}\"\ndata:\n  v: ${VAL:=def}\n  raw: $$${NAME}\n".into()),
            ("directives/all.yaml", DIRECTIVES.replace("VALUE", "one")),
            ("broken/map.yaml", "a: [1\nb: }\n".into()),
            ("denied/map.yaml", crate::config_map("denied", "x")),
            ("empty/readme.md", "nothing".into()),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        self.world.push(&files).await;
        self.apply("GitRepository", "repo", json!({"interval": "1h", "url": self.world.git_url(), "ref": {"branch": "main"}})).await;
        self.apply("GitRepository", "no-branch", json!({"interval": "1h", "url": self.world.git_url(), "ref": {"branch": "none"}})).await;
        for (name, more) in [
            ("plain", json!({"commonMetadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}}})),
            ("generated", json!({"wait": true})),
            ("substituted", json!({"postBuild": {"substitute": {"NAME": "x", "QUOTED": "text"}}})),
            ("directives", json!({})),
            ("broken", json!({})),
            ("denied", json!({"serviceAccountName": "nobody"})),
            ("empty", json!({})),
            ("missing", json!({})),
            ("strict", json!({"path": "./substituted", "postBuild": {"substitute": {"NAME": "y"}}})),
            ("no-artifact", json!({"path": "./plain", "sourceRef": {"kind": "GitRepository", "name": "no-branch"}})),
            ("needs-broken", json!({"path": "./plain", "dependsOn": [{"name": "broken"}]})),
            ("bad-rule", json!({"path": "./denied", "ignore": [{"paths": ["/data"], "target": {"kind": "("}}]})),
        ] {
            let mut spec = json!({"interval": "1h", "retryInterval": "1h", "timeout": "60s", "prune": true, "path": format!("./{name}"),
                "sourceRef": {"kind": "GitRepository", "name": "repo"}, "targetNamespace": self.world.namespace});
            for (key, value) in more.as_object().unwrap() {
                spec[key] = value.clone();
            }
            self.apply("Kustomization", name, spec).await;
        }
    }

    async fn apply(&self, kind: &str, name: &str, spec: Value) {
        let labels = self.shard.map_or_else(|| json!({}), |shard| json!({"sharding.fluxcd.io/key": shard}));
        self.world.apply(kind, name, json!({"metadata": {"labels": labels}, "spec": spec})).await;
    }

    /// The second commit: another generated name, another immutable value, an object less; and drift.
    async fn change(&self) {
        let plain = PLAIN.replace("- apiVersion: v1\n  kind: Secret\n  metadata: {name: plain}\n  stringData: {user: admin}\n", "");
        let generated = "resources: [app.yaml]\nnamePrefix: my-\nimages: [{name: example.com/app, newTag: v3}]\nconfigMapGenerator: [{name: gen, literals: [k=two]}]\n";
        self.world.patch("ConfigMap", "sub-x", json!({"data": {"v": "drift", "foreign": "kept"}})).await;
        let directives = DIRECTIVES.replace("VALUE", "two");
        let files = [("plain/all.yaml", plain.as_str()), ("generated/kustomization.yaml", generated), ("directives/all.yaml", &directives)];
        let revision = self.world.push(&files).await;
        self.world.reconcile("GitRepository", "repo").await;
        for name in ["plain", "generated", "directives", "substituted"] {
            self.world.applied(name, &revision).await;
        }
    }

    async fn settle(&self) {
        let ended = |o: &Value| {
            let conditions = o["status"]["conditions"].as_array();
            conditions.into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] != "Unknown" && c["reason"] != "Progressing")
        };
        for kind in ["GitRepository", "Kustomization"] {
            for name in self.world.names(kind).await {
                self.world.wait(kind, &name, "settled", ended).await;
            }
        }
        for name in ["plain", "generated", "directives", "substituted", "empty"] {
            self.world.ready("Kustomization", name).await;
        }
        self.world.fails("Kustomization", "needs-broken", "DependencyNotReady").await;
        self.world.fails("Kustomization", "no-artifact", "ArtifactFailed").await;
    }

    /// What users see of all objects, by kind and name, with the side's namespace called `NS`.
    async fn seen(&self) -> BTreeMap<String, Value> {
        let mut out = BTreeMap::new();
        let hpa = Api::<DynamicObject>::namespaced_with(
            self.world.client.clone(),
            &self.world.namespace,
            &kube::api::ApiResource::from_gvk(&kube::api::GroupVersionKind::gvk("autoscaling", "v2", "HorizontalPodAutoscaler")),
        );
        let apis = KINDS.iter().map(|kind| (*kind, self.world.api(kind))).chain([("HorizontalPodAutoscaler", hpa)]);
        for (kind, api) in apis {
            for object in api.list(&ListParams::default()).await.unwrap() {
                let name = object.metadata.name.clone().unwrap();
                if name != "kube-root-ca.crt" {
                    let text = serde_json::to_string(&visible(kind, &serde_json::to_value(object).unwrap())).unwrap();
                    out.insert(format!("{kind}/{name}"), serde_json::from_str(&text.replace(&self.world.namespace, "NS")).unwrap());
                }
            }
        }
        out
    }
}

/// The parts of an object that do not differ between two runs.
fn visible(kind: &str, object: &Value) -> Value {
    let status = &object["status"];
    if kind == "GitRepository" || kind == "Kustomization" {
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let mut conditions: Vec<_> = conditions.map(|c| json!([c["type"], c["status"], c["reason"], c["observedGeneration"]])).collect();
        conditions.sort_by_key(ToString::to_string);
        let history = status["history"].as_array().into_iter().flatten().map(|h| h["lastReconciledStatus"].clone());
        return json!({
            "finalizers": object["metadata"]["finalizers"], "conditions": conditions, "inventory": status["inventory"],
            "applied": status["lastAppliedRevision"].is_string(), "attempted": status["lastAttemptedRevision"].is_string(),
            "history": history.collect::<Vec<_>>(), "observed": status["observedGeneration"],
            "artifact": status["artifact"]["revision"].is_string(),
        });
    }
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove("status");
    let metadata = &object["metadata"];
    let owned = metadata["managedFields"].as_array().into_iter().flatten().filter(|m| m["manager"] == "kustomize-controller");
    let owned: Vec<Value> = owned.map(|m| json!([m["operation"], m["fieldsV1"]])).collect();
    let mut annotations = metadata["annotations"].clone();
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.remove("deployment.kubernetes.io/revision");
    }
    object["metadata"] = json!({"labels": metadata["labels"], "annotations": annotations, "owned": owned});
    for address in ["clusterIP", "clusterIPs"] {
        if let Some(spec) = object["spec"].as_object_mut() {
            spec.remove(address);
        }
    }
    object
}

/// Waits until both sides show the same; what keeps failing passes through other states at its own times.
async fn agree(theirs: &Side, ours: &Side) {
    let began = Instant::now();
    loop {
        let (theirs, ours) = (theirs.seen().await, ours.seen().await);
        if theirs == ours {
            return;
        }
        if began.elapsed() > PATIENCE {
            let keys: BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
            let differing = keys.into_iter().filter(|key| theirs.get(*key) != ours.get(*key));
            let lines = differing.map(|key| format!("{key}\nFlux: {:#?}\nours: {:#?}\n", theirs.get(key), ours.get(key)));
            panic!("{}", lines.collect::<String>());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// KC-APPLY-01, KC-APPLY-02, KC-APPLY-07, KC-GEN-01, KC-INV-01, KC-SUB-05, KC-COND-01, KC-REC-12, KC-HIST-01: beside the
/// originals, first with a fresh cluster, then after a change, an immutable one and drift.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_as_flux() {
    let ours = Side { world: World::new("beside-ours").await, shard: None };
    let Some(_originals) = Controllers::originals(&ours.world.stack.plane.kubeconfig(), "sharding.fluxcd.io/key=originals") else {
        println!("skipped: Flux's source-controller and kustomize-controller are neither in $PEERS nor in the cache");
        return;
    };
    let theirs = Side { world: World::new("beside-flux").await, shard: Some("originals") };
    tokio::join!(ours.set_up(), theirs.set_up());
    tokio::join!(ours.settle(), theirs.settle());
    agree(&theirs, &ours).await;
    tokio::join!(ours.change(), theirs.change());
    tokio::join!(ours.settle(), theirs.settle());
    agree(&theirs, &ours).await;
}
