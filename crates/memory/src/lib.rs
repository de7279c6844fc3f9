//! RAM, page flags and the one write door, the bus, devices, interrupt lines and the clock: the seam that harts and devices share.
