//! gdb's remote protocol: a client of the test's own, and sessions of gdb-multiarch itself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

fn image(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../guest-images/images")
        .join(name)
}

/// The command, at a port that the host chose.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(arguments: &[&str], file: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hartland"));
        command.args(arguments).args(file);
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let mut errors = BufReader::new(child.stderr.take().expect("its messages"));
        let mut line = String::new();
        errors.read_line(&mut line).expect("a line");
        let port = line
            .trim_end()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("no port in {line:?}"));
        // What it says later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
        Self { child, port }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(("localhost", self.port)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut client = Client(stream);
        assert!(
            client
                .ask("qSupported:swbreak+;vContSupported+")
                .contains("ReverseStep+")
        );
        client
    }

    /// Its exit status, and what the guest printed.
    fn wait(mut self) -> (Option<i32>, String) {
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait().expect("a child").is_none() {
            assert!(Instant::now() < end, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut output = String::new();
        let stdout = self.child.stdout.as_mut().expect("its output");
        stdout.read_to_string(&mut output).expect("text");
        let status = self.child.wait().expect("it ended").code();
        (status, output)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended, or a test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Client(TcpStream);

impl Client {
    fn send(&mut self, packet: &str) {
        let sum = packet.bytes().fold(0u8, u8::wrapping_add);
        write!(self.0, "${packet}#{sum:02x}").expect("it is there");
    }

    fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.0.read_exact(&mut byte).expect("an answer in time");
        byte[0]
    }

    /// The next packet, with run lengths written out.
    fn receive(&mut self) -> String {
        while self.byte() != b'$' {}
        let mut packet: Vec<u8> = Vec::new();
        loop {
            match self.byte() {
                b'#' => break,
                b'*' => {
                    let count = self.byte() - 29;
                    let last = *packet.last().expect("something to repeat");
                    packet.extend(std::iter::repeat_n(last, count.into()));
                }
                byte => packet.push(byte),
            }
        }
        self.byte();
        self.byte();
        self.0.write_all(b"+").expect("it is there");
        String::from_utf8(packet).expect("text")
    }

    fn ask(&mut self, packet: &str) -> String {
        self.send(packet);
        self.receive()
    }

    fn register(&mut self, number: usize) -> u64 {
        let hex = self.ask(&format!("p{number:x}"));
        u64::from_str_radix(&hex, 16)
            .expect("a number")
            .swap_bytes()
    }

    /// The target description, piece by piece.
    fn description(&mut self) -> String {
        let mut text = String::new();
        loop {
            let at = text.len();
            let piece = self.ask(&format!("qXfer:features:read:target.xml:{at:x},800"));
            text += &piece[1..];
            if piece.starts_with('l') {
                return text;
            }
        }
    }

    fn pc(&mut self) -> u64 {
        self.register(32)
    }

    fn monitor(&mut self, command: &str) -> String {
        let hex: String = command.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.send(&format!("qRcmd,{hex}"));
        let mut text = String::new();
        loop {
            let packet = self.receive();
            match packet.strip_prefix('O') {
                Some("K") => return text,
                Some(hex) => text.extend(hex.as_bytes().chunks(2).map(|digits| {
                    let digits = std::str::from_utf8(digits).expect("hex");
                    u8::from_str_radix(digits, 16).expect("hex") as char
                })),
                None => panic!("{packet}"),
            }
        }
    }
}

#[test]
fn a_client_steps_both_ways_sets_registers_leaves_and_comes_back() {
    let server = Server::start(&["run", "-S", "--gdb=:0"], Some(&image("hello.elf")));
    let mut client = server.connect();
    assert_eq!(client.pc(), 0x1000, "the reset ROM");
    assert!(client.ask("vCont;s:1").starts_with("T05"));
    assert_eq!(client.pc(), 0x1004);
    assert!(client.ask("bs").starts_with("T05"));
    assert_eq!(client.pc(), 0x1000);
    assert!(client.ask("bs").contains("replaylog:begin"));
    assert_eq!(
        client.ask("P20=0000008000000000"),
        "E79",
        "the past stays as it is"
    );
    assert!(client.monitor("when").contains("step 0,"));
    assert!(client.monitor("present").contains("step 1"));
    assert_eq!(client.ask("P20=0110000000000000"), "OK");
    assert_eq!(client.pc(), 0x1000, "an odd address is made even");
    // Somebody tears the cable out; the machine waits.
    drop(client);
    let mut client = server.connect();
    assert_eq!(client.pc(), 0x1000);
    assert_eq!(client.ask("Z0,80000000,2"), "OK");
    assert!(client.ask("vCont;c").contains("swbreak"));
    assert_eq!(client.pc(), 0x8000_0000);
    // Detached, it runs on to its end.
    assert_eq!(client.ask("D"), "OK");
    let (status, output) = server.wait();
    assert_eq!(status, Some(0));
    assert!(output.starts_with("Hello"), "{output}");
}

#[test]
fn csrs_have_names_and_a_machine_can_be_killed() {
    let server = Server::start(&["run", "-S", "--smp", "3", "--gdb=:0"], None);
    let mut client = server.connect();
    let description = client.description();
    for name in ["mstatus", "satp", "stimecmp", "pmpaddr15", "fa0", "priv"] {
        assert!(description.contains(&format!("name=\"{name}\"")), "{name}");
    }
    assert_eq!(client.ask("qfThreadInfo"), "m01,02,03");
    assert_eq!(client.register(4161), 3 << 56, "M-mode, in one byte");
    client.send("k");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn garbage_from_a_client_harms_nobody() {
    let server = Server::start(&["run", "-S", "--gdb=:0"], Some(&image("hello.elf")));
    let mut client = server.connect();
    for garbage in [
        "m0,ffffffffffffffff",
        "Z2,0,ffffffff",
        "Hgffff",
        "p9999",
        "X",
        "vCont;x:9",
    ] {
        client.send(garbage);
    }
    client
        .0
        .write_all(b"$$##\x00\xff$m#zz}")
        .expect("it is there");
    drop(client);
    let mut client = server.connect();
    assert_eq!(client.pc(), 0x1000);
    client.send("k");
    assert_eq!(server.wait().0, Some(0));
}

/// What gdb-multiarch says to some commands, over standard input and output.
fn gdb(symbols: &Path, arguments: &str, commands: &[&str]) -> String {
    let remote = format!(
        "target remote | {} run -S --gdb=stdio {arguments} 2>/dev/null",
        env!("CARGO_BIN_EXE_hartland")
    );
    let settings = [
        "set pagination off",
        "set confirm off",
        "set architecture riscv:rv64",
    ];
    let mut command = Command::new("gdb-multiarch");
    command
        .args(["-nx", "-batch", "-quiet"])
        .arg(symbols)
        .stdin(Stdio::null());
    for line in settings
        .into_iter()
        .chain([remote.as_str()])
        .chain(commands.iter().copied())
    {
        command.args(["-ex", line]);
    }
    let Output { stdout, stderr, .. } = command
        .output()
        .expect("gdb-multiarch: apt-get install gdb-multiarch");
    let text = String::from_utf8_lossy(&stdout).into_owned();
    text + &String::from_utf8_lossy(&stderr)
}

/// The text has all of these, one after the other.
fn assert_in_order(text: &str, wanted: &[&str]) {
    let mut rest = text;
    for part in wanted {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("no {part:?} there:\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
#[ignore = "needs gdb-multiarch (apt-get install gdb-multiarch): cargo test -p hartland --test gdb -- --ignored"]
fn gdb_goes_both_ways_in_a_bare_metal_program() {
    let file = image("hello.elf");
    let said = gdb(
        &file,
        &file.display().to_string(),
        &[
            "break bare_main",
            "continue",
            "print $mcause",
            "stepi",
            "reverse-stepi",
            "print $pc",
            // The program writes no memory; it reads its text once.
            "find /b1 0x80000000, 0x80002000, 'H', 'e', 'l', 'l', 'o'",
            "rwatch -location *(char*)$_",
            "continue",
            "reverse-continue",
            "monitor when",
            "delete",
            // To the present, to the program's last step, and to its end.
            "continue",
            "continue",
            "continue",
        ],
    );
    assert_in_order(
        &said,
        &[
            "Breakpoint 1, 0x000000008000002e in bare_main",
            "$1 = 0",
            "0x8000002e <bare_main>",
            "Hardware read watchpoint 2",
            "Value = 72 'H'",
            "Value = 72 'H'",
            "No more reverse-execution history",
            "exited normally",
        ],
    );
    // Where gdb writes what a monitor command says depends on its version.
    assert!(said.contains("in the past: the present is step"), "{said}");
}

#[test]
#[ignore = "needs gdb-multiarch (apt-get install gdb-multiarch): cargo test -p hartland --test gdb -- --ignored"]
fn gdb_stops_in_a_program_of_fawns_that_is_not_loaded_yet() {
    let folder = tempfile::tempdir().expect("a folder");
    let programs = guest_images::programs().programs;
    let pipeline = programs
        .iter()
        .find(|program| program.path == "bin/pipeline");
    let debug = zstd::decode_all(pipeline.expect("the sample").debug).expect("it unpacks");
    let file = folder.path().join("pipeline.debug");
    std::fs::write(&file, debug).expect("a file");
    let said = gdb(
        &file,
        "--smp 2 --append 'quiet noecho -- /bin/pipeline'",
        &[
            "break pipeline::words",
            "continue",
            "backtrace 2",
            "info threads",
            "next",
            "reverse-next",
            "reverse-stepi",
            "monitor when",
        ],
    );
    assert_in_order(
        &said,
        &[
            "hit Breakpoint 1, pipeline::words",
            "#0  pipeline::words",
            "pipeline::start",
            "(hart 0",
            "(hart 1",
            "in the past",
        ],
    );
}
