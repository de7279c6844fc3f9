//! Source lines of addresses, and addresses of source lines.

use gimli::{LineRow, Unit};

use super::{DebugInfo, Reader};

/// Rows of more lines than any program has are left out.
const MOST_ROWS: usize = 4 << 20;
/// Functions that are inlined into each other more deeply are cut.
const MOST_INLINED: usize = 64;

/// A function at an address, and where in the source the address is in it. An address inside inlined functions has
/// several, innermost first; all but the last are inlined into the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineFrame {
    /// The function's name, demangled.
    pub function: String,
    /// Source file, as the compiler named it.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
}

/// The stretch of code that a source line became at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLine {
    /// Source file.
    pub file: String,
    /// Line, from 1; 0 for code of no line.
    pub line: u32,
    /// Address of its first instruction.
    pub start: u64,
    /// First address behind it.
    pub end: u64,
}

struct Row {
    address: u64,
    end: u64,
    file: u32,
    line: u32,
    is_statement: bool,
}

/// All rows, by address.
#[derive(Default)]
pub(super) struct LineTable {
    files: Vec<String>,
    rows: Vec<Row>,
}

impl DebugInfo {
    /// The functions at an address, innermost first.
    #[must_use]
    pub fn functions_at(&self, address: u64) -> Vec<InlineFrame> {
        // The address behind the last one is not computed for it.
        if address == u64::MAX {
            return Vec::new();
        }
        let Ok(mut frames) = self.addresses.find_frames(address).skip_all_loads() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            if found.len() == MOST_INLINED {
                break;
            }
            let name = frame.function.as_ref().and_then(|f| f.raw_name().ok());
            let location = frame.location;
            found.push(InlineFrame {
                function: name
                    .map_or_else(|| "??".to_owned(), |name| machine::loader::demangle(&name)),
                file: location.as_ref().and_then(|l| l.file).map(str::to_owned),
                line: location.and_then(|l| l.line),
            });
        }
        found
    }

    /// The source line at an address.
    #[must_use]
    pub fn line_at(&self, address: u64) -> Option<CodeLine> {
        let table = self.line_table();
        let after = table.rows.partition_point(|row| row.address <= address);
        let at = after.checked_sub(1)?;
        let row = table.rows.get(at).filter(|row| address < row.end)?;
        let same = |other: &Row| other.file == row.file && other.line == row.line;
        let before = table.rows[..at].iter().rev();
        let mut start = row.address;
        for other in before {
            if !same(other) || other.end != start {
                break;
            }
            start = other.address;
        }
        let mut end = row.end;
        for other in &table.rows[after..] {
            if !same(other) || other.address != end {
                break;
            }
            end = other.end;
        }
        Some(CodeLine {
            file: table.files.get(row.file as usize)?.clone(),
            line: row.line,
            start,
            end,
        })
    }

    /// Whether the code of a statement begins at an address.
    #[must_use]
    pub fn begins_statement(&self, address: u64) -> bool {
        let rows = &self.line_table().rows;
        let first = rows.partition_point(|row| row.address < address);
        let mut here = rows[first..]
            .iter()
            .take_while(|row| row.address == address);
        here.any(|row| row.is_statement && row.line != 0)
    }

    /// The lowest address, at most `distance` before another, from which instructions can be read up to it: that of a row
    /// of the line table.
    #[must_use]
    pub fn row_before(&self, address: u64, distance: u64) -> Option<u64> {
        let rows = &self.line_table().rows;
        let after = rows.partition_point(|row| row.address <= address);
        let mut found = None;
        let mut next = address;
        for row in rows[..after].iter().rev() {
            if row.end < next || address - row.address > distance {
                break;
            }
            found = Some(row.address);
            next = row.address;
        }
        found
    }

    /// Where a source line begins in the code: the first address of each stretch of it, by address; when it has no
    /// code, of the next line that has some, with that line's number. A file is named by the end of its path.
    #[must_use]
    pub fn addresses_of_line(&self, file: &str, line: u32) -> Vec<(u64, u32)> {
        let table = self.line_table();
        let is_meant: Vec<bool> = table.files.iter().map(|f| ends_with(f, file)).collect();
        let meant = |row: &&Row| is_meant.get(row.file as usize) == Some(&true);
        let lines = table.rows.iter().filter(meant).filter(|r| r.is_statement);
        let best = lines.clone().map(|row| row.line).filter(|&l| l >= line);
        let Some(best) = best.min() else {
            return Vec::new();
        };
        let mut found: Vec<(u64, u32)> = Vec::new();
        let mut end = 0;
        for row in table.rows.iter().filter(meant) {
            if row.line == best {
                // Rows of one line that follow each other are one stretch.
                if row.is_statement && (found.is_empty() || row.address != end) {
                    found.push((row.address, best));
                }
                end = row.end;
            }
        }
        found
    }

    /// The source files that have code, as the compiler named them.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.line_table().files.iter().map(String::as_str)
    }

    fn line_table(&self) -> &LineTable {
        self.lines.get_or_init(|| {
            let mut table = LineTable::default();
            for unit in &self.units {
                // A broken line program ends where it breaks.
                let _ = self.collect_lines(unit, &mut table);
            }
            table.rows.sort_by_key(|row| row.address);
            table
        })
    }

    fn collect_lines(&self, unit: &Unit<Reader>, table: &mut LineTable) -> gimli::Result<()> {
        let Some(program) = unit.line_program.clone() else {
            return Ok(());
        };
        let mut names: Vec<Option<u32>> = Vec::new();
        let mut rows = program.rows();
        let mut last: Option<Row> = None;
        while let Some((header, row)) = rows.next_row()? {
            if let Some(mut row_before) = last.take() {
                row_before.end = row.address();
                if row_before.end > row_before.address && table.rows.len() < MOST_ROWS {
                    table.rows.push(row_before);
                }
            }
            if row.end_sequence() {
                continue;
            }
            let index = row.file_index() as usize;
            if names.len() <= index {
                names.resize(index.min(1 << 20) + 1, None);
            }
            let known = names.get(index).copied().flatten();
            let file = known.or_else(|| {
                let name = self.file_name(unit, header, row)?;
                let at = table.files.iter().position(|file| *file == name);
                let at = at.unwrap_or_else(|| {
                    table.files.push(name);
                    table.files.len() - 1
                });
                let at = u32::try_from(at).ok()?;
                *names.get_mut(index)? = Some(at);
                Some(at)
            });
            last = file.map(|file| Row {
                address: row.address(),
                end: row.address(),
                file,
                line: row.line().map_or(0, |line| line.get() as u32),
                is_statement: row.is_stmt(),
            });
        }
        Ok(())
    }

    fn file_name(
        &self,
        unit: &Unit<Reader>,
        header: &gimli::LineProgramHeader<Reader>,
        row: &LineRow,
    ) -> Option<String> {
        let file = row.file(header)?;
        let name = self.text(unit, file.path_name())?;
        let directory = file.directory(header);
        let directory = directory.and_then(|value| self.text(unit, value));
        let base = unit.comp_dir.as_ref();
        let base = base.and_then(|dir| gimli::Reader::to_string_lossy(dir).ok());
        let mut path = base.map_or(String::new(), |base| base.into_owned());
        for part in [directory.as_deref().unwrap_or(""), &name] {
            if part.starts_with('/') {
                path.clear();
            } else if !path.is_empty() && !part.is_empty() && !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(part);
        }
        Some(path)
    }
}

/// Whether a path ends with whole parts of another.
fn ends_with(path: &str, end: &str) -> bool {
    path.strip_suffix(end)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('/') || end.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_the_end_of_their_path() {
        assert!(ends_with("/a/src/main.rs", "main.rs"));
        assert!(ends_with("/a/src/main.rs", "src/main.rs"));
        assert!(ends_with("main.rs", "main.rs"));
        assert!(!ends_with("/a/src/domain.rs", "main.rs"));
    }
}
