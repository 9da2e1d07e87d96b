//! One night of a scenario, played without limits, and its logs: what the CDN
//! logs today, and what Tidegate records in shadow.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use tidegate_rules::fingerprint::header_order;
use tidegate_rules::{
    CacheState, Client, Engine, Memory, Mode, Outcome, Protocol, Request, Ruleset, Screened,
    Signals, Stored, Time,
};
use tidegate_traffic::truth::{Truth, request_id};
use tidegate_traffic::{AccessLog, Answer, Hosted, Scenario, Schedule, Shot, World};

use crate::promoted;

/// Which log the analyzer gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogKind {
    /// Tidegate's records in shadow: with fingerprints, systems and the origin's
    /// time, without addresses.
    Records,
    /// The CDN's access log: with addresses, and without all of that.
    Access,
}

/// The logs of a night, and the truth about it.
pub struct Played {
    /// The access log.
    pub access: PathBuf,
    /// The records.
    pub records: PathBuf,
    /// The records without User-Agents.
    pub nameless: PathBuf,
    /// Who was there.
    pub truth: Truth,
    /// When the crawl begins.
    pub onset: Time,
    /// Lines of both logs up to each minute after the onset.
    marks: Vec<Mark>,
}

/// How far the logs had come at some time.
struct Mark {
    at: Time,
    access: u64,
    records: u64,
}

impl Played {
    /// The log of that kind.
    #[must_use]
    pub fn log(&self, kind: LogKind) -> &Path {
        match kind {
            LogKind::Records => &self.records,
            LogKind::Access => &self.access,
        }
    }

    /// What a log says up to so many minutes after the onset.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn part(&self, kind: LogKind, minutes: u64) -> Result<String> {
        let until = minute_after(self.onset, minutes);
        let mark = self.marks.iter().rfind(|mark| mark.at <= until);
        let lines = mark.map_or(0, |mark| match kind {
            LogKind::Records => mark.records,
            LogKind::Access => mark.access,
        });
        let text = std::fs::read_to_string(self.log(kind))?;
        let lines = usize::try_from(lines)?;
        Ok(text.split_inclusive('\n').take(lines).collect())
    }
}

/// So many minutes after a time.
#[must_use]
pub const fn minute_after(time: Time, minutes: u64) -> Time {
    Time::from_unix_millis(time.unix_millis() + minutes * 60_000)
}

/// The rule file of a site, by its name in `rules/`.
#[must_use]
pub const fn rule_file(site: Hosted) -> &'static str {
    match site {
        Hosted::DocsRs => "docs-rs.toml",
        Hosted::CratesIo => "crates-io.toml",
    }
}

/// Plays a scenario and keeps its logs in `folder`.
///
/// # Errors
///
/// Where a file cannot be written, or the site's rules are invalid.
pub fn play(scenario: &Scenario, folder: &Path) -> Result<Played> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create `{}`", folder.display()))?;
    let path = |name: &str| folder.join(name);
    let (access, records) = (path("access.log"), path("records.log"));
    let nameless = path("nameless.log");
    let mut access_log = AccessLog::new(BufWriter::new(File::create(&access)?));
    let rules = promoted::site_rules(scenario.site)?;
    let mut recorders =
        [Recorder::new(rules.clone(), &records, true)?, Recorder::new(rules, &nameless, false)?];
    let mut truth = Truth::default();
    let mut world = World::of(scenario);
    let mut marks: Vec<Mark> = Vec::new();
    let mut nth = 0;
    // One lane is the whole schedule.
    for mut lane in Schedule::new(scenario, 1).into_lanes() {
        while let Some(turn) = lane.next_before(scenario.end()) {
            let mut answer = world.answer(&turn.shot);
            answer.request_id = Some(request_id(turn.shot.actor, nth));
            let next = minute_after(scenario.onset(), marks.len() as u64);
            if turn.shot.at >= next {
                marks.push(Mark { at: next, access: access_log.lines(), records: nth });
            }
            nth += 1;
            access_log.write(&turn.shot, &answer)?;
            for recorder in &mut recorders {
                recorder.write(&turn.shot, &answer)?;
            }
            truth.note(&turn.shot);
            lane.answered(turn, &answer);
        }
    }
    access_log.finish()?.0.flush()?;
    for recorder in recorders {
        recorder.finish()?;
    }
    Ok(Played { access, records, nameless, truth, onset: scenario.onset(), marks })
}

/// The edge in shadow, as far as its records go.
struct Recorder {
    engine: Engine,
    pops: HashMap<&'static str, Stored<Memory>>,
    out: BufWriter<File>,
    line: Vec<u8>,
    /// Whether it sees User-Agents.
    is_told: bool,
}

impl Recorder {
    fn new(rules: Ruleset, path: &Path, is_told: bool) -> Result<Self> {
        let engine = promoted::engine(rules, Mode::Shadow)?;
        let out = BufWriter::new(File::create(path)?);
        Ok(Self { engine, pops: HashMap::new(), out, line: Vec::new(), is_told })
    }

    fn write(&mut self, shot: &Shot, answer: &Answer) -> Result<()> {
        let mut request = request(shot, answer.request_id.as_deref());
        if !self.is_told {
            request.user_agent = None;
        }
        let outcome = Outcome {
            status: Some(answer.status),
            cache: answer.cache,
            origin_ms: answer.origin_ms,
        };
        let cells = self.pops.entry(shot.pop).or_default();
        let admission = match self.engine.screen(&request) {
            Screened::Pass(mut admission) => {
                let asks = !matches!(answer.cache, Some(CacheState::Hit | CacheState::Stale));
                if asks {
                    self.engine.admit(&mut admission, cells, shot.at);
                }
                self.engine.settle(&mut admission, &outcome, cells, shot.at);
                admission
            }
            decided => decided.into_admission(),
        };
        let record = self.engine.record(&request, &admission, &outcome);
        let record = record.context("a site's rules record a share of its clients only")?;
        self.line.clear();
        serde_json::to_writer(&mut self.line, &record)?;
        self.line.push(b'\n');
        Ok(self.out.write_all(&self.line)?)
    }

    fn finish(mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }
}

/// What the edge sees of a request.
fn request<'s>(shot: &'s Shot, request_id: Option<&'s str>) -> Request<'s> {
    let (path, query) = match shot.path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*shot.path_and_query, None),
    };
    let names = shot.headers.iter().map(|(name, _)| *name);
    Request {
        host: shot.header("host"),
        query,
        client: Some(Client::Address(shot.client)),
        user_agent: Some(shot.header("user-agent").unwrap_or_default()),
        signals: Signals {
            protocol: Some(if shot.h2.is_some() { Protocol::H2 } else { Protocol::H1 }),
            ja4: shot.ja4,
            h2: shot.h2,
            header_order: header_order(names),
            ..Signals::default()
        },
        asn: shot.asn,
        country: shot.country,
        pop: Some(shot.pop),
        credentials: Some(false),
        request_id,
        ..Request::new(shot.at, shot.method, path)
    }
}
