//! Which parts of a document are schemas, and under which addresses and anchors.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde_json::{Map, Value};

use super::super::Draft;
use super::address::{join, without_fragment};

/// Levels of nesting of a schema document.
const MAX_DEPTH: usize = 512;

/// What a keyword holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// A schema.
    One,
    /// A list of schemas.
    List,
    /// A schema, or a list of schemas.
    OneOrList,
    /// Schemas by name.
    Named,
    /// Schemas by name that count only if something refers to them.
    Definitions,
}

impl Holds {
    /// Calls `see` for each schema that `value`, the keyword's, holds, with its pointer from there.
    pub(super) fn each<'s>(self, value: &'s Value, mut see: impl FnMut(&str, &'s Value)) {
        match (self, value) {
            (Self::List | Self::OneOrList, Value::Array(items)) => {
                items.iter().enumerate().for_each(|(i, item)| see(&format!("/{i}"), item));
            }
            (Self::One | Self::OneOrList, value) => see("", value),
            (Self::Named | Self::Definitions, Value::Object(object)) => {
                object.iter().for_each(|(key, value)| see(&format!("/{}", key.replace('~', "~0").replace('/', "~1")), value));
            }
            _ => {}
        }
    }
}

/// The keywords of a draft that hold schemas, in the order in which they are looked at.
pub(super) fn keywords(draft: Draft) -> impl Iterator<Item = (&'static str, Holds)> {
    const ALL: [(&str, Draft, Holds); 21] = [
        ("allOf", Draft::D4, Holds::List),
        ("anyOf", Draft::D4, Holds::List),
        ("oneOf", Draft::D4, Holds::List),
        ("not", Draft::D4, Holds::One),
        ("items", Draft::D4, Holds::OneOrList),
        ("additionalItems", Draft::D4, Holds::One),
        ("properties", Draft::D4, Holds::Named),
        ("patternProperties", Draft::D4, Holds::Named),
        ("additionalProperties", Draft::D4, Holds::One),
        ("dependencies", Draft::D4, Holds::Named),
        ("contains", Draft::D6, Holds::One),
        ("propertyNames", Draft::D6, Holds::One),
        ("if", Draft::D7, Holds::One),
        ("then", Draft::D7, Holds::One),
        ("else", Draft::D7, Holds::One),
        ("dependentSchemas", Draft::D2019, Holds::Named),
        ("unevaluatedItems", Draft::D2019, Holds::One),
        ("unevaluatedProperties", Draft::D2019, Holds::One),
        ("prefixItems", Draft::D2020, Holds::List),
        ("definitions", Draft::D4, Holds::Definitions),
        ("$defs", Draft::D2019, Holds::Definitions),
    ];
    ALL.into_iter().filter(move |(_, since, _)| *since <= draft).map(|(keyword, _, holds)| (keyword, holds))
}

/// A schema with an address or an anchor of its own.
pub(super) struct Place<'s> {
    pub(super) value: &'s Value,
    /// The address of the document that it stands in.
    pub(super) document: String,
    /// Where it stands there.
    pub(super) pointer: String,
    /// The draft that it is written in.
    pub(super) draft: Draft,
}

/// The schemas of all documents.
pub(super) struct Places<'s> {
    by_address: HashMap<String, Place<'s>>,
    by_anchor: HashMap<(String, String), Place<'s>>,
    /// The address that the references of a schema start from, and its draft, by the address of its object in memory.
    bases: HashMap<usize, (Rc<str>, Draft)>,
    /// Schemas that were looked at, by their addresses in memory.
    known: HashSet<usize>,
    /// Whether a keyword needs to know what others have evaluated.
    pub(super) tracks: bool,
}

impl<'s> Places<'s> {
    pub(super) fn new() -> Self {
        Self { by_address: HashMap::new(), by_anchor: HashMap::new(), bases: HashMap::new(), known: HashSet::new(), tracks: false }
    }

    /// Adds a document that is written in `draft`.
    pub(super) fn document(&mut self, address: &str, document: &'s Value, draft: Draft) -> Result<(), String> {
        let place = Place { value: document, document: address.to_owned(), pointer: String::new(), draft };
        self.by_address.insert(address.to_owned(), place);
        self.add(document, address, address, "", draft)
    }

    /// Adds a schema that stands at `pointer` in the document with this address, and those in it.
    pub(super) fn add(&mut self, schema: &'s Value, base: &str, document: &str, pointer: &str, draft: Draft) -> Result<(), String> {
        self.walk(schema, &(Rc::from(base), draft), document, &mut pointer.to_owned(), 0)
    }

    pub(super) fn is_known(&self, schema: &Value) -> bool {
        self.known.contains(&std::ptr::from_ref(schema).addr())
    }

