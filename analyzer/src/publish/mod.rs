//! Rules to the edge, without a deploy: [`Plan`] what to do in the site's two
//! Config Stores, and [`carry_out`] exactly that.
//!
//! The edge reads a pointer and the entries that it names. So entries are stored
//! and read back first, the pointer is set after them, and what nobody needs any
//! more is removed last: an interruption anywhere leaves the old rules in force,
//! or the new ones, and another run finishes what is left. This module decides
//! nothing about requests, and it holds no copy of how packs are read: that is
//! [`tidegate_rules::pack`], here as at the edge.

mod api;
mod carry;
mod diff;
mod error;
mod history;
mod plan;
mod report;
mod status;
mod store;
mod switch;
mod token;

pub use api::{Api, FASTLY_API, Item, Patience, store_id};
pub use carry::{InForce, Interrupted, Trouble, carry_out};
pub use diff::{Change, Diff, KeyChange};
pub use error::{ApiError, Why};
pub use history::{Deed, Event, History, NOTE_BOUND};
pub use plan::{Ground, NoRoom, PACKS_KEPT, Plan, Step};
pub use report::{Preview, preview};
pub use status::{STATUS_FORMAT, Status};
pub use store::{HISTORY, MODE, POINTER, PackStore, STORE_BOUND, StoredPack, Stores, Switches};
pub use switch::{Switched, set_mode};
pub use token::{TOKEN_VARIABLE, Token};
