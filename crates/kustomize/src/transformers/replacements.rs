//! `replacements`: the value of one field into others (KB-RPL-01 … KB-RPL-04).

use ferroflux_yaml::{Dialect, Kind, Node, Tag, plain_tag};

use super::{Tools, Transformer};
use crate::error::{Error, ErrorKind, Place, Result, nearest};
use crate::field_path;
use crate::kustomization::fields::{FieldOptions, Replacement, ReplacementSource, ReplacementTarget};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;
use crate::selector::Selector;
use crate::tree::{Twins, detached, is_null_or_empty, is_untagged, text, untagged};

mod embedded;
mod lookup;
mod path;

pub(crate) use lookup::lookup;
use path::{Matches, find_fields, node_at};

const DEFAULT_FIELD: &str = "metadata.name";

/// Makes replacements in their order.
#[derive(Debug)]
pub(crate) struct Replacements {
    pub(crate) list: Vec<Replacement>,
    pub(crate) place: Option<Place>,
}

fn fails(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Replacement, cause)
}

impl Transformer for Replacements {
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        for (number, replacement) in self.list.iter().enumerate() {
            tools.cancel.check()?;
            self.apply(number, replacement, resources, tools).map_err(|e| {
                let e = e.in_field(format!("replacements[{number}]"));
                match &self.place {
                    Some(place) => e.at(replacement.at.line, replacement.at.column).in_file(&place.file),
                    None => e,
                }
            })?;
        }
        Ok(())
    }
}

impl Replacements {
    fn apply(&self, number: usize, replacement: &Replacement, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        let has_source = replacement.source.is_some() || replacement.source_value.is_some();
        let Some(targets) = replacement.targets.as_ref().filter(|_| has_source) else {
            return Err(fails("replacements must specify a source and at least one target"));
        };
        let mut live = None;
        let mut value = match (&replacement.source, &replacement.source_value) {
            (Some(_), Some(_)) => return Err(fails("value and resource selectors are mutually exclusive")),
            (None, Some(literal)) => untagged(literal),
            (Some(source), None) => {
                let (at, value) = read_source(source, resources)?;
                // without a delimiter the original takes the node itself, and sees what is written to it (measured)
                if source.options.as_ref().is_none_or(|o| o.delimiter.is_empty()) {
                    live = Some((at, field_path::split_dotted(source.path())));
                }
                value
            }
            (None, None) => Node::null(),
        };
        for target in targets {
            let Some(select) = &target.select else { return Err(fails("target must specify resources to select")) };
            let select = Selector::new(select)?;
            let reject = target.reject.iter().map(Selector::new).collect::<Result<Vec<_>>>()?;
            let mut found = false;
            for at in 0..resources.len() {
                if !is_selected(resources.get(at), &select, &reject) {
                    continue;
                }
                found = true;
                let live = live.as_ref().filter(|(source, _)| *source == at).map(|(_, path)| &path[..]);
                resources
                    .update(at, |resource| write_target(resource, &mut value, live, target).map_err(|e| e.on(&resource.id().to_owned())))?;
            }
            if !found {
                tools
                    .warnings
                    .push(self.place.clone(), format!("replacements[{number}]: the target ({}) matches nothing", select.describe()));
            }
        }
        Ok(())
    }
}

/// The selected ids are all that an object has or had, with the namespace as written.
fn is_selected(resource: &Resource, select: &Selector, reject: &[Selector]) -> bool {
    select.matches_labels(resource)
        && !reject.iter().any(|r| r.has_labels() && r.matches_labels(resource))
        && !reject.iter().any(|r| !r.id.is_empty() && resource.all_ids().any(|id| r.matches_id(id)))
        && resource.all_ids().any(|id| select.matches_id(id))
}

fn describe_source(source: &ReplacementSource) -> String {
    let mut text = source.id.to_id().to_string();
    if !source.field_path.is_empty() {
        text.push(':');
        text.push_str(&source.field_path);
    }
    text
}

impl ReplacementSource {
    fn path(&self) -> &str {
        if self.field_path.is_empty() { DEFAULT_FIELD } else { &self.field_path }
    }
}

