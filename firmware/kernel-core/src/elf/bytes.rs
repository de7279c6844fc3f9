//! The two headers of an ELF file that matter to a loader, as the System V ABI and the RISC-V ELF psABI lay them out.

use super::{ElfError, MAX_HEADERS};
use crate::page_table::Permissions;

/// Bytes of the file's header (`Elf64_Ehdr`).
pub const FILE_HEADER_BYTES: usize = 64;
/// Bytes of a program header (`Elf64_Phdr`).
pub const PROGRAM_HEADER_BYTES: usize = 56;

/// `PT_LOAD`: goes into memory.
pub const LOAD: u32 = 1;
/// `PT_INTERP`: names the dynamic linker.
pub const INTERPRETER: u32 = 3;
/// `PT_PHDR`: where the program headers are in memory.
pub const HEADERS: u32 = 6;
/// `PT_TLS`: the template of thread-local storage.
pub const THREAD_LOCAL: u32 = 7;
/// `PT_GNU_STACK`: its flags are those wanted for the stack.
pub const GNU_STACK: u32 = 0x6474_e551;

/// `PF_X`.
pub const EXECUTE: u32 = 1;
const WRITE: u32 = 2;
const READ: u32 = 4;

const MACHINE_RISCV: u16 = 243;
const FLAG_RVE: u32 = 8;
const TYPE_EXECUTABLE: u16 = 2;
const TYPE_DYNAMIC: u16 = 3;

/// What the file's header says, checked as far as it can be alone.
pub struct FileHeader {
    pub position_independent: bool,
    pub entry: u64,
    pub headers_offset: u64,
    pub header_count: u16,
}

impl FileHeader {
    pub fn parse(head: &[u8]) -> Result<Self, ElfError> {
        if !head.starts_with(b"\x7fELF") {
            return Err(ElfError::NotElf);
        }
        let header: &[u8; FILE_HEADER_BYTES] = head.first_chunk().ok_or(ElfError::Truncated)?;
        // 64-bit, little-endian, version 1, for System V (0) or Linux (3).
        let identity = header[4..7] == [2, 1, 1] && matches!(header[7], 0 | 3);
        let machine = u16_at(header, 18) == MACHINE_RISCV && u32_at(header, 48) & FLAG_RVE == 0;
        if !identity || !machine {
            return Err(ElfError::OtherMachine);
        }
        let position_independent = match u16_at(header, 16) {
            TYPE_EXECUTABLE => false,
            TYPE_DYNAMIC => true,
            _ => return Err(ElfError::NotAProgram),
        };
        let header_count = u16_at(header, 56);
        let size = usize::from(u16_at(header, 54));
        if size != PROGRAM_HEADER_BYTES || !(1..=MAX_HEADERS).contains(&usize::from(header_count)) {
            return Err(ElfError::Headers);
        }
        Ok(Self {
            position_independent,
            entry: u64_at(header, 24),
            headers_offset: u64_at(header, 32),
            header_count,
        })
    }

    /// The program header of that number.
    pub fn program_header(&self, head: &[u8], number: usize) -> Result<ProgramHeader, ElfError> {
        let offset = usize::try_from(self.headers_offset).ok();
        let bytes: &[u8; PROGRAM_HEADER_BYTES] = offset
            .and_then(|offset| head.get(offset..))
            .and_then(|rest| rest.get(number * PROGRAM_HEADER_BYTES..))
            .and_then(|rest| rest.first_chunk())
            .ok_or(ElfError::Truncated)?;
        Ok(ProgramHeader {
            kind: u32_at(bytes, 0),
            flags: u32_at(bytes, 4),
            offset: u64_at(bytes, 8),
            address: u64_at(bytes, 16),
            file_size: u64_at(bytes, 32),
            memory_size: u64_at(bytes, 40),
            alignment: u64_at(bytes, 48),
        })
    }
}

/// A program header as it stands in the file, unchecked.
pub struct ProgramHeader {
    pub kind: u32,
    pub flags: u32,
    pub offset: u64,
    pub address: u64,
    pub file_size: u64,
    pub memory_size: u64,
    pub alignment: u64,
}

impl ProgramHeader {
    pub fn permissions(&self) -> Permissions {
        let mut permissions = Permissions::empty();
        permissions.set(Permissions::READ, self.flags & READ != 0);
        permissions.set(Permissions::WRITE, self.flags & WRITE != 0);
        permissions.set(Permissions::EXECUTE, self.flags & EXECUTE != 0);
        permissions
    }
}

/// The callers' offsets are constants within the headers' fixed sizes.
fn field<const N: usize>(header: &[u8], offset: usize) -> [u8; N] {
    let bytes = header.get(offset..).and_then(|rest| rest.first_chunk());
    bytes.copied().unwrap_or([0; N])
}

pub fn u16_at(header: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(field(header, offset))
}

pub fn u32_at(header: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(field(header, offset))
}

pub fn u64_at(header: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(field(header, offset))
}
