//! A model of Fastly's Edge Rate Limiting, which the local runtime has only as a
//! stub that never counts: so nobody can try there what a limit over it means.
//!
//! [`pop`] is what the platform does, as far as its documentation says: counters
//! of one POP, over windows, shared by its nodes with a delay, that count up to a
//! tenth too little and forget the entry that was added to the longest ago.
//! [`play`] asks them by the engine and the arithmetic that the edge uses, and
//! [`table`] says what came of it. How the platform computes a rate is not
//! published: this one divides what a window counted by its length.

pub mod play;
pub mod pop;
pub mod table;
