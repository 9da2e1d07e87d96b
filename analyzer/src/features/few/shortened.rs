//! From all that is known of somebody to what fits.

use super::Few;
use super::bitmap::filled;
use super::packed::{Count, Flag, Word};
use crate::features::Features;

/// Somebody who was kept in full, in short.
impl From<&Features> for Few {
    fn from(known: &Features) -> Self {
        let mut few = Self {
            requests: u32::try_from(known.requests).unwrap_or(u32::MAX),
            units: u32::try_from(known.units).unwrap_or(u32::MAX),
            pages: Word::of(filled(known.pages, 64)),
            crates: u16::try_from(filled(known.crates, 16)).unwrap_or(u16::MAX),
            peak_units: u16::try_from(known.peak_units).unwrap_or(u16::MAX),
            ..Self::default()
        };
        few.set_first(known.first);
        few.set_last(known.last);
        few.set_sessions(known.sessions);
        few.set_claim(known.claim);
        let [unknown, .., moved, refused, failed] = known.statuses;
        let counts = [
            (Count::Misses, known.misses),
            (Count::Assets, known.assets),
            (Count::Referred, known.referred),
            (Count::Chained, known.chained),
            (Count::Unpopular, known.unpopular),
            (Count::Moved, moved),
            (Count::Refused, refused),
            (Count::Failed, failed),
        ];
        let kept = known.requests.min(u8::MAX.into());
        for (count, number) in counts {
            let share = number * kept / known.requests.max(1);
            few.counts[count as usize] = u8::try_from(share).unwrap_or(u8::MAX);
        }
        let peak = u8::try_from(known.peak_requests).unwrap_or(u8::MAX);
        few.counts[Count::PeakRequests as usize] = peak;
        let flags = [
            (Flag::Bitmap, true),
            (Flag::Told, known.told > 0),
            (Flag::Robots, known.robots),
            (Flag::Forbidden, known.forbidden > 0),
            (Flag::Fingerprinted, known.fingerprinted),
            (Flag::NoStatus, unknown > 0),
        ];
        for (flag, holds) in flags {
            few.raise(flag, holds);
        }
        few
    }
}
