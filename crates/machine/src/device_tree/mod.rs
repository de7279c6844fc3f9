//! The flattened device tree that tells software what the board is (Devicetree Specification 0.4; names and cells
//! as on QEMU's `virt` board, so that the same drivers find the same devices).

mod edit;

use abi::memory_map as map;
use abi::memory_map::Region;
use isa::{Extension, IsaConfig};
use vm_fdt::{Error, FdtWriter};

use crate::Config;

pub use edit::{DtbError, with_chosen};

/// `interrupts-extended` cell of a hart's controller: the interrupt number in `mip`.
const MACHINE_SOFTWARE: u32 = 3;
const MACHINE_TIMER: u32 = 7;
const MACHINE_EXTERNAL: u32 = 11;
const SUPERVISOR_EXTERNAL: u32 = 9;

/// Values that the test finisher takes (`sifive,test1`).
const FINISHER_PASS: u32 = 0x5555;
const FINISHER_RESET: u32 = 0x7777;

/// What the baud-rate generator of the serial port counts, as on QEMU.
const UART_CLOCK_HZ: u32 = 3_686_400;

/// Bytes of the seed that the guest mixes into its random numbers.
const RNG_SEED_BYTES: usize = 32;

const PLIC_PHANDLE: u32 = 1;
const FINISHER_PHANDLE: u32 = 2;
/// Each hart has two: its own and its interrupt controller's.
const FIRST_HART_PHANDLE: u32 = 3;

/// What the machine's options do not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chosen<'a> {
    /// The kernel's command line.
    pub arguments: &'a str,
    /// Where the initial RAM disk lies.
    pub initrd: Option<Region>,
}

/// The device tree of a machine built by `config`.
///
/// # Errors
/// When `arguments` has a NUL in it; vm-fdt's other complaints cannot come up here.
pub fn device_tree(config: &Config, chosen: Chosen<'_>) -> Result<Vec<u8>, Error> {
    let mut fdt = FdtWriter::new()?;
    let root = fdt.begin_node("")?;
    fdt.property_u32("#address-cells", 2)?;
    fdt.property_u32("#size-cells", 2)?;
    fdt.property_string("compatible", "riscv-virtio")?;
    fdt.property_string("model", "hartland,virt")?;
    write_chosen(&mut fdt, config, chosen)?;
    let memory = fdt.begin_node(&unit("memory", map::RAM_BASE))?;
    fdt.property_string("device_type", "memory")?;
    reg(&mut fdt, map::RAM_BASE, config.memory)?;
    fdt.end_node(memory)?;
    write_cpus(&mut fdt, config)?;
    write_pmu(&mut fdt)?;
    write_syscon(&mut fdt, "poweroff", "syscon-poweroff", FINISHER_PASS)?;
    write_syscon(&mut fdt, "reboot", "syscon-reboot", FINISHER_RESET)?;
    write_soc(&mut fdt, config)?;
    fdt.end_node(root)?;
    fdt.finish()
}

fn unit(name: &str, address: u64) -> String {
    format!("{name}@{address:x}")
}

fn reg(fdt: &mut FdtWriter, base: u64, size: u64) -> Result<(), Error> {
    fdt.property_array_u64("reg", &[base, size])
}

fn strings(fdt: &mut FdtWriter, name: &str, values: &[&str]) -> Result<(), Error> {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    fdt.property_string_list(name, values)
}

fn write_chosen(fdt: &mut FdtWriter, config: &Config, chosen: Chosen<'_>) -> Result<(), Error> {
    let node = fdt.begin_node("chosen")?;
    fdt.property_string(
        "stdout-path",
        &format!("/soc/{}", unit("serial", map::UART.base)),
    )?;
    fdt.property("rng-seed", &rng_seed(config.seed))?;
    write_boot_properties(fdt, chosen)?;
    fdt.end_node(node)
}

fn write_boot_properties(fdt: &mut FdtWriter, chosen: Chosen<'_>) -> Result<(), Error> {
    if !chosen.arguments.is_empty() {
        fdt.property_string("bootargs", chosen.arguments)?;
    }
    if let Some(initrd) = chosen.initrd {
        fdt.property_u64("linux,initrd-start", initrd.base)?;
        fdt.property_u64("linux,initrd-end", initrd.end())?;
    }
    Ok(())
}

