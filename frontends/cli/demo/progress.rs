//! A progress bar on standard error, drawn only where somebody can see it.

use std::io::{IsTerminal, Write};

const WIDTH: usize = 40;

/// A bar that fills as `step` is called.
pub struct Progress {
    label: &'static str,
    total: usize,
    done: usize,
    /// Cells drawn so far, so that a step that changes nothing draws nothing.
    drawn: Option<usize>,
    visible: bool,
}

impl Progress {
    pub fn new(label: &'static str, total: usize) -> Self {
        Self {
            label,
            total: total.max(1),
            done: 0,
            drawn: None,
            visible: std::io::stderr().is_terminal(),
        }
    }

    pub fn step(&mut self, count: usize) {
        self.done = (self.done + count).min(self.total);
        let cells = self.done * WIDTH / self.total;
        if self.visible && self.drawn != Some(cells) {
            self.drawn = Some(cells);
            let bar = "#".repeat(cells) + &".".repeat(WIDTH - cells);
            // A bar that cannot be drawn is no reason to stop.
            let _ = write!(
                std::io::stderr(),
                "\r{} [{bar}] {}/{}",
                self.label,
                self.done,
                self.total
            );
        }
    }

    pub fn finish(self) {
        let end = if self.visible {
            "\n".to_string()
        } else {
            format!("{} {}/{}\n", self.label, self.done, self.total)
        };
        let _ = write!(std::io::stderr(), "{end}");
    }
}
