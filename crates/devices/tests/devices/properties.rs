//! What holds for any sequence of accesses.

use abi::memory_map::{self as map, Region};
use memory::{Bus, Effect, HostEvent, Width};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::board::{Guest, board_with};

/// Something that a guest or the world does.
#[derive(Clone, Debug)]
enum Act {
    Read(u64, Width),
    Write(u64, Width, u64),
    Pass(u64),
    Type(Vec<u8>),
    Reset,
}

fn address() -> impl Strategy<Value = u64> {
    let regions: [Region; 6] = [
        map::RESET_ROM,
        map::TEST_FINISHER,
        map::RTC,
        map::CLINT,
        map::PLIC,
        map::UART,
    ];
    // Mostly where registers are, and anywhere else too.
    let plic = select(vec![0u64, 0x1000, 0x2000, 0x2080, 0x20_0000, 0x20_1000])
        .prop_flat_map(|base| (0u64..48).prop_map(move |at| map::PLIC.base + base + at));
    let clint = select(vec![0u64, 0x4000, 0xbff0])
        .prop_flat_map(|base| (0u64..24).prop_map(move |at| map::CLINT.base + base + at));
    let anywhere = select(regions.to_vec())
        .prop_flat_map(|region| (0..region.size).prop_map(move |at| region.base + at));
    prop_oneof![
        3 => (0u64..8).prop_map(|at| map::UART.base + at),
        2 => (0u64..8).prop_map(|at| map::RTC.base + 4 * at),
        2 => plic,
        2 => clint,
        2 => anywhere,
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let widths = vec![Width::Byte, Width::Half, Width::Word, Width::Double];
    let width = select(widths);
    let value = prop_oneof![any::<u64>(), 0u64..256, Just(u64::MAX)];
    prop_oneof![
        6 => (address(), width.clone()).prop_map(|(at, width)| Act::Read(at, width)),
        8 => (address(), width, value).prop_map(|(at, width, value)| Act::Write(at, width, value)),
        3 => (0u64..1_000_000).prop_map(Act::Pass),
        1 => vec(any::<u8>(), 0..20).prop_map(Act::Type),
        1 => Just(Act::Reset),
    ]
}

/// All that can be seen of one act.
type Seen = (Option<u64>, Vec<Effect>, [u64; 2], u128, Option<u64>);

fn perform(bus: &mut Bus, act: &Act) -> Seen {
    let mut value = None;
    match act {
        Act::Read(at, width) => value = bus.load(*at, *width).ok(),
        Act::Write(at, width, new) => value = bus.store(*at, *width, *new).ok().map(|()| 0),
        Act::Pass(nanos) => bus.pass(*nanos),
        Act::Type(bytes) => assert!(bus.event(&HostEvent::ConsoleInput(bytes.clone()))),
        Act::Reset => bus.reset(),
    }
    let harts = [bus.lines.into_hart(0), bus.lines.into_hart(1)];
    let effects = std::mem::take(&mut bus.effects);
    (value, effects, harts, bus.lines.sources(), bus.deadline())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No access panics, deadlines are ahead and end, and a board that takes over another's state in the
    /// middle goes on exactly as that one does.
    #[test]
    fn storms_are_survived_and_repeat(
        before in vec(act(), 0..60),
        after in vec(act(), 1..60),
    ) {
        let mut first = board_with(b"prepared input");
        for act in &before {
            perform(&mut first, act);
        }
        let saved = first.save_devices();
        let mut second = board_with(b"prepared input");
        second.restore_devices(&saved).expect("a state that was just saved");
        prop_assert_eq!(&second.save_devices(), &saved);
        second.clock = first.clock;
        second.lines = first.lines.clone();
        for act in &after {
            prop_assert_eq!(perform(&mut first, act), perform(&mut second, act));
        }
        prop_assert_eq!(first.save_devices(), second.save_devices());
    }

    /// Damaged states are refused or taken, and never do harm.
    #[test]
    fn damaged_states_do_no_harm(
        damage in vec((0usize..6, any::<prop::sample::Index>(), any::<u8>()), 1..8),
        after in vec(act(), 0..40),
    ) {
        let mut bus = board_with(b"prepared input");
        let mut states = bus.save_devices();
        for (device, index, byte) in damage {
            let state = &mut states[device].1;
            if !state.is_empty() {
                let at = index.index(state.len());
                state[at] = byte;
            }
        }
        for state in &states {
            let _ = bus.restore_devices(std::slice::from_ref(state));
        }
        for act in &after {
            let quiet = !matches!(act, Act::Pass(_)); // a damaged deadline may lie behind
            if quiet {
                perform(&mut bus, act);
            }
        }
    }
}

#[test]
fn states_of_other_devices_are_refused() {
    let mut bus = board_with(b"");
    for (name, mut state) in bus.save_devices() {
        let (was_empty, before) = (state.is_empty(), bus.save_devices());
        state.push(0);
        let taken = bus.restore_devices(&[(name.clone(), state)]).is_ok();
        assert!(
            name == "rom" || !taken,
            "{name} takes trailing bytes, empty {was_empty}"
        );
        if name != "rom" {
            assert_eq!(bus.save_devices(), before, "{name} changed");
        }
    }
}
