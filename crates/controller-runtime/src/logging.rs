//! Logs as Flux writes them: one JSON object a line on standard error, under the field names that `flux logs` and log
//! pipelines read (RT-46…RT-48).

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// `--log-encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Encoding {
    /// One JSON object a line.
    Json,
    /// Tab-separated text for people.
    Console,
}

/// `--log-level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// Details for finding faults.
    Debug,
    /// The normal course.
    Info,
    /// A person must act.
    Error,
}

/// Sets the process' logger. A second call in one process changes nothing.
pub fn init(level: LogLevel, encoding: Encoding) {
    // Libraries below us log at their own levels: only their errors concern the operator, unless asked.
    let filter = match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug,hyper=info,h2=info,rustls=info,tower=info,hyper_util=info",
        LogLevel::Info => "info,kube_client=off,kube_runtime=off,hyper=error,h2=error,tower=error,rustls=error,russh=error",
        LogLevel::Error => "error,kube_client=off,kube_runtime=off",
    };
    let layer = Lines { encoding, sampler: (level != LogLevel::Trace).then(Mutex::default) };
    let _ = Registry::default().with(EnvFilter::new(filter)).with(layer).try_init();
}

/// The layer that writes lines.
struct Lines {
    encoding: Encoding,
    sampler: Option<Mutex<Sampler>>,
}

/// Passes the first hundred equal lines of a second, then each hundredth (RT-48).
#[derive(Default)]
struct Sampler {
    window: Option<Instant>,
    seen: HashMap<(Level, String), u32>,
}

impl Sampler {
    fn passes(&mut self, level: Level, message: &str) -> bool {
        let now = Instant::now();
        if self.window.is_none_or(|start| now - start >= Duration::from_secs(1)) {
            self.window = Some(now);
            self.seen.clear();
        }
        let seen = self.seen.entry((level, message.to_owned())).or_default();
        *seen += 1;
        *seen <= 100 || seen.is_multiple_of(100)
    }
}

/// The fields of a span, kept until it closes.
struct SpanFields(Map<String, Value>);

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), Value::String(format!("{value:?}")));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        // A field whose name ends in `.json` carries JSON text, for maps such as the objects an apply changed.
        match field.name().strip_suffix(".json").and_then(|name| Some((name, serde_json::from_str(value).ok()?))) {
            Some((name, value)) => self.0.insert(name.to_owned(), value),
            None => self.0.insert(field.name().to_owned(), Value::String(value.to_owned())),
        };
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), Value::Bool(value));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        self.0.insert(field.name().to_owned(), Value::String(text));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = ctx.span(id) {
            span.extensions_mut().insert(SpanFields(fields.0));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(kept) = span.extensions_mut().get_mut::<SpanFields>() {
            kept.0.extend(fields.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut fields = fields.0;
        let message = match fields.remove("message") {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let level = *event.metadata().level();
        if let Some(sampler) = &self.sampler
            && !sampler.lock().unwrap_or_else(PoisonError::into_inner).passes(level, &message)
        {
            return;
        }
        let mut context = Map::new();
        for span in ctx.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(kept) = span.extensions().get::<SpanFields>() {
                context.extend(kept.0.clone());
            }
        }
        name_object(&mut context);
        context.extend(fields);
        let line = match self.encoding {
            Encoding::Json => json_line(level, &message, context),
            Encoding::Console => console_line(level, &message, &context),
        };
        // Nobody is left to tell when standard error is gone.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

/// controller-runtime names the object a third time, under its kind: `"Kustomization": {"name": …, "namespace": …}`.
fn name_object(context: &mut Map<String, Value>) {
    let (Some(Value::String(kind)), Some(name), Some(namespace)) =
        (context.get("controllerKind").cloned(), context.get("name").cloned(), context.get("namespace").cloned())
    else {
        return;
    };
    context.insert(kind, Value::Object(Map::from_iter([("name".to_owned(), name), ("namespace".to_owned(), namespace)])));
}

/// What zap calls the level; it has no warnings below errors here, so ours go out as errors do not: as info.
fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN | Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn timestamp() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn json_line(level: Level, message: &str, fields: Map<String, Value>) -> String {
    let mut line = format!("{{\"level\":\"{}\",\"ts\":\"{}\",", level_name(level), timestamp());
    if let Some(Value::String(logger)) = fields.get("logger") {
        let _ = write!(line, "\"logger\":{},", Value::from(logger.as_str()));
    }
    let _ = write!(line, "\"msg\":{}", Value::from(message));
    for (name, value) in fields.iter().filter(|(name, _)| *name != "logger") {
        let _ = write!(line, ",{}:{value}", Value::from(name.as_str()));
    }
    line.push_str("}\n");
    line
}

fn console_line(level: Level, message: &str, fields: &Map<String, Value>) -> String {
    let mut line = format!("{}\t{}\t{message}", timestamp(), level_name(level).to_uppercase());
    if !fields.is_empty() {
        let _ = write!(line, "\t{}", Value::Object(fields.clone()));
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// RT-46, RT-47: the fields that `flux logs` parses, in the form it parses.
    #[test]
    fn json_lines() {
        let mut fields = Map::from_iter([
            ("controllerKind".to_owned(), "Kustomization".into()),
            ("name".to_owned(), "app".into()),
            ("namespace".to_owned(), "ns".into()),
            ("logger".to_owned(), "setup".into()),
        ]);
        name_object(&mut fields);
        let line = json_line(Level::INFO, "say \"hi\"", fields);
        assert!(line.starts_with("{\"level\":\"info\",\"ts\":\"") && line.ends_with("}\n"));
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["msg"], "say \"hi\"");
        assert_eq!(value["Kustomization"], serde_json::json!({"name": "app", "namespace": "ns"}));
        assert_eq!(value["ts"].as_str().unwrap().len(), "2006-01-02T15:04:05.000Z".len());
    }

    /// RT-48: a flood of equal lines is thinned, other lines are not.
    #[test]
    fn samples() {
        let mut sampler = Sampler::default();
        let passed = (0..1000).filter(|_| sampler.passes(Level::INFO, "same")).count();
        assert_eq!(passed, 100 + 9);
        assert!(sampler.passes(Level::INFO, "other"));
    }
}
