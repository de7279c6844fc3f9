//! Names and arguments of system calls: Linux's for RISC-V, and Fawn's own.

/// What an argument is, for showing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A small signed number: a descriptor, a process, a signal.
    Number,
    /// A length or an offset.
    Unsigned,
    /// Flags and addresses that are not looked at.
    Hex,
    /// A mode of a file, in octal.
    Octal,
    /// Where something is or will be written.
    Address,
    /// The directory that a path begins at.
    Directory,
    /// A text in the caller's memory that ends with a zero.
    Path,
    /// Bytes in the caller's memory; the next argument says how many.
    Bytes,
    /// A moment until which the call waits, in nanoseconds.
    Deadline,
}

impl Argument {
    const fn from_letter(letter: u8) -> Self {
        match letter {
            b'd' => Self::Number,
            b'u' => Self::Unsigned,
            b'o' => Self::Octal,
            b'a' => Self::Address,
            b'f' => Self::Directory,
            b'p' => Self::Path,
            b'b' => Self::Bytes,
            b't' => Self::Deadline,
            _ => Self::Hex,
        }
    }
}

/// A call's name, and what its arguments are; none when there is no such call.
#[must_use]
pub fn lookup(number: u64) -> Option<(&'static str, impl Iterator<Item = Argument>)> {
    let at = CALLS
        .binary_search_by_key(&number, |&(number, ..)| number)
        .ok()?;
    let (_, name, letters) = CALLS.get(at)?;
    Some((name, letters.bytes().map(Argument::from_letter)))
}

/// The name of an error.
#[must_use]
pub fn error_name(number: u64) -> Option<&'static str> {
    let at = ERRORS
        .binary_search_by_key(&number, |&(number, _)| number)
        .ok()?;
    ERRORS.get(at).map(|&(_, name)| name)
}

