//! Feature gates: `--feature-gates=A=true,B=false` over a controller's table of defaults (RT-05).

use std::collections::BTreeMap;

/// A controller's gates with their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureGates(BTreeMap<&'static str, bool>);

/// The flag's value does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The gate is not in the controller's table.
    #[error("feature-gate '{name}' not supported; this controller knows: {known}")]
    Unknown {
        /// The name given.
        name: String,
        /// The names it knows.
        known: String,
    },
    /// Not `name=true` or `name=false`.
    #[error("feature gate '{0}' must be given as name=true or name=false")]
    Syntax(String),
}

impl FeatureGates {
    /// The defaults, changed by what the flag says; an empty flag changes nothing.
    pub fn parse(defaults: &[(&'static str, bool)], flag: &str) -> Result<Self, GateError> {
        let mut gates: BTreeMap<&'static str, bool> = defaults.iter().copied().collect();
        for part in flag.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| GateError::Syntax(part.to_owned()))?;
            let value = value.trim().to_ascii_lowercase().parse().map_err(|_| GateError::Syntax(part.to_owned()))?;
            let Some(gate) = gates.get_mut(name.trim()) else {
                let known = gates.keys().copied().collect::<Vec<_>>().join(", ");
                return Err(GateError::Unknown { name: name.to_owned(), known });
            };
            *gate = value;
        }
        Ok(Self(gates))
    }

    /// Whether a gate of the table is on; a name outside the table is off.
    pub fn enabled(&self, name: &str) -> bool {
        self.0.get(name).copied().unwrap_or(false)
    }

    /// Logs every gate, as the originals do at start.
    pub fn log(&self) {
        for (name, enabled) in &self.0 {
            tracing::info!(feature = *name, enabled, "loading feature gate");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RT-05: defaults hold, the flag changes them, and an unknown gate is an error that names the known ones.
    #[test]
    fn parses() {
        let defaults = [("A", true), ("B", false)];
        let parse = |flag| FeatureGates::parse(&defaults, flag);
        assert!(parse("").is_ok_and(|g| g.enabled("A") && !g.enabled("B")));
        assert!(parse("A=false, B=true").is_ok_and(|g| !g.enabled("A") && g.enabled("B")));
        assert_eq!(parse("C=true"), Err(GateError::Unknown { name: "C".into(), known: "A, B".into() }));
        assert_eq!(parse("A"), Err(GateError::Syntax("A".into())));
    }
}
