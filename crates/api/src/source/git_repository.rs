//! `GitRepository`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATEGORIES, DEFAULT_TIMEOUT, VERSION};
use crate::contract::group;
use crate::resource::{Column, custom_resource, reconciled, source};
use crate::schema::{self, DURATION_PATTERN, SHORT_DURATION_PATTERN};
use crate::serde_skip::{is_false, is_zero};
use crate::{Artifact, Condition, Duration, LocalObjectReference};

custom_resource! {
    /// A branch, tag or commit of a Git repository, offered as an artifact.
    GitRepository: group::SOURCE, VERSION, "gitrepositories",
    short_names: &["gitrepo"],
    categories: CATEGORIES,
    columns: &[Column::text("URL", ".spec.url"), Column::AGE, Column::READY, Column::STATUS],
    spec: GitRepositorySpec,
    status: GitRepositoryStatus,
}
reconciled!(GitRepository);
source!(GitRepository);

/// Which repository is fetched, how often, and what of it goes into the artifact.
// SRC-GIT
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "!has(self.serviceAccountName) || (has(self.provider) && (self.provider == 'azure' || self.provider == 'aws'))",
    "message": "serviceAccountName can only be set when provider is 'azure' or 'aws'",
}]))]
pub struct GitRepositorySpec {
    /// Address of the repository: http, https or ssh.
    #[schemars(regex(pattern = "^(http|https|ssh)://.*$"))]
    pub url: String,
    /// Secret with the credentials: `username` and `password`, or `bearerToken`; `identity` and `known_hosts` for SSH;
    /// `ca.crt`, `tls.crt` and `tls.key` for TLS; or the `githubApp…` keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalObjectReference>,
    /// Whose identity to log in with; `generic`, the default, uses the Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<GitProvider>,
    /// Service account whose identity is exchanged for access at the provider. Only for the providers azure and aws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// How often the remote is asked for news, with some jitter.
    #[schemars(regex(pattern = DURATION_PATTERN))]
    pub interval: Duration,
    /// How long one Git operation may take; 60s if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SHORT_DURATION_PATTERN), extend("default" = "60s"))]
    pub timeout: Option<Duration>,
    /// What to check out; the branch `master` if not set.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<GitRepositoryRef>,
    /// Which signatures must be good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<GitRepositoryVerification>,
    /// Secret with the proxy's `address` and, where it asks for them, `username` and `password`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalObjectReference>,
    /// Patterns of files to leave out, in the syntax of .gitignore. They replace the default patterns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<String>,
    /// Stop reconciling; the artifact stays as it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Also fetch submodules, and theirs.
    #[serde(default, skip_serializing_if = "is_false")]
    pub recurse_submodules: bool,
    /// Other GitRepositories whose artifacts are copied into this one, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<GitRepositoryInclude>,
    /// Directories to check out; all if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sparse_checkout: Vec<String>,
}

impl GitRepositorySpec {
    /// The timeout, or the default where it is not set.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }
}

/// Whose identity a Git server is logged in to with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GitProvider {
    /// The credentials of the Secret.
    #[default]
    Generic,
    /// AWS CodeCommit.
    Aws,
    /// Azure DevOps.
    Azure,
    /// A GitHub App.
    Github,
}

/// What to check out. If several are set: commit, then name, tag, semver, branch.
// SRC-GIT-01
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct GitRepositoryRef {
    /// Branch to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Tag to check out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Range of versions; the highest tag in it is checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// Full name of a reference, such as `refs/heads/main` or `refs/pull/420/head`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Hash of a commit. With a branch, the commit is looked for on that branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// Which signatures must be good.
// SRC-GIT-14, SRC-GIT-15
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitRepositoryVerification {
    /// What must be signed: the commit (`HEAD`), the annotated tag (`Tag`), or both (`TagAndHEAD`).
    #[serde(default)]
    pub mode: GitVerificationMode,
    /// Secret with the public keys of the people who may sign: PGP under names that end in `.asc`, SSH in `.sshpub`.
    pub secret_ref: LocalObjectReference,
}

/// What of a checkout must be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum GitVerificationMode {
    /// The same as `HEAD`, in its older spelling.
    #[serde(rename = "head")]
    LowercaseHead,
    /// The commit.
    #[default]
    #[serde(rename = "HEAD")]
    Head,
    /// The annotated tag.
    Tag,
    /// The annotated tag and the commit.
    #[serde(rename = "TagAndHEAD")]
    TagAndHead,
}

/// Another repository's artifact, or a part of it, that is copied into this one.
// SRC-GIT-12
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitRepositoryInclude {
    /// GitRepository in the same namespace.
    pub repository: LocalObjectReference,
    /// What to copy; all if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_path: Option<String>,
    /// Where to copy it to; a directory named for the repository if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_path: Option<String>,
}

/// What the controller observed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = { "observedGeneration": -1 }))]
pub struct GitRepositoryStatus {
    /// Generation that was last reconciled to an end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// State of the object, aspect by aspect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
    /// The artifact that is offered now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Artifacts that were copied into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included_artifacts: Vec<Artifact>,
    /// Ignore patterns with which the artifact was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_ignore: Option<String>,
    /// Whether the artifact was made with submodules.
    #[serde(default, skip_serializing_if = "is_false")]
    pub observed_recurse_submodules: bool,
    /// Includes with which the artifact was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed_include: Vec<GitRepositoryInclude>,
    /// Directories with which the artifact was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed_sparse_checkout: Vec<String>,
    /// What was verified last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_verification_mode: Option<String>,
    /// Value of the annotation reconcile.fluxcd.io/requestedAt that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}
