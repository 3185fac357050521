//! Charts from OCI registries (HE-REPO-02): tags, manifests and layers by the distribution API, without credentials, with
//! a user and password, or with the token that a registry's own service gives for them.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ferroflux_helm_chart::repository::oci::{CHART, LEGACY_CHART, PROVENANCE, Reference, tag_to_version, version_to_tag};
use ferroflux_helm_chart::repository::{IndexEntry, IndexItem, Lookup};
use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LINK, WWW_AUTHENTICATE};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::download::{Access, Answer, Downloads, shown};
use super::repositories::home;

/// The type of an artifact's manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Pages of a list of tags that are followed.
const MAX_PAGES: usize = 1_000;

/// How registries are spoken to.
pub(super) struct Registries<'n> {
    pub(super) network: &'n Downloads,
    pub(super) access: Access,
    /// Speak http, not https.
    pub(super) plain_http: bool,
    /// The file with the users and passwords that `helm registry login` keeps.
    pub(super) config: Option<PathBuf>,
}

/// A chart that was fetched.
#[derive(Debug)]
pub(super) struct Pulled {
    /// The version that its tag says; empty if it was named by digest.
    pub(super) version: String,
    /// The packaged chart.
    pub(super) archive: Vec<u8>,
    /// Who made it, if the artifact says so.
    pub(super) provenance: Option<Vec<u8>>,
    /// Where it came from, as Helm says it.
    pub(super) summary: String,
}

impl Registries<'_> {
    /// Fetches the chart that `reference` names: by its digest, its tag or by `version`, which may be a range or empty.
    pub(super) fn pull(&self, reference: &str, version: &str) -> Result<Pulled> {
        let mut reference = Reference::parse(reference)?;
        if !version.is_empty() && !reference.tag.is_empty() {
            let tag = tag_to_version(&reference.tag);
            ensure!(tag == version, "chart reference and version mismatch: {version} is not {tag}");
        }
        if reference.digest.is_empty() && reference.tag.is_empty() {
            reference.tag = if is_exact(version) { version_to_tag(version) } else { version_to_tag(&self.highest(&reference, version)?) };
        }
        let session = Session { registries: self, reference: &reference, authorization: None };
        session.pull()
    }

    /// The version that `version`, which may be a range, means for the repository that `reference` names.
    pub(super) fn version(&self, reference: &str, version: &str) -> Result<String> {
        if is_exact(version) { Ok(version.to_owned()) } else { self.highest(&Reference::parse(reference)?, version) }
    }

    /// The highest version in range that a repository has a tag for.
    fn highest(&self, reference: &Reference, version: &str) -> Result<String> {
        let mut session = Session { registries: self, reference, authorization: None };
        let mut lookup = Lookup::new("", version).map_err(|e| anyhow!("{e}"))?;
        for tag in session.tags()? {
            let mut entry = IndexEntry::default();
            entry.metadata.version = tag_to_version(&tag);
            lookup.offer(IndexItem::Entry(Box::new(entry)));
        }
        let wanted = if version.is_empty() { "*" } else { version };
        let found = lookup.finish().map_err(|_| anyhow!("could not locate a version matching provided version string {wanted}"))?;
        Ok(found.metadata.version)
    }

    /// The user and password for a registry: those of the command line, else those that were stored for it.
    fn credentials(&self, registry: &str) -> Option<(String, String)> {
        if !self.access.username.is_empty() {
            return Some((self.access.username.clone(), self.access.password.clone()));
        }
        let own =
            self.config.clone().or_else(|| Some(home("HELM_CONFIG_HOME", "XDG_CONFIG_HOME", ".config")?.join("registry/config.json")));
        let docker = std::env::home_dir().map(|home| home.join(".docker/config.json"));
        own.into_iter().chain(docker).find_map(|path| {
            let config: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
            let pair = String::from_utf8(STANDARD.decode(config["auths"][registry]["auth"].as_str()?).ok()?).ok()?;
            pair.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
        })
    }
}

/// Whether a version names one tag, so that no list is needed.
fn is_exact(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    core.split('.').count() == 3 && core.split('.').all(number) && !version.contains(' ')
}

