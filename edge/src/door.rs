//! The harness door: how time and the signals that the local runtime lacks come
//! in under test.
//!
//! It exists only in the harness build, which cannot be a release: without
//! debug assertions the feature does not compile. Everywhere else [`Door`] has
//! nothing in it and says nothing.
//!
//! A request says a fact in the header `x-tidegate-door-NAME`: the time (`now`, in
//! milliseconds), how many of them pass until the origin is asked (`waited`), signals (`ja4`, `ja3`, `h2`, `protocol`, `tls`, `cipher`), the
//! client's place (`asn`, `country`, `proxy`), the POP (`pop`), the request's id
//! (`request-id`), the cache to ask (`cache`) and failures to play (`fault`).

#[cfg(all(feature = "harness", not(debug_assertions)))]
compile_error!(
    "the feature `harness` lets requests set time and signals: it needs debug assertions, \
     which no release has; build with `--profile harness`"
);

use std::time::Duration;

use fastly::{Request, Response};
use tidegate_rules::Time;

/// What came in through the door with one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Door {
    #[cfg(feature = "harness")]
    facts: Vec<(String, String)>,
}

impl Door {
    /// Takes the door's headers off a request.
    #[cfg_attr(
        not(feature = "harness"),
        expect(clippy::missing_const_for_fn, unused_variables, reason = "the closed door")
    )]
    pub(crate) fn open(request: &Request) -> Self {
        #[cfg(feature = "harness")]
        {
            let fact = |name: &str| {
                let fact = name.strip_prefix("x-tidegate-door-")?.to_owned();
                Some((fact, request.get_header_str_lossy(name)?.into_owned()))
            };
            Self { facts: request.get_header_names_str().into_iter().filter_map(fact).collect() }
        }
        #[cfg(not(feature = "harness"))]
        Self {}
    }

    /// A fact by its name.
    #[cfg_attr(
        not(feature = "harness"),
        expect(clippy::unused_self, unused_variables, reason = "the closed door")
    )]
    pub(crate) fn fact(&self, name: &str) -> Option<String> {
        #[cfg(feature = "harness")]
        return self.facts.iter().find(|(fact, _)| fact == name).map(|(_, value)| value.clone());
        #[cfg(not(feature = "harness"))]
        None
    }

    /// The time of the request.
    pub(crate) fn now(&self) -> Time {
        let told = self.fact("now").and_then(|now| now.parse().ok());
        Time::from_unix_millis(told.unwrap_or_else(clock))
    }

    /// How long the request waits, where its time is told: a clock that is played
    /// stands still otherwise.
    pub(crate) fn waited(&self) -> Option<Duration> {
        self.fact("now")?;
        let told = self.fact("waited").and_then(|waited| waited.parse().ok());
        Some(Duration::from_millis(told.unwrap_or_default()))
    }

    /// Whether a failure is to be played.
    pub(crate) fn fault(&self, name: &str) -> bool {
        self.fact("fault").is_some_and(|faults| faults.split(',').any(|fault| fault == name))
    }
}

/// Milliseconds that a stub origin says it worked.
#[cfg_attr(not(feature = "harness"), expect(unused_variables, reason = "the closed door"))]
pub(crate) fn origin_ms(response: &mut Response) -> Option<u32> {
    #[cfg(feature = "harness")]
    return response.remove_header_str("x-tidegate-door-origin-ms")?.parse().ok();
    #[cfg(not(feature = "harness"))]
    None
}

/// Tells a test how much memory the sandbox has, in MiB.
#[cfg_attr(not(feature = "harness"), expect(unused_variables, reason = "the closed door"))]
pub(crate) fn mark(response: &mut Response) {
    #[cfg(feature = "harness")]
    {
        let pages_of_64_kib = core::arch::wasm32::memory_size(0);
        response.set_header("x-tidegate-door-memory-mib", pages_of_64_kib.div_ceil(16).to_string());
    }
}

fn clock() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}
