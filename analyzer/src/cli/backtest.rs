//! `tidegate backtest`.

use std::path::Path;

use anyhow::{Result, ensure};
use clap::Args;
use tidegate_rules::{Engine, HashKey, Mode, Ruleset, pack};

use super::Exit;
use super::shared::{Bar, NightArguments, ResultArguments, show_bad_lines, show_told_twice};
use super::source::{ENVIRONMENT, SourceArguments};
use crate::backtest::today::{Bucket, Preset, Rate};
use crate::backtest::{self, Against, compare, render_markdown, render_text};
use crate::night::Night;
use crate::rule_files;

/// Arguments of `tidegate backtest`.
#[derive(Debug, Args)]
#[command(after_help = ENVIRONMENT)]
pub(super) struct Backtest {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    night: NightArguments,
    #[command(flatten)]
    result: ResultArguments,
    /// Take rules in shadow mode as enforced: what if?
    #[arg(long)]
    enforce_shadow: bool,
    #[command(flatten)]
    against: AgainstArguments,
}

/// What the rules are compared with.
#[derive(Debug, Args)]
struct AgainstArguments {
    /// Set another limit beside the rules, on the same requests: a site's other
    /// rule file, or a limit for each address as sites have them today,
    /// `docs-rs-today`, `crates-io-today` or `nginx`. May be given more than once.
    #[arg(long = "against", value_name = "FILE|PRESET")]
    sides: Vec<String>,
    /// The rate of `--against nginx`, such as `12r/s` or `700r/m`.
    #[arg(long, value_name = "RATE", default_value = "12r/s")]
    nginx_rate: Rate,
    /// The burst of `--against nginx`, in requests.
    #[arg(long, value_name = "N", default_value_t = Bucket::default().burst)]
    nginx_burst: u32,
}

impl Backtest {
    pub(super) fn run(&self) -> Result<Exit> {
        ensure!(
            self.night.rules.are_named(),
            "which rules? name the site's file with `--rules rules/docs-rs.toml`"
        );
        let (mut rules, known) = (self.night.rules.compile()?.rules, self.night.known()?);
        if self.enforce_shadow {
            enforce_shadow(&mut rules);
        }
        let others = self.against.read(&rules, &known.secret, self.enforce_shadow)?;
        let against: Vec<_> = others.iter().map(Other::side).collect();
        let store = self.source.store()?;
        let stored = store.as_ref().map(|store| self.source.stored(store, &rules.site));
        let stored = stored.transpose()?;
        let source = self.source.source(stored.as_ref(), self.night.addresses());
        let night = self.night.read_by(source, &rules, &known);
        let mut found = replay(&night, &against, &self.night.bar())?;
        show_told_twice(&found.files);
        let whole = show_bad_lines(&found.files);
        if let Some(count) = self.result.most_clients() {
            found.keep_worst(count);
        }
        self.result.print(&found, self.night.addresses(), render_text, render_markdown)?;
        Ok(Exit::of_night(whole, !found.within_budgets()))
    }
}

/// Replays a night by the rules that it is read by, as enforced as they are.
pub(super) fn replay(
    night: &Night<'_>,
    against: &[Against<'_>],
    bar: &Bar,
) -> Result<backtest::Backtest> {
    let engine = enforcing(night.rules.clone(), night.secret)?;
    let mut show = |progress: crate::ingest::Progress<'_>| bar.show("replaying", progress);
    let found = compare(night, &engine, against, &mut show, &mut |_, _| {});
    bar.done();
    Ok(found?)
}

fn enforcing(rules: Ruleset, secret: &HashKey) -> Result<Engine> {
    let version = pack::version(&pack::encode(&rules)?.rules);
    Ok(Engine { rules, version, secret: secret.clone(), switch: Mode::Enforce })
}

fn enforce_shadow(rules: &mut Ruleset) {
    for rule in rules.rules.iter_mut().filter(|rule| rule.mode == Mode::Shadow) {
        rule.mode = Mode::Enforce;
    }
}

/// Another side, ready to answer.
enum Other {
    Rules(String, Box<Engine>),
    Preset(Preset),
}

impl Other {
    fn side(&self) -> Against<'_> {
        match self {
            Self::Rules(name, engine) => Against::Rules { name: name.clone(), engine },
            Self::Preset(preset) => Against::Preset(*preset),
        }
    }
}

impl AgainstArguments {
    fn read(&self, trial: &Ruleset, secret: &HashKey, enforce: bool) -> Result<Vec<Other>> {
        self.sides.iter().map(|side| self.read_one(side, trial, secret, enforce)).collect()
    }

    fn read_one(
        &self,
        side: &str,
        trial: &Ruleset,
        secret: &HashKey,
        enforce: bool,
    ) -> Result<Other> {
        match Preset::named(side) {
            Some(Preset::Nginx(_)) => {
                let (rate, burst) = (self.nginx_rate, self.nginx_burst);
                return Ok(Other::Preset(Preset::Nginx(Bucket { rate, burst })));
            }
            Some(preset) => return Ok(Other::Preset(preset)),
            None => {}
        }
        ensure!(
            Path::new(side).exists(),
            "`{side}` is neither a rule file nor a preset; presets are {}",
            Preset::all().map(|preset| format!("`{}`", preset.name())).join(", ")
        );
        let mut rules = rule_files::compile(side, &[])?.rules;
        ensure!(
            rules.site == trial.site,
            "`{side}` is about `{}`, the rules on trial about `{}`: compare rules of one site",
            rules.site,
            trial.site
        );
        if enforce {
            enforce_shadow(&mut rules);
        }
        let name = Path::new(side).file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Other::Rules(name, Box::new(enforcing(rules, secret)?)))
    }
}
