//! Tidegate's budgets as a limiter, beside the limiters that people would
//! otherwise use: the same arrivals to each, and who let what through.
//!
//! [`trace`] says who asks when, [`bucket`] what an exact token bucket would let
//! through, [`judge`] how far an answer is from that. [`simulated`] limiters get a
//! trace's own times: Tidegate's engine over cells in memory, governor, and
//! Fastly's rate counters by the model in [`erl`]. nginx and HAProxy are asked
//! over loopback as fast as the trace has it: [`served`].

pub mod bucket;
pub mod erl;
pub mod judge;
pub mod run;
pub mod served;
pub mod simulated;
pub mod site;
pub mod trace;

/// What every limiter is told to let through, of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Limit {
    /// Requests a second.
    pub per_second: u32,
    /// Requests at once, where a limiter knows of that.
    pub burst: u32,
}

/// The limit of every trace. Half of a period's requests may come at once, as in
/// the quota of readers in `rules/docs-rs.toml`; the period is a second, so that
/// servers that live in real time are through in minutes.
pub const LIMIT: Limit = Limit { per_second: 50, burst: 25 };
