#![doc = include_str!("../README.md")]

pub mod analysis;
pub mod backtest;
pub mod cli;
pub mod clients;
pub mod detect;
mod event;
pub mod ingest;
pub mod night;
pub mod promote;
pub mod propose;
pub mod report;
pub mod score;

pub use event::Event;
