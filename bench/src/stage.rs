//! The whole site on this machine: counting origin, real edge module, stores
//! and logs; nights of traffic are played on it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use hyper::{Body, Request};
use tidegate_local::{Failure, Flavour, NOTES, RECORDS, Runtime, Stores, rules, runtime};
use tidegate_rules::{Action, CacheState, Client, HashKey, Record};

use crate::origin::{Counts, Origin};
use crate::replay::{Slice, Tally, Target, replay};
use crate::traffic::{AccessLog, Answer, Class, Scenario, Shot};

/// Lanes of the replay: enough to keep two cores busy.
const LANES: usize = 8;

/// The POP that the module believes to run at.
const POP: &str = "FRA";

/// The secret under which the module hashes addresses.
pub const SECRET: &str = "stage";

/// The site, ready to be played on.
pub struct Stage {
    origin: Origin,
    stores: Stores,
    runtime: Arc<Runtime>,
    sink: Arc<Sink>,
    directory: PathBuf,
}

/// What one night came to.
#[derive(Debug)]
pub struct Night {
    /// What clients saw.
    pub tally: Tally,
    /// What reached the origin.
    pub origin: Counts,
    /// What the module recorded, by class of client.
    pub recorded: HashMap<Class, Recorded>,
    /// Records whose client belongs to no class; none, unless one was lost.
    pub strangers: u64,
    /// What the module said of failures of its own.
    pub notes: Vec<String>,
    /// The CDN's access log.
    pub access_log: PathBuf,
    /// The module's records.
    pub records: PathBuf,
}

/// What the module recorded of one class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Records.
    pub requests: u64,
    /// Of them, throttled.
    pub throttled: u64,
    /// Of them, blocked.
    pub blocked: u64,
    /// Throttled, by rule.
    pub rules: HashMap<String, u64>,
}

impl Stage {
    /// Builds the module and sets the stage in `directory`. The site is off and
    /// has no rules yet.
    ///
    /// # Errors
    ///
    /// Where the module does not build, or a file cannot be written.
    pub async fn set(directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot create `{}`", directory.display()))?;
        let module = tokio::task::spawn_blocking(|| tidegate_local::build(Flavour::Harness));
        let module = module.await??;
        let origin = Origin::start().await?;
        let stores = Stores::create(directory.join("stores"))?;
        let sink = Arc::new(Sink::default());
        let taken = Arc::clone(&sink);
        let builder = Runtime::builder(module)
            .origin(origin.url())
            .stores(stores.directory())
            .hash_key(SECRET)
            .log(Arc::new(move |endpoint, line| taken.take(endpoint, line)));
        let runtime = tokio::task::spawn_blocking(|| builder.build()).await??;
        let directory = directory.to_owned();
        Ok(Self { origin, stores, runtime: Arc::new(runtime), sink, directory })
    }

    /// Publishes the rules of a site's file; the running module takes them with
    /// its next request.
    ///
    /// # Errors
    ///
    /// Every mistake in the rules, or why they cannot be published.
    pub fn publish(&self, site: &Path) -> Result<()> {
        let loaded = rules::load_rules(site).map_err(|mistakes| anyhow!(mistakes))?;
        self.stores.publish(&loaded.entries, &loaded.pointer)
    }

    /// Sets the site switch.
    ///
    /// # Errors
    ///
    /// Where the store cannot be written.
    pub fn switch(&self, mode: &str) -> Result<()> {
        self.stores.set_mode(Some(mode))
    }

    /// Plays a scenario on a cold cache and keeps its logs under `name`.
    ///
    /// # Errors
    ///
    /// Where a log cannot be written or read again.
    pub async fn play(
        &self,
        name: &str,
        scenario: &Scenario,
        progress: impl FnMut(f64),
    ) -> Result<Night> {
        self.play_in(LANES, name, scenario, progress).await
    }

    /// Plays a scenario in so many lanes side by side: in one, the module sees
    /// requests in the order of the log.
    ///
    /// # Errors
    ///
    /// As [`Self::play`].
    pub async fn play_in(
        &self,
        lanes: usize,
        name: &str,
        scenario: &Scenario,
        mut progress: impl FnMut(f64),
    ) -> Result<Night> {
        let access_log = self.directory.join(format!("{name}-access.log"));
        let records = self.directory.join(format!("{name}-records.log"));
        self.origin.reset();
        self.sink.open(&records)?;
        let mut log = AccessLog::of_one_pop(BufWriter::new(File::create(&access_log)?), POP);
        let mut classes = Classes::default();
        let edge = Edge { runtime: Arc::clone(&self.runtime), cache: name.to_owned() };
        let tally = replay(Arc::new(edge), scenario, lanes, |slice: &Slice| {
            classes.learn(slice);
            progress(slice.done);
            slice.answers.iter().try_for_each(|(shot, answer)| log.write(shot, answer))
        })
        .await?;
        log.finish()?.0.flush()?;
        let notes = self.sink.close()?;
        let (recorded, strangers) = classes.count(&records)?;
        let origin = self.origin.counts();
        Ok(Night { tally, origin, recorded, strangers, notes, access_log, records })
    }
}

