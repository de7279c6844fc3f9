//! The serial port.

use abi::memory_map::UART_IRQ;
use memory::{Bus, BusFault, HostEvent, Width};

use crate::board::{Guest, board, board_with};

const UART: u64 = 0x1000_0000;
const DATA: u64 = UART;
const IER: u64 = UART + 1;
const IIR: u64 = UART + 2;
const FCR: u64 = UART + 2;
const LCR: u64 = UART + 3;
const MCR: u64 = UART + 4;
const LSR: u64 = UART + 5;
const MSR: u64 = UART + 6;
const SCR: u64 = UART + 7;

const MILLISECOND: u64 = 1_000_000;
const LOOPBACK: u8 = 1 << 4;

fn type_in(bus: &mut Bus, text: &[u8]) {
    assert!(bus.event(&HostEvent::ConsoleInput(text.to_vec())));
}

fn interrupts(bus: &Bus) -> bool {
    bus.lines.source(UART_IRQ)
}

/// Reads while there is something to read.
fn drain(bus: &mut Bus) -> Vec<u8> {
    let mut seen = Vec::new();
    while bus.byte(LSR) & 1 != 0 {
        seen.push(bus.byte(DATA));
    }
    seen
}

#[test]
fn registers_at_reset() {
    let mut bus = board();
    let seen: Vec<u8> = (1..8).map(|offset| bus.byte(UART + offset)).collect();
    assert_eq!(seen, [0, 1, 0, 8, 0x60, 0xb0, 0]);
    bus.set_byte(LCR, 0x80);
    assert_eq!((bus.byte(DATA), bus.byte(IER)), (12, 0));
}

#[test]
fn divisor_hides_behind_dlab_and_disturbs_nothing() {
    let mut bus = board();
    bus.set_byte(IER, 5);
    bus.set_byte(LCR, 0x83);
    bus.set_byte(DATA, 0x34);
    bus.set_byte(IER, 0x12);
    assert_eq!((bus.byte(DATA), bus.byte(IER)), (0x34, 0x12));
    bus.set_byte(LCR, 3);
    assert_eq!(bus.byte(IER), 5);
    assert!(bus.printed().is_empty());
    bus.set_byte(SCR, 0xa5);
    assert_eq!(bus.byte(SCR), 0xa5);
}

#[test]
fn what_is_sent_is_printed_and_the_transmitter_is_empty_again() {
    let mut bus = board();
    for byte in *b"hello" {
        bus.set_byte(DATA, byte);
        assert_eq!(bus.byte(LSR), 0x60);
    }
    assert_eq!(bus.printed(), b"hello");
}

#[test]
fn transmitter_interrupt_comes_with_its_enable_and_goes_when_read() {
    let mut bus = board();
    bus.set_byte(IER, 2);
    assert!(interrupts(&bus));
    assert_eq!(bus.byte(IIR), 2);
    assert!(!interrupts(&bus));
    assert_eq!(bus.byte(IIR), 1);
    bus.set_byte(DATA, b'x');
    assert!(interrupts(&bus), "empty again");
    bus.set_byte(IER, 0);
    assert!(!interrupts(&bus));
    bus.set_byte(IER, 2);
    assert!(interrupts(&bus), "each time it is enabled");
}

#[test]
fn typed_byte_interrupts_until_it_is_read() {
    let mut bus = board();
    bus.set_byte(IER, 1);
    bus.pass(MILLISECOND);
    type_in(&mut bus, b"a");
    assert!(interrupts(&bus));
    assert_eq!((bus.byte(IIR), bus.byte(LSR)), (4, 0x61));
    assert_eq!(bus.byte(DATA), b'a');
    assert!(!interrupts(&bus));
    assert_eq!(bus.byte(DATA), b'a', "the receive register keeps it");
}

#[test]
fn trigger_level_and_character_timeout() {
    let mut bus = board();
    bus.set_byte(FCR, 0x81); // trigger at 8
    bus.set_byte(IER, 1);
    type_in(&mut bus, b"1234567");
    bus.pass(750_000);
    assert_eq!(bus.byte(IIR), 0xc1, "seven bytes are not eight");
    bus.pass(350_000);
    assert_eq!(bus.byte(IIR), 0xcc, "but a pause ends the wait");
    assert!(interrupts(&bus));
    bus.byte(DATA);
    assert!(!interrupts(&bus));
    type_in(&mut bus, b"89");
    bus.pass(150_000);
    assert_eq!(bus.byte(IIR), 0xc4);
    assert_eq!(drain(&mut bus), b"23456789");
}

