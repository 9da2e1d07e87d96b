//! Rules without a deploy: the site switch and a pointer in one Config Store,
//! packs in another.
//!
//! Off means off: without a readable mode nothing is inspected. A pack that is
//! missing or damaged never takes a working one out of force.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastly::ConfigStore;
use fastly::cache::core;
use tidegate_rules::pack::{self, PackError, Pointer};
use tidegate_rules::{Engine, Mode};

use crate::door::Door;
use crate::secret::Secret;

/// Config Store with `mode` and the pointer `rules`.
const SWITCHES: &str = "tidegate";
/// Config Store with the entries of packs; opened only for a new pointer.
const PACKS: &str = "tidegate_packs";
/// Cache key of the version of this POP's last good pack.
const LAST_GOOD: &str = "tg1-pack-last-good";
const PACK_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

static FALLBACK: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fallback.pack"));
static FALLBACK_ADDRESSES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fallback.addresses"));

/// How long what the switches said holds in one sandbox: to ask them is a call
/// out of the sandbox, and half a minute passes anyway until a change is at the POP.
const FRESH: Duration = Duration::from_millis(250);

/// The rules of one sandbox, decoded once and kept.
#[derive(Default)]
pub(crate) struct Rules {
    engine: Option<Arc<Engine>>,
    /// When the switches were asked.
    asked: Option<Instant>,
    /// What they said: nothing where the site is off.
    mode: Option<Mode>,
    /// The pointer last tried, good or bad.
    pointer: Option<String>,
    secret: Secret,
    /// Whether the compiled-in rules stand in, which never enforce.
    fallback: bool,
    /// What went wrong with the pointer last tried.
    trouble: Option<&'static str>,
}

/// The engine in force, and what is wrong with how it got there.
pub(crate) struct InForce {
    pub(crate) engine: Arc<Engine>,
    pub(crate) trouble: Option<&'static str>,
    /// Whether keys are hashed under a secret. Without one, anybody can tell whose
    /// hash it is.
    pub(crate) is_secret: bool,
}

impl Rules {
    /// The engine for the next request, or nothing where the site is off.
    pub(crate) fn in_force(&mut self, door: &Door) -> Option<InForce> {
        // Whoever brings a time of their own plays hours within seconds.
        let now = door.fact("now").is_some();
        if now || self.asked.is_none_or(|asked| asked.elapsed() >= FRESH) {
            self.mode = self.ask(door);
            self.asked = Some(Instant::now());
        }
        let mode = self.mode?;
        let switch = if self.fallback { Mode::Shadow } else { mode };
        let secret = self.secret.key();
        let engine = self.engine.as_mut()?;
        if engine.switch != switch || engine.secret != secret {
            let engine = Arc::make_mut(engine);
            (engine.switch, engine.secret) = (switch, secret);
        }
        let (engine, trouble) = (Arc::clone(engine), self.trouble);
        Some(InForce { engine, trouble, is_secret: self.secret.is_known() })
    }

    /// Asks the switches, and loads what they point to.
    fn ask(&mut self, door: &Door) -> Option<Mode> {
        let store = ConfigStore::try_open(SWITCHES).ok()?;
        let mode = store.try_get("mode").ok().flatten()?;
        let mode = Mode::from_word(mode.trim()).filter(|mode| *mode != Mode::Off)?;
        let pointer = store.try_get("rules").ok().flatten();
        if self.engine.is_none() || self.pointer != pointer {
            self.load(pointer.as_deref(), door);
            self.pointer = pointer;
        }
        Some(mode)
    }

    fn load(&mut self, pointer: Option<&str>, door: &Door) {
        let taken = match pointer {
            Some(pointer) => self.take(pointer, door),
            None => Err("rules: no pointer"),
        };
        self.trouble = match taken {
            Ok(()) => {
                self.fallback = false;
                None
            }
            Err(trouble) => {
                self.stand_in();
                Some(trouble)
            }
        };
        if let Some(trouble) = self.trouble {
            crate::answer::note(&format!("{trouble}; pointer {pointer:?}"));
        }
    }

    /// Takes the packs that a pointer names: from the POP's cache, else from the
    /// Config Store, whose bytes are checked against the pointer's hash before they
    /// are kept. What comes from the cache is not hashed again: a sandbox may serve a
    /// handful of requests only, and the checksum of the rules guards against damage.
    fn take(&mut self, pointer: &str, door: &Door) -> Result<(), &'static str> {
        let pointer = Pointer::parse(pointer).map_err(in_words)?;
        let kept = kept(&pointer, door);
        let is_kept = kept.is_some();
        if kept.is_none_or(|packs| self.install(packs).is_err()) {
            // Damage may be in the addresses that were kept.
            let packs = stored(&pointer, is_kept)?;
            let rules = packs.rules.clone();
            self.install(packs)?;
            keep(&key_of(pointer.version), &rules);
        }
        remember(pointer.version);
        Ok(())
    }

    /// What is in force when the pack is not: what this sandbox has, the last
    /// good pack of this POP, or the compiled-in rules.
    fn stand_in(&mut self) {
        if self.engine.is_some() && !self.fallback {
            return;
        }
        self.fallback = false;
        if let Some(packs) = last_good()
            && self.install(packs).is_ok()
        {
            return;
        }
        self.fallback = true;
        let version = pack::version(FALLBACK);
        let (rules, addresses) = (FALLBACK.into(), FALLBACK_ADDRESSES.into());
        if let Err(trouble) = self.install(Packs { version, rules, addresses }) {
            crate::answer::note(trouble);
        }
    }

    fn install(&mut self, packs: Packs) -> Result<(), &'static str> {
        let Packs { version, rules, addresses } = packs;
        let rules = pack::decode(&rules, addresses).map_err(in_words)?;
        let secret = self.secret.key();
        self.engine = Some(Arc::new(Engine { rules, version, secret, switch: Mode::Shadow }));
        Ok(())
    }
}

