//! Waking is no step: what a hart that was woken looks like does not depend on why the run stops there.

use hartland_tests::program::{BASE, Program, reg};
use isa::Opcode;
use machine::{Config, Halt, HaltOn, Machine, Stop};

const CLINT: u64 = 0x200_0000;
const MSIE: u64 = 8;

/// Hart 0 sends itself an interrupt that it does not take, waits for it, and goes on; then it waits for nothing. The
/// second: where it goes on.
fn machine(plain_engine: bool) -> (Machine, u64) {
    let program = Program::new()
        .set_csr("mie", MSIE)
        .li("t0", CLINT)
        .li("t1", 1)
        .s(Opcode::Sw, "t0", "t1", 0)
        .op(Opcode::Wfi);
    let behind = program.here();
    let program = program
        .i(Opcode::Addi, "a0", "a0", 7)
        .s(Opcode::Sw, "t0", "zero", 0)
        .op(Opcode::Wfi);
    let config = Config {
        memory: 16 << 20,
        plain_engine,
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("a small machine");
    machine.bus_mut().ram.write(BASE, &program.bytes());
    (machine, behind)
}

#[test]
fn a_breakpoint_behind_a_wait_that_is_over_changes_nothing() {
    for plain in [false, true] {
        let (mut stopped, behind) = machine(plain);
        stopped.halt_on(HaltOn {
            breakpoints: [behind].into(),
            ..HaltOn::default()
        });
        let stop = stopped.run(1000);
        assert_eq!(stop, Stop::Halt(Halt::Breakpoint { hart: 0 }));
        assert_eq!(stopped.harts()[0].pc, behind);

        let (mut straight, _) = machine(plain);
        assert_eq!(straight.run(stopped.steps()), Stop::Budget);
        assert_eq!(stopped.state_hash(), straight.state_hash(), "plain {plain}");

        // It goes on past the breakpoint, and only once.
        assert!(matches!(stopped.run(1000), Stop::Stuck(_)));
        assert!(matches!(straight.run(1000), Stop::Stuck(_)));
        assert_eq!(reg(&stopped, "a0"), reg(&straight, "a0"));
        assert_eq!(stopped.state_hash(), straight.state_hash(), "plain {plain}");
    }
}
