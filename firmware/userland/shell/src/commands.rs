//! The commands that are built in: small ones, so that a system of one file can be looked around in.

use alloc::string::String;
use alloc::vec::Vec;

use fawn::file::{
    File, current_directory, flags, make_directory, metadata, read, read_directory, read_to_end,
    remove,
};
use fawn::io::write_all;
use fawn::process::{self, Ended, Fork, Pid, exec_path, fork};
use fawn::{Error, print, println, thread};

/// What a command comes to: an error is printed with what it is about.
type Outcome = Result<i32, (String, Error)>;

/// All of them, and what they do.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("cat", "[FILE...]", "print files, or what comes in"),
    ("cd", "[DIRECTORY]", "go there"),
    ("cp", "FROM TO", "copy a file"),
    ("echo", "[-n] WORD...", "print words"),
    ("exit", "[STATUS]", "end the shell"),
    (
        "fg, bg",
        "[JOB]",
        "let a stopped job go on, with or without the terminal",
    ),
    ("free", "", "memory: all, free, promised"),
    ("grep", "TEXT [FILE...]", "lines with the text in them"),
    ("help", "", "this"),
    ("history", "", "the lines that were typed"),
    ("jobs", "", "what the shell has started"),
    (
        "kill",
        "[-SIGNAL] PROCESS...",
        "send a signal (TERM, or 9, 18, 19 ...)",
    ),
    ("ls", "[-l] [PATH...]", "what is in a directory"),
    (
        "mailboxes",
        "",
        "what mailboxes hold, and how many wait for them",
    ),
    ("mkdir", "DIRECTORY...", "make directories"),
    ("poweroff", "", "end the machine's run"),
    ("ps", "", "processes"),
    ("pwd", "", "where one is"),
    ("rm", "PATH...", "remove files and empty directories"),
    ("sleep", "SECONDS", "wait"),
    ("time", "COMMAND...", "how long a command takes"),
    ("top", "", "processes by the time that they have run"),
    ("uptime", "", "how long the machine runs"),
    ("wait", "", "wait for all jobs"),
    ("wc", "[FILE...]", "lines, words and bytes"),
];

/// Runs a built-in command in this process; nothing if there is none of that name.
pub fn run(words: &[&str]) -> Option<i32> {
    let (&name, arguments) = words.split_first()?;
    let outcome = match name {
        "cat" => each_input(arguments, &mut |_, file| copy(file, 1)),
        "cp" => copy_file(arguments),
        "echo" => echo(arguments),
        "false" => Ok(1),
        "free" => free(),
        "grep" => grep(arguments),
        "help" => help(),
        "kill" => kill(arguments),
        "ls" => list(arguments),
        "mailboxes" => mailboxes(),
        "mkdir" => each(arguments, make_directory),
        "poweroff" => process::power_off().map(|()| 0).map_err(about("poweroff")),
        "ps" => processes(false),
        "pwd" => here(),
        "rm" => each(arguments, remove),
        "sleep" => sleep(arguments),
        "time" => time(arguments),
        "top" => processes(true),
        "true" => Ok(0),
        "uptime" => uptime(),
        "wc" => count(arguments),
        _ => return None,
    };
    Some(match outcome {
        Ok(status) => status,
        Err((what, error)) => {
            println!("{name}: {what}: {error}");
            1
        }
    })
}

/// Names what an error is about.
fn about(what: &str) -> impl Fn(Error) -> (String, Error) + '_ {
    move |error| (what.into(), error)
}

/// The names of all commands, for completion.
pub fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|(name, ..)| *name)
}

/// `cd`.
pub fn change_directory(path: &str) -> i32 {
    match fawn::file::change_directory(path) {
        Ok(()) => 0,
        Err(error) => {
            println!("cd: {path}: {error}");
            1
        }
    }
}

fn help() -> Outcome {
    for (name, arguments, what) in COMMANDS {
        println!("{name} {arguments:<24} {what}");
    }
    println!("COMMAND | COMMAND, < FILE, > FILE, >> FILE, &, ;, &&, ||, $?; programs are in /bin");
    Ok(0)
}

fn echo(words: &[&str]) -> Outcome {
    let (words, end) = match words {
        ["-n", rest @ ..] => (rest, ""),
        all => (all, "\n"),
    };
    print!("{}{end}", words.join(" "));
    Ok(0)
}

