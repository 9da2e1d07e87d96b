//! The real edge module, on this machine.
//!
//! Tests, the demo and `cargo serve` all need what Fastly would run, not an
//! imitation of it: this crate builds the WebAssembly module, runs it with
//! Viceroy in the same process, and gives it what Fastly would give it (an
//! origin, config stores, a secret, log endpoints, client addresses).
//!
//! It must not decide anything about a request: whatever happens to one is the
//! module's doing, or this is no test of the module.
//!
//! What Viceroy cannot do, and what therefore differs from Fastly:
//!
//! - there are no JA4, HTTP/2 or bot signals, no rate counters, and one POP, or the two
//!   of origin shielding;
//!   the module's harness build takes such facts from `x-tidegate-door-*`
//!   request headers instead;
//! - there is no read-through cache, so every request that the module forwards
//!   reaches the origin; the core cache works, but never evicts;
//! - the answer to a `HEAD` request loses its `Content-Length`;
//! - every request to the origin opens a connection of its own;
//! - a request's body is kept in memory until the response begins.

pub mod front;
mod logs;
pub mod module;
pub mod rules;
pub mod runtime;
pub mod serve;
pub mod stores;
mod ticks;

pub use logs::{LogSink, NOTES, RECORDS};
pub use module::{Flavour, build};
pub use runtime::{Builder, Failure, Runtime, Shield};
pub use stores::Stores;
