//! Parsed templates, kept with the chart: a hundred releases of one chart parse it once.

use std::sync::{Arc, Mutex, PoisonError};

use ferroflux_go_template::engine::{HelmError, ParseAhead, TemplateFile, TemplateSet};

/// Sets kept for one chart. Which subcharts are enabled, and under which names, makes a set; releases of one chart
/// rarely differ in that.
const KEPT: usize = 4;

/// The parsed template sets of one chart, most recently used last.
#[derive(Debug, Default)]
pub(crate) struct TemplateCache {
    sets: Mutex<Vec<(Key, Arc<TemplateSet>)>>,
    /// Parses while the chart is loaded; the first set takes what there is.
    ahead: Mutex<Option<ParseAhead>>,
}

/// Names and identities of the texts of a set. A text lives as long as the chart that holds this cache.
type Key = Vec<(Arc<str>, usize)>;

impl TemplateCache {
    /// An empty cache whose first set may be parsed already.
    pub(crate) fn after(ahead: Option<ParseAhead>) -> Self {
        Self { sets: Mutex::default(), ahead: Mutex::new(ahead) }
    }

    /// The parsed set of these files.
    pub(crate) fn get(&self, files: Vec<TemplateFile>) -> Result<Arc<TemplateSet>, HelmError> {
        let key: Key = files.iter().map(|f| (Arc::clone(&f.name), f.text.as_bytes().as_ptr().addr())).collect();
        {
            let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(at) = sets.iter().position(|(k, _)| *k == key) {
                let known = sets.remove(at);
                let set = Arc::clone(&known.1);
                sets.push(known);
                return Ok(set);
            }
        }
        let set = Arc::new(TemplateSet::parse_after(self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take(), files)?);
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.len() >= KEPT {
            sets.remove(0);
        }
        sets.push((key, Arc::clone(&set)));
        Ok(set)
    }
}
