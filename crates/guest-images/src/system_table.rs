// Written by `cargo xtask guest`; to change it, change the programs.

use crate::system::{Archive, ArchivedProgram, SystemImage};

pub(crate) static IMAGES: &[SystemImage] = &[
    SystemImage {
        name: "sbi",
        description: "The M-mode firmware: starts the harts and answers SBI calls.",
        bytes: include_bytes!("../images/system/sbi.elf"),
        debug: include_bytes!("../images/system/sbi.debug.zst"),
        digest: "4b22f3fc84129f69f870b5cc50123424517a9b622a79f5d1e1d64313be0fa9f5",
        source_digest: "4e6e52b38e29c2249ef74c675d4ea138eddf7793b3b8cf17a915b47aa2a75923",
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
        digest: "29bd48b97ecc9e592874815b84cda905f27e3730eb6fdeb1ce195011c3ceb173",
        source_digest: "149c8c868255bc557c6679d91b25a8c929732215e781e3dc8f48a4de9dd1ae85",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
];

pub(crate) static PROGRAMS: Archive = Archive {
    bytes: include_bytes!("../images/system/programs.cpio"),
    digest: "3c3e9a3437a4d80d6b73a89bf30840f7a95a1f42eac32099bbee411593cb3ce7",
    source_digest: "3543c4c4eff5ad290a29d4475a84e5151d42ef0c242b054ecb9f01b7b022d175",
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