#[test]
fn nothing_is_lost_when_the_fifo_is_full() {
    let mut bus = board();
    bus.set_byte(FCR, 1);
    let text: Vec<u8> = (0..100).collect();
    type_in(&mut bus, &text);
    bus.pass(100 * MILLISECOND);
    assert_eq!(bus.deadline(), None, "no room: only a read goes on");
    let mut seen = Vec::new();
    while seen.len() < text.len() {
        let part = drain(&mut bus);
        assert!((1..=17).contains(&part.len()), "{}", part.len());
        seen.extend(part);
        bus.pass(MILLISECOND);
    }
    assert_eq!(seen, text);
    assert_eq!(bus.byte(LSR) & 2, 0, "no overrun");
}

#[test]
fn prepared_input_is_paced_by_guest_time() {
    let mut bus = board_with(b"abc");
    bus.set_byte(FCR, 1);
    let arrivals: Vec<u64> = (0..3)
        .map(|_| {
            while bus.byte(LSR) & 1 == 0 {
                bus.pass(1000);
            }
            bus.byte(DATA);
            bus.clock.now()
        })
        .collect();
    assert_eq!(arrivals, [100_000, 200_000, 300_000]);
    bus.pass(MILLISECOND);
    assert_eq!((bus.byte(LSR) & 1, bus.deadline()), (0, None));
}

#[test]
fn input_survives_a_driver_that_clears_the_fifo_and_reads_once_more() {
    let mut bus = board_with(b"ls\n");
    bus.set_byte(FCR, 1);
    bus.pass(MILLISECOND);
    assert_eq!(bus.byte(LSR) & 1, 1);
    bus.set_byte(FCR, 7);
    assert_eq!(bus.byte(LSR) & 1, 0);
    assert_eq!(bus.byte(DATA), 0);
    bus.pass(MILLISECOND);
    assert_eq!(drain(&mut bus), b"ls\n");
}

#[test]
fn loopback_receives_what_is_sent_and_overruns() {
    let mut bus = board();
    bus.set_byte(FCR, 1);
    bus.set_byte(IER, 4);
    bus.set_byte(MCR, LOOPBACK | 0xf);
    assert_eq!(bus.byte(MSR), 0xf0);
    bus.set_byte(MCR, LOOPBACK | 2);
    assert_eq!(bus.byte(MSR), 0x10);
    for byte in 0..17 {
        bus.set_byte(DATA, byte);
    }
    assert!(interrupts(&bus));
    assert_eq!(bus.byte(IIR), 0xc6);
    assert_eq!(bus.byte(LSR), 0x63);
    assert_eq!(bus.byte(LSR), 0x61, "told once");
    assert!(!interrupts(&bus));
    assert_eq!(drain(&mut bus), (0..16).collect::<Vec<u8>>());
    assert!(bus.printed().is_empty());
}

#[test]
fn without_fifos_an_overrun_keeps_the_newer_byte() {
    let mut bus = board();
    bus.set_byte(MCR, LOOPBACK);
    bus.set_byte(DATA, 1);
    bus.set_byte(DATA, 2);
    assert_eq!(bus.byte(LSR), 0x63);
    assert_eq!(drain(&mut bus), [2]);
}

#[test]
fn nothing_arrives_in_loopback() {
    let mut bus = board_with(b"x");
    bus.set_byte(MCR, LOOPBACK);
    bus.pass(MILLISECOND);
    assert_eq!((bus.byte(LSR) & 1, bus.deadline()), (0, None));
    bus.set_byte(MCR, 0);
    assert_eq!(drain(&mut bus), b"x");
}

#[test]
fn wider_accesses_reach_the_one_register() {
    let mut bus = board();
    bus.set_word(DATA, 0x1234_5641);
    bus.set_double(DATA, 0x42);
    assert_eq!(bus.printed(), b"AB");
    assert_eq!(bus.word(MCR), 8);
    assert_eq!(bus.load(LSR, Width::Half), Err(BusFault::Refused));
    assert_eq!(bus.load(UART + 8, Width::Byte), Err(BusFault::Unmapped));
}

#[test]
fn reset_keeps_unread_input() {
    let mut bus = board_with(b"abc");
    bus.set_byte(FCR, 1);
    bus.pass(250_000);
    bus.reset();
    bus.set_byte(FCR, 1);
    bus.pass(MILLISECOND);
    assert_eq!(drain(&mut bus), b"abc");
}
