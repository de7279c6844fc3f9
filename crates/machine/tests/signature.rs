//! Signatures have the lines that Spike writes.

use hartland_machine::{Config, Machine, signature};

const BASE: u64 = 0x8000_0000;

#[test]
fn lines_have_the_asked_for_bytes_most_significant_first() {
    let config = Config {
        memory: 1 << 20,
        ..Config::default()
    };
    let mut machine = Machine::new(config).expect("a machine");
    let bytes: Vec<u8> = (0x10..0x20).collect();
    assert!(machine.bus_mut().ram.write(BASE, &bytes));
    let text = |end, granularity| signature(machine.bus(), BASE, end, granularity).ok();
    let lines = |granularity| text(BASE + 16, granularity).expect("in RAM");
    assert_eq!(lines(16), "1f1e1d1c1b1a19181716151413121110\n");
    assert_eq!(lines(8), "1716151413121110\n1f1e1d1c1b1a1918\n");
    assert_eq!(lines(4), "13121110\n17161514\n1b1a1918\n1f1e1d1c\n");
    assert_eq!(lines(1).lines().take(2).collect::<Vec<_>>(), ["10", "11"]);
    assert_eq!(text(BASE + 6, 4).as_deref(), Some("13121110\n00001514\n"));
    assert_eq!(text(BASE, 4).as_deref(), Some(""));
    assert_eq!(text(BASE - 4, 4), None, "it ends before it begins");
    assert_eq!(text(u64::MAX, 4), None, "not in RAM");
}
