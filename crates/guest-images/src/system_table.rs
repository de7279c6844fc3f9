// Written by `cargo xtask guest`; to change it, change the programs.

use crate::system::{Archive, ArchivedProgram, SystemImage};

pub(crate) static IMAGES: &[SystemImage] = &[
    SystemImage {
        name: "sbi",
        description: "The M-mode firmware: starts the harts and answers SBI calls.",
        bytes: include_bytes!("../images/system/sbi.elf"),
        debug: include_bytes!("../images/system/sbi.debug.zst"),
        digest: "a6e25368f216c2580b14fb701684f3d220d618d068d5788f58599e0e6716d482",
        source_digest: "34d41e59d7e5c3ad02053e715521437d256ce24bee2e46497ef0831c337aee76",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
    SystemImage {
        name: "sbi-check",
        description: "An S-mode program that judges the firmware below it.",
        bytes: include_bytes!("../images/system/sbi-check.elf"),
        debug: include_bytes!("../images/system/sbi-check.debug.zst"),
        digest: "b42f9b3c63da9b626c8b097e34fe6fe8e0c7ce60cc4270f240bcfded2810f824",
        source_digest: "e7aeec7873d5b8aaf17a1d2e232b6cdd9b96dd448e40d6fc7ab1490eb70c14e1",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
    SystemImage {
        name: "fawn",
        description: "The kernel of Fawn.",
        bytes: include_bytes!("../images/system/fawn.elf"),
        debug: include_bytes!("../images/system/fawn.debug.zst"),
        digest: "93e4a58bbc00239def43157c11da22f815af37bf6bd56ce73b66322c08ec900e",
        source_digest: "784e39b5228b59376da4bf16a560214876176e91873fe470bca06d5fa29e545e",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
];

pub(crate) static PROGRAMS: Archive = Archive {
    bytes: include_bytes!("../images/system/programs.cpio"),
    digest: "536800695d789fd5b33e6ba04ea0e8641e7d1a4abead17d7318774859334115e",
    source_digest: "a9b1d4dfa868ca1c8335580a5eea9404d9d525033d161f8f75321a2f8728ec34",
    builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    programs: &[
        ArchivedProgram {
            path: "bin/big-message",
            debug: include_bytes!("../images/system/programs/big-message.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/bounded-buffer",
            debug: include_bytes!("../images/system/programs/bounded-buffer.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/client-server",
            debug: include_bytes!("../images/system/programs/client-server.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/copy-on-write",
            debug: include_bytes!("../images/system/programs/copy-on-write.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/costs",
            debug: include_bytes!("../images/system/programs/costs.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/deadline",
            debug: include_bytes!("../images/system/programs/deadline.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/dining",
            debug: include_bytes!("../images/system/programs/dining.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/fault-isolation",
            debug: include_bytes!("../images/system/programs/fault-isolation.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/fork-bomb",
            debug: include_bytes!("../images/system/programs/fork-bomb.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/fork-tree",
            debug: include_bytes!("../images/system/programs/fork-tree.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/handles",
            debug: include_bytes!("../images/system/programs/handles.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/hello",
            debug: include_bytes!("../images/system/programs/hello.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/hostile",
            debug: include_bytes!("../images/system/programs/hostile.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/init",
            debug: include_bytes!("../images/system/programs/init.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/interrupt-elsewhere",
            debug: include_bytes!("../images/system/programs/interrupt-elsewhere.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/left",
            debug: include_bytes!("../images/system/programs/left.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/out-of-memory",
            debug: include_bytes!("../images/system/programs/out-of-memory.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/pipeline",
            debug: include_bytes!("../images/system/programs/pipeline.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/race",
            debug: include_bytes!("../images/system/programs/race.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/rendezvous",
            debug: include_bytes!("../images/system/programs/rendezvous.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/right",
            debug: include_bytes!("../images/system/programs/right.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/same-address",
            debug: include_bytes!("../images/system/programs/same-address.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/sh",
            debug: include_bytes!("../images/system/programs/sh.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/sleep",
            debug: include_bytes!("../images/system/programs/sleep.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/storm",
            debug: include_bytes!("../images/system/programs/storm.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/supervisor",
            debug: include_bytes!("../images/system/programs/supervisor.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/suspend-resume",
            debug: include_bytes!("../images/system/programs/suspend-resume.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/taking-turns",
            debug: include_bytes!("../images/system/programs/taking-turns.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/thread-tree",
            debug: include_bytes!("../images/system/programs/thread-tree.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/threads",
            debug: include_bytes!("../images/system/programs/threads.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/timeshare",
            debug: include_bytes!("../images/system/programs/timeshare.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/victim",
            debug: include_bytes!("../images/system/programs/victim.debug.zst"),
        },
    ],
};