/// A rules pack and its addresses, not decoded yet.
struct Packs {
    version: String,
    rules: Cow<'static, [u8]>,
    addresses: Cow<'static, [u8]>,
}

/// The packs that a pointer names, as the POP's cache has them.
fn kept(pointer: &Pointer<'_>, door: &Door) -> Option<Packs> {
    let mut rules = cached(&key_of(pointer.version))?;
    if door.fault("pack") {
        rules.truncate(rules.len() / 2);
    }
    let addresses = addresses(&rules, false, |id| {
        let store = ConfigStore::try_open(PACKS).map_err(|_| "rules: no store of packs")?;
        let entry = |key: &str| store.try_get(key).ok().flatten();
        pointer.addresses(id, entry).map_err(in_words)
    });
    Some(Packs {
        version: pointer.version.to_owned(),
        rules: rules.into(),
        addresses: addresses.ok()?,
    })
}

/// The packs that a pointer names, as the Config Store has them; the addresses, of
/// which most rules have the same, only where they are not kept or `anew`.
fn stored(pointer: &Pointer<'_>, anew: bool) -> Result<Packs, &'static str> {
    let store = ConfigStore::try_open(PACKS).map_err(|_| "rules: no store of packs")?;
    let entry = |key: &str| store.try_get(key).ok().flatten();
    let rules = pointer.rules(entry).map_err(in_words)?;
    let addresses = addresses(&rules, anew, |id| pointer.addresses(id, entry).map_err(in_words))?;
    Ok(Packs { version: pointer.version.to_owned(), rules: rules.into(), addresses })
}

/// The addresses that a rules pack needs: from the POP's cache, unless `anew`, else
/// from `read`, which is handed their id and checks it.
fn addresses(
    rules: &[u8],
    anew: bool,
    read: impl FnOnce(&str) -> Result<Vec<u8>, &'static str>,
) -> Result<Cow<'static, [u8]>, &'static str> {
    let Some(id) = pack::addresses_of(rules).map_err(in_words)? else {
        return Ok(Cow::default());
    };
    let key = format!("tg1-addresses-{id}");
    if let Some(addresses) = cached(&key).filter(|_| !anew) {
        return Ok(addresses.into());
    }
    let addresses = read(&id)?;
    keep(&key, &addresses);
    Ok(addresses.into())
}

/// The last good packs of this POP.
fn last_good() -> Option<Packs> {
    let version = last_version()?;
    let rules = cached(&key_of(&version))?;
    let addresses = addresses(&rules, false, |_| Err("rules: addresses are gone")).ok()?;
    Some(Packs { version, rules: rules.into(), addresses })
}

/// Cache key of a rules pack.
fn key_of(version: &str) -> String {
    format!("tg1-pack-{version}")
}

/// Notes that a pack is good. One that was rolled back to is in the cache already,
/// so this is not for new ones alone.
fn remember(version: &str) {
    if last_version().as_deref() == Some(version) {
        return;
    }
    let insert = core::insert(LAST_GOOD.to_owned().into(), PACK_LIFE).known_length(0);
    let insert = insert.user_metadata(version.to_owned().into());
    if insert.execute().ok().and_then(|body| body.finish().ok()).is_none() {
        crate::answer::note("rules: last good pack not noted");
    }
}

fn last_version() -> Option<String> {
    let found = core::lookup(LAST_GOOD.to_owned().into()).execute().ok()??;
    let version = found.is_usable().then(|| found.user_metadata().to_vec())?;
    String::from_utf8(version).ok()
}

fn in_words(error: PackError) -> &'static str {
    match error {
        PackError::Format(_) => "rules: pack of another format",
        PackError::Pointer | PackError::TooLarge { .. } => "rules: pointer is broken",
        PackError::MissingEntry => "rules: an entry of the pack is missing",
        PackError::Addresses => "rules: addresses of other rules",
        PackError::NotAPack | PackError::Checksum | PackError::Body => "rules: pack is damaged",
    }
}

fn cached(key: &str) -> Option<Vec<u8>> {
    use std::io::Read as _;

    let found = core::lookup(key.to_owned().into()).execute().ok()??;
    let length = usize::try_from(found.known_length()?).ok()?;
    let mut body = found.is_usable().then(|| found.to_stream().ok()).flatten()?;
    // At once: in pieces of a buffer it takes five times as long.
    let mut bytes = vec![0; length];
    body.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// A pack that cannot be kept is read again: no failure.
fn keep(key: &str, bytes: &[u8]) {
    use std::io::Write as _;

    let insert = core::insert(key.to_owned().into(), PACK_LIFE).known_length(bytes.len() as u64);
    if let Ok(mut body) = insert.execute()
        && body.write_all(bytes).is_ok()
        && let Err(error) = body.finish()
    {
        crate::answer::note(&format!("rules: pack not kept: {error}"));
    }
}
