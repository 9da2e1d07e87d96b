//! Fastly's API, as much of it as rules need: the items of Config Stores.
//!
//! Every request here may be sent twice without harm: it reads, it sets a value,
//! or it removes what may be gone already. So a broken connection, a server in
//! trouble and a short rate limit are tried again; what the API refuses is not.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use rustls::crypto::aws_lc_rs;
use serde::Deserialize;
use tidegate_rules::Time;
use tidegate_rules::pack::VALUE_BOUND;
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::error::{ApiError, Why};
use super::token::Token;
use crate::time;

/// Where the API is.
pub const FASTLY_API: &str = "https://api.fastly.com";

/// Most bytes of an answer: a full store of 500 values, with room.
const ANSWER_BOUND: u64 = 64 * 1024 * 1024;

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For one answer.
    pub answer: Duration,
    /// Before the second try; each later one waits twice as long.
    pub pause: Duration,
    /// Longest for the API's rate limit to end; a longer one is an error.
    pub limit: Duration,
    /// How often a request is sent at most.
    pub tries: u32,
}

impl Default for Patience {
    /// What a person at a terminal bears: half a minute for an answer, four tries
    /// within four seconds, a minute for the rate limit.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            pause: Duration::from_millis(500),
            limit: Duration::from_secs(60),
            tries: 4,
        }
    }
}

/// The API, spoken to with one token.
#[derive(Debug)]
pub struct Api {
    agent: Agent,
    base: String,
    token: Token,
    patience: Patience,
}

/// One entry of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// When it was last set, where the API says.
    pub updated: Option<Time>,
}

/// An entry as the API tells it.
#[derive(Deserialize)]
struct RawItem {
    item_key: String,
    item_value: String,
    updated_at: Option<String>,
}

/// What is to be done with one store.
enum Call<'c> {
    List,
    Put { key: &'c str, value: &'c str },
    Delete { key: &'c str },
}

