//! What a cluster can do, as templates see it (HE-CAP-01, HE-CAP-02, HE-RND-04).

use std::collections::BTreeSet;

use ferroflux_go_template::objects::{Capabilities, HelmVersion, KubeVersion};
use ferroflux_go_template::strconv::quote;
use ferroflux_semver_go::{Constraints, Version};

/// Groups and versions that the built-in client library of Helm 4.2 knows, in its order.
const BUILT_IN: [(&str, &[&str]); 23] = [
    ("", &["v1"]),
    ("admissionregistration.k8s.io/", &["v1", "v1alpha1", "v1beta1"]),
    ("internal.apiserver.k8s.io/", &["v1alpha1"]),
    ("apps/", &["v1", "v1beta1", "v1beta2"]),
    ("authentication.k8s.io/", &["v1", "v1alpha1", "v1beta1"]),
    ("authorization.k8s.io/", &["v1", "v1beta1"]),
    ("autoscaling/", &["v1", "v2"]),
    ("batch/", &["v1", "v1beta1"]),
    ("certificates.k8s.io/", &["v1", "v1beta1", "v1alpha1"]),
    ("coordination.k8s.io/", &["v1alpha2", "v1beta1", "v1"]),
    ("discovery.k8s.io/", &["v1", "v1beta1"]),
    ("events.k8s.io/", &["v1", "v1beta1"]),
    ("extensions/", &["v1beta1"]),
    ("flowcontrol.apiserver.k8s.io/", &["v1", "v1beta1", "v1beta2", "v1beta3"]),
    ("networking.k8s.io/", &["v1", "v1beta1"]),
    ("node.k8s.io/", &["v1", "v1alpha1", "v1beta1"]),
    ("policy/", &["v1", "v1beta1"]),
    ("rbac.authorization.k8s.io/", &["v1", "v1beta1", "v1alpha1"]),
    ("resource.k8s.io/", &["v1", "v1beta2", "v1beta1", "v1alpha3"]),
    ("scheduling.k8s.io/", &["v1alpha2", "v1beta1", "v1"]),
    ("storage.k8s.io/", &["v1beta1", "v1", "v1alpha1"]),
    ("storagemigration.k8s.io/", &["v1beta1"]),
    ("apiextensions.k8s.io/", &["v1beta1", "v1"]),
];

/// What `helm template` assumes without a cluster: Kubernetes 1.36 and the API versions of its client library.
pub fn offline_capabilities() -> Capabilities {
    let versions = BUILT_IN.iter().flat_map(|(group, versions)| versions.iter().map(move |v| format!("{group}{v}")));
    Capabilities {
        kube_version: KubeVersion {
            version: "v1.36.0".to_owned(),
            major: "1".to_owned(),
            minor: "36".to_owned(),
            normalized: "v1.36.0".to_owned(),
        },
        api_versions: versions.collect(),
        helm_version: HelmVersion {
            version: "v4.2".to_owned(),
            git_commit: String::new(),
            git_tree_state: String::new(),
            go_version: "go1.26.8".to_owned(),
            kube_client_version: "v1.36".to_owned(),
        },
    }
}

/// What a cluster says that it can do: its version as it gives it (`v1.30.2-gke.5`, with the numbers beside it) and, for each
/// `group/version`, the kinds of its resources. Templates then find `apps/v1` and `apps/v1/Deployment`; a range of
/// `kubeVersion` sees the version with what stands behind its numbers (HE-CAP-01, HE-RND-04). Ask the cluster once for an
/// action, and leave out groups that do not answer.
pub fn cluster_capabilities<'k, K>(version: &str, major: &str, minor: &str, groups: impl IntoIterator<Item = (&'k str, K)>) -> Capabilities
where
    K: IntoIterator<Item = &'k str>,
{
    let mut api_versions = Vec::new();
    let mut kinds = BTreeSet::new();
    for (group_version, of_group) in groups {
        api_versions.push(group_version.to_owned());
        kinds.extend(of_group.into_iter().map(|kind| format!("{group_version}/{kind}")));
    }
    api_versions.extend(kinds);
    Capabilities {
        kube_version: KubeVersion {
            version: version.to_owned(),
            major: major.to_owned(),
            minor: minor.to_owned(),
            normalized: version.to_owned(),
        },
        api_versions,
        ..offline_capabilities()
    }
}

