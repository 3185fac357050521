//! The functions that Helm gives to templates beside Go's built-ins: Sprig's and Helm's own.
//!
//! A module of this folder holds one topic: the bodies and, at its end or start, a constant table of [`Function`]s.
//! [`all`] lists the tables. Go's own built-ins (`eq`, `index`, `printf` …) and the functions that run templates
//! (`include`, `tpl`, `required`, `fail`, `lookup`) belong to the engine and are not here.

use crate::function::Function;

mod strings;

/// All functions of this folder. A name must not come twice.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    const TABLES: &[&[Function]] = &[strings::FUNCTIONS];
    TABLES.iter().copied().flatten()
}
