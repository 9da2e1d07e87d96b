//! A stand-in for docs.rs' servers: answers what they would answer, with their
//! cache headers, and counts what each request would have cost them.
//!
//! It works no longer for a dear page than for a cheap one: the cost is a figure
//! in the [`COST`] header, from which the edge's harness build takes the origin's
//! time. It must not be asked by anything that decides: it reads the truth about
//! a request ([`crate::traffic::TRUTH`]) to say who cost what.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Request, Response, Server, StatusCode};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use crate::traffic::Route;
use crate::traffic::{Class, TRUTH};

/// The header in which the origin says what a request cost it, in milliseconds.
pub const COST: &str = "x-tidegate-door-origin-ms";

/// A running origin. It stops when it is dropped.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    counters: Arc<Counters>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Origin {
    /// Starts an origin on a free port of this machine, on the current runtime.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start() -> Result<Self> {
        let counters = Arc::new(Counters::default());
        let shared = Arc::clone(&counters);
        let service = make_service_fn(move |_| {
            let counters = Arc::clone(&shared);
            let answer = move |request| {
                let response = answer(&request, &counters);
                async move { Ok::<_, Infallible>(response) }
            };
            async move { Ok::<_, Infallible>(service_fn(answer)) }
        });
        let server = Server::try_bind(&SocketAddr::from(([127, 0, 0, 1], 0)))
            .context("cannot listen on a port of 127.0.0.1 for the stub origin")?
            .tcp_nodelay(true)
            .serve(service);
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let graceful = server.with_graceful_shutdown(async move {
                // An error is a dropped sender: stop as well.
                let _ = stopped.await;
            });
            if let Err(error) = graceful.await {
                eprintln!("the stub origin failed: {error}");
            }
        });
        Ok(Self { address, counters, stop: Some(stop), server })
    }

    /// Its address, such as `http://127.0.0.1:40123`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port that it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request that reached it since the start or the last reset.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counters.snapshot()
    }

    /// Begins to count from zero.
    pub fn reset(&self) {
        self.counters.reset();
    }

    /// Stops it, and waits until its open connections are done.
    ///
    /// # Errors
    /// Where its task panicked.
    pub async fn stop(mut self) -> Result<()> {
        drop(self.stop.take());
        self.server.await.context("the stub origin panicked")
    }
}

fn answer(request: &Request<Body>, counters: &Counters) -> Response<Body> {
    let path = request.uri().path();
    let route = Route::of(path);
    let cost = route.cost_ms(path);
    let class =
        request.headers().get(TRUTH).and_then(|name| name.to_str().ok()).and_then(Class::from_name);
    counters.add(route, class, cost);

    let mut response = Response::new(Body::from(route.body(path)));
    *response.status_mut() = StatusCode::from_u16(route.status()).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(route.content_type(path)));
    if let Some(policy) = route.cache_control() {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(policy));
    }
    if let Some(policy) = route.surrogate_control() {
        headers.insert("surrogate-control", HeaderValue::from_static(policy));
    }
    if let Some(location) = route.location(path).and_then(|url| HeaderValue::try_from(url).ok()) {
        headers.insert(LOCATION, location);
    }
    headers.insert(COST, HeaderValue::from(cost));
    response
}

/// Requests and what they would have cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    /// Requests that reached the origin.
    pub requests: u64,
    /// Their cost in milliseconds of origin time.
    pub cost_ms: u64,
}

impl std::iter::Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, count| Self {
            requests: sum.requests + count.requests,
            cost_ms: sum.cost_ms + count.cost_ms,
        })
    }
}

/// One column for each class, and one for requests that do not say theirs.
const COLUMNS: usize = Class::ALL.len() + 1;

/// What reached an origin, by route and by the truth about the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts([[Count; COLUMNS]; Route::ALL.len()]);

impl Counts {
    /// Everything.
    #[must_use]
    pub fn total(&self) -> Count {
        self.0.iter().flatten().copied().sum()
    }

    /// What one route got.
    #[must_use]
    pub fn route(&self, route: Route) -> Count {
        self.0[route as usize].iter().copied().sum()
    }

    /// What one class of clients caused; `None` for those who did not say.
    #[must_use]
    pub fn class(&self, class: Option<Class>) -> Count {
        self.0.iter().map(|row| row[column(class)]).sum()
    }

    /// What one class of clients caused on one route.
    #[must_use]
    pub fn of(&self, route: Route, class: Option<Class>) -> Count {
        self.0[route as usize][column(class)]
    }
}

const fn column(class: Option<Class>) -> usize {
    match class {
        Some(class) => class.index(),
        None => Class::ALL.len(),
    }
}

