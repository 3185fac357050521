//! Parsing templates while the rest of their chart is still being unpacked.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustc_hash::FxHashMap;

use super::catalog;
use crate::syntax::{Parser, Unnamed};
use crate::value::Str;

/// Bytes of templates that are worth a thread.
const THREAD_BYTES: usize = 128 << 10;

/// Texts that are worth waking the thread, and that it takes at a time.
const BATCH: usize = 32;

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
    parsed: Parsed,
    closed: bool,
}

impl ParseAhead {
    /// Takes a text. The thread starts when there is enough for it to do.
    pub fn offer(&mut self, text: Str) {
        self.offered += text.len();
        let mut state = self.shared.lock();
        state.waiting.push_back(text);
        let full = state.waiting.len() == BATCH;
        drop(state);
        if self.worker.is_some() {
            // A thread that is woken for each text sleeps more than it works.
            if full {
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
        thread::Builder::new().stack_size(STACK).spawn(move || shared.work()).ok()
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
        self.shared.lock().waiting.clear();
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
            while state.waiting.len() < BATCH && !state.closed {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            // Near the end in ever smaller parts, so that two threads end together.
            let parts = if state.closed { 4 } else { 1 };
            let batch = state.waiting.len().div_ceil(parts).min(BATCH);
            if batch == 0 {
                return;
            }
            let texts: Vec<Str> = state.waiting.drain(..batch).collect();
            drop(state);
            let mut parser = Parser::new(catalog::find);
            let parsed: Vec<(usize, Unnamed)> = texts.iter().filter_map(|text| Some((place(text), parser.parse_unnamed(text)?))).collect();
            self.lock().parsed.extend(parsed);
        }
    }
}
