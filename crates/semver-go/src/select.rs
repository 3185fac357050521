//! Picking one of many versions, as sources, chart references and image policies do.
//!
//! All functions take the candidates in the order in which their origin lists them, skip what is no version, and are
//! deterministic: the order of the candidates decides ties where the callers' keys do not.

use std::cmp::Reverse;

use thiserror::Error;

use crate::{ConstraintError, Constraints, Version};

/// The tag with the highest version in range; of equal versions the first. Tags follow [`Version::parse_tag`].
///
/// This is the selection of OCI sources (SRC-OCI-02) and of semver image policies (IMG-POL-02).
pub fn latest_tag<'a>(tags: impl IntoIterator<Item = &'a str>, range: &Constraints) -> Option<&'a str> {
    let mut best: Option<(Version, &str)> = None;
    for tag in tags {
        if let Some(version) = admitted(tag, range)
            && best.as_ref().is_none_or(|(b, _)| version > *b)
        {
            best = Some((version, tag));
        }
    }
    best.map(|(_, tag)| tag)
}

/// Like [`latest_tag`] for registries where Helm pushed: a tag cannot hold `+`, so `_` stands for it. The tag is
/// returned as it was listed.
pub fn latest_chart_tag<'a>(tags: impl IntoIterator<Item = &'a str>, range: &Constraints) -> Option<&'a str> {
    let mut best: Option<(Version, &str)> = None;
    for tag in tags {
        if let Some(version) = admitted(&tag.replace('_', "+"), range)
            && best.as_ref().is_none_or(|(b, _)| version > *b)
        {
            best = Some((version, tag));
        }
    }
    best.map(|(_, tag)| tag)
}

/// The index of the candidate with the highest version in range; of equal versions the one with the greatest key (a
/// commit time, a creation date); of equal keys the last one.
///
/// This is the selection of Git tags (SRC-GIT-04, key: commit time, then name) and of Helm indexes (SRC-CHART-03).
pub fn latest_by_key<'a, K: Ord>(candidates: impl IntoIterator<Item = (&'a str, K)>, range: &Constraints) -> Option<usize> {
    candidates
        .into_iter()
        .enumerate()
        .filter_map(|(i, (tag, key))| Some((admitted(tag, range)?, key, i)))
        .max_by(|a, b| a.0.precedence(&b.0).then_with(|| a.1.cmp(&b.1)).then_with(|| a.2.cmp(&b.2)))
        .map(|(_, _, i)| i)
}

/// Why no chart version was picked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChartVersionError {
    /// The wanted version is no constraint.
    #[error(transparent)]
    Constraint(#[from] ConstraintError),
    /// Nothing lies in the range.
    #[error("could not locate a version matching provided version string {0}")]
    NoMatch(String),
}

/// The index of the chart version that `wanted` asks for: an exactly equal text first, else the highest version in
/// range with ties as in [`latest_by_key`]. An empty `wanted` is `*` (SRC-CHART-03).
pub fn latest_chart<'a, K: Ord>(
    candidates: impl IntoIterator<Item = (&'a str, K)> + Clone,
    wanted: &str,
) -> Result<usize, ChartVersionError> {
    if !wanted.is_empty()
        && let Some(i) = candidates.clone().into_iter().position(|(version, _)| version == wanted)
    {
        return Ok(i);
    }
    let range = Constraints::parse(if wanted.is_empty() { "*" } else { wanted })?;
    latest_by_key(candidates, &range).ok_or_else(|| ChartVersionError::NoMatch(wanted.to_owned()))
}

/// The chart versions behind a registry's tags, as Helm lists them: `_` is `+`, strict versions only, highest first
/// (SRC-CHART-04).
pub fn chart_versions<'a>(tags: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut versions: Vec<Version> = tags.into_iter().filter_map(|t| Version::parse_strict(&t.replace('_', "+")).ok()).collect();
    versions.sort_by(|a, b| b.precedence(a));
    versions.into_iter().map(|v| v.original().to_owned()).collect()
}

/// The chart version behind a registry's tags that `wanted` asks for, as [`latest_chart`] but with the first of equal
/// versions (SRC-CHART-04). A `wanted` that is a full version needs no list: see [`Version::parse_tag`].
pub fn latest_oci_chart<'a>(tags: impl IntoIterator<Item = &'a str>, wanted: &str) -> Result<String, ChartVersionError> {
    let mut versions = chart_versions(tags);
    let i = latest_chart(versions.iter().enumerate().map(|(i, v)| (v.as_str(), Reverse(i))), wanted)?;
    Ok(versions.swap_remove(i))
}

/// The tags that are versions, highest first; of equal versions the first listed stays first.
pub fn sorted_tags<'a>(tags: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut versions: Vec<(Version, &str)> = tags.into_iter().filter_map(|t| Some((Version::parse_tag(t).ok()?, t))).collect();
    versions.sort_by(|a, b| b.0.precedence(&a.0));
    versions.into_iter().map(|(_, tag)| tag).collect()
}

fn admitted(tag: &str, range: &Constraints) -> Option<Version> {
    Version::parse_tag(tag).ok().filter(|v| range.check(v))
}
