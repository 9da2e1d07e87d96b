//! Traffic with truth, and what it is played against.
//!
//! [`traffic`], a crate of its own, simulates who visits docs.rs, [`origin`] stands in for its servers
//! and counts what they would have worked, [`replay`] plays the one through
//! anything that answers requests and says who got what. Nothing here decides
//! about a request: that is `tidegate-rules`, and it never sees the truth.

pub mod cells;
pub mod cost;
pub mod demo;
pub mod growth;
pub mod origin;
pub mod replay;
pub mod soak;
pub mod stage;

pub use tidegate_traffic as traffic;

/// Viceroy copies its root certificates, header maps and settings for every
/// request, and the system's allocator is slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
