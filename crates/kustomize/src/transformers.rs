//! The transformers: what a kustomization does to the objects it has gathered.

use crate::error::Result;
use crate::options::CancelToken;
use crate::resource_map::ResourceMap;
use crate::schema::Schema;
use crate::warning::Warnings;

pub(crate) mod hash;
pub(crate) mod images;
pub(crate) mod labels;
pub(crate) mod name_affix;
pub(crate) mod namespace;
pub(crate) mod patch_json6902;
pub(crate) mod patch_strategic_merge;
pub(crate) mod patches;
pub(crate) mod replacements;
pub(crate) mod replicas;
pub(crate) mod value_add;

/// What a transformer may use besides the objects.
pub(crate) struct Tools<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) warnings: &'a Warnings,
    pub(crate) cancel: &'a CancelToken,
}

/// A transformer that cannot work; the original notices when it runs.
pub(crate) struct Failing(pub(crate) crate::error::Error);

impl Transformer for Failing {
    fn transform(&self, _: &mut ResourceMap, _: &Tools<'_>) -> Result<()> {
        Err(self.0.clone())
    }
}

/// One configured transformer.
pub(crate) trait Transformer {
    /// Changes the objects.
    fn transform(&self, resources: &mut ResourceMap, tools: &Tools<'_>) -> Result<()>;
}
