//! The suffix that names carry for their content (KB-HASH-01, KB-HASH-02).

use ferroflux_yaml::{Kind, Meta, Node, Style};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;

use super::{Tools, Transformer};
use crate::error::{Error, ErrorKind, Result};
use crate::resource::Resource;
use crate::resource_map::ResourceMap;

/// Appends the hash to the name of every object that asks for it.
#[derive(Debug)]
pub(crate) struct AddHashes;

impl Transformer for AddHashes {
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()> {
        for at in 0..resources.len() {
            if !resources.get(at).wants_hash() {
                continue;
            }
            tools.cancel.check()?;
            let hash = content_hash(resources.get(at))?;
            resources.update(at, |resource| {
                resource.remember_id();
                let name = format!("{}-{hash}", resource.name());
                resource.set_name(&name);
            });
        }
        Ok(())
    }
}

/// Ten characters for what the object holds: the data of ConfigMaps and Secrets, and of other kinds everything, as the
/// original's parser sees it.
pub(crate) fn content_hash(resource: &Resource) -> Result<String> {
    let encoded = match resource.kind() {
        "ConfigMap" => encode(&resource.node, "ConfigMap", &["data"], "binaryData"),
        "Secret" => encode(&resource.node, "Secret", &["data", "type"], "stringData"),
        _ => Ok(parser_tree(&resource.node)),
    }
    .map_err(|why| Error::new(ErrorKind::InvalidResource, why).on(&resource.id().to_owned()))?;
    let digest = Sha256::digest(encoded.as_bytes());
    let mut hash = String::with_capacity(10);
    for byte in &digest[..5] {
        for digit in [byte >> 4, byte & 15] {
            // vowels and look-alikes are avoided
            hash.push(match digit {
                0 => 'g',
                1 => 'h',
                3 => 'k',
                10 => 'm',
                14 => 't',
                d => char::from_digit(u32::from(d), 16).unwrap_or('0'),
            });
        }
    }
    Ok(hash)
}

/// Compact JSON with sorted keys. `name` is always empty: the original looks it up by a path it does not understand.
fn encode(node: &Node, kind: &str, always: &[&str], if_mapping: &str) -> Result<String, String> {
    let value = |field: &str| -> Result<Option<String>, String> {
        match node.get(field) {
            None => Ok(None),
            Some(v) if v.is_scalar() => {
                let mut out = String::new();
                ferroflux_yaml::write_json_string(&mut out, v.text().unwrap_or_default());
                Ok(Some(out))
            }
            Some(v) => crate::output::json_text(v).map(Some),
        }
    };
    let mut fields = vec![("kind", format!("{kind:?}")), ("name", "\"\"".to_owned())];
    for field in always {
        fields.push((field, value(field)?.unwrap_or_else(|| "\"\"".to_owned())));
    }
    if node.get(if_mapping).is_some_and(Node::is_mapping)
        && let Some(text) = value(if_mapping)?
    {
        fields.push((if_mapping, text));
    }
    fields.sort();
    let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    Ok(format!("{{{}}}", fields.join(",")))
}

/// The tree of the original's parser as JSON: kinds, styles, comments, and the line and column of every node. So the hash
/// of an object that is neither ConfigMap nor Secret moves when a line is put above it; names in clusters depend on that.
fn parser_tree(root: &Node) -> String {
    let mut out = String::new();
    write_tree(&mut out, root);
    out
}

fn write_tree(out: &mut String, node: &Node) {
    let (kind, value, children): (u8, &str, Option<Vec<&Node>>) = match node.kind() {
        Kind::Sequence(items) => (2, "", Some(items.iter().collect())),
        Kind::Mapping(pairs) => (4, "", Some(pairs.iter().flat_map(|(key, value)| [key, value]).collect())),
        Kind::Scalar(text) => (8, text, None),
        Kind::Alias(name) => (16, name, None),
    };
    let style = match node.style() {
        Style::Plain => 0,
        Style::DoubleQuoted => 2,
        Style::SingleQuoted => 4,
        Style::Literal => 8,
        Style::Folded => 16,
        Style::Flow => 32,
    };
    let meta = node.meta();
    let is_tagged = meta.is_some_and(|m| !m.explicit_tag.is_empty());
    let comment = |which: fn(&Meta) -> &SmolStr| meta.map(|m| which(m).as_str()).unwrap_or_default();
    let text = |out: &mut String, name: &str, value: &str| {
        out.push_str(name);
        ferroflux_yaml::write_json_string(out, value);
    };
    out.push_str(&format!("{{\"Kind\":{kind},\"Style\":{}", style | u8::from(is_tagged)));
    text(out, ",\"Tag\":", node.tag_text());
    text(out, ",\"Value\":", value);
    text(out, ",\"Anchor\":", node.anchor());
    out.push_str(",\"Alias\":null,\"Content\":");
    // An empty list and no list are the same to that parser.
    match children.filter(|c| !c.is_empty()) {
        None => out.push_str("null"),
        Some(children) => {
            for (at, child) in children.into_iter().enumerate() {
                out.push(if at == 0 { '[' } else { ',' });
                write_tree(out, child);
            }
            out.push(']');
        }
    }
    text(out, ",\"HeadComment\":", comment(|m| &m.head_comment));
    text(out, ",\"LineComment\":", comment(|m| &m.line_comment));
    text(out, ",\"FootComment\":", comment(|m| &m.foot_comment));
    out.push_str(&format!(",\"Line\":{},\"Column\":{}}}", node.line(), node.column()));
}

/// The suffix that a name gets for the content of one object, given as YAML or JSON text. ConfigMaps and Secrets are
/// hashed by kind, data and type alone: not by name, labels or annotations (KB-HASH-01).
pub fn name_suffix(object: &str) -> Result<String> {
    let node = ferroflux_yaml::read_document(object, ferroflux_yaml::ReadOptions::default())
        .map_err(|e| Error::new(ErrorKind::MalformedYaml, e.to_string()))?;
    content_hash(&Resource::new(node))
}
