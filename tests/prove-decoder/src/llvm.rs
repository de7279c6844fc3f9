//! LLVM's disassembler, by the C interface of its shared library.
//!
//! The library is loaded when it is there: nothing of LLVM is needed to build this.

use std::ffi::{CString, c_char, c_int, c_void};

use anyhow::{Context, Result, bail};
use libloading::{Library, Symbol};

/// Where Debian has it.
const LIBRARY: &str = "libLLVM.so.22.1";

/// LLVM's names for what our default machine has.
pub const FEATURES: &str = "+m,+a,+f,+d,+c,+zicsr,+zifencei,+zicntr,+zihpm,+zba,+zbb,+zbc,+zbs,+zbkb,+zbkc,+zbkx,\
+zknd,+zkne,+zknh,+zksed,+zksh,+zfh,+zfhmin,+zfa,+zicond,+zicbom,+zicbop,+zicboz,+zihintpause,+zihintntl,+zawrs,+zacas,\
+zabha,+zcb,+zimop,+zcmop,+svinval,+svnapot,+svpbmt,+sstc";

type Initialise = unsafe extern "C" fn();
type Create = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const c_char,
    *mut c_void,
    c_int,
    *const c_void,
    *const c_void,
) -> *mut c_void;
type Disassemble =
    unsafe extern "C" fn(*mut c_void, *mut u8, u64, u64, *mut c_char, usize) -> usize;

/// A disassembler; each thread has its own.
pub struct Llvm {
    context: *mut c_void,
    disassemble: Disassemble,
    /// Keeps the code loaded that `disassemble` points into.
    _library: Library,
}

impl Llvm {
    /// Loads the library and makes a disassembler of our default machine's extensions.
    ///
    /// # Errors
    /// It is not installed, or does not know RISC-V.
    pub fn new() -> Result<Self> {
        // SAFETY: loading libLLVM runs its initialisers, which touch nothing of ours.
        let library = unsafe { Library::new(LIBRARY) }
            .with_context(|| format!("{LIBRARY}: install llvm-22"))?;
        for name in [
            "LLVMInitializeRISCVTargetInfo",
            "LLVMInitializeRISCVTargetMC",
            "LLVMInitializeRISCVDisassembler",
        ] {
            // SAFETY: functions of these names have this type in llvm-c/Target.h, and may be called again.
            unsafe { library.get::<Initialise>(name)?() };
        }
        let [triple, cpu, features] =
            ["riscv64-unknown-elf", "generic-rv64", FEATURES].map(CString::new);
        let (triple, cpu, features) = (triple?, cpu?, features?);
        // SAFETY: the types are those of llvm-c/Disassembler.h; the strings outlive the call, which copies them.
        let (context, disassemble) = unsafe {
            let create: Symbol<Create> = library.get("LLVMCreateDisasmCPUFeatures")?;
            let none = std::ptr::null();
            let context = create(
                triple.as_ptr(),
                cpu.as_ptr(),
                features.as_ptr(),
                std::ptr::null_mut(),
                0,
                none,
                none,
            );
            (
                context,
                *library.get::<Disassemble>("LLVMDisasmInstruction")?,
            )
        };
        if context.is_null() {
            bail!("{LIBRARY} makes no disassembler of RISC-V");
        }
        Ok(Self {
            context,
            disassemble,
            _library: library,
        })
    }

    /// The length of the instruction that `word` begins with, 0 when it begins with none.
    pub fn length(&self, word: u32, text: &mut [u8; 256]) -> usize {
        let mut bytes = word.to_le_bytes();
        // SAFETY: the context is live; both buffers are as long as said and not kept.
        unsafe {
            (self.disassemble)(
                self.context,
                bytes.as_mut_ptr(),
                4,
                0,
                text.as_mut_ptr().cast(),
                text.len(),
            )
        }
    }

    /// The instruction as text, without the tab before it.
    pub fn text(&self, word: u32) -> String {
        let mut text = [0; 256];
        if self.length(word, &mut text) == 0 {
            return "no instruction".to_owned();
        }
        let end = text.iter().position(|&b| b == 0).unwrap_or(0);
        String::from_utf8_lossy(&text[..end]).trim().to_owned()
    }
}
