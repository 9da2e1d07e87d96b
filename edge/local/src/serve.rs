//! `cargo serve`: the module on a port, in front of an origin, with rules that
//! are followed as they are edited.
//!
//! It must run what would be deployed on the traffic that comes: it adds no
//! rule, no header and no fact of its own.

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::ValueEnum;
use hyper::header::HeaderValue;
use tokio::sync::oneshot;

use crate::front::Front;
use crate::logs::{LogSink, RECORDS};
use crate::module::{self, Flavour};
use crate::rules::{Change, Live, load_rules};
use crate::runtime::Runtime;
use crate::stores::Stores;

/// How often the rule files are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long requests under way may take to end after Ctrl-C.
const PATIENCE: Duration = Duration::from_secs(1);

/// What `serve` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where clients come in.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The HTTP origin to stand in front of.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000")]
    pub origin: String,
    /// The rule file; read again whenever it or a file it includes changes.
    #[arg(long, value_name = "FILE")]
    pub rules: PathBuf,
    /// Where records are appended, one JSON object per line [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// The site switch.
    #[arg(long, value_enum, default_value_t = Mode::Enforce)]
    pub mode: Mode,
    /// Ask the module and the origin for this host, whatever clients ask for.
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// Run this module; without it, the edge module is built first.
    #[arg(long, value_name = "WASM")]
    pub module: Option<PathBuf>,
}

/// The site switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Nothing is decided.
    Off,
    /// Everything is decided and recorded, nobody is held back.
    Shadow,
    /// The rules' own modes count.
    Enforce,
}

impl Mode {
    /// The word that the module knows.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Shadow => "shadow",
            Self::Enforce => "enforce",
        }
    }
}

/// Serves until Ctrl-C.
///
/// # Errors
///
/// When the rules are broken at the start, the module does not build, the log
/// cannot be written, or the port is taken.
pub async fn run(options: Options) -> Result<()> {
    let directory = tempfile::tempdir().context("cannot create a directory for the stores")?;
    let stores = Stores::create(directory.path())?;
    stores.set_mode(Some(options.mode.word()))?;
    let live = Live::open(&options.rules, load_rules, &stores)
        .map_err(|all| anyhow!("the rules cannot be used\n\n{all}"))?;
    let host = options.host.as_deref().map(HeaderValue::from_str);
    let host = host.transpose().context("`--host` is no host name")?;
    let log = sink(options.log.as_deref())?;
    let module = match &options.module {
        Some(module) => module.clone(),
        None => module::build(Flavour::Harness)?,
    };
    let runtime = Runtime::builder(module)
        .origin(&options.origin)
        .stores(stores.directory())
        .log(log)
        .build()?;

    let (stop, stopped) = oneshot::channel::<()>();
    let ended = async move { drop(stopped.await) };
    let (address, serving) = Front::new(runtime, host).listen(options.listen, ended)?;
    announce(&options, address, &live);
    let following = tokio::spawn(follow(live, stores));

    let mut serving = pin!(serving);
    tokio::select! {
        ended = &mut serving => ended.context("the server failed")?,
        () = asked_to_stop() => {
            drop(stop);
            // Long downloads are cut off: whoever pressed Ctrl-C means it.
            drop(tokio::time::timeout(PATIENCE, serving).await);
        }
    }
    following.abort();
    Ok(())
}

fn announce(options: &Options, address: SocketAddr, live: &Live) {
    let log = options
        .log
        .as_deref()
        .map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    eprintln!("listening  http://{address} (HTTP/1.1 and HTTP/2 without TLS)");
    eprintln!("origin     {}", options.origin);
    eprintln!("records    {log}");
    eprintln!("mode       {}", options.mode.word());
    eprintln!("rules      {} ({})", options.rules.display(), live.pointer());
    show(live.warnings());
}

fn show(warnings: &[String]) {
    for warning in warnings {
        eprintln!("{warning}\n");
    }
}

/// Follows the rule files for ever.
async fn follow(mut live: Live, stores: Stores) {
    loop {
        tokio::time::sleep(LOOK).await;
        match live.poll(&stores) {
            Change::None => {}
            Change::Published { pointer, warnings } => {
                eprintln!("rules      published {pointer}");
                show(&warnings);
            }
            Change::Kept { pointer, diagnostics } => {
                eprintln!("{diagnostics}\nrules      broken; {pointer} stays in force")
            }
        }
    }
}

/// Records go to the file, everything else to the standard error.
fn sink(path: Option<&Path>) -> Result<LogSink> {
    let file = path.map(append).transpose()?.map(Mutex::new);
    let name = path.map_or_else(String::new, |path| path.display().to_string());
    Ok(Arc::new(move |endpoint: &str, line: &str| {
        match &file {
            Some(file) if endpoint == RECORDS => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
                    eprintln!("cannot write to `{name}`: {error}; the record was: {line}");
                }
            }
            None if endpoint == RECORDS => {
                // A reader that left, such as `head`, is no failure.
                drop(writeln!(std::io::stdout(), "{line}"));
            }
            _ => eprintln!("{endpoint}: {line}"),
        }
    }))
}

fn append(path: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .with_context(|| format!("cannot append to the log `{}`", path.display()))
}

/// Ready at Ctrl-C or, where there are signals, at a polite request to end.
fn asked_to_stop() -> impl Future<Output = ()> {
    let interrupt = async { drop(tokio::signal::ctrl_c().await) };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending();
    async {
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}
