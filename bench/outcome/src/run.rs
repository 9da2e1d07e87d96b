//! Every scenario with every seed: played, read, judged.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tidegate::propose::Proposal;
use tidegate_traffic::{Kind, Scenario};

use crate::curve::{self, curve};
use crate::judge::{analyze, classes, replay, throttle_the_crawl};
use crate::night::{LogKind, Played, minute_after, play};
use crate::outcome::{Night, Run, Scores};
use crate::picture::svg;
use crate::policies::{Policy, policies};
use crate::promoted;
use crate::score::{area, kinds};
use crate::table::{CROWDED, markdown};

/// Minutes of log after the onset after which somebody might run the analyzer.
const LOOKS: [u64; 4] = [1, 2, 4, 8];

/// The scenarios whose policies are shown with every size of their thresholds: a
/// crawl from few addresses, and crawls from very many.
pub const CURVED: [&str; 3] = ["march-2025", "distributed", "residential"];

/// The seeds of which that is done: more would say the same.
const CURVED_SEEDS: u64 = 4;

/// The picture of those curves: in the folder of the work, and of a full run in
/// `bench/pictures`.
const PICTURE: &str = "policies.svg";

/// Seeds of a quick run, one of each kind.
const QUICK: u64 = 2;

/// What to play.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Seeds: 1 to N. Odd ones give the crawl the people's own browsers.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub seeds: u64,
    /// Two seeds only, and no look at part of a log. Writes no file of the
    /// repository.
    #[arg(long)]
    pub quick: bool,
    /// Only these scenarios; may be given more than once.
    #[arg(long = "scenario", value_name = "NAME")]
    pub scenarios: Vec<String>,
    /// What the analyzer reads.
    #[arg(long, value_enum, default_value = "records")]
    pub log: LogKind,
    /// Where logs lie while they are needed.
    #[arg(long, default_value = "target/outcome", value_name = "FOLDER")]
    pub work: PathBuf,
}

