//! Server-side apply in stages, drift, pruning and health by watch