/// The edge as a target: the harness door tells the module what Viceroy cannot.
struct Edge {
    runtime: Arc<Runtime>,
    cache: String,
}

impl Edge {
    fn request(&self, shot: &Shot) -> Result<Request<Body>> {
        let mut request = Request::builder()
            .method(shot.method)
            .uri(format!("http://docs.rs{}", shot.path_and_query));
        for (name, value) in &shot.headers {
            request = request.header(*name, value.as_ref());
        }
        let asn = shot.asn.map(|asn| asn.to_string());
        let facts = [
            ("now", Some(shot.at.unix_millis().to_string())),
            ("pop", Some(POP.to_owned())),
            ("cache", Some(self.cache.clone())),
            ("ja4", shot.ja4.map(str::to_owned)),
            ("h2", shot.h2.map(str::to_owned)),
            ("asn", asn),
            ("country", shot.country.map(str::to_owned)),
        ];
        for (fact, value) in facts {
            if let Some(value) = value {
                request = request.header(format!("x-tidegate-door-{fact}"), value);
            }
        }
        Ok(request.body(Body::empty())?)
    }
}

impl Target for Edge {
    async fn send(&self, shot: &Shot) -> Result<Answer> {
        let answered = self.runtime.request(self.request(shot)?, shot.client).await;
        let response =
            runtime::read(answered?).await.map_err(|failure: Failure| anyhow!(failure))?;
        let header =
            |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after: header("retry-after").and_then(|seconds| seconds.parse().ok()),
            cache: match header("x-cache") {
                Some("HIT") => Some(CacheState::Hit),
                Some("PASS") => Some(CacheState::Pass),
                Some(_) => Some(CacheState::Miss),
                None => None,
            },
            bytes: u64::try_from(response.body().len()).ok(),
            ..Answer::default()
        })
    }
}

/// Takes the module's log lines.
#[derive(Default)]
struct Sink(Mutex<SinkState>);

#[derive(Default)]
struct SinkState {
    records: Option<BufWriter<File>>,
    notes: Vec<String>,
    trouble: Option<std::io::Error>,
}

impl Sink {
    fn open(&self, path: &Path) -> Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.records = Some(BufWriter::new(File::create(path)?));
        Ok(())
    }

    fn take(&self, endpoint: &str, line: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match endpoint {
            RECORDS => {
                let written = state.records.as_mut().map(|file| writeln!(file, "{line}"));
                if let Some(Err(error)) = written {
                    state.trouble = Some(error);
                }
            }
            NOTES => state.notes.push(line.to_owned()),
            other => state.notes.push(format!("{other}: {line}")),
        }
    }

    fn close(&self) -> Result<Vec<String>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut file) = state.records.take() {
            file.flush()?;
        }
        match state.trouble.take() {
            Some(error) => Err(error.into()),
            None => Ok(std::mem::take(&mut state.notes)),
        }
    }
}

/// Which class a client hash in a record belongs to: the traffic knows, the
/// module does not.
#[derive(Default)]
struct Classes(HashMap<u64, Class>);

impl Classes {
    fn learn(&mut self, slice: &Slice) {
        let secret = HashKey::from_secret(SECRET);
        for (shot, _) in &slice.answers {
            let (_, key) = secret.of_month(shot.at);
            let (client, _) = key.client(Client::Address(shot.client));
            self.0.insert(client, shot.class);
        }
    }

    fn count(&self, records: &Path) -> Result<(HashMap<Class, Recorded>, u64)> {
        let mut recorded: HashMap<Class, Recorded> = HashMap::new();
        let mut strangers = 0;
        for line in std::fs::read_to_string(records)?.lines() {
            let record: Record<'_> = serde_json::from_str(line)
                .with_context(|| format!("a record that cannot be read: `{line}`"))?;
            let Some(class) = record.client.and_then(|client| self.0.get(&client)) else {
                strangers += 1;
                continue;
            };
            let sum = recorded.entry(*class).or_default();
            sum.requests += 1;
            match record.decision {
                Action::Throttle => sum.throttled += 1,
                Action::Block => sum.blocked += 1,
                Action::Pass | Action::Allow => continue,
            }
            if let Some(rule) = record.rule {
                *sum.rules.entry(rule.into_owned()).or_default() += 1;
            }
        }
        Ok((recorded, strangers))
    }
}
