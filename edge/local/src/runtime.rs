//! The module in Viceroy, in this process.
//!
//! One [`Runtime`] is one Fastly service at one POP: its sandboxes share the
//! cache and the stores, and take requests from any client address without a
//! socket. It must not change a request or a response: it only says which of
//! the answers were the runtime's own, because a guest trapped.

mod given;

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use viceroy_lib::body::Body;
use viceroy_lib::config::UnknownImportBehavior;
use viceroy_lib::{ExecuteCtx, ProfilingConfig, WasmFeatures};

use crate::logs::{LastWords, LogSink, Splitter};
use crate::{stores, ticks};

/// The backend that the module forwards to.
pub const ORIGIN: &str = "origin";
/// The secret store with the key of hashed addresses.
pub const SECRETS: &str = "tidegate_secrets";
/// The secret that keys the hashes of addresses in records.
pub const HASH_KEY: &str = "hash_key";

/// Where the module believes it listens.
const LISTENING: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);
/// No trap is described in more bytes than this.
const LONGEST_TRAP: u64 = 1 << 20;

/// A running edge module.
///
/// Needs a multi-threaded Tokio runtime. While it exists, one thread ticks the
/// guests' clock, and up to five sandboxes wait up to ten seconds for a next
/// request.
pub struct Runtime {
    context: Arc<ExecuteCtx>,
    last_words: LastWords,
}

/// Why a request got no answer from the module.
#[derive(Debug)]
pub enum Failure {
    /// Viceroy could not pass the request on: no host in it, or no path.
    Request(String),
    /// The guest trapped; the text is its last words and the trap.
    Trap(String),
    /// Viceroy itself failed.
    Host(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(text) => write!(f, "the request cannot be passed to the module: {text}"),
            Self::Trap(text) => write!(f, "the module trapped: {text}"),
            Self::Host(text) => write!(f, "the local runtime failed: {text}"),
        }
    }
}

impl std::error::Error for Failure {}

impl Runtime {
    /// Begins a runtime for the WebAssembly module at `module`.
    pub fn builder(module: impl Into<PathBuf>) -> Builder {
        Builder {
            module: module.into(),
            origin: None,
            stores: None,
            hash_key: Some("local".to_owned()),
            log: Arc::new(|_, _| {}),
            places: Vec::new(),
            shield: None,
        }
    }

    /// Has the module answer `request` as if it came from `client`.
    ///
    /// The request needs a `Host` header or an absolute URI. The answer's body
    /// is streamed; [`read`] collects it. A guest that trapped after it began
    /// to answer shows only in the log sink, under `stderr`.
    ///
    /// # Errors
    ///
    /// A [`Failure`] when the answer would not be the module's.
    pub async fn request(
        &self,
        request: Request<hyper::Body>,
        client: IpAddr,
    ) -> Result<Response<Body>, Failure> {
        let context = Arc::clone(&self.context);
        let answer = context.handle_request(request, LISTENING, SocketAddr::new(client, 0));
        // A task of its own: Viceroy panics where a host call fails, and where
        // a client leaves before its answer comes.
        let (response, error) = tokio::spawn(answer)
            .await
            .map_err(|error| Failure::Host(error.to_string()))?
            .map_err(|error| Failure::Request(error.to_string()))?;
        match error {
            Some(error) => Err(self.trap(&format!("{error:?}"))),
            None => self.unless_trapped(response).await,
        }
    }

    /// Viceroy turns most traps into a response with status 500, no header,
    /// and the trap as its text.
    async fn unless_trapped(&self, response: Response<Body>) -> Result<Response<Body>, Failure> {
        let suspicious = response.status() == StatusCode::INTERNAL_SERVER_ERROR
            && response.headers().is_empty()
            && matches!(response.body().len(), Some(1..=LONGEST_TRAP));
        if !suspicious {
            return Ok(response);
        }
        let (parts, bytes) = read(response).await?.into_parts();
        let text = String::from_utf8_lossy(&bytes);
        if text.contains("wasm backtrace") || text.starts_with("Exited with i32 exit status") {
            return Err(self.trap(&text));
        }
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }

    fn trap(&self, trap: &str) -> Failure {
        // With `RUST_BACKTRACE` the host's own frames follow the guest's.
        let trap = trap.split("\n\nStack backtrace:").next().unwrap_or(trap);
        let words = self.last_words.take();
        Failure::Trap(format!("{words}\n{trap}").trim().to_owned())
    }
}

