//! The source step: what opens the remote, and what it has now.

use ferroflux_api::contract::reason;
use ferroflux_api::source::{GitProvider, GitRepository};
use ferroflux_artifact::revision;
use ferroflux_conditions::types::FETCH_FAILED;
use ferroflux_git::{Checkout, CheckoutOptions, GitError, Reference, Remote, RemoteUrl};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use super::GitRepositories;
use super::credentials::{self, SecretData};
use crate::steps::Broken;

impl GitRepositories {
    /// The commit that the object asks for, fetched; `None` if it is the one that is stored and `unchanged_content` says
    /// that a rebuild would give the same artifact.
    pub(super) async fn fetch(&self, object: &GitRepository, remote: Remote, unchanged_content: bool) -> Result<Option<Checkout>, Broken> {
        let reference = reference(object);
        // A stored revision in the old form is the same revision (SRC-GIT-02).
        let stored = object.status.artifact.as_ref().filter(|_| unchanged_content).map(|a| revision::git_transform(&a.revision));
        let result = self.git.checkout(&remote, &reference, object.spec.recurse_submodules, stored.as_deref()).await;
        let checkout = result.map_err(|error| {
            let reason = match &error {
                GitError::Empty => reason::EMPTY_GIT_REPOSITORY,
                GitError::Credentials(_) => reason::AUTHENTICATION_FAILED,
                _ => reason::GIT_OPERATION_FAILED,
            };
            Broken::generic(FETCH_FAILED, reason, format!("failed to checkout and determine revision: {}", told(&remote, &error)))
        })?;
        match checkout {
            Some(checkout) if !object.spec.sparse_checkout.is_empty() => check_sparse(object, checkout).await.map(Some),
            checkout => Ok(checkout),
        }
    }

    /// The remote with its credentials; no request goes to it yet.
    pub(super) async fn remote(&self, object: &GitRepository) -> Result<Remote, Broken> {
        let auth_failed = |message: String| Broken::generic(FETCH_FAILED, reason::AUTHENTICATION_FAILED, message);
        let url = RemoteUrl::parse(&object.spec.url).map_err(|e| Broken::stalling(FETCH_FAILED, reason::URL_INVALID, e.to_string()))?;
        let secret = match &object.spec.secret_ref {
            Some(reference) => Some(self.secret(object, &reference.name).await?),
            None => None,
        };
        check_provider(object, secret.as_ref())?;
        let proxy = match &object.spec.proxy_secret_ref {
            Some(reference) => Some(credentials::proxy(&self.secret(object, &reference.name).await?).map_err(auth_failed)?),
            None => None,
        };
        let (auth, tls) = credentials::auth(&url, secret.as_ref()).map_err(auth_failed)?;
        let timeout = object.spec.timeout().as_std();
        let remote = Remote { url, auth, tls, proxy, ssh_algorithms: self.ssh_algorithms.clone(), timeout };
        remote.check().map_err(|e| match &secret {
            Some(secret) => auth_failed(format!("secret '{}': {e}", secret.name)),
            None => auth_failed(e.to_string()),
        })?;
        Ok(remote)
    }

    async fn secret(&self, object: &GitRepository, name: &str) -> Result<SecretData, Broken> {
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let api: Api<Secret> = Api::namespaced(self.process.client.clone(), namespace);
        let failed = |what: String| {
            Broken::generic(FETCH_FAILED, reason::AUTHENTICATION_FAILED, format!("failed to get secret '{namespace}/{name}': {what}"))
        };
        let secret =
            api.get_opt(name).await.map_err(|e| failed(e.to_string()))?.ok_or_else(|| failed(format!("secrets \"{name}\" not found")))?;
        let data = secret.data.unwrap_or_default().into_iter().map(|(k, v)| (k, v.0)).collect();
        Ok(SecretData { name: format!("{namespace}/{name}"), data })
    }
}

/// Refuses directories that the commit does not have (SRC-GIT-11).
async fn check_sparse(object: &GitRepository, checkout: Checkout) -> Result<Checkout, Broken> {
    let options = CheckoutOptions { sparse: object.spec.sparse_checkout.clone(), ..CheckoutOptions::default() };
    let failed = |what: String| Broken::generic(FETCH_FAILED, reason::GIT_OPERATION_FAILED, what);
    let check = move || checkout.check_sparse(&options).map(|()| checkout);
    tokio::task::spawn_blocking(check).await.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))
}

