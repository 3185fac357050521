//! Documents that a schema refers to.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Debug;

use serde_json::Value;

use crate::notice::{Level, Log, Notice};

use super::registry::{Obstacle, Registry};
use super::{Draft, json, meta};

/// Documents that the schema of one chart may load.
const MAX_DOCUMENTS: usize = 32;
/// Bytes that they may have together.
const MAX_BYTES: usize = 16 << 20;

/// Where documents come from that schemas refer to (`"$ref": "https://example.com/pod.json"`). Helm fetches them; this
/// crate does no input or output, so that its callers decide what a chart may reach.
pub trait SchemaLoader: Debug {
    /// The bytes of the document at an absolute `http:`, `https:` or `file:` address without fragment; the error says why not, as
    /// Helm does behind `failing loading "address": `. A chart names the address: bound time and size.
    fn load(&self, address: &str) -> Result<Vec<u8>, String>;
}

/// Loads nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSchemas;

impl SchemaLoader for NoSchemas {
    fn load(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("schemas are not fetched from the network".to_owned())
    }
}

/// Addresses that lead nowhere and allow everything: each is said once.
#[derive(Debug)]
pub(super) struct Unresolved<'l> {
    log: &'l dyn Log,
    told: RefCell<HashSet<String>>,
}

impl<'l> Unresolved<'l> {
    pub(super) fn new(log: &'l dyn Log) -> Self {
        Self { log, told: RefCell::default() }
    }

    /// Says that nothing is known about what stands at `urn`.
    pub(super) fn tell(&self, urn: &str) {
        if self.told.borrow_mut().insert(urn.to_owned()) {
            self.log.log(Notice::new(Level::Warn, "unresolved URN reference ignored; using permissive schema").with("urn", urn));
        }
    }
}

/// A document with its address.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) address: String,
    pub(super) document: Value,
    /// What it is written in: 2020-12 if it does not say, whatever the schema that refers to it is written in.
    pub(super) draft: Draft,
}

/// What one schema has loaded.
pub(super) struct Documents<'l> {
    loader: &'l dyn SchemaLoader,
    unresolved: &'l Unresolved<'l>,
    loaded: Vec<Loaded>,
    bytes: usize,
}

impl<'l> Documents<'l> {
    pub(super) fn new(loader: &'l dyn SchemaLoader, unresolved: &'l Unresolved<'l>) -> Self {
        Self { loader, unresolved, loaded: Vec::new(), bytes: 0 }
    }

    /// The documents.
    pub(super) fn loaded(&self) -> &[Loaded] {
        &self.loaded
    }

    /// The draft of a schema, which may be that of the schema of schemas that it names.
    pub(super) fn draft(&mut self, schema: &Value) -> Result<Draft, String> {
        if let Some(urn) = schema["$schema"].as_str().filter(|named| named.starts_with("urn:")) {
            self.unresolved.tell(urn);
        }
        let mut named = match Draft::of(schema) {
            Ok(draft) => return Ok(draft),
            Err(address) => address.to_owned(),
        };
        let mut seen = HashSet::new();
        while seen.insert(named.clone()) {
            let at = self.position(&named)?;
            named = match Draft::of(&self.loaded[at].document) {
                Ok(draft) => return Ok(draft),
                Err(address) => address.to_owned(),
            };
        }
        Err(format!("metaschema {named:?} refers to itself"))
    }

    /// Loads what the schema refers to, and what that refers to.
    pub(super) fn load_references(&mut self, schema: &Value, draft: Draft) -> Result<(), String> {
        loop {
            let address = match Registry::new(schema, &self.loaded, draft, self.unresolved) {
                Ok(_) => return Ok(()),
                Err(Obstacle::Missing(address)) => address,
                Err(Obstacle::Fault(text)) => return Err(text),
            };
            let at = self.position(&address)?;
            let document = self.loaded[at].document.clone();
            let draft = self.draft(&document)?;
            meta::check_schema(&format!("{address}#"), &document, draft)?;
            self.loaded[at].draft = draft;
        }
    }

    fn position(&mut self, address: &str) -> Result<usize, String> {
        if let Some(at) = self.loaded.iter().position(|known| known.address == address) {
            return Ok(at);
        }
        let failed = |why: &str| format!("failing loading {address:?}: {}", why.trim_end());
        let scheme = address.split_once(':').map_or("", |(scheme, _)| scheme);
        if !matches!(scheme, "http" | "https" | "file") {
            return Err(failed(&format!("no URLLoader registered for {address:?}")));
        }
        if self.loaded.len() == MAX_DOCUMENTS {
            return Err(failed(&format!("the schema refers to more than {MAX_DOCUMENTS} documents")));
        }
        let bytes = self.loader.load(address).map_err(|why| failed(&why))?;
        self.bytes += bytes.len();
        if self.bytes > MAX_BYTES {
            return Err(failed(&format!("the documents that the schema refers to have more than {} MiB", MAX_BYTES >> 20)));
        }
        let text = String::from_utf8_lossy(&bytes);
        let document = json::parse(&text).map_err(|why| failed(&why))?;
        self.loaded.push(Loaded { address: address.to_owned(), document, draft: Draft::D2020 });
        Ok(self.loaded.len() - 1)
    }
}
