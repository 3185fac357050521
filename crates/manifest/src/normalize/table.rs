//! The Go types of the built-in kinds.

use std::collections::HashMap;
use std::sync::LazyLock;

/// `apiVersion/Kind = type` lines, then `type field:type …` lines. A field's name may end in a mark: `!` if Go writes it
/// even when it is empty, `?` if only when it is not the zero value.
static TABLE: &str = include_str!("builtin.txt");

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { kinds: HashMap::new(), types: HashMap::new() };
    for line in TABLE.lines() {
        if let Some((kind, type_name)) = line.split_once(" = ") {
            index.kinds.insert(kind, type_name);
        } else if let Some((type_name, fields)) = line.split_once(' ') {
            index.types.insert(type_name, fields);
        }
    }
    index
});

struct Index {
    kinds: HashMap<&'static str, &'static str>,
    types: HashMap<&'static str, &'static str>,
}

/// When a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Always.
    Always,
    /// Unless it is empty.
    UnlessEmpty,
    /// Unless it is the zero value of its type.
    UnlessZero,
}

/// A field of a struct.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) presence: Presence,
    pub(super) type_: &'static str,
}

/// The type of a built-in kind.
pub(super) fn kind(api_version: &str, kind: &str) -> Option<&'static str> {
    INDEX.kinds.get(format!("{api_version}/{kind}").as_str()).copied()
}

/// The fields of a struct, `None` if `type_name` is not one.
pub(super) fn fields(type_name: &str) -> Option<impl Iterator<Item = Field>> {
    INDEX.types.get(type_name).map(|line| {
        line.split(' ').filter_map(|item| {
            let (name, type_) = item.split_once(':')?;
            let (name, presence) = match name.as_bytes().last() {
                Some(b'!') => (&name[..name.len() - 1], Presence::Always),
                Some(b'?') => (&name[..name.len() - 1], Presence::UnlessZero),
                _ => (name, Presence::UnlessEmpty),
            };
            Some(Field { name, presence, type_ })
        })
    })
}
