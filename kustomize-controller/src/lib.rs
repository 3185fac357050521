//! The kustomize controller
