//! `.helmignore`: which files of a chart directory are not part of the chart (HE-CH-07).

use crate::paths::{BadPattern, base, matches};

/// The name of the file that holds the rules, at the root of a chart directory.
pub const IGNORE_FILE: &str = ".helmignore";

/// Why a `.helmignore` file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// `**` has no meaning in Helm's rules.
    #[error("double-star (**) syntax is not supported")]
    DoubleStar,
    /// A pattern is not well formed.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
}

/// The rules of one chart directory, in file order.
#[derive(Debug, Clone)]
pub struct IgnoreRules {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    negated: bool,
    directories_only: bool,
    /// Match the last element only, because the pattern has no slash.
    basename: bool,
    pattern: String,
}

impl IgnoreRules {
    /// Reads the text of a `.helmignore` file (empty where there is none) and adds Helm's own rule that dot files
    /// under `templates/` are never templates.
    pub fn parse(text: &str) -> Result<Self, IgnoreError> {
        let mut rules = Vec::new();
        for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
            rules.extend(Rule::parse(line)?);
        }
        rules.extend(Rule::parse("templates/.?*")?);
        Ok(Self { rules })
    }

    /// Whether the file or directory at `path` (relative, with `/`) is left out. The first rule that decides wins; a
    /// negated rule decides when it does *not* match, as in Helm.
    pub fn ignores(&self, path: &str, is_dir: bool) -> bool {
        if matches!(path, "" | "." | "./") {
            return false;
        }
        for rule in &self.rules {
            let right_type = is_dir || !rule.directories_only;
            let hit = right_type && rule.matches(path);
            if rule.negated != hit {
                return true;
            }
        }
        false
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Option<Self>, IgnoreError> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(None);
        }
        if line.contains("**") {
            return Err(IgnoreError::DoubleStar);
        }
        matches(line, "abc")?;
        let (negated, rest) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (directories_only, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
        let (basename, pattern) = match rest.strip_prefix('/') {
            Some(anchored) => (false, anchored),
            None => (!rest.contains('/'), rest),
        };
        Ok(Some(Self { negated, directories_only, basename, pattern: pattern.to_owned() }))
    }

    fn matches(&self, path: &str) -> bool {
        let name = if self.basename { base(path) } else { path };
        matches(&self.pattern, name).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::{IgnoreError, IgnoreRules};

    /// HE-CH-07: comments, byte order mark, directories, anchors, inner slashes, default rule.
    #[test]
    fn rules_decide_in_order() -> Result<(), IgnoreError> {
        let rules = IgnoreRules::parse("\u{feff}# note\n*.bak\ndocs/\n/top.txt\ninner/x.md\n")?;
        for (path, is_dir, want) in [
            ("a/b.bak", false, true),
            ("docs", true, true),
            ("docs", false, false),
            ("top.txt", false, true),
            ("sub/top.txt", false, false),
            ("inner/x.md", false, true),
            ("templates/.hidden", false, true),
            ("templates/_x", false, false),
            (".", true, false),
        ] {
            assert_eq!(rules.ignores(path, is_dir), want, "{path}");
        }
        Ok(())
    }

    /// HE-CH-07: a negated rule that does not match ignores the file; `**` is refused.
    #[test]
    fn negation_and_double_star() -> Result<(), IgnoreError> {
        let rules = IgnoreRules::parse("!keep.txt\n")?;
        assert!(rules.ignores("Chart.yaml", false));
        assert!(!rules.ignores("keep.txt", false));
        assert_eq!(IgnoreRules::parse("a/**").err(), Some(IgnoreError::DoubleStar));
        assert!(IgnoreRules::parse("[x").is_err());
        Ok(())
    }
}
