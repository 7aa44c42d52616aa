//! A spinner with one line of what goes on. Not drawn where lines are appended only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::Ui;

/// A spinner on stderr; removed when dropped.
#[derive(Debug)]
pub(super) struct Spinner(ProgressBar);

impl Spinner {
    fn new(text: &str) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.set_message(text.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Writes a line above the spinner.
    pub(super) fn above(&self, text: &str) {
        self.0.suspend(|| {
            use std::io::Write;
            drop(writeln!(std::io::stderr(), "{text}"));
        });
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Ui {
    /// Shows what goes on: as a spinner, or as a line where nothing is drawn.
    pub(super) fn working(&self, text: &str) {
        if self.plain {
            self.note(text);
            return;
        }
        if self.settings.level < super::Level::Normal {
            return;
        }
        let mut spinner = self.spinner.borrow_mut();
        match &*spinner {
            Some(spinner) => spinner.0.set_message(text.to_owned()),
            None => *spinner = Some(Spinner::new(text)),
        }
    }

    /// Changes the spinner's line; nothing is said where nothing is drawn.
    pub(super) fn working_on(&self, text: &str) {
        if let Some(spinner) = &*self.spinner.borrow() {
            spinner.0.set_message(text.chars().take(100).collect::<String>());
        }
    }

    /// Takes the spinner away.
    pub fn rest(&self) {
        self.spinner.borrow_mut().take();
    }
}
