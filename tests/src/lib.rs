//! Whole-system tests: isa, boot, cli, property.
