//! Reading default values while the rest of an archive is still being unpacked: they stand near its start, and of big
//! charts they take as long as everything behind them.

use std::thread::{self, Scope, ScopedJoinHandle};

use super::{ReadError, Table, read_values};
use crate::file::ChartFile;
use crate::paths::below_its_chart;

/// Bytes of values that are worth a thread.
const WORTH_A_THREAD: usize = 16 << 10;

/// Threads at most, so that an archive of thousands of charts does not start thousands.
const MAX_THREADS: usize = 4;

/// As much as the main thread has: values nest.
const STACK: usize = 8 << 20;

type Read<'s> = ScopedJoinHandle<'s, Result<Table, ReadError>>;

/// The values files that are being read, by the place of their content in memory.
pub(crate) struct ReadAhead<'s> {
    spawn: Box<dyn Fn(ChartFile) -> Option<Read<'s>> + 's>,
    reads: Vec<(usize, Read<'s>)>,
}

impl<'s> ReadAhead<'s> {
    /// Nothing yet; threads end with `scope`.
    pub(crate) fn new<'e>(scope: &'s Scope<'s, 'e>) -> Self {
        let spawn = |file: ChartFile| {
            let thread = thread::Builder::new().stack_size(STACK);
            thread.spawn_scoped(scope, move || read_values(file.data.as_bytes())).ok()
        };
        Self { spawn: Box::new(spawn), reads: Vec::new() }
    }

    /// Starts reading a file if it is a big `values.yaml`.
    pub(crate) fn offer(&mut self, file: &ChartFile) {
        if below_its_chart(&file.name) == "values.yaml" && file.data.len() >= WORTH_A_THREAD && self.reads.len() < MAX_THREADS {
            let place = place(file);
            self.reads.extend((self.spawn)(file.clone()).map(|read| (place, read)));
        }
    }

    /// What a file holds, if it was read; waits for the end of it.
    pub(crate) fn take(&mut self, file: &ChartFile) -> Option<Result<Table, ReadError>> {
        let at = self.reads.iter().position(|(known, _)| *known == place(file))?;
        self.reads.swap_remove(at).1.join().ok()
    }
}

/// Stands for the content of a file, which lives as long as the files do.
fn place(file: &ChartFile) -> usize {
    file.data.as_bytes().as_ptr().addr()
}
