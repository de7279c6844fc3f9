//! Programs: 64-bit little-endian RISC-V ELF files, linked statically, at a fixed address or position-independent.
//!
//! Everything that `execve` needs is checked here once and kept in a [`Program`] without a pointer into the file,
//! so the kernel reads the head of a file into a buffer, parses it, and then copies segment by segment.
//! Any bytes may come: what does not fit is an [`ElfError`]. What W^X forbids, and what needs a dynamic linker, is refused by name.

use crate::errno;
use crate::frame::FRAME_SIZE;
use crate::page_table::{Permissions, USER_END};

mod bytes;
pub mod symbols;

use bytes::{FileHeader, ProgramHeader};

/// The most segments a program may have in memory.
pub const MAX_SEGMENTS: usize = 16;
/// The most program headers that are looked at.
pub const MAX_HEADERS: usize = 64;
/// How much of a file [`Program::parse`] wants to see: the header, and program headers directly behind it.
pub const HEAD_BYTES: usize = bytes::FILE_HEADER_BYTES + MAX_HEADERS * bytes::PROGRAM_HEADER_BYTES;
/// The lowest address of a program linked at a fixed one: below, a null pointer with an offset must fault.
pub const LOWEST_ADDRESS: u64 = 0x1000;

/// Why a file cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElfError {
    /// The file does not begin with ELF's magic number.
    NotElf,
    /// It is for another machine, byte order, word size or operating system, or for RV64E.
    OtherMachine,
    /// It is an object file, a core dump or something else that is not a program.
    NotAProgram,
    /// The file ends before a header or a segment does, or the program headers are not in its head.
    Truncated,
    /// The program headers are of another size, or none, or more than [`MAX_HEADERS`].
    Headers,
    /// It wants a dynamic linker.
    Interpreter,
    /// More segments than [`MAX_SEGMENTS`], or none.
    SegmentCount,
    /// A segment has more bytes in the file than in memory.
    FileSize,
    /// A segment is in no place a program can have.
    Address,
    /// Two segments share a page, or they are not in ascending order.
    Overlap,
    /// A segment's place in memory and its place in the file differ modulo the page, or its alignment is not a power of two.
    Alignment,
    /// A segment is writable and executable.
    WriteAndExecute,
    /// The first instruction is not in an executable segment.
    Entry,
    /// The template of thread-local storage is not in a segment, or there are two.
    ThreadLocal,
}

impl ElfError {
    /// The Linux error number.
    pub const fn errno(self) -> u16 {
        errno::ENOEXEC
    }

    /// What is wrong, for a person.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotElf => "not an ELF file",
            Self::OtherMachine => "not for 64-bit RISC-V",
            Self::NotAProgram => "not a program",
            Self::Truncated => "the file is cut off",
            Self::Headers => "the program headers make no sense",
            Self::Interpreter => "dynamically linked (link it with -static)",
            Self::SegmentCount => "no segments, or too many",
            Self::FileSize => "a segment is larger in the file than in memory",
            Self::Address => "a segment is outside of what a program may use",
            Self::Overlap => "two segments share a page, or are out of order",
            Self::Alignment => "a segment is misaligned",
            Self::WriteAndExecute => "a segment is writable and executable",
            Self::Entry => "it begins outside of its code",
            Self::ThreadLocal => "its thread-local storage makes no sense",
        }
    }
}

impl core::fmt::Display for ElfError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for ElfError {}

/// A part of the file that goes into memory. Bytes beyond the file's are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// First address; relative to the base in a position-independent program.
    pub address: u64,
    /// Bytes in memory, at least one.
    pub memory_size: u64,
    /// Where the bytes are in the file.
    pub file_offset: u64,
    /// How many there are in the file, at most `memory_size`.
    pub file_size: u64,
    /// What the program may do there.
    pub permissions: Permissions,
}

impl Segment {
    /// First address behind the segment.
    pub const fn end(&self) -> u64 {
        self.address + self.memory_size
    }

    /// The whole pages that the segment touches, from the first one's start to the last one's end.
    pub const fn pages(&self) -> (u64, u64) {
        (
            self.address & !(FRAME_SIZE - 1),
            self.end().next_multiple_of(FRAME_SIZE),
        )
    }

    const fn contains(&self, address: u64, length: u64) -> bool {
        match address.checked_add(length) {
            Some(end) => self.address <= address && end <= self.end(),
            None => false,
        }
    }
}

/// The template of a thread's thread-local storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadLocal {
    /// Where it is; relative to the base in a position-independent program.
    pub address: u64,
    /// Bytes that the template has.
    pub file_size: u64,
    /// Bytes that a thread needs; those beyond the template's are zero.
    pub memory_size: u64,
    /// Alignment, a power of two.
    pub alignment: u64,
}

/// What `execve` needs to know of a program; every part was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// True when the program can be put at any multiple of [`Program::alignment`]; all addresses are relative to that base then.
    pub position_independent: bool,
    /// The first instruction.
    pub entry: u64,
    /// Where the program headers are in memory, if a segment contains them: `AT_PHDR`.
    pub headers: Option<u64>,
    /// How many program headers there are: `AT_PHNUM`; each has `AT_PHENT` = 56 bytes.
    pub header_count: u16,
    /// Thread-local storage, if the program has any.
    pub thread_local: Option<ThreadLocal>,
    /// The largest alignment that a segment asks for, at least a page.
    pub alignment: u64,
    /// True when the program asks for an executable stack; it does not get one.
    pub wants_executable_stack: bool,
    segments: [Segment; MAX_SEGMENTS],
    segment_count: usize,
}