impl Api {
    /// The API at `base`.
    ///
    /// # Errors
    ///
    /// Where the token would travel in the open, or this machine has no
    /// certificates to know the API by.
    pub fn new(base: &str, token: Token, patience: Patience) -> Result<Self> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_per_call(Some(patience.answer))
            .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")));
        let config = match base.split_once("://") {
            Some(("https", _)) => config.tls_config(tls()?).build(),
            Some(("http", host)) if is_loopback(host) => config.proxy(None).build(),
            _ => bail!("`{base}` is no place for a token: an address of the API is `https://…`"),
        };
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { agent: config.into(), base, token, patience })
    }

    /// Every entry of a store.
    ///
    /// # Errors
    ///
    /// Where the API does not tell them.
    pub fn items(&self, store: &str) -> Result<Vec<Item>, ApiError> {
        let told = self.send(store, &Call::List)?;
        let items: Vec<RawItem> = serde_json::from_str(&told)
            .map_err(|_| ApiError { what: Call::List.told(store), why: Why::Unreadable })?;
        let item = |raw: RawItem| Item {
            key: raw.item_key,
            value: raw.item_value,
            updated: raw.updated_at.and_then(|text| time::read(&text)),
        };
        Ok(items.into_iter().map(item).collect())
    }

    /// Sets an entry, whether or not it is there.
    ///
    /// # Errors
    ///
    /// Where the API does not take it.
    pub fn put(&self, store: &str, key: &str, value: &str) -> Result<(), ApiError> {
        let call = Call::Put { key, value };
        let length = value.chars().count();
        if length > VALUE_BOUND {
            let why = Why::TooLong(length, VALUE_BOUND);
            return Err(ApiError { what: call.told(store), why });
        }
        self.send(store, &call).map(drop)
    }

    /// Removes an entry; one that is gone already is no error.
    ///
    /// # Errors
    ///
    /// Where the API does not remove it.
    pub fn delete(&self, store: &str, key: &str) -> Result<(), ApiError> {
        match self.send(store, &Call::Delete { key }) {
            Err(ApiError { why: Why::NoStore(_), .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// How long to wait for what.
    pub(super) const fn patience(&self) -> Patience {
        self.patience
    }

    /// The body of the API's answer.
    fn send(&self, store: &str, call: &Call<'_>) -> Result<String, ApiError> {
        let mut pause = self.patience.pause;
        let mut tries = 0;
        loop {
            tries += 1;
            let why = match self.once(store, call) {
                Ok(body) => return Ok(body),
                Err(why) => why,
            };
            let wait = match &why {
                Why::RateLimited(Some(wait)) => pause.max(*wait),
                _ => pause,
            };
            if !why.is_passing() || tries >= self.patience.tries || wait > self.patience.limit {
                return Err(ApiError { what: call.told(store), why: why.after(tries) });
            }
            sleep(wait);
            pause *= 2;
        }
    }

    fn once(&self, store: &str, call: &Call<'_>) -> Result<String, Why> {
        let failed = |error: ureq::Error| self.unreachable(&error);
        let mut answer = self.ask(store, call).map_err(failed)?;
        let wait = rate_limit(&answer);
        let body = answer.body_mut().with_config().limit(ANSWER_BOUND).lossy_utf8(true);
        let body = body.read_to_string().map_err(failed)?;
        match answer.status() {
            status if status.is_success() => Ok(body),
            status => Err(Why::of(status.as_u16(), &body, store, wait)),
        }
    }

    fn ask(&self, store: &str, call: &Call<'_>) -> Result<Response<Body>, ureq::Error> {
        let of_store = format!("{}/resources/stores/config/{store}", self.base);
        let item = |key: &str| format!("{of_store}/item/{key}");
        let token = ("Fastly-Key", self.token.reveal());
        let json = ("Accept", "application/json");
        match call {
            Call::List => {
                let request = self.agent.get(format!("{of_store}/items"));
                request.header(token.0, token.1).header(json.0, json.1).call()
            }
            Call::Put { key, value } => {
                let request = self.agent.put(item(key));
                let request = request.header(token.0, token.1).header(json.0, json.1);
                request.send_form([("item_value", *value)])
            }
            Call::Delete { key } => {
                let request = self.agent.delete(item(key));
                request.header(token.0, token.1).header(json.0, json.1).call()
            }
        }
    }

    fn unreachable(&self, error: &ureq::Error) -> Why {
        let (base, seconds) = (&self.base, self.patience.answer.as_secs_f32());
        let reason = match error {
            ureq::Error::Timeout(_) => format!("no answer from `{base}` within {seconds} s"),
            ureq::Error::HostNotFound => format!("`{base}` is not found: is this machine online?"),
            error => {
                let io = if let ureq::Error::Io(io) = error { Some(io.to_string()) } else { None };
                let told = io.unwrap_or_else(|| error.to_string());
                format!("the connection to `{base}` failed ({told})")
            }
        };
        Why::Unreachable(reason, 1)
    }
}

impl Call<'_> {
    /// What it is for, in words for behind "cannot".
    fn told(&self, store: &str) -> String {
        match self {
            Self::List => format!("read the store `{store}`"),
            Self::Put { key, .. } => format!("set `{key}` in the store `{store}`"),
            Self::Delete { key } => format!("remove `{key}` from the store `{store}`"),
        }
    }
}

/// How long the API's rate limit lasts, from its own header: the Unix time, in
/// seconds, at which it ends.
fn rate_limit(answer: &Response<Body>) -> Option<Duration> {
    let ends = answer.headers().get("Fastly-RateLimit-Reset")?.to_str().ok()?.parse().ok()?;
    let ends = UNIX_EPOCH.checked_add(Duration::from_secs(ends))?;
    Some(ends.duration_since(SystemTime::now()).unwrap_or_default())
}

/// What this machine trusts, checked by the one provider that is compiled in.
fn tls() -> Result<TlsConfig> {
    let found = rustls_native_certs::load_native_certs();
    let certificates: Vec<_> =
        found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    ensure!(
        !certificates.is_empty(),
        "no certificates on this machine to know the API by: install `ca-certificates`"
    );
    let provider = Arc::new(aws_lc_rs::default_provider());
    let roots = RootCerts::new_with_certs(&certificates);
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    Ok(tls.root_certs(roots).build())
}

/// Whether `host`, with or without a port and a path, is this machine.
fn is_loopback(host: &str) -> bool {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([':', '/']);
    let local = |local| host.strip_prefix(local).is_some_and(ends);
    // What stands before an `@` is no host.
    !host.contains('@') && ["127.0.0.1", "localhost", "[::1]"].into_iter().any(local)
}

/// An id of a Config Store as somebody typed it.
///
/// # Errors
///
/// Where it is none: no key or path hides in it.
pub fn store_id(text: &str) -> Result<String> {
    let is_id = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id
        .then(|| text.to_owned())
        .context("an id has letters and digits only; `fastly config-store list` shows ids")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_in_the_open_to_this_machine_only() {
        for here in ["127.0.0.1", "127.0.0.1:80", "localhost/api", "[::1]:80"] {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in ["127.0.0.1.example", "localhost.example", "127.0.0.1:80@example", "a.b"] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn an_id_leads_nowhere_else() {
        assert_eq!(store_id("kjNkPBpevMY639kZ0Lvd33").unwrap(), "kjNkPBpevMY639kZ0Lvd33");
        for other in ["", "../x", "a/b", "a%2fb", "tidegate_packs"] {
            assert!(store_id(other).is_err(), "{other}");
        }
    }
}
