//! Finding the fields of a target, making them where the options say so.

use ferroflux_regex_go::Regex;
use ferroflux_yaml::{Kind, Node, Style, Tag};

use crate::error::{Error, ErrorKind, Result};
use crate::field_path;
use crate::field_visitor::wrong_kind;
use crate::resource::quote_if_ambiguous;
use crate::tree::{text, untagged};

/// The fields that were found, as positions on every level below the root.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    pub(crate) paths: Vec<Vec<usize>>,
    here: Vec<usize>,
    /// The search ended inside text that holds YAML; what it found there cannot be changed.
    detached: bool,
}

impl Matches {
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.detached
    }
}

/// The node at a position.
pub(crate) fn node_at<'n>(node: &'n mut Node, path: &[usize]) -> Option<&'n mut Node> {
    path.iter().try_fold(node, |node, at| match node.kind_mut() {
        Kind::Sequence(items) => items.get_mut(*at),
        Kind::Mapping(pairs) => pairs.get_mut(*at).map(|(_, value)| value),
        Kind::Scalar(_) | Kind::Alias(_) => None,
    })
}

/// Finds the fields at a path. With `create`, missing ones are made; the last one has the kind of that value.
pub(crate) fn find_fields(node: &mut Node, path: &[String], create: Option<&Node>, found: &mut Matches) -> Result<()> {
    let Some((part, rest)) = path.split_first() else {
        found.paths.push(found.here.clone());
        return Ok(());
    };
    if let Some(index) = field_path::index(part) {
        return by_index(node, index, rest, create, found);
    }
    if field_path::is_condition(part) {
        return by_condition(node, part, rest, create, found);
    }
    if part == "*" {
        for at in 0..items(node)?.len() {
            descend(node, at, rest, create, found)?;
        }
        return Ok(());
    }
    by_name(node, part, rest, create, found)
}

fn descend(node: &mut Node, at: usize, rest: &[String], create: Option<&Node>, found: &mut Matches) -> Result<()> {
    found.here.push(at);
    let result = match node_at(node, &[at]) {
        Some(child) => find_fields(child, rest, create, found),
        None => Ok(()),
    };
    found.here.pop();
    result
}

fn items(node: &mut Node) -> Result<&mut Vec<Node>> {
    if !node.is_sequence() && !node.is_null() {
        return Err(wrong_kind("SequenceNode", node));
    }
    if node.is_null() {
        *node = Node::sequence(Vec::new());
    }
    match node.kind_mut() {
        Kind::Sequence(items) => Ok(items),
        _ => Err(Error::new(ErrorKind::FieldPath, "expected a list")),
    }
}

/// A new node for a part that is followed by `rest`.
fn made(rest: &[String], create: &Node) -> Node {
    match rest.first() {
        Some(next) if field_path::is_condition(next) || field_path::index(next).is_some() => Node::sequence(Vec::new()),
        Some(next) if !next.is_empty() => Node::mapping(Vec::new()),
        _ => match create.kind() {
            Kind::Sequence(_) => Node::sequence(Vec::new()),
            Kind::Mapping(_) => Node::mapping(Vec::new()),
            Kind::Scalar(_) | Kind::Alias(_) => untagged(""),
        },
    }
}

fn by_name(node: &mut Node, name: &str, rest: &[String], create: Option<&Node>, found: &mut Matches) -> Result<()> {
    if node.is_null() {
        // what is made below a null never shows
        found.detached |= create.is_some();
        return Ok(());
    }
    if !node.is_mapping() {
        return Err(wrong_kind("MappingNode", node));
    }
    let position = node.pairs().unwrap_or_default().iter().position(|(key, _)| key.text() == Some(name));
    let position = match (position, create) {
        (Some(at), _) => at,
        (None, None) => return Ok(()),
        (None, Some(create)) => {
            let new = made(rest, create);
            let Some(pairs) = node.pairs_mut() else { return Ok(()) };
            pairs.push((untagged(name), new));
            pairs.len() - 1
        }
    };
    let child = node_at(node, &[position]);
    if !rest.is_empty()
        && let Some(scalar) = child.filter(|c| c.is_scalar() && !c.is_null())
    {
        // text that holds YAML: the fields are found and changing them has no effect
        let mut inner = super::embedded::parse(text(scalar))?;
        let mut inside = Matches::default();
        find_fields(&mut inner, rest, create, &mut inside)?;
        found.detached |= !inside.is_empty();
        return Ok(());
    }
    descend(node, position, rest, create, found)
}

fn by_index(node: &mut Node, index: usize, rest: &[String], create: Option<&Node>, found: &mut Matches) -> Result<()> {
    let list = items(node)?;
    if list.len() == index
        && let Some(create) = create
    {
        list.push(made(rest, create));
    }
    if list.len() <= index {
        return Err(Error::new(ErrorKind::FieldPath, format!("index {index} specified but only {} elements found", list.len())));
    }
    descend(node, index, rest, create, found)
}

fn by_condition(node: &mut Node, part: &str, rest: &[String], create: Option<&Node>, found: &mut Matches) -> Result<()> {
    let (name, value) = field_path::condition(part)
        .ok_or_else(|| Error::new(ErrorKind::FieldPath, "list path element must contain fieldName=fieldValue for element to match"))?;
    let pattern = Regex::new(value).map_err(|e| Error::new(ErrorKind::Selector, e.to_string()))?;
    let known = found.paths.len();
    search(node, name, &pattern, rest, create, found)?;
    if found.paths.len() > known || found.detached || create.is_none() {
        return Ok(());
    }
    let new = if name.is_empty() { untagged(value) } else { Node::mapping(vec![(untagged(name), untagged(value))]) };
    items(node)?.push(new);
    search(node, name, &pattern, rest, create, found)?;
    if found.paths.len() == known {
        return Err(Error::new(ErrorKind::FieldPath, format!("the item made for {part} does not match it")));
    }
    Ok(())
}

fn search(node: &mut Node, name: &str, pattern: &Regex, rest: &[String], create: Option<&Node>, found: &mut Matches) -> Result<()> {
    let matching: Vec<usize> = items(node)?
        .iter()
        .enumerate()
        .filter(|(_, item)| {
            let subject = if name.is_empty() { Some(*item) } else { item.get(name) };
            subject.is_some_and(|s| pattern.is_match(printed(s)))
        })
        .map(|(at, _)| at)
        .collect();
    for at in matching {
        if name.is_empty() {
            found.here.push(at);
            found.paths.push(found.here.clone());
            found.here.pop();
        } else {
            descend(node, at, rest, create, found)?;
        }
    }
    Ok(())
}

/// A value as YAML text, quotes included: this is what conditions are matched against.
fn printed(node: &Node) -> String {
    if !node.is_scalar() {
        return crate::output::block_text(node).trim().to_owned();
    }
    let mut shown = node.clone();
    if node.tag() == Tag::Str {
        quote_if_ambiguous(&mut shown);
    }
    match shown.style() {
        Style::DoubleQuoted => format!("\"{}\"", text(node)),
        Style::SingleQuoted => format!("'{}'", text(node)),
        _ => text(node).trim().to_owned(),
    }
}
