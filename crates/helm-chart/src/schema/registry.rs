//! Where the references of a schema lead.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Draft, SELF};

/// Keywords that refer to another schema.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Levels of nesting of a schema document.
const MAX_DEPTH: usize = 512;

/// A schema document with its references resolved.
pub(super) struct Registry<'s> {
    pub(super) draft: Draft,
    /// The target of each reference, by the address of the object that holds it and the keyword.
    targets: HashMap<(usize, &'static str), Target<'s>>,
    /// Whether a keyword anywhere needs to know what other keywords have evaluated.
    pub(super) tracks: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Target<'s> {
    Schema(&'s Value),
    /// An unknown `urn:`; everything is valid.
    Anything,
}

impl<'s> Registry<'s> {
    /// Indexes a document with those that it has loaded, by their addresses, and resolves all references, also those that
    /// no instance ever reaches.
    pub(super) fn new(document: &'s Value, loaded: &'s [(String, Value)], draft: Draft) -> Result<Self, String> {
        let index = Index::new(document, loaded, draft)?;
        let mut targets = HashMap::new();
        for (holder, keyword, base, reference) in &index.references {
            targets.insert((std::ptr::from_ref(*holder).addr(), *keyword), index.resolve(base, reference)?);
        }
        Ok(Self { draft, targets, tracks: index.tracks })
    }

    /// The address of a document that is still to be loaded.
    pub(super) fn missing(document: &Value, loaded: &[(String, Value)], draft: Draft) -> Result<Option<String>, String> {
        let index = Index::new(document, loaded, draft)?;
        let addresses = index.references.iter().map(|(_, _, base, reference)| without_fragment(&join(base, reference)).to_owned());
        let mut wanted = addresses.filter(|address| !index.places.contains_key(address) && !is_permissive(address));
        Ok(wanted.next())
    }

    pub(super) fn target(&self, holder: &Map<String, Value>, keyword: &'static str) -> Option<Target<'s>> {
        self.targets.get(&(std::ptr::from_ref(holder).addr(), keyword)).copied()
    }
}

struct Index<'s> {
    draft: Draft,
    /// Schemas by address, with and without an anchor as fragment.
    places: HashMap<String, &'s Value>,
    references: Vec<(&'s Map<String, Value>, &'static str, String, String)>,
    tracks: bool,
}

impl<'s> Index<'s> {
    fn new(document: &'s Value, loaded: &'s [(String, Value)], draft: Draft) -> Result<Self, String> {
        let mut index = Self { draft, places: HashMap::new(), references: Vec::new(), tracks: false };
        index.document(SELF, document)?;
        for (address, document) in loaded {
            index.document(address, document)?;
        }
        Ok(index)
    }

    fn document(&mut self, address: &str, document: &'s Value) -> Result<(), String> {
        let id = document.get("$id").or_else(|| document.get("id")).and_then(Value::as_str);
        let base = id.map_or_else(|| address.to_owned(), |id| join(address, id));
        self.places.insert(without_fragment(&base).to_owned(), document);
        self.places.insert(address.to_owned(), document);
        self.walk(document, without_fragment(&base), 0)
    }

    fn walk(&mut self, value: &'s Value, base: &str, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("the schema is nested deeper than {MAX_DEPTH} levels\n"));
        }
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.walk(item, base, depth + 1)),
            Value::Object(object) => {
                let mut base = base.to_owned();
                let id = object.get(if self.draft == Draft::D4 { "id" } else { "$id" }).and_then(Value::as_str);
                if let Some(id) = id {
                    match id.strip_prefix('#') {
                        Some(anchor) if self.draft <= Draft::D7 => {
                            self.places.insert(format!("{base}#{anchor}"), value);
                        }
                        _ if depth > 0 => {
                            base = without_fragment(&join(&base, id)).to_owned();
                            self.places.insert(base.clone(), value);
                        }
                        _ => {}
                    }
                }
                for keyword in ["$anchor", "$dynamicAnchor"] {
                    if let Some(anchor) = object.get(keyword).and_then(Value::as_str) {
                        self.places.insert(format!("{base}#{anchor}"), value);
                    }
                }
                for keyword in REFERENCES {
                    if let Some(reference) = object.get(keyword).and_then(Value::as_str) {
                        self.references.push((object, keyword, base.clone(), reference.to_owned()));
                    }
                }
                self.tracks |= object.contains_key("unevaluatedProperties") || object.contains_key("unevaluatedItems");
                for (key, inner) in object {
                    // Values are data, not schemas.
                    if !matches!(key.as_str(), "enum" | "const" | "default" | "examples") {
                        self.walk(inner, &base, depth + 1)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn resolve(&self, base: &str, reference: &str) -> Result<Target<'s>, String> {
        let full = join(base, reference);
        let (address, fragment) = full.split_once('#').unwrap_or((&full, ""));
        let Some(document) = self.places.get(address) else {
            if is_permissive(address) {
                return Ok(Target::Anything);
            }
            return Err(format!("failing loading {address:?}\n"));
        };
        if fragment.is_empty() {
            return Ok(Target::Schema(document));
        }
        if !fragment.starts_with('/') {
            let anchored = self.places.get(&full).copied().map(Target::Schema);
            return anchored.ok_or_else(|| format!("anchor in {full:?} not found in schema {address:?}\n"));
        }
        let pointer = percent_decoded(fragment);
        document.pointer(&pointer).map(Target::Schema).ok_or_else(|| format!("json-pointer in {full:?} not found\n"))
    }
}

/// Whether everything is valid for what stands at an address: an unknown `urn:`, a schema of schemas.
fn is_permissive(address: &str) -> bool {
    address.starts_with("urn:") || address.contains("json-schema.org/draft")
}

fn without_fragment(address: &str) -> &str {
    address.split_once('#').map_or(address, |(address, _)| address)
}

/// The absolute address of a reference from a base address.
fn join(base: &str, reference: &str) -> String {
    let base = without_fragment(base);
    if reference.starts_with('#') || reference.is_empty() {
        return format!("{base}{reference}");
    }
    let scheme = reference.find(':').is_some_and(|colon| {
        let scheme = &reference[..colon];
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    });
    if scheme {
        return reference.to_owned();
    }
    let authority_end = base.find("://").map_or(0, |at| base[at + 3..].find('/').map_or(base.len(), |slash| at + 3 + slash));
    if let Some(path) = reference.strip_prefix('/') {
        return format!("{}/{path}", &base[..authority_end]);
    }
    let directory = base.rfind('/').map_or(base, |slash| &base[..=slash.max(authority_end)]);
    format!("{directory}{reference}")
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten().and_then(|h| u8::from_str_radix(h, 16).ok());
        out.push(hex.unwrap_or(bytes[i]));
        i += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
