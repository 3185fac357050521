//! The merge key `<<`.

use crate::error::{Error, ErrorKind};
use crate::node::{Kind, Node};

/// Adds the pairs of `value` (a mapping or a list of mappings) whose keys are not there yet; of a list the earlier ones
/// win.
pub(super) fn merge(pairs: &mut Vec<(Node, Node)>, value: Node) -> Result<(), Error> {
    let (line, column) = (value.line(), value.column());
    let wrong = || Error::new(line, column, ErrorKind::MergeWantsMapping);
    match value.into_kind() {
        Kind::Mapping(more) => add(pairs, more),
        Kind::Sequence(items) => {
            for item in items {
                match item.into_kind() {
                    Kind::Mapping(more) => add(pairs, more),
                    _ => return Err(wrong()),
                }
            }
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

fn add(pairs: &mut Vec<(Node, Node)>, more: Vec<(Node, Node)>) {
    for (key, value) in more {
        if !pairs.iter().any(|(k, _)| k.text().is_some() && k.text() == key.text()) {
            pairs.push((key, value));
        }
    }
}
