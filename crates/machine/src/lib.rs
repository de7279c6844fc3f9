//! The board: harts, memory and devices; loaders, clock, event log, state hash; the library API.
