//! A site with one kind of page and one budget for each client: the least that a
//! rule set can say, compiled and decided like any other.

use std::num::NonZeroU32;

use anyhow::{Result, anyhow};
use tidegate_rules::store::erl::Window;
use tidegate_rules::{Admit, Cells, Client, Engine, HashKey, Mode, Request, Time, compile};

/// What a page costs, in units.
pub const COST: NonZeroU32 = NonZeroU32::new(40).unwrap();

/// A site whose clients may have so many pages in each window.
#[derive(Debug)]
pub struct Site {
    engine: Engine,
    window: Window,
    pages: u32,
}

impl Site {
    /// Compiles a site whose budgets may be spent at once; `store` is where the
    /// clients' cells live.
    ///
    /// # Errors
    ///
    /// What the compiler objects to.
    pub fn new(store: &str, window: Window, pages: u32) -> Result<Self> {
        Self::with_burst(store, window, pages, pages)
    }

    /// Compiles a site of whose budgets `burst` pages may be spent at once.
    ///
    /// # Errors
    ///
    /// What the compiler objects to.
    pub fn with_burst(store: &str, window: Window, pages: u32, burst: u32) -> Result<Self> {
        let (units, seconds, burst) = (pages * COST.get(), window.seconds(), burst * COST.get());
        let text = format!(
            "format = 1\nsite = \"docs.example\"\nstore = {{ client = \"{store}\" }}\n\
             [[route]]\nname = \"page\"\npaths = [\"/**\"]\ncost = {COST}\ncache = \"never\"\n\
             [[quota]]\nname = \"q\"\nunits = {units}\nper = \"{seconds}s\"\nburst = {burst}\n\
             [[rule]]\nid = \"r\"\nwhy = \"the model\"\nmatch = {{ route = \"page\" }}\n\
             key = \"client\"\nquota = \"q\"\nmode = \"enforce\"\n"
        );
        let compiled = compile("model.toml", &mut |_| Ok(text.clone()));
        let rules = compiled.map_err(|mistakes| anyhow!("{mistakes}"))?.rules;
        let (version, secret) = (String::new(), HashKey::default());
        let engine = Engine { rules, version, secret, switch: Mode::Enforce };
        Ok(Self { engine, window, pages })
    }

    /// The window.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// The limit in units per second.
    #[must_use]
    pub const fn units_per_second(&self) -> u32 {
        self.pages * COST.get() / self.window.seconds()
    }

    /// A client asks for a page: decided as at the edge, over these cells.
    pub fn ask(&self, cells: &mut dyn Cells, client: u32, now: Time) -> Admit {
        let client = Client::Address(std::net::Ipv4Addr::from_bits(client).into());
        let request = Request { client: Some(client), ..Request::new(now, "GET", "/page") };
        let mut admission = self.engine.screen(&request).into_admission();
        self.engine.admit(&mut admission, cells, now)
    }
}