/// Plays everything and returns the table. A full run is kept in
/// `bench/runs/outcome.json` and `bench/OUTCOMES.md`.
///
/// # Errors
///
/// Where a scenario is unknown, or a file cannot be written or read.
pub fn run(options: &Options) -> Result<String> {
    let names = scenarios(options)?;
    let seeds: Vec<u64> = (1..=if options.quick { QUICK } else { options.seeds }).collect();
    let bar = ProgressBar::new(names.len() as u64 * seeds.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{msg:28} {bar:24} {pos}/{len} eta {eta}") {
        bar.set_style(style);
    }
    let mut nights = Vec::new();
    for name in &names {
        for seed in &seeds {
            bar.set_message(format!("{name}, seed {seed}"));
            let night = one(name, *seed, options);
            nights.push(night.with_context(|| format!("`{name}` with seed {seed}"))?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let command = command(options);
    let run = Run { command, log: options.log, seeds, nights };
    let text = markdown(&run);
    let picture = svg(&run);
    if let Some(picture) = &picture {
        write(&options.work.join(PICTURE), picture)?;
    }
    if !options.quick && options.scenarios.is_empty() {
        keep(&run, &text, picture.as_deref())?;
    }
    Ok(text)
}

fn scenarios(options: &Options) -> Result<Vec<&'static str>> {
    let known = Scenario::NAMES;
    for name in &options.scenarios {
        let known_names = known.join(", ");
        ensure!(known.contains(&name.as_str()), "no scenario `{name}`: there are {known_names}");
    }
    let is_wanted = |name: &&str| {
        options.scenarios.is_empty() || options.scenarios.iter().any(|wanted| wanted == name)
    };
    Ok(known.into_iter().filter(is_wanted).collect())
}

fn command(options: &Options) -> String {
    let log = match options.log {
        LogKind::Records => "",
        LogKind::Access => " --log access",
    };
    let seeds = match options.quick {
        true => "--quick".to_owned(),
        false => format!("--seeds {}", options.seeds),
    };
    let scenarios: String =
        options.scenarios.iter().map(|name| format!(" --scenario {name}")).collect();
    format!("cargo bench-outcome {seeds}{log}{scenarios}")
}

fn keep(run: &Run, text: &str, picture: Option<&str>) -> Result<()> {
    let (name, table) = match run.log {
        LogKind::Records => ("outcome", "OUTCOMES.md"),
        LogKind::Access => ("outcome-access", "OUTCOMES-access.md"),
    };
    tidegate_kept::keep(name, run)?;
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // There is one picture, of what the edge records.
    if let Some(picture) = picture.filter(|_| run.log == LogKind::Records) {
        write(&bench.join("pictures").join(PICTURE), picture)?;
    }
    write(&bench.join(table), text)
}

fn write(file: &Path, text: &str) -> Result<()> {
    let folder = file.parent().unwrap_or(file);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(file, text))
        .with_context(|| format!("cannot write `{}`", file.display()))
}

/// One night from its play to its scores.
fn one(name: &str, seed: u64, options: &Options) -> Result<Night> {
    let scenario = Scenario::named(name, seed).context("an unknown scenario")?;
    let folder = options.work.join(format!("{name}-{seed}"));
    let played = play(&scenario, &folder)?;
    let log = played.log(options.log);
    let rules = promoted::site_rules(scenario.site)?;
    let read = analyze(&rules, log, true, scenario.end())?;
    let proposals = &read.analysis.proposals;
    let (promoted, trouble) = match promoted::with_proposals(scenario.site, proposals) {
        Ok(promoted) => (promoted, None),
        Err(error) => (rules.clone(), Some(format!("{error:#}"))),
    };
    let own = |id: &&str| rules.rules.iter().all(|rule| rule.id() != *id);
    let learned: Vec<_> =
        promoted.rules.iter().map(|rule| rule.id()).filter(own).map(str::to_owned).collect();
    let sides = replay(promoted, log, &played.truth, played.onset)?;
    let hurts = played.truth.visitors().any(|visitor| visitor.kind == Kind::Crawler);
    let minutes_to_rule = match hurts && !options.quick && !proposals.is_empty() {
        true => first_rule(&scenario, &played, options.log)?,
        false => None,
    };
    let (curve, policies) = curves(&scenario, seed, &played, options.log, proposals)?;
    let nameless = analyze(&rules, &played.nameless, false, scenario.end())?;
    let known = kinds(&played.truth, &promoted::secret(), scenario.start);
    let score = |clients, kind| area(clients, &known, kind);
    let night = Night {
        scenario: scenario.name,
        seed,
        requests: read.analysis.total.requests,
        findings: read.analysis.findings.iter().map(|finding| finding.id.clone()).collect(),
        rules: learned,
        trouble,
        minutes_to_rule,
        sides,
        curve,
        policies,
        scores: Scores {
            person: score(&read.clients, Kind::Person),
            misconfigured: score(&read.clients, Kind::Misconfigured),
            person_nameless: score(&nameless.clients, Kind::Person),
            misconfigured_nameless: score(&nameless.clients, Kind::Misconfigured),
        },
        classes: classes(&read.clients, &known),
    };
    // A full run would fill the disk.
    std::fs::remove_dir_all(&folder)?;
    Ok(night)
}

/// A crowd rule of every size, where the crawl is a crowd and the log says of which
/// software; and every policy of every size, of some nights.
fn curves(
    scenario: &Scenario,
    seed: u64,
    played: &Played,
    kind: LogKind,
    proposals: &[Proposal],
) -> Result<(Vec<curve::Point>, Vec<Policy>)> {
    let (site, log, truth) = (scenario.site, played.log(kind), &played.truth);
    let is_crowd = CROWDED.contains(&scenario.name) && kind == LogKind::Records;
    let curve = match is_crowd {
        true => curve(site, log, truth, played.onset)?,
        false => Vec::new(),
    };
    let is_curved = CURVED.contains(&scenario.name) && seed <= CURVED_SEEDS;
    let policies = match is_curved {
        true => policies(site, &promoted::learned(proposals)?, log, truth)?,
        false => Vec::new(),
    };
    Ok((curve, policies))
}

/// The first of the [`LOOKS`] at which the analyzer proposes a rule that
/// throttles the crawl.
fn first_rule(scenario: &Scenario, played: &Played, kind: LogKind) -> Result<Option<u64>> {
    let log = played.log(kind);
    let rules = promoted::site_rules(scenario.site)?;
    let part = log.with_extension("part");
    for minutes in LOOKS {
        std::fs::write(&part, played.part(kind, minutes)?)?;
        let read = analyze(&rules, &part, true, minute_after(played.onset, minutes))?;
        let proposals = &read.analysis.proposals;
        let (site, onset) = (scenario.site, played.onset);
        if throttle_the_crawl(site, proposals, log, &played.truth, onset)? {
            return Ok(Some(minutes));
        }
    }
    Ok(None)
}
