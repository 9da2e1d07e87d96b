//! A condition as a pack has it: what it demands and nothing else.
//!
//! A rule demands two or three of some twenty things, and a fresh sandbox
//! decodes a thousand rules: the empty lists would be most of the work.

use serde::{Deserialize, Serialize};

use super::{Condition, Hours};
use crate::agent::{Category, Headers};
use crate::glob::Glob;
use crate::record::Verification;
use crate::route::CacheClass;

/// Declares one variant for each field of a condition, so that a field which is
/// forgotten here does not compile.
macro_rules! demands {
    (
        lists { $($list:ident: $List:ident($entry:ty),)+ }
        options { $($option:ident: $Option:ident($value:ty),)+ }
    ) => {
        /// One thing that a condition demands.
        #[derive(Serialize, Deserialize)]
        pub(super) enum Demand {
            $($List(Vec<$entry>),)+
            $($Option($value),)+
        }

        impl From<Vec<Demand>> for Condition {
            fn from(demands: Vec<Demand>) -> Self {
                let mut condition = Self::default();
                for demand in demands {
                    match demand {
                        $(Demand::$List(entries) => condition.$list = entries,)+
                        $(Demand::$Option(value) => condition.$option = Some(value),)+
                    }
                }
                condition
            }
        }

        impl From<Condition> for Vec<Demand> {
            fn from(condition: Condition) -> Self {
                let Condition { $($list,)+ $($option,)+ } = condition;
                let mut demands = Self::new();
                $(if !$list.is_empty() {
                    demands.push(Demand::$List($list));
                })+
                demands.extend([$($option.map(Demand::$Option),)+].into_iter().flatten());
                demands
            }
        }
    };
}

demands! {
    lists {
        hosts: Hosts(Glob),
        methods: Methods(String),
        routes: Routes(u16),
        paths: Paths(Glob),
        agents: Agents(u16),
        categories: Categories(Category),
        verifications: Verifications(Verification),
        networks: Networks(u16),
        asns: Asns(u32),
        countries: Countries(String),
        fingerprints: Fingerprints(u64),
        headers: Headers(Headers),
        caches: Caches(CacheClass),
        hours: Hours(Hours),
    }
    options {
        query: Query(bool),
        credentials: Credentials(bool),
        not: Not(Box<Condition>),
    }
}
