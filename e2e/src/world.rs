//! A namespace, a repository, and short words for what scenarios do with them.

use std::time::{Duration, Instant};

use ferroflux_git_server::Repository;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::stack::{PATIENCE, Stack, connect, stack};

/// Where one scenario plays.
pub struct World {
    /// The shared stack.
    pub stack: &'static Stack,
    /// A client as the cluster's administrator.
    pub client: Client,
    /// The scenario's namespace.
    pub namespace: String,
    /// The scenario's repository, served at [`World::git_url`].
    pub repository: Repository,
}

/// The API of a kind: `Deployment`, or `group/Kind` for what is not in the short list.
pub fn resource(kind: &str) -> ApiResource {
    let (group, version, kind) = match kind {
        "GitRepository" => ("source.toolkit.fluxcd.io", "v1", kind),
        "Kustomization" => ("kustomize.toolkit.fluxcd.io", "v1", kind),
        "Deployment" | "StatefulSet" => ("apps", "v1", kind),
        "Job" => ("batch", "v1", kind),
        "Role" | "RoleBinding" | "ClusterRole" => ("rbac.authorization.k8s.io", "v1", kind),
        "CustomResourceDefinition" => ("apiextensions.k8s.io", "v1", kind),
        other => other.split_once('/').map_or(("", "v1", other), |(group, kind)| (group, "v1", kind)),
    };
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

/// Gets a URL as a consumer of artifacts does, past any proxy of the environment.
pub async fn http_get(url: &str) -> reqwest::Response {
    reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap()
}

/// Whether an object is ready at its present generation.
pub fn ready(object: &Value) -> bool {
    object["status"]["observedGeneration"] == object["metadata"]["generation"] && condition(object, "Ready")["status"] == "True"
}

/// The condition of a type, or null.
fn condition<'a>(object: &'a Value, type_: &str) -> &'a Value {
    object["status"]["conditions"].as_array().and_then(|all| all.iter().find(|c| c["type"] == type_)).unwrap_or(&Value::Null)
}

impl World {
    /// A world of its own; `name` is the namespace and, with `.git`, the repository.
    pub async fn new(name: &str) -> Self {
        let stack = stack().await;
        let client = connect(&stack.plane.kubeconfig()).await;
        let object = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        Api::<Namespace>::all(client.clone()).create(&PostParams::default(), &object).await.unwrap();
        let repository = Repository::create(stack.git_root.path(), &format!("{name}.git")).await.unwrap();
        Self { stack, client, namespace: name.to_owned(), repository }
    }

    /// The URL of the repository.
    pub fn git_url(&self) -> String {
        self.stack.git.url(&format!("{}.git", self.namespace))
    }

