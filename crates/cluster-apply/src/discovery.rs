//! Which kinds the cluster serves, and under which paths.
//!
//! Read in two requests when the first object is looked up, and again when a kind is not known: a CustomResourceDefinition
//! may have been added since, perhaps by the same run (KC-IMP-05). Only names are kept, not the documents.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ferroflux_manifest::ObjectRef;
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::ApiError;

/// How a kind is addressed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiResource {
    /// API group, `""` for the core group.
    pub group: Arc<str>,
    /// API version.
    pub version: Arc<str>,
    /// Plural name, as it stands in paths.
    pub plural: Arc<str>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

impl ApiResource {
    /// The path of the collection, or of an object in it.
    pub fn path(&self, namespace: &str, name: Option<&str>) -> String {
        let mut path =
            if self.group.is_empty() { format!("/api/{}", self.version) } else { format!("/apis/{}/{}", self.group, self.version) };
        if self.namespaced && !namespace.is_empty() {
            path.push_str("/namespaces/");
            path.push_str(&encode(namespace));
        }
        path.push('/');
        path.push_str(&self.plural);
        if let Some(name) = name {
            path.push('/');
            path.push_str(&encode(name));
        }
        path
    }
}

/// Percent-encodes what must not stand in a path segment.
fn encode(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:@!$&'()*+,;=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Lookups that miss do not ask the cluster more often than this.
const REFRESH_EVERY: Duration = Duration::from_secs(2);

type GroupKind = (Arc<str>, Arc<str>);

#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// The versions of each kind, the preferred one first.
    kinds: RwLock<HashMap<GroupKind, Vec<ApiResource>>>,
    refreshed: Mutex<Option<Instant>>,
}

impl Discovery {
    /// The resource of an object: of its version, or of the preferred one where the object names none.
    pub(crate) async fn resource(&self, client: &Client, object: &ObjectRef) -> Result<ApiResource, ApiError> {
        if let Some(known) = self.known(object) {
            return Ok(known);
        }
        self.refresh(client).await?;
        self.known(object).ok_or_else(|| ApiError::NoSuchKind { kind: object.kind.clone(), api_version: object.api_version() })
    }

    fn known(&self, object: &ObjectRef) -> Option<ApiResource> {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        let versions = kinds.get(&(Arc::from(object.group.as_str()), Arc::from(object.kind.as_str())))?;
        if object.version.is_empty() { versions.first().cloned() } else { versions.iter().find(|r| *r.version == *object.version).cloned() }
    }

    /// Takes in what a CustomResourceDefinition that was just applied defines, without asking.
    pub(crate) fn learn_definition(&self, definition: &serde_json::Value) {
        let text = |pointer: &str| definition.pointer(pointer).and_then(serde_json::Value::as_str);
        let (Some(group), Some(kind), Some(plural)) = (text("/spec/group"), text("/spec/names/kind"), text("/spec/names/plural")) else {
            return;
        };
        let (group, kind): (Arc<str>, Arc<str>) = (group.into(), kind.into());
        let namespaced = text("/spec/scope") == Some("Namespaced");
        let served = definition.pointer("/spec/versions").and_then(serde_json::Value::as_array).into_iter().flatten();
        let versions: Vec<ApiResource> = served
            .filter(|v| v["served"] == true)
            .filter_map(|v| v["name"].as_str())
            .map(|version| ApiResource { group: group.clone(), version: version.into(), plural: plural.into(), namespaced })
            .collect();
        let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        let known = kinds.entry((group, kind)).or_default();
        // The order of discovery is the order of preference: new versions are added behind it.
        known.retain(|old| versions.iter().any(|new| new == old));
        for version in versions {
            if !known.contains(&version) {
                known.push(version);
            }
        }
    }

    async fn refresh(&self, client: &Client) -> Result<(), ApiError> {
        let mut refreshed = self.refreshed.lock().await;
        if refreshed.is_some_and(|at| at.elapsed() < REFRESH_EVERY) {
            return Ok(());
        }
        let mut kinds: HashMap<_, Vec<ApiResource>> = HashMap::new();
        for path in ["/api", "/apis"] {
            for group in aggregated(client, path).await?.items {
                let name: Arc<str> = group.metadata.name.into();
                for version in group.versions {
                    let version_name: Arc<str> = version.version.into();
                    for resource in version.resources {
                        let Some(kind) = resource.response_kind.kind.filter(|k| !k.is_empty()) else { continue };
                        let resource = ApiResource {
                            group: name.clone(),
                            version: version_name.clone(),
                            plural: resource.resource.into(),
                            namespaced: resource.scope == "Namespaced",
                        };
                        kinds.entry((name.clone(), Arc::from(kind))).or_default().push(resource);
                    }
                }
            }
        }
        *self.kinds.write().unwrap_or_else(PoisonError::into_inner) = kinds;
        *refreshed = Some(Instant::now());
        Ok(())
    }
}

async fn aggregated(client: &Client, path: &str) -> Result<Groups, ApiError> {
    let request = http::Request::get(path)
        .header(http::header::ACCEPT, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
        .body(Body::empty())
        .map_err(kube::Error::HttpError)?;
    let answer = crate::api::read(client.send(request).await?).await?;
    serde_json::from_slice(&answer.body).map_err(|e| kube::Error::SerdeError(e).into())
}

#[derive(Deserialize)]
struct Groups {
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource: String,
    #[serde(default)]
    response_kind: ResponseKind,
    #[serde(default)]
    scope: String,
}

#[derive(Deserialize, Default)]
struct ResponseKind {
    #[serde(default)]
    kind: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    fn definition(versions: &[(&str, bool)]) -> serde_json::Value {
        let versions: Vec<_> = versions.iter().map(|(name, served)| json!({"name": name, "served": served})).collect();
        json!({"spec": {"group": "x.io", "scope": "Namespaced", "names": {"kind": "Foo", "plural": "foos"}, "versions": versions}})
    }

    /// KC-IMP-05: a kind is known as soon as its definition was applied, in the versions that are served.
    #[test]
    fn learns_from_definitions() {
        let discovery = Discovery::default();
        let known = |version: &str| discovery.known(&ObjectRef::new(&format!("x.io/{version}"), "Foo", "ns", "a"));
        discovery.learn_definition(&definition(&[("v1", true), ("v1alpha1", false)]));
        assert_eq!(known("v1").unwrap().path("ns", Some("a")), "/apis/x.io/v1/namespaces/ns/foos/a");
        assert_eq!(known("v1alpha1"), None);
        discovery.learn_definition(&definition(&[("v1", true), ("v2", true)]));
        assert!(known("v2").is_some());
        let preferred = discovery.known(&ObjectRef { version: String::new(), ..ObjectRef::new("x.io/v1", "Foo", "ns", "a") });
        assert_eq!(&*preferred.unwrap().version, "v1");
        discovery.learn_definition(&definition(&[("v2", true)]));
        assert_eq!(known("v1"), None);
    }

    /// Names of users cannot leave their segment of the path.
    #[test]
    fn paths() {
        let resource =
            |group: &str, namespaced| ApiResource { group: group.into(), version: "v1".into(), plural: "things".into(), namespaced };
        assert_eq!(resource("", true).path("ns", None), "/api/v1/namespaces/ns/things");
        assert_eq!(resource("x.io", false).path("ns", Some("a:b")), "/apis/x.io/v1/things/a:b");
        assert_eq!(resource("", true).path("n/s", Some("../x?y#z")), "/api/v1/namespaces/n%2Fs/things/..%2Fx%3Fy%23z");
    }
}
