//! References: what a remote offers and which of them is meant.

use ferroflux_semver_go::{Constraints, Version};
use gix_hash::ObjectId;
use gix_protocol::handshake::Ref;

use crate::GitError;

/// The branch that is meant if nothing is said.
const DEFAULT_BRANCH: &str = "master";

/// What to check out (SRC-GIT-01).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `refs/heads/<name>`.
    Branch(String),
    /// `refs/tags/<name>`.
    Tag(String),
    /// The highest tag in the range.
    SemVer(String),
    /// A full name such as `refs/pull/1/head`.
    Name(String),
    /// A commit, with the branch on which it is looked for.
    Commit {
        /// Its hash.
        hash: String,
        /// The branch, which then also appears in the revision.
        branch: Option<String>,
    },
}

impl Default for Reference {
    fn default() -> Self {
        Self::Branch(DEFAULT_BRANCH.into())
    }
}

/// A reference that a remote has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRef {
    /// The full name.
    pub name: String,
    /// What it points to: for an annotated tag the tag object.
    pub target: String,
    /// The commit in the end, where the remote says so.
    pub peeled: String,
}

impl RemoteRef {
    pub(crate) fn from_gix(reference: &Ref) -> Option<Self> {
        let (name, target, peeled) = match reference {
            Ref::Peeled { full_ref_name, tag, object } => (full_ref_name, tag, object),
            Ref::Direct { full_ref_name, object } => (full_ref_name, object, object),
            Ref::Symbolic { full_ref_name, tag, object, .. } => (full_ref_name, tag.as_ref().unwrap_or(object), object),
            Ref::Unborn { .. } => return None,
        };
        // A name that is not UTF-8 cannot be asked for in a spec.
        Some(Self { name: std::str::from_utf8(name).ok()?.to_owned(), target: target.to_string(), peeled: peeled.to_string() })
    }
}

/// A reference resolved to a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The full name of the reference; empty for a commit alone.
    pub reference: String,
    /// The commit's hash.
    pub commit: String,
    /// The hash of the annotated tag object, if the reference is one.
    pub tag: Option<String>,
    /// Whether revisions carry the full name (`spec.ref.name`).
    pub full_name: bool,
}

impl Resolved {
    /// The revision as a status carries it (SRC-GIT-02).
    pub fn revision(&self) -> String {
        use ferroflux_artifact::revision::{git_absolute, git_short};
        if self.full_name { git_absolute(&self.reference, &self.commit) } else { git_short(&self.reference, &self.commit) }
    }
}

impl Reference {
    /// The prefixes of the refs that resolving needs; none if no listing is needed.
    pub(crate) fn prefixes(&self) -> Vec<String> {
        match self {
            Self::Branch(name) => vec![format!("refs/heads/{name}")],
            Self::Tag(name) => vec![format!("refs/tags/{name}")],
            Self::SemVer(_) => vec!["refs/tags/".into()],
            Self::Name(name) => vec![name.trim_end_matches("^{}").into()],
            Self::Commit { branch: Some(branch), .. } => vec![format!("refs/heads/{branch}")],
            Self::Commit { branch: None, .. } => Vec::new(),
        }
    }

    /// The commit of a reference that names one, without asking anybody.
    pub fn without_listing(&self) -> Option<Resolved> {
        match self {
            Self::Commit { hash, branch } => {
                let reference = branch.as_ref().map(|b| format!("refs/heads/{b}")).unwrap_or_default();
                Some(Resolved { reference, commit: hash.to_ascii_lowercase(), tag: None, full_name: false })
            }
            _ => None,
        }
    }

    /// Refuses names that no remote can have, before one is asked (SRC-GIT-03, SRC-ART-22).
    pub fn check(&self) -> Result<(), GitError> {
        let bad = |name: &str, reason| Err(GitError::RefName { name: name.into(), reason });
        match self {
            Self::Branch(name) | Self::Tag(name) => match check_name(name) {
                Some(reason) => bad(name, reason),
                None => Ok(()),
            },
            Self::Name(name) if name.starts_with('/') || name.ends_with('/') => bad(name, "must not start or end with a slash"),
            Self::Name(name) => match check_name(name.strip_suffix("^{}").unwrap_or(name)) {
                Some(reason) => bad(name, reason),
                None => Ok(()),
            },
            Self::SemVer(range) => Constraints::parse(range).map(drop).map_err(|e| GitError::Constraint(e.to_string())),
            Self::Commit { hash, branch } => {
                if ObjectId::from_hex(hash.as_bytes()).is_err() {
                    return bad(hash, "a commit is given by its 40 hex digits");
                }
                branch.as_ref().map_or(Ok(()), |b| Self::Branch(b.clone()).check())
            }
        }
    }

