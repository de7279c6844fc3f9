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
        digest: "c107bcb41bcfdd0ddd9ea6af2c3e102a3b7d07da4390d28d7a53f6dabc80751c",
        source_digest: "efbe03723d35ac4181d5146dcb83969182dddc70aa26c463dd41d9b4c03b65af",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
];

pub(crate) static PROGRAMS: Archive = Archive {
    bytes: include_bytes!("../images/system/programs.cpio"),
    digest: "1c729feac6daea53dfcc0cce5bd0e6fea2077374ac0100db375fd8e4c6dc2f4e",
    source_digest: "c83cf31c97bb245ac53cdd2d6075b3a02cff2a3a484c0f7af83facd05cf54583",
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