/// Requests about one repository, which share what the registry takes as proof.
struct Session<'r> {
    registries: &'r Registries<'r>,
    reference: &'r Reference,
    authorization: Option<HeaderValue>,
}

impl Session<'_> {
    fn pull(mut self) -> Result<Pulled> {
        let Reference { registry, repository, tag, digest } = self.reference;
        let wanted = if digest.is_empty() { tag } else { digest };
        let named = if digest.is_empty() { format!("{registry}/{repository}:{tag}") } else { format!("{registry}/{repository}@{digest}") };
        let address = self.address(&format!("manifests/{wanted}"));
        let answer = self.get(&address).context("failed to perform \"FetchReference\" on source")?;
        ensure!(answer.status != 404, "failed to perform \"FetchReference\" on source: {named}: not found");
        let manifest = accepted(&address, answer).context("failed to perform \"FetchReference\" on source")?;
        let found = sha256(&manifest);
        ensure!(digest.is_empty() || *digest == found, "{named}: the registry sent a manifest with the digest {found}");
        let manifest: Value = serde_json::from_slice(&manifest).with_context(|| format!("manifest of {named}"))?;
        let layers = manifest["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of_type = |wanted: &[&str]| layers.iter().find(|layer| layer["mediaType"].as_str().is_some_and(|kind| wanted.contains(&kind)));
        let chart = of_type(&[CHART, LEGACY_CHART])
            .with_context(|| format!("{named}: manifest does not contain a layer with mediatype {CHART}"))?;
        let archive = self.layer(chart)?;
        let provenance = of_type(&[PROVENANCE]).map(|layer| self.layer(layer)).transpose()?;
        let summary = format!("Pulled: {named}\nDigest: {found}\n");
        Ok(Pulled { version: tag_to_version(tag), archive, provenance, summary })
    }

    /// The bytes of a layer, whose digest must be the one in the manifest.
    fn layer(&mut self, layer: &Value) -> Result<Vec<u8>> {
        let digest = layer["digest"].as_str().unwrap_or_default();
        ensure!(
            digest.strip_prefix("sha256:").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())),
            "layer without a SHA-256: {digest:?}"
        );
        let address = self.address(&format!("blobs/{digest}"));
        let bytes = accepted(&address, self.get(&address)?)?;
        let found = sha256(&bytes);
        ensure!(found.eq_ignore_ascii_case(digest), "layer {digest}: the registry sent bytes with the digest {found}");
        Ok(bytes)
    }

    fn tags(&mut self) -> Result<Vec<String>> {
        let mut tags = Vec::new();
        let mut address = self.address("tags/list");
        for _ in 0..MAX_PAGES {
            let answer = self.get(&address)?;
            let next = next_page(&address, &answer.headers);
            let page: Value = serde_json::from_slice(&accepted(&address, answer)?).with_context(|| format!("list of tags at {address}"))?;
            tags.extend(page["tags"].as_array().into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned)));
            match next {
                Some(next) => address = next,
                None => return Ok(tags),
            }
        }
        bail!("the list of tags at {address} does not end")
    }

    fn address(&self, rest: &str) -> String {
        let scheme = if self.registries.plain_http { "http" } else { "https" };
        format!("{scheme}://{}/v2/{}/{rest}", self.reference.registry, self.reference.repository)
    }

    /// A GET; if the registry asks for proof, that is fetched and kept.
    fn get(&mut self, address: &str) -> Result<Answer> {
        let answer = self.ask(address)?;
        if answer.status != 401 || self.authorization.is_some() {
            return Ok(answer);
        }
        let challenge = answer.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        self.authorization = self.authorize(challenge)?;
        if self.authorization.is_none() { Ok(answer) } else { self.ask(address) }
    }

    fn ask(&self, address: &str) -> Result<Answer> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(if address.contains("/manifests/") { MANIFEST } else { "*/*" }));
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        // User and password go where the challenge says, not along with every request.
        let anonymous = Access { username: String::new(), password: String::new(), ..self.registries.access.clone() };
        self.registries.network.ask(address, &anonymous, headers)
    }

    /// What answers a challenge; nothing if there is nothing to answer with.
    fn authorize(&self, challenge: &str) -> Result<Option<HeaderValue>> {
        let credentials = self.registries.credentials(&self.reference.registry);
        let (scheme, parameters) = challenge.split_once(' ').unwrap_or((challenge, ""));
        let text = match scheme.to_ascii_lowercase().as_str() {
            "basic" => credentials.map(|(user, password)| format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))),
            "bearer" => Some(format!("Bearer {}", self.token(parameters, credentials)?)),
            _ => None,
        };
        text.map(|text| {
            let mut value = HeaderValue::try_from(text).map_err(|_| anyhow!("the registry's token is no header"))?;
            value.set_sensitive(true);
            Ok(value)
        })
        .transpose()
    }

    fn token(&self, parameters: &str, credentials: Option<(String, String)>) -> Result<String> {
        let realm = parameter(parameters, "realm").context("the registry names no service for tokens")?;
        let mut url = Url::parse(&realm).with_context(|| format!("the registry's service for tokens, {:?}", shown(&realm)))?;
        ensure!(
            url.scheme() == "https" || self.registries.plain_http,
            "the registry's service for tokens does not speak https: {:?}",
            shown(&realm)
        );
        let scope = parameter(parameters, "scope").unwrap_or_else(|| format!("repository:{}:pull", self.reference.repository));
        if let Some(service) = parameter(parameters, "service") {
            url.query_pairs_mut().append_pair("service", &service);
        }
        url.query_pairs_mut().append_pair("scope", &scope);
        let (username, password) = credentials.unwrap_or_default();
        let access = Access { username, password, ..self.registries.access.clone() };
        let answer: Value =
            serde_json::from_slice(&self.registries.network.get(url.as_str(), &access)?).context("token of the registry")?;
        let token = ["token", "access_token"].iter().find_map(|key| answer[key].as_str());
        Ok(token.context("the registry's service for tokens gave none")?.to_owned())
    }
}