/// The object that a value comes from, and the value.
fn read_source(source: &ReplacementSource, resources: &ResourceMap) -> Result<(usize, Node)> {
    let id = source.id.to_id();
    let mut matching = resources.iter().enumerate().filter(|(_, r)| !r.is_gone() && r.all_ids().any(|known| known.is_selected_by(&id)));
    let Some((at, found)) = matching.next() else {
        let error = fails(format!("nothing selected by {}", describe_source(source)));
        let names = resources.iter().filter(|r| id.gvk.kind.is_empty() || r.kind() == id.gvk.kind).map(Resource::name);
        return Err(match nearest(&id.name, names) {
            Some(near) => error.hint(format!("did you mean '{near}'?")),
            None => error,
        });
    };
    if let Some((_, second)) = matching.next() {
        let (a, b) = (found.id().to_string(), second.id().to_string());
        return Err(fails(format!("multiple matches for selector {}", describe_source(source))).hint(format!("{a} and {b}")));
    }
    let path = source.path();
    let field = lookup(&found.node, &field_path::split_dotted(path)).map_err(|e| {
        let cause = format!("error looking up replacement source: {}", e.cause());
        e.with_cause(cause).with_kind(ErrorKind::Replacement)
    })?;
    let Some(field) = field.filter(|f| !is_null_or_empty(f)) else {
        return Err(fails(format!("fieldPath `{path}` is missing for replacement source {}", found.id())));
    };
    let mut value = detached(field);
    let Some(options) = source.options.as_ref().filter(|o| !o.delimiter.is_empty()) else { return Ok((at, value)) };
    if !value.is_scalar() {
        return Err(Error::new(ErrorKind::Other, "delimiter option can only be used with scalar nodes"));
    }
    let whole = text(&value).to_owned();
    let part = usize::try_from(options.index).ok().and_then(|index| split(&whole, &options.delimiter).into_iter().nth(index));
    let Some(part) = part else {
        return Err(fails(format!("options.index {} is out of bounds for value {whole}", options.index)));
    };
    set_text(&mut value, part);
    Ok((at, value))
}

fn split<'t>(text: &'t str, delimiter: &str) -> Vec<&'t str> {
    text.split(delimiter).collect()
}

/// Changes the text of a scalar and leaves its type, which may not fit any more; that shows when it is printed.
fn set_text(node: &mut Node, new: &str) {
    let tag = node.tag();
    if let Kind::Scalar(old) = node.kind_mut() {
        *old = new.into();
    }
    let is_typed = matches!(tag, Tag::Int | Tag::Float | Tag::Bool | Tag::Timestamp);
    if is_typed && !is_untagged(node) && plain_tag(Dialect::GoYamlV3, new) != tag {
        node.meta_mut().explicit_tag = tag.short().into();
    }
}

/// Writes the value into the fields of one object. `live` is the path of the value if it comes from this object: then
/// it follows what is written there.
fn write_target(resource: &mut Resource, value: &mut Node, live: Option<&[String]>, target: &ReplacementTarget) -> Result<()> {
    let default = [DEFAULT_FIELD.to_owned()];
    let paths = if target.field_paths.is_empty() { &default[..] } else { &target.field_paths };
    let creates = target.options.as_ref().is_some_and(|o| o.create);
    let mut twins = Twins::default();
    for path in paths {
        let parts = field_path::split_dotted(path);
        let create = creates.then_some(&*value);
        if embedded::write(&mut resource.node, value, &parts, create, &mut twins).is_ok() {
            continue;
        }
        let not_found = || {
            let what = if creates { "find or create" } else { "find" };
            fails(format!("unable to {what} field {path:?} in replacement target"))
        };
        let mut matches = Matches::default();
        find_fields(&mut resource.node, &parts, create, &mut matches)
            .map_err(|e| not_found().with_cause(format!("{}: {}", not_found().cause(), e.cause())))?;
        if matches.is_empty() {
            return Err(not_found());
        }
        for at in &matches.paths {
            if let Some(field) = node_at(&mut resource.node, at) {
                write_field(field, value, target.options.as_ref(), &mut twins)?;
            }
            if let Some(Ok(Some(source))) = live.map(|path| lookup(&resource.node, path)) {
                *value = detached(source);
            }
        }
    }
    twins.settle(&mut resource.node);
    Ok(())
}

fn write_field(field: &mut Node, value: &Node, options: Option<&FieldOptions>, twins: &mut Twins) -> Result<()> {
    let mut new = text(value).to_owned();
    let delimited = options.filter(|o| !o.delimiter.is_empty());
    if let Some(options) = delimited {
        if !field.is_scalar() {
            return Err(Error::new(ErrorKind::Other, "delimiter option can only be used with scalar nodes"));
        }
        let mut parts: Vec<&str> = split(text(field), &options.delimiter);
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &new),
            Ok(index) if index >= parts.len() => parts.push(&new),
            Ok(index) => parts[index] = &new,
        }
        new = parts.join(&options.delimiter);
    }
    if field.is_scalar() {
        let mut changed = field.clone();
        set_text(&mut changed, &new);
        twins.overwrite(field, changed);
    } else {
        let mut copy = value.clone();
        if delimited.is_some() {
            set_text(&mut copy, &new);
        }
        *field = copy;
    }
    Ok(())
}
