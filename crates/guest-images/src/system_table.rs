// Written by `cargo xtask guest`; to change it, change the programs.

use crate::system::{Archive, ArchivedProgram, SystemImage};

pub(crate) static IMAGES: &[SystemImage] = &[
    SystemImage {
        name: "sbi",
        description: "The M-mode firmware: starts the harts and answers SBI calls.",
        bytes: include_bytes!("../images/system/sbi.elf"),
        debug: include_bytes!("../images/system/sbi.debug.zst"),
        digest: "901bfa2bf6307572852a5568df69eb6b4f4436963622f6bfdf4f9b5d99481c33",
        source_digest: "1b92bd36772591ada95128e18677b6786636e1aa06b04694ffe3179f5c7692f3",
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
        digest: "24fd7e5cc86ab5bdbaeac7cbee0a425f52996650854756941287813ee988c1cc",
        source_digest: "a42fa64205c341e967b1545b28af73ef616b08f769342b9dcff100e7e4a1f081",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
];

pub(crate) static PROGRAMS: Archive = Archive {
    bytes: include_bytes!("../images/system/programs.cpio"),
    digest: "fd0e9ca4a5b2881ae7836dbf878dad57cdb287c58be2312999d98ce9005d0ac9",
    source_digest: "b10bbb8abbc9aacebd64cfdf457ff8fcda2420b2c9005ca42a09f7ea19081e5b",
    builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    programs: &[
        ArchivedProgram {
            path: "bin/costs",
            debug: include_bytes!("../images/system/programs/costs.debug.zst"),
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
            path: "bin/init",
            debug: include_bytes!("../images/system/programs/init.debug.zst"),
        },
        ArchivedProgram {
            path: "bin/left",
            debug: include_bytes!("../images/system/programs/left.debug.zst"),
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
    ],
};
