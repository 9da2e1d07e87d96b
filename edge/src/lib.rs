#![doc = include_str!("../README.md")]
#![warn(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unreachable,
    clippy::unwrap_used
)]

mod act;
mod answer;
mod cells;
mod clock;
mod door;
mod inspect;
mod load;
mod observe;
mod plain;
mod secret;
mod upstream;

pub use act::Refused;
pub use answer::{After, Answer, note};
pub use inspect::{Pass, TAG, Tidegate};
pub use observe::strip_imitations;
pub use plain::Parts;
#[cfg(feature = "harness")]
pub use upstream::HarnessCache;
pub use upstream::{ReadThrough, Unsent, Upstream};
