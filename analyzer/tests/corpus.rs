//! The inputs that the fuzzers kept, on stable: `analyzer/fuzz/README.md`.

mod fuzzed;
mod shown;

use std::path::Path;

#[test]
fn every_input_that_a_fuzzer_kept_is_harmless() {
    for (name, target) in fuzzed::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let inputs = std::fs::read_dir(&folder).unwrap_or_else(|_| panic!("no corpus `{name}`"));
        let mut count = 0;
        for input in inputs {
            target(&std::fs::read(input.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0, "the corpus of {name} is empty");
    }
}
