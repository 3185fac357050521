//! A user's values from files and arguments, in Helm's order (HC-VAL-04, HE-VAL-06): `-f` files, then `--set-json`,
//! `--set`, `--set-string`, `--set-file`, `--set-literal`, whatever their order on the command line.

use crate::surrogates::without_halves;

use super::{ReadError, SetError, Table, Tree, merge_tables, read_values, set, set_file, set_json, set_literal, set_string};

/// What the user gave, each list in command line order.
#[derive(Debug, Clone, Default)]
pub struct ValueOptions {
    /// Names of values files.
    pub files: Vec<String>,
    /// `--set-json` arguments.
    pub json: Vec<String>,
    /// `--set` arguments.
    pub set: Vec<String>,
    /// `--set-string` arguments.
    pub string: Vec<String>,
    /// `--set-file` arguments.
    pub file: Vec<String>,
    /// `--set-literal` arguments.
    pub literal: Vec<String>,
}

/// Why the user's values could not be read. The texts are Helm's.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A values file could not be opened or read.
    #[error("{0}")]
    Open(String),
    /// A values file is not what it should be.
    #[error("failed to parse {file}: {source}")]
    File {
        /// The name that the user gave.
        file: String,
        /// What is wrong with it.
        source: ReadError,
    },
    /// A `--set-json` argument that is one JSON object, but not well formed.
    #[error("failed parsing --set-json data JSON: {0}")]
    JsonObject(String),
    /// A `--set-json` argument of pairs.
    #[error("failed parsing --set-json data {0}")]
    Json(String),
    /// An argument of one of the other forms.
    #[error("failed parsing {flag} data: {source}")]
    Set {
        /// `--set`, `--set-string` …
        flag: &'static str,
        /// What is wrong with it.
        source: SetError,
    },
}

impl ValueOptions {
    /// Reads everything into one table; `read` gives the bytes of a file that `-f` or `--set-file` names.
    pub fn resolve(&self, mut read: impl FnMut(&str) -> Result<Vec<u8>, String>) -> Result<Table, OptionsError> {
        let mut values = Table::new();
        for file in &self.files {
            let bytes = read(file).map_err(OptionsError::Open)?;
            let table = read_values(&bytes).map_err(|source| OptionsError::File { file: file.clone(), source })?;
            merge_tables(&mut values, table);
        }
        for given in &self.json {
            let argument = &*without_halves(given);
            let trimmed = argument.trim();
            if trimmed.starts_with('{') {
                let object = serde_json::from_str::<serde_json::Value>(trimmed).map_err(|_| OptionsError::JsonObject(given.clone()))?;
                if let Tree::Table(table) = Tree::from_json(&object) {
                    merge_tables(&mut values, std::sync::Arc::unwrap_or_clone(table));
                }
            } else {
                set_json(&mut values, argument).map_err(|_| OptionsError::Json(given.clone()))?;
            }
        }
        for argument in &self.set {
            set(&mut values, argument).map_err(|source| OptionsError::Set { flag: "--set", source })?;
        }
        for argument in &self.string {
            set_string(&mut values, argument).map_err(|source| OptionsError::Set { flag: "--set-string", source })?;
        }
        for argument in &self.file {
            let text = |name: &str| read(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            set_file(&mut values, argument, text).map_err(|source| OptionsError::Set { flag: "--set-file", source })?;
        }
        for argument in &self.literal {
            set_literal(&mut values, argument).map_err(|source| OptionsError::Set { flag: "--set-literal", source })?;
        }
        Ok(values)
    }
}
