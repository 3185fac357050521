//! The demo's view of the cluster: what it applies, what it waits for, what it shows at the end.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use futures::{StreamExt, pin_mut};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{WatchStreamExt, conditions, wait::await_condition, watcher};
use kube::{Api, Client, Config, ResourceExt};
use serde_json::{Value, json};

use super::View;

const NAMESPACE: &str = "flux-system";
const MANAGER: &str = "ferroflux-demo";

pub(super) struct Cluster {
    client: Client,
}

impl Cluster {
    pub(super) async fn connect(kubeconfig: &Path) -> Result<Self> {
        let config = Config::from_custom_kubeconfig(Kubeconfig::read_from(kubeconfig)?, &KubeConfigOptions::default()).await?;
        Ok(Self { client: Client::try_from(config)? })
    }

    /// Applies our definitions and waits until the server serves them. Returns how many there are.
    pub(super) async fn install_crds(&self) -> Result<usize> {
        let api: Api<CustomResourceDefinition> = Api::all(self.client.clone());
        let crds = ferroflux_api::crd::all();
        for crd in &crds {
            let name = format!("{}.{}", crd.plural, crd.group);
            api.patch(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&crd.manifest))
                .await
                .with_context(|| format!("apply {name}"))?;
            await_condition(api.clone(), &name, conditions::is_crd_established()).await?;
        }
        Ok(crds.len())
    }

    /// Applies every manifest of a folder, with some texts replaced, into the namespace of the controllers.
    pub(super) async fn apply_folder(&self, folder: &Path, replace: &[(&str, &str)]) -> Result<()> {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        self.apply(&namespace).await?;
        let mut files: Vec<_> = std::fs::read_dir(folder)?.flatten().map(|e| e.path()).collect();
        files.sort();
        for file in files {
            let mut text = std::fs::read_to_string(&file)?;
            for (from, to) in replace {
                text = text.replace(from, to);
            }
            let object: Value = serde_yaml::from_str(&text).with_context(|| format!("read {}", file.display()))?;
            self.apply(&object).await.with_context(|| format!("apply {}", file.display()))?;
        }
        Ok(())
    }

    async fn apply(&self, object: &Value) -> Result<()> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let resource = resource(text("/apiVersion"), text("/kind"));
        let api: Api<DynamicObject> = match text("/metadata/namespace") {
            "" => Api::all_with(self.client.clone(), &resource),
            namespace => Api::namespaced_with(self.client.clone(), namespace, &resource),
        };
        api.patch(text("/metadata/name"), &PatchParams::apply(MANAGER).force(), &Patch::Apply(object)).await?;
        Ok(())
    }

    /// Asks for a reconcile now, as `flux reconcile source git` does.
    pub(super) async fn request_reconcile(&self, source: &str) -> Result<()> {
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), NAMESPACE, &resource("source.toolkit.fluxcd.io/v1", "GitRepository"));
        let now = jiff::Timestamp::now().to_string();
        let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": now}}});
        api.patch(source, &PatchParams::default(), &Patch::Merge(patch)).await?;
        Ok(())
    }

    /// Shows states as they change until every source and Kustomization is ready at `commit`. Returns a line for each.
    pub(super) async fn wait_revision(&self, commit: &str, view: &mut View) -> Result<Vec<String>> {
        let watch = |api_version: &str, kind: &str| {
            let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), NAMESPACE, &resource(api_version, kind));
            watcher(api, watcher::Config::default()).default_backoff().applied_objects()
        };
        let changes = futures::stream::select(
            watch("source.toolkit.fluxcd.io/v1", "GitRepository"),
            watch("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        );
        pin_mut!(changes);
        let mut ready: BTreeMap<String, Option<String>> = BTreeMap::new();
        while let Some(change) = changes.next().await {
            let object = change?;
            let name = format!("{}/{}", object.types.as_ref().map(|t| t.kind.as_str()).unwrap_or_default(), object.name_any());
            let (state, message) = ready_condition(&object);
            view.state(&name, &format!("{state:<12} {message}"));
            let revision = |pointer: &str| object.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default().ends_with(commit);
            let current = revision("/status/artifact/revision") || revision("/status/lastAppliedRevision");
            if state == "False" && message.contains("terminally") {
                bail!("{name} has failed for good: {message}");
            }
            ready.insert(name.clone(), (state == "True" && current).then(|| format!("{name:<32} {message}")));
            if ready.len() == 3 && ready.values().all(Option::is_some) {
                return Ok(ready.into_values().flatten().collect());
            }
        }
        bail!("the watch ended")
    }

    /// What runs in the shop's namespace.
    pub(super) async fn shop(&self) -> Result<Shop> {
        let list = async |api_version: &str, kind: &str| -> Result<Vec<DynamicObject>> {
            let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), "shop", &resource(api_version, kind));
            Ok(api.list(&ListParams::default()).await?.items)
        };
        let mut shop = Shop { lines: Vec::new(), images: Vec::new(), budgets: list("policy/v1", "PodDisruptionBudget").await?.len() };
        for deployment in list("apps/v1", "Deployment").await? {
            let image =
                deployment.data.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str).unwrap_or_default().to_owned();
            shop.lines.push(format!("Deployment/{:<21} {image}", deployment.name_any()));
            shop.images.push(image);
        }
        for ingress in list("networking.k8s.io/v1", "Ingress").await? {
            let host = ingress.data.pointer("/spec/rules/0/host").and_then(Value::as_str).unwrap_or_default();
            shop.lines.push(format!("Ingress/{:<24} {host}", ingress.name_any()));
        }
        for map in list("v1", "ConfigMap").await?.into_iter().filter(|m| m.name_any().starts_with("storefront")) {
            let banner = map.data.pointer("/data/BANNER").and_then(Value::as_str).unwrap_or_default();
            shop.lines.push(format!("ConfigMap/{:<22} {banner}", map.name_any()));
        }
        Ok(shop)
    }
}

/// What the second commit must have brought about.
pub(super) struct Shop {
    pub(super) lines: Vec<String>,
    images: Vec<String>,
    budgets: usize,
}

impl Shop {
    /// The demo is a check too: it fails when the cluster is not as the commit says.
    pub(super) fn check(&self) -> Result<()> {
        if !self.images.iter().any(|i| i == "example.com/shop/storefront:1.5.0") {
            bail!("the storefront does not run 1.5.0: {:?}", self.images);
        }
        if self.budgets != 0 {
            bail!("the disruption budget left the repository but is still in the cluster");
        }
        let maps = self.lines.iter().filter(|l| l.starts_with("ConfigMap/")).count();
        if maps != 1 {
            bail!("expected one generated ConfigMap, the old one pruned; there are {maps}");
        }
        Ok(())
    }
}

fn ready_condition(object: &DynamicObject) -> (String, String) {
    let conditions = object.data.pointer("/status/conditions").and_then(Value::as_array);
    let of = |type_: &str| conditions.and_then(|c| c.iter().find(|c| c["type"] == type_));
    let text = |condition: &Value, key: &str| condition[key].as_str().unwrap_or_default().lines().next().unwrap_or_default().to_owned();
    match (of("Ready"), of("Reconciling")) {
        (Some(ready), Some(reconciling)) if ready["status"] != "False" => (text(ready, "status"), text(reconciling, "message")),
        (Some(ready), _) => (text(ready, "status"), text(ready, "message")),
        _ => ("-".to_owned(), "waiting".to_owned()),
    }
}

fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}
