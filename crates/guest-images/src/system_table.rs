// Written by `cargo xtask guest`; to change it, change the programs.

use crate::system::{Archive, ArchivedProgram, SystemImage};

pub(crate) static IMAGES: &[SystemImage] = &[
    SystemImage {
        name: "sbi",
        description: "The M-mode firmware: starts the harts and answers SBI calls.",
        bytes: include_bytes!("../images/system/sbi.elf"),
        debug: include_bytes!("../images/system/sbi.debug.zst"),
        digest: "cafe467b04900a13f7f3bcd1a16a708667e2ea40a9655b9a09fe032eaf686d33",
        source_digest: "024ea795d9802692c58397059f708b0503e679189087dfadf5f0de88fea2f142",
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
        digest: "9fd2762289176aa4b92d8b5f74a57eb0ab14d33f4db1e24b5c0ab9f14dd591e6",
        source_digest: "f88012211bd5efd434a38cb14489c4e1145400ddf0169b90de05f0c27ca4021a",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
];

pub(crate) static PROGRAMS: Archive = Archive {
    bytes: include_bytes!("../images/system/programs.cpio"),
    digest: "08f4801e6f5a76ce044ab038ec69a4b58515956da9ab16ceeb71419c88db8728",
    source_digest: "c3f52b84f518873272e1bf55189e327264993c032615dab61b97ac07ed1406e1",
    builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    programs: &[
        ArchivedProgram {
            path: "bin/big-message",
            debug: include_bytes!("../images/system/programs/big-message.debug.zst"),
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
            path: "bin/dining",
            debug: include_bytes!("../images/system/programs/dining.debug.zst"),
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
            path: "bin/victim",
            debug: include_bytes!("../images/system/programs/victim.debug.zst"),
        },
    ],
};
