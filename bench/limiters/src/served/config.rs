//! What the servers are told.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result};

use crate::Limit;

/// The header that says whose a request is.
pub const KEY: &str = "x-key";

/// Where the servers listen, on loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// nginx.
    pub nginx: u16,
    /// HAProxy that counts what is asked.
    pub asked: u16,
    /// HAProxy that counts what passes.
    pub passed: u16,
}

impl Ports {
    /// Ports that nobody listens at.
    ///
    /// # Errors
    ///
    /// Where there is no such port.
    pub fn free() -> Result<Self> {
        // All at once, or the same one might be given out twice.
        let listeners = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let mut ports = [0; 3];
        for (port, listener) in ports.iter_mut().zip(listeners) {
            let address = listener.and_then(|listener| listener.local_addr());
            *port = address.context("no free port on loopback")?.port();
        }
        let [nginx, asked, passed] = ports;
        Ok(Self { nginx, asked, passed })
    }
}

/// nginx's configuration; its paths are relative to the folder that it is given.
///
/// The answer is a file, since `return` answers before any limit is asked.
#[must_use]
pub fn nginx(limit: Limit, ports: Ports) -> String {
    let Limit { per_second, burst } = limit;
    // nginx takes the first request beside the burst.
    let more = burst - 1;
    let port = ports.nginx;
    format!(
        "daemon off;
worker_processes 2;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    keepalive_requests 10000000;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    limit_req_status 429;
    limit_req_log_level info;
    limit_req_zone $http_x_key zone=nodelay:1m rate={per_second}r/s;
    limit_req_zone $http_x_key zone=queue:1m rate={per_second}r/s;
    limit_req_zone $http_x_key zone=plain:1m rate={per_second}r/s;
    server {{
        listen 127.0.0.1:{port};
        root .;
        location = /nodelay {{ limit_req zone=nodelay burst={more} nodelay; }}
        location = /queue {{ limit_req zone=queue burst={more}; }}
        location = /plain {{ limit_req zone=plain; }}
    }}
}}
"
    )
}

/// HAProxy's configuration: the way that its manual limits requests, and another
/// one, by which only what passes counts. Neither knows of a burst.
#[must_use]
pub fn haproxy(limit: Limit, ports: Ports) -> String {
    let Limit { per_second, .. } = limit;
    let Ports { asked, passed, .. } = ports;
    format!(
        "global
    nbthread 2
    maxconn 256
defaults
    mode http
    timeout client 10s
    timeout connect 1s
    timeout server 10s
frontend asked
    bind 127.0.0.1:{asked}
    stick-table type string len 64 size 10k expire 1m store http_req_rate(1s)
    http-request track-sc0 hdr({KEY})
    http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt {per_second} }}
    http-request return status 200 content-type text/plain string ok
frontend passed
    bind 127.0.0.1:{passed}
    stick-table type string len 64 size 10k expire 1m store gpc0,gpc0_rate(1s)
    http-request track-sc0 hdr({KEY})
    http-request deny deny_status 429 if {{ sc_gpc0_rate(0) ge {per_second} }}
    http-request sc-inc-gpc0(0)
    http-request return status 200 content-type text/plain string ok
"
    )
}
