//! A real port in front of a [`Runtime`]: HTTP/1.1, and HTTP/2 without TLS.
//!
//! Clients on this port are strangers, as they are on Fastly. It must pass on
//! nothing from them that the local runtime would believe: neither the door
//! headers of the harness build nor the headers that Viceroy takes for its bot
//! detection.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use hyper::body::HttpBody as _;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::AddrStream;
use hyper::service::{make_service_fn, service_fn};
use hyper::{Request, Response, Server, StatusCode, Version};
use viceroy_lib::body::Body;

use crate::runtime::{Failure, Runtime};

/// Headers that begin so are taken off every request and every answer.
const PRIVATE: [&str; 2] = ["x-tidegate-", "x-fastly-bot-"];

/// Passes what comes to a port on to the module.
pub struct Front {
    runtime: Runtime,
    host: Option<HeaderValue>,
}

impl Front {
    /// A front for `runtime`. With a `host`, every request is made to ask for
    /// that host: a site's rules know its name, and not this machine's.
    #[must_use]
    pub fn new(runtime: Runtime, host: Option<HeaderValue>) -> Arc<Self> {
        Arc::new(Self { runtime, host })
    }

    /// Listens on `address` (port 0 takes a free one) until `stop` is ready
    /// and the requests under way are answered. Returns the address and the
    /// work to await.
    ///
    /// # Errors
    ///
    /// When the address is taken or not this machine's.
    pub fn listen(
        self: Arc<Self>,
        address: SocketAddr,
        stop: impl Future<Output = ()>,
    ) -> Result<(SocketAddr, impl Future<Output = hyper::Result<()>>)> {
        let connection = make_service_fn(move |connection: &AddrStream| {
            let client = connection.remote_addr().ip().to_canonical();
            let front = Arc::clone(&self);
            let request = service_fn(move |request| {
                let front = Arc::clone(&front);
                async move { Ok::<_, Infallible>(front.answer(request, client).await) }
            });
            async move { Ok::<_, Infallible>(request) }
        });
        let server = Server::try_bind(&address)
            .with_context(|| format!("cannot listen on `{address}`"))?
            .serve(connection);
        Ok((server.local_addr(), server.with_graceful_shutdown(stop)))
    }

    async fn answer(&self, request: Request<hyper::Body>, client: IpAddr) -> Response<Body> {
        let version = request.version();
        let request = match buffered(request).await {
            Ok(request) => prepared(request, self.host.as_ref()),
            Err(error) => return own(StatusCode::BAD_REQUEST, &format!("bad body: {error}")),
        };
        match self.runtime.request(request, client).await {
            Ok(mut response) => {
                // Viceroy passes on the origin's version; the client's
                // connection has its own.
                *response.version_mut() = version;
                // What the harness build tells a test is no client's business.
                strip(response.headers_mut());
                response
            }
            Err(failure @ Failure::Request(_)) => {
                own(StatusCode::BAD_REQUEST, &failure.to_string())
            }
            Err(failure) => {
                eprintln!("{failure}");
                let text = "the edge module failed; the terminal it runs in says how";
                own(StatusCode::BAD_GATEWAY, text)
            }
        }
    }
}

/// The request as the module gets it.
fn prepared(mut request: Request<hyper::Body>, host: Option<&HeaderValue>) -> Request<hyper::Body> {
    strip(request.headers_mut());
    if let Some(host) = host.cloned().or_else(|| authority(&request)) {
        request.headers_mut().insert(HOST, host);
    }
    // Viceroy would ask the origin in the version of the client's request,
    // over a connection that speaks HTTP/1.1 only.
    *request.version_mut() = Version::HTTP_11;
    request
}

/// Reads a body of known length before Viceroy does, which would panic where
/// the client breaks off. Other bodies are passed on as they come.
async fn buffered(request: Request<hyper::Body>) -> hyper::Result<Request<hyper::Body>> {
    if !matches!(request.body().size_hint().exact(), Some(1..)) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let bytes = hyper::body::to_bytes(body).await?;
    Ok(Request::from_parts(parts, hyper::Body::from(bytes)))
}

/// The host of an HTTP/2 request, which is no header there.
fn authority(request: &Request<hyper::Body>) -> Option<HeaderValue> {
    let authority = request.uri().authority()?;
    HeaderValue::from_str(authority.as_str()).ok()
}

fn strip(headers: &mut HeaderMap) {
    let private: Vec<HeaderName> = headers
        .keys()
        .filter(|name| PRIVATE.iter().any(|start| name.as_str().starts_with(start)))
        .cloned()
        .collect();
    for name in private {
        headers.remove(name);
    }
}

/// An answer that is not the module's.
fn own(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("tidegate-local: {text}\n").into_bytes()));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_asked_for_a_host_in_either_protocol() {
        let request = |version, uri: &str| {
            let request = Request::builder().version(version).uri(uri);
            request.body(hyper::Body::empty()).unwrap()
        };
        let other = HeaderValue::from_static("docs.rs");
        let http2 = "http://127.0.0.1:8080/a";
        for (version, uri, host, expected) in [
            (Version::HTTP_2, http2, None, Some("127.0.0.1:8080")),
            (Version::HTTP_2, http2, Some(&other), Some("docs.rs")),
            (Version::HTTP_11, "/a", Some(&other), Some("docs.rs")),
            (Version::HTTP_10, "/a", None, None),
        ] {
            let prepared = prepared(request(version, uri), host);
            let found = prepared.headers().get(HOST).map(|host| host.to_str().unwrap());
            assert_eq!(found, expected, "{version:?} {uri}");
            assert_eq!(prepared.version(), Version::HTTP_11);
        }
    }

    #[test]
    fn a_client_cannot_come_in_by_the_door() {
        let mut headers = HeaderMap::new();
        for name in [
            "x-tidegate-door-now",
            "x-tidegate-door-ja4",
            "x-tidegate-tag",
            "x-fastly-bot-verified",
            "x-tide",
            "user-agent",
        ] {
            headers.append(name, HeaderValue::from_static("a"));
            headers.append(name, HeaderValue::from_static("b"));
        }
        strip(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["user-agent", "x-tide"]);
    }
}
