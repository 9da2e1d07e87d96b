//! How the story is shown while it happens.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Somebody who watches.
pub trait Show: Sync {
    /// A step begins.
    fn step(&self, what: &str);
    /// How far the step is, from 0 to 1.
    fn progress(&self, done: f64);
    /// Something to read.
    fn text(&self, text: &str);
    /// The last step is over.
    fn done(&self);
}

/// A person at a terminal; without one, plain lines.
pub struct Terminal(ProgressBar);

impl Terminal {
    /// Nothing is shown before the first step.
    #[must_use]
    pub fn new() -> Self {
        let bar = ProgressBar::new(1000);
        let style = ProgressStyle::with_template("  {bar:40} {percent:>3}%  {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        Self(bar)
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Show for Terminal {
    fn step(&self, what: &str) {
        self.0.suspend(|| println!("\n== {what}"));
        self.0.reset();
        self.0.enable_steady_tick(Duration::from_millis(200));
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1000")]
    fn progress(&self, done: f64) {
        self.0.set_position((done * 1000.0) as u64);
    }

    fn text(&self, text: &str) {
        self.0.suspend(|| println!("\n{}", text.trim_end()));
    }

    fn done(&self) {
        self.0.finish_and_clear();
    }
}

/// Nobody.
pub struct Silent;

impl Show for Silent {
    fn step(&self, _: &str) {}
    fn progress(&self, _: f64) {}
    fn text(&self, _: &str) {}
    fn done(&self) {}
}
