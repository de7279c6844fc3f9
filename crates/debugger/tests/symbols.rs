//! What the debugging information of the programs that travel with the emulator says.

use std::io::Read;

use debugger::symbols::DebugInfo;
use hartland_debugger as debugger;
use proptest::prelude::*;

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new(packed).expect("zstd");
    decoder.read_to_end(&mut bytes).expect("zstd");
    bytes
}

fn fib() -> Vec<u8> {
    unpacked(guest_images::get("fib").expect("fib").debug)
}

#[test]
fn functions_lines_and_addresses_lead_to_each_other() {
    let info = DebugInfo::read(&fib()).expect("DWARF");
    let starts = info.names().function("main");
    let main = *starts.first().expect("main has code");
    let functions = info.functions_at(main);
    assert!(
        functions.iter().any(|f| f.function.ends_with("main")),
        "{functions:?}"
    );
    let line = info.line_at(main).expect("a line");
    assert!(line.start <= main && main < line.end);
    let back = info.addresses_of_line(&line.file, line.line);
    assert!(!back.is_empty());
    for (address, number) in back {
        assert_eq!(info.line_at(address).expect("a line").line, number);
    }
}

#[test]
fn every_statement_has_its_line() {
    let info = DebugInfo::read(&fib()).expect("DWARF");
    let (start, end) = info
        .function_range(info.names().function("main")[0])
        .expect("a range");
    for address in (start..end)
        .step_by(2)
        .filter(|&at| info.begins_statement(at))
    {
        assert!(info.line_at(address).is_some(), "{address:#x}");
    }
}

#[test]
fn fawns_records_are_described() {
    let fawn = guest_images::system("fawn").expect("fawn");
    let info = DebugInfo::read(&unpacked(fawn.debug)).expect("DWARF");
    let id = info
        .names()
        .type_named("kernel::process::Process")
        .expect("a type");
    let described = info.type_info(id).expect("described");
    let debugger::symbols::Shape::Structure { members, .. } = described.shape else {
        panic!("a structure");
    };
    for name in ["pid", "state", "parent", "name"] {
        assert!(members.iter().any(|member| member.name == name), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A damaged file gives less, and panics nobody.
    #[test]
    fn damaged_files_panic_nobody(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..64)) {
        let mut file = fib();
        for (place, byte) in places {
            let at = place.index(file.len());
            file[at] = byte;
        }
        if let Some(info) = DebugInfo::read(&file) {
            let starts: Vec<u64> = info.names().function("main");
            for at in starts.into_iter().chain([0, 0x8000_0000, u64::MAX]) {
                let _ = info.functions_at(at);
                let _ = info.line_at(at);
                for variable in info.variables_at(at) {
                    if let Some(ty) = variable.ty {
                        let _ = info.resolved(ty);
                    }
                }
            }
        }
    }
}
