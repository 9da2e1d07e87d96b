//! What rules and today's limits make of every scenario, by the truth.
//!
//! A [`night`] is played and logged, the analyzer reads the log and proposes,
//! its proposals are promoted as a reviewer would, and the very night is
//! replayed through the edge's engine and through the limits that sites have
//! today, side by side: [`judge`]. How well its scores order clients is
//! [`score`]'s matter. Nothing here decides about a request, and what judges
//! reads the truth only after everything has been decided.

pub mod backtest;
pub mod curve;
pub mod judge;
pub mod night;
pub mod outcome;
pub mod picture;
pub mod policies;
pub mod promoted;
pub mod run;
pub mod score;
pub mod table;

/// Logs are many small texts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