#[derive(Debug, Default)]
struct Cell {
    requests: AtomicU64,
    cost_ms: AtomicU64,
}

#[derive(Debug, Default)]
struct Counters([[Cell; COLUMNS]; Route::ALL.len()]);

impl Counters {
    fn add(&self, route: Route, class: Option<Class>, cost_ms: u32) {
        let cell = &self.0[route as usize][column(class)];
        cell.requests.fetch_add(1, Ordering::Relaxed);
        cell.cost_ms.fetch_add(u64::from(cost_ms), Ordering::Relaxed);
    }

    fn snapshot(&self) -> Counts {
        Counts(self.0.each_ref().map(|row| {
            row.each_ref().map(|cell| Count {
                requests: cell.requests.load(Ordering::Relaxed),
                cost_ms: cell.cost_ms.load(Ordering::Relaxed),
            })
        }))
    }

    fn reset(&self) {
        for cell in self.0.iter().flatten() {
            cell.requests.store(0, Ordering::Relaxed);
            cell.cost_ms.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::Client;
    use hyper::client::HttpConnector;

    use super::*;

    async fn get(
        client: &Client<HttpConnector>,
        origin: &Origin,
        path: &str,
        class: &str,
    ) -> Response<Body> {
        let request = Request::get(format!("{}{path}", origin.url()))
            .header(TRUTH, class)
            .body(Body::empty())
            .unwrap();
        client.request(request).await.unwrap()
    }

    fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn says_what_docs_rs_says_about_caching() {
        const IMMUTABLE: &str = "public, max-age=31104000, immutable";
        const YEAR: &str = "max-age=31536000";
        let origin = Origin::start().await.unwrap();
        let client = Client::new();
        for (path, status, cache, surrogate) in [
            ("/-/rustdoc.static/main-1a2b.js", 200, IMMUTABLE, ""),
            ("/-/static/index.js?0-6-0", 200, IMMUTABLE, ""),
            ("/serde/badge.svg", 301, IMMUTABLE, ""),
            ("/serde/latest/serde/trait.Serialize.html", 200, "max-age=0", YEAR),
            ("/serde", 302, "max-age=0", YEAR),
            ("/crate/serde/latest", 200, "max-age=0", YEAR),
            ("/crate/serde/1.0.0/source/src/lib.rs", 200, "max-age=0", YEAR),
            ("/crate/serde/latest/builds", 200, "no-store", ""),
            ("/releases/search?query=serde", 200, "no-store", ""),
            ("/-/sitemap/s/sitemap.xml", 200, "no-store", ""),
            (
                "/crate/serde/latest/status.json",
                200,
                "no-cache, no-store, must-revalidate, max-age=0",
                "",
            ),
            ("/", 200, "public, max-age=60", ""),
            ("/nonexistent-crate", 404, "max-age=0", ""),
        ] {
            let response = get(&client, &origin, path, "person").await;
            let got = (
                response.status().as_u16(),
                header(&response, "cache-control"),
                header(&response, "surrogate-control"),
            );
            assert_eq!(got, (status, cache, surrogate), "{path}");
        }
        origin.stop().await.unwrap();
    }

    #[tokio::test]
    async fn counts_what_each_class_costs() {
        let origin = Origin::start().await.unwrap();
        let client = Client::new();
        let mut told = 0;
        for path in
            ["/serde/latest/serde/", "/serde/latest/serde/fn.a.html", "/releases/search?query=a"]
        {
            let response = get(&client, &origin, path, "crawler").await;
            told += header(&response, COST).parse::<u64>().unwrap();
        }
        get(&client, &origin, "/crate/serde/latest/status.json", "no such class").await;

        let counts = origin.counts();
        assert_eq!(counts.class(Some(Class::Crawler)), Count { requests: 3, cost_ms: told });
        assert_eq!(counts.class(None).requests, 1);
        assert_eq!(counts.route(Route::Rustdoc).requests, 2);
        assert_eq!(counts.of(Route::Search, Some(Class::Crawler)).requests, 1);
        assert_eq!(counts.total().requests, 4);
        origin.reset();
        assert_eq!(origin.counts().total(), Count::default());
    }

    #[tokio::test]
    async fn names_the_page_in_its_body() {
        let origin = Origin::start().await.unwrap();
        let response =
            get(&Client::new(), &origin, "/tokio/latest/tokio/fn.spawn.html", "person").await;
        let body = hyper::body::to_bytes(response.into_body()).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("/tokio/latest/tokio/fn.spawn.html"), "{body}");
        assert!((200..=400).contains(&body.len()), "{} bytes", body.len());
    }
}
