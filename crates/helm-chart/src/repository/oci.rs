//! Charts in OCI registries: what an artifact is made of, how versions become tags, and how a chart is referred to
//! (HE-REPO-02). Nothing is fetched here.

use std::collections::BTreeMap;

use crate::metadata::Metadata;

/// The media type of a chart's configuration, which is its metadata in JSON.
pub const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// The media type of the layer with the packaged chart.
pub const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The media type that early versions of Helm gave to that layer.
pub const LEGACY_CHART: &str = "application/tar+gzip";
/// The media type of the layer with the provenance file.
pub const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// The tag for a version: tags cannot hold `+`.
pub fn version_to_tag(version: &str) -> String {
    version.replace('+', "_")
}

/// The version of a tag.
pub fn tag_to_version(tag: &str) -> String {
    tag.replace('_', "+")
}

/// The annotations of an artifact's manifest. `created` is a time in the form of RFC 3339. A chart's own annotations go
/// in too, except over title and version.
pub fn annotations(metadata: &Metadata, created: &str) -> BTreeMap<String, String> {
    const PREFIX: &str = "org.opencontainers.image.";
    let author = |name: &str, email: &str| if email.is_empty() { name.to_owned() } else { format!("{name} ({email})") };
    let authors: Vec<String> = metadata.maintainers.iter().map(|m| author(&m.name, &m.email)).collect();
    let known = [
        ("description", metadata.description.as_str()),
        ("title", &metadata.name),
        ("version", &metadata.version),
        ("url", &metadata.home),
        ("created", created),
        ("source", metadata.sources.first().map_or("", String::as_str)),
        ("authors", &authors.join(", ")),
    ];
    let mut all: BTreeMap<String, String> = known
        .into_iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(key, value)| (format!("{PREFIX}{key}"), value.to_owned()))
        .collect();
    for (key, value) in &metadata.annotations {
        if !matches!(key.strip_prefix(PREFIX), Some("title" | "version")) {
            all.insert(key.clone(), value.clone());
        }
    }
    all
}

/// A reference that is not of the form `oci://host/repository[:tag][@digest]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid OCI reference {0:?}: expected oci://host/repository[:tag][@algorithm:hex]")]
pub struct ReferenceError(pub String);

/// A chart in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The host, with its port if there is one.
    pub registry: String,
    /// The path of the repository.
    pub repository: String,
    /// The tag, as the registry knows it; may be empty.
    pub tag: String,
    /// The digest; may be empty. It counts more than the tag.
    pub digest: String,
}

impl Reference {
    /// Reads a reference, with or without `oci://`. A `+` in the tag becomes `_`.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let refuse = || ReferenceError(text.to_owned());
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        let (rest, digest) = rest.rsplit_once('@').map_or((rest, ""), |(rest, digest)| (rest, digest));
        let (registry, path) = rest.split_once('/').ok_or_else(refuse)?;
        let (repository, tag) = path.rsplit_once(':').unwrap_or((path, ""));
        let tag = version_to_tag(tag);
        let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
        let name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && part.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'))
        };
        let tagged = tag.len() <= 128
            && !tag.starts_with(['.', '-'])
            && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
            && (!tag.is_empty() || !path.ends_with(':'));
        let hex = |digest: &str| {
            digest.split_once(':').is_some_and(|(algorithm, hex)| match algorithm {
                "sha256" => hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()),
                "sha512" => hex.len() == 128 && hex.bytes().all(|b| b.is_ascii_hexdigit()),
                _ => false,
            })
        };
        let pinned = hex(digest) || digest.is_empty() && !text.ends_with('@');
        if registry.is_empty() || !registry.chars().all(host) || !repository.split('/').all(name) || !tagged || !pinned {
            return Err(refuse());
        }
        Ok(Self { registry: registry.to_owned(), repository: repository.to_owned(), tag, digest: digest.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Reference, annotations, tag_to_version, version_to_tag};
    use crate::metadata::{DecodeError, Metadata};

    /// HE-REPO-02: references with and without scheme, port, tag and digest; a plus is an underscore in tags.
    #[test]
    fn references() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let parse = |text: &str| Reference::parse(text).map(|r| [r.registry, r.repository, r.tag, r.digest].join(" "));
        assert_eq!(parse("oci://example.com/charts/app:1.0.0+b1").as_deref(), Ok("example.com charts/app 1.0.0_b1 "));
        assert_eq!(parse("localhost:5000/app").as_deref(), Ok("localhost:5000 app  "));
        assert_eq!(parse(&format!("oci://h/a/b:1@{digest}")), Ok(format!("h a/b 1 {digest}")));
        for bad in [
            "oci://host",
            "oci:///app",
            "oci://h/../app",
            "oci://h/App",
            "oci://h/app:",
            "oci://h/app@",
            "oci://h/app@sha256:ab",
            "oci://h/app:a b",
            "oci://h//a",
            "oci://h/a?x=1",
            "",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(tag_to_version(&version_to_tag("1.0.0-rc.1+build.5")), "1.0.0-rc.1+build.5");
    }

    /// HE-REPO-02: annotations from the metadata; a chart's own cannot change title and version.
    #[test]
    fn manifest_annotations() -> Result<(), DecodeError> {
        let text = "name: app\nversion: 1.0.0\nhome: https://example.com\nsources: [a, b]\nmaintainers: [{name: x, email: x@y.z}, {name: w}]\nannotations:\n  org.opencontainers.image.title: other\n  org.opencontainers.image.url: mine\n  own: value\n";
        let found = annotations(&Metadata::parse(text.as_bytes())?, "2024-01-01T00:00:00Z");
        let lines: Vec<String> =
            found.into_iter().map(|(k, v)| format!("{}={v}", k.trim_start_matches("org.opencontainers.image."))).collect();
        assert_eq!(
            lines,
            ["authors=x (x@y.z), w", "created=2024-01-01T00:00:00Z", "source=a", "title=app", "url=mine", "version=1.0.0", "own=value"]
        );
        Ok(())
    }
}
