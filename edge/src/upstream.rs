//! How a request reaches the origin, and when the counters are asked.

use fastly::http::request::{SendError, SendErrorCause};
use fastly::{Request, Response};
use tidegate_rules::CacheState;

use crate::act::Refused;
use crate::inspect::Pass;

#[cfg(feature = "harness")]
pub use harness::HarnessCache;

/// A way to the origin.
pub trait Upstream {
    /// Sends a request, having the counters asked no more than once, and only
    /// if the origin is about to be.
    ///
    /// # Errors
    ///
    /// Why there is no response; [`Pass::settle`] takes it.
    fn send(&self, request: Request, pass: &Pass) -> Result<Response, Unsent>;

    /// Sends a request that is not Tidegate's to look at: it was inspected at
    /// another POP.
    ///
    /// # Errors
    ///
    /// Why there is no response.
    fn forward(&self, request: Request) -> Result<Response, SendError>;
}

/// Why there is no response.
#[derive(Debug)]
pub enum Unsent {
    /// Tidegate refused: [`Pass::settle`] makes the answer.
    Refused,
    /// The origin could not be reached, or failed.
    Failed(SendError),
}

impl From<Refused> for Unsent {
    fn from(_: Refused) -> Self {
        Self::Refused
    }
}

impl From<SendError> for Unsent {
    fn from(error: SendError) -> Self {
        if is_refusal(error.root_cause()) { Self::Refused } else { Self::Failed(error) }
    }
}

/// Whether a cause is Tidegate's own refusal in the before-send hook.
fn is_refusal(cause: &SendErrorCause) -> bool {
    matches!(cause, SendErrorCause::Custom(error) if error.is::<Refused>())
}

/// Whether a cause says anything of the origin: not where the request itself or the
/// service is to blame. What has no name counts: so does the local runtime call an
/// origin that is not there.
pub(crate) fn is_origins(cause: &SendErrorCause) -> bool {
    !matches!(
        cause,
        SendErrorCause::Custom(_)
            | SendErrorCause::FanoutNotEnabled
            | SendErrorCause::HttpCacheApiUnsupported
            | SendErrorCause::HttpCacheLimitExceeded
            | SendErrorCause::HttpRequestCacheKeyInvalid
            | SendErrorCause::HttpRequestUriInvalid
            | SendErrorCause::ImageOptimizerUnsupported
    )
}

/// What `X-Cache` says: the last word is this POP's, the ones before it are a
/// shield's.
pub(crate) fn cache_state(response: &Response) -> Option<CacheState> {
    let lines = response.get_header_all("x-cache").map(|line| line.as_bytes());
    let told = String::from_utf8_lossy(&lines.collect::<Vec<_>>().join(&b',')).to_ascii_uppercase();
    let mut words = told.rsplit(',').map(str::trim).filter(|word| !word.is_empty());
    let own = words.next()?;
    if own.starts_with("HIT") {
        Some(CacheState::Hit)
    } else if words.any(|word| word.starts_with("HIT")) {
        Some(CacheState::ShieldHit)
    } else if own.starts_with("MISS") {
        Some(CacheState::Miss)
    } else if own.starts_with("PASS") {
        Some(CacheState::Pass)
    } else {
        None
    }
}

/// Fastly's read-through cache. The hook that [`crate::Tidegate::inspect`]
/// installed asks the counters when a request misses.
///
/// A host without that cache (Viceroy) rejects the hook. There every request is
/// charged before it is sent, hits included: charge-every-request, for trying
/// the production build locally and for nothing else.
pub struct ReadThrough<'b>(pub &'b str);

impl Upstream for ReadThrough<'_> {
    fn send(&self, request: Request, pass: &Pass) -> Result<Response, Unsent> {
        pass.sets_out();
        let error = match request.send(self.0) {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        if !matches!(error.root_cause(), SendErrorCause::HttpCacheApiUnsupported) {
            return Err(error.into());
        }
        pass.admit()?;
        Ok(without_hooks(error.into_sent_req()).send(self.0)?)
    }

    fn forward(&self, request: Request) -> Result<Response, SendError> {
        request.send(self.0)
    }
}

/// The same request without the hooks that the host rejected.
fn without_hooks(mut sent: Request) -> Request {
    let mut request = Request::new(sent.get_method().clone(), sent.get_url().clone());
    for name in sent.get_header_names_str() {
        for value in sent.get_header_all(name) {
            request.append_header(name, value);
        }
    }
    if sent.has_body() {
        request.set_body(sent.take_body());
    }
    request
}

#[cfg(feature = "harness")]
mod harness {
    //! A small read-through cache over the core cache, so that "cached is free"
    //! is exercised locally by the same `admit` and `settle`. It keeps 200, 301
    //! and 302 answers to plain GETs that say how long, and nothing that varies
    //! by the client. Time is the request's own, so hours replay in seconds.

    use std::io::Write as _;
    use std::time::Duration;

