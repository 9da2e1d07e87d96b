//! The module under test: behind it an origin, before it clients, beside it the
//! lines that it logs.

#![expect(dead_code, reason = "each file of tests uses a part of it")]

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Request, Response, Server};
use serde_json::Value;
use tidegate_local::{Builder, Flavour, NOTES, RECORDS, Runtime, Stores, rules, runtime};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

pub(crate) const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
/// A client of which the platform knows the place.
pub(crate) const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));
pub(crate) const NOON: u64 = 1_743_000_000_000;

/// Three pages of 40 units at once, then one a second.
pub(crate) const RULES: &str = r#"
format = 1
site   = "docs.rs"
policy = "https://docs.rs/about"

[[route]]
name  = "builds"
paths = ["/builds/**"]
cost  = 40
cache = "never"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "long"

[[quota]]
name  = "reader"
units = 2_400
per   = "1m"
burst = 120

[[rule]]
id     = "steady"
why    = "A loop is paced."
advice = "Keep the answers."
key    = "visitor"
quota  = "reader"
mode   = "enforce"
"#;

/// How long nothing must have been recorded, to be taken for nothing more.
const MOMENT: std::time::Duration = std::time::Duration::from_millis(300);

/// What a tight loop on pages that are never cached gets under these rules, and
/// what it gets where nothing refuses it.
pub(crate) const THROTTLED: [u16; 6] = [200, 200, 200, 429, 429, 429];
pub(crate) const PASSED: [u16; 6] = [200; 6];

fn module(flavour: Flavour) -> &'static Path {
    static HARNESS: OnceLock<PathBuf> = OnceLock::new();
    static OTHER: OnceLock<PathBuf> = OnceLock::new();
    let module = if flavour == Flavour::Harness { &HARNESS } else { &OTHER };
    module.get_or_init(|| tidegate_local::build(flavour).unwrap())
}

pub(crate) struct Site {
    directory: tempfile::TempDir,
    pub(crate) stores: Stores,
    pub(crate) runtime: Runtime,
    records: Mutex<UnboundedReceiver<String>>,
    notes: Mutex<UnboundedReceiver<String>>,
}

/// An origin that says what it got, and lets everything but builds be kept.
async fn origin() -> SocketAddr {
    let answer = |request: Request<Body>| async move {
        let line = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))
        };
        let lines: String = request.headers().iter().map(line).collect();
        let kept =
            if request.uri().path().starts_with("/builds") { "no-store" } else { "max-age=60" };
        let response = Response::builder().header("cache-control", kept);
        Ok::<_, Infallible>(response.body(Body::from(lines)).unwrap())
    };
    let service = make_service_fn(move |_| async move { Ok::<_, Infallible>(service_fn(answer)) });
    let server = Server::bind(&([127, 0, 0, 1], 0).into()).serve(service);
    let address = server.local_addr();
    tokio::spawn(server);
    address
}

impl Site {
    /// A site that enforces these rules.
    pub(crate) async fn new(rules: &str) -> Self {
        let site = Self::built(|builder| builder).await;
        site.publish(rules);
        site
    }

    /// A site without rules yet, whose module is given something else than usual.
    pub(crate) async fn built(change: impl FnOnce(Builder) -> Builder) -> Self {
        Self::of(Flavour::Harness, change).await
    }

    /// The same of another module; a file of tests has one of these.
    pub(crate) async fn of(flavour: Flavour, change: impl FnOnce(Builder) -> Builder) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let stores = Stores::create(directory.path().join("stores")).unwrap();
        let (sent, records) = unbounded_channel();
        let (noted, notes) = unbounded_channel();
        let usual = Runtime::builder(module(flavour))
            .origin(format!("http://{}", origin().await))
            .stores(stores.directory())
            .place(ELSEWHERE, 64_496, "DE")
            .log(Arc::new(move |endpoint: &str, line: &str| {
                let taken_by = match endpoint {
                    RECORDS => &sent,
                    NOTES => &noted,
                    _ => return,
                };
                drop(taken_by.send(line.to_owned()));
            }));
        let runtime = change(usual).build().unwrap();
        let (records, notes) = (Mutex::new(records), Mutex::new(notes));
        let site = Self { directory, stores, runtime, records, notes };
        site.stores.set_mode(Some("enforce")).unwrap();
        site
    }

    pub(crate) fn publish(&self, text: &str) {
        let file = self.directory.path().join("rules.toml");
        std::fs::write(&file, text).unwrap();
        let loaded = rules::load_rules(&file).unwrap();
        self.stores.publish(&loaded.entries, &loaded.pointer).unwrap();
    }

    pub(crate) async fn send(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response<hyper::body::Bytes> {
        self.send_from(CLIENT, path, headers).await
    }

    pub(crate) async fn send_from(
        &self,
        client: IpAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response<hyper::body::Bytes> {
        let mut request = Request::builder().uri(format!("http://docs.rs{path}"));
        if !headers.iter().any(|(name, _)| *name == "x-tidegate-door-now") {
            request = request.header("x-tidegate-door-now", NOON.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.runtime.request(request.body(Body::empty()).unwrap(), client).await;
        runtime::read(response.unwrap()).await.unwrap()
    }

    /// The answer to a request that is like no other.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<hyper::body::Bytes> {
        runtime::read(self.runtime.request(request, CLIENT).await.unwrap()).await.unwrap()
    }

    /// The statuses of a tight loop on a page that is never cached.
    pub(crate) async fn burst(&self, headers: &[(&str, &str)]) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(self.send("/builds/1", headers).await.status().as_u16());
        }
        statuses
    }

    /// What the origin sees of a request, a line for each header.
    pub(crate) async fn seen(&self, headers: &[(&str, &str)]) -> String {
        let answer = self.send("/page", headers).await;
        String::from_utf8_lossy(answer.body()).into_owned()
    }

    /// The record of a request for a page that may be kept.
    pub(crate) async fn record(&self, client: IpAddr, headers: &[(&str, &str)]) -> Value {
        self.record_of(client, "/page", headers).await
    }

    /// What failed inside while a request was decided that is never cached.
    pub(crate) async fn failures(&self, headers: &[(&str, &str)]) -> Vec<String> {
        let record = self.record_of(CLIENT, "/builds/1", headers).await;
        let notes = record["notes"].as_array().into_iter().flatten();
        notes.map(|note| note.as_str().unwrap().to_owned()).collect()
    }

    /// The records since this was asked last. A record is written after its answer,
    /// so the last one is waited for a moment.
    pub(crate) async fn recorded(&self) -> Vec<String> {
        let mut records = self.records.lock().await;
        let mut lines = Vec::new();
        while let Ok(Some(line)) = timeout(MOMENT, records.recv()).await {
            lines.push(line);
        }
        lines
    }

    /// The next note of a failure.
    pub(crate) async fn note(&self) -> String {
        self.notes.lock().await.recv().await.unwrap()
    }

    async fn record_of(&self, client: IpAddr, path: &str, headers: &[(&str, &str)]) -> Value {
        let mut records = self.records.lock().await;
        // Those of requests that nobody asked about.
        while records.try_recv().is_ok() {}
        self.send_from(client, path, headers).await;
        // It is written after the answer.
        serde_json::from_str(&records.recv().await.unwrap()).unwrap()
    }
}
