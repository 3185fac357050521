//! Runners of the conditions tables.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use ferroflux_conditions::{Condition, Conditions, Failure, FailureClass, Pass, Progress, Requeue, Status, Summary, Time, sources};
use serde_json::{Map, Value, json};

use crate::Verdict;

/// What the table was recorded with.
const INTERVAL: Duration = Duration::from_secs(60);

/// Runs `op` if it is one of ours.
pub(super) fn run(op: &str, case: &Value) -> Option<Verdict> {
    (op == "summarize").then(|| super::judge(case, summarize(&case["input"])))
}

/// Applies the changes of a pass to the stored conditions and ends the pass.
fn summarize(input: &Value) -> Result<Value> {
    let generation = input["generation"].as_i64().context("generation")?;
    let (before, now): (Time, Time) = ("2024-01-01T00:00:00Z".parse()?, "2024-01-02T00:00:00Z".parse()?);
    let stored = input["stored"].as_array().context("stored")?;
    let stored = stored.iter().map(|c| stored_condition(c, before)).collect::<Result<Vec<_>>>()?;
    let mut conditions = Conditions::new(stored, generation, now);
    for change in input["set"].as_array().context("set")? {
        conditions.set(text(change, "type")?, status(change)?, text(change, "reason")?, text(change, "message")?);
    }
    for type_ in input["delete"].as_array().into_iter().flatten() {
        conditions.delete(type_.as_str().context("delete")?);
    }

    let pass = Pass {
        progress: match text(input, "result")? {
            "success" => Progress::Done,
            "requeue" => Progress::Again,
            "" => Progress::BrokenOff,
            other => bail!("unknown result {other:?}"),
        },
        failure: input.get("error").map(failure).transpose()?,
        interval: INTERVAL,
        requested_at: input["requestedAt"].as_str(),
    };
    let conclusion = conditions.conclude(&pass, summary(text(input, "kind")?)?);

    let mut out = Map::new();
    let listed = conditions.as_slice().iter().map(|c| shown(c, before)).collect::<Vec<_>>();
    out.insert("conditions".into(), listed.into());
    let observed = conclusion.observed_generation.or(input["observedGeneration"].as_i64());
    out.insert("observedGeneration".into(), json!(observed));
    out.insert("requeue".into(), (conclusion.requeue == Requeue::Now).into());
    let after = if let Requeue::After(after) = conclusion.requeue { after.as_secs() } else { 0 };
    out.insert("requeueAfter".into(), if after < 60 { format!("{after}s") } else { format!("{}m{}s", after / 60, after % 60) }.into());
    if let Some(error) = conclusion.error {
        out.insert("returnedError".into(), error.into());
    }
    if let Some(event) = conclusion.event {
        out.insert("events".into(), json!([format!("{} {} {}", event.type_.as_str(), event.reason, event.message)]));
    }
    if let Some(token) = conclusion.last_handled_reconcile_at {
        out.insert("lastHandledReconcileAt".into(), token.into());
    }
    Ok(out.into())
}

fn summary(kind: &str) -> Result<&'static Summary<'static>> {
    Ok(match kind {
        "GitRepository" => &sources::GIT_REPOSITORY,
        "OCIRepository" => &sources::OCI_REPOSITORY,
        "Bucket" | "HelmRepository" => &sources::UNSIGNED,
        "HelmChart" => &sources::HELM_CHART,
        other => bail!("no summary of kind {other:?}"),
    })
}

fn failure(error: &Value) -> Result<Failure> {
    let class = match text(error, "Class")? {
        "generic" if error["Ignore"] == true => FailureClass::Ignored,
        "generic" => FailureClass::Generic,
        "stalling" => FailureClass::Stalling,
        "waiting" => FailureClass::Waiting(seconds(text(error, "Requeue")?)?),
        "" => FailureClass::Plain,
        other => bail!("unknown class {other:?}"),
    };
    Ok(Failure::new(class, text(error, "Reason")?, text(error, "Message")?))
}

/// A duration in whole seconds or minutes, as the table has them.
fn seconds(text: &str) -> Result<Duration> {
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        _ => bail!("unknown duration {text:?}"),
    };
    Ok(Duration::from_secs(number.parse::<u64>()? * unit))
}

fn stored_condition(value: &Value, at: Time) -> Result<Condition> {
    Ok(Condition {
        last_transition_time: at,
        message: text(value, "message")?.to_owned(),
        observed_generation: value["observedGeneration"].as_i64(),
        reason: text(value, "reason")?.to_owned(),
        status: status(value)?,
        type_: text(value, "type")?.to_owned(),
    })
}

/// A condition in the table's form, which says whether the transition time survived and writes no generation as 0.
fn shown(condition: &Condition, before: Time) -> Value {
    json!({
        "type": condition.type_,
        "status": condition.status.as_str(),
        "reason": condition.reason,
        "message": condition.message,
        "observedGeneration": condition.observed_generation.unwrap_or(0),
        "transitionKept": condition.last_transition_time == before,
    })
}

fn status(value: &Value) -> Result<Status> {
    serde_json::from_value(value["status"].clone()).context("status")
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().ok_or_else(|| anyhow!("the case has no text {key:?}"))
}
