//! A guest calls the host: the whole way from its instructions to what the person sees.

use hartland_machine::loader::{self, RamRange};
use hartland_machine::semihosting::SemihostingConfig;
use hartland_machine::{Config, Exit, ExitVia, Machine, Stop};

const RAM: RamRange = RamRange {
    base: 0x8000_0000,
    size: 1 << 20,
};
/// `slli x0, x0, 31; ebreak; srai x0, x0, 7`.
const CALL: [u32; 3] = [0x01f0_1013, 0x0010_0073, 0x4070_5013];
const AUIPC_A1: u32 = 0x0000_0597;
const JUMP_TO_ITSELF: u32 = 0x0000_006f;

const fn addi_a1(immediate: u32) -> u32 {
    immediate << 20 | 0x0005_8593
}

const fn li_a0(immediate: u32) -> u32 {
    immediate << 20 | 0x513
}

/// Prints by SYS_WRITE0, then ends by SYS_EXIT_EXTENDED with `code`.
fn program(code: u64) -> Vec<u8> {
    const BLOCK: u32 = 0x40;
    const TEXT: u32 = 0x50;
    let mut words = vec![AUIPC_A1, addi_a1(TEXT), li_a0(0x04)];
    words.extend(CALL);
    let here = 4 * words.len() as u32;
    words.extend([AUIPC_A1, addi_a1(BLOCK - here), li_a0(0x20)]);
    words.extend(CALL);
    words.push(JUMP_TO_ITSELF);
    let mut image: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    image.resize(BLOCK as usize, 0);
    image.extend(0x2_0026u64.to_le_bytes());
    image.extend(code.to_le_bytes());
    image.extend(b"hello\n\0");
    image
}

fn run(code: u64, semihosting: Option<SemihostingConfig>) -> (Stop, Vec<u8>) {
    let config = Config {
        memory: RAM.size,
        semihosting,
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("a machine");
    let image = loader::parse("raw", &program(code), RAM, None).expect("an image");
    machine.load(image).expect("it fits");
    let stop = machine.run(10_000_000);
    (stop, machine.take_output())
}

#[test]
fn semihosting_prints_and_ends_the_guest_with_its_code() {
    for (code, status) in [(0, 0), (42, 42), (256, 255), (u64::MAX, 255)] {
        let (stop, output) = run(code, Some(SemihostingConfig::default()));
        let via = ExitVia::Semihosting;
        assert_eq!(stop, Stop::Exit(Exit { code, via }));
        assert_eq!(Exit { code, via }.status(), status);
        assert_eq!(output, b"hello\n");
    }
}

#[test]
fn without_semihosting_the_call_is_a_breakpoint() {
    let (stop, output) = run(0, None);
    assert!(!matches!(stop, Stop::Exit(_)), "{stop:?}");
    assert_eq!(output, b"");
}
