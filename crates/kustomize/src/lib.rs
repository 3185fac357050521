//! Builds a kustomization into objects
