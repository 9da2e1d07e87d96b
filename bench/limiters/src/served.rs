//! nginx and HAProxy as real servers on loopback, each with the limit, which they
//! answer themselves: 200 to what passes and 429 to the rest.

pub mod config;
pub mod player;
pub mod program;
mod server;

use anyhow::Result;
use tidegate_kept::programs::folders;

use crate::Limit;
use config::{Ports, haproxy, nginx};
use program::{HAPROXY, NGINX};
use server::Server;

/// A limiter that is a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Its name in tables and figures.
    pub name: &'static str,
    /// What it is.
    pub told: &'static str,
    /// The path that it answers.
    pub path: &'static str,
    /// Connections that ask it: of whom lets people wait, enough for all who wait.
    pub connections: usize,
    /// The traces that say something about it; all where none is named.
    pub traces: &'static [&'static str],
    kind: Kind,
}

/// Which of the ports answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nginx,
    HaproxyAsked,
    HaproxyPassed,
}

/// Every limiter that is a server.
pub const SERVED: [Served; 5] = [
    Served {
        name: "nginx",
        told: "`limit_req` with a burst, `nodelay`",
        path: "/nodelay",
        connections: 8,
        traces: &[],
        kind: Kind::Nginx,
    },
    Served {
        name: "nginx-queue",
        told: "`limit_req` with a burst that waits its turn",
        path: "/queue",
        connections: 32,
        traces: &["below", "bursts"],
        kind: Kind::Nginx,
    },
    Served {
        name: "nginx-plain",
        told: "`limit_req` without a burst",
        path: "/plain",
        connections: 8,
        traces: &["below", "bursts"],
        kind: Kind::Nginx,
    },
    Served {
        name: "haproxy",
        told: "a stick table with `http_req_rate`, which counts what it refuses too",
        path: "/",
        connections: 8,
        traces: &[],
        kind: Kind::HaproxyAsked,
    },
    Served {
        name: "haproxy-passed",
        told: "a stick table with `gpc0_rate`, to which only what passes adds",
        path: "/",
        connections: 8,
        traces: &[],
        kind: Kind::HaproxyPassed,
    },
];

/// Both servers, running.
#[derive(Debug)]
pub struct Servers {
    ports: Ports,
    /// The programs' versions.
    pub versions: [String; 2],
    // Stopped when they go.
    _running: [Server; 2],
}

impl Servers {
    /// Starts them with the limit.
    ///
    /// # Errors
    ///
    /// Where a program is missing, which is said with how to get it, or does not
    /// start.
    pub fn start(limit: Limit) -> Result<Self> {
        let [nginx_file, haproxy_file] = program::find_all(&folders())?;
        let ports = Ports::free()?;
        let versions = [NGINX.version(&nginx_file)?, HAPROXY.version(&haproxy_file)?];
        let nginx = Server::nginx(&nginx_file, &nginx(limit, ports), ports.nginx)?;
        let haproxy = Server::haproxy(&haproxy_file, &haproxy(limit, ports), ports.asked)?;
        Ok(Self { ports, versions, _running: [nginx, haproxy] })
    }

    /// The port at which a limiter answers.
    #[must_use]
    pub const fn port(&self, served: Served) -> u16 {
        match served.kind {
            Kind::Nginx => self.ports.nginx,
            Kind::HaproxyAsked => self.ports.asked,
            Kind::HaproxyPassed => self.ports.passed,
        }
    }
}
