//! Variable substitution in manifests with bash-like operators
