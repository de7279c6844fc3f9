//! The picture: from the state of the UI to cells of the terminal.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line as Text, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::app::{App, Below, Mode, Pane, View};
use super::keys;
use super::panes::{Line, RegisterSet};

/// Smaller terminals show one pane only.
const LEAST: (u16, u16) = (60, 16);
/// Rows of the integer registers in four columns.
const REGISTER_ROWS: u16 = 8;

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, app: &mut App) {
    let area = frame.area();
    if app.width != usize::from(area.width) {
        app.width = usize::from(area.width);
        app.refresh_registers();
    }
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
    ]);
    let [status, middle, bottom] = rows.areas(area);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let reason = match app.reason.as_str() {
        "" => String::new(),
        reason => format!("  {reason}"),
    };
    let text = format!(" {}{reason}", app.status);
    frame.render_widget(Paragraph::new(text).style(bold), status);
    if app.mode == Mode::Help {
        help(frame, middle);
    } else if app.zoomed || area.width < LEAST.0 || area.height < LEAST.1 {
        pane(frame, app, app.focus, middle);
    } else {
        panes(frame, app, middle);
    }
    let (text, cursor) = app.bottom();
    frame.render_widget(Clear, bottom);
    frame.render_widget(Paragraph::new(text), bottom);
    if let Some(column) = cursor {
        let column = u16::try_from(column)
            .unwrap_or(u16::MAX)
            .min(bottom.width.saturating_sub(1));
        frame.set_cursor_position((bottom.x + column, bottom.y));
    }
}

fn panes(frame: &mut Frame<'_>, app: &mut App, area: Rect) {
    let registers = match app.set {
        RegisterSet::Integer if area.width >= 160 => REGISTER_ROWS / 2,
        _ => REGISTER_ROWS,
    };
    // What is left is shared by code and what is below.
    let left = area.height.saturating_sub(registers + 1);
    let below = (left / 3).clamp(5, 16);
    let rows = Layout::vertical([
        Constraint::Length(registers + 1),
        Constraint::Min(3),
        Constraint::Length(below),
    ]);
    let [top, middle, bottom] = rows.areas(area);
    pane(frame, app, Pane::Registers, top);
    let right = (area.width * 2 / 5).clamp(33, 70);
    let columns = Layout::horizontal([Constraint::Min(20), Constraint::Length(right)]).spacing(1);
    let [code, side] = columns.areas(middle);
    pane(frame, app, Pane::Code, code);
    let halves = Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]);
    let [stack, memory] = halves.areas(side);
    pane(frame, app, Pane::Stack, stack);
    pane(frame, app, Pane::Memory, memory);
    pane(frame, app, Pane::Below, bottom);
}

fn title(app: &App, pane: Pane) -> String {
    match pane {
        Pane::Registers => app.set.title().to_owned(),
        Pane::Code => format!("code {}", app.place),
        Pane::Stack => "stack".to_owned(),
        Pane::Memory => "memory".to_owned(),
        Pane::Below => {
            let name = |below: Below, text: &str| match app.below == below {
                true => format!("[{text}]"),
                false => format!(" {text} "),
            };
            format!(
                "{}{}{}",
                name(Below::Log, "1 commands"),
                name(Below::Console, "2 console"),
                name(Below::Processes, "3 processes")
            )
        }
    }
}

fn pane(frame: &mut Frame<'_>, app: &mut App, pane: Pane, area: Rect) {
    if area.height == 0 {
        return;
    }
    let focused = app.focus == pane;
    let mut text = format!("── {} ", title(app, pane));
    let len = text.chars().count();
    text.extend(std::iter::repeat_n(
        '─',
        usize::from(area.width).saturating_sub(len),
    ));
    let style = match focused {
        true => Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
        false => Style::new(),
    };
    let head = Rect { height: 1, ..area };
    frame.render_widget(Paragraph::new(Span::styled(text, style)), head);
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let view = app.view(pane);
    view.settle(usize::from(body.height));
    let has_cursor = focused && pane != Pane::Registers;
    frame.render_widget(Paragraph::new(lines(view, has_cursor)), body);
}

fn lines(view: &View, has_cursor: bool) -> Vec<Text<'static>> {
    let shown = view
        .lines
        .iter()
        .enumerate()
        .skip(view.top)
        .take(view.height);
    shown
        .map(|(at, line)| styled(line, has_cursor && at == view.cursor))
        .collect()
}

/// Changed pieces are bold and reversed, the program counter's line is bold, the cursor's underlined.
fn styled(line: &Line, is_cursor: bool) -> Text<'static> {
    let mut base = Style::new();
    if line.is_here {
        base = base.add_modifier(Modifier::BOLD);
    }
    if line.is_dim {
        base = base.add_modifier(Modifier::DIM);
    }
    if is_cursor {
        base = base.add_modifier(Modifier::UNDERLINED);
    }
    let piece = |(text, changed): &(String, bool)| {
        let style = match changed {
            true => base.add_modifier(Modifier::BOLD | Modifier::REVERSED),
            false => base,
        };
        // The space behind a value is not part of the mark.
        let value = text.trim_end().to_owned();
        let rest = text[value.len()..].to_owned();
        [Span::styled(value, style), Span::styled(rest, base)]
    };
    Text::from_iter(line.pieces.iter().flat_map(piece))
}

fn help(frame: &mut Frame<'_>, area: Rect) {
    let all = keys::help_text();
    let height = usize::from(area.height);
    // In two columns where one has no room for all, and the terminal is wide enough.
    let columns = if all.len() > height && area.width >= 100 {
        2
    } else {
        1
    };
    let rows = all.len().div_ceil(columns);
    if columns == 1 && all.len() > height {
        // A small terminal: short lines side by side.
        let half = all.len().div_ceil(2);
        let width = (usize::from(area.width) / 2).saturating_sub(1);
        let lines: Vec<Text<'_>> = (0..half)
            .map(|row| {
                let cell = |at: usize| {
                    all.get(at)
                        .map_or(String::new(), |line| squeezed(line, width))
                };
                Text::from(format!("{:<width$} {}", cell(row), cell(row + half)))
            })
            .collect();
        frame.render_widget(Paragraph::new(lines), area);
        return;
    }
    let width = usize::from(area.width) / columns;
    let lines: Vec<Text<'_>> = (0..rows)
        .map(|row| {
            let cells = (0..columns).filter_map(|column| all.get(row + column * rows));
            Text::from(
                cells
                    .map(|cell| format!("{cell:<width$}"))
                    .collect::<String>(),
            )
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// A key and its meaning in less room.
fn squeezed(line: &str, width: usize) -> String {
    let (key, meaning) = line.split_at(line.len().min(25));
    let text = format!("{} {}", key.trim_end(), meaning.trim_start());
    text.chars().take(width).collect()
}