/// The seed spread over as many bytes as kernels expect; equal seeds give equal runs.
fn rng_seed(seed: u64) -> [u8; RNG_SEED_BYTES] {
    let mut bytes = [0; RNG_SEED_BYTES];
    for (index, word) in bytes.chunks_exact_mut(8).enumerate() {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&(index as u64).to_le_bytes(), seed);
        word.copy_from_slice(&hash.to_le_bytes());
    }
    bytes
}

fn hart_phandle(hart: usize) -> u32 {
    FIRST_HART_PHANDLE + 2 * hart as u32
}

fn controller_phandle(hart: usize) -> u32 {
    hart_phandle(hart) + 1
}

fn write_cpus(fdt: &mut FdtWriter, config: &Config) -> Result<(), Error> {
    let cpus = fdt.begin_node("cpus")?;
    fdt.property_u32("#address-cells", 1)?;
    fdt.property_u32("#size-cells", 0)?;
    fdt.property_u32("timebase-frequency", map::TIMEBASE_HZ as u32)?;
    for hart in 0..config.harts {
        write_cpu(fdt, &config.isa, hart)?;
    }
    let cpu_map = fdt.begin_node("cpu-map")?;
    let cluster = fdt.begin_node("cluster0")?;
    for hart in 0..config.harts {
        let core = fdt.begin_node(&format!("core{hart}"))?;
        fdt.property_u32("cpu", hart_phandle(hart))?;
        fdt.end_node(core)?;
    }
    fdt.end_node(cluster)?;
    fdt.end_node(cpu_map)?;
    fdt.end_node(cpus)
}

fn write_cpu(fdt: &mut FdtWriter, isa: &IsaConfig, hart: usize) -> Result<(), Error> {
    let node = fdt.begin_node(&unit("cpu", hart as u64))?;
    fdt.property_string("device_type", "cpu")?;
    fdt.property_u32("reg", hart as u32)?;
    fdt.property_string("status", "okay")?;
    fdt.property_string("compatible", "riscv")?;
    fdt.property_string("riscv,isa", &isa.to_string())?;
    fdt.property_string("riscv,isa-base", "rv64i")?;
    let names: Vec<&str> = isa
        .iter()
        .filter(|extension| extension.is_in_isa_string())
        .map(Extension::name)
        .collect();
    strings(fdt, "riscv,isa-extensions", &names)?;
    for (extension, property) in [
        (Extension::Zicbom, "riscv,cbom-block-size"),
        (Extension::Zicbop, "riscv,cbop-block-size"),
        (Extension::Zicboz, "riscv,cboz-block-size"),
    ] {
        if isa.has(extension) {
            fdt.property_u32(property, interpreter::hart::CACHE_BLOCK_BYTES as u32)?;
        }
    }
    fdt.property_string("mmu-type", mmu_type(isa))?;
    fdt.property_phandle(hart_phandle(hart))?;
    let controller = fdt.begin_node("interrupt-controller")?;
    fdt.property_string("compatible", "riscv,cpu-intc")?;
    fdt.property_u32("#address-cells", 0)?;
    fdt.property_u32("#interrupt-cells", 1)?;
    fdt.property_null("interrupt-controller")?;
    fdt.property_phandle(controller_phandle(hart))?;
    fdt.end_node(controller)?;
    fdt.end_node(node)
}

fn mmu_type(isa: &IsaConfig) -> &'static str {
    if isa.has(Extension::Sv57) {
        "riscv,sv57"
    } else if isa.has(Extension::Sv48) {
        "riscv,sv48"
    } else if isa.has(Extension::Sv39) {
        "riscv,sv39"
    } else {
        "riscv,none"
    }
}

/// Cycles and retired instructions are counted by `mcycle` and `minstret`, and nothing else is counted.
fn write_pmu(fdt: &mut FdtWriter) -> Result<(), Error> {
    const CYCLES: u32 = 1;
    const INSTRUCTIONS: u32 = 2;
    let node = fdt.begin_node("pmu")?;
    fdt.property_string("compatible", "riscv,pmu")?;
    fdt.property_array_u32(
        "riscv,event-to-mhpmcounters",
        &[CYCLES, CYCLES, 1 << 0, INSTRUCTIONS, INSTRUCTIONS, 1 << 2],
    )?;
    fdt.end_node(node)
}

