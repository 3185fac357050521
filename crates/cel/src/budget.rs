//! What an evaluation may take. Expressions come from whoever may write an object, and so does the data.

use std::cell::Cell;

use crate::error::Cause;
use crate::stack::with_room;

/// Steps of one evaluation. A step is a part of the expression that is evaluated, an element that is looked at or made,
/// or eight bytes of text: a bound on time and memory at once, with the same answer on every machine. All of them take
/// some 25 ms; an expression on the conditions of an object takes some hundred.
const MAX_STEPS: usize = 300_000;

/// How deep values may be nested that are compared or printed.
const MAX_DEPTH: usize = 700;

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: Cell<usize>,
    depth: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: Cell::new(MAX_STEPS), depth: Cell::new(MAX_DEPTH) }
    }
}

impl Budget {
    /// Takes steps.
    pub(crate) fn spend(&self, steps: usize) -> Result<(), Cause> {
        self.steps.set(self.steps.get().checked_sub(steps).ok_or(Cause::Exhausted)?);
        Ok(())
    }

    /// Takes the steps for text of this length.
    pub(crate) fn spend_bytes(&self, bytes: usize) -> Result<(), Cause> {
        self.spend(1 + bytes / 8)
    }

    /// Runs a part of `work` that recurses into a value.
    pub(crate) fn deeper<T>(&self, work: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
        self.depth.set(self.depth.get().checked_sub(1).ok_or(Cause::Exhausted)?);
        let result = with_room(work);
        self.depth.set(self.depth.get() + 1);
        result
    }
}
