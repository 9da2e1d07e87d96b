use std::time::Duration;

use super::*;
use crate::soak::crowd::CLIENTS;

fn ask(who: Who, client: u32) -> Ask {
    Ask { who, client, path: "/a".to_owned() }
}

fn person() -> Ask {
    ask(Who::Browser, 1)
}

fn line(number: u64, decision: &str, rules: &str) -> String {
    format!(
        r#"{{"tidegate":1,"time":0,"request_id":"{number}","site":"docs.rs","method":"GET","path":"/",
            "verification":"none","units":0,"decision":"{decision}","rules":"{rules}","sampled":100}}"#
    )
}

/// What a ledger finds, once `happens` happened to it.
fn breaches(happens: impl FnOnce(&Ledger)) -> Vec<Breach> {
    let ledger = Ledger::of(1_000);
    ledger.publishes("a");
    ledger.published("a");
    happens(&ledger);
    let inner = ledger.lock();
    inner.breaches.keys().copied().collect()
}

fn asks(ledger: &Ledger, number: u64, ask: &Ask, fault: Option<Fault>, status: u16) {
    let sent = ledger.sends(number, ask);
    ledger.answered(number, ask, fault, sent, Ok(status));
}

fn records(ledger: &Ledger, line: &str) {
    ledger.hears(tidegate_local::RECORDS, line);
}

#[test]
fn a_request_with_its_record_is_in_order() {
    let found = breaches(|ledger| {
        asks(ledger, 0, &person(), None, 200);
        records(ledger, &line(0, "pass", "a"));
        ledger.close(1);
    });
    assert_eq!(found, []);
}

#[test]
fn records_are_lost_doubled_and_false() {
    let found = breaches(|ledger| {
        asks(ledger, 0, &person(), None, 200);
        ledger.close(1);
    });
    assert_eq!(found, [Breach::LostRecord]);
    let found = breaches(|ledger| {
        asks(ledger, 0, &person(), None, 200);
        records(ledger, &line(0, "pass", "a"));
        records(ledger, &line(0, "pass", "a"));
        ledger.close(1);
    });
    assert_eq!(found, [Breach::DoubledRecord]);
    let found = breaches(|ledger| {
        asks(ledger, 0, &person(), None, 200);
        records(ledger, &line(0, "throttle", "a"));
        ledger.close(1);
    });
    assert_eq!(found, [Breach::FalseRecord]);
}

#[test]
fn without_an_endpoint_a_note_is_due_and_no_record() {
    let gone = Some(Fault::RecordsGone);
    let found = breaches(|ledger| {
        asks(ledger, 0, &person(), gone, 200);
        ledger.hears(tidegate_local::NOTES, UNWRITTEN);
        ledger.close(1);
    });
    assert_eq!(found, []);
    let found = breaches(|ledger| {
        asks(ledger, 0, &person(), gone, 200);
        ledger.close(1);
    });
    assert_eq!(found, [Breach::Note]);
}

#[test]
fn only_a_crawler_that_had_its_burst_may_be_refused() {
    let refused = |who, client, pages, fault| {
        breaches(|ledger| {
            for number in 0..pages {
                asks(ledger, number, &ask(who, client), None, 200);
            }
            asks(ledger, pages, &ask(who, client), fault, 429);
        })
    };
    let crawler = CLIENTS - 1;
    assert_eq!(refused(Who::Browser, 1, 200, None), [Breach::WrongRefusal]);
    assert_eq!(refused(Who::Crawler, crawler, 50, None), [Breach::WrongRefusal]);
    assert_eq!(refused(Who::Crawler, crawler, 200, None), []);
    let broken = Some(Fault::CellsGone);
    assert_eq!(refused(Who::Crawler, crawler, 200, broken), [Breach::WrongRefusal]);
}

#[test]
fn an_error_is_excused_while_the_origin_is_down() {
    let found = |down: bool| {
        breaches(|ledger| {
            if down {
                ledger.spans.begin(Fault::OriginDown);
            }
            asks(ledger, 0, &person(), None, 503);
        })
    };
    assert_eq!(found(true), []);
    assert_eq!(found(false), [Breach::Error]);
}

#[test]
fn rules_that_were_replaced_decide_no_more() {
    let found = breaches(|ledger| {
        ledger.publishes("b");
        ledger.published("b");
        let sent = Instant::now() + FRESH + Duration::from_secs(1);
        ledger.lock().entries[0].sent = sent;
        records(ledger, &line(0, "pass", "b"));
        assert_eq!(ledger.lock().breaches.len(), 0);
        ledger.lock().entries[1].sent = sent;
        records(ledger, &line(1, "pass", "a"));
    });
    assert_eq!(found, [Breach::OtherRules]);
}
