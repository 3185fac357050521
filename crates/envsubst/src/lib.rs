//! Variable substitution in manifests: `${var}` with bash-like operators, as Flux's post-build substitution does it.
//!
//! Entry points:
//! - [`substitute`]: one text with [`Variables`], strict or lenient (KC-SUB-07).
//! - [`post_build()`]: one rendered object from its YAML text to the typed object (KC-SUB-01, KC-SUB-03…06).
//!
//! Mirrors fluxcd/pkg/envsubst and the pure part of fluxcd/pkg/kustomize's `SubstituteVariables`. It reads no ConfigMaps
//! and no Secrets: the caller fills [`Variables`] from them in the order of `substituteFrom`, then from `substitute`.

mod eval;
mod glob;
mod parse;
mod post_build;
mod variables;

pub use eval::{Mode, substitute};
pub use parse::{ParseError, Problem};
pub use post_build::{Outcome, PostBuildError, Strategy, post_build};
pub use variables::{InvalidName, Variables};

/// Why a text cannot be substituted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not well formed.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// Variables without a value and without a default, all of them in the order of the text (KC-UX-01).
    #[error("variable not set (strict mode): {}", quoted(.0))]
    NotSet(Vec<String>),
    /// `${v:p:n}` with a negative length.
    #[error("variable {variable:?}: the length {length} of the substring is negative")]
    NegativeLength {
        /// The variable.
        variable: String,
        /// The length.
        length: i64,
    },
    /// A pattern that takes too many steps on a long value.
    #[error("variable {0:?}: the pattern takes too many steps on this value; use a shorter value or a simpler pattern")]
    PatternTooExpensive(String),
    /// Replacing makes the text larger than the limit.
    #[error("the result is larger than {0} bytes")]
    TooLarge(usize),
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", ")
}
