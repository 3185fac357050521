//! The tables: small functions with exact answers. Each operation has its runner in a module named for the crate
//! or the concern that answers it; this module only picks the runner by `input.op`.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::{Report, Suite, Verdict, cases};

mod artifact;
mod cel;
mod conditions;
mod digests;
mod envsubst;
mod manifest;
mod semver;
mod yamljson;

/// The suite of all tables.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tables;

impl Suite for Tables {
    fn run(&self, path: &Path) -> Result<Report> {
        let mut report = Report::default();
        for case in cases(path)? {
            let name = case["name"].as_str().unwrap_or("<no name>").to_owned();
            let op = case["input"]["op"].as_str().unwrap_or("<no op>").to_owned();
            report.add(&op, &name, verdict(&op, &case));
        }
        Ok(report)
    }
}

/// Asks each module in turn; one that does not know the operation answers `None`.
fn verdict(op: &str, case: &Value) -> Verdict {
    let runners: [fn(&str, &Value) -> Option<Verdict>; 8] =
        [yamljson::run, manifest::run, semver::run, envsubst::run, artifact::run, digests::run, conditions::run, cel::run];
    runners.iter().find_map(|run| run(op, case)).unwrap_or_else(|| Verdict::Fail(format!("no runner for the operation {op:?} yet")))
}

/// The verdict on an answer that is either a JSON value or an error, against the case's `expect` or `error`.
#[allow(dead_code, reason = "the runners use it as they are written")]
fn judge<E: std::fmt::Display>(case: &Value, answer: Result<Value, E>) -> Verdict {
    let must_fail = case.get("error").is_some() || case.get("panic").is_some();
    match (must_fail, answer) {
        (true, Err(_)) => Verdict::Pass,
        (true, Ok(got)) => Verdict::Fail(format!("  want an error: {}\n  got:  {got}", case["error"])),
        (false, Ok(got)) => Verdict::same_json(&case["expect"], &got),
        (false, Err(e)) => Verdict::Fail(format!("  want: {}\n  got the error: {e}", case["expect"])),
    }
}
