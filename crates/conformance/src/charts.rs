//! The charts suite: small charts and archives, each with the output, the release record's parts or the error of
//! `helm template` (corpus README, suite 2).

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ferroflux_helm_chart::{
    HookEvent, LoadLimits, Rendered, SystemHost, TemplateRequest, ValueOptions, execution_order, load_archive, push_framed,
};
use serde_json::Value;

use crate::{Report, Suite, Verdict, cases};

/// Cases of `charts.jsonl.gz`.
#[derive(Debug)]
pub struct Charts;

impl Suite for Charts {
    fn run(&self, path: &Path) -> Result<Report> {
        let mut report = Report::default();
        for case in cases(path)? {
            let name = case["name"].as_str().context("a case without a name")?;
            report.add(name.split('/').next().unwrap_or(name), name, run(&case)?);
        }
        Ok(report)
    }
}

fn run(case: &Value) -> Result<Verdict> {
    let scratch = tempfile::tempdir()?;
    let expect = &case["expect"];
    let chart = match (case["archive_b64"].as_str(), case["archive_name"].as_str()) {
        (Some(archive), Some(name)) => {
            let bytes = STANDARD.decode(archive)?;
            if let Some(want) = expect["sdk_error"].as_str() {
                let got = load_archive(&bytes, LoadLimits::default()).err().map(|e| e.to_string());
                if got.as_deref() != Some(want) {
                    return Ok(Verdict::Fail(format!("archive loader:\n  want: {want}\n  got:  {got:?}")));
                }
            }
            std::fs::write(scratch.path().join(name), bytes)?;
            scratch.path().join(name)
        }
        _ => {
            let root = scratch.path().join("chart");
            std::fs::create_dir(&root)?;
            for (path, text) in case["files"].as_object().into_iter().flatten() {
                put(&root, path, text.as_str().unwrap_or_default().as_bytes())?;
            }
            for (path, data) in case["files_b64"].as_object().into_iter().flatten() {
                put(&root, path, &STANDARD.decode(data.as_str().unwrap_or_default())?)?;
            }
            root
        }
    };
    let texts = case["values_files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let files: HashMap<String, &str> =
        texts.iter().enumerate().map(|(i, text)| (format!("values-{i}.yaml"), text.as_str().unwrap_or_default())).collect();
    let mut request = request(&case["options"]);
    request.values.files = (0..texts.len()).map(|i| format!("values-{i}.yaml")).collect();
    let read =
        |name: &str| files.get(name).map(|text| text.as_bytes().to_vec()).ok_or_else(|| format!("open {name}: no such file or directory"));
    let host = SystemHost::new("UTC");

    let rendered = match request.render(&chart, &host, read) {
        Ok(rendered) => rendered,
        Err(error) => return Ok(judge_error(expect, &hide(&error.to_string(), scratch.path()))),
    };
    let mut out = Vec::new();
    if let Err(error) = request.print(&rendered, &mut out) {
        return Ok(judge_error(expect, &error.to_string()));
    }
    let Some(stdout) = expect["stdout"].as_str() else {
        return Ok(Verdict::Fail(format!("  want error: {}\n  got output", expect["error_key"])));
    };
    let verdict = Verdict::same_text(stdout, &String::from_utf8_lossy(&out));
    if verdict != Verdict::Pass {
        return Ok(verdict);
    }
    if let Some(want) = expect["notes_with_subcharts"].as_str() {
        request.render_subchart_notes = true;
        let notes = request.render(&chart, &host, read).map(|r| r.notes).unwrap_or_default();
        if notes != want {
            return Ok(Verdict::same_text(want, &notes));
        }
    }
    Ok(judge_record(expect, &rendered, request.include_crds))
}

/// What a release record holds beside the printed text.
fn judge_record(expect: &Value, rendered: &Rendered, include_crds: bool) -> Verdict {
    let mut manifest = String::new();
    if include_crds {
        for crd in &rendered.crds {
            push_framed(&mut manifest, &crd.path, &crd.data.to_text());
        }
    }
    manifest.push_str(&rendered.manifest());
    if let Some(want) = expect["manifest"].as_str()
        && manifest != want
    {
        return Verdict::same_text(want, &manifest);
    }
    if let Some(want) = expect["notes"].as_str()
        && rendered.notes != want
    {
        return Verdict::same_text(want, &rendered.notes);
    }
    if expect["hooks"].is_array() {
        let got: Vec<Value> = rendered
            .hooks
            .iter()
            .map(|h| {
                serde_json::json!({
                    "name": h.name(), "kind": h.kind(), "path": h.manifest.path(), "manifest": h.manifest.text(), "weight": h.weight,
                    "events": h.events.iter().map(|e| e.as_str()).collect::<Vec<_>>(),
                    "delete_policies": h.delete_policies, "output_log_policies": h.output_log_policies,
                })
            })
            .collect();
        let verdict = Verdict::same_json(&expect["hooks"], &Value::Array(got));
        if verdict != Verdict::Pass {
            return verdict;
        }
    }
    if let Some(log) = expect["hook_exec_log"].as_array() {
        let created = |line: &Value| line.as_str().and_then(|l| l.strip_prefix("create ")).map(str::to_owned);
        let want: Vec<String> = log.iter().filter_map(created).collect();
        let events = [HookEvent::PreInstall, HookEvent::PostInstall, HookEvent::PreDelete, HookEvent::PostDelete];
        let ran = events.iter().flat_map(|event| execution_order(&rendered.hooks, *event));
        let got: Vec<String> = ran.map(|h| format!("{}/{}", h.kind(), h.name())).collect();
        if want != got {
            return Verdict::Fail(format!("order of hooks:\n  want: {want:?}\n  got:  {got:?}"));
        }
    }
    Verdict::Pass
}

/// Holds an error against what is expected. Where Helm lists things in random order the lines count as a set; where
/// a YAML library is quoted, the text up to its line number counts.
pub(crate) fn judge_error(expect: &Value, got: &str) -> Verdict {
    let got = got.trim_end();
    let fail = |want: &str| Verdict::Fail(format!("  want error: {want:?}\n  got error:  {got:?}"));
    if let Some(prefix) = expect["error_prefix"].as_str() {
        let same = got.starts_with(prefix) && expect["error_len"].as_u64() == Some(got.len() as u64);
        return if same { Verdict::Pass } else { fail(prefix) };
    }
    let Some(want) = expect["error"].as_str().map(str::trim_end) else { return Verdict::Fail(format!("  got error: {got}")) };
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let yaml_place = |text: &str| {
        let at = text.find("yaml: line ")? + "yaml: line ".len();
        Some(text[..at + text[at..].find(':')?].to_owned())
    };
    let same = want == got
        || expect["error_order_may_vary"] == true && lines(want) == lines(got)
        || yaml_place(want).is_some() && yaml_place(want) == yaml_place(got);
    if same { Verdict::Pass } else { fail(want) }
}

/// The request that a case's options stand for.
pub(crate) fn request(options: &Value) -> TemplateRequest {
    let text = |key: &str| options[key].as_str().unwrap_or_default().to_owned();
    let list = |key: &str| match &options[key] {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(one) => vec![one.clone()],
        _ => Vec::new(),
    };
    let flag = |key: &str| options[key] == true;
    TemplateRequest {
        schemas: None,
        release: text("release"),
        namespace: text("namespace"),
        kube_version: options["kube_version"].as_str().map(str::to_owned),
        api_versions: list("api_versions"),
        is_upgrade: flag("is_upgrade"),
        skip_schema_validation: flag("skip_schema_validation"),
        include_crds: flag("include_crds"),
        no_hooks: flag("no_hooks"),
        skip_tests: flag("skip_tests"),
        show_only: list("show_only"),
        values: ValueOptions {
            set: list("set"),
            string: list("set_string"),
            json: list("set_json"),
            literal: list("set_literal"),
            ..ValueOptions::default()
        },
        ..TemplateRequest::default()
    }
}

/// The corpus was made in another directory: messages name the chart without its place.
fn hide(text: &str, scratch: &Path) -> String {
    text.replace(&format!("{}/", scratch.display()), "")
}

fn put(root: &Path, path: &str, data: &[u8]) -> Result<()> {
    let file = root.join(path);
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&file, data).with_context(|| format!("write {path}"))
}