/// By number: the name, and a letter for each argument ([`Argument::from_letter`]). Of calls that nobody uses the
/// arguments are shown as they are in the registers.
#[rustfmt::skip]
const CALLS: &[(u64, &str, &str)] = &[
    (0, "io_setup", "xxxxxx"), (1, "io_destroy", "xxxxxx"), (2, "io_submit", "xxxxxx"), (3, "io_cancel", "xxxxxx"),
    (4, "io_getevents", "xxxxxx"), (5, "setxattr", "ppaux"), (6, "lsetxattr", "xxxxxx"), (7, "fsetxattr", "xxxxxx"),
    (8, "getxattr", "ppau"), (9, "lgetxattr", "xxxxxx"), (10, "fgetxattr", "xxxxxx"), (11, "listxattr", "xxxxxx"),
    (12, "llistxattr", "xxxxxx"), (13, "flistxattr", "xxxxxx"), (14, "removexattr", "xxxxxx"),
    (15, "lremovexattr", "xxxxxx"), (16, "fremovexattr", "xxxxxx"), (17, "getcwd", "au"),
    (18, "lookup_dcookie", "xxxxxx"), (19, "eventfd2", "ux"), (20, "epoll_create1", "x"), (21, "epoll_ctl", "ddda"),
    (22, "epoll_pwait", "daddau"), (23, "dup", "d"), (24, "dup3", "ddx"), (25, "fcntl", "ddx"),
    (26, "inotify_init1", "x"), (27, "inotify_add_watch", "dpx"), (28, "inotify_rm_watch", "dd"),
    (29, "ioctl", "dxx"), (30, "ioprio_set", "xxxxxx"), (31, "ioprio_get", "xxxxxx"), (32, "flock", "dd"),
    (33, "mknodat", "fpox"), (34, "mkdirat", "fpo"), (35, "unlinkat", "fpx"), (36, "symlinkat", "pfp"),
    (37, "linkat", "fpfpx"), (38, "renameat", "xxxxxx"), (39, "umount2", "px"), (40, "mount", "pppxa"),
    (41, "pivot_root", "pp"), (42, "nfsservctl", "xxxxxx"), (43, "statfs", "pa"), (44, "fstatfs", "da"),
    (45, "truncate", "pu"), (46, "ftruncate", "du"), (47, "fallocate", "dxuu"), (48, "faccessat", "fpo"),
    (49, "chdir", "p"), (50, "fchdir", "d"), (51, "chroot", "p"), (52, "fchmod", "do"), (53, "fchmodat", "fpo"),
    (54, "fchownat", "fpddx"), (55, "fchown", "ddd"), (56, "openat", "fpxo"), (57, "close", "d"), (58, "vhangup", ""),
    (59, "pipe2", "ax"), (60, "quotactl", "xxxxxx"), (61, "getdents64", "dau"), (62, "lseek", "ddd"),
    (63, "read", "dau"), (64, "write", "dbu"), (65, "readv", "dad"), (66, "writev", "dad"), (67, "pread64", "dauu"),
    (68, "pwrite64", "dbuu"), (69, "preadv", "dadu"), (70, "pwritev", "dadu"), (71, "sendfile", "ddau"),
    (72, "pselect6", "daaaaa"), (73, "ppoll", "auaau"), (74, "signalfd4", "daux"), (75, "vmsplice", "xxxxxx"),
    (76, "splice", "dadaux"), (77, "tee", "ddux"), (78, "readlinkat", "fpau"), (79, "newfstatat", "fpax"),
    (80, "fstat", "da"), (81, "sync", ""), (82, "fsync", "d"), (83, "fdatasync", "d"),
    (84, "sync_file_range2", "xxxxxx"), (85, "timerfd_create", "dx"), (86, "timerfd_settime", "dxaa"),
    (87, "timerfd_gettime", "da"), (88, "utimensat", "fpax"), (89, "acct", "xxxxxx"), (90, "capget", "aa"),
    (91, "capset", "aa"), (92, "personality", "x"), (93, "exit", "d"), (94, "exit_group", "d"),
    (95, "waitid", "ddaxa"), (96, "set_tid_address", "a"), (97, "unshare", "x"), (98, "futex", "adxaax"),
    (99, "set_robust_list", "au"), (100, "get_robust_list", "daa"), (101, "nanosleep", "aa"),
    (102, "getitimer", "da"), (103, "setitimer", "daa"), (104, "kexec_load", "xxxxxx"), (105, "init_module", "aup"),
    (106, "delete_module", "px"), (107, "timer_create", "xxxxxx"), (108, "timer_gettime", "xxxxxx"),
    (109, "timer_getoverrun", "xxxxxx"), (110, "timer_settime", "xxxxxx"), (111, "timer_delete", "xxxxxx"),
    (112, "clock_settime", "da"), (113, "clock_gettime", "da"), (114, "clock_getres", "da"),
    (115, "clock_nanosleep", "dxaa"), (116, "syslog", "dau"), (117, "ptrace", "xxxxxx"),
    (118, "sched_setparam", "da"), (119, "sched_setscheduler", "dda"), (120, "sched_getscheduler", "d"),
    (121, "sched_getparam", "da"), (122, "sched_setaffinity", "dua"), (123, "sched_getaffinity", "dua"),
    (124, "sched_yield", ""), (125, "sched_get_priority_max", "d"), (126, "sched_get_priority_min", "d"),
    (127, "sched_rr_get_interval", "xxxxxx"), (128, "restart_syscall", ""), (129, "kill", "dd"), (130, "tkill", "dd"),
    (131, "tgkill", "ddd"), (132, "sigaltstack", "aa"), (133, "rt_sigsuspend", "au"), (134, "rt_sigaction", "daau"),
    (135, "rt_sigprocmask", "daau"), (136, "rt_sigpending", "au"), (137, "rt_sigtimedwait", "aaau"),
    (138, "rt_sigqueueinfo", "dda"), (139, "rt_sigreturn", ""), (140, "setpriority", "ddd"),
    (141, "getpriority", "dd"), (142, "reboot", "xxxa"), (143, "setregid", "dd"), (144, "setgid", "d"),
    (145, "setreuid", "dd"), (146, "setuid", "d"), (147, "setresuid", "ddd"), (148, "getresuid", "aaa"),
    (149, "setresgid", "ddd"), (150, "getresgid", "aaa"), (151, "setfsuid", "d"), (152, "setfsgid", "d"),
    (153, "times", "a"), (154, "setpgid", "dd"), (155, "getpgid", "d"), (156, "getsid", "d"), (157, "setsid", ""),
    (158, "getgroups", "da"), (159, "setgroups", "da"), (160, "uname", "a"), (161, "sethostname", "bu"),
    (162, "setdomainname", "xxxxxx"), (163, "getrlimit", "da"), (164, "setrlimit", "da"), (165, "getrusage", "da"),
    (166, "umask", "o"), (167, "prctl", "dxxxx"), (168, "getcpu", "aaa"), (169, "gettimeofday", "aa"),
    (170, "settimeofday", "aa"), (171, "adjtimex", "xxxxxx"), (172, "getpid", ""), (173, "getppid", ""),
    (174, "getuid", ""), (175, "geteuid", ""), (176, "getgid", ""), (177, "getegid", ""), (178, "gettid", ""),
    (179, "sysinfo", "a"), (180, "mq_open", "xxxxxx"), (181, "mq_unlink", "xxxxxx"), (182, "mq_timedsend", "xxxxxx"),
    (183, "mq_timedreceive", "xxxxxx"), (184, "mq_notify", "xxxxxx"), (185, "mq_getsetattr", "xxxxxx"),
    (186, "msgget", "xxxxxx"), (187, "msgctl", "xxxxxx"), (188, "msgrcv", "xxxxxx"), (189, "msgsnd", "xxxxxx"),
    (190, "semget", "xxxxxx"), (191, "semctl", "xxxxxx"), (192, "semtimedop", "xxxxxx"), (193, "semop", "xxxxxx"),
    (194, "shmget", "xxxxxx"), (195, "shmctl", "xxxxxx"), (196, "shmat", "xxxxxx"), (197, "shmdt", "xxxxxx"),
    (198, "socket", "ddd"), (199, "socketpair", "ddda"), (200, "bind", "dau"), (201, "listen", "dd"),
    (202, "accept", "daa"), (203, "connect", "dau"), (204, "getsockname", "daa"), (205, "getpeername", "daa"),
    (206, "sendto", "dbuxau"), (207, "recvfrom", "dauxaa"), (208, "setsockopt", "dddau"),
    (209, "getsockopt", "dddaa"), (210, "shutdown", "dd"), (211, "sendmsg", "dax"), (212, "recvmsg", "dax"),
    (213, "readahead", "duu"), (214, "brk", "x"), (215, "munmap", "xu"), (216, "mremap", "xuuxx"),
    (217, "add_key", "xxxxxx"), (218, "request_key", "xxxxxx"), (219, "keyctl", "dxxxx"), (220, "clone", "xxxxx"),
    (221, "execve", "paa"), (222, "mmap", "xuxxdu"), (223, "fadvise64", "duud"), (224, "swapon", "px"),
    (225, "swapoff", "p"), (226, "mprotect", "xux"), (227, "msync", "xux"), (228, "mlock", "xu"),
    (229, "munlock", "xu"), (230, "mlockall", "xxxxxx"), (231, "munlockall", "xxxxxx"), (232, "mincore", "xua"),
    (233, "madvise", "xud"), (234, "remap_file_pages", "xxxxxx"), (235, "mbind", "xxxxxx"),
    (236, "get_mempolicy", "xxxxxx"), (237, "set_mempolicy", "xxxxxx"), (238, "migrate_pages", "xxxxxx"),
    (239, "move_pages", "xxxxxx"), (240, "rt_tgsigqueueinfo", "ddda"), (241, "perf_event_open", "xxxxxx"),
    (242, "accept4", "daax"), (243, "recvmmsg", "xxxxxx"), (258, "riscv_hwprobe", "auuax"),
    (259, "riscv_flush_icache", "xxx"), (260, "wait4", "dada"), (261, "prlimit64", "ddaa"),
    (262, "fanotify_init", "xxxxxx"), (263, "fanotify_mark", "xxxxxx"), (264, "name_to_handle_at", "xxxxxx"),
    (265, "open_by_handle_at", "xxxxxx"), (266, "clock_adjtime", "xxxxxx"), (267, "syncfs", "xxxxxx"),
    (268, "setns", "dx"), (269, "sendmmsg", "xxxxxx"), (270, "process_vm_readv", "xxxxxx"),
    (271, "process_vm_writev", "xxxxxx"), (272, "kcmp", "xxxxxx"), (273, "finit_module", "dpx"),
    (274, "sched_setattr", "dax"), (275, "sched_getattr", "daux"), (276, "renameat2", "fpfpx"),
    (277, "seccomp", "xxa"), (278, "getrandom", "aux"), (279, "memfd_create", "px"), (280, "bpf", "dau"),
    (281, "execveat", "fpaax"), (282, "userfaultfd", "xxxxxx"), (283, "membarrier", "dxd"), (284, "mlock2", "xxxxxx"),
    (285, "copy_file_range", "dadaux"), (286, "preadv2", "xxxxxx"), (287, "pwritev2", "xxxxxx"),
    (288, "pkey_mprotect", "xxxxxx"), (289, "pkey_alloc", "xxxxxx"), (290, "pkey_free", "xxxxxx"),
    (291, "statx", "fpxxa"), (292, "io_pgetevents", "xxxxxx"), (293, "rseq", "auxx"),
    (294, "kexec_file_load", "xxxxxx"), (403, "clock_gettime64", "xxxxxx"), (404, "clock_settime64", "xxxxxx"),
    (405, "clock_adjtime64", "xxxxxx"), (406, "clock_getres_time64", "xxxxxx"),
    (407, "clock_nanosleep_time64", "xxxxxx"), (408, "timer_gettime64", "xxxxxx"), (409, "timer_settime64", "xxxxxx"),
    (410, "timerfd_gettime64", "xxxxxx"), (411, "timerfd_settime64", "xxxxxx"), (412, "utimensat_time64", "xxxxxx"),
    (413, "pselect6_time64", "xxxxxx"), (414, "ppoll_time64", "xxxxxx"), (416, "io_pgetevents_time64", "xxxxxx"),
    (417, "recvmmsg_time64", "xxxxxx"), (418, "mq_timedsend_time64", "xxxxxx"),
    (419, "mq_timedreceive_time64", "xxxxxx"), (420, "semtimedop_time64", "xxxxxx"),
    (421, "rt_sigtimedwait_time64", "xxxxxx"), (422, "futex_time64", "xxxxxx"),
    (423, "sched_rr_get_interval_time64", "xxxxxx"), (424, "pidfd_send_signal", "ddax"),
    (425, "io_uring_setup", "xxxxxx"), (426, "io_uring_enter", "xxxxxx"), (427, "io_uring_register", "xxxxxx"),
    (428, "open_tree", "xxxxxx"), (429, "move_mount", "xxxxxx"), (430, "fsopen", "xxxxxx"),
    (431, "fsconfig", "xxxxxx"), (432, "fsmount", "xxxxxx"), (433, "fspick", "xxxxxx"), (434, "pidfd_open", "dx"),
    (435, "clone3", "au"), (436, "close_range", "uux"), (437, "openat2", "fpau"), (438, "pidfd_getfd", "xxxxxx"),
    (439, "faccessat2", "fpox"), (440, "process_madvise", "xxxxxx"), (441, "epoll_pwait2", "daddau"),
    (442, "mount_setattr", "xxxxxx"), (443, "quotactl_fd", "xxxxxx"), (444, "landlock_create_ruleset", "xxxxxx"),
    (445, "landlock_add_rule", "xxxxxx"), (446, "landlock_restrict_self", "xxxxxx"), (447, "memfd_secret", "xxxxxx"),
    (448, "process_mrelease", "xxxxxx"), (449, "futex_waitv", "xxxxxx"), (450, "set_mempolicy_home_node", "xxxxxx"),
    (1024, "mailbox_create", "uux"), (1025, "mailbox_send", "dbutau"), (1026, "mailbox_recv", "dautau"),
    (1027, "handle_restrict", "dx"), (1028, "process_list", "au"), (1029, "mailbox_call", "dbuau"),
    (1030, "mailbox_reply_wait", "dubuau"), (1031, "deadlocks", "au"), (1032, "supervise", "d"),
    (1033, "fault_answer", "dxa"), (1034, "process_inspect", "da"), (1035, "mailbox_list", "au"),
];

