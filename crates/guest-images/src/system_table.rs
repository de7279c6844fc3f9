// Written by `cargo xtask guest`; to change it, change the programs.

use crate::system::{Archive, ArchivedProgram, SystemImage};

pub(crate) static IMAGES: &[SystemImage] = &[
    SystemImage {
        name: "sbi",
        description: "The M-mode firmware: starts the harts and answers SBI calls.",
        bytes: include_bytes!("../images/system/sbi.elf"),
        debug: include_bytes!("../images/system/sbi.debug.zst"),
        digest: "37491275d2d712f984f3dfceada26d43983532e6f7e8de599e522faa2683c580",
        source_digest: "44fbe333c961841e127883ab2db6c32c581c2c58b9453055caa51b964d103cb8",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
    SystemImage {
        name: "sbi-check",
        description: "An S-mode program that judges the firmware below it.",
        bytes: include_bytes!("../images/system/sbi-check.elf"),
        debug: include_bytes!("../images/system/sbi-check.debug.zst"),
        digest: "e31a007c88d55951093d399d044cc3fb54326ab62afb1a5df58e2de49fc78883",
        source_digest: "66c78103783d13747081622c6fd72530561b6cb89e351ac3cd09901b19f100c2",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
    SystemImage {
        name: "fawn",
        description: "The kernel of Fawn.",
        bytes: include_bytes!("../images/system/fawn.elf"),
        debug: include_bytes!("../images/system/fawn.debug.zst"),
        digest: "67789a6f182adaa0ac2f502951c1f20282e7234299b4fdcab1c322e7f6070dd1",
        source_digest: "c78c634385c5094bfb9f15cab12a67a88767472e967d775ae264fa9c2579e05f",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
];

pub(crate) static PROGRAMS: Archive = Archive {
    bytes: include_bytes!("../images/system/programs.cpio"),
    digest: "cbdd11544aba81d6f2209af985a281d5a414fabc5b83d055f7028f2347d06681",
    source_digest: "0b8bbec4dc6426dd501214871bb21850369afcc68172629b69b2ddd96ce13fde",
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
            path: "bin/lost-message",
            debug: include_bytes!("../images/system/programs/lost-message.debug.zst"),
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
            path: "bin/transports",
            debug: include_bytes!("../images/system/programs/transports.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/victim",
            debug: include_bytes!("../images/system/programs/victim.debug.zst"),
        },
    ],
};
