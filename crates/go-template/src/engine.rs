//! Helm's engine stage: all templates of a chart and its subcharts are parsed into one set and rendered in Helm's
//! order (HE-RND-01), with `include`, `tpl`, `required`, `fail` and `lookup` (HE-RND-03), and with Helm's presentation
//! of errors (HE-TPL-16).

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::exec::{self, Run};
use crate::host::Host;
use crate::limits::{Limits, Meter};
use crate::objects;
use crate::syntax::tree::Template;
use crate::value::{CycleGuard, Map, Str, Type, Value};

mod ahead;
mod alone;
mod catalog;
mod functions;
mod outside;
mod parsing;
mod presentation;
mod processor;
mod text_cache;

pub use ahead::ParseAhead;
pub use alone::render_alone;
pub(crate) use catalog::to_yaml;
pub use presentation::{ErrorClass, HelmError};
pub(crate) use text_cache::TextCache;

/// The name that Helm gives to the template that is the root of the set, and to every text given to `tpl`.
const ROOT: &str = "gotpl";

/// One template file.
#[derive(Debug, Clone)]
pub struct TemplateFile {
    /// The full name: chart path and path in the chart, `parent/charts/child/templates/x.yaml`.
    pub name: Arc<str>,
    /// The text, without a byte order mark.
    pub text: Str,
}

/// Parsed templates of a chart with its subcharts; shared between renders and threads.
#[derive(Debug)]
pub struct TemplateSet {
    /// The files in Helm's order.
    files: Vec<Arc<str>>,
    templates: FxHashMap<Str, Arc<Template>>,
    texts: TextCache,
}

/// The data that one file is rendered with.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The chart's context: Values, Chart, Release, Capabilities, Files, Subcharts. Files of one chart share one map
    /// (clones of a [`Map`] share); the engine sets `Template` in it before each file.
    pub context: Map,
    /// `.Template.BasePath`: `<chart path>/templates`.
    pub base_path: Arc<str>,
}

/// How to render.
#[derive(Clone)]
pub struct Options<'h> {
    /// Cluster, DNS, clock, randomness.
    pub host: &'h dyn Host,
    /// What the render may use.
    pub limits: Limits,
    /// Helm's strict mode: a missing key is an error.
    pub strict: bool,
    /// Helm's lint mode: `required` and `fail` answer the empty string.
    pub lint: bool,
}

/// One rendered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file's name.
    pub name: Arc<str>,
    /// The rendered bytes (usually UTF-8), with every `<no value>` removed.
    pub text: Vec<u8>,
}

impl TemplateSet {
    /// Parses all files, in Helm's order whatever the order they are given in. Give a library chart's `_*` files only
    /// (HE-CH-06).
    pub fn parse(files: Vec<TemplateFile>) -> Result<Self, HelmError> {
        Self::parse_after(None, files)
    }

    /// As [`TemplateSet::parse`], where some of the texts may have been parsed before.
    pub fn parse_after(ahead: Option<ParseAhead>, mut files: Vec<TemplateFile>) -> Result<Self, HelmError> {
        files.sort_by_cached_key(|f| Reverse((memchr::memchr_iter(b'/', f.name.as_bytes()).count(), Arc::clone(&f.name))));
        let mut templates: FxHashMap<Str, Arc<Template>> = FxHashMap::default();
        for parsed in parsing::parse_all(&files, ahead.map(ParseAhead::finish).unwrap_or_default()) {
            for template in parsed? {
                // A body of white space and comments replaces nothing.
                if !template.is_empty || !templates.contains_key(&template.name) {
                    templates.insert(template.name.clone(), Arc::new(template));
                }
            }
        }
        Ok(Self { files: files.into_iter().map(|f| f.name).collect(), templates, texts: TextCache::default() })
    }

    /// Renders every file whose base name does not start with `_`, in Helm's order. `scope` gives the data of a file;
    /// a file without data is rendered with none. The first error ends the render.
    ///
    /// The data belongs to this render: maps into which templates put other maps or lists (`set`) are empty afterwards,
    /// so that values which hold themselves are freed.
    pub fn render<'s>(&self, options: &Options<'_>, scope: impl Fn(&str) -> Option<&'s Scope>) -> Result<Vec<Rendered>, HelmError> {
        let _guard = CycleGuard::start();
        let meter = Meter::new(options.limits.clone());
        let run = Run {
            host: options.host,
            meter: &meter,
            strict: options.strict,
            lint: options.lint,
            included: RefCell::default(),
            invocations: Cell::new(0),
        };
        let visible = exec::Scope { outer: None, templates: &self.templates, texts: &self.texts };
        let mut rendered = Vec::with_capacity(self.files.len());
        for name in &self.files {
            if name.rsplit('/').next().is_some_and(|base| base.starts_with('_')) {
                continue;
            }
            let context = scope(name).map_or_else(Map::new, |scope| {
                let about = Map::from_entries(Type::MAP, [("Name", Value::from(&**name)), ("BasePath", Value::from(&*scope.base_path))]);
                scope.context.insert("Template", objects::values(&about));
                scope.context.clone()
            });
            let Some(template) = visible.lookup(name.as_bytes()) else { continue };
            let text = exec::execute_file(&run, &visible, template, objects::values(&context))
                .map_err(|error| presentation::exec_error(name, &error))?;
            rendered.push(Rendered { name: Arc::clone(name), text: without_no_value(text) });
        }
        Ok(rendered)
    }
}

/// Deletes every `<no value>`: Go prints it for what is missing, and Helm takes it out again (HE-TPL-08).
fn without_no_value(text: Vec<u8>) -> Vec<u8> {
    const MARK: &[u8] = b"<no value>";
    let finder = memchr::memmem::Finder::new(MARK);
    if finder.find(&text).is_none() {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_slice();
    while let Some(at) = finder.find(rest) {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        rest = after.get(MARK.len()..).unwrap_or(&[]);
    }
    out.extend_from_slice(rest);
    out
}
