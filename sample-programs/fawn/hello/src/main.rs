//! The smallest program: it greets, lists the arguments that it was given, and ends with a status of its choice.
//!
//! A program for Fawn has neither Rust's standard library nor its `main`: it links the library `fawn`, which has the first
//! instructions, output, memory, and a function for each system call.
#![no_std]
#![no_main]

use fawn::{Arguments, println};

fawn::main!(main);

fn main(arguments: Arguments) -> i32 {
    println!("hello, world");
    // Argument 0 is what the program was called by.
    for index in 1..arguments.len() {
        match arguments.get(index) {
            Some(text) => println!("argument {index}: {text}"),
            None => println!("argument {index} is not text"),
        }
    }
    0
}
