//! What changes around the module: rules, stores and the origin, by the clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;
use tidegate_local::{Stores, stores};
use tidegate_rules::pack::PACK_FORMAT;
use tokio::time::sleep_until;

use super::editions::edition;
use super::faults::Fault;
use super::gate::{Gate, Way};
use super::ledger::Ledger;

/// New rules come this often.
const EDITIONS: Duration = Duration::from_secs(10);
/// A fault comes this often, if there is time for it, and lasts half as long.
const FAULTS: Duration = Duration::from_secs(12);
/// Looks at memory during a soak.
const LOOKS: u32 = 60;
/// How soon something that is due is noticed.
const TICK: Duration = Duration::from_millis(50);

/// Everything around the module.
pub(super) struct World {
    pub(super) stores: Stores,
    pub(super) gate: Gate,
    pub(super) ledger: Arc<Ledger>,
    /// How many were published.
    pub(super) editions: u32,
}

/// How much memory there was.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Memory {
    /// Seconds since the start.
    pub(super) second: u64,
    /// The largest linear memory of a guest since the look before.
    pub(super) guest_mib: u32,
    /// Resident memory of this process: clients, runtime, cache and origin.
    pub(super) resident_mb: u64,
}

impl World {
    /// Publishes the next edition and enforces it.
    pub(super) async fn publish(&mut self) -> Result<()> {
        let number = self.editions;
        let next = tokio::task::spawn_blocking(move || edition(number)).await??;
        self.ledger.publishes(&next.version);
        self.stores.publish(&next.entries.entries, &next.entries.pointer)?;
        self.stores.set_mode(Some("enforce"))?;
        self.ledger.published(&next.version);
        self.editions += 1;
        Ok(())
    }

    /// Lets time pass, and has happen what is due; says what memory there was.
    pub(super) async fn turn(&mut self, start: Instant, length: Duration) -> Result<Vec<Memory>> {
        let count = u32::try_from(Fault::ALL.len())?;
        let cycle = FAULTS.min(length / (count + 1));
        let editions = EDITIONS.min(length / 10);
        let (mut fault_at, mut edition_at, mut look_at) = (cycle / 2, editions, length / LOOKS);
        let (mut faults, mut looks) = (Fault::ALL.into_iter().cycle(), Vec::new());
        loop {
            sleep_until((Instant::now() + TICK).into()).await;
            let since = start.elapsed();
            if since >= fault_at {
                match self.ledger.spans.now() {
                    Some(fault) => self.mend(fault).await?,
                    // No fault begins that could not end.
                    None if since + cycle > length => {}
                    None => self.break_by(faults.next().context("no faults")?).await?,
                }
                fault_at += cycle / 2;
            }
            let broken = self.ledger.spans.now();
            let stores = matches!(broken, Some(Fault::SwitchesGone | Fault::PackLost));
            if since >= edition_at && !stores {
                self.publish().await?;
                edition_at = since + editions;
            }
            if since >= look_at {
                let guest_mib = std::mem::take(&mut self.ledger.lock().memory);
                looks.push(Memory { second: since.as_secs(), guest_mib, resident_mb: resident()? });
                look_at += length / LOOKS;
            }
            if since >= length && broken.is_none() {
                return Ok(looks);
            }
        }
    }

    async fn break_by(&mut self, fault: Fault) -> Result<()> {
        self.ledger.spans.begin(fault);
        match fault {
            Fault::SwitchesGone => {
                let file = stores::file(self.stores.directory(), stores::SETTINGS);
                let draft = file.with_extension("empty");
                std::fs::write(&draft, "{}")?;
                std::fs::rename(draft, file)?;
            }
            Fault::PackLost => {
                self.stores.publish(&[], &format!("{PACK_FORMAT}:0123456789abcdef:1:0"))?;
            }
            Fault::OriginDown => self.gate.set(Way::Down).await?,
            Fault::OriginSlow => self.gate.set(Way::Slow).await?,
            Fault::OriginResets => self.gate.set(Way::Resets).await?,
            // The module plays these by itself.
            Fault::CellsGone | Fault::RecordsGone => {}
        }
        self.ledger.spans.broken();
        Ok(())
    }

    async fn mend(&mut self, fault: Fault) -> Result<()> {
        self.ledger.spans.mending();
        match fault {
            // It writes the whole store.
            Fault::SwitchesGone => self.stores.set_mode(Some("enforce"))?,
            Fault::PackLost => self.publish().await?,
            Fault::OriginDown | Fault::OriginSlow | Fault::OriginResets => {
                self.gate.set(Way::Open).await?;
            }
            Fault::CellsGone | Fault::RecordsGone => {}
        }
        self.ledger.spans.end();
        Ok(())
    }
}

/// Resident memory of this process, in MB.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("cannot read the memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    Ok(kib.context("no memory in `/proc/self/status`")? * 1024 / 1_000_000)
}
