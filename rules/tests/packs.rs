//! Packs: what goes in comes out, and what is no pack of ours is refused.

use proptest::prelude::*;
use tidegate_rules::pack::{self, PackError, Packs, Pointer};
use tidegate_rules::{Ruleset, compile};

fn rules(networks: &str) -> Ruleset {
    let text = format!(
        "format = 1\nsite = \"x\"\n[[rule]]\nid = \"a\"\nwhy = \"b\"\nverdict = \"tag\"\n{networks}"
    );
    compile("x.toml", &mut |_| Ok(text.clone())).unwrap().rules
}

fn with_networks() -> (Ruleset, Packs) {
    let rules = rules("match = { network = [\"192.0.2.0/24\", \"2001:db8::/32\"] }\n");
    let packs = pack::encode(&rules).unwrap();
    (rules, packs)
}

#[test]
fn rules_without_networks_need_no_addresses() {
    let rules = rules("");
    let packs = pack::encode(&rules).unwrap();
    assert_eq!((packs.addresses.len(), pack::addresses_of(&packs.rules)), (0, Ok(None)));
    assert_eq!(pack::decode(&packs.rules, vec![]).unwrap(), rules);
    assert!(pack::to_entries(&packs).unwrap().pointer.ends_with(":1:0"));
}

#[test]
fn addresses_are_borrowed_or_owned_but_never_anothers() {
    let (rules, packs) = with_networks();
    let leaked: &'static [u8] = packs.addresses.clone().leak();
    assert_eq!(pack::decode(&packs.rules, leaked).unwrap(), rules);
    assert_eq!(pack::decode(&packs.rules, packs.addresses.clone()).unwrap(), rules);
    let mut other = packs.addresses.clone();
    other[5] ^= 1;
    assert_eq!(pack::decode(&packs.rules, other), Err(PackError::Addresses));
    assert_eq!(pack::decode(&packs.rules, vec![]), Err(PackError::NotAPack));
}

#[test]
fn another_format_is_refused_and_not_guessed() {
    let (_, packs) = with_networks();
    let mut rules = packs.rules.clone();
    rules[4] = 1;
    assert_eq!(pack::decode(&rules, packs.addresses.clone()), Err(PackError::Format(1)));
    let mut addresses = packs.addresses;
    addresses[4] = 9;
    assert_eq!(pack::decode(&packs.rules, addresses), Err(PackError::Format(9)));
    assert_eq!(Pointer::parse("1:0123456789abcdef:1"), Err(PackError::Pointer));
    assert_eq!(Pointer::parse("1:0123456789abcdef:1:0"), Err(PackError::Format(1)));
}

#[test]
fn what_the_store_cannot_hold_is_said_with_what_to_do() {
    let networks: Vec<String> = (0..40_000)
        .map(|n| format!("\"10.{}.{}.{}/32\"", n / 4096, n / 16 % 256, n % 16 * 16))
        .collect();
    let rules = rules(&format!("match = {{ network = [{}] }}\n", networks.join(", ")));
    let told = pack::to_entries(&pack::encode(&rules).unwrap()).unwrap_err();
    assert!(matches!(told, PackError::TooLarge { rules: 1, addresses: 21.. }), "{told}");
    assert!(told.to_string().contains("name fewer or wider networks"));
}

proptest! {
    /// One bit turned anywhere in a rules pack is seen, and no bytes are harmful.
    #[test]
    fn damage_is_refused(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (_, packs) = with_networks();
        let mut damaged = packs.rules.clone();
        damaged[at.index(packs.rules.len())] ^= 1 << bit;
        prop_assert!(pack::decode(&damaged, packs.addresses.clone()).is_err());
        let version = pack::version(&packs.rules);
        prop_assert_ne!(pack::version(&damaged), version);
    }

    #[test]
    fn a_damaged_entry_is_refused(at in any::<prop::sample::Index>()) {
        let (_, packs) = with_networks();
        let entries = pack::to_entries(&packs).unwrap();
        let pointer = Pointer::parse(&entries.pointer).unwrap();
        let damaged = at.index(entries.entries.len());
        let find = |key: &str| {
            let found = entries.entries.iter().position(|(known, _)| known == key)?;
            let mut value = entries.entries[found].1.clone();
            if found == damaged {
                let last = value.rfind(|c| c != '=')?;
                let other = if &value[last..=last] == "A" { "Q" } else { "A" };
                value.replace_range(last..=last, other);
            }
            Some(value)
        };
        let id = pack::addresses_of(&packs.rules).unwrap().unwrap();
        prop_assert!(pointer.rules(find).is_err() || pointer.addresses(&id, find).is_err());
    }
}
