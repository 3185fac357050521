//! The functions that Helm gives to templates beside Go's built-ins: Sprig's and Helm's own.
//!
//! A module of this folder holds one topic: the bodies and, at its end or start, a constant table of [`Function`]s.
//! [`all`] lists the tables. Go's own built-ins (`eq`, `index`, `printf` …) and the functions that run templates
//! (`include`, `tpl`, `required`, `fail`, `lookup`) belong to the engine and are not here.

use crate::function::Function;

mod cast;
mod crypto;
mod dates;
mod defaults;
mod dicts;
mod encoding;
mod hashes;
mod json;
mod lists;
mod math;
mod network;
mod paths;
mod random;
mod reflection;
mod regex;
mod runes;
mod semver;
mod strings;
mod toml;
mod url;
mod yaml;

/// What Go says where an original touches a nil without looking.
const NIL_DEREFERENCE: &str = "runtime error: invalid memory address or nil pointer dereference";

/// Runs a step of a recursion over a value. Values nest as deep as [`crate::value::MAX_DEPTH`], which may be more than what is left of
/// the stack.
fn deeper<R>(step: impl FnOnce() -> R) -> R {
    const RED_ZONE: usize = 128 << 10;
    const SEGMENT: usize = 1 << 20;
    stacker::maybe_grow(RED_ZONE, SEGMENT, step)
}

/// All functions of this folder. A name must not come twice.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    const TABLES: &[&[&[Function]]] = &[
        &strings::TABLES,
        &dicts::TABLES,
        &crypto::TABLES,
        &[
            dates::FUNCTIONS,
            defaults::FUNCTIONS,
            encoding::FUNCTIONS,
            hashes::FUNCTIONS,
            json::FUNCTIONS,
            lists::FUNCTIONS,
            math::FUNCTIONS,
            network::FUNCTIONS,
            paths::FUNCTIONS,
            random::FUNCTIONS,
            reflection::FUNCTIONS,
            regex::FUNCTIONS,
            semver::FUNCTIONS,
            toml::FUNCTIONS,
            url::FUNCTIONS,
            yaml::FUNCTIONS,
        ],
    ];
    TABLES.iter().copied().flatten().copied().flatten()
}

#[cfg(test)]
mod tests;
