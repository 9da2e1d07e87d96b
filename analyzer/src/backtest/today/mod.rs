//! The limits that the sites have today, and nginx's, to compare rules with.
//!
//! Plain models of somebody else's code, so nothing here decides for Tidegate
//! and none of it reaches the edge. All count every request of an address,
//! those that a cache answers included, at one place for the whole network: no
//! request slips through between two POPs, which flatters them.
//!
//! | preset | what it lets through | from |
//! | --- | --- | --- |
//! | `docs-rs-today` | 700 requests a minute | the limit in docs.rs's web application firewall: rust-lang/simpleinfra#1180 |
//! | `crates-io-today` | 600 in ten minutes; whoever asks for more is refused for 300 seconds | the firewall rule in rust-lang/simpleinfra, `terragrunt/modules/crates-io`; #1110 |
//! | `nginx` | `limit_req` with a rate and a burst, by default `rate=12r/s burst=40` | the algorithm: nginx's documentation of `ngx_http_limit_req_module`; docs.rs's own figures are not public, so the rate is its 700 a minute, and the burst a page with all its assets and some more, as rust-lang/docs.rs#2779 asks for |

mod bucket;
mod window;

use std::net::IpAddr;

use tidegate_rules::{Client, Time};

pub use bucket::{Bucket, Rate};
pub use window::Window;

use bucket::Buckets;
use window::Windows;

/// A limit for each address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// docs.rs, since August 2026.
    DocsRsToday(Window),
    /// crates.io, since July 2026.
    CratesIoToday(Window),
    /// nginx's `limit_req`.
    Nginx(Bucket),
}

impl Preset {
    /// The preset of this name, with its figures of today.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|preset| preset.name() == name)
    }

    /// Every preset.
    #[must_use]
    pub fn all() -> [Self; 3] {
        let nginx = Self::Nginx(Bucket::default());
        [Self::DocsRsToday(Window::DOCS_RS), Self::CratesIoToday(Window::CRATES_IO), nginx]
    }

    /// Its name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DocsRsToday(_) => "docs-rs-today",
            Self::CratesIoToday(_) => "crates-io-today",
            Self::Nginx(_) => "nginx",
        }
    }

    /// What it lets through, in a sentence.
    #[must_use]
    pub fn told(self) -> String {
        match self {
            Self::Nginx(bucket) => bucket.told(),
            Self::DocsRsToday(window) | Self::CratesIoToday(window) => window.told(),
        }
    }
}

/// Whose requests are counted together: an address whole, however large its
/// network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Address {
    Known(IpAddr),
    Hashed(u64),
}

impl Address {
    const fn of(client: Client) -> Self {
        match client {
            Client::Address(address) => Self::Known(address.to_canonical()),
            Client::Hashed { client, .. } => Self::Hashed(client),
        }
    }
}

/// A preset on its way through a night.
pub(super) enum Limiter {
    Windows(Windows),
    Buckets(Buckets),
}

impl Limiter {
    pub(super) fn new(preset: Preset) -> Self {
        match preset {
            Preset::DocsRsToday(window) | Preset::CratesIoToday(window) => {
                Self::Windows(Windows::new(window))
            }
            Preset::Nginx(bucket) => Self::Buckets(Buckets::new(bucket)),
        }
    }

    /// Whether a request is let through. Whom the log does not name is never
    /// refused.
    pub(super) fn admits(&mut self, client: Option<Client>, now: Time) -> bool {
        let Some(address) = client.map(Address::of) else { return true };
        match self {
            Self::Windows(windows) => windows.admits(address, now),
            Self::Buckets(buckets) => buckets.admits(address, now),
        }
    }
}