/// Reads a response to its end.
///
/// # Errors
///
/// [`Failure::Host`] when the body breaks off.
pub async fn read(response: Response<Body>) -> Result<Response<Bytes>, Failure> {
    let (parts, body) = response.into_parts();
    match body.read_into_vec().await {
        Ok(bytes) => Ok(Response::from_parts(parts, Bytes::from(bytes))),
        Err(error) => Err(Failure::Host(format!("the body broke off: {error}"))),
    }
}

/// What the module is given. What is not named here, the module does not find.
pub struct Builder {
    module: PathBuf,
    origin: Option<String>,
    stores: Option<PathBuf>,
    hash_key: Option<String>,
    log: LogSink,
    places: Vec<(IpAddr, u32, String)>,
    shield: Option<Shield>,
}

/// Origin shielding, as one POP knows it.
#[derive(Clone, Debug)]
pub struct Shield {
    /// Code of the shield POP. The module asks the Config Store which one it is.
    pub pop: String,
    /// What the service's own POPs know; nothing where this one does not.
    pub secret: Option<String>,
    /// Where that POP is, as a URL; `None` where it is this one.
    pub at: Option<String>,
}

impl Builder {
    /// The origin's URL, `http://` or `https://`. A path in it is put before
    /// every path requested. The `Host` of the request is kept.
    #[must_use]
    pub fn origin(mut self, url: impl Into<String>) -> Self {
        self.origin = Some(url.into());
        self
    }

    /// The directory of the config stores: see [`stores::Stores`].
    #[must_use]
    pub fn stores(mut self, directory: impl Into<PathBuf>) -> Self {
        self.stores = Some(directory.into());
        self
    }

    /// The key of hashed addresses; `local` unless named.
    #[must_use]
    pub fn hash_key(mut self, key: impl Into<String>) -> Self {
        self.hash_key = Some(key.into());
        self
    }

    /// No key of hashed addresses, and no secret store.
    #[must_use]
    pub fn no_hash_key(mut self) -> Self {
        self.hash_key = None;
        self
    }

    /// Takes every log line.
    #[must_use]
    pub fn log(mut self, sink: LogSink) -> Self {
        self.log = sink;
        self
    }

    /// What the geolocation database says of `address`; it is empty otherwise,
    /// for loopback addresses too.
    #[must_use]
    pub fn place(mut self, address: IpAddr, asn: u32, country: &str) -> Self {
        self.places.push((address, asn, country.to_owned()));
        self
    }

    /// Origin shielding; none unless named.
    #[must_use]
    pub fn shield(mut self, shield: Shield) -> Self {
        self.shield = Some(shield);
        self
    }

    /// Reads and compiles the module.
    ///
    /// # Errors
    ///
    /// When the module cannot be read or wants a host call that Viceroy does
    /// not know, the origin or the shield is no URL, or a country is not two
    /// letters.
    pub fn build(self) -> Result<Runtime> {
        let config = given::config(&self.places, self.shield.as_ref())?;
        let last_words = LastWords::default();
        let splitter = Splitter::new(self.log, last_words.clone());
        let mut settings = ExecuteCtx::build(
            &self.module,
            ProfilingConfig::None,
            HashSet::new(),
            UnknownImportBehavior::LinkError,
            false,
            WasmFeatures::default(),
        )?
        .with_capture_logs(Arc::new(Mutex::new(splitter)))
        .with_log_stdout(true)
        .with_log_stderr(true)
        .with_secret_stores(given::secrets(self.hash_key, self.shield.as_ref()))
        .with_shielding_sites(config.shielding_sites().clone())
        .with_geolocation(config.geolocation().clone());
        if let Some(url) = &self.origin {
            settings = settings.with_backends([(ORIGIN.to_owned(), given::backend(url)?)].into());
        }
        if let Some(directory) = &self.stores {
            let store = |name: &str| (name.to_owned(), given::dictionary(directory, name));
            settings =
                settings.with_dictionaries([stores::SETTINGS, stores::PACKS].map(store).into());
        }
        let context = ticks::slowed(|| settings.finish())
            .with_context(|| format!("cannot run the module `{}`", self.module.display()))?;
        Ok(Runtime { context, last_words })
    }
}
