//! The template engine through its public interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::SystemTime;

use ferroflux_go_template::engine::{HelmError, Options, Scope, TemplateFile, TemplateSet};
use ferroflux_go_template::error::CallError;
use ferroflux_go_template::host::Host;
use ferroflux_go_template::limits::Limits;
use ferroflux_go_template::objects;
use ferroflux_go_template::value::{Map, Value};

mod errors;
mod fuzz;
mod language;
mod limits;
mod sharing;

/// A host with a fixed clock and fixed "random" bytes.
struct Fixed;

impl Host for Fixed {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), CallError> {
        buffer.fill(7);
        Ok(())
    }
}

/// The values that the tests use: numbers as YAML gives them.
fn values() -> Map {
    Map::from_entries(
        ferroflux_go_template::value::Type::MAP,
        [
            ("str", Value::from("text")),
            ("n", Value::Float(3.0)),
            ("nul", Value::Nil),
            ("list", Value::list(vec!["a".into(), Value::Nil, Value::Float(1.5)])),
            ("map", Value::map([("b", Value::Float(2.0)), ("a", Value::map([("x", Value::from("y"))]))])),
        ],
    )
}

fn parse(files: &[(&str, &str)]) -> Result<TemplateSet, HelmError> {
    TemplateSet::parse(files.iter().map(|(name, text)| TemplateFile { name: (*name).into(), text: (*text).into() }).collect())
}

fn render_set(set: &TemplateSet, values: &Map, limits: Limits) -> Result<Vec<(String, String)>, HelmError> {
    let context = Map::new();
    context.insert("Values", objects::values(values));
    let scope = Scope { context, base_path: "c/templates".into() };
    let options = Options { host: &Fixed, limits, strict: false, lint: false };
    let rendered = set.render(&options, |_| Some(&scope))?;
    Ok(rendered.into_iter().map(|r| (r.name.to_string(), String::from_utf8_lossy(&r.text).into_owned())).collect())
}

/// Renders one template.
fn render(text: &str) -> Result<String, String> {
    let set = parse(&[("c/templates/t.yaml", text)]).map_err(|e| e.text)?;
    let rendered = render_set(&set, &values(), Limits::default()).map_err(|e| e.text)?;
    Ok(rendered.into_iter().next().map(|(_, text)| text).unwrap_or_default())
}

/// Asserts what templates print.
fn prints(cases: &[(&str, &str)]) {
    for (template, want) in cases {
        assert_eq!(render(template).as_deref(), Ok(*want), "{template}");
    }
}

/// Asserts the innermost message of the errors of templates.
fn fails(cases: &[(&str, &str)]) {
    for (template, want) in cases {
        let error = render(template).expect_err(template);
        assert!(error.ends_with(want), "{template}\n want: {want}\n got:  {error}");
    }
}
