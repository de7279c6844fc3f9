//! `x` and `xp`: memory as numbers, characters or instructions.

use std::fmt::Write;

use machine::hart::{Access, Hart};
use machine::{Machine, Width};

use super::{address, info};

/// Items that one command shows, at most.
const MOST_ITEMS: u64 = 4096;

/// How to show memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Format {
    count: u64,
    /// `x`, `d`, `u`, `c` or `i`.
    form: char,
    width: Width,
}

impl Format {
    fn parse(text: &str) -> Result<Self, String> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let mut format = Self {
            count: text[..digits].parse().unwrap_or(1),
            form: 'x',
            width: Width::Word,
        };
        for letter in text[digits..].chars() {
            match letter {
                'x' | 'd' | 'u' | 'c' | 'i' => format.form = letter,
                'b' => format.width = Width::Byte,
                'h' => format.width = Width::Half,
                'w' => format.width = Width::Word,
                'g' => format.width = Width::Double,
                other => {
                    return Err(format!(
                        "`{other}` is no format: it is a count, one of x d u c i, and one of b h w g"
                    ));
                }
            }
        }
        if format.form == 'c' {
            format.width = Width::Byte;
        }
        if format.count > MOST_ITEMS {
            return Err(format!("{MOST_ITEMS} items are shown at most"));
        }
        Ok(format)
    }
}

/// Shows memory, from an address as a hart sees it or from a physical one.
///
/// # Errors
/// It says what is not understood.
pub fn examine(
    words: &[&str],
    machine: &Machine,
    hart: usize,
    is_virtual: bool,
) -> Result<String, String> {
    let (format, words) = match words.split_first() {
        Some((first, rest)) if first.starts_with('/') => (&first[1..], rest),
        _ => ("", words),
    };
    let format = Format::parse(format)?;
    let address = address::evaluate(&words.concat(), machine, hart)?;
    let hart = machine.harts().get(hart).ok_or("there is no such hart")?;
    let view = View {
        machine,
        hart,
        is_virtual,
    };
    if format.form == 'i' {
        view.instructions(address, format.count)
    } else {
        view.numbers(address, format)
    }
}

struct View<'a> {
    machine: &'a Machine,
    hart: &'a Hart,
    is_virtual: bool,
}

impl View<'_> {
    /// Reads bytes, page by page; devices are not touched.
    fn read(&self, address: u64, len: u64) -> Result<u64, String> {
        let mut value = 0;
        for index in (0..len).rev() {
            let at = address.wrapping_add(index);
            let byte = self.byte(at).ok_or_else(|| match self.is_virtual {
                true => format!("{at:#x} is not mapped to RAM on hart {}", self.hart.id()),
                false => format!("{at:#x} is not RAM"),
            })?;
            value = value << 8 | byte;
        }
        Ok(value)
    }

    fn byte(&self, address: u64) -> Option<u64> {
        let physical = match self.is_virtual {
            true => self.physical(address)?,
            false => address,
        };
        self.machine.peek(physical, Width::Byte)
    }

    fn physical(&self, address: u64) -> Option<u64> {
        let bus = self.machine.bus();
        info::viewpoints(self.hart).iter().find_map(|&privilege| {
            [Access::Load, Access::Fetch]
                .into_iter()
                .find_map(|access| {
                    let leaf = self.hart.peek_translation(bus, address, access, privilege);
                    leaf.ok().map(|leaf| leaf.physical)
                })
        })
    }

    fn numbers(&self, start: u64, format: Format) -> Result<String, String> {
        let bytes = format.width.bytes();
        let per_line = 16 / bytes;
        let mut text = String::new();
        for index in 0..format.count {
            let at = start.wrapping_add(index * bytes);
            let value = self.read(at, bytes)?;
            if index % per_line == 0 {
                let _ = write!(text, "{at:016x}:");
            }
            text.push(' ');
            text += &shown(value, format, bytes);
            if index % per_line == per_line - 1 || index == format.count - 1 {
                text.push('\n');
            }
        }
        Ok(text)
    }

    fn instructions(&self, start: u64, count: u64) -> Result<String, String> {
        let mut text = String::new();
        let mut pc = start;
        for _ in 0..count {
            let half = self.read(pc, 2)?;
            let len = if half & 3 == 3 { 4 } else { 2 };
            let word = self.read(pc, len)? as u32;
            let shown = match isa::decode(word, self.hart.isa()) {
                Some(insn) => isa::disassemble(&insn, pc).to_string(),
                None => "<unknown>".to_owned(),
            };
            let width = 2 * len as usize;
            let _ = writeln!(text, "{pc:016x}: {word:0width$x}\t{shown}");
            pc = pc.wrapping_add(len);
        }
        Ok(text)
    }
}

fn shown(value: u64, format: Format, bytes: u64) -> String {
    let unused = 64 - 8 * bytes as u32;
    match format.form {
        'd' => (((value << unused) as i64) >> unused).to_string(),
        'u' => value.to_string(),
        'c' => format!("{:?}", char::from(value as u8)),
        _ => format!("{value:#0width$x}", width = 2 + 2 * bytes as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_a_count_a_form_and_a_size() {
        let format = |text| Format::parse(text);
        let expected = Format {
            count: 8,
            form: 'd',
            width: Width::Double,
        };
        assert_eq!(format("8dg"), Ok(expected));
        assert_eq!(format("").map(|f| f.count), Ok(1));
        assert!(format("8z").unwrap_err().contains('z'));
        assert!(format("99999").is_err());
    }

    #[test]
    fn numbers_have_signs_and_widths() {
        let format = |form| Format {
            count: 1,
            form,
            width: Width::Half,
        };
        assert_eq!(shown(0xffff, format('d'), 2), "-1");
        assert_eq!(shown(0xffff, format('u'), 2), "65535");
        assert_eq!(shown(0xf, format('x'), 2), "0x000f");
    }
}
