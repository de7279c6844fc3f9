//! The picture, drawn into memory.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use machine::loader::{self, RamRange};
use machine::{Config, Machine};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::app::{App, Wish};
use super::draw::draw;
use crate::session::{Nobody, Session};
use crate::symbols::{Program, Space};
use crate::target::Target;
use crate::timeline::{Settings, Timeline};

/// A session on the sample program `fib`, at its start.
fn session() -> (Session, Timeline) {
    let image = guest_images::get("fib").unwrap();
    let ram = RamRange {
        base: 0x8000_0000,
        size: 16 << 20,
    };
    let parsed = loader::parse("fib", image.bytes, ram, None).unwrap();
    let config = Config {
        memory: 16 << 20,
        ..Config::default()
    };
    let mut machine = Machine::new(config).unwrap();
    machine.load(parsed).unwrap();
    let mut session = Session::default();
    let program = Program::new("fib", image.bytes.into(), Space::Machine, None);
    session.add_program(program);
    (session, Timeline::new(machine, Settings::default()))
}

fn picture(app: &mut App, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let row = |y| {
        (0..width)
            .map(|x| buffer[(x, y)].symbol())
            .collect::<String>()
    };
    (0..height).map(row).collect()
}

fn press(app: &mut App, session: &mut Session, target: &mut Timeline, code: KeyCode) {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    match app.key(key, session) {
        Wish::Command(line) => {
            let reply = session.execute(target, &line, &mut Nobody);
            app.take(&line, &reply);
            app.refresh(session, target);
        }
        Wish::Refresh => app.refresh(session, target),
        Wish::Nothing | Wish::Quit => {}
    }
}

#[test]
fn everything_is_in_sight_at_80_by_24() {
    let (mut session, mut target) = session();
    let mut app = App::new("hello");
    app.refresh(&mut session, &mut target);
    let picture = picture(&mut app, 80, 24).join("\n");
    for text in [
        "step 0",
        "registers",
        "code",
        "stack",
        "memory",
        "hello",
        "? keys",
        "t6",
    ] {
        assert!(picture.contains(text), "{text} is not in\n{picture}");
    }
}

#[test]
fn keys_step_forward_and_back() {
    let (mut session, mut target) = session();
    let mut app = App::new("");
    app.refresh(&mut session, &mut target);
    for _ in 0..3 {
        press(&mut app, &mut session, &mut target, KeyCode::Char('i'));
    }
    assert_eq!(target.now().step, 3);
    assert!(picture(&mut app, 80, 24)[0].contains("step 3"));
    press(&mut app, &mut session, &mut target, KeyCode::Char('I'));
    assert_eq!(target.now().step, 2);
    assert!(picture(&mut app, 80, 24)[0].contains("past"));
}

#[test]
fn a_breakpoint_is_set_where_the_cursor_is() {
    let (mut session, mut target) = session();
    let mut app = App::new("");
    app.refresh(&mut session, &mut target);
    press(&mut app, &mut session, &mut target, KeyCode::F(9));
    assert_eq!(session.points().len(), 1);
    assert!(picture(&mut app, 80, 24).join("\n").contains("*>"));
    press(&mut app, &mut session, &mut target, KeyCode::F(9));
    assert!(session.points().is_empty());
}

#[test]
fn no_size_and_no_key_panics() {
    let (mut session, mut target) = session();
    let mut app = App::new("");
    app.refresh(&mut session, &mut target);
    let keys = [
        KeyCode::Tab,
        KeyCode::Char('j'),
        KeyCode::Char('G'),
        KeyCode::Char('k'),
        KeyCode::Home,
        KeyCode::Char('z'),
        KeyCode::Char('r'),
        KeyCode::Char('1'),
        KeyCode::Char('2'),
        KeyCode::Char('3'),
        KeyCode::Char('?'),
        KeyCode::Char('x'),
        KeyCode::Char('/'),
        KeyCode::Char('q'),
        KeyCode::Enter,
        KeyCode::Char(':'),
        KeyCode::Char('é'),
        KeyCode::Tab,
        KeyCode::Left,
        KeyCode::Backspace,
        KeyCode::Esc,
        KeyCode::Char('g'),
        KeyCode::Char('p'),
        KeyCode::Enter,
        KeyCode::Enter,
    ];
    for (width, height) in [(80, 24), (1, 1), (20, 5), (200, 60), (80, 3), (300, 2)] {
        for _ in 0..4 {
            for key in keys {
                press(&mut app, &mut session, &mut target, key);
                picture(&mut app, width, height);
            }
        }
    }
}

#[test]
fn the_help_shows_every_key_at_80_by_24() {
    let (mut session, mut target) = session();
    let mut app = App::new("");
    app.refresh(&mut session, &mut target);
    press(&mut app, &mut session, &mut target, KeyCode::Char('?'));
    let picture = picture(&mut app, 80, 24).join("\n");
    for text in super::help_text() {
        let key = text[..25].trim();
        assert!(picture.contains(key), "{key} is not in\n{picture}");
    }
}
