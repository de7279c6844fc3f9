//! An interpreter of bytecode: an indirect jump for each instruction of a program that runs a
//! Collatz search, a sieve and a recursion.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::hint::black_box;

use frame::mix;

frame::workload!(run, 0x1b28_1e93_3585_4365);

const ROUNDS: usize = 20;
const REGISTERS: usize = 16;
const MEMORY: usize = 4096;
const DEPTH: usize = 64;
const LENGTH: usize = 64;

/// An operation; its operands are register numbers `a`, `b` and `c`, or an immediate in `b` and
/// `c`.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Op {
    Halt,
    Set,
    Move,
    Add,
    Subtract,
    Multiply,
    And,
    ShiftRight,
    Load,
    Store,
    Jump,
    JumpIfZero,
    JumpIfLess,
    JumpIfEqual,
    Call,
    Return,
    Push,
    Pop,
}

const OPS: [Op; 18] = [
    Op::Halt,
    Op::Set,
    Op::Move,
    Op::Add,
    Op::Subtract,
    Op::Multiply,
    Op::And,
    Op::ShiftRight,
    Op::Load,
    Op::Store,
    Op::Jump,
    Op::JumpIfZero,
    Op::JumpIfLess,
    Op::JumpIfEqual,
    Op::Call,
    Op::Return,
    Op::Push,
    Op::Pop,
];

/// Writes a program, four bytes an instruction.
struct Assembler {
    code: [[u8; 4]; LENGTH],
    end: usize,
}

impl Assembler {
    /// Adds an instruction and returns where it is, which is also where to jump to it.
    fn emit(&mut self, op: Op, a: u8, b: u8, c: u8) -> u8 {
        let at = self.end;
        self.code[at] = [op as u8, a, b, c];
        self.end += 1;
        at as u8
    }

    fn set(&mut self, register: u8, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.emit(Op::Set, register, low, high);
    }

    fn here(&self) -> u8 {
        self.end as u8
    }

    /// Lets a jump that was emitted before go to this place.
    fn land(&mut self, jump: u8) {
        self.code[usize::from(jump)][3] = self.here();
    }
}

// What the registers hold in all parts of the program.
const ONE: u8 = 1;
const LIMIT: u8 = 2;
const RESULT: u8 = 15;

/// Adds the number of steps that every number below the limit takes to 1.
fn collatz(asm: &mut Assembler) {
    let (start, number, three, bit) = (3, 4, 5, 6);
    asm.set(LIMIT, 1000);
    asm.set(three, 3);
    asm.set(start, 1);
    let outer = asm.emit(Op::Move, number, start, 0);
    let inner = asm.emit(Op::JumpIfEqual, number, ONE, 0);
    asm.emit(Op::Add, RESULT, RESULT, ONE);
    asm.emit(Op::And, bit, number, ONE);
    let is_even = asm.emit(Op::JumpIfZero, bit, 0, 0);
    asm.emit(Op::Multiply, number, number, three);
    asm.emit(Op::Add, number, number, ONE);
    asm.emit(Op::Jump, 0, 0, inner);
    asm.land(is_even);
    asm.emit(Op::ShiftRight, number, number, ONE);
    asm.emit(Op::Jump, 0, 0, inner);
    asm.land(inner);
    asm.emit(Op::Add, start, start, ONE);
    asm.emit(Op::JumpIfLess, start, LIMIT, outer);
}

/// Counts the primes below the limit in memory, whose cells are 0 at first.
fn sieve(asm: &mut Assembler) {
    let (candidate, multiple, cell) = (3, 4, 5);
    asm.set(LIMIT, MEMORY as u16);
    asm.set(candidate, 2);
    let outer = asm.emit(Op::Load, cell, candidate, 0);
    let is_prime = asm.emit(Op::JumpIfZero, cell, 0, 0);
    let next = asm.emit(Op::Add, candidate, candidate, ONE);
    asm.emit(Op::JumpIfLess, candidate, LIMIT, outer);
    let done = asm.emit(Op::Jump, 0, 0, 0);
    asm.land(is_prime);
    asm.emit(Op::Add, RESULT, RESULT, ONE);
    asm.emit(Op::Move, multiple, candidate, 0);
    let strike = asm.emit(Op::Store, multiple, ONE, 0);
    asm.emit(Op::Add, multiple, multiple, candidate);
    asm.emit(Op::JumpIfLess, multiple, LIMIT, strike);
    asm.emit(Op::Jump, 0, 0, next);
    asm.land(done);
}

