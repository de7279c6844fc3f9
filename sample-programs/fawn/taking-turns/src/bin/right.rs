//! The one that is robbed, and does not notice.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU64, Ordering};

use fawn::{Arguments, println};
use players::Player;

fawn::main!(main);

#[unsafe(link_section = ".rodata.own")]
static OWN: [u8; 8] = *b"right   ";

static HOARD: [AtomicU64; 0x2_0000] = [const { AtomicU64::new(0) }; 0x2_0000];
const GOLD: u64 = 0x601d;

fn main(arguments: Arguments) -> i32 {
    let Some(player) = Player::from_arguments(&arguments) else {
        println!("right: the conductor starts this program");
        return 2;
    };
    player.introduce(&OWN);
    player.take_turns();
    player.compute();
    // Far beyond anything that the other has.
    let treasure = &HOARD[HOARD.len() / 2];
    treasure.store(GOLD, Ordering::Relaxed);
    let _ = player.await_turn();
    player.done(core::ptr::from_ref(treasure) as u64);
    let _ = player.await_turn();
    let untouched = treasure.load(Ordering::Relaxed) == GOLD;
    println!(
        "right: my treasure is {}",
        if untouched { "untouched" } else { "gone" }
    );
    player.done(0);
    i32::from(!untouched)
}
