//! The controller loop: queue, watches, leader election, conditions, events, metrics, probes