/// Adds a Fibonacci number, by recursion.
fn fibonacci(asm: &mut Assembler) {
    let (argument, two, value) = (3, 4, 5);
    asm.set(argument, 18);
    asm.set(two, 2);
    let call = asm.emit(Op::Call, 0, 0, 0);
    asm.emit(Op::Add, RESULT, RESULT, value);
    asm.emit(Op::Halt, 0, 0, 0);
    asm.land(call);
    let function = asm.here();
    let is_small = asm.emit(Op::JumpIfLess, argument, two, 0);
    asm.emit(Op::Push, argument, 0, 0);
    asm.emit(Op::Subtract, argument, argument, ONE);
    asm.emit(Op::Call, 0, 0, function);
    asm.emit(Op::Pop, argument, 0, 0);
    asm.emit(Op::Push, value, 0, 0);
    asm.emit(Op::Subtract, argument, argument, two);
    asm.emit(Op::Call, 0, 0, function);
    asm.emit(Op::Pop, argument, 0, 0);
    asm.emit(Op::Add, value, value, argument);
    asm.emit(Op::Return, 0, 0, 0);
    asm.land(is_small);
    asm.emit(Op::Move, value, argument, 0);
    asm.emit(Op::Return, 0, 0, 0);
}

/// What a program runs in.
struct Interpreter {
    registers: [u64; REGISTERS],
    memory: [u64; MEMORY],
    stack: [u64; DEPTH],
    depth: usize,
}

impl Interpreter {
    const NEW: Self = Self {
        registers: [0; REGISTERS],
        memory: [0; MEMORY],
        stack: [0; DEPTH],
        depth: 0,
    };

    fn push(&mut self, value: u64) {
        self.stack[self.depth % DEPTH] = value;
        self.depth += 1;
    }

    fn pop(&mut self) -> u64 {
        self.depth -= 1;
        self.stack[self.depth % DEPTH]
    }

    /// Runs a program to its end and returns how many instructions that took.
    fn run(&mut self, code: &[[u8; 4]; LENGTH]) -> u64 {
        let mut pc = 0;
        for count in 1.. {
            let [op, a, b, c] = code[pc % LENGTH];
            let immediate = u64::from(u16::from_le_bytes([b, c]));
            let target = usize::from(c);
            let [a, b, c] = [a, b, c].map(|operand| usize::from(operand) % REGISTERS);
            let r = &mut self.registers;
            pc += 1;
            match OPS[usize::from(op) % OPS.len()] {
                Op::Halt => return count,
                Op::Set => r[a] = immediate,
                Op::Move => r[a] = r[b],
                Op::Add => r[a] = r[b].wrapping_add(r[c]),
                Op::Subtract => r[a] = r[b].wrapping_sub(r[c]),
                Op::Multiply => r[a] = r[b].wrapping_mul(r[c]),
                Op::And => r[a] = r[b] & r[c],
                Op::ShiftRight => r[a] = r[b] >> (r[c] & 63),
                Op::Load => r[a] = self.memory[r[b] as usize % MEMORY],
                Op::Store => self.memory[r[a] as usize % MEMORY] = r[b],
                Op::Jump => pc = target,
                Op::JumpIfZero if r[a] == 0 => pc = target,
                Op::JumpIfLess if r[a] < r[b] => pc = target,
                Op::JumpIfEqual if r[a] == r[b] => pc = target,
                Op::JumpIfZero | Op::JumpIfLess | Op::JumpIfEqual => {}
                Op::Call => {
                    self.push(pc as u64);
                    pc = target;
                }
                Op::Return => pc = self.pop() as usize,
                Op::Push => self.push(self.registers[a]),
                Op::Pop => self.registers[a] = self.pop(),
            }
        }
        0
    }
}

fn program() -> [[u8; 4]; LENGTH] {
    let mut asm = Assembler {
        code: [[0; 4]; LENGTH],
        end: 0,
    };
    asm.set(ONE, 1);
    collatz(&mut asm);
    sieve(&mut asm);
    fibonacci(&mut asm);
    asm.code
}

fn run() -> u64 {
    let program = program();
    let mut checksum = 0;
    for _ in 0..black_box(ROUNDS) {
        let mut interpreter = Interpreter::NEW;
        checksum = mix(checksum, interpreter.run(black_box(&program)));
        checksum = mix(checksum, interpreter.registers[usize::from(RESULT)]);
    }
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_computes_what_it_says() {
        let steps = |start: u64| {
            let next = |&n: &u64| (n != 1).then(|| if n % 2 == 0 { n / 2 } else { 3 * n + 1 });
            std::iter::successors(Some(start), next).count() as u64 - 1
        };
        let is_prime = |&n: &usize| (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0);
        let primes = (2..MEMORY).filter(is_prime).count() as u64;
        let expected = (1..1000).map(steps).sum::<u64>() + primes + 2584;
        let mut interpreter = Interpreter::NEW;
        interpreter.run(&program());
        assert_eq!(interpreter.registers[usize::from(RESULT)], expected);
    }
}
