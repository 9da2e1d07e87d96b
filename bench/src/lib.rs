//! Traffic with truth, and what it is played against.
//!
//! [`traffic`] simulates who visits docs.rs, [`origin`] stands in for its servers
//! and counts what they would have worked, [`replay`] plays the one through
//! anything that answers requests and says who got what. Nothing here decides
//! about a request: that is `tidegate-rules`, and it never sees the truth.

pub mod demo;
pub mod origin;
pub mod replay;
pub mod stage;
pub mod traffic;
