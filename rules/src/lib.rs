#![doc = include_str!("../README.md")]
#![warn(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used
)]

pub mod agent;
pub mod breadth;
pub mod case;
pub mod cell;
pub mod cohorts;
mod compile;
pub mod condition;
pub mod decide;
pub mod diagnostic;
pub mod explain;
pub mod features;
pub mod fingerprint;
pub mod gcra;
pub mod glob;
pub mod index;
pub mod key;
pub mod networks;
pub mod pack;
mod parse;
pub mod print;
pub mod quota;
pub mod record;
pub mod request;
pub mod route;
pub mod rule;
pub mod ruleset;
pub mod signature;
pub mod store;
pub mod strain;
pub mod surface;
pub mod text;
mod words;

pub use compile::{Compiled, Learned, compile, compile_with};
pub use condition::Condition;
pub use decide::{Admission, Admit, Decision, Engine, Refusal, Screened};
pub use diagnostic::{Diagnostic, Diagnostics};
pub use explain::Explanation;
pub use key::HashKey;
pub use parse::RULES_FORMAT;
pub use quota::Quota;
pub use record::{Action, JudgedBy, Record, Verification};
pub use request::{CacheState, Client, Outcome, Protocol, Request, Signals, Time, Vouched};
pub use rule::Mode;
pub use ruleset::Ruleset;
pub use signature::Signature;
pub use store::{ByKind, Cells, Counters, Memory, Store, Stored};
