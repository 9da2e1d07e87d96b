#![doc = include_str!("../README.md")]
#![cfg_attr(
    target_family = "wasm",
    expect(
        dead_code,
        unused_imports,
        reason = "the command line, the store and the watch use them"
    )
)]

mod agents;
pub mod analysis;
mod askers;
pub mod backtest;
pub mod basis;
pub mod beside;
#[cfg(not(target_family = "wasm"))]
pub mod cli;
pub mod clients;
mod crates;
pub mod curve;
pub mod detect;
pub mod effect;
mod event;
pub mod explain;
pub mod features;
pub mod fmt;
pub mod gate;
pub mod ingest;
pub mod interval;
mod near;
pub mod night;
pub mod overview;
mod page;
mod paths;
mod place;
pub mod places;
pub mod promote;
pub mod propose;
#[cfg(not(target_family = "wasm"))]
pub mod publish;
pub mod reference;
pub mod report;
pub mod robots;
pub mod rule_files;
pub mod schema;
pub mod score;
mod shielding;
#[cfg(not(target_family = "wasm"))]
pub mod store;
mod table;
mod text;
pub mod time;
mod waiting;
pub mod walk;
#[cfg(not(target_family = "wasm"))]
pub mod watch;

pub use event::Event;