/// By number.
#[rustfmt::skip]
const ERRORS: &[(u64, &str)] = &[
    (1, "EPERM"), (2, "ENOENT"), (3, "ESRCH"), (4, "EINTR"), (5, "EIO"), (6, "ENXIO"), (7, "E2BIG"), (8, "ENOEXEC"),
    (9, "EBADF"), (10, "ECHILD"), (11, "EAGAIN"), (12, "ENOMEM"), (13, "EACCES"), (14, "EFAULT"), (15, "ENOTBLK"),
    (16, "EBUSY"), (17, "EEXIST"), (18, "EXDEV"), (19, "ENODEV"), (20, "ENOTDIR"), (21, "EISDIR"), (22, "EINVAL"),
    (23, "ENFILE"), (24, "EMFILE"), (25, "ENOTTY"), (26, "ETXTBSY"), (27, "EFBIG"), (28, "ENOSPC"), (29, "ESPIPE"),
    (30, "EROFS"), (31, "EMLINK"), (32, "EPIPE"), (33, "EDOM"), (34, "ERANGE"), (35, "EDEADLK"), (36, "ENAMETOOLONG"),
    (37, "ENOLCK"), (38, "ENOSYS"), (39, "ENOTEMPTY"), (40, "ELOOP"), (42, "ENOMSG"), (43, "EIDRM"), (44, "ECHRNG"),
    (45, "EL2NSYNC"), (46, "EL3HLT"), (47, "EL3RST"), (48, "ELNRNG"), (49, "EUNATCH"), (50, "ENOCSI"), (51, "EL2HLT"),
    (52, "EBADE"), (53, "EBADR"), (54, "EXFULL"), (55, "ENOANO"), (56, "EBADRQC"), (57, "EBADSLT"), (59, "EBFONT"),
    (60, "ENOSTR"), (61, "ENODATA"), (62, "ETIME"), (63, "ENOSR"), (64, "ENONET"), (65, "ENOPKG"), (66, "EREMOTE"),
    (67, "ENOLINK"), (68, "EADV"), (69, "ESRMNT"), (70, "ECOMM"), (71, "EPROTO"), (72, "EMULTIHOP"), (73, "EDOTDOT"),
    (74, "EBADMSG"), (75, "EOVERFLOW"), (76, "ENOTUNIQ"), (77, "EBADFD"), (78, "EREMCHG"), (79, "ELIBACC"),
    (80, "ELIBBAD"), (81, "ELIBSCN"), (82, "ELIBMAX"), (83, "ELIBEXEC"), (84, "EILSEQ"), (85, "ERESTART"),
    (86, "ESTRPIPE"), (87, "EUSERS"), (88, "ENOTSOCK"), (89, "EDESTADDRREQ"), (90, "EMSGSIZE"), (91, "EPROTOTYPE"),
    (92, "ENOPROTOOPT"), (93, "EPROTONOSUPPORT"), (94, "ESOCKTNOSUPPORT"), (95, "EOPNOTSUPP"), (96, "EPFNOSUPPORT"),
    (97, "EAFNOSUPPORT"), (98, "EADDRINUSE"), (99, "EADDRNOTAVAIL"), (100, "ENETDOWN"), (101, "ENETUNREACH"),
    (102, "ENETRESET"), (103, "ECONNABORTED"), (104, "ECONNRESET"), (105, "ENOBUFS"), (106, "EISCONN"),
    (107, "ENOTCONN"), (108, "ESHUTDOWN"), (109, "ETOOMANYREFS"), (110, "ETIMEDOUT"), (111, "ECONNREFUSED"),
    (112, "EHOSTDOWN"), (113, "EHOSTUNREACH"), (114, "EALREADY"), (115, "EINPROGRESS"), (116, "ESTALE"),
    (117, "EUCLEAN"), (118, "ENOTNAM"), (119, "ENAVAIL"), (120, "EISNAM"), (121, "EREMOTEIO"), (122, "EDQUOT"),
    (123, "ENOMEDIUM"), (124, "EMEDIUMTYPE"), (125, "ECANCELED"), (126, "ENOKEY"), (127, "EKEYEXPIRED"),
    (128, "EKEYREVOKED"), (129, "EKEYREJECTED"), (130, "EOWNERDEAD"), (131, "ENOTRECOVERABLE"), (132, "ERFKILL"),
    (133, "EHWPOISON"), (512, "ERESTARTSYS"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_fawns_calls_are_in_them() {
        assert!(CALLS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ERRORS.is_sorted_by(|a, b| a.0 < b.0));
        for number in 0..2048 {
            let Ok(call) = abi::syscall::Syscall::try_from(number) else {
                continue;
            };
            let (name, _) = lookup(number).unwrap_or_else(|| panic!("{number} has no name"));
            let own = format!("{call:?}").to_lowercase();
            assert_eq!(name.replace('_', ""), own);
        }
        assert_eq!(error_name(11), Some("EAGAIN"));
    }
}
