//! `tidegate publish`, `rollback`, `switch` and `status`, run as people run them,
//! against an API on this machine.

mod api;
mod errors;
mod interrupted;
mod site;

use api::{Fault, PACKS, SWITCHES};
use site::{SITE, Site, long_site, steady, version_of};
use tidegate_rules::pack::PACK_FORMAT;

/// The site with a further rule, another quota, and its first rule in shadow.
fn changed() -> String {
    let site = SITE.replace("mode  = \"enforce\"", "mode  = \"shadow\"");
    let site = site.replace("burst = 600", "burst = 800");
    let search = "[[route]]\nname = \"search\"\npaths = [\"/search\"]\ncost = 200\n\
                  cache = \"never\"\n\n[[route]]";
    let site = site.replacen("[[route]]", search, 1);
    format!(
        "{site}[[rule]]\nid = \"closed\"\nwhy = \"The old feed is gone.\"\n\
         match = {{ path = \"/feed\" }}\nverdict = \"block\"\nmode = \"enforce\"\n"
    )
}

#[test]
fn from_the_first_rules_to_a_rollback() {
    let site = Site::new();
    let versions = [version_of(SITE), version_of(&changed())];
    let told = |arguments: &[&str], code| steady(&site.told(arguments, code), &versions);

    insta::assert_snapshot!("1-status-before", told(&["status"], 2));
    insta::assert_snapshot!("2-first-dry-run", told(&["publish", "site.toml"], 0));
    assert_eq!(site.in_force(), None, "a dry run changes nothing");
    assert!(site.api.state().requests.iter().all(|request| request.starts_with("GET ")));
    insta::assert_snapshot!("3-first", told(&["publish", "site.toml", "--yes"], 0));
    assert_eq!(site.in_force().as_ref(), Some(&versions[0]));
    insta::assert_snapshot!("4-again", told(&["publish", "site.toml", "--yes"], 0));

    insta::assert_snapshot!("5-switch", told(&["switch", "enforce", "--note", "calm"], 0));
    site.put("site.toml", &changed());
    let arguments = ["publish", "site.toml", "--note", "pull request 12"];
    insta::assert_snapshot!("6-second-dry-run", told(&arguments, 0));
    insta::assert_snapshot!("7-second", told(&[&arguments[..], &["--yes"]].concat(), 0));
    assert_eq!(site.in_force().as_ref(), Some(&versions[1]));
    insta::assert_snapshot!("8-status", told(&["status"], 0));

    insta::assert_snapshot!("9-rollback-dry-run", told(&["rollback"], 0));
    assert_eq!(site.in_force().as_ref(), Some(&versions[1]));
    let arguments = ["rollback", "--yes", "--note", "people were throttled"];
    insta::assert_snapshot!("10-rollback", told(&arguments, 0));
    assert_eq!(site.in_force().as_ref(), Some(&versions[0]));
    insta::assert_snapshot!("11-status", told(&["status"], 0));
    insta::assert_snapshot!("12-nothing-further-back", told(&["rollback", "--yes"], 1));
    insta::assert_snapshot!("13-off", told(&["switch", "off"], 0));

    told(&["rollback", "--to", &versions[1][..6], "--yes"], 0);
    assert_eq!(site.in_force().as_ref(), Some(&versions[1]), "forward where somebody says so");
    insta::assert_snapshot!("14-no-such-pack", told(&["rollback", "--to", "xyz"], 1));
}

