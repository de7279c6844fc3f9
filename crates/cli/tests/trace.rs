//! Tracing, profiles and exploration as a person and a script meet them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join(format!("../guest-images/images/{name}.elf"));
    path.display().to_string()
}

fn hartland(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hartland"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the command starts")
}

/// A folder with what a run on Fawn needs: a script, and nothing to type.
struct Place(TempDir);

impl Place {
    fn new(script: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("script"), script).expect("a file");
        std::fs::write(folder.path().join("nothing"), "").expect("a file");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("it was written")
    }

    /// Runs the script with more options; returns steps, state hash and exit status.
    fn run(&self, options: &[&str]) -> (Value, Value, i32) {
        let (script, input) = (self.text("script"), self.text("nothing"));
        let json = format!("--json={}", self.text("report"));
        let mut arguments = vec!["run", "--script", &script, "--input", &input, &json];
        arguments.extend(options);
        let output = hartland(&arguments);
        let status = output.status.code().expect("ended by itself");
        let report: Value = serde_json::from_str(&self.read("report")).expect("JSON");
        (
            report["steps"].clone(),
            report["state_hash"].clone(),
            status,
        )
    }
}

#[test]
fn tracing_changes_nothing_and_engines_trace_the_same() {
    let place = Place::new("rendezvous\n");
    let plain = place.run(&["--smp", "2"]);
    assert_eq!(plain.2, 0);
    let mut texts = Vec::new();
    for engine in ["threaded", "plain"] {
        for format in ["text", "json", "perfetto"] {
            let file = place.text(&format!("{engine}.{format}"));
            let options = ["--smp", "2", "--trace", "--trace-file", &file];
            let traced = place.run(
                &[
                    &options[..],
                    &["--trace-format", format, "--engine", engine],
                ]
                .concat(),
            );
            assert_eq!(traced, plain, "{engine} {format}");
        }
        texts.push(place.read(&format!("{engine}.text")));
        assert_eq!(
            place.read("threaded.json"),
            place.read(&format!("{engine}.json"))
        );
    }
    assert_eq!(texts[0], texts[1]);
    let steps = plain.0.as_u64().expect("a number");
    let window = format!("{}..{}", steps - 50_000, steps - 40_000);
    let file = place.text("insn");
    let options = [
        "--smp",
        "2",
        "--trace=insn",
        "--trace-steps",
        &window,
        "--trace-file",
        &file,
    ];
    assert_eq!(place.run(&options), plain);
    // A step is an instruction or a trap, so nearly every step has its line.
    let lines = place.read("insn").lines().count();
    assert!((9_000..=10_000).contains(&lines), "{lines}");
}

/// Each line of a text trace from its fourth column on.
fn events(text: &str) -> Vec<&str> {
    let event = |line: &'_ str| line.get(36..).map(str::trim).is_some();
    text.lines()
        .filter(|line| event(line))
        .filter_map(|line| line.get(36..))
        .collect()
}

#[test]
fn calls_have_names_arguments_and_results_and_messages_their_mailboxes() {
    let place = Place::new("rendezvous\n");
    let file = place.text("trace");
    place.run(&[
        "--trace",
        "--trace-process",
        "rendezvous",
        "--trace-file",
        &file,
    ]);
    let text = place.read("trace");
    assert!(
        text.lines().all(|line| line.contains("rendezvous(")),
        "{text}"
    );
    let events = events(&text).join("\n");
    for expected in [
        "mailbox_create(0, ",
        "write(1, \"",
        "clone(",
        "exit_group(0) = does not return",
        "page fault of 0x",
        " sent, ",
        " received, ",
    ] {
        assert!(events.contains(expected), "{expected} is not in:\n{events}");
    }
}

