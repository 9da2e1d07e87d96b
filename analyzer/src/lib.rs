#![doc = include_str!("../README.md")]

mod agents;
pub mod analysis;
pub mod backtest;
pub mod basis;
pub mod beside;
pub mod cli;
pub mod clients;
pub mod detect;
pub mod effect;
mod event;
pub mod features;
pub mod fmt;
pub mod ingest;
pub mod interval;
pub mod night;
mod page;
pub mod places;
pub mod promote;
pub mod propose;
pub mod publish;
pub mod reference;
pub mod report;
pub mod robots;
pub mod rule_files;
pub mod schema;
pub mod score;
mod shielding;
pub mod store;
mod table;
mod text;
pub mod time;
mod waiting;
pub mod walk;
pub mod watch;

pub use event::Event;