    /// The API of a namespaced kind in the scenario's namespace.
    pub fn api(&self, kind: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource(kind))
    }

    /// Writes files into the repository, commits and pushes. Returns the revision `main@sha1:…`.
    pub async fn push(&self, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            self.repository.write(path, text).unwrap();
        }
        format!("main@sha1:{}", self.repository.push("a change").await.unwrap())
    }

    /// Removes a file from the repository, commits and pushes.
    pub async fn push_without(&self, path: &str) -> String {
        self.repository.remove(path).unwrap();
        self.push(&[]).await
    }

    /// A GitRepository `repo` on the branch main, with further fields of the spec.
    pub async fn git_repository(&self, more: Value) -> Value {
        let mut spec = json!({"interval": "1h", "url": self.git_url(), "ref": {"branch": "main"}});
        merge(&mut spec, more);
        self.apply("GitRepository", "repo", json!({"spec": spec})).await
    }

    /// A Kustomization on `repo`, pruning, with further fields of the spec.
    pub async fn kustomization(&self, name: &str, more: Value) -> Value {
        let source = json!({"kind": "GitRepository", "name": "repo"});
        let mut spec = json!({"interval": "1h", "retryInterval": "2s", "timeout": "30s", "prune": true, "path": "./", "sourceRef": source, "targetNamespace": self.namespace});
        merge(&mut spec, more);
        self.apply("Kustomization", name, json!({"spec": spec})).await
    }

    /// Applies an object of the scenario's namespace.
    pub async fn apply(&self, kind: &str, name: &str, body: Value) -> Value {
        let resource = resource(kind);
        let mut object = json!({"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}});
        merge(&mut object, body);
        let applied = self.api(kind).patch(name, &PatchParams::apply("e2e").force(), &Patch::Apply(object)).await;
        serde_json::to_value(applied.unwrap_or_else(|e| panic!("apply {kind}/{name}: {e}"))).unwrap()
    }

    /// Changes an object by a merge patch.
    pub async fn patch(&self, kind: &str, name: &str, patch: Value) {
        self.api(kind)
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap_or_else(|e| panic!("patch {kind}/{name}: {e}"));
    }

    /// Deletes an object.
    pub async fn delete(&self, kind: &str, name: &str) {
        self.api(kind).delete(name, &DeleteParams::background()).await.unwrap_or_else(|e| panic!("delete {kind}/{name}: {e}"));
    }

    /// The object, or null.
    pub async fn get(&self, kind: &str, name: &str) -> Value {
        self.api(kind).get_opt(name).await.unwrap().map_or(Value::Null, |o| serde_json::to_value(o).unwrap())
    }

    /// Names of all objects of a kind in the namespace, sorted.
    pub async fn names(&self, kind: &str) -> Vec<String> {
        let mut names: Vec<_> =
            self.api(kind).list(&ListParams::default()).await.unwrap().items.into_iter().filter_map(|o| o.metadata.name).collect();
        names.sort();
        names
    }

    /// Waits until the object is as `check` says, and returns it; null is given while it does not exist.
    pub async fn wait(&self, kind: &str, name: &str, what: &str, check: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let object = self.get(kind, name).await;
            if check(&object) {
                return object;
            }
            let status = &object["status"];
            assert!(began.elapsed() < PATIENCE, "{kind}/{name} never: {what}\nstatus: {status:#}\nlogs: {}", self.logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the object is ready at its present generation.
    pub async fn ready(&self, kind: &str, name: &str) -> Value {
        self.wait(kind, name, "ready", ready).await
    }

    /// Waits until the Kustomization is ready at a revision.
    pub async fn applied(&self, name: &str, revision: &str) -> Value {
        self.wait("Kustomization", name, &format!("applied {revision}"), |o| ready(o) && o["status"]["lastAppliedRevision"] == revision)
            .await
    }

    /// Waits until the condition Ready has this reason, and returns its message.
    pub async fn fails(&self, kind: &str, name: &str, reason: &str) -> String {
        let object = self
            .wait(kind, name, &format!("Ready=False {reason}"), |o| {
                condition(o, "Ready")["status"] == "False" && condition(o, "Ready")["reason"] == reason
            })
            .await;
        condition(&object, "Ready")["message"].as_str().unwrap_or_default().to_owned()
    }

    /// Asks for a reconcile, as `flux reconcile` does, and waits until it was handled.
    pub async fn reconcile(&self, kind: &str, name: &str) -> Value {
        static TOKEN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let token = format!("{}-{}", std::process::id(), TOKEN.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        self.patch(kind, name, json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}})).await;
        self.wait(kind, name, "handled", |o| o["status"]["lastHandledReconcileAt"] == token.as_str()).await
    }

    /// The ends of the controllers' logs, as far as they speak of this namespace.
    fn logs(&self) -> String {
        let of = |name: &str| {
            let text = std::fs::read_to_string(self.stack.controllers.log(name)).unwrap_or_default();
            let lines: Vec<_> = text.lines().filter(|l| l.contains(&self.namespace) || !l.contains("\"namespace\"")).collect();
            format!("{name}:\n{}\n", lines[lines.len().saturating_sub(15)..].join("\n"))
        };
        ["source-controller", "kustomize-controller"].map(of).concat()
    }
}

/// Lays `over` into `base`: maps are merged, everything else is replaced, null removes.
fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                if value.is_null() {
                    base.remove(&key);
                } else {
                    merge(base.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (base, over) => *base = over,
    }
}
