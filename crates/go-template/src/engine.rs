//! Helm's engine stage: all templates of a chart and its subcharts are parsed into one set and rendered in Helm's
//! order (HE-RND-01), with `include`, `tpl`, `required`, `fail` and `lookup` (HE-RND-03), and with Helm's presentation
//! of errors (HE-TPL-16).

use std::sync::Arc;

use crate::host::Host;
use crate::limits::Limits;
use crate::value::{Map, Str};

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
    files: Vec<TemplateFile>,
}

/// A template that cannot be parsed or rendered; the text is what Helm prints.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
pub struct HelmError {
    /// The text that Helm shows.
    pub text: String,
    /// What kind of failure it is.
    pub class: ErrorClass,
}

/// Kinds of engine failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// A template does not parse.
    Parse,
    /// A template failed while it ran.
    Exec,
    /// `fail` or `required` ended the render.
    Fail,
    /// A limit of the render was reached.
    Limit,
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
        Ok(Self { files })
    }

    /// Renders every file whose base name does not start with `_`, in Helm's order. `scope` gives the data of a file.
    pub fn render<'s>(&self, options: &Options<'_>, scope: impl Fn(&str) -> Option<&'s Scope>) -> Result<Vec<Rendered>, HelmError> {
        let _ = (options, scope, &self.files);
        Ok(Vec::new())
    }
}