#[test]
fn kinds_modes_places_and_steps_narrow_a_trace() {
    let place = Place::new("echo hello\n");
    let file = place.text("trace");
    let lines = |options: &[&str]| {
        place.run(&[&["--trace-file", &file], options].concat());
        place
            .read("trace")
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let calls = lines(&["--trace=syscall"]);
    assert!(
        !calls.is_empty()
            && calls
                .iter()
                .all(|line| line.contains('(') && !line.contains("fault of"))
    );
    let faults = lines(&["--trace=fault", "--trace-privilege", "u"]);
    assert!(
        !faults.is_empty()
            && faults
                .iter()
                .all(|line| line.contains(" U ") && line.contains("page fault"))
    );
    let symbol = lines(&[
        "--trace=insn",
        "--trace-symbol",
        "system_call",
        "--trace-steps",
        "0..6000000",
    ]);
    assert!(
        !symbol.is_empty() && symbol.iter().all(|line| line.contains("system_call")),
        "{symbol:?}"
    );
    assert!(
        lines(&[
            "--trace=insn",
            "--trace-range",
            "0x1..0x2",
            "--trace-steps",
            "0..1000000"
        ])
        .is_empty()
    );
}

#[test]
fn what_cannot_be_traced_is_said_in_one_sentence() {
    let hello = sample("hello");
    let stderr = |options: &[&str]| {
        let output = hartland(&[&["run", &hello], options].concat());
        assert_ne!(output.status.code(), Some(0));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(stderr(&["--trace=sycall"]).contains("they are insn, trap, syscall"));
    assert!(stderr(&["--trace", "--trace-format", "perfetto"]).contains("--trace-file FILE"));
    assert!(
        stderr(&["--trace", "--trace-symbol", "nowhere"]).contains("no program has such a symbol")
    );
    assert!(stderr(&["--trace", "--trace-steps", "9..3"]).contains("FROM..TO"));
    assert!(stderr(&["--trace-format", "json"]).contains("--trace"));
}

/// The numbers of a line replaced, so that a rebuilt image does not change it.
fn without_numbers(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        let word = word.split("+0x").next().unwrap_or(word);
        let number = word.trim_start_matches("0x");
        let is_number =
            !number.is_empty() && number.chars().all(|c| c.is_ascii_hexdigit() || c == ',');
        words.push(if is_number && word.len() > 1 {
            "N"
        } else {
            word
        });
    }
    words.join(" ")
}

#[test]
fn a_bare_machine_gives_all_that_needs_no_system() {
    let output = hartland(&["run", &sample("page-fault"), "--trace"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let golden = include_str!("golden/trace-page-fault.txt");
    let found: Vec<_> = text.lines().map(without_numbers).collect();
    assert_eq!(
        found.join("\n").trim(),
        golden.trim(),
        "the trace is now:\n{text}"
    );
}

/// What a timeline must hold to, so that every viewer shows it.
#[derive(Default)]
struct Timeline {
    open: HashMap<(u64, u64), Vec<String>>,
    last: HashMap<(u64, u64), f64>,
    arrows: HashSet<u64>,
    names: HashMap<(u64, u64), String>,
    slices: HashMap<String, u64>,
    complete_arrows: usize,
}

impl Timeline {
    fn check(text: &str) -> Self {
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(value["displayTimeUnit"], "ns");
        let mut timeline = Self::default();
        for event in value["traceEvents"].as_array().expect("a list") {
            timeline.event(event);
        }
        let open: Vec<_> = timeline.open.values().flatten().collect();
        assert!(open.is_empty(), "slices without an end: {open:?}");
        timeline
    }

    fn event(&mut self, event: &Value) {
        let number = |name: &str| event[name].as_u64();
        let pid = number("pid").expect("a process");
        let phase = event["ph"].as_str().expect("a phase");
        let tid = number("tid").unwrap_or(pid);
        let track = (pid, tid);
        if phase == "M" {
            if event["name"] == "thread_name" {
                let name = event["args"]["name"].as_str().expect("a name");
                self.names.insert(track, name.to_owned());
            }
            return;
        }
        assert!(
            self.names.contains_key(&track),
            "a row without a name: {event}"
        );
        let time = event["ts"].as_f64().expect("a time");
        let last = self.last.insert(track, time).unwrap_or(0.0);
        assert!(time >= last, "time goes back on {track:?}: {event}");
        let open = self.open.entry(track).or_default();
        match phase {
            "B" => {
                let name = event["name"].as_str().expect("a name").to_owned();
                *self.slices.entry(name.clone()).or_default() += 1;
                open.push(name);
            }
            "E" => assert!(open.pop().is_some(), "an end without a beginning: {event}"),
            "s" | "f" => {
                assert!(
                    !open.is_empty(),
                    "an arrow that holds on to nothing: {event}"
                );
                let id = number("id").expect("a number");
                if phase == "s" {
                    assert!(self.arrows.insert(id), "sent twice: {event}");
                } else {
                    assert_eq!(event["bp"], "e");
                    assert!(self.arrows.remove(&id), "received, never sent: {event}");
                    self.complete_arrows += 1;
                }
            }
            "i" => assert_eq!(event["s"], "t"),
            "X" => assert!(event["dur"].as_f64().is_some_and(|dur| dur > 0.0)),
            other => panic!("unknown phase {other}"),
        }
    }
}

#[test]
fn timelines_are_whole() {
    let place = Place::new("rendezvous\nbounded-buffer\n");
    let file = place.text("timeline");
    let options = [
        "--smp",
        "2",
        "--trace",
        "--trace-format",
        "perfetto",
        "--trace-file",
        &file,
    ];
    let (_, _, status) = place.run(&options);
    assert_eq!(status, 0);
    let timeline = Timeline::check(&place.read("timeline"));
    assert!(timeline.names.values().any(|name| name == "hart 1"));
    assert!(timeline.names.values().any(|name| name == "rendezvous"));
    for slice in [
        "write",
        "mailbox_send",
        "mailbox_recv",
        "idle",
        "load page fault",
    ] {
        assert!(timeline.slices.contains_key(slice), "no slice {slice}");
    }
    let sends = timeline.slices["mailbox_send"];
    assert!(
        timeline.complete_arrows > 20,
        "{} arrows, {sends} sends",
        timeline.complete_arrows
    );
    // One whose beginning and end lie outside of the window is whole, too.
    let window = ["--trace-steps", "6000000..6300000"];
    place.run(&[&options[..], &window].concat());
    Timeline::check(&place.read("timeline"));
}

#[test]
fn json_lines_pair_what_belongs_together() {
    let place = Place::new("rendezvous\n");
    let file = place.text("trace");
    place.run(&["--trace", "--trace-format", "json", "--trace-file", &file]);
    let text = place.read("trace");
    let events = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let events: Vec<Value> = events.collect();
    let mut begun = HashMap::new();
    let (mut ended, mut sent, mut received) = (0, HashSet::new(), 0);
    for event in &events {
        match (event["kind"].as_str(), event["phase"].as_str()) {
            (Some("syscall"), Some("start")) => {
                assert_eq!(event["step"], event["began"]);
                begun.insert(event["id"].as_u64(), event["name"].clone());
            }
            (Some("syscall"), Some("end")) => {
                let name = begun.remove(&event["id"].as_u64());
                assert_eq!(name.as_ref(), Some(&event["name"]), "{event}");
                ended += 1;
            }
            (Some("mailbox"), Some("sent")) => {
                sent.insert(event["message"].as_u64());
            }
            (Some("mailbox"), Some("received")) => {
                assert!(sent.remove(&event["message"].as_u64()), "{event}");
                received += 1;
            }
            _ => {}
        }
    }
    assert!(ended > 50 && received > 3, "{ended} {received}");
    let steps: Vec<_> = events.iter().map(|event| event["step"].as_u64()).collect();
    assert!(steps.is_sorted());
}

#[test]
fn profiles_repeat_and_reach_through_the_kernel_into_the_program() {
    let place = Place::new("bounded-buffer\n");
    let (script, input) = (place.text("script"), place.text("nothing"));
    let profile = |name: &str| {
        let (svg, folded) = (place.text(&format!("{name}.svg")), place.text(name));
        let options = [
            "--every",
            "1009",
            "--flame-graph",
            &svg,
            "--folded",
            &folded,
        ];
        let output = hartland(
            &[
                &["profile", "--script", &script, "--input", &input],
                &options[..],
            ]
            .concat(),
        );
        assert_eq!(output.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&output.stderr).contains("with callees"));
        (place.read(name), place.read(&format!("{name}.svg")))
    };
    let (first, second) = (profile("first"), profile("second"));
    assert_eq!(first, second);
    assert!(first.1.contains("<svg"));
    let through = |line: &&str| {
        line.starts_with("bounded-buffer(")
            && line.contains("fawn_main;")
            && line.contains("trap_[k]")
    };
    assert!(first.0.lines().any(|line| through(&line)), "{}", first.0);
    let counts = |line: &str| {
        line.rsplit(' ')
            .next()
            .and_then(|count| count.parse::<u64>().ok())
    };
    assert!(
        first
            .0
            .lines()
            .all(|line| counts(line).is_some_and(|count| count > 0))
    );
}

#[test]
fn a_race_is_found_and_its_recording_replays() {
    let place = Place::new("race free\n");
    let (script, recording) = (place.text("script"), place.text("race.rec"));
    let explore = |options: &[&str]| {
        hartland(
            &[
                &[
                    "explore", "--script", &script, "--smp", "2", "--record", &recording,
                ],
                options,
            ]
            .concat(),
        )
    };
    let found = explore(&["--seeds", "200", "--stop-at-first"]);
    let said = String::from_utf8_lossy(&found.stderr).into_owned();
    assert_eq!(found.status.code(), Some(1), "{said}");
    assert!(
        said.contains("interleavings went wrong") && said.contains("decides"),
        "{said}"
    );
    let replayed = hartland(&["replay", &recording]);
    let says = String::from_utf8_lossy(&replayed.stderr).into_owned();
    assert!(
        says.contains("same state") && says.contains("same output"),
        "{says}"
    );
    assert_eq!(replayed.stdout, found.stdout);
    assert!(!String::from_utf8_lossy(&replayed.stdout).contains(" 1000\n"));
}

#[test]
fn what_goes_wrong_without_any_seed_is_recorded_as_it_is() {
    let place = Place::new("echo hello\n");
    let (script, recording) = (place.text("script"), place.text("plain.rec"));
    let options = ["--expect-text", "never said", "--record", &recording];
    let output = hartland(&[&["explore", "--script", &script], &options[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("without any seed") && said.contains("never said"),
        "{said}"
    );
    let replayed = hartland(&["replay", &recording]);
    assert!(String::from_utf8_lossy(&replayed.stderr).contains("same state"));
}

#[test]
fn programs_without_a_race_come_out_right() {
    let place = Place::new("rendezvous\n");
    let (script, recording) = (place.text("script"), place.text("none.rec"));
    let options = [
        "explore",
        "--script",
        &script,
        "--smp",
        "2",
        "--seeds",
        "4",
        "--compare",
        "status",
    ];
    let output = hartland(&[&options[..], &["--record", &recording]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("4 interleavings, and all came out right"),
        "{said}"
    );
    assert!(!place.path("none.rec").exists());
}
