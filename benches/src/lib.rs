//! Benchmarks of splitmap beside its peers.