/// A `--kube-version` that is no version. The texts are Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KubeVersionError {
    /// There are no digits where a version has them.
    #[error("could not parse {} as version", quote(.0))]
    NotAVersion(String),
    /// One number is not enough.
    #[error("illegal version string {}", quote(.0))]
    TooShort(String),
    /// A leading zero.
    #[error("illegal zero-prefixed version component {} in {}", quote(.component), quote(.version))]
    ZeroPrefix {
        /// The number.
        component: String,
        /// The whole text.
        version: String,
    },
    /// A number beyond 64 bits.
    #[error(
        "illegal non-numeric version component {0} in {1}: strconv.ParseUint: parsing {0}: value out of range",
        quote(.component), quote(.version)
    )]
    TooLarge {
        /// The number.
        component: String,
        /// The whole text.
        version: String,
    },
}

/// Reads a Kubernetes version as `--kube-version` gives it (`1.27`, `v1.30.2-gke.5`): the suffix is kept for display and
/// left out for constraints.
pub fn parse_kube_version(text: &str) -> Result<KubeVersion, KubeVersionError> {
    let rest = text.trim_start();
    let rest = rest.strip_prefix('v').unwrap_or(rest);
    let mut end = 0;
    let bytes = rest.as_bytes();
    while end < bytes.len() {
        let digits = bytes[end..].iter().take_while(|b| b.is_ascii_digit()).count();
        end += digits;
        if digits > 0 && bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end += 1;
        } else {
            break;
        }
    }
    let numbers = &rest[..end];
    if numbers.is_empty() || rest[end..].contains('\n') {
        return Err(KubeVersionError::NotAVersion(text.to_owned()));
    }
    let components: Vec<&str> = numbers.split('.').collect();
    let [major, minor, ..] = components.as_slice() else { return Err(KubeVersionError::TooShort(text.to_owned())) };
    if major.len() > 1 && major.starts_with('0') {
        return Err(KubeVersionError::ZeroPrefix { component: (*major).to_owned(), version: text.to_owned() });
    }
    let number = |component: &str| {
        component.parse::<u64>().map_err(|_| KubeVersionError::TooLarge { component: component.to_owned(), version: text.to_owned() })
    };
    let normalized = components.iter().map(|c| number(c).map(|n| n.to_string())).collect::<Result<Vec<_>, _>>()?.join(".");
    Ok(KubeVersion {
        version: if text.starts_with('v') { text.to_owned() } else { format!("v{text}") },
        major: number(major)?.to_string(),
        minor: number(minor)?.to_string(),
        normalized: format!("v{normalized}"),
    })
}

/// Whether `version` satisfies `range`; what cannot be read is not satisfied.
pub(crate) fn in_range(range: &str, version: &str) -> bool {
    match (Constraints::parse(range), Version::parse(version)) {
        (Ok(range), Ok(version)) => range.check(&version),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{KubeVersionError, in_range, offline_capabilities, parse_kube_version};

    /// HE-CAP-02, HE-RND-04: suffixes are shown but do not take part in constraints.
    #[test]
    fn kube_versions() -> Result<(), KubeVersionError> {
        let gke = parse_kube_version("1.30.2-gke.5")?;
        assert_eq!(
            (gke.version.as_str(), gke.normalized.as_str(), gke.major.as_str(), gke.minor.as_str()),
            ("v1.30.2-gke.5", "v1.30.2", "1", "30")
        );
        assert!(in_range(">=1.25", &gke.normalized) && !in_range(">=1.25", &gke.version) && in_range(">=1.25-0", &gke.version));
        assert_eq!(parse_kube_version("v1.27")?.normalized, "v1.27");
        assert_eq!(parse_kube_version("nope").map_err(|e| e.to_string()).err().as_deref(), Some(r#"could not parse "nope" as version"#));
        assert!(parse_kube_version("1").is_err() && parse_kube_version("01.2").is_err() && parse_kube_version("").is_err());
        Ok(())
    }

    /// HE-CAP-02: order and number of the built-in API versions.
    #[test]
    fn built_in_versions() {
        let versions = offline_capabilities().api_versions;
        assert_eq!(versions.len(), 55);
        assert_eq!((versions[0].as_str(), versions[5].as_str(), versions[54].as_str()), ("v1", "apps/v1", "apiextensions.k8s.io/v1"));
    }
}
