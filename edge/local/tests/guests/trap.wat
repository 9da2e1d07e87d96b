;; Says why and traps before it answers.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $print (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "the reason\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 100))
    (i32.store (i32.const 4) (i32.const 11))
    (drop (call $print (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
    unreachable))
