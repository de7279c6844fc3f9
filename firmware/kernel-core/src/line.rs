//! The terminal's line discipline.
