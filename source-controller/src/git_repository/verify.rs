//! The verification step: whether somebody whom the object trusts signed what was fetched (SRC-GIT-14…16).

use std::time::SystemTime;

use ferroflux_api::contract::reason;
use ferroflux_api::source::{GitRepository, GitVerificationMode};
use ferroflux_conditions::types::SOURCE_VERIFIED;
use ferroflux_git::{Checkout, Keys, Signed};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use super::GitRepositories;
use crate::steps::Broken;

/// What is verified, as the status has it; none if nothing is.
pub(super) fn mode(object: &GitRepository) -> Option<&'static str> {
    object.spec.verify.as_ref().map(|verify| match verify.mode {
        GitVerificationMode::LowercaseHead | GitVerificationMode::Head => "HEAD",
        GitVerificationMode::Tag => "Tag",
        GitVerificationMode::TagAndHead => "TagAndHEAD",
    })
}

impl GitRepositories {
    /// Checks the signatures that the object asks for. Answers with the checkout and who made them, or nothing if none is
    /// asked for.
    pub(super) async fn verify(&self, object: &GitRepository, checkout: Checkout) -> Result<(Checkout, Option<String>), Broken> {
        let (Some(verify), Some(mode)) = (&object.spec.verify, mode(object)) else { return Ok((checkout, None)) };
        let keys = self.keys(object, &verify.secret_ref.name).await?;
        let work = move || signers(mode, &checkout, &keys).map(|signers| (checkout, Some(signers)));
        tokio::task::spawn_blocking(work).await.map_err(|e| unverified(reason::VERIFICATION_ERROR, e.to_string()))?
    }

    /// The keys that the object trusts.
    async fn keys(&self, object: &GitRepository, name: &str) -> Result<Keys, Broken> {
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let failed = |error: String| unverified(reason::VERIFICATION_ERROR, format!("public keys secret '{namespace}/{name}': {error}"));
        let api: Api<Secret> = Api::namespaced(self.process.client.clone(), namespace);
        let secret = api.get_opt(name).await.map_err(|e| failed(e.to_string()))?;
        let data = secret.ok_or_else(|| failed(format!("secrets \"{name}\" not found")))?.data.unwrap_or_default();
        Keys::parse(data.iter().map(|(name, value)| (name.as_str(), value.0.as_slice()))).map_err(|e| failed(e.to_string()))
    }
}

/// Who signed what the mode asks for, as the condition tells it.
fn signers(mode: &str, checkout: &Checkout, keys: &Keys) -> Result<String, Broken> {
    let mut signers = Vec::new();
    if mode != "HEAD" {
        signers.push(verify_tag(checkout, keys)?);
    }
    if mode != "Tag" {
        signers.push(verify_commit(checkout, keys)?);
    }
    Ok(format!("verified signature of\n{}", signers.join("\n")))
}

fn verify_commit(checkout: &Checkout, keys: &Keys) -> Result<String, Broken> {
    let commit = &checkout.resolved().commit;
    let failed = |error: String| {
        unverified(reason::INVALID_COMMIT_SIGNATURE, format!("signature verification of commit '{commit}' failed: {error}"))
    };
    let signed = checkout.signed_commit().map_err(|e| failed(e.to_string()))?;
    let key = signed.verify(keys, SystemTime::now()).map_err(|e| failed(e.to_string()))?;
    Ok(format!("- commit '{commit}' with key '{key}'"))
}

fn verify_tag(checkout: &Checkout, keys: &Keys) -> Result<String, Broken> {
    let resolved = checkout.resolved();
    let Some(name) = resolved.reference.strip_prefix("refs/tags/") else {
        let message = "cannot verify tag object's signature if a tag reference is not specified";
        return Err(Broken::unverifiable(SOURCE_VERIFIED, reason::INVALID_VERIFICATION_MODE, message));
    };
    let shown = format!("{name}@{}", resolved.tag.as_ref().unwrap_or(&resolved.commit));
    let failed =
        |error: String| unverified(reason::INVALID_TAG_SIGNATURE, format!("signature verification of tag '{shown}' failed: {error}"));
    let signed = checkout.signed_tag().map_err(|e| failed(e.to_string()))?;
    let Some(signed) = signed.filter(Signed::is_signed) else {
        let message = format!("cannot verify signature of tag '{shown}' since it is not signed");
        return Err(unverified(reason::INVALID_GIT_OBJECT, message));
    };
    let key = signed.verify(keys, SystemTime::now()).map_err(|e| failed(e.to_string()))?;
    Ok(format!("- tag '{shown}' with key '{key}'"))
}

fn unverified(reason: &str, message: String) -> Broken {
    Broken::unverified(SOURCE_VERIFIED, reason, message)
}
