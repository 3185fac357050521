//! The functions suite: charts with one template, rendered up to the template engine's output.
//!
//! A case passes when the output is equal byte for byte or the error's text is equal. Outputs that are not UTF-8 are
//! compared with each invalid byte replaced, as a release record would store them.

use std::io::Read as _;
use std::path::Path;
use std::time::SystemTime;

use anyhow::Result;
use base64::Engine as _;
use ferroflux_go_template::error::CallError;
use ferroflux_go_template::host::Host;
use ferroflux_helm_chart::{
    ChartFile, LoadLimits, Release, RenderOptions, ValueOptions, load_files, offline_capabilities, parse_kube_version, render_files,
};
use ferroflux_regex_go::Regex;
use serde_json::Value;

use crate::{Report, Suite, Verdict, cases};

/// The suite of template functions and of the template language.
#[derive(Debug, Default, Clone, Copy)]
pub struct Functions;

impl Suite for Functions {
    fn run(&self, path: &Path) -> Result<Report> {
        let mut report = Report::default();
        for case in cases(path)? {
            let name = case["name"].as_str().unwrap_or("<no name>");
            let family = name.split('/').next().unwrap_or(name);
            report.add(family, name, judge(&case["expect"], render(&case)));
        }
        Ok(report)
    }
}

const CHART_YAML: &str = "apiVersion: v2\nname: case\nversion: 0.1.0\nappVersion: \"1.2.3\"\ndescription: A conformance case\n\
                          keywords: [alpha, beta]\nannotations: {note: anno}\n";

const TEMPLATE: &str = "templates/t.yaml";

/// The text of the case's template, or the error as Helm's command prints it.
fn render(case: &Value) -> Result<String, String> {
    let file = |name: &str, text: &str| ChartFile::new(name, text.as_bytes(), SystemTime::UNIX_EPOCH);
    let mut files = vec![file("Chart.yaml", CHART_YAML), file(TEMPLATE, case["template"].as_str().unwrap_or_default())];
    files.extend(case["values"].as_str().map(|values| file("values.yaml", values)));
    for (name, text) in case["partials"].as_object().into_iter().flatten() {
        files.push(file(name, text.as_str().unwrap_or_default()));
    }
    let mut capabilities = offline_capabilities();
    if let Some(version) = case["kube_version"].as_str() {
        capabilities.kube_version = parse_kube_version(version).map_err(|e| format!("invalid kube version '{version}': {e}"))?;
    }
    let user = case["user_values"].as_str();
    let arguments = case["set"].as_array().into_iter().flatten().filter_map(|a| a.as_str().map(str::to_owned)).collect();
    let options = ValueOptions { files: user.iter().map(|_| "user.yaml".to_owned()).collect(), set: arguments, ..ValueOptions::default() };
    let values = options.resolve(|_| Ok(user.unwrap_or_default().as_bytes().to_vec())).map_err(|e| e.to_string())?;
    let chart = load_files(files, LoadLimits::default()).map_err(|e| e.to_string())?;
    let release = Release { name: "rel".to_owned(), namespace: "ns".to_owned(), revision: 1, is_upgrade: false };
    let options = RenderOptions::new(&capabilities, &ProcessHost);
    let rendered = render_files(&chart, &values, &release, &options).map_err(|e| e.to_string())?;
    let wanted = format!("case/{TEMPLATE}");
    rendered.files.into_iter().find(|f| *f.path == *wanted).map(|f| f.text).ok_or_else(|| format!("{wanted} was not rendered"))
}

fn judge(expect: &Value, answer: Result<String, String>) -> Verdict {
    let must_fail = expect.get("error").is_some() || expect.get("error_prefix").is_some();
    match (must_fail, answer) {
        (true, Ok(got)) => Verdict::Fail(format!("  want the error: {}\n  got: {got:?}", expect["error_key"])),
        (false, Err(error)) => Verdict::Fail(format!("  want: {}\n  got the error: {error:?}", shortened(expect))),
        (true, Err(error)) => judge_error(expect, &error),
        (false, Ok(got)) => judge_output(expect, &got),
    }
}

fn judge_output(expect: &Value, got: &str) -> Verdict {
    if let Some(shape) = expect["shape"].as_str() {
        return match Regex::new(shape) {
            Ok(regex) if regex.is_match(got) => Verdict::Pass,
            Ok(_) => Verdict::Fail(format!("  want the shape {shape}\n  got: {got:?}")),
            Err(e) => Verdict::Fail(format!("  the shape {shape} is no pattern: {e}")),
        };
    }
    let encoded = expect["output_b64"].as_str().and_then(|t| base64::engine::general_purpose::STANDARD.decode(t).ok());
    match encoded {
        Some(bytes) => Verdict::same_text(&String::from_utf8_lossy(&bytes), got),
        None => Verdict::same_text(expect["output"].as_str().unwrap_or_default(), got),
    }
}

fn judge_error(expect: &Value, got: &str) -> Verdict {
    if let Some(want) = expect["error"].as_str() {
        return if want == got { Verdict::Pass } else { Verdict::Fail(format!("  want the error: {want:?}\n  got the error:  {got:?}")) };
    }
    let prefix = expect["error_prefix"].as_str().unwrap_or_default();
    let length = expect["error_len"].as_u64();
    if got.starts_with(prefix) && length == u64::try_from(got.len()).ok() {
        return Verdict::Pass;
    }
    Verdict::Fail(format!("  want an error of {length:?} bytes, got {} bytes: {:.300?}", got.len(), got))
}

fn shortened(expect: &Value) -> String {
    let text = expect.to_string();
    text.chars().take(300).collect()
}

/// The clock and the random bytes of this machine; no cluster and no DNS.
struct ProcessHost;

impl Host for ProcessHost {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), CallError> {
        let read = std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(buffer));
        read.map_err(|e| CallError::new(format!("cannot read random bytes: {e}")))
    }
}
