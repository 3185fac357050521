//! What the demo shows: on a terminal a table that is redrawn as states change, elsewhere a line for each change.

use std::io::{IsTerminal, Write};
use std::time::Instant;

/// A table of names and their present state.
pub(super) struct View {
    rows: Vec<(String, String)>,
    live: bool,
    drawn: usize,
    began: Instant,
}

impl View {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), live: std::io::stdout().is_terminal(), drawn: 0, began: Instant::now() }
    }

    /// Shows a line once.
    pub(super) fn note(&mut self, line: &str) {
        self.erase();
        println!("{line}");
        self.draw();
    }

    /// Sets the state of a row; nothing happens if it is so already.
    pub(super) fn state(&mut self, name: &str, state: &str) {
        match self.rows.iter_mut().find(|(n, _)| n == name) {
            Some((_, present)) if present == state => return,
            Some((_, present)) => *present = state.to_owned(),
            None => self.rows.push((name.to_owned(), state.to_owned())),
        }
        if self.live {
            self.erase();
            self.draw();
        } else {
            println!("{:>7.2} s  {name:<32} {state}", self.began.elapsed().as_secs_f32());
        }
    }

    /// Leaves the table as it stands.
    pub(super) fn finish(&mut self) {
        self.drawn = 0;
    }

    fn erase(&mut self) {
        if self.drawn > 0 {
            // Up over the table, then clear to the end of the screen.
            print!("\x1b[{}A\x1b[J", self.drawn);
            self.drawn = 0;
        }
    }

    fn draw(&mut self) {
        if !self.live {
            return;
        }
        for (name, state) in &self.rows {
            let line = format!("{name:<32} {state}");
            // A wrapped line would break the redrawing.
            println!("{}", line.chars().take(120).collect::<String>());
        }
        self.drawn = self.rows.len();
        let _ = std::io::stdout().flush();
    }
}
