//! What people read after a bad night: one model, and its forms. A browser gets
//! one file of HTML, a terminal text, a pull request Markdown; they differ in
//! looks and in how much they list, never in what they say.
//!
//! Addresses are shown as their networks unless somebody asked for them.

mod analysis;
mod html;
mod page;
mod verdict;

use crate::analysis::Analysis;
use crate::curve::Curve;
use crate::effect::Effect;
use crate::ingest::Summary;
use crate::overview::Overview;

pub use crate::text::{grouped, masked};
pub(crate) use analysis::{finding, networks, proposal};
pub use analysis::{markdown, text};

use crate::page::Form;

/// What a report is about.
pub struct Report<'r> {
    /// The site, by its rules.
    pub site: &'r str,
    /// What was found.
    pub analysis: &'r Analysis,
    /// The night at a glance.
    pub overview: &'r Overview,
    /// What each proposed rule would do with another budget, in the proposals'
    /// order.
    pub curves: &'r [Curve],
    /// What the site's rules did, where the edge's records are among the logs.
    pub effect: Option<&'r Effect>,
    /// The files, with samples of bad lines.
    pub files: &'r Summary,
    /// Whether full client addresses are shown.
    pub addresses: bool,
}

impl Report<'_> {
    /// For a terminal: at most 80 columns, but for the TOML of the proposed rules.
    #[must_use]
    pub fn text(&self) -> String {
        page::render(self, Form::Text)
    }

    /// For a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        page::render(self, Form::Markdown)
    }

    /// For a browser: one file that asks no network.
    #[must_use]
    pub fn html(&self) -> String {
        html::render(self)
    }
}
