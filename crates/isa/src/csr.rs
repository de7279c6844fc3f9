//! CSR numbers and names (Privileged Architecture, "CSR Listing").

macro_rules! csrs {
    ($($constant:ident $name:literal $number:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub const $constant: u16 = $number;
        )*

        /// Every CSR by ascending number.
        pub const ALL: &[(u16, &str)] = &[ $( ($number, $name), )* ];
    };
}

csrs! {
    FFLAGS "fflags" 0x001;
    FRM "frm" 0x002;
    FCSR "fcsr" 0x003;
    SSTATUS "sstatus" 0x100;
    SIE "sie" 0x104;
    STVEC "stvec" 0x105;
    SCOUNTEREN "scounteren" 0x106;
    SENVCFG "senvcfg" 0x10a;
    SSCRATCH "sscratch" 0x140;
    SEPC "sepc" 0x141;
    SCAUSE "scause" 0x142;
    STVAL "stval" 0x143;
    SIP "sip" 0x144;
    STIMECMP "stimecmp" 0x14d;
    SATP "satp" 0x180;
    MSTATUS "mstatus" 0x300;
    MISA "misa" 0x301;
    MEDELEG "medeleg" 0x302;
    MIDELEG "mideleg" 0x303;
    MIE "mie" 0x304;
    MTVEC "mtvec" 0x305;
    MCOUNTEREN "mcounteren" 0x306;
    MENVCFG "menvcfg" 0x30a;
    MCOUNTINHIBIT "mcountinhibit" 0x320;
    MHPMEVENT3 "mhpmevent3" 0x323;
    MHPMEVENT4 "mhpmevent4" 0x324;
    MHPMEVENT5 "mhpmevent5" 0x325;
    MHPMEVENT6 "mhpmevent6" 0x326;
    MHPMEVENT7 "mhpmevent7" 0x327;
    MHPMEVENT8 "mhpmevent8" 0x328;
    MHPMEVENT9 "mhpmevent9" 0x329;
    MHPMEVENT10 "mhpmevent10" 0x32a;
    MHPMEVENT11 "mhpmevent11" 0x32b;
    MHPMEVENT12 "mhpmevent12" 0x32c;
    MHPMEVENT13 "mhpmevent13" 0x32d;
    MHPMEVENT14 "mhpmevent14" 0x32e;
    MHPMEVENT15 "mhpmevent15" 0x32f;
    MHPMEVENT16 "mhpmevent16" 0x330;
    MHPMEVENT17 "mhpmevent17" 0x331;
    MHPMEVENT18 "mhpmevent18" 0x332;
    MHPMEVENT19 "mhpmevent19" 0x333;
    MHPMEVENT20 "mhpmevent20" 0x334;
    MHPMEVENT21 "mhpmevent21" 0x335;
    MHPMEVENT22 "mhpmevent22" 0x336;
    MHPMEVENT23 "mhpmevent23" 0x337;
    MHPMEVENT24 "mhpmevent24" 0x338;
    MHPMEVENT25 "mhpmevent25" 0x339;
    MHPMEVENT26 "mhpmevent26" 0x33a;
    MHPMEVENT27 "mhpmevent27" 0x33b;
    MHPMEVENT28 "mhpmevent28" 0x33c;
    MHPMEVENT29 "mhpmevent29" 0x33d;
    MHPMEVENT30 "mhpmevent30" 0x33e;
    MHPMEVENT31 "mhpmevent31" 0x33f;
    MSCRATCH "mscratch" 0x340;
    MEPC "mepc" 0x341;
    MCAUSE "mcause" 0x342;
    MTVAL "mtval" 0x343;
    MIP "mip" 0x344;
    PMPCFG0 "pmpcfg0" 0x3a0;
    PMPCFG2 "pmpcfg2" 0x3a2;
    PMPCFG4 "pmpcfg4" 0x3a4;
    PMPCFG6 "pmpcfg6" 0x3a6;
    PMPCFG8 "pmpcfg8" 0x3a8;
    PMPCFG10 "pmpcfg10" 0x3aa;
    PMPCFG12 "pmpcfg12" 0x3ac;
    PMPCFG14 "pmpcfg14" 0x3ae;
    PMPADDR0 "pmpaddr0" 0x3b0;
    PMPADDR1 "pmpaddr1" 0x3b1;
    PMPADDR2 "pmpaddr2" 0x3b2;
    PMPADDR3 "pmpaddr3" 0x3b3;
    PMPADDR4 "pmpaddr4" 0x3b4;
    PMPADDR5 "pmpaddr5" 0x3b5;
    PMPADDR6 "pmpaddr6" 0x3b6;
    PMPADDR7 "pmpaddr7" 0x3b7;
    PMPADDR8 "pmpaddr8" 0x3b8;
    PMPADDR9 "pmpaddr9" 0x3b9;
    PMPADDR10 "pmpaddr10" 0x3ba;
    PMPADDR11 "pmpaddr11" 0x3bb;
    PMPADDR12 "pmpaddr12" 0x3bc;
    PMPADDR13 "pmpaddr13" 0x3bd;
    PMPADDR14 "pmpaddr14" 0x3be;
    PMPADDR15 "pmpaddr15" 0x3bf;
    PMPADDR16 "pmpaddr16" 0x3c0;
    PMPADDR17 "pmpaddr17" 0x3c1;
    PMPADDR18 "pmpaddr18" 0x3c2;
    PMPADDR19 "pmpaddr19" 0x3c3;
    PMPADDR20 "pmpaddr20" 0x3c4;
    PMPADDR21 "pmpaddr21" 0x3c5;
    PMPADDR22 "pmpaddr22" 0x3c6;
    PMPADDR23 "pmpaddr23" 0x3c7;
    PMPADDR24 "pmpaddr24" 0x3c8;
    PMPADDR25 "pmpaddr25" 0x3c9;
    PMPADDR26 "pmpaddr26" 0x3ca;
    PMPADDR27 "pmpaddr27" 0x3cb;
    PMPADDR28 "pmpaddr28" 0x3cc;
    PMPADDR29 "pmpaddr29" 0x3cd;
    PMPADDR30 "pmpaddr30" 0x3ce;
    PMPADDR31 "pmpaddr31" 0x3cf;
    PMPADDR32 "pmpaddr32" 0x3d0;
    PMPADDR33 "pmpaddr33" 0x3d1;
    PMPADDR34 "pmpaddr34" 0x3d2;
    PMPADDR35 "pmpaddr35" 0x3d3;
    PMPADDR36 "pmpaddr36" 0x3d4;
    PMPADDR37 "pmpaddr37" 0x3d5;
    PMPADDR38 "pmpaddr38" 0x3d6;
    PMPADDR39 "pmpaddr39" 0x3d7;
    PMPADDR40 "pmpaddr40" 0x3d8;
    PMPADDR41 "pmpaddr41" 0x3d9;
    PMPADDR42 "pmpaddr42" 0x3da;
    PMPADDR43 "pmpaddr43" 0x3db;
    PMPADDR44 "pmpaddr44" 0x3dc;
    PMPADDR45 "pmpaddr45" 0x3dd;
    PMPADDR46 "pmpaddr46" 0x3de;
    PMPADDR47 "pmpaddr47" 0x3df;
    PMPADDR48 "pmpaddr48" 0x3e0;
    PMPADDR49 "pmpaddr49" 0x3e1;
    PMPADDR50 "pmpaddr50" 0x3e2;
    PMPADDR51 "pmpaddr51" 0x3e3;
    PMPADDR52 "pmpaddr52" 0x3e4;
    PMPADDR53 "pmpaddr53" 0x3e5;
    PMPADDR54 "pmpaddr54" 0x3e6;
    PMPADDR55 "pmpaddr55" 0x3e7;
    PMPADDR56 "pmpaddr56" 0x3e8;
    PMPADDR57 "pmpaddr57" 0x3e9;
    PMPADDR58 "pmpaddr58" 0x3ea;
    PMPADDR59 "pmpaddr59" 0x3eb;
    PMPADDR60 "pmpaddr60" 0x3ec;
    PMPADDR61 "pmpaddr61" 0x3ed;
    PMPADDR62 "pmpaddr62" 0x3ee;
    PMPADDR63 "pmpaddr63" 0x3ef;
    MSECCFG "mseccfg" 0x747;
    TSELECT "tselect" 0x7a0;
    TDATA1 "tdata1" 0x7a1;
    TDATA2 "tdata2" 0x7a2;
    TDATA3 "tdata3" 0x7a3;
    TINFO "tinfo" 0x7a4;
    TCONTROL "tcontrol" 0x7a5;
    DCSR "dcsr" 0x7b0;
    DPC "dpc" 0x7b1;
    DSCRATCH0 "dscratch0" 0x7b2;
    DSCRATCH1 "dscratch1" 0x7b3;
    MCYCLE "mcycle" 0xb00;
    MINSTRET "minstret" 0xb02;
    MHPMCOUNTER3 "mhpmcounter3" 0xb03;
    MHPMCOUNTER4 "mhpmcounter4" 0xb04;
    MHPMCOUNTER5 "mhpmcounter5" 0xb05;
    MHPMCOUNTER6 "mhpmcounter6" 0xb06;
    MHPMCOUNTER7 "mhpmcounter7" 0xb07;
    MHPMCOUNTER8 "mhpmcounter8" 0xb08;
    MHPMCOUNTER9 "mhpmcounter9" 0xb09;
    MHPMCOUNTER10 "mhpmcounter10" 0xb0a;
    MHPMCOUNTER11 "mhpmcounter11" 0xb0b;
    MHPMCOUNTER12 "mhpmcounter12" 0xb0c;
    MHPMCOUNTER13 "mhpmcounter13" 0xb0d;
    MHPMCOUNTER14 "mhpmcounter14" 0xb0e;
    MHPMCOUNTER15 "mhpmcounter15" 0xb0f;
    MHPMCOUNTER16 "mhpmcounter16" 0xb10;
    MHPMCOUNTER17 "mhpmcounter17" 0xb11;
    MHPMCOUNTER18 "mhpmcounter18" 0xb12;
    MHPMCOUNTER19 "mhpmcounter19" 0xb13;
    MHPMCOUNTER20 "mhpmcounter20" 0xb14;
    MHPMCOUNTER21 "mhpmcounter21" 0xb15;
    MHPMCOUNTER22 "mhpmcounter22" 0xb16;
    MHPMCOUNTER23 "mhpmcounter23" 0xb17;
    MHPMCOUNTER24 "mhpmcounter24" 0xb18;
    MHPMCOUNTER25 "mhpmcounter25" 0xb19;
    MHPMCOUNTER26 "mhpmcounter26" 0xb1a;
    MHPMCOUNTER27 "mhpmcounter27" 0xb1b;
    MHPMCOUNTER28 "mhpmcounter28" 0xb1c;
    MHPMCOUNTER29 "mhpmcounter29" 0xb1d;
    MHPMCOUNTER30 "mhpmcounter30" 0xb1e;
    MHPMCOUNTER31 "mhpmcounter31" 0xb1f;
    CYCLE "cycle" 0xc00;
    TIME "time" 0xc01;
    INSTRET "instret" 0xc02;
    HPMCOUNTER3 "hpmcounter3" 0xc03;
    HPMCOUNTER4 "hpmcounter4" 0xc04;
    HPMCOUNTER5 "hpmcounter5" 0xc05;
    HPMCOUNTER6 "hpmcounter6" 0xc06;
    HPMCOUNTER7 "hpmcounter7" 0xc07;
    HPMCOUNTER8 "hpmcounter8" 0xc08;
    HPMCOUNTER9 "hpmcounter9" 0xc09;
    HPMCOUNTER10 "hpmcounter10" 0xc0a;
    HPMCOUNTER11 "hpmcounter11" 0xc0b;
    HPMCOUNTER12 "hpmcounter12" 0xc0c;
    HPMCOUNTER13 "hpmcounter13" 0xc0d;
    HPMCOUNTER14 "hpmcounter14" 0xc0e;
    HPMCOUNTER15 "hpmcounter15" 0xc0f;
    HPMCOUNTER16 "hpmcounter16" 0xc10;
    HPMCOUNTER17 "hpmcounter17" 0xc11;
    HPMCOUNTER18 "hpmcounter18" 0xc12;
    HPMCOUNTER19 "hpmcounter19" 0xc13;
    HPMCOUNTER20 "hpmcounter20" 0xc14;
    HPMCOUNTER21 "hpmcounter21" 0xc15;
    HPMCOUNTER22 "hpmcounter22" 0xc16;
    HPMCOUNTER23 "hpmcounter23" 0xc17;
    HPMCOUNTER24 "hpmcounter24" 0xc18;
    HPMCOUNTER25 "hpmcounter25" 0xc19;
    HPMCOUNTER26 "hpmcounter26" 0xc1a;
    HPMCOUNTER27 "hpmcounter27" 0xc1b;
    HPMCOUNTER28 "hpmcounter28" 0xc1c;
    HPMCOUNTER29 "hpmcounter29" 0xc1d;
    HPMCOUNTER30 "hpmcounter30" 0xc1e;
    HPMCOUNTER31 "hpmcounter31" 0xc1f;
    MVENDORID "mvendorid" 0xf11;
    MARCHID "marchid" 0xf12;
    MIMPID "mimpid" 0xf13;
    MHARTID "mhartid" 0xf14;
    MCONFIGPTR "mconfigptr" 0xf15;
}

/// The name of a CSR number.
#[must_use]
pub fn name(number: u16) -> Option<&'static str> {
    let at = ALL.binary_search_by_key(&number, |row| row.0).ok()?;
    Some(ALL[at].1)
}

/// The number of the CSR called `name`.
#[must_use]
pub fn number(name: &str) -> Option<u16> {
    ALL.iter().find(|row| row.1 == name).map(|row| row.0)
}