/// Refuses providers whose credentials this version cannot make, and App data without the provider (SRC-GIT-18).
fn check_provider(object: &GitRepository, secret: Option<&SecretData>) -> Result<(), Broken> {
    let provider = object.spec.provider.unwrap_or_default();
    let app = secret.is_some_and(credentials::is_github_app);
    let name = match provider {
        GitProvider::Generic if app => {
            let message = "secretRef has github app data but provider is not set to github";
            return Err(Broken::generic(FETCH_FAILED, reason::INVALID_PROVIDER_CONFIGURATION, message));
        }
        GitProvider::Generic => return Ok(()),
        GitProvider::Github if secret.is_none() => {
            let message = "secretRef with github app data must be specified when provider is set to github";
            return Err(Broken::stalling(FETCH_FAILED, reason::INVALID_PROVIDER_CONFIGURATION, message));
        }
        GitProvider::Github if !app => {
            let message = "secretRef with github app data must be specified when provider is set to github";
            return Err(Broken::generic(FETCH_FAILED, reason::INVALID_PROVIDER_CONFIGURATION, message));
        }
        GitProvider::Github => "github",
        GitProvider::Azure => "azure",
        GitProvider::Aws => "aws",
    };
    let message = format!("this version cannot log in with the provider '{name}' yet; use the provider 'generic' with a secret");
    Err(Broken::generic(FETCH_FAILED, reason::AUTHENTICATION_FAILED, message))
}

/// What the spec asks for, by the precedence of the code: commit, name, tag, semver, branch (SRC-GIT-01).
fn reference(object: &GitRepository) -> Reference {
    let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    let Some(spec) = &object.spec.reference else { return Reference::default() };
    if let Some(hash) = given(&spec.commit) {
        return Reference::Commit { hash, branch: given(&spec.branch) };
    }
    let name = given(&spec.name).map(Reference::Name);
    let tag = || given(&spec.tag).map(Reference::Tag);
    let range = || given(&spec.semver).map(Reference::SemVer);
    let branch = || given(&spec.branch).map(Reference::Branch);
    name.or_else(tag).or_else(range).or_else(branch).unwrap_or_default()
}

/// The error with the remote that it is about.
fn told(remote: &Remote, error: &GitError) -> String {
    match error {
        GitError::Empty | GitError::NoMatchingTag(_) | GitError::Credentials(_) | GitError::SparseDirectory(_) => error.to_string(),
        _ => format!("unable to clone '{}': {error}", remote.url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ferroflux_api::source::GitRepositoryRef;

    /// SRC-GIT-01: commit over name over tag over semver over branch; master if nothing is said.
    #[test]
    fn precedence() {
        let some = |t: &str| Some(t.to_owned());
        let mut spec = GitRepositoryRef { branch: some("b"), tag: some("t"), semver: some("s"), name: some("n"), commit: some("c") };
        let of = |spec: &GitRepositoryRef| {
            let mut object = GitRepository::default();
            object.spec.reference = Some(spec.clone());
            reference(&object)
        };
        assert_eq!(of(&spec), Reference::Commit { hash: "c".into(), branch: some("b") });
        spec.commit = some("");
        assert_eq!(of(&spec), Reference::Name("n".into()));
        spec.name = None;
        assert_eq!(of(&spec), Reference::Tag("t".into()));
        spec.tag = None;
        assert_eq!(of(&spec), Reference::SemVer("s".into()));
        spec.semver = None;
        assert_eq!(of(&spec), Reference::Branch("b".into()));
        assert_eq!(reference(&GitRepository::default()), Reference::Branch("master".into()));
    }

    /// SRC-GIT-18: App data and the provider github belong together; without a Secret only a change of the object helps.
    #[test]
    fn providers_are_checked() {
        let secret = |key: &str| SecretData { name: "ns/s".into(), data: [(key.to_owned(), b"1".to_vec())].into() };
        let (app, plain) = (secret("githubAppID"), secret("username"));
        let check = |provider, secret| {
            let mut object = GitRepository::default();
            object.spec.provider = provider;
            check_provider(&object, secret).err().map(|b| (b.failure.reason, b.failure.class))
        };
        let invalid = |class| Some(("InvalidProviderConfiguration".to_owned(), class));
        use ferroflux_conditions::FailureClass::{Generic, Stalling};
        assert_eq!(check(None, None), None);
        assert_eq!(check(Some(GitProvider::Generic), Some(&plain)), None);
        assert_eq!(check(None, Some(&app)), invalid(Generic));
        assert_eq!(check(Some(GitProvider::Github), None), invalid(Stalling));
        assert_eq!(check(Some(GitProvider::Github), Some(&plain)), invalid(Generic));
        for unsupported in [GitProvider::Azure, GitProvider::Aws] {
            assert_eq!(check(Some(unsupported), None), Some(("AuthenticationFailed".to_owned(), Generic)), "told, not ignored");
        }
    }
}
