//! Tables that hold the parts of syntax trees one behind the other, and places in them.

use std::marker::PhantomData;
use std::ops::Index;

/// The place of one entry in a table.
#[derive(Debug)]
pub(crate) struct Id<T>(u32, PhantomData<fn() -> T>);

/// The place of a run of entries in a table.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    start: u32,
    end: u32,
    of: PhantomData<fn() -> T>,
}

// Derived, these would ask the same of `T`.
impl<T> Copy for Id<T> {}
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Copy for Rows<T> {}
impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Id<T> {
    /// The first entry of a table.
    pub(crate) const FIRST: Self = Self(0, PhantomData);
}

impl<T> Rows<T> {
    /// A run of nothing.
    pub(crate) const EMPTY: Self = Self { start: 0, end: 0, of: PhantomData };

    /// Whether nothing is in it.
    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Entries of one kind. Places are those that this table gave out.
#[derive(Debug)]
pub(crate) struct Table<T>(Vec<T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Places are kept in 32 bits; no template comes near 4 GiB.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl<T> Table<T> {
    /// Puts an entry at the end.
    pub(crate) fn push(&mut self, entry: T) -> Id<T> {
        self.0.push(entry);
        Id(place(self.0.len() - 1), PhantomData)
    }

    /// Moves what stands in `entries` from `mark` on to the end.
    pub(crate) fn append(&mut self, entries: &mut Vec<T>, mark: usize) -> Rows<T> {
        let start = place(self.0.len());
        // Most lists have one entry or none.
        if entries.len() == mark + 1 {
            self.0.extend(entries.pop());
        } else if entries.len() > mark {
            self.0.extend(entries.drain(mark..));
        }
        Rows { start, end: place(self.0.len()), of: PhantomData }
    }

    /// The entries of a list.
    pub(crate) fn list(&self, list: Rows<T>) -> &[T] {
        self.0.get(list.start as usize..list.end as usize).unwrap_or(&[])
    }

    /// Takes all entries out, into a table that is no larger than they are.
    pub(crate) fn take(&mut self) -> Self {
        Self(self.0.drain(..).collect())
    }
}

impl<T: Copy> Table<T> {
    /// Puts entries at the end.
    pub(crate) fn extend(&mut self, entries: &[T]) -> Rows<T> {
        let start = place(self.0.len());
        self.0.extend_from_slice(entries);
        Rows { start, end: place(self.0.len()), of: PhantomData }
    }

    /// Puts entries behind a list, if it is the last of the table.
    pub(crate) fn continue_last(&mut self, list: &mut Rows<T>, entries: &[T]) -> bool {
        let last = list.end == place(self.0.len());
        if last {
            list.end = self.extend(entries).end;
        }
        last
    }
}

impl<T> Index<Id<T>> for Table<T> {
    type Output = T;

    fn index(&self, id: Id<T>) -> &T {
        &self.0[id.0 as usize]
    }
}
