//! The tables (each owner adds the test of its files here).
