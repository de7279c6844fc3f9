//! Parts a linked program into the image, which has symbols and notes, and its companion, which
//! has line tables and types. The build id that both have says that they belong together.

use anyhow::{Context, Result};
use object::build::elf::Builder;

/// zstd's highest level: the companions are written seldom and read often.
const LEVEL: i32 = 19;

/// The image: the program without debugging information.
///
/// # Errors
/// The program is no ELF file.
pub fn image(program: &[u8]) -> Result<Vec<u8>> {
    let mut elf = Builder::read(program).context("the linker's output is no ELF file")?;
    for section in &mut elf.sections {
        section.delete = section.name.starts_with(b".debug_");
    }
    // It points at a section that is not loaded and has moved; the section itself stays.
    for segment in &mut elf.segments {
        segment.delete = segment.p_type == object::elf::PT_RISCV_ATTRIBUTES;
    }
    // A segment without bytes in the file lies where the debugging information was, which must
    // not be beyond the end of the file now: strict loaders take that for a truncated file.
    let ends = elf
        .segments
        .iter()
        .map(|segment| segment.p_offset + segment.p_filesz);
    let end = usize::try_from(ends.max().unwrap_or(0))?;
    let mut image = Vec::new();
    elf.write(&mut image)?;
    if image.len() < end {
        image.resize(end, 0);
    }
    Ok(image)
}

/// The companion: the program as it was linked, compressed.
///
/// # Errors
/// It cannot be compressed.
pub fn companion(program: &[u8]) -> Result<Vec<u8>> {
    Ok(zstd::bulk::compress(program, LEVEL)?)
}

#[cfg(test)]
mod tests {
    use object::{Object as _, ObjectSection as _, ObjectSegment as _};

    #[test]
    fn every_companion_has_line_tables_for_its_image() {
        let images = crate::guest::images(&crate::guest::root());
        let mut count = 0;
        for entry in std::fs::read_dir(images).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "elf") {
                continue;
            }
            let image = std::fs::read(&path).unwrap();
            let companion = std::fs::read(path.with_extension("debug.zst")).unwrap();
            let companion = zstd::stream::decode_all(companion.as_slice()).unwrap();
            let image = object::File::parse(image.as_slice()).unwrap();
            let companion = object::File::parse(companion.as_slice()).unwrap();
            let name = path.display();
            assert!(image.build_id().unwrap().is_some(), "{name}: no build id");
            assert_eq!(
                image.build_id().unwrap(),
                companion.build_id().unwrap(),
                "{name}"
            );
            assert!(image.section_by_name(".debug_line").is_none(), "{name}");
            assert!(
                companion.section_by_name(".debug_line").unwrap().size() > 0,
                "{name}"
            );
            assert!(
                image.segments().all(|segment| segment.data().is_ok()),
                "{name}: truncated"
            );
            assert!(image.symbols().count() > 5, "{name}: no symbols");
            count += 1;
        }
        assert!(count > 10, "the images were not found");
    }
}
