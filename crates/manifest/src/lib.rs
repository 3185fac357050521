//! Kubernetes objects as data: identity, order, inventory, health rules, normalisation
