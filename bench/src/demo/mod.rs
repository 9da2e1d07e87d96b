//! The loop, closed once, on the real module: a night without limits, what the
//! analyzer makes of its log, the review, the hot update, the night after.
//!
//! The first night runs in shadow, which is how a site starts with Tidegate:
//! everything is evaluated, nobody is refused, and the log shows what it was
//! like without. The learned rule is absent then. The second night is the same
//! traffic a day later, on a cold cache, with the switch at `enforce`.

mod show;
mod tables;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tidegate::analysis::Analysis;
use tidegate::backtest::{self, Backtest};
use tidegate::beside::Beside;
use tidegate::ingest::{self, Input};
use tidegate::promote::{Review, promote};
use tidegate::propose::{file_text, respond};
use tidegate::rule_files;
use tidegate_rules::{Compiled, Engine, HashKey, Mode, Time, pack};

pub use show::{Show, Silent, Terminal};
pub use tables::closing;

use crate::stage::{Night, Stage};
use crate::traffic::Scenario;

const DAY_MS: u64 = 24 * 3600 * 1000;

/// What the demo may be told.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Draws the traffic. An odd seed gives the crawl the people's own browsers
    /// and TLS fingerprints, an even one a fingerprint of its own.
    #[arg(long, default_value_t = 2025)]
    pub seed: u64,
    /// Size of the populations: 1 is docs.rs in March 2025, 80 crawling
    /// addresses and 240,000 requests in 15 minutes of simulated time. Three
    /// quarters of that play twice in one and a half to two minutes on two cores.
    #[arg(long, default_value_t = 0.75, value_name = "FACTOR")]
    pub scale: f64,
    /// Where logs, rules, the proposal and the report go.
    #[arg(long, default_value = "target/demo", value_name = "FOLDER")]
    pub out: PathBuf,
}

/// All that happened.
#[derive(Debug)]
pub struct Story {
    /// The night in shadow.
    pub before: Night,
    /// What the analyzer made of its log.
    pub analysis: Analysis,
    /// The old log under the new rules.
    pub backtest: Backtest,
    /// The rules that were promoted.
    pub promoted: Vec<String>,
    /// The night after.
    pub after: Night,
    /// Where everything lies.
    pub out: PathBuf,
}

/// Tells the whole story.
///
/// # Errors
///
/// Where a step fails; the message says which.
pub async fn run(options: &Options, show: &dyn Show) -> Result<Story> {
    ensure!(options.scale > 0.0 && options.scale <= 10.0, "a scale is above 0 and at most 10");
    let scenario = Scenario::march_2025(options.seed).scaled(options.scale);
    let out = &options.out;
    let site = own_rules(out)?;

    show.step("building the edge module and setting the stage");
    let stage = Stage::set(out).await?;
    stage.publish(&site)?;
    stage.switch("shadow")?;

    show.step("night 1: in shadow, no learned rules");
    let before = stage.play("night-1", &scenario, |done| show.progress(done)).await?;

    show.step("analyzing the access log of night 1");
    let (analysis, proposals) = analyze(&site, &before.access_log, out)?;
    show.text(&tables::proposal(&analysis));

    show.step("backtest: night 1 under the site's rules and the proposal, enforced");
    let backtest = backtest_proposal(&site, &proposals, &before.access_log)?;
    show.text(&backtest::render_text(&backtest, false));

    show.step("a reviewer promotes the proposal; the running module takes it");
    let promoted = review(&site, &proposals)?;
    stage.publish(&site)?;
    stage.switch("enforce")?;

    show.step("night 2: the same traffic, enforced");
    let mut next = scenario;
    next.start = Time::from_unix_millis(next.start.unix_millis() + DAY_MS);
    let after = stage.play("night-2", &next, |done| show.progress(done)).await?;
    show.done();

    Ok(Story { before, analysis, backtest, promoted, after, out: out.clone() })
}

/// Copies the rule files, so that the demo's review changes no file of the
/// repository. Returns the site's own.
fn own_rules(out: &Path) -> Result<PathBuf> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let own = out.join("rules");
    std::fs::create_dir_all(own.join("learned"))
        .with_context(|| format!("cannot create `{}`", own.display()))?;
    for name in ["docs-rs.toml", "agents.toml"] {
        std::fs::copy(rules.join(name), own.join(name))
            .with_context(|| format!("cannot copy `rules/{name}`"))?;
    }
    // Without what was learned from other nights.
    std::fs::write(own.join("learned/docs-rs.toml"), "format = 1\n")?;
    Ok(own.join("docs-rs.toml"))
}

fn compile(site: &Path, extra: &[String]) -> Result<Compiled> {
    Ok(rule_files::compile(&site.to_string_lossy(), extra)?)
}

fn analyze(site: &Path, log: &Path, out: &Path) -> Result<(Analysis, PathBuf)> {
    let compiled = compile(site, &[])?;
    let (inputs, secret) = ([Input::Path(log.to_owned())], HashKey::default());
    let night = night(&inputs, &compiled, &secret);
    let (mut analysis, clients, _) = Analysis::of(&night, &mut |_| {})?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let now = Time::from_unix_millis(u64::try_from(now)?);
    respond(&night, &mut analysis, &clients, now, &mut |_| {})?;
    ensure!(!analysis.proposals.is_empty(), "the analyzer proposed no rule for this night");
    let file = out.join("proposal.toml");
    std::fs::write(&file, file_text(&analysis.proposals))?;
    let mut shown = analysis.clone();
    shown.list_worst(night.rules, &clients, 20);
    std::fs::write(out.join("report.md"), tidegate::report::markdown(&shown, false))?;
    Ok((analysis, file))
}

fn night<'n>(
    inputs: &'n [Input],
    site: &'n Compiled,
    secret: &'n HashKey,
) -> tidegate::night::Night<'n> {
    let options = ingest::Options::default();
    let beside = Beside::default();
    tidegate::night::Night {
        source: tidegate::night::Source::Files { inputs, options },
        rules: &site.rules,
        secret,
        beside,
    }
}

fn backtest_proposal(site: &Path, proposals: &Path, log: &Path) -> Result<Backtest> {
    let compiled = compile(site, &[proposals.to_string_lossy().into_owned()])?;
    let (inputs, secret) = ([Input::Path(log.to_owned())], HashKey::default());
    let mut rules = compiled.rules.clone();
    let learned = rules.rules.iter_mut().filter(|rule| rule.id().starts_with("learned-"));
    learned.for_each(|rule| rule.mode = Mode::Enforce);
    let version = pack::version(&pack::encode(&rules)?.rules);
    let engine = Engine { rules, version, secret: secret.clone(), switch: Mode::Enforce };
    Ok(backtest::run(&night(&inputs, &compiled, &secret), &engine, &mut |_| {})?)
}

/// What `tidegate promote` does when somebody runs it.
fn review(site: &Path, proposals: &Path) -> Result<Vec<String>> {
    let learned = site.with_file_name("learned").join("docs-rs.toml");
    let review =
        Review { reviewed: "the demo, 2025-03-27", owner: "docs-rs", enforce: true, only: None };
    let text = std::fs::read_to_string(&learned)?;
    let promoted = promote(&std::fs::read_to_string(proposals)?, &text, &review)?;
    std::fs::write(&learned, &promoted.text)?;
    Ok(promoted.ids)
}
