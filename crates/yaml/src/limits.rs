//! Bounds on what a hostile text may cost.

/// Bounds that a reader enforces; each one ends in an error that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text. The default is 256 MiB, far above any artifact limit.
    pub bytes: usize,
    /// Levels of nesting. The default is 256: several times what any manifest has, and shallow enough for the stack of
    /// any thread, also in whatever walks the result.
    pub depth: usize,
    /// Nodes in a document after aliases and merges are expanded. The default is 20 million.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 << 20, depth: 256, nodes: 20_000_000 }
    }
}

/// Counts nodes of one document, those that stem from aliases apart, and knows when it is too much.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    nodes: usize,
    aliased: usize,
}

/// What was exceeded.
pub(crate) enum Exceeded {
    Nodes,
    Aliasing,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limit: limits.nodes, nodes: 0, aliased: 0 }
    }

    /// Nodes counted so far.
    pub(crate) fn nodes(&self) -> usize {
        self.nodes
    }

    pub(crate) fn add(&mut self, nodes: usize, aliased: bool) -> Result<(), Exceeded> {
        self.nodes = self.nodes.saturating_add(nodes);
        if aliased {
            self.aliased = self.aliased.saturating_add(nodes);
            if self.aliased > 100 && self.nodes > 1000 && self.too_much_aliasing() {
                return Err(Exceeded::Aliasing);
            }
        }
        if self.nodes > self.limit { Err(Exceeded::Nodes) } else { Ok(()) }
    }

    /// The rule of go-yaml: up to 400,000 nodes 99 % may stem from aliases, from 4 million on 10 %, in between the share
    /// falls evenly.
    #[allow(clippy::cast_precision_loss, reason = "a share, and counts far below 2^52")]
    fn too_much_aliasing(&self) -> bool {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        let nodes = self.nodes as f64;
        let allowed = 0.99 - 0.89 * ((nodes.clamp(LOW, HIGH) - LOW) / (HIGH - LOW));
        self.aliased as f64 / nodes > allowed
    }
}
