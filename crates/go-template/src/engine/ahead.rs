//! Parsing templates while the rest of their chart is still being unpacked.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustc_hash::FxHashMap;

use super::catalog;
use super::processor::Processor;
use crate::syntax::{Parser, Unnamed};
use crate::value::Str;

/// Bytes of templates that are worth a thread.
const THREAD_BYTES: usize = 128 << 10;

/// Bytes of templates that are worth waking the thread, and that are taken at a time: large ones cost the parser's
/// preparation less often, small ones let two threads end together.
const BATCH_BYTES: usize = 64 << 10;

/// As much as a main thread has: templates nest.
const STACK: usize = 8 << 20;

/// A thread that parses the texts of templates before it is known what names they will have. What it cannot parse is
/// left to [`super::TemplateSet::parse_after`], which knows the name that the error has to give.
#[derive(Debug, Default)]
pub struct ParseAhead {
    shared: Arc<Shared>,
    offered: usize,
    worker: Option<JoinHandle<()>>,
    /// There is nobody to do the work.
    alone: bool,
}

/// Parsed texts by their place in memory.
pub(super) type Parsed = FxHashMap<usize, Unnamed>;

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Str>,
    /// Bytes of what is waiting.
    bytes: usize,
    parsed: Parsed,
    closed: bool,
}

impl State {
    fn add(&mut self, text: Str) {
        self.bytes += text.len();
        self.waiting.push_back(text);
    }

    /// Whether there is enough for a batch.
    fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES
    }

    fn take_batch(&mut self) -> Vec<Str> {
        let (mut batch, mut left) = (Vec::new(), BATCH_BYTES);
        while left > 0
            && let Some(text) = self.waiting.pop_front()
        {
            self.bytes -= text.len();
            // An empty text counts too: there may be many.
            left = left.saturating_sub(text.len().max(1));
            batch.push(text);
        }
        batch
    }
}

impl ParseAhead {
    /// Takes a text. The thread starts when there is enough for it to do.
    pub fn offer(&mut self, text: Str) {
        self.offered += text.len();
        let mut state = self.shared.lock();
        let was_full = state.is_full();
        state.add(text);
        let filled = state.is_full() && !was_full;
        drop(state);
        if self.worker.is_some() {
            // A thread that is woken for each text sleeps more than it works.
            if filled {
                self.shared.changed.notify_one();
            }
        } else if self.offered >= THREAD_BYTES && !self.alone {
            self.worker = self.start();
            self.alone = self.worker.is_none();
        }
    }

    fn start(&self) -> Option<JoinHandle<()>> {
        if thread::available_parallelism().map_or(1, usize::from) < 2 {
            return None;
        }
        let shared = Arc::clone(&self.shared);
        let here = Processor::current();
        let worker = thread::Builder::new().stack_size(STACK).spawn(move || {
            here.leave();
            shared.work();
        });
        // Lets it leave, if it was put here.
        thread::yield_now();
        worker.ok()
    }

    /// Helps with what is left and gives what was parsed.
    pub(super) fn finish(mut self) -> Parsed {
        let Some(worker) = self.worker.take() else { return Parsed::default() };
        self.shared.close();
        self.shared.work();
        // If the thread could not finish, its texts are missing and are parsed with their names.
        let _ = worker.join();
        std::mem::take(&mut self.shared.lock().parsed)
    }
}

impl Drop for ParseAhead {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.waiting.clear();
        state.bytes = 0;
        drop(state);
        self.shared.close();
    }
}

/// The place of a text in memory, which stands for it as long as somebody holds it.
pub(super) fn place(text: &Str) -> usize {
    text.as_bytes().as_ptr().addr()
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Parses until there is nothing left and nothing can come.
    fn work(&self) {
        loop {
            let mut state = self.lock();
            while !state.is_full() && !state.closed {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let texts = state.take_batch();
            drop(state);
            if texts.is_empty() {
                return;
            }
            let mut parser = Parser::new(catalog::find);
            let parsed: Vec<(usize, Unnamed)> = texts.iter().filter_map(|text| Some((place(text), parser.parse_unnamed(text)?))).collect();
            self.lock().parsed.extend(parsed);
        }
    }
}
