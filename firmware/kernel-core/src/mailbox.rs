//! Bounded buffers: SEND and RECV, whatever is between them.
