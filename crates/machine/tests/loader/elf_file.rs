//! ELF files made by hand, with whatever is wrong in them that a test wants.

/// Segment types.
pub const PT_LOAD: u32 = 1;
pub const PT_DYNAMIC: u32 = 2;
pub const PT_INTERP: u32 = 3;
/// File types.
pub const ET_REL: u16 = 1;
pub const ET_EXEC: u16 = 2;
pub const ET_DYN: u16 = 3;
pub const ET_CORE: u16 = 4;
/// Symbol bindings and types, as `st_info` holds them.
pub const GLOBAL_OBJECT: u8 = 0x11;
pub const GLOBAL_FUNCTION: u8 = 0x12;
pub const LOCAL_LABEL: u8 = 0x00;
/// Section indices.
pub const IN_TEXT: u16 = 1;
pub const ABSOLUTE: u16 = 0xfff1;

const HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;

/// A segment: what its program header says, and its bytes.
#[derive(Clone)]
pub struct Part {
    pub kind: u32,
    pub virtual_address: u64,
    pub physical_address: u64,
    pub bytes: Vec<u8>,
    pub memory: u64,
}

/// A segment to load whose addresses are the same.
pub fn load(address: u64, bytes: &[u8], zero_bytes: u64) -> Part {
    Part {
        kind: PT_LOAD,
        virtual_address: address,
        physical_address: address,
        bytes: bytes.to_vec(),
        memory: bytes.len() as u64 + zero_bytes,
    }
}

/// Name, value, size, `st_info`, `st_shndx`.
pub type Symbol = (&'static str, u64, u64, u8, u16);

/// An ELF file to build.
#[derive(Clone)]
pub struct ElfFile {
    pub kind: u16,
    pub machine: u16,
    pub entry: u64,
    pub parts: Vec<Part>,
    pub symbols: Vec<Symbol>,
}

impl ElfFile {
    /// An executable for RISC-V.
    pub fn new(entry: u64, parts: Vec<Part>) -> Self {
        Self {
            kind: ET_EXEC,
            machine: 243,
            entry,
            parts,
            symbols: Vec::new(),
        }
    }

    /// The small program that most tests use: code, data and zeroes, with symbols.
    pub fn sample() -> Self {
        let code: Vec<u8> = (0..64u32)
            .flat_map(|_| 0x0000_0013u32.to_le_bytes())
            .collect();
        let mut file = Self::new(
            0x8000_0000,
            vec![
                load(0x8000_0000, &code, 0),
                load(0x8000_1000, &[7; 100], 0x5000),
            ],
        );
        file.symbols = vec![
            ("_start", 0x8000_0000, 16, GLOBAL_FUNCTION, IN_TEXT),
            (
                "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
                0x8000_0010,
                32,
                2,
                IN_TEXT,
            ),
            ("$x", 0x8000_0000, 0, LOCAL_LABEL, IN_TEXT),
            ("tohost", 0x8000_1000, 8, GLOBAL_OBJECT, 2),
            ("fromhost", 0x8000_1040, 8, GLOBAL_OBJECT, 2),
            ("__stack_size", 0x8000_0004, 0, 0x10, ABSOLUTE),
        ];
        file
    }

    /// The file's bytes: header, program headers, segments, symbols, names, section headers.
    pub fn build(&self) -> Vec<u8> {
        let mut content = Vec::new();
        let mut program_headers = Vec::new();
        let start = HEADER + PROGRAM_HEADER * self.parts.len();
        for part in &self.parts {
            let offset = (start + content.len()) as u64;
            program_headers.extend(part.kind.to_le_bytes());
            program_headers.extend(7u32.to_le_bytes());
            let len = part.bytes.len() as u64;
            let (at, load_at) = (part.virtual_address, part.physical_address);
            for word in [offset, at, load_at, len, part.memory, 8] {
                program_headers.extend(word.to_le_bytes());
            }
            content.extend(&part.bytes);
        }
        let (symbols, names) = self.symbol_table();
        let symbols_at = start + content.len();
        let names_at = symbols_at + symbols.len();
        let sections_at = names_at + names.len();
        let text = self.parts.first().map_or(0, |part| part.bytes.len());
        let mut sections = vec![0; 64];
        sections.extend(section(1, 1, 6, (start, text), 0));
        sections.extend(section(0, 2, 0, (symbols_at, symbols.len()), 3));
        sections.extend(section(0, 3, 0, (names_at, names.len()), 0));
        let mut file = self.header(sections_at as u64);
        for piece in [program_headers, content, symbols, names, sections] {
            file.extend(piece);
        }
        file
    }

    fn header(&self, sections_at: u64) -> Vec<u8> {
        let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        header.extend(self.kind.to_le_bytes());
        header.extend(self.machine.to_le_bytes());
        header.extend(1u32.to_le_bytes());
        for word in [self.entry, HEADER as u64, sections_at] {
            header.extend(word.to_le_bytes());
        }
        header.extend(5u32.to_le_bytes());
        for half in [64, 56, self.parts.len() as u16, 64, 4, 3] {
            header.extend(half.to_le_bytes());
        }
        header
    }

    fn symbol_table(&self) -> (Vec<u8>, Vec<u8>) {
        let mut names = b"\0.text\0".to_vec();
        let mut symbols = vec![0; 24];
        for (name, value, size, info, section) in &self.symbols {
            symbols.extend((names.len() as u32).to_le_bytes());
            symbols.extend([*info, 0]);
            symbols.extend(section.to_le_bytes());
            symbols.extend(value.to_le_bytes());
            symbols.extend(size.to_le_bytes());
            names.extend(name.as_bytes());
            names.push(0);
        }
        (symbols, names)
    }
}

fn section(name: u32, kind: u32, flags: u64, place: (usize, usize), link: u32) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(name.to_le_bytes());
    header.extend(kind.to_le_bytes());
    for word in [flags, 0x8000_0000, place.0 as u64, place.1 as u64] {
        header.extend(word.to_le_bytes());
    }
    header.extend(link.to_le_bytes());
    header.extend(0u32.to_le_bytes());
    header.extend([8u64.to_le_bytes(), 24u64.to_le_bytes()].concat());
    header
}
