//! Runners of the digest and revision tables.

use anyhow::{Context, Result};
use ferroflux_artifact::digest::{Algorithm, Digest};
use ferroflux_artifact::revision;
use serde_json::{Value, json};

use super::judge;
use crate::Verdict;

/// Runs `op` if it is one of ours.
pub(super) fn run(op: &str, case: &Value) -> Option<Verdict> {
    let input = &case["input"];
    let text = |field: &str| input[field].as_str().unwrap_or_default();
    match op {
        "git-revision" => {
            let (reference, hash) = (text("reference"), text("hash"));
            let (absolute, short) = (revision::git_absolute(reference, hash), revision::git_short(reference, hash));
            let used = if text("specRefName").is_empty() { &short } else { &absolute };
            Some(judge(case, Ok::<_, String>(json!({ "absolute": absolute, "short": short, "revision": used }))))
        }
        "transform-revision" => {
            let old = text("revision");
            let answer = json!({
                "hash": revision::git_hash(old), "pointer": revision::git_pointer(old), "transformed": revision::git_transform(old),
            });
            Some(judge(case, Ok::<_, String>(answer)))
        }
        "artifact-has-revision" => Some(judge(case, Ok::<_, String>(json!(revision::is_same(text("stored"), text("asked")))))),
        "bucket-revision" => Some(judge(case, bucket(input))),
        "digest" => Some(judge(case, text("algo").parse::<Algorithm>().map(|a| json!(a.digest(text("data").as_bytes()).to_string())))),
        "digest-valid" => {
            let parsed = text("digest").parse::<Digest>();
            Some(judge(case, parsed.map(|d| json!({ "algorithm": d.algorithm().name(), "encoded": d.encoded() }))))
        }
        "hash" => Some(judge(case, ferroflux_kustomize::name_suffix(text("object")).map(|hash| json!(hash)))),
        _ => None,
    }
}

fn bucket(input: &Value) -> Result<Value> {
    let algorithm: Algorithm = input["algo"].as_str().context("algo")?.parse()?;
    let index: Vec<(&str, &str)> =
        input["index"].as_object().context("index")?.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap_or_default())).collect();
    let text = revision::bucket_listing(index.iter().copied());
    Ok(json!({ "revision": revision::bucket(index, algorithm).to_string(), "text": text }))
}