    use fastly::cache::core;
    use fastly::http::request::SendError;
    use fastly::{Request, Response};
    use tidegate_rules::Time;

    use super::{Pass, Unsent, Upstream};
    use crate::door::Door;

    const X_CACHE: &str = "x-cache";
    /// Longest body kept, in bytes.
    const BODY_BOUND: usize = 1 << 20;

    /// The harness cache in front of a backend.
    pub struct HarnessCache<'b>(pub &'b str);

    impl Upstream for HarnessCache<'_> {
        fn send(&self, request: Request, pass: &Pass) -> Result<Response, Unsent> {
            self.fetch(request, pass.door(), || Ok(pass.admit()?))
        }

        fn forward(&self, request: Request) -> Result<Response, SendError> {
            let door = Door::open(&request);
            self.fetch(request, &door, || Ok(()))
        }
    }

    impl HarnessCache<'_> {
        fn fetch<E: From<SendError>>(
            &self,
            request: Request,
            door: &Door,
            admit: impl FnOnce() -> Result<(), E>,
        ) -> Result<Response, E> {
            let now = door.now();
            // A test that wants a cold cache names another one.
            let name = door.fact("cache").unwrap_or_default();
            let key = || format!("tg1-page-{name}-{}", request.get_url_str());
            let key = cacheable(&request).then(key);
            let kept = |now| {
                let found = key.as_deref().and_then(|key| find(key, now))?;
                Some(found.with_header(X_CACHE, "HIT"))
            };
            if let Some(found) = kept(now) {
                return Ok(found);
            }
            if let Err(refused) = admit() {
                // As under `stale-while-revalidate`: what has ended, and no word of why.
                let stale = kept(Time::default()).filter(|_| door.fault("stale"));
                return stale.ok_or(refused);
            }
            let keeps = request.get_method_str() == "GET";
            let mut response = request.with_pass(true).send(self.0)?;
            let life = life_ms(&response).filter(|_| keeps);
            if let (Some(key), Some(life)) = (key, life) {
                keep(&key, &mut response, now, life);
            }
            let state = if life.is_some() { "MISS" } else { "PASS" };
            // Each cache on the way says its word behind those before it.
            response.append_header(X_CACHE, state);
            Ok(response)
        }
    }

    fn cacheable(request: &Request) -> bool {
        matches!(request.get_method_str(), "GET" | "HEAD")
            && !["authorization", "cookie", "range", "cache-control"]
                .into_iter()
                .any(|name| request.contains_header(name))
    }

    /// How long the answer may be kept, in milliseconds.
    fn life_ms(response: &Response) -> Option<u64> {
        let kept = matches!(response.get_status().as_u16(), 200 | 301 | 302);
        if !kept || response.contains_header("vary") || response.contains_header("set-cookie") {
            return None;
        }
        let told = response.get_header_str("cache-control").unwrap_or_default();
        if ["no-store", "private", "no-cache"].iter().any(|word| told.contains(word)) {
            return None;
        }
        let surrogate = response.get_header_str("surrogate-control").and_then(max_age);
        surrogate.or_else(|| max_age(told)).filter(|seconds| *seconds > 0).map(|s| s * 1000)
    }

    fn max_age(told: &str) -> Option<u64> {
        told.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok())
    }

    /// Metadata of a kept answer: the millisecond at which it ends, its status,
    /// then its headers, a line each.
    fn find(key: &str, now: Time) -> Option<Response> {
        let found = core::lookup(key.to_owned().into()).execute().ok()??;
        let metadata = String::from_utf8(found.user_metadata().to_vec()).ok()?;
        let mut lines = metadata.lines();
        let ends: u64 = lines.next()?.parse().ok()?;
        if now.unix_millis() >= ends {
            return None;
        }
        let mut response = Response::from_status(lines.next()?.parse::<u16>().ok()?);
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            response.append_header(name, value);
        }
        response.set_body(found.to_stream().ok()?);
        Some(response)
    }

    fn keep(key: &str, response: &mut Response, now: Time, life_ms: u64) {
        let body = response.take_body_bytes();
        let mut metadata = format!(
            "{}\n{}\n",
            now.unix_millis().saturating_add(life_ms),
            response.get_status().as_u16()
        );
        for name in response.get_header_names_str() {
            let told = name.starts_with("x-tidegate-") || name == "transfer-encoding";
            for value in response.get_header_all_str(name).into_iter().filter(|_| !told) {
                metadata.push_str(&format!("{name}: {value}\n"));
            }
        }
        if body.len() <= BODY_BOUND {
            let insert = core::insert(key.to_owned().into(), Duration::from_secs(365 * 24 * 3600))
                .user_metadata(metadata.into())
                .known_length(body.len() as u64);
            if let Ok(mut kept) = insert.execute()
                && kept.write_all(&body).is_ok()
                && let Err(error) = kept.finish()
            {
                crate::answer::note(&format!("harness cache: {error}"));
            }
        }
        response.set_body(body);
    }
}