    /// The schema with this address.
    pub(super) fn at(&self, address: &str) -> Option<&Place<'s>> {
        self.by_address.get(address)
    }

    pub(super) fn anchor(&self, address: &str, name: &str) -> Option<&Place<'s>> {
        self.by_anchor.get(&(address.to_owned(), name.to_owned()))
    }

    /// The address that the references of a schema start from.
    pub(super) fn base(&self, schema: &Map<String, Value>) -> &str {
        self.bases.get(&std::ptr::from_ref(schema).addr()).map_or("", |(base, _)| base)
    }

    /// The draft of a schema that was looked at.
    pub(super) fn draft(&self, schema: &Map<String, Value>) -> Option<Draft> {
        self.bases.get(&std::ptr::from_ref(schema).addr()).map(|(_, draft)| *draft)
    }

    /// The schemas that are written in another draft than `usual`, by the addresses of their objects in memory.
    pub(super) fn in_other_drafts(&self, usual: Draft) -> HashMap<usize, Draft> {
        self.bases.iter().filter(|(_, (_, draft))| *draft != usual).map(|(place, (_, draft))| (*place, *draft)).collect()
    }

    fn walk(
        &mut self,
        value: &'s Value,
        from: &(Rc<str>, Draft),
        document: &str,
        pointer: &mut String,
        depth: usize,
    ) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("the schema is nested deeper than {MAX_DEPTH} levels"));
        }
        if !self.known.insert(std::ptr::from_ref(value).addr()) {
            return Ok(());
        }
        let Value::Object(object) = value else { return Ok(()) };
        let from = self.name(value, object, from, document, pointer)?;
        self.tracks |= object.contains_key("unevaluatedProperties") || object.contains_key("unevaluatedItems");
        for (keyword, holds) in keywords(from.1) {
            let Some(inner) = object.get(keyword) else { continue };
            let length = pointer.len();
            pointer.push('/');
            pointer.push_str(keyword);
            let mut result = Ok(());
            holds.each(inner, |step, schema| {
                let length = pointer.len();
                pointer.push_str(step);
                if result.is_ok() {
                    result = self.walk(schema, &from, document, pointer, depth + 1);
                }
                pointer.truncate(length);
            });
            result?;
            pointer.truncate(length);
        }
        self.bases.insert(std::ptr::from_ref(object).addr(), from);
        Ok(())
    }

    /// Notes the address and the anchors that a schema gives itself; returns what its references start from, and its draft:
    /// only a schema with an address of its own can name another one than what it stands in.
    fn name(
        &mut self,
        value: &'s Value,
        object: &Map<String, Value>,
        (base, draft): &(Rc<str>, Draft),
        document: &str,
        pointer: &str,
    ) -> Result<(Rc<str>, Draft), String> {
        let text = |keyword: &str| object.get(keyword).and_then(Value::as_str);
        let own = |draft: Draft| {
            let hidden = draft <= Draft::D7 && object.contains_key("$ref");
            text(if draft == Draft::D4 { "id" } else { "$id" }).filter(|_| !hidden)
        };
        let named = object.get("$schema").filter(|_| !pointer.is_empty()).and_then(|_| Draft::of(value).ok());
        let draft = named.filter(|named| own(*named).is_some_and(|id| !id.starts_with('#'))).unwrap_or(*draft);
        let place = || Place { value, document: document.to_owned(), pointer: pointer.to_owned(), draft };
        let old = draft <= Draft::D7;
        let own = own(draft);
        let (id, fragment) = own.map_or(("", ""), |id| id.split_once('#').unwrap_or((id, "")));
        let mut base = Rc::clone(base);
        if !id.is_empty() {
            base = Rc::from(without_fragment(&join(&base, id)));
            match self.by_address.get(&*base) {
                Some(other) if other.document == document && other.pointer != pointer => {
                    return Err(format!("duplicate id {:?} in {document:?} at {pointer:?} and {:?}", &*base, other.pointer));
                }
                Some(_) => {}
                None => {
                    self.by_address.insert(base.to_string(), place());
                }
            }
        }
        let anchors = if old {
            [Some(fragment).filter(|f| !f.is_empty() && !f.starts_with('/')), None]
        } else {
            [text("$anchor"), text("$dynamicAnchor").filter(|_| draft >= Draft::D2020)]
        };
        for anchor in anchors.into_iter().flatten() {
            match self.by_anchor.entry((base.to_string(), anchor.to_owned())) {
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(place());
                }
                std::collections::hash_map::Entry::Occupied(other) if other.get().pointer != pointer => {
                    let first = &other.get().pointer;
                    return Err(format!("duplicate anchor {anchor:?} in {document:?} at {first:?} and {pointer:?}"));
                }
                std::collections::hash_map::Entry::Occupied(_) => {}
            }
        }
        Ok((base, draft))
    }
}