fn write_syscon(
    fdt: &mut FdtWriter,
    name: &str,
    compatible: &str,
    value: u32,
) -> Result<(), Error> {
    let node = fdt.begin_node(name)?;
    fdt.property_string("compatible", compatible)?;
    fdt.property_u32("regmap", FINISHER_PHANDLE)?;
    fdt.property_u32("offset", 0)?;
    fdt.property_u32("value", value)?;
    fdt.end_node(node)
}

fn write_soc(fdt: &mut FdtWriter, config: &Config) -> Result<(), Error> {
    let soc = fdt.begin_node("soc")?;
    fdt.property_u32("#address-cells", 2)?;
    fdt.property_u32("#size-cells", 2)?;
    fdt.property_string("compatible", "simple-bus")?;
    fdt.property_null("ranges")?;

    let finisher = fdt.begin_node(&unit("test", map::TEST_FINISHER.base))?;
    strings(
        fdt,
        "compatible",
        &["sifive,test1", "sifive,test0", "syscon"],
    )?;
    reg(fdt, map::TEST_FINISHER.base, map::TEST_FINISHER.size)?;
    fdt.property_phandle(FINISHER_PHANDLE)?;
    fdt.end_node(finisher)?;

    let rtc = fdt.begin_node(&unit("rtc", map::RTC.base))?;
    fdt.property_string("compatible", "google,goldfish-rtc")?;
    reg(fdt, map::RTC.base, map::RTC.size)?;
    interrupt(fdt, map::RTC_IRQ)?;
    fdt.end_node(rtc)?;

    write_clint(fdt, config.harts)?;
    write_plic(fdt, config.harts)?;

    let uart = fdt.begin_node(&unit("serial", map::UART.base))?;
    fdt.property_string("compatible", "ns16550a")?;
    reg(fdt, map::UART.base, map::UART.size)?;
    fdt.property_u32("clock-frequency", UART_CLOCK_HZ)?;
    interrupt(fdt, map::UART_IRQ)?;
    fdt.end_node(uart)?;
    fdt.end_node(soc)
}

fn interrupt(fdt: &mut FdtWriter, source: u32) -> Result<(), Error> {
    fdt.property_u32("interrupts", source)?;
    fdt.property_u32("interrupt-parent", PLIC_PHANDLE)
}

/// The cells that connect a controller to two interrupts of every hart.
fn per_hart(harts: usize, interrupts: [u32; 2]) -> Vec<u32> {
    let cells = |hart| interrupts.map(|interrupt| [controller_phandle(hart), interrupt]);
    (0..harts).flat_map(cells).flatten().collect()
}

fn write_clint(fdt: &mut FdtWriter, harts: usize) -> Result<(), Error> {
    let node = fdt.begin_node(&unit("clint", map::CLINT.base))?;
    strings(fdt, "compatible", &["sifive,clint0", "riscv,clint0"])?;
    reg(fdt, map::CLINT.base, map::CLINT.size)?;
    fdt.property_array_u32(
        "interrupts-extended",
        &per_hart(harts, [MACHINE_SOFTWARE, MACHINE_TIMER]),
    )?;
    fdt.end_node(node)
}

fn write_plic(fdt: &mut FdtWriter, harts: usize) -> Result<(), Error> {
    let node = fdt.begin_node(&unit("plic", map::PLIC.base))?;
    strings(fdt, "compatible", &["sifive,plic-1.0.0", "riscv,plic0"])?;
    reg(fdt, map::PLIC.base, map::PLIC.size)?;
    fdt.property_u32("#address-cells", 0)?;
    fdt.property_u32("#interrupt-cells", 1)?;
    fdt.property_null("interrupt-controller")?;
    fdt.property_array_u32(
        "interrupts-extended",
        &per_hart(harts, [MACHINE_EXTERNAL, SUPERVISOR_EXTERNAL]),
    )?;
    fdt.property_u32("riscv,ndev", map::PLIC_SOURCES - 1)?;
    fdt.property_phandle(PLIC_PHANDLE)?;
    fdt.end_node(node)
}
