//! A broken program, to find the bug in (docs/debugger.md does): a clerk sends orders to a kitchen, one of them is lost, and only when the
//! kitchen closes does somebody notice.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use fawn::mailbox::{Mailbox, Until};
use fawn::process::yield_now;
use fawn::{Arguments, Error, println, thread};

fawn::main!(main);

/// Orders of the evening, numbered from 1.
const ORDERS: u32 = 12;
/// An order that takes the kitchen long.
const FEAST: u32 = 5;
/// What a feast takes, in turns.
const FEAST_TURNS: u32 = 6;
/// The message that means that there are no more orders.
const CLOSING: u32 = 0;

/// What the kitchen writes down: the plates of each order that it cooked.
static COOKED: [AtomicU32; ORDERS as usize + 1] =
    [const { AtomicU32::new(0) }; ORDERS as usize + 1];

fn main(_: Arguments) -> i32 {
    match evening() {
        Ok(0) => {
            println!("every order was cooked");
            0
        }
        Ok(missing) => {
            println!("order {missing} was never cooked");
            1
        }
        Err(error) => {
            println!("lost-message: {error}");
            1
        }
    }
}

/// Clerk and kitchen work side by side; the first order that is missing in the end, or 0.
fn evening() -> Result<u32, Error> {
    let orders = Mailbox::new(4, 4)?;
    let kitchen = thread::spawn(move || kitchen(orders))?;
    let clerk = thread::spawn(move || clerk(orders))?;
    clerk.join();
    kitchen.join();
    let missing = (1..=ORDERS).find(|&order| COOKED[order as usize].load(Ordering::Relaxed) == 0);
    Ok(missing.unwrap_or(0))
}

/// Takes the orders of the evening, one a turn.
#[inline(never)]
fn clerk(orders: Mailbox) {
    for order in 1..=ORDERS {
        place(orders, order);
        yield_now();
    }
    // The last word must arrive.
    let _ = orders.send(&CLOSING.to_le_bytes());
}

/// Hands an order over. A clerk does not wait for the kitchen.
#[inline(never)]
fn place(orders: Mailbox, order: u32) {
    let _ = orders.send_until(&order.to_le_bytes(), Until::Now);
}

/// Cooks until it closes.
#[inline(never)]
fn kitchen(orders: Mailbox) {
    loop {
        let mut message = [0; 4];
        let received = orders.receive(&mut message);
        let order = u32::from_le_bytes(message);
        if received.is_err() || order == CLOSING {
            return;
        }
        cook(order);
    }
}

/// Cooks an order, and writes it down.
#[inline(never)]
fn cook(order: u32) {
    let turns = if order == FEAST { FEAST_TURNS } else { 1 };
    for _ in 0..turns {
        COOKED[order as usize].fetch_add(1, Ordering::Relaxed);
        yield_now();
    }
}
