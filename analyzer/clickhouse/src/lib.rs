#![doc = include_str!("../README.md")]

mod frames;
mod http;
mod library;

use std::convert::Infallible;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
pub use library::{Engine, LIBRARY_VARIABLE, Session};
use tokio::net::TcpListener;

/// What fetches the library.
pub const FETCH: &str = "analyzer/clickhouse/fetch";

/// Serves the tables of a folder on a port of this machine, any one where it is
/// zero, and says on standard output where. Ends with the process only.
///
/// # Errors
///
/// Where the engine cannot be opened, or the port is taken.
pub fn serve(folder: &Path, port: u16) -> Result<Infallible> {
    // It is needed until the process ends.
    let engine: &'static Engine = Box::leak(Box::new(Engine::open(folder)?));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.context("no port")?;
        println!("http://{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let service = service_fn(move |request| async move {
                let answer = http::answer(engine, request).await;
                Ok::<_, Infallible>(answer.unwrap_or_else(|error| trouble(&error)))
            });
            // A client that goes away is no trouble.
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}

fn trouble(error: &anyhow::Error) -> Response<Full<Bytes>> {
    let mut response = Response::new(format!("{error:#}").into());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
