//! `spec.ignore`: fields of other controllers that neither count as drift nor are written (KC-IGN-01…03).

use regex::Regex;
use serde_json::Value;

use crate::{LabelSelector, ObjectRef, SelectorError, managed_fields, metadata_map, pointer};

/// One rule as it stands in the spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoreRule {
    /// RFC 6901 pointers of the ignored fields.
    pub paths: Vec<String>,
    /// The objects it applies to; absent means all.
    pub target: Option<IgnoreTarget>,
}

/// Which objects a rule applies to: all given parts must match. The first five are regular expressions that must match
/// the whole value; the selectors are in the text form of label selectors. An empty part matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoreTarget {
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// On the labels.
    pub label_selector: String,
    /// On the annotations.
    pub annotation_selector: String,
}

/// A rule that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// One of the regular expressions.
    #[error("invalid {part} regex: {source}")]
    Regex {
        /// Which part of the target.
        part: &'static str,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
    /// One of the selectors.
    #[error("invalid {part} selector: {source}")]
    Selector {
        /// `label` or `annotation`.
        part: &'static str,
        /// What is wrong with it.
        source: SelectorError,
    },
}

/// Compiled rules.
#[derive(Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    paths: Vec<String>,
    /// Group, version, kind, name, namespace.
    parts: [Option<Regex>; 5],
    labels: Option<LabelSelector>,
    annotations: Option<LabelSelector>,
}

/// What to do with an ignored field that differs between the live object and the dry-run.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolution {
    /// Another manager applies the field: leave it out of what is sent.
    Strip(String),
    /// Nobody else owns it: send the live value.
    Adopt(String, Value),
}

impl IgnoreRules {
    /// Compiles rules.
    pub fn compile(rules: &[IgnoreRule]) -> Result<Self, RuleError> {
        rules.iter().map(Compiled::new).collect::<Result<_, _>>().map(|rules| Self { rules })
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The positions of rules with a target that none of `objects` is: most often a name that is spelt wrong (KC-UX-02).
    pub fn unused(&self, objects: &[Value]) -> Vec<usize> {
        let is_used = |rule: &Compiled| objects.iter().any(|object| rule.matches(&ObjectRef::of(object), object));
        self.rules.iter().enumerate().filter(|(_, rule)| !is_used(rule)).map(|(at, _)| at).collect()
    }

    /// The ignored pointers of an object.
    pub fn paths(&self, object: &Value) -> Vec<String> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let id = ObjectRef::of(object);
        self.rules.iter().filter(|rule| rule.matches(&id, object)).flat_map(|rule| rule.paths.iter().cloned()).collect()
    }

    /// How each ignored field that differs is to be kept as it is when the object must be written after all (KC-IGN-03).
    /// `manager` is the name of our own field manager.
    pub fn resolutions(&self, live: &Value, dry_run: &Value, manager: &str) -> Vec<Resolution> {
        let paths = self.paths(dry_run);
        let differing = paths.into_iter().filter(|path| pointer::get(live, path) != pointer::get(dry_run, path));
        differing
            .map(|path| {
                if managed_fields::owned_by_other_applier(live, &path, manager) {
                    Resolution::Strip(path)
                } else {
                    let value = pointer::get(live, &path).cloned().unwrap_or(Value::Null);
                    Resolution::Adopt(path, value)
                }
            })
            .collect()
    }
}

impl Resolution {
    /// Changes what will be sent. Fields that are not part of it stay absent.
    pub fn apply(self, payload: &mut Value) {
        match self {
            Self::Strip(path) => {
                pointer::remove(payload, &path);
            }
            Self::Adopt(path, value) => {
                pointer::replace(payload, &path, value);
            }
        }
    }
}

impl Compiled {
    fn new(rule: &IgnoreRule) -> Result<Self, RuleError> {
        let target = rule.target.clone().unwrap_or_default();
        let regex = |part: &'static str, text: &str| {
            if text.is_empty() {
                return Ok(None);
            }
            Regex::new(&format!("^(?:{text})$")).map(Some).map_err(|e| RuleError::Regex { part, source: Box::new(e) })
        };
        let selector = |part: &'static str, text: &str| {
            if text.is_empty() {
                return Ok(None);
            }
            LabelSelector::parse(text).map(Some).map_err(|source| RuleError::Selector { part, source })
        };
        Ok(Self {
            paths: rule.paths.clone(),
            parts: [
                regex("group", &target.group)?,
                regex("version", &target.version)?,
                regex("kind", &target.kind)?,
                regex("name", &target.name)?,
                regex("namespace", &target.namespace)?,
            ],
            labels: selector("label", &target.label_selector)?,
            annotations: selector("annotation", &target.annotation_selector)?,
        })
    }

    fn matches(&self, id: &ObjectRef, object: &Value) -> bool {
        let values = [&id.group, &id.version, &id.kind, &id.name, &id.namespace];
        self.parts.iter().zip(values).all(|(regex, value)| regex.as_ref().is_none_or(|r| r.is_match(value)))
            && self.labels.as_ref().is_none_or(|s| s.matches(metadata_map(object, "labels")))
            && self.annotations.as_ref().is_none_or(|s| s.matches(metadata_map(object, "annotations")))
    }
}
