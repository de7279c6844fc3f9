//! What a process may use, by number: the descriptor table.
