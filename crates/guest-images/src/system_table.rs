// Written by `cargo xtask guest`; to change it, change the programs.

use crate::system::{Archive, ArchivedProgram, SystemImage};

pub(crate) static IMAGES: &[SystemImage] = &[
    SystemImage {
        name: "sbi",
        description: "The M-mode firmware: starts the harts and answers SBI calls.",
        bytes: include_bytes!("../images/system/sbi.elf"),
        debug: include_bytes!("../images/system/sbi.debug.zst"),
        digest: "c4ca86de2da13b485dc49a5e4f2388e9eaf8368f5eaff07e93f0e3518f03d9d4",
        source_digest: "ac1e6d635e77ed04d257c933bbb0e5d66ec8c13b774c806d89e210588f865a77",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
    SystemImage {
        name: "sbi-check",
        description: "An S-mode program that judges the firmware below it.",
        bytes: include_bytes!("../images/system/sbi-check.elf"),
        debug: include_bytes!("../images/system/sbi-check.debug.zst"),
        digest: "b42f9b3c63da9b626c8b097e34fe6fe8e0c7ce60cc4270f240bcfded2810f824",
        source_digest: "3e68db74ac6bded43db04926fb4e343ac3490148417db2862c19aef4e82f99d1",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
    SystemImage {
        name: "fawn",
        description: "The kernel of Fawn.",
        bytes: include_bytes!("../images/system/fawn.elf"),
        debug: include_bytes!("../images/system/fawn.debug.zst"),
        digest: "87cfb365a95b5d8f4193ff095eed4ae461d1e48bdae0e5bd89d4c175961c2562",
        source_digest: "aec703922708c7c67030ad52fe879c4e140b4bda2dc139735242e5e320cb4703",
        builder: "rustc 1.95.0 (59807616e 2026-04-14)",
    },
];

pub(crate) static PROGRAMS: Archive = Archive {
    bytes: include_bytes!("../images/system/programs.cpio"),
    digest: "b08cb54847dfd53a2a72d73b40e35c5da31ea03076216711b3c30a746d4f068f",
    source_digest: "fe38c29fd6dd237690e2aac37ba1d25bb99486195fbd3e2cee933f180cb447c3",
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