fn here() -> Outcome {
    println!("{}", current_directory().map_err(about("."))?);
    Ok(0)
}

fn each(paths: &[&str], act: impl Fn(&str) -> Result<(), Error>) -> Outcome {
    for path in paths {
        act(path).map_err(about(path))?;
    }
    Ok(i32::from(paths.is_empty()))
}

/// Does something with each file, or with what comes in when none is named.
fn each_input(paths: &[&str], act: &mut dyn FnMut(&str, u32) -> Result<(), Error>) -> Outcome {
    if paths.is_empty() {
        act("", 0).map_err(about("input"))?;
    }
    for path in paths {
        let file = File::open(path, flags::O_RDONLY).map_err(about(path))?;
        act(path, file.0).map_err(about(path))?;
    }
    Ok(0)
}

fn copy(from: u32, to: u32) -> Result<(), Error> {
    let mut bytes = [0; 1024];
    loop {
        match read(from, &mut bytes)? {
            0 => return Ok(()),
            count => write_all(to, &bytes[..count])?,
        }
    }
}

fn copy_file(words: &[&str]) -> Outcome {
    let [from, to] = words else {
        return Err(("FROM TO".into(), Error(fawn::errno::EINVAL)));
    };
    let source = File::open(from, flags::O_RDONLY).map_err(about(from))?;
    let target = match metadata(to) {
        Ok(found) if found.is_directory() => {
            let name = from.rsplit('/').next().unwrap_or(from);
            alloc::format!("{to}/{name}")
        }
        _ => (*to).into(),
    };
    let wanted = flags::O_WRONLY | flags::O_CREAT | flags::O_TRUNC;
    let target = File::open(&target, wanted).map_err(about(to))?;
    copy(source.0, target.0).map_err(about(to))?;
    Ok(0)
}

fn list(words: &[&str]) -> Outcome {
    let (long, mut paths) = match words {
        ["-l", rest @ ..] => (true, rest),
        all => (false, all),
    };
    if paths.is_empty() {
        paths = &["."];
    }
    for path in paths {
        let found = metadata(path).map_err(about(path))?;
        if !found.is_directory() {
            println!("{path}");
            continue;
        }
        let names = read_directory(path).map_err(about(path))?;
        for name in &names {
            let full = alloc::format!("{path}/{name}");
            match metadata(&full) {
                Ok(found) if long => {
                    let kind = if found.is_directory() { 'd' } else { '-' };
                    println!("{kind} {:>9} {name}", found.size);
                }
                Ok(found) if found.is_directory() => println!("{name}/"),
                _ => println!("{name}"),
            }
        }
    }
    Ok(0)
}

