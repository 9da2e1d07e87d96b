//! How many different things somebody asked for: exact up to [`EXACT`], then a
//! `HyperLogLog` of 1,024 registers.
//!
//! Beyond [`EXACT`] the standard error is 3.3 %: of a hundred estimates one is
//! off by more than 8.5 %.

/// As many different things are counted exactly.
pub const EXACT: usize = 64;

/// The estimate's standard error, as a share: 1.04 / √1024.
pub const STANDARD_ERROR: f64 = 0.0325;

const REGISTERS: usize = 1024;

/// A count of different hashes, in at most 1.6 KB.
#[derive(Debug, Clone, Default)]
pub struct Distinct {
    /// All of them, while they are few; the ones that came last afterwards.
    latest: Vec<u64>,
    /// Which of `latest` is overwritten next.
    oldest: usize,
    /// A bit for each that was ever among `latest`: whose bit is missing is new.
    /// `latest` lies elsewhere, and to look through it takes time.
    ever: u64,
    /// The one that came last.
    last: u64,
    registers: Option<Box<[u8; REGISTERS]>>,
    /// Those that were counted elsewhere.
    elsewhere: u64,
}

impl Distinct {
    /// So many different things that were counted elsewhere.
    pub(crate) fn counted(elsewhere: u64) -> Self {
        Self { elsewhere, ..Self::default() }
    }

    /// Counts a hash, all of whose bits are as good as random.
    pub fn insert(&mut self, hash: u64) {
        if self.is_recent(hash) {
            return;
        }
        self.ever |= bit(hash);
        self.last = hash;
        if self.registers.is_none() && self.latest.len() < EXACT {
            self.latest.push(hash);
            return;
        }
        let registers = self.registers.get_or_insert_with(|| {
            let mut registers = Box::new([0; REGISTERS]);
            self.latest.iter().for_each(|hash| raise(&mut registers, *hash));
            registers
        });
        raise(registers, hash);
        if let Some(slot) = self.latest.get_mut(self.oldest) {
            *slot = hash;
        }
        self.oldest = (self.oldest + 1) % EXACT;
    }

    /// As [`Distinct::insert`], for whoever never asks which came last: once the
    /// count is an estimate it takes no look at those.
    pub fn note(&mut self, hash: u64) {
        match &mut self.registers {
            Some(registers) => raise(registers, hash),
            None => self.insert(hash),
        }
    }

    /// Whether a hash is among the last [`EXACT`] different ones, or among all
    /// where they are no more.
    #[must_use]
    pub fn is_recent(&self, hash: u64) -> bool {
        // The latest first, eight at once.
        let has = |some: &[u64]| some.iter().fold(false, |any, own| any | (*own == hash));
        let is_new = self.ever & bit(hash) == 0;
        !is_new && (self.last == hash || self.latest.rchunks(8).any(has))
    }

    /// Whether the count is exact.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.registers.is_none() && self.elsewhere <= EXACT as u64
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let own = match &self.registers {
            None => self.latest.len() as u64,
            Some(registers) => estimate(registers),
        };
        own + self.elsewhere
    }

    /// Reads what is looked at first of what lies elsewhere.
    pub(super) fn look(&self) -> u64 {
        self.latest.last().copied().unwrap_or_default()
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.latest.capacity() * 8 + if self.registers.is_some() { REGISTERS } else { 0 }
    }
}

/// What of 64 bits stands for a hash: not those by which it finds its register.
const fn bit(hash: u64) -> u64 {
    1 << (hash % 64)
}

fn raise(registers: &mut [u8; REGISTERS], hash: u64) {
    let at = usize::try_from(hash >> 54).unwrap_or_default();
    // A bit at the end, so that there always is one.
    let rank = ((hash << 10) | 1 << 9).leading_zeros() + 1;
    if let Some(register) = registers.get_mut(at) {
        *register = (*register).max(u8::try_from(rank).unwrap_or(u8::MAX));
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an estimate, far below 2^53"
)]
fn estimate(registers: &[u8; REGISTERS]) -> u64 {
    const M: f64 = REGISTERS as f64;
    let sum: f64 = registers.iter().map(|rank| 0.5_f64.powi((*rank).into())).sum();
    let raw = 0.7213 / (1.0 + 1.079 / M) * M * M / sum;
    let empty = registers.iter().filter(|rank| **rank == 0).count();
    // Few in many registers: how many are empty says more.
    let best = match empty {
        1.. if raw <= 2.5 * M => M * (M / empty as f64).ln(),
        _ => raw,
    };
    best.round() as u64
}
