//! Artifacts on disk: archives, ignore rules, digests, storage