    /// The candidates among the remote's refs, best first: one, or for a range every tag in it. Tags of equal precedence
    /// stand side by side; [`Self::ties`] says how many.
    pub(crate) fn candidates(&self, refs: &[RemoteRef]) -> Result<Vec<Resolved>, GitError> {
        self.check()?;
        let exact = |name: String, full_name: bool| {
            let found = refs.iter().find(|r| r.name == name).ok_or_else(|| GitError::RefNotFound(name.clone()))?;
            Ok(vec![resolved(found, full_name)])
        };
        match self {
            Self::Branch(name) => exact(format!("refs/heads/{name}"), false),
            Self::Tag(name) => exact(format!("refs/tags/{name}"), false),
            Self::Name(name) => exact(name.strip_suffix("^{}").unwrap_or(name).into(), true),
            Self::Commit { branch, .. } => {
                if let Some(branch) = branch {
                    exact(format!("refs/heads/{branch}"), false)?;
                }
                Ok(self.without_listing().into_iter().collect())
            }
            Self::SemVer(range) => {
                let constraints = Constraints::parse(range).map_err(|e| GitError::Constraint(e.to_string()))?;
                let versions = refs.iter().filter_map(|r| Some((Version::parse_tag(r.name.strip_prefix("refs/tags/")?).ok()?, r)));
                let mut matching: Vec<_> = versions.filter(|(version, _)| constraints.check(version)).collect();
                matching.sort_by(|(a, _), (b, _)| b.precedence(a));
                if matching.is_empty() {
                    return Err(GitError::NoMatchingTag(range.clone()));
                }
                Ok(matching.into_iter().map(|(_, r)| resolved(r, false)).collect())
            }
        }
    }

    /// How many of the first candidates of a range have the same precedence: among those the latest commit is meant.
    pub(crate) fn ties(candidates: &[Resolved]) -> usize {
        let version = |r: &Resolved| r.reference.strip_prefix("refs/tags/").and_then(|t| Version::parse_tag(t).ok());
        let Some(first) = candidates.first().and_then(version) else { return 1 };
        candidates.iter().take_while(|c| version(c).is_some_and(|v| v.precedence(&first).is_eq())).count()
    }
}

fn resolved(found: &RemoteRef, full_name: bool) -> Resolved {
    let tag = (found.target != found.peeled).then(|| found.target.clone());
    Resolved { reference: found.name.clone(), commit: found.peeled.clone(), tag, full_name }
}

/// What is wrong with the name of a ref, if anything; Git's own rules.
fn check_name(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > 1024 {
        return Some("must have 1 to 1024 bytes");
    }
    if name.contains("..") || name.contains("@{") || name.contains("//") {
        return Some("must not hold \"..\", \"@{\" or \"//\"");
    }
    if name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c)) {
        return Some("must not hold white space, control characters or any of ~^:?*[\\");
    }
    if name.split('/').any(|s| s.is_empty() || s.starts_with('.') || s.ends_with(".lock")) || name.ends_with('.') {
        return Some("no part may be empty, begin with a dot or end with \".lock\"");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(name: &str, n: u8) -> RemoteRef {
        let hash = format!("{n:02x}").repeat(20);
        RemoteRef { name: name.into(), target: hash.clone(), peeled: hash }
    }

    /// SRC-GIT-04, SRC-SEM-04: the highest tag first, build metadata ties, loose forms with three segments.
    #[test]
    fn a_range_orders_its_tags() {
        let refs = [
            ("refs/tags/v1.0.0", 1),
            ("refs/tags/1.2.0+a", 2),
            ("refs/tags/1.2.0+b", 3),
            ("refs/tags/2.0.0", 4),
            ("refs/tags/1.9", 5),
            ("refs/heads/1.8.0", 6),
        ];
        let refs: Vec<_> = refs.iter().map(|(name, n)| remote(name, *n)).collect();
        let found = Reference::SemVer("1.x".into()).candidates(&refs).unwrap();
        assert_eq!(
            found.iter().map(|r| r.reference.as_str()).collect::<Vec<_>>(),
            ["refs/tags/1.2.0+a", "refs/tags/1.2.0+b", "refs/tags/v1.0.0"]
        );
        assert_eq!(Reference::ties(&found), 2);
        let none = Reference::SemVer(">3.0.0".into()).candidates(&refs).unwrap_err();
        assert_eq!(none.to_string(), "no match found for semver: >3.0.0");
    }

    /// SRC-GIT-02, SRC-GIT-03: names and revisions.
    #[test]
    fn names_and_revisions() {
        let refs = [remote("refs/heads/main", 1), remote("refs/pull/1/head", 2)];
        let revision = |r: Reference| r.candidates(&refs).map(|c| c[0].revision()).map_err(|e| e.to_string());
        assert_eq!(revision(Reference::Branch("main".into())), Ok(format!("main@sha1:{}", "01".repeat(20))));
        assert_eq!(revision(Reference::Name("refs/pull/1/head^{}".into())), Ok(format!("refs/pull/1/head@sha1:{}", "02".repeat(20))));
        let commit = |branch: Option<&str>| Reference::Commit { hash: "ab".repeat(20), branch: branch.map(str::to_owned) };
        assert_eq!(revision(commit(None)), Ok(format!("sha1:{}", "ab".repeat(20))));
        assert_eq!(revision(commit(Some("main"))), Ok(format!("main@sha1:{}", "ab".repeat(20))));
        assert_eq!(revision(Reference::default()), Err("couldn't find remote ref \"refs/heads/master\"".into()));
    }

    /// SRC-ART-22, SRC-GIT-03: names that climb or hide something never reach a remote or a disk.
    #[test]
    fn hostile_names_are_refused() {
        for name in ["..", "a/../b", "/refs/heads/x", "refs/heads/x/", "a b", "a\nb", "x.lock", ".x", "a//b", "a:b", "x@{1}", ""] {
            assert!(Reference::Name(name.into()).check().is_err(), "{name:?}");
            assert!(name.starts_with('/') || Reference::Branch(name.into()).check().is_err(), "{name:?}");
        }
        assert!(Reference::Commit { hash: "abc".into(), branch: None }.check().is_err());
    }
}
