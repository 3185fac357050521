//! Runners of the semver tables.

use ferroflux_regex_go::Regex;
use ferroflux_semver_go::{Constraints, Version, VersionError, select};
use serde_json::{Value, json};

use super::judge;
use crate::Verdict;

/// Runs `op` if it is one of ours.
pub(super) fn run(op: &str, case: &Value) -> Option<Verdict> {
    let input = &case["input"];
    let answer = match op {
        "parse" => parts(Version::parse(text(input, "version"))),
        "parse-strict" => parts(Version::parse_strict(text(input, "version"))),
        "parse-flux" => parts(Version::parse_tag(text(input, "version"))),
        "compare" => compare(text(input, "a"), text(input, "b")),
        "sort" => Ok(json!(select::sorted_tags(texts(input, "versions")))),
        "constraint" => Constraints::parse(text(input, "constraint")).map(|c| json!(c.to_string())).map_err(|e| e.to_string()),
        "check" => check(text(input, "constraint"), text(input, "version")),
        "latest-git" => latest_git(input),
        "latest-oci" => latest_oci(input),
        "latest-helm" => latest_helm(input),
        "latest-helm-oci" => latest_helm_oci(input),
        "latest-policy" => latest_policy(input),
        _ => return None,
    };
    // The texts of parse errors reach statuses and chart errors word for word.
    if let (Err(got), Some(want)) = (&answer, case["error"].as_str())
        && (op.starts_with("parse") || op == "constraint")
    {
        return Some(Verdict::same_text(want, got));
    }
    Some(judge(case, answer))
}

type Answer = Result<Value, String>;

fn text<'a>(input: &'a Value, key: &str) -> &'a str {
    input[key].as_str().unwrap_or_default()
}

fn texts<'a>(input: &'a Value, key: &str) -> Vec<&'a str> {
    input[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn parts(version: Result<Version, VersionError>) -> Answer {
    let v = version.map_err(|e| e.to_string())?;
    Ok(json!({
        "major": v.major(), "minor": v.minor(), "patch": v.patch(),
        "pre": v.prerelease(), "meta": v.metadata(), "string": v.to_string(),
    }))
}

fn compare(a: &str, b: &str) -> Answer {
    let parse = |v| Version::parse(v).map_err(|e| e.to_string());
    Ok(json!(parse(a)?.precedence(&parse(b)?) as i8))
}

fn check(constraint: &str, version: &str) -> Answer {
    let range = Constraints::parse(constraint).map_err(|e| e.to_string())?;
    let version = Version::parse(version).map_err(|e| e.to_string())?;
    Ok(json!(range.check(&version)))
}

fn latest_git(input: &Value) -> Answer {
    let range = text(input, "semver");
    let constraint = Constraints::parse(range).map_err(|e| format!("semver parse error: {e}"))?;
    let tags: Vec<(&str, i64)> =
        input["tags"].as_array().into_iter().flatten().map(|t| (text(t, "name"), t["time"].as_i64().unwrap_or_default())).collect();
    select::latest_by_key(tags.iter().map(|(name, time)| (*name, (*time, *name))), &constraint)
        .map(|i| json!({ "tag": tags[i].0 }))
        .ok_or_else(|| format!("no match found for semver: {range}"))
}

fn latest_oci(input: &Value) -> Answer {
    const HELM_LAYER: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    let range = text(input, "semver");
    let constraint = Constraints::parse(range).map_err(|e| format!("semver '{range}' parse error: {e}"))?;
    let filter = Regex::new(text(input, "semverFilter")).map_err(|e| e.to_string())?;
    let tags = texts(input, "tags").into_iter().filter(|t| filter.is_match(t));
    let tag = if text(input, "layerMediaType") == HELM_LAYER {
        select::latest_chart_tag(tags, &constraint)
    } else {
        select::latest_tag(tags, &constraint)
    };
    tag.map(|t| json!({ "tag": t })).ok_or_else(|| format!("no match found for semver: {range}"))
}

fn latest_helm(input: &Value) -> Answer {
    let versions: Vec<(&str, &str)> =
        input["versions"].as_array().into_iter().flatten().map(|v| (text(v, "version"), text(v, "created"))).collect();
    let i = select::latest_chart(versions.iter().copied(), text(input, "version")).map_err(|e| e.to_string())?;
    let version = versions[i].0;
    Ok(json!({ "version": version, "url": format!("https://x/app-{version}.tgz") }))
}

fn latest_helm_oci(input: &Value) -> Answer {
    let wanted = text(input, "version");
    let found = |v: &str| json!({ "version": v, "url": format!("oci://REGISTRY/charts/app:{v}") });
    if Version::parse_tag(wanted).is_ok() {
        return Ok(found(wanted));
    }
    select::latest_oci_chart(texts(input, "tags"), wanted).map(|v| found(&v)).map_err(|e| e.to_string())
}

fn latest_policy(input: &Value) -> Answer {
    let constraint = Constraints::parse(text(&input["policy"]["semver"], "range")).map_err(|e| format!("invalid policy: {e}"))?;
    // The scan stores tags in descending byte order.
    let mut tags = texts(input, "tags");
    tags.sort_unstable_by(|a, b| b.cmp(a));
    let tag = select::latest_tag(tags.iter().copied(), &constraint).ok_or("unable to determine latest version from provided list")?;
    Ok(json!({ "latestTags": tags, "tag": tag }))
}
