//! Who runs next: fair among jobs, then processes, then threads.
