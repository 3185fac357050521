//! The realworld suite: public charts with default and other values (corpus README, suite 3). The path of a run is an
//! `index.jsonl` with the charts and the expected outputs beside it.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use ferroflux_helm_chart::SystemHost;
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::charts::{judge_error, request};
use crate::{Report, Suite, Verdict, cases};

/// Cases of `realworld/index.jsonl`.
#[derive(Debug)]
pub struct Realworld;

impl Suite for Realworld {
    fn run(&self, path: &Path) -> Result<Report> {
        let root = path.parent().unwrap_or(Path::new("."));
        let mut report = Report::default();
        for case in cases(path)? {
            let name = case["name"].as_str().context("a case without a name")?;
            report.add(name.split('/').next().unwrap_or(name), name, run(root, &case)?);
        }
        Ok(report)
    }
}

fn run(root: &Path, case: &Value) -> Result<Verdict> {
    let chart = root.join(case["chart"].as_str().context("a case without a chart")?);
    let mut request = request(&case["options"]);
    request.values.files.extend(case["values"].as_str().map(str::to_owned));
    let read = |name: &str| std::fs::read(root.join(name)).map_err(|e| format!("open {name}: {e}"));
    let mut out = Vec::new();
    let outcome = request.run(&chart, &SystemHost::new("UTC"), read, &mut out);
    let expect = &case["expect"];
    if let Err(error) = outcome {
        return Ok(judge_error(expect, &error.to_string()));
    }
    let Some(file) = expect["file"].as_str() else {
        return Ok(Verdict::Fail(format!("  want error: {}\n  got output", expect["error_key"])));
    };
    let mut want = Vec::new();
    GzDecoder::new(std::fs::File::open(root.join(file))?).read_to_end(&mut want)?;
    if want == out {
        return Ok(Verdict::Pass);
    }
    let (want, got) = (String::from_utf8_lossy(&want), String::from_utf8_lossy(&out));
    if expect["nondeterministic"] != true {
        return Ok(Verdict::same_text(&want, &got));
    }
    let masked: Vec<u64> = expect["unstable_lines"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    Ok(Verdict::same_text(&want, &mask(&want, &got, &masked)))
}

/// Puts the mask of the expected text over the lines that change from run to run.
fn mask(want: &str, got: &str, lines: &[u64]) -> String {
    const TOKEN: &str = "@@RANDOM@@";
    let wanted: Vec<&str> = want.split('\n').collect();
    let mut out: Vec<String> = got.split('\n').map(str::to_owned).collect();
    for line in lines {
        let Ok(at) = usize::try_from(line.saturating_sub(1)) else { continue };
        let (Some(want), Some(got)) = (wanted.get(at), out.get_mut(at)) else { continue };
        if let Some((before, after)) = want.split_once(TOKEN)
            && got.len() >= before.len() + after.len()
            && got.starts_with(before)
            && got.ends_with(after)
        {
            *got = (*want).to_owned();
        }
    }
    out.join("\n")
}
