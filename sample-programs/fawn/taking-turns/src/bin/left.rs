//! The one that reaches for what is not its own.
#![no_std]
#![no_main]

use fawn::{Arguments, println};
use players::Player;

fawn::main!(main);

#[unsafe(link_section = ".rodata.own")]
static OWN: [u8; 8] = *b"left    ";

fn main(arguments: Arguments) -> i32 {
    let Some(player) = Player::from_arguments(&arguments) else {
        println!("left: the conductor starts this program");
        return 2;
    };
    player.introduce(&OWN);
    player.take_turns();
    player.compute();
    // Where the other keeps its treasure; here, nothing was ever promised.
    let treasure = player.await_turn() as *const u64;
    println!("left: reaching for {treasure:p}, which is right's");
    // SAFETY: none: this is the access that must be refused, and the program does not survive it.
    let stolen = unsafe { treasure.read_volatile() };
    println!("left: got {stolen:#x}, which must not be");
    1
}
