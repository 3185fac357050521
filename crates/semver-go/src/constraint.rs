//! Ranges of versions: alternatives (`||`) of groups (space or comma) of comparators.

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

use crate::quote::Quoted;
use crate::version::{Version, compare_prereleases};

mod parse;

/// The longest constraint text that is looked at, in bytes.
pub const MAX_CONSTRAINT_LEN: usize = 512;

/// The most `||` alternatives a constraint may have.
pub const MAX_CONSTRAINT_GROUPS: usize = 32;

/// Why a text is not a constraint. The texts are those of the original library.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConstraintError {
    /// One alternative, or one comparator, is not of the known form. The empty text is of none.
    #[error("improper constraint: {}", Quoted(.0))]
    Improper(String),
    /// A comparator has the known form, but its version has not.
    #[error("constraint parser error")]
    Version,
    /// The text is longer than [`MAX_CONSTRAINT_LEN`].
    #[error("constraint string is too long (max {MAX_CONSTRAINT_LEN} bytes)")]
    TooLong,
    /// There are more alternatives than [`MAX_CONSTRAINT_GROUPS`].
    #[error("too many constraint groups (max {MAX_CONSTRAINT_GROUPS})")]
    TooManyGroups,
}

/// A parsed constraint, ready to check versions.
///
/// A pre-release version is admitted by a group only if at least one comparator of that group has a pre-release.
#[derive(Debug, Clone)]
pub struct Constraints {
    groups: Vec<Group>,
}

/// Comparators that must all hold.
#[derive(Debug, Clone)]
struct Group {
    comparators: Vec<Comparator>,
    admits_prereleases: bool,
}

/// One operator with its version.
#[derive(Debug, Clone)]
struct Comparator {
    operator: Operator,
    /// The operator as it was written, for the normalised text.
    operator_text: Box<str>,
    /// The version as it was written.
    version_text: Box<str>,
    /// The version with missing and wildcard parts as zero.
    version: Version,
    precision: Precision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// None or `=`: equality for a full version, else the tilde range.
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Tilde,
    Caret,
}

/// How many of the three numbers were given, before the first missing or wildcard one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    /// `*`, `x`
    Any,
    /// `1`, `1.x`
    Major,
    /// `1.2`, `1.2.x`
    Minor,
    /// `1.2.3`
    Full,
}

impl Constraints {
    /// Parses a constraint such as `>=1.2 <2.0.0-0 || ^3`. The empty text is an error (only Helm's chart look-ups take
    /// it for `*`; see [`crate::select::latest_chart`]).
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        parse::constraints(text)
    }

    /// Whether the version lies in the range.
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            (version.prerelease().is_empty() || group.admits_prereleases) && group.comparators.iter().all(|c| c.admits(version))
        })
    }
}

/// The normalised text: comparators as written, single spaces between, hyphen ranges as `>=`/`<=` pairs.
impl fmt::Display for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, group) in self.groups.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { " || " })?;
            for (j, c) in group.comparators.iter().enumerate() {
                write!(f, "{}{}{}", if j == 0 { "" } else { " " }, c.operator_text, c.version_text)?;
            }
        }
        Ok(())
    }
}

impl Comparator {
    /// Whether the comparator holds; that pre-releases may be looked at was decided for the group.
    fn admits(&self, v: &Version) -> bool {
        let c = &self.version;
        let order = v.precedence(c);
        match self.operator {
            Operator::Equal if self.precision == Precision::Full => order.is_eq(),
            Operator::Equal | Operator::Tilde => order.is_ge() && self.within_tilde(v),
            Operator::NotEqual => self.differs(v, order),
            Operator::Greater => self.is_exceeded_by(v, order),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => match self.precision {
                Precision::Full => order.is_le(),
                // `<=1` admits every version of major number 1, `<=1.2` every version of 1.2.
                Precision::Major => v.major() <= c.major(),
                Precision::Any | Precision::Minor => (v.major(), v.minor()) <= (c.major(), c.minor()),
            },
            Operator::Caret => order.is_ge() && self.within_caret(v),
        }
    }

    /// `~1.2.3` and `~1.2`: same major and minor number; `~1`: same major number; `~*`, and in the original also
    /// `~0.0.0`: any.
    fn within_tilde(&self, v: &Version) -> bool {
        let c = &self.version;
        let zero = (c.major(), c.minor(), c.patch()) == (0, 0, 0);
        match self.precision {
            Precision::Any => true,
            Precision::Full if zero => true,
            Precision::Major => v.major() == c.major(),
            Precision::Minor | Precision::Full => (v.major(), v.minor()) == (c.major(), c.minor()),
        }
    }

    /// `^1.2.3`: same major number; below 1 the first non-zero number that was given must be the same.
    fn within_caret(&self, v: &Version) -> bool {
        let c = &self.version;
        if c.major() > 0 || self.precision == Precision::Major {
            return v.major() == c.major();
        }
        match self.precision {
            _ if v.major() > 0 => false,
            Precision::Minor => v.minor() == c.minor(),
            _ if c.minor() > 0 => v.minor() == c.minor(),
            _ => v.minor() == 0 && v.patch() == c.patch(),
        }
    }

    /// `>1`: at least 2; `>1.2`: at least 1.3; `>1.2.3`: by precedence.
    fn is_exceeded_by(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        match self.precision {
            Precision::Major => v.major() > c.major(),
            Precision::Minor => (v.major(), v.minor()) > (c.major(), c.minor()),
            Precision::Any => v.major() > c.major() || order.is_gt(),
            Precision::Full => order.is_gt(),
        }
    }

    fn differs(&self, v: &Version, order: Ordering) -> bool {
        let c = &self.version;
        match self.precision {
            Precision::Full => order.is_ne(),
            _ if v.major() != c.major() => true,
            Precision::Major => false,
            _ if v.minor() != c.minor() => true,
            Precision::Minor => compare_prereleases(v.prerelease(), c.prerelease()).is_ne(),
            Precision::Any => v.patch() != c.patch() || order.is_ne(),
        }
    }
}
