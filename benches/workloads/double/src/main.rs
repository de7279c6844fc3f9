//! Double precision: planets that attract each other, and a matrix product.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::array::from_fn;
use core::hint::black_box;

use frame::mix;

frame::workload!(run, 0xf6cd_d6b7_5066_7797);

const SIZE: usize = 96;
type Matrix = [[f64; SIZE]; SIZE];

#[derive(Clone, Copy)]
struct Body {
    place: [f64; 3],
    speed: [f64; 3],
    mass: f64,
}

/// 1/√x by Newton's method from a guess at the exponent: the same bits everywhere, with no square
/// root that a library would compute elsewhere.
fn inverse_root(x: f64) -> f64 {
    let mut y = f64::from_bits(0x5fe6_eb50_c7b5_37a9 - (x.to_bits() >> 1));
    for _ in 0..4 {
        y *= 1.5 - 0.5 * x * y * y;
    }
    y
}

fn advance(bodies: &mut [Body; 5], dt: f64) {
    for i in 0..bodies.len() {
        for j in i + 1..bodies.len() {
            let d: [f64; 3] = from_fn(|k| bodies[i].place[k] - bodies[j].place[k]);
            let square = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
            let inverse = inverse_root(square);
            let pull = dt * inverse * inverse * inverse;
            for (k, distance) in d.iter().enumerate() {
                bodies[i].speed[k] -= distance * bodies[j].mass * pull;
                bodies[j].speed[k] += distance * bodies[i].mass * pull;
            }
        }
    }
    for body in bodies {
        for k in 0..3 {
            body.place[k] += dt * body.speed[k];
        }
    }
}

fn n_body(steps: usize) -> u64 {
    let mut bodies = [Body {
        place: [0.0; 3],
        speed: [0.0; 3],
        mass: 39.5,
    }; 5];
    for (i, body) in bodies.iter_mut().enumerate().skip(1) {
        let far = i as f64 * 1.7 + 3.1;
        *body = Body {
            place: [far, -0.3 * far, 0.1 * i as f64],
            speed: [0.4 / far, 2.2 - 0.2 * i as f64, 0.01],
            mass: 0.011 * i as f64,
        };
    }
    for _ in 0..steps {
        advance(&mut bodies, 0.001);
    }
    bodies
        .iter()
        .flat_map(|b| b.place)
        .fold(0, |sum, x| mix(sum, x.to_bits()))
}

fn product(a: &Matrix, b: &Matrix, c: &mut Matrix) {
    for i in 0..SIZE {
        for j in 0..SIZE {
            let mut sum = 0.0;
            for k in 0..SIZE {
                sum += a[i][k] * b[k][j];
            }
            c[i][j] = sum;
        }
    }
}

struct Shared(core::cell::UnsafeCell<[Matrix; 3]>);

// SAFETY: there is one thread.
unsafe impl Sync for Shared {}

fn matrices(rounds: usize) -> u64 {
    static MATRICES: Shared = Shared(core::cell::UnsafeCell::new([[[0.0; SIZE]; SIZE]; 3]));
    // SAFETY: this function is called once, by the only thread.
    let [a, b, c] = unsafe { &mut *MATRICES.0.get() };
    for i in 0..SIZE {
        for j in 0..SIZE {
            a[i][j] = (i * 7 + j) as f64 * 0.01;
            b[i][j] = (i as f64 - j as f64) * 0.03;
        }
    }
    for _ in 0..rounds {
        product(black_box(a), black_box(b), c);
    }
    c.iter().flatten().fold(0, |sum, x| mix(sum, x.to_bits()))
}

fn run() -> u64 {
    mix(n_body(black_box(150_000)), matrices(black_box(25)))
}
