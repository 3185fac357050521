//! Room for recursion. How deep it goes is bounded elsewhere; how much stack there is, depends on the caller's thread.

/// Runs a step of a recursion, on a new segment if little of the stack is left.
pub(crate) fn with_room<T>(step: impl FnOnce() -> T) -> T {
    const LEFT: usize = 64 * 1024;
    const SEGMENT: usize = 512 * 1024;
    stacker::maybe_grow(LEFT, SEGMENT, step)
}