#[test]
fn no_line_is_wider_than_80() {
    let site = Site::new();
    site.publish(&long_site(1));
    site.put("site.toml", &long_site(2));
    let helps = ["publish", "rollback", "switch", "status"].map(|command| [command, "--help"]);
    let helps = helps.iter().map(|help| &help[..]);
    for arguments in helps.chain([&["publish", "site.toml"][..], &["status"]]) {
        for line in site.told(arguments, 0).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
fn the_json_of_a_status_is_a_contract() {
    let site = Site::new();
    let expires = SITE.replace("owner = \"docs\"", "owner = \"docs\"\nexpires = \"2026-01-31\"");
    site.publish(&expires);
    let output = site.run(&["status", "--format", "json"]);
    let mut status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    status["history"][0]["time"] = "2026-11-25T03:14:15Z".into();
    let text = serde_json::to_string_pretty(&status).unwrap();
    insta::assert_snapshot!("status-json", steady(&text, &[version_of(&expires)]));
}

#[test]
fn what_nobody_rolls_back_to_is_removed_and_nothing_else() {
    let site = Site::new();
    {
        let mut state = site.api.state();
        let old = "2025-01-01T00:00:00Z";
        state.set(PACKS, "somebody-elses", "value", old);
        state.set(PACKS, "pack.00000000deadbeef.0", "an upload that was interrupted", old);
        state.set(PACKS, "pack.00000000cafecafe.0", "an upload that is under way", &api::now());
        state.set(SWITCHES, "origin", "https://example", old);
    }
    for number in 1..=6 {
        site.publish(&long_site(number));
    }
    let entries = site.entries();
    let has = |version: &str| entries.iter().any(|key| key.contains(version));
    assert!(has("somebody-elses") && has("cafecafe") && !has("deadbeef"), "{entries:?}");
    let kept = (1..=6).map(|number| has(&version_of(&long_site(number)))).collect::<Vec<_>>();
    assert_eq!(kept, [false, false, true, true, true, true]);
    let origin = site.api.state().value(SWITCHES, "origin");
    assert_eq!(origin.as_deref(), Some("https://example"));

    for number in (3..=5).rev() {
        site.told(&["rollback", "--yes"], 0);
        assert_eq!(site.in_force(), Some(version_of(&long_site(number))));
    }
    let told = site.told(&["rollback", "--yes"], 1);
    assert!(told.contains("an entry of the pack is missing"), "{told}");
}

/// An older module may still read it, and go back to it.
#[test]
fn a_pack_of_another_format_is_left_alone() {
    let site = Site::new();
    {
        let mut state = site.api.state();
        let old = "2025-01-01T00:00:00Z";
        state.set(PACKS, "pack.00000000deadbeef.0", "a pack of old", old);
        state.set(SWITCHES, "rules", "1:00000000deadbeef:1", old);
        state.set(SWITCHES, "mode", "enforce", old);
    }
    let told = site.told(&["publish", "site.toml", "--yes"], 0);
    assert!(told.contains("Unknown: the rules in force cannot be read"), "{told}");
    assert!(site.entries().contains(&"pack.00000000deadbeef.0".to_owned()));
}

#[test]
fn an_unchanged_list_of_addresses_is_uploaded_once() {
    let site = Site::new();
    site.publish(&long_site(1));
    let before = site.api.state().requests.len();
    site.publish(&long_site(1).replace("burst = 600", "burst = 700"));
    let state = site.api.state();
    let uploads = state.requests[before..].iter().filter(|request| request.contains("/item/pack."));
    assert_eq!(uploads.count(), 2, "{:?}", state.requests);
}

#[test]
fn a_damaged_pack_is_told_and_repaired() {
    let site = Site::new();
    site.publish(&long_site(1));
    let key = site.entries().remove(1);
    site.api.state().stores.get_mut(PACKS).unwrap().remove(&key);
    let told = site.told(&["status"], 2);
    assert!(told.contains("Pack: an entry of the pack is missing."), "{told}");
    site.publish(&long_site(1));
    site.told(&["status"], 0);
}

#[test]
fn a_history_that_cannot_be_read_stands_in_nobodys_way() {
    let site = Site::new();
    site.publish(SITE);
    site.publish(&changed());
    site.api.state().set(SWITCHES, "history", "by hand", &api::now());
    let told = site.told(&["rollback", "--yes"], 1);
    assert!(told.contains("`--to` takes one of"), "{told}");
    site.told(&["rollback", "--to", &version_of(SITE), "--yes"], 0);
    assert_eq!(site.in_force(), Some(version_of(SITE)));
    let told = site.told(&["status"], 0);
    assert!(told.contains(&format!("A rollback goes to {}", version_of(&changed()))), "{told}");
}

#[test]
fn whoever_is_overtaken_stops() {
    let site = Site::new();
    site.publish(SITE);
    site.put("site.toml", &changed());
    // Two requests to look, one to upload, one to read back; then the pointer is
    // looked at once more.
    let next = site.api.state().requests.len() + 4;
    site.api.state().faults.push((next..next + 1, Fault::Overtake));
    let told = site.told(&["publish", "site.toml", "--yes"], 1);
    assert!(told.contains("somebody put rules ffffffffffffffff in force meanwhile"), "{told}");
    let pointer = site.api.state().value(SWITCHES, "rules");
    assert_eq!(pointer, Some(format!("{PACK_FORMAT}:ffffffffffffffff:1:0")));
}

#[test]
fn off_needs_no_pack_and_no_pointer() {
    let site = Site::new();
    let told = site.command(&["switch", "off"]).env_remove("TIDEGATE_PACKS").output().unwrap();
    assert!(site::told(&told).starts_with("Mode: off; none was set."));
    assert_eq!(site.api.state().value(SWITCHES, "mode").as_deref(), Some("off"));
    site.api.fail_next(1, Fault::Nonsense);
    let told = site.told(&["switch", "shadow"], 0);
    assert!(told.contains("what it was is not known") && told.contains("does not tell"), "{told}");
    assert_eq!(site.api.state().value(SWITCHES, "mode").as_deref(), Some("shadow"));
}
