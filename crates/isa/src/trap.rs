//! Causes of traps and their names (Privileged Architecture, "Machine Cause Register").

use core::fmt;

macro_rules! causes {
    ($(#[$doc:meta])* $kind:ident, $name_of:ident { $( $name:ident = $code:literal, $text:literal; )* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u64)]
        #[allow(missing_docs)] // the text says it
        pub enum $kind { $( $name = $code, )* }

        impl $kind {
            /// Every one, by code.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The one with this code.
            #[must_use]
            pub const fn from_code(code: u64) -> Option<Self> {
                match code { $( $code => Some(Self::$name), )* _ => None }
            }

            /// Its name in words.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        /// The name of a code, if it has one.
        #[must_use]
        pub fn $name_of(code: u64) -> Option<&'static str> {
            $kind::from_code(code).map($kind::name)
        }
    };
}

causes! {
    /// A synchronous exception, by its code in `mcause`.
    Exception, exception_name {
        InstructionAddressMisaligned = 0, "instruction address misaligned";
        InstructionAccessFault = 1, "instruction access fault";
        IllegalInstruction = 2, "illegal instruction";
        Breakpoint = 3, "breakpoint";
        LoadAddressMisaligned = 4, "load address misaligned";
        LoadAccessFault = 5, "load access fault";
        StoreAddressMisaligned = 6, "store address misaligned";
        StoreAccessFault = 7, "store access fault";
        EcallFromU = 8, "environment call from U-mode";
        EcallFromS = 9, "environment call from S-mode";
        EcallFromM = 11, "environment call from M-mode";
        InstructionPageFault = 12, "instruction page fault";
        LoadPageFault = 13, "load page fault";
        StorePageFault = 15, "store page fault";
    }
}

causes! {
    /// An interrupt, by its bit in `mip`.
    Interrupt, interrupt_name {
        SupervisorSoftware = 1, "supervisor software interrupt";
        MachineSoftware = 3, "machine software interrupt";
        SupervisorTimer = 5, "supervisor timer interrupt";
        MachineTimer = 7, "machine timer interrupt";
        SupervisorExternal = 9, "supervisor external interrupt";
        MachineExternal = 11, "machine external interrupt";
    }
}
