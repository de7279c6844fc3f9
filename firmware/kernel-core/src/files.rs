//! The files: a tree of directories and files in memory (tmpfs).