impl Program {
    /// Checks a program. `head` is the file's beginning, [`HEAD_BYTES`] of it if it has as many, and `file_length` the length of all of it.
    ///
    /// # Errors
    /// [`ElfError`], the first thing found wrong.
    pub fn parse(head: &[u8], file_length: u64) -> Result<Self, ElfError> {
        let file = FileHeader::parse(head)?;
        let mut program = Self {
            position_independent: file.position_independent,
            entry: file.entry,
            headers: None,
            header_count: file.header_count,
            thread_local: None,
            alignment: FRAME_SIZE,
            wants_executable_stack: false,
            segments: [Segment::default(); MAX_SEGMENTS],
            segment_count: 0,
        };
        let mut headers_at = None;
        for number in 0..usize::from(file.header_count) {
            let header = file.program_header(head, number)?;
            match header.kind {
                bytes::LOAD => program.add_segment(&header, file_length)?,
                bytes::INTERPRETER => return Err(ElfError::Interpreter),
                bytes::HEADERS => headers_at = Some(header.address),
                bytes::THREAD_LOCAL => program.set_thread_local(&header)?,
                bytes::GNU_STACK => {
                    program.wants_executable_stack = header.flags & bytes::EXECUTE != 0;
                }
                _ => {}
            }
        }
        program.finish(&file, headers_at)?;
        Ok(program)
    }

    /// The segments, in ascending order; no two share a page, and the last one's end does not lie beyond the user's half.
    pub fn segments(&self) -> &[Segment] {
        &self.segments[..self.segment_count]
    }

    /// First address behind all segments, rounded up to a page: where the heap may begin.
    pub fn end(&self) -> u64 {
        self.segments().last().map_or(0, |last| last.pages().1)
    }

    fn add_segment(&mut self, header: &ProgramHeader, file_length: u64) -> Result<(), ElfError> {
        if header.memory_size == 0 && header.file_size == 0 {
            return Ok(());
        }
        let segment = check_segment(header, file_length)?;
        if !self.position_independent && segment.address < LOWEST_ADDRESS {
            return Err(ElfError::Address);
        }
        if self.segment_count > 0 && segment.pages().0 < self.end() {
            return Err(ElfError::Overlap);
        }
        let slot = self.segments.get_mut(self.segment_count);
        *slot.ok_or(ElfError::SegmentCount)? = segment;
        self.segment_count += 1;
        self.alignment = self.alignment.max(header.alignment);
        Ok(())
    }

    fn set_thread_local(&mut self, header: &ProgramHeader) -> Result<(), ElfError> {
        let alignment = header.alignment.max(1);
        if self.thread_local.is_some()
            || header.file_size > header.memory_size
            || header.memory_size >= USER_END
            || alignment >= USER_END
            || !alignment.is_power_of_two()
        {
            return Err(ElfError::ThreadLocal);
        }
        self.thread_local = Some(ThreadLocal {
            address: header.address,
            file_size: header.file_size,
            memory_size: header.memory_size,
            alignment,
        });
        Ok(())
    }

    /// What can be checked only when all segments are known.
    fn finish(&mut self, file: &FileHeader, headers_at: Option<u64>) -> Result<(), ElfError> {
        if self.segment_count == 0 {
            return Err(ElfError::SegmentCount);
        }
        let code = |segment: &&Segment| {
            segment.permissions.contains(Permissions::EXECUTE) && segment.contains(self.entry, 2)
        };
        if !self.entry.is_multiple_of(2) || !self.segments().iter().any(|it| code(&it)) {
            return Err(ElfError::Entry);
        }
        if let Some(template) = self.thread_local
            && template.file_size > 0
            && !self
                .segments()
                .iter()
                .any(|segment| segment.contains(template.address, template.file_size))
        {
            return Err(ElfError::ThreadLocal);
        }
        let length = u64::from(file.header_count) * bytes::PROGRAM_HEADER_BYTES as u64;
        let in_file = |segment: &Segment| {
            let from = file.headers_offset.checked_sub(segment.file_offset)?;
            let fits = from.checked_add(length)? <= segment.file_size;
            fits.then_some(segment.address + from)
        };
        self.headers = headers_at
            .filter(|at| {
                self.segments()
                    .iter()
                    .any(|segment| segment.contains(*at, length))
            })
            .or_else(|| self.segments().iter().find_map(in_file));
        Ok(())
    }
}

fn check_segment(header: &ProgramHeader, file_length: u64) -> Result<Segment, ElfError> {
    if header.file_size > header.memory_size {
        return Err(ElfError::FileSize);
    }
    let file_end = header.offset.checked_add(header.file_size);
    if header.file_size > 0 && file_end.is_none_or(|end| end > file_length) {
        return Err(ElfError::Truncated);
    }
    let end = header.address.checked_add(header.memory_size);
    if end.is_none_or(|end| end > USER_END) {
        return Err(ElfError::Address);
    }
    let aligned = header.alignment <= 1 || header.alignment.is_power_of_two();
    let congruent = header.address % FRAME_SIZE == header.offset % FRAME_SIZE;
    if !aligned || header.alignment >= USER_END || header.file_size > 0 && !congruent {
        return Err(ElfError::Alignment);
    }
    let permissions = header.permissions();
    if permissions.breaks_write_xor_execute() {
        return Err(ElfError::WriteAndExecute);
    }
    Ok(Segment {
        address: header.address,
        memory_size: header.memory_size,
        file_offset: if header.file_size > 0 {
            header.offset
        } else {
            0
        },
        file_size: header.file_size,
        permissions,
    })
}
