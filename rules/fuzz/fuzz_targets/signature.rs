#![no_main]
#[path = "../../tests/fuzzed/mod.rs"]
#[expect(dead_code, reason = "each fuzzer runs one of them")]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::signatures(data));
