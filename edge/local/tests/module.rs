//! The edge module itself, in the local runtime.
