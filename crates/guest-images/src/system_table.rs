// Written by `cargo xtask guest`; to change it, change the programs.

use crate::system::{Archive, ArchivedProgram, SystemImage};

pub(crate) static IMAGES: &[SystemImage] = &[
    SystemImage {
        name: "sbi",
        description: "The M-mode firmware: starts the harts and answers SBI calls.",
        bytes: include_bytes!("../images/system/sbi.elf"),
        debug: include_bytes!("../images/system/sbi.debug.zst"),
        digest: "c4ca86de2da13b485dc49a5e4f2388e9eaf8368f5eaff07e93f0e3518f03d9d4",
        source_digest: "a3f75ef90a4b672912b05fbc67c9e07e5d34794503b91aa6cd0159bff8e117e3",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
    SystemImage {
        name: "fawn",
        description: "The kernel of Fawn.",
        bytes: include_bytes!("../images/system/fawn.elf"),
        debug: include_bytes!("../images/system/fawn.debug.zst"),
        digest: "87cfb365a95b5d8f4193ff095eed4ae461d1e48bdae0e5bd89d4c175961c2562",
        source_digest: "c3b89cd0aab1d3823e8949d27736756b177d943786032bb392e3a35224174bc5",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
];

pub(crate) static PROGRAMS: Archive = Archive {
    bytes: include_bytes!("../images/system/programs.cpio"),
    digest: "b08cb54847dfd53a2a72d73b40e35c5da31ea03076216711b3c30a746d4f068f",
    source_digest: "b01b56725ebf7ca05968994130ea814e8004d25cc454cbc00d2825150a9bd76e",
    builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    programs: &[
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
            path: "bin/taking-turns",
            debug: include_bytes!("../images/system/programs/taking-turns.debug.zst"),
        },
    ],
};
