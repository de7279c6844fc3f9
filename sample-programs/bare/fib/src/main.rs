//! Fibonacci numbers, by recursion and by iteration.
#![no_std]
#![no_main]

use bare_runtime::println;

bare_runtime::entry!(main);

fn recursive(n: u64) -> u64 {
    if n < 2 {
        n
    } else {
        recursive(n - 1) + recursive(n - 2)
    }
}

fn iterative(n: u64) -> u64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

fn main() -> u16 {
    for n in [0, 1, 10, 20, 25] {
        println!("fib({n}) = {} = {}", recursive(n), iterative(n));
    }
    u16::from(recursive(21) != iterative(21))
}
