//! What `analyze` and `report` both do: read a night, or have a store count it; try
//! rules for what was found, look at what the rules in force did, and tell all of it.

use anyhow::Result;
use tidegate_rules::{Compiled, pack};

use super::known::Known;
use super::shared::{NightArguments, show_told_twice};
use super::source::SourceArguments;
use crate::analysis::Analysis;
use crate::clients::Clients;
use crate::curve::{Curve, curves};
use crate::effect::{self, Effect};
use crate::ingest::{FileSummary, Format, Progress, Summary};
use crate::night::{Night, Passed};
use crate::overview::Overview;
use crate::propose::respond;
use crate::report::Report;
use crate::store::Stored;
use crate::text::grouped;
use crate::time::now;

/// A night that is being read.
pub(super) struct Reading<'r> {
    pub(super) source: &'r SourceArguments,
    pub(super) arguments: &'r NightArguments,
    pub(super) site: &'r Compiled,
    pub(super) known: &'r Known,
    pub(super) night: &'r Night<'r>,
}

/// What was read.
pub(super) struct Read {
    pub(super) analysis: Analysis,
    pub(super) clients: Clients,
    pub(super) passed: Passed,
}

impl Reading<'_> {
    /// Reads the night.
    pub(super) fn read(&self) -> Result<Read> {
        let bar = self.arguments.bar();
        let show = &mut |progress: Progress<'_>| bar.show("reading", progress);
        let read = Analysis::of(self.night, show);
        bar.done();
        let (analysis, clients, passed) = read?;
        show_told_twice(&passed.files);
        Ok(Read { analysis, clients, passed })
    }

    /// Has the store count the night.
    pub(super) fn count(&self, stored: &Stored<'_>) -> Result<Read> {
        let bar = self.arguments.bar();
        let show = &mut |step, of| bar.step("counting there", step, of);
        let counted = stored.count(self.night, show);
        bar.done();
        let counted = counted?;
        let rules = self.night.rules;
        let analysis = Analysis::of_counted(rules, &counted);
        let [listed, total] = [counted.clients.len() as u64, counted.clients_total].map(grouped);
        eprintln!(
            "note: counted in the store: {listed} of {total} clients are worth a look, and no \
             rules are proposed"
        );
        if !stored.is_by(&pack::version(&pack::encode(rules)?.rules)) {
            eprintln!("note: some lines were stored by other rules, and are counted by them");
        }
        Ok(Read { analysis, clients: counted.clients, passed: counted.passed })
    }

    /// Tries rules for what was found, where the logs can be read again.
    pub(super) fn respond(&self, read: &mut Read) -> Result<()> {
        if read.analysis.untried.is_some() {
            return Ok(());
        }
        if self.source.only_once() {
            if !read.analysis.findings.is_empty() {
                eprintln!("note: a pipe cannot be read again, so no rules are proposed");
            }
            read.analysis.untried = Some("rules are tried on each line, and a pipe is read once");
            return Ok(());
        }
        let bar = self.arguments.bar();
        let show = &mut |progress: Progress<'_>| bar.show("trying rules", progress);
        let tried = respond(self.night, &mut read.analysis, &read.clients, now(), show);
        bar.done();
        Ok(tried?)
    }

    /// Tells all of it in one of the report's forms, with so many clients.
    pub(super) fn report(
        &self,
        read: &mut Read,
        clients: usize,
        form: fn(&Report<'_>) -> String,
    ) -> Result<String> {
        // Each reads the log once more: they do it side by side.
        let (curves, effect) = std::thread::scope(|scope| {
            let Self { source, arguments, site, known, .. } = *self;
            let files = &read.passed.files;
            let effect = scope.spawn(move || effect_of(source, arguments, site, known, files));
            (self.curves(&read.analysis), effect.join())
        });
        let effect = effect.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let curves = curves?;
        let rules = &self.site.rules;
        read.analysis.list_worst(rules, &read.clients, clients);
        let analysis = &read.analysis;
        Ok(form(&Report {
            site: &rules.site,
            analysis,
            overview: &Overview::of(rules, &read.clients, &analysis.findings),
            curves: &curves,
            effect: effect.as_ref(),
            files: &read.passed.files,
            addresses: self.arguments.addresses(),
        }))
    }

    /// What the proposed rules would do with other budgets.
    fn curves(&self, analysis: &Analysis) -> Result<Vec<Curve>> {
        let bar = self.arguments.bar();
        let show = &mut |progress: Progress<'_>| bar.show("trying budgets", progress);
        let tried = curves(self.night, &analysis.findings, &analysis.proposals, show);
        bar.done();
        Ok(tried?)
    }
}

/// What the rules did, where the edge's records are among the logs and can be read
/// again.
fn effect_of(
    source: &SourceArguments,
    arguments: &NightArguments,
    site: &Compiled,
    known: &Known,
    files: &Summary,
) -> Result<Option<Effect>> {
    let is_record = |file: &FileSummary| file.format == Some(Format::Record);
    if source.only_once() || !files.files.iter().any(is_record) {
        return Ok(None);
    }
    let records = arguments.records(source.files(arguments.addresses()), site, known);
    Ok(Some(effect::run(&records, &mut |_| {})?))
}
