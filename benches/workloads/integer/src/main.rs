//! Branchy integer work: a sieve, a hash map, sorting and recursion.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::hint::black_box;

use frame::{Random, mix};

frame::workload!(run, 0xe8e7_ff86_b1e2_0f5f);

const SIEVE: usize = 1 << 16;
const SLOTS: usize = 1 << 12;
const ITEMS: usize = 1 << 11;

fn sieve(composite: &mut [bool; SIEVE]) -> u64 {
    composite.fill(false);
    let mut count = 0;
    for candidate in 2..SIEVE {
        if composite[candidate] {
            continue;
        }
        count += 1;
        for multiple in (candidate * 2..SIEVE).step_by(candidate) {
            composite[multiple] = true;
        }
    }
    count
}

/// Open addressing with linear probing; key 0 is an empty slot.
fn hash_map(slots: &mut [(u64, u64); SLOTS], random: &mut Random) -> u64 {
    slots.fill((0, 0));
    let mut found = 0;
    for round in 0..ITEMS as u64 * 4 {
        let key = random.draw() % ITEMS as u64 + 1;
        let mut at = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize >> 52;
        loop {
            let slot = &mut slots[at % SLOTS];
            if slot.0 == key {
                slot.1 += round;
                found += 1;
                break;
            }
            if slot.0 == 0 {
                *slot = (key, round);
                break;
            }
            at += 1;
        }
    }
    slots.iter().fold(found, |sum, slot| mix(sum, slot.1))
}

fn quick_sort(items: &mut [u64]) {
    if items.len() < 2 {
        return;
    }
    let pivot = items[items.len() / 2];
    let (mut low, mut high) = (0, items.len() - 1);
    loop {
        while items[low] < pivot {
            low += 1;
        }
        while items[high] > pivot {
            high -= 1;
        }
        if low >= high {
            break;
        }
        items.swap(low, high);
        low += 1;
        high -= 1;
    }
    let (left, right) = items.split_at_mut(low);
    quick_sort(left);
    quick_sort(right);
}

fn ackermann(m: u64, n: u64) -> u64 {
    match (m, n) {
        (0, n) => n + 1,
        (m, 0) => ackermann(m - 1, 1),
        (m, n) => ackermann(m - 1, ackermann(m, n - 1)),
    }
}

struct Memory {
    composite: [bool; SIEVE],
    slots: [(u64, u64); SLOTS],
    items: [u64; ITEMS],
}

fn run() -> u64 {
    static MEMORY: Shared = Shared(core::cell::UnsafeCell::new(Memory {
        composite: [false; SIEVE],
        slots: [(0, 0); SLOTS],
        items: [0; ITEMS],
    }));
    // SAFETY: `run` is called once, by the only thread.
    let memory = unsafe { &mut *MEMORY.0.get() };
    let mut random = Random::new(42);
    let mut checksum = 0;
    for _ in 0..black_box(150) {
        checksum = mix(checksum, sieve(&mut memory.composite));
        checksum = mix(checksum, hash_map(&mut memory.slots, &mut random));
        memory.items.fill_with(|| random.draw());
        quick_sort(&mut memory.items);
        checksum = memory
            .items
            .iter()
            .fold(checksum, |sum, &item| mix(sum, item));
        checksum = mix(checksum, ackermann(2, black_box(60)));
    }
    checksum
}

struct Shared(core::cell::UnsafeCell<Memory>);

// SAFETY: there is one thread.
unsafe impl Sync for Shared {}
