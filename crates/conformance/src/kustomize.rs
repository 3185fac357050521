//! The kustomize suite.
