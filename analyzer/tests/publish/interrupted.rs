//! An interruption anywhere leaves the old rules in force, or the new ones, whole,
//! and the next run finishes the job.

use crate::api::{Fault, SWITCHES};
use crate::site::{Site, long_site, version_of};

/// Breaks a command off at each of its requests in turn, until it succeeds; how
/// many requests that took.
fn break_off(arguments: &[&str], old: u32, new: u32, fault: Fault, prepare: fn(&Site)) -> usize {
    let [old, new] = [old, new].map(|number| version_of(&long_site(number)));
    for at in 0.. {
        let site = Site::new();
        prepare(&site);
        site.api.fail_from(at, fault);
        let output = site.run(arguments);
        site.api.heal();
        // Panics where what is in force is not whole.
        let in_force = site.in_force().expect("there were rules before");
        assert!([&old, &new].contains(&&in_force), "{in_force} is neither the old nor the new");
        let told = crate::site::told(&output);
        if output.status.success() {
            assert_eq!(in_force, new);
            return at;
        }
        // Two requests look at what is there.
        let honest = match told {
            _ if at < 2 => in_force == old,
            told if told.contains("what was in force still is") => in_force == old,
            told if told.contains("the new rules are in force") => in_force == new,
            told => told.contains("the old rules or the new ones are in force, whole"),
        };
        assert!(honest, "at {at}, {in_force} is in force");

        site.told(arguments, 0);
        assert_eq!(site.in_force().as_ref(), Some(&new), "the next run finishes");
        let history = site.api.state().value(SWITCHES, "history").unwrap();
        let latest: serde_json::Value = serde_json::from_str(&history).unwrap();
        assert!(latest[0]["to"].as_str().unwrap().contains(&new), "{history}");
        assert!(latest[0]["before"].as_str().unwrap().contains(&old), "{history}");
    }
    unreachable!("a command has an end")
}

#[test]
fn a_publish_that_is_broken_off() {
    // With packs enough that old ones are removed.
    let prepare = |site: &Site| {
        for number in 1..=4 {
            site.publish(&long_site(number));
        }
        site.put("site.toml", &long_site(5));
    };
    let arguments = ["publish", "site.toml", "--yes"];
    for fault in [Fault::DropBefore, Fault::DropAfter] {
        let requests = break_off(&arguments, 4, 5, fault, prepare);
        assert!(requests > 10, "{requests}");
    }
}

#[test]
fn a_rollback_that_is_broken_off() {
    let prepare = |site: &Site| {
        for number in 1..=3 {
            site.publish(&long_site(number));
        }
    };
    let version = version_of(&long_site(2));
    for fault in [Fault::DropBefore, Fault::DropAfter] {
        break_off(&["rollback", "--to", &version, "--yes"], 3, 2, fault, prepare);
    }
    break_off(&["rollback", "--yes"], 3, 2, Fault::DropBefore, prepare);
}

#[test]
fn what_passes_is_tried_again() {
    let site = Site::new();
    site.publish(&long_site(1));
    let faults = [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Status(503),
        Fault::Status(500),
        Fault::RateLimit(0),
    ];
    for (number, fault) in (2..).zip(faults) {
        // Every request succeeds at the second try.
        let mut state = site.api.state();
        let first = state.requests.len();
        state.faults = (first..first + 100).step_by(2).map(|at| (at..at + 1, fault)).collect();
        drop(state);
        site.publish(&long_site(number));
        site.api.heal();
    }
}
