//! Where the cells of each kind of key live.

use super::{Key, Kind, Literal, Table, key, words};
use crate::key::KeyKind;
use crate::store::StoreKind;

/// The stores.
pub(super) static STORE: Table = Table {
    name: "[store]",
    what: "`[store]`",
    about: "Where the cells of each kind of key live: in the `cache` of the POP, or in the \
            platform's rate counters (`erl`), which an account must have been given. Counters \
            forget no request where many come at once, but may count a tenth too little, count \
            over `1s`, `10s` or `1m` only, and hold no breadth, no floor and no burst but the \
            window's whole `units`. A rule that its store cannot hold is a mistake. `docs/cells.md` \
            says what a limit means in each. It is one for the site, in the site's own file.",
    keys: &[
        kept(KeyKind::Visitor, "visitor = \"cache\""),
        kept(KeyKind::Client, "client = \"cache\""),
        kept(KeyKind::Network, "network = \"cache\""),
        kept(KeyKind::Asn, "asn = \"erl\""),
        kept(KeyKind::Fingerprint, "fingerprint = \"erl\""),
        kept(KeyKind::Crowd, "crowd = \"cache\""),
        kept(KeyKind::Site, "site = \"erl\""),
    ],
    also: None,
    choice: None,
};

const fn kept(kind: KeyKind, example: &'static str) -> Key {
    key(
        kind.name(),
        Kind::Word(words::<StoreKind>),
        example,
        "Moves cells that many requests hit at once to where the platform counts by itself.",
    )
    .or(Literal::Text("cache"))
}
