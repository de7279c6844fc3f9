//! A tree of threads: each creates two, down to the third level below the first, and joins them before it ends itself.
//!
//! Any thread may create threads and join them. What a thread reports includes what its children reported, so that the
//! order of the lines is the tree's, whatever the order in which the threads ran.
#![no_std]
#![no_main]

use fawn::alloc::format;
use fawn::alloc::string::String;
use fawn::alloc::vec::Vec;
use fawn::{Arguments, Error, print, println, thread};

fawn::main!(main);

const DEPTH: usize = 3;
const CHILDREN: usize = 2;
/// 1 + 2 + 4 + 8.
const THREADS: usize = 15;

/// What a thread gives back: a line for each thread of its part of the tree, and these threads' numbers.
struct Report {
    text: String,
    threads: Vec<u32>,
}

fn main(_: Arguments) -> i32 {
    let report = match grow(0, String::from("1")) {
        Ok(report) => report,
        Err(error) => {
            println!("thread-tree: {error}");
            return 1;
        }
    };
    print!("{}", report.text);
    let mut numbers = report.threads;
    numbers.sort_unstable();
    numbers.dedup();
    println!("{} different threads", numbers.len());
    i32::from(numbers.len() != THREADS)
}

/// What every thread does.
fn grow(level: usize, name: String) -> Result<Report, Error> {
    let mut children = Vec::new();
    if level < DEPTH {
        for number in 1..=CHILDREN {
            let name = format!("{name}.{number}");
            children.push(thread::spawn(move || grow(level + 1, name))?);
        }
    }
    let mut below = Vec::new();
    for child in children {
        // A thread that ended without a value is missed in the counts.
        if let Some(report) = child.join() {
            below.push(report?);
        }
    }
    let did = match below.len() {
        0 => String::from("a leaf"),
        count => format!("joined {count} children"),
    };
    let indent = 2 * level;
    let mut report = Report {
        text: format!("{:indent$}thread {name}: {did}\n", ""),
        threads: Vec::from([thread::id()]),
    };
    for child in below {
        report.text.push_str(&child.text);
        report.threads.extend(child.threads);
    }
    Ok(report)
}