fn text_of(file: u32) -> Result<String, Error> {
    let bytes = read_to_end(file)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn grep(words: &[&str]) -> Outcome {
    let Some((wanted, paths)) = words.split_first() else {
        return Err(("TEXT".into(), Error(fawn::errno::EINVAL)));
    };
    let mut found = false;
    each_input(paths, &mut |path, file| {
        for line in text_of(file)?.lines().filter(|line| line.contains(wanted)) {
            found = true;
            match paths.len() {
                0 | 1 => println!("{line}"),
                _ => println!("{path}: {line}"),
            }
        }
        Ok(())
    })?;
    Ok(i32::from(!found))
}

fn count(paths: &[&str]) -> Outcome {
    each_input(paths, &mut |path, file| {
        let bytes = read_to_end(file)?;
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
        let words = bytes
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .count();
        println!("{lines:>7} {words:>7} {:>7} {path}", bytes.len());
        Ok(())
    })
}

fn kill(words: &[&str]) -> Outcome {
    const TERM: u32 = 15;
    let (signal, who) = match words {
        [first, rest @ ..] if first.starts_with('-') => {
            let number = first[1..].parse().map_err(|_| Error(fawn::errno::EINVAL));
            (number.map_err(about(first))?, rest)
        }
        all => (TERM, all),
    };
    each(who, |word| {
        let pid: i64 = word.parse().map_err(|_| Error(fawn::errno::EINVAL))?;
        process::kill(pid, signal)
    })
}

fn processes(by_time: bool) -> Outcome {
    let mut entries = process::list().map_err(about("processes"))?;
    if by_time {
        entries.sort_by_key(|entry| core::cmp::Reverse(entry.ran));
    }
    println!("  PID  PPID   JOB STATE   THREADS   PAGES     TIME NAME");
    for entry in entries {
        let state = match (entry.state & 15, entry.state & 16) {
            (3, _) => "zombie",
            (2, _) => "ending",
            (_, 0) => "alive",
            _ => "stopped",
        };
        let name = entry.name.split(|&byte| byte == 0).next().unwrap_or(&[]);
        println!(
            "{:>5} {:>5} {:>5} {state:<8} {:>6} {:>7} {:>5}.{:02} {}",
            entry.pid,
            entry.parent,
            entry.job,
            entry.threads,
            entry.frames,
            entry.ran / 1_000_000_000,
            entry.ran / 10_000_000 % 100,
            String::from_utf8_lossy(name)
        );
    }
    Ok(0)
}

fn mailboxes() -> Outcome {
    let entries = fawn::mailbox::list().map_err(about("mailboxes"))?;
    println!("  BOX  MESSAGES    ROOM    BYTES  RECEIVERS  SENDERS  WAITING TO RECEIVE  TO SEND");
    for entry in entries {
        println!(
            "{:>5} {:>9} {:>7} {:>8} {:>10} {:>8} {:>19} {:>8}",
            entry.number,
            entry.count,
            entry.capacity,
            entry.size,
            entry.receivers,
            entry.senders,
            entry.waiting_receivers,
            entry.waiting_senders,
        );
    }
    Ok(0)
}

/// What the kernel tells of the whole system.
fn system() -> Result<[u64; 14], (String, Error)> {
    let mut words = [0u64; 14];
    let arguments = [words.as_mut_ptr() as u64, 0, 0, 0];
    fawn::syscall::call(fawn::syscall::Number::Sysinfo, arguments).map_err(about("system"))?;
    Ok(words)
}

fn free() -> Outcome {
    let words = system()?;
    let kib = |pages: u64| pages * 4;
    println!(
        "{} KiB in all, {} KiB free, {} KiB promised",
        kib(words[4]),
        kib(words[5]),
        kib(words[6])
    );
    Ok(0)
}

fn uptime() -> Outcome {
    let now = thread::now();
    println!("up {}.{:03} s", now / 1_000_000_000, now / 1_000_000 % 1000);
    Ok(0)
}

fn sleep(words: &[&str]) -> Outcome {
    let nanos = words.first().and_then(|word| {
        let (whole, part) = word.split_once('.').unwrap_or((word, "0"));
        let digits = part.len().min(9) as u32;
        let part: u64 = part.get(..digits as usize)?.parse().ok()?;
        let whole: u64 = whole.parse().ok()?;
        Some(whole * 1_000_000_000 + part * 10u64.pow(9 - digits))
    });
    let nanos = nanos.ok_or(("SECONDS".into(), Error(fawn::errno::EINVAL)))?;
    thread::sleep(nanos);
    Ok(0)
}

/// Runs a command and says how long it took.
fn time(words: &[&str]) -> Outcome {
    let begun = thread::now();
    let status = match fork().map_err(about("time"))? {
        Fork::Child => {
            let status = run(words).unwrap_or_else(|| {
                let name = words.first().copied().unwrap_or("");
                let error = exec_path(&alloc::format!("/bin/{name}"), words);
                println!("time: {name}: {error}");
                127
            });
            process::exit(status)
        }
        Fork::Parent(pid) => wait_for(pid),
    };
    let took = thread::now() - begun;
    println!("{}.{:03} s", took / 1_000_000_000, took / 1_000_000 % 1000);
    Ok(status)
}

fn wait_for(pid: Pid) -> i32 {
    match process::wait(Some(pid)) {
        Ok((_, ended @ (Ended::Exited(_) | Ended::Killed(_)))) => crate::jobs::status_of(ended),
        Err(_) => 1,
    }
}

/// Names in a directory that begin with a text, for completion.
pub fn completions(directory: &str, begin: &str) -> Vec<String> {
    let mut names = read_directory(directory).unwrap_or_default();
    names.retain(|name| name.starts_with(begin));
    names
}
