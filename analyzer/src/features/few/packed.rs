//! How the fields of a [`Few`] share their bits.

use tidegate_rules::Time;
use tidegate_rules::agent::{Claim, Headers};
use tidegate_rules::record::{JudgedBy, Verification};

use super::Few;

/// Whatever [`Time`] can say fits: it ends with the year 2199.
const TIME_BITS: u32 = 43;

/// What may become of a claim, and by what.
const JUDGEMENTS: [(Verification, Option<JudgedBy>); 9] = [
    (Verification::None, None),
    (Verification::Verified, Some(JudgedBy::Address)),
    (Verification::Verified, Some(JudgedBy::Signature)),
    (Verification::Verified, Some(JudgedBy::Platform)),
    (Verification::Contradicted, Some(JudgedBy::Address)),
    (Verification::Contradicted, Some(JudgedBy::Signature)),
    (Verification::Contradicted, Some(JudgedBy::Platform)),
    (Verification::Unverifiable, Some(JudgedBy::Address)),
    (Verification::Unverifiable, Some(JudgedBy::Signature)),
];

/// What is known of a claim's headers.
const HEADERS: [Option<Headers>; 3] = [None, Some(Headers::Complete), Some(Headers::Lacking)];

/// Eight bytes that need not lie where eight bytes like to lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Word([u32; 2]);

impl Word {
    #[expect(clippy::cast_possible_truncation, reason = "both halves are kept")]
    pub(super) const fn of(word: u64) -> Self {
        Self([word as u32, (word >> 32) as u32])
    }

    pub(super) const fn get(self) -> u64 {
        let [low, high] = self.0;
        (high as u64) << 32 | low as u64
    }
}

/// Counters of one byte.
#[derive(Clone, Copy)]
pub(super) enum Count {
    Misses,
    Assets,
    Referred,
    Chained,
    Unpopular,
    Moved,
    Refused,
    Failed,
    PeakRequests,
    MinuteRequests,
}

pub(super) const COUNTS: usize = Count::MinuteRequests as usize + 1;

/// Whatever fits one bit, above the time of the last request.
#[derive(Clone, Copy)]
pub(super) enum Flag {
    /// Pages are a bitmap.
    Bitmap,
    /// The log says whether there was a referer.
    Told,
    Robots,
    Forbidden,
    Fingerprinted,
    /// Some answer had no status that is known.
    NoStatus,
}

const SESSIONS_AT: u32 = TIME_BITS + Flag::NoStatus as u32 + 1;

/// How the fields are packed.
impl Few {
    pub(super) const fn count(&self, count: Count) -> u8 {
        self.counts[count as usize]
    }

    /// A count that rests on the first 255 requests.
    pub(super) fn scaled(&self, count: Count) -> u64 {
        let kept = self.requests.clamp(1, u8::MAX.into());
        u64::from(self.count(count)) * u64::from(self.requests) / u64::from(kept)
    }

    pub(super) const fn flag(&self, flag: Flag) -> bool {
        self.last.get() >> (TIME_BITS + flag as u32) & 1 == 1
    }

    pub(super) fn raise(&mut self, flag: Flag, holds: bool) {
        let bit = u64::from(holds) << (TIME_BITS + flag as u32);
        self.last = Word::of(self.last.get() | bit);
    }

    pub(super) fn first(&self) -> Time {
        Time::from_unix_millis(self.first.get() & mask(TIME_BITS))
    }

    pub(super) fn last(&self) -> Time {
        Time::from_unix_millis(self.last.get() & mask(TIME_BITS))
    }

    pub(super) fn set_first(&mut self, time: Time) {
        self.first = with_time(self.first, time);
    }

    pub(super) fn set_last(&mut self, time: Time) {
        self.last = with_time(self.last, time);
    }

    pub(super) const fn sessions(&self) -> u64 {
        self.last.get() >> SESSIONS_AT
    }

    pub(super) fn set_sessions(&mut self, sessions: u64) {
        let most = mask(u64::BITS - SESSIONS_AT);
        let rest = self.last.get() & mask(SESSIONS_AT);
        self.last = Word::of(rest | sessions.min(most) << SESSIONS_AT);
    }

    /// 0: no claim; 1: a User-Agent that nobody knows; then the agents.
    pub(super) fn claim(&self) -> Option<Claim> {
        let packed = self.first.get() >> TIME_BITS;
        let agent = (packed & 0xffff).checked_sub(1)?;
        let agent = agent.checked_sub(1).and_then(|at| u16::try_from(at).ok());
        let state = usize::try_from(packed >> 16).unwrap_or_default();
        let (verification, judged_by) = *JUDGEMENTS.get(state / HEADERS.len())?;
        let headers = HEADERS[state % HEADERS.len()];
        Some(Claim { agent, verification, judged_by, headers })
    }

    pub(super) fn set_claim(&mut self, claim: Option<Claim>) {
        let Some(claim) = claim else { return };
        let agent = claim.agent.map_or(1, |at| u64::from(at) + 2).min(0xffff);
        let judged = (claim.verification, claim.judged_by);
        let judgement = JUDGEMENTS.iter().position(|known| *known == judged).unwrap_or_default();
        let headers = HEADERS.iter().position(|known| *known == claim.headers).unwrap_or_default();
        let packed = agent | ((judgement * HEADERS.len() + headers) as u64) << 16;
        self.first = Word::of(self.first.get() & mask(TIME_BITS) | packed << TIME_BITS);
    }
}

/// A word with another time in its lower bits.
fn with_time(word: Word, time: Time) -> Word {
    let time = time.unix_millis() & mask(TIME_BITS);
    Word::of(word.get() & !mask(TIME_BITS) | time)
}

pub(super) const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_is_kept_beside_the_time() {
        let time = Time::from_unix_millis(1_762_244_142_000);
        for (verification, judged_by) in JUDGEMENTS {
            for headers in HEADERS {
                for agent in [None, Some(0), Some(0xfffd)] {
                    let claim = Some(Claim { agent, verification, judged_by, headers });
                    let mut few = Few::default();
                    few.set_claim(claim);
                    few.set_first(time);
                    assert_eq!((few.claim(), few.first()), (claim, time));
                }
            }
        }
    }
}