/// The body of an answer that is no refusal.
fn accepted(address: &str, answer: Answer) -> Result<Vec<u8>> {
    if answer.status == 200 {
        return Ok(answer.body);
    }
    let refusal: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let first = &refusal["errors"][0];
    let why = match (first["code"].as_str(), first["message"].as_str()) {
        (Some(code), message) => format!(": {}: {}", code.to_lowercase().replace('_', " "), message.unwrap_or_default()),
        _ => format!(": {}", super::download::status_line(answer.status)),
    };
    bail!("GET {address:?}: response status code {}{why}", answer.status)
}

/// The address of the next page, of the same server.
fn next_page(address: &str, headers: &HeaderMap) -> Option<String> {
    let link = headers.get(LINK)?.to_str().ok()?;
    let (target, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    let here = Url::parse(address).ok()?;
    let next = here.join(target).ok()?;
    (relation.contains("next") && next.origin() == here.origin()).then(|| next.to_string())
}

/// A parameter of a challenge: `name="value"` between commas.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let mut rest = parameters.trim_start();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value.to_owned());
        }
        rest = after.trim_start_matches([',', ' ']);
    }
    None
}

fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    use super::{is_exact, parameter};

    /// HE-REPO-02: commas inside quotes belong to the value.
    #[test]
    fn challenges() {
        let text = "realm=\"https://auth.example/token\",service=registry, scope=\"repository:a/b:pull,push\"";
        assert_eq!(parameter(text, "realm").as_deref(), Some("https://auth.example/token"));
        assert_eq!(parameter(text, "Service").as_deref(), Some("registry"));
        assert_eq!(parameter(text, "scope").as_deref(), Some("repository:a/b:pull,push"));
        assert_eq!(parameter("realm=\"open", "realm"), None);
        assert_eq!(parameter("", "realm"), None);
    }

    /// HE-REPO-02: one version is a tag, anything else needs the list.
    #[test]
    fn exact_versions() {
        assert!(["1.0.0", "1.0.0-rc.1+b.2"].into_iter().all(is_exact));
        assert!(!["", "1", "1.2", "^1.0.0", "1.0.x", ">=1.0.0", "1.0.0 - 2.0.0", "v1.0.0", "1.0.0 || 2.0.0"].into_iter().any(is_exact));
    }
}
