//! Viceroy's clock, slowed down.
//!
//! A thread of Viceroy's asks to be woken every 50 µs, so that a guest that
//! computes for long lets others run. Our guests answer within that time, and
//! twenty thousand wake-ups a second are a good part of what a replay costs on
//! two cores. Viceroy has no setting for it; the kernel has one, how late a thread's
//! timers may be, which threads inherit when they are started.
//!
//! Nothing but speed depends on it: where it cannot be set, it is left as it is.

/// Runs `start`, whose new threads will be woken up to a millisecond late.
#[cfg(target_os = "linux")]
pub(crate) fn slowed<T>(start: impl FnOnce() -> T) -> T {
    use std::num::NonZeroU64;

    use rustix::thread::{current_timer_slack, set_current_timer_slack};

    /// In nanoseconds.
    const LATENESS: NonZeroU64 = NonZeroU64::new(1_000_000).unwrap();

    let before = current_timer_slack().ok().and_then(NonZeroU64::new);
    let _ = set_current_timer_slack(Some(LATENESS));
    let started = start();
    // `None` would be the kernel's own default.
    let _ = set_current_timer_slack(before);
    started
}

/// Runs `start`.
#[cfg(not(target_os = "linux"))]
pub(crate) fn slowed<T>(start: impl FnOnce() -> T) -> T {
    start()
}
